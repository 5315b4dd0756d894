"""Signing in, opening folders, sending commands: against a real Dovecot."""

from __future__ import annotations

import imaplib
from contextlib import suppress

import pytest

from demo.servers.dovecot import MailAccount
from mail.errors import FolderChanged, FolderNotFound, ServerRefused, SignInNeeded
from mail.imap import connection, fetch, search
from mail.imap.connection import quoted_folder
from mail.imap.values import FLAGGED, SEEN, MessageRef
from tests.waiting import LONGEST_S, wait_for

MESSAGE = b"From: a@exemple.fr\r\nSubject: Bonjour\r\n\r\nBonjour.\r\n"


def test_capabilities_are_those_after_sign_in(imap):
    # Dovecot shows MOVE only to who has signed in; imaplib looks before.
    assert imap.has("MOVE")
    assert imap.has("list-status")


def test_a_wrong_password_needs_a_sign_in(imap_server, alice):
    with pytest.raises(SignInNeeded):
        connection.open(imap_server, alice.login, "not it")


def test_an_unknown_login_needs_a_sign_in(imap_server, dovecot):
    with pytest.raises(SignInNeeded):
        connection.open(imap_server, "nobody", "secret")


@pytest.mark.parametrize("password", ["a\r\nb", "a\nb", "a\0b"])
def test_a_password_with_a_line_end_is_never_sent(imap_server, alice, password):
    with pytest.raises(SignInNeeded):
        connection.open(imap_server, alice.login, password)


PASSWORDS = ("motdepassé", "clef€", 'a"b\\c d', "密码")


def is_known(dovecot, account):
    """Asked of the server without our code."""
    with (
        imaplib.IMAP4("127.0.0.1", dovecot.imap_port, timeout=LONGEST_S) as imap,
        suppress(imaplib.IMAP4.error),
    ):
        return imap.login(account.login, account.password)[0] == "OK"
    return False


@pytest.fixture(scope="module")
def odd_accounts(dovecot):
    """Somebody for each password; Dovecot looks at its accounts' file at most once a second."""
    before = dovecot.accounts
    odd = [MailAccount(f"odd{n}", password) for n, password in enumerate(PASSWORDS)]
    last = MailAccount("plain", "Mot-de-passe")
    dovecot.write_accounts((*before, *odd, last))
    wait_for(lambda: is_known(dovecot, last))
    yield odd
    dovecot.write_accounts(before)


@pytest.mark.parametrize("which", range(len(PASSWORDS)))
def test_passwords_of_any_letters_sign_in(imap_server, odd_accounts, which):
    account = odd_accounts[which]
    connection.open(imap_server, account.login, account.password).close()


def test_the_password_is_not_kept(imap, alice):
    seen = repr(imap) + repr(vars(imap)) + repr(vars(imap._client))
    assert alice.password not in seen


def test_a_client_address_that_is_none_is_refused(imap_server, alice):
    with pytest.raises(ValueError, match="does not appear"):
        connection.open(imap_server, alice.login, alice.password, client_address='1" "x" "y')


def test_selecting_a_folder_tells_its_messages(imap, mailbox):
    mailbox.append(MESSAGE)
    selected = imap.select("INBOX")
    assert selected.exists == 1
    assert selected.uidvalidity == mailbox.uidvalidity()
    assert not selected.read_only


def test_inbox_is_inbox_however_it_is_written(imap):
    assert imap.select("inbox").folder == "INBOX"


def test_selecting_again_hears_of_new_mail_in_one_command(imap, mailbox):
    imap.select("INBOX")
    mailbox.append(MESSAGE)
    before = imap.commands
    assert imap.select("INBOX").exists == 1
    assert imap.commands == before + 1


def test_selecting_again_hears_of_removed_mail(imap, mailbox):
    uid = mailbox.append(MESSAGE)
    mailbox.append(MESSAGE)
    assert imap.select("INBOX").exists == 2
    mailbox.set_flags(uid, ["\\Deleted"])
    mailbox.imap.expunge()
    assert imap.select("INBOX").exists == 1


def test_a_missing_folder_is_not_found(imap):
    with pytest.raises(FolderNotFound) as caught:
        imap.select("Nulle part")
    assert caught.value.server_words


def test_after_a_refused_select_no_folder_is_open(imap):
    imap.select("INBOX")
    with pytest.raises(FolderNotFound):
        imap.select("Nulle part")
    with pytest.raises(RuntimeError):
        imap.uid("FETCH", "1", "(FLAGS)")
    assert imap.select("INBOX").folder == "INBOX"


