from datetime import UTC, datetime

from tests.servers.mailboxes import Mailbox

LETTER = b"Subject: Sortie au mus\xc3\xa9e\n\nBonjour\n"


def test_what_is_appended_is_found_again(mailbox: Mailbox):
    uid = mailbox.append(LETTER, flags=["\\Seen", "$label1"], date=datetime(2026, 3, 1, tzinfo=UTC))

    assert mailbox.uids() == [uid]
    assert mailbox.flags(uid) == {"\\Seen", "$label1"}
    assert mailbox.message(uid) == LETTER.replace(b"\n", b"\r\n")


def test_emptying_leaves_the_special_folders_alone(mailbox: Mailbox):
    mailbox.create_folder('Été & "Noël"/a.b')
    mailbox.append(LETTER, 'Été & "Noël"/a.b')
    mailbox.append(LETTER, "Sent")
    mailbox.delete_folder("Archive")

    mailbox.empty()

    assert sorted(mailbox.folders()) == ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]
    assert mailbox.uids("Sent") == []


def test_mail_received_runs_through_lmtp(bobs_mailbox: Mailbox):
    bobs_mailbox.receive(LETTER)

    (message,) = bobs_mailbox.messages()
    assert message.startswith(b"Return-Path: <parent@exemple.fr>")


def test_every_alias_opens_the_same_mailbox(mailbox: Mailbox):
    mailbox.append(LETTER)
    for alias in mailbox.account.aliases:
        imap = type(mailbox.imap)("127.0.0.1", mailbox.imap.port)
        imap.login(alias, mailbox.account.password)
        assert imap.select()[1] == [b"1"]
        imap.logout()