@pytest.mark.parametrize(
    "name",
    [
        'Été "chaud"',
        "C:\\Élèves",
        "4e B & 3e A",
        "&AOk-",
        "日本語/テスト",
        "L’école",
        "a*b%c",
        "(x) {5}",
        "NIL",
        "2024",
        "a~b",
        "😀 emoji",
    ],
)
def test_folder_names_of_any_letters_survive(imap, name):
    imap.command("CREATE", quoted_folder(name), changes=True)
    imap.append(name, MESSAGE)
    assert imap.select(name).exists == 1


@pytest.mark.parametrize("name", ["a\r\nb", "a\nX LOGOUT", "a\0b", "\ud800"])
def test_folder_names_with_line_ends_are_never_sent(imap, name):
    before = imap.commands
    for attempt in (imap.select, lambda folder: imap.append(folder, MESSAGE)):
        with pytest.raises(ValueError):
            attempt(name)
    assert imap.commands == before


@pytest.mark.parametrize("argument", ["1\r\nX LOGOUT", b"1\n", "1\0"])
def test_arguments_with_line_ends_are_never_sent(imap, argument):
    imap.select("INBOX")
    before = imap.commands
    with pytest.raises(ValueError, match="line end"):
        imap.uid("FETCH", argument, "(FLAGS)")
    with pytest.raises(ValueError, match="line end"):
        imap.command("STATUS", "INBOX", argument)
    assert imap.commands == before


def test_requiring_a_folder_opened_in_this_lease_costs_nothing(imap, mailbox):
    uidvalidity = imap.select("INBOX").uidvalidity
    before = imap.commands
    imap.require(MessageRef("INBOX", uidvalidity, 1))
    assert imap.commands == before


def test_a_folder_made_anew_has_changed(imap, mailbox):
    mailbox.create_folder("Classe")
    uid = mailbox.append(MESSAGE, "Classe")
    old = MessageRef("Classe", imap.select("Classe").uidvalidity, uid)
    imap.select("INBOX")
    mailbox.delete_folder("Classe")
    mailbox.create_folder("Classe")
    with pytest.raises(FolderChanged):
        imap.require(old)


def test_append_tells_the_uid_and_keeps_flags(imap, mailbox):
    uid = imap.append("INBOX", MESSAGE, (SEEN, FLAGGED))
    assert mailbox.uids() == [uid]
    assert mailbox.flags(uid) == {SEEN, FLAGGED}
    assert mailbox.message(uid) == MESSAGE


def test_append_makes_line_ends_whole(imap, mailbox):
    uid = imap.append("INBOX", b"Subject: x\n\nLigne\n")
    assert mailbox.message(uid) == b"Subject: x\r\n\r\nLigne\r\n"


def test_append_into_a_missing_folder_is_folder_not_found(imap):
    with pytest.raises(FolderNotFound):
        imap.append("Nulle part", MESSAGE)


@pytest.mark.parametrize("flag", ["", "\\", "a b", "a)", 'a"', "a\r\nb", "é", "a]"])
def test_flags_are_checked(imap, flag):
    with pytest.raises(ValueError, match="Not a flag"):
        imap.append("INBOX", MESSAGE, (flag,))


def test_a_refusal_carries_the_servers_words(imap):
    with pytest.raises(ServerRefused) as caught:
        imap.command("CREATE", quoted_folder("INBOX"), changes=True)
    assert caught.value.server_words
    assert imap.code() == "ALREADYEXISTS"


def test_a_closed_connection_is_not_reused(imap):
    imap.close()
    assert not imap.give_back()


def test_search_finds_accents(imap, mailbox):
    uid = mailbox.append("Subject: Réunion\r\n\r\nx\r\n".encode())
    mailbox.append(MESSAGE)
    imap.select("INBOX")
    assert search.uids(imap, 'SUBJECT "réunion"') == (uid,)
    assert search.uids(imap, 'SUBJECT "absent"') == ()
    assert len(search.uids(imap)) == 2


def test_another_clients_news_do_not_disturb_an_answer(imap, mailbox):
    first, second = mailbox.append(MESSAGE), mailbox.append(MESSAGE)
    uidvalidity = imap.select("INBOX").uidvalidity
    mailbox.set_flags(first, ["\\Flagged"])
    fetched = fetch.one(imap, MessageRef("INBOX", uidvalidity, second))
    assert fetched.ref.uid == second
    assert FLAGGED not in fetched.flags
