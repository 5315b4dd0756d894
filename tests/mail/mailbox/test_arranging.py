"""Folders made, renamed, moved, thrown away, on a real server and on poor ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mail.errors import FolderNotFound, FolderRefused
from mail.imap import connection
from mail.imap.connection import Connection
from mail.imap.values import ImapServer, Wishes
from mail.mailbox import arranging, folders
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import ScriptedServer, imap_script, no, ok

LETTER = b"Subject: a\r\n\r\nx\r\n"


def subscribed(mailbox: Mailbox) -> str:
    _, lines = mailbox.imap.lsub()
    return b"\n".join(line for line in lines if isinstance(line, bytes)).decode()


def reason(call, *args) -> str:
    with pytest.raises(FolderRefused) as refused:
        call(*args)
    return refused.value.reason


@pytest.mark.parametrize(
    "label",
    ['L’été "chaud"', "a\\b", "4e & 3e", "&AOk-", "{3}", "(x)", "[y]", "100%", "a*b", "日本 🎒",
     "x~", "#x", "it's", "a.b", "INBOX 2", "*", "<img src=x>", "e\u0301t\u00e9"],
)  # fmt: skip
def test_a_folder_of_any_name_is_made_renamed_and_thrown_away(
    imap: Connection, mailbox: Mailbox, label: str
) -> None:
    name = arranging.create(imap, "", label)
    assert name in mailbox.folders()
    mailbox.append(LETTER, name)
    renamed = arranging.rename(imap, name, f"{label} x")
    assert len(mailbox.uids(renamed)) == 1
    thrown = arranging.throw_away(imap, renamed)
    assert thrown == f"Trash/{renamed}"
    assert len(mailbox.uids(thrown)) == 1
    assert arranging.rename_to(imap, thrown, renamed) == renamed
    assert renamed in mailbox.folders()


def test_making_a_folder_takes_three_commands_and_subscribes(
    imap: Connection, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Classes")
    before = imap.commands
    assert arranging.create(imap, "Classes", " 4e B ") == "Classes/4e B"
    # The connection was idle: before a change it is asked whether it still stands.
    assert imap.commands - before <= 4
    assert "Classes/4e B" in subscribed(mailbox)


@pytest.mark.parametrize(
    ("above", "label", "why"),
    [
        ("", "", arranging.EMPTY),
        ("", " \t ", arranging.EMPTY),
        ("", "a\r\nA1 DELETE INBOX", arranging.CONTROL),
        ("", "a\0b", arranging.CONTROL),
        ("", "a\u2028b", arranging.CONTROL),
        ("", "a/b", arranging.DELIMITER),
        ("", "Sent", arranging.EXISTS),
        ("", "inBox", arranging.EXISTS),
        ("", "x" * 260, arranging.TOO_LONG),
        ("", "é" * 120, arranging.TOO_LONG),
        ("", "..", arranging.SERVER),
        ("", "~x", arranging.SIGN),
    ],
)
def test_names_that_cannot_be_are_refused(
    imap: Connection, mailbox: Mailbox, above: str, label: str, why: str
) -> None:
    before = mailbox.folders()
    assert reason(arranging.create, imap, above, label) == why
    assert mailbox.folders() == before


def test_a_folder_inside_one_that_is_gone_is_not_found(imap: Connection, mailbox: Mailbox) -> None:
    with pytest.raises(FolderNotFound):
        arranging.create(imap, "Disparu", "4e")
    with pytest.raises(FolderNotFound):
        arranging.rename(imap, "Disparu", "4e")
    with pytest.raises(FolderNotFound):
        arranging.throw_away(imap, "Disparu")


def test_twenty_levels_and_no_more(imap: Connection, mailbox: Mailbox) -> None:
    name = ""
    for level in range(20):
        name = arranging.create(imap, name, f"n{level}")
    assert name.count("/") == 19
    assert reason(arranging.create, imap, name, "trop") == arranging.TOO_DEEP
    mailbox.create_folder("Haut")
    mailbox.create_folder("Haut/Plus")
    assert reason(arranging.move, imap, "n0", "Haut/Plus") == arranging.TOO_DEEP


def test_a_moved_folder_takes_all_with_it(imap: Connection, mailbox: Mailbox) -> None:
    for name in ("Classes", "Classes/4e B", "Classes/4e B/Notes", "Ancien"):
        mailbox.create_folder(name)
    mailbox.append(LETTER, "Classes/4e B/Notes", ["\\Flagged"])
    imap.select("Classes/4e B/Notes")
    assert arranging.move(imap, "Classes/4e B", "Ancien") == "Ancien/4e B"
    (uid,) = mailbox.uids("Ancien/4e B/Notes")
    assert "\\Flagged" in mailbox.flags(uid, "Ancien/4e B/Notes")
    assert "Ancien/4e B/Notes" in subscribed(mailbox)
    assert "Classes/4e B" not in subscribed(mailbox)
    assert arranging.move(imap, "Ancien/4e B", "") == "4e B"


def test_a_folder_is_not_moved_into_itself_nor_over_another(
    imap: Connection, mailbox: Mailbox
) -> None:
    for name in ("a", "a/b", "b"):
        mailbox.create_folder(name)
    assert reason(arranging.move, imap, "a", "a/b") == arranging.INSIDE_ITSELF
    assert reason(arranging.move, imap, "a", "a") == arranging.INSIDE_ITSELF
    assert reason(arranging.move, imap, "b", "a") == arranging.EXISTS
    assert reason(arranging.rename, imap, "b", "a") == arranging.EXISTS
    assert arranging.rename(imap, "b", "b") == "b"
    assert arranging.move(imap, "a/b", "a") == "a/b"


@pytest.mark.parametrize("name", ["INBOX", "inbox", "Sent", "Trash", "Drafts"])
def test_special_folders_stay(imap: Connection, mailbox: Mailbox, name: str) -> None:
    mailbox.create_folder("a")
    for call, *args in (
        (arranging.rename, "x"),
        (arranging.move, "a"),
        (arranging.throw_away,),
        (arranging.rename_to, "x"),
    ):
        assert reason(call, imap, name, *args) == arranging.SPECIAL


def test_a_folder_that_holds_a_special_one_stays(imap: Connection, mailbox: Mailbox) -> None:
    mailbox.create_folder("Vieux")
    mailbox.create_folder("Vieux/Partis")
    imap.wishes = Wishes({folders.SENT: "Vieux/Partis"})
    assert reason(arranging.throw_away, imap, "Vieux") == arranging.HOLDS_SPECIAL
    assert reason(arranging.rename, imap, "Vieux/Partis", "x") == arranging.SPECIAL
    imap.wishes = Wishes()
    # Another folder was chosen: this one is an ordinary folder again.
    assert arranging.rename(imap, "Vieux/Partis", "x") == "Vieux/x"


def test_two_of_one_name_in_the_trash(imap: Connection, mailbox: Mailbox) -> None:
    mailbox.create_folder("Zoo")
    assert arranging.throw_away(imap, "Zoo") == "Trash/Zoo"
    mailbox.create_folder("Zoo")
    mailbox.append(LETTER, "Zoo")
    assert arranging.throw_away(imap, "Zoo") == "Trash/Zoo (2)"
    assert len(mailbox.uids("Trash/Zoo (2)")) == 1
    mailbox.create_folder("Zoo")
    assert reason(arranging.rename_to, imap, "Trash/Zoo", "Zoo") == arranging.EXISTS


def test_the_trash_is_made_for_the_first_folder_thrown_away(
    imap: Connection, mailbox: Mailbox
) -> None:
    mailbox.delete_folder("Trash")
    mailbox.create_folder("Zoo")
    assert arranging.throw_away(imap, "Zoo") == "Trash/Zoo"


def test_only_what_is_in_the_trash_is_removed_for_good(imap: Connection, mailbox: Mailbox) -> None:
    for name in ("Zoo", "Zoo/Singes", "Zoo/Singes/Gris", "Trash2"):
        mailbox.create_folder(name)
    assert reason(arranging.remove, imap, "Zoo") == arranging.NOT_IN_TRASH
    assert reason(arranging.remove, imap, "Trash2") == arranging.NOT_IN_TRASH
    assert reason(arranging.remove, imap, "Trash") == arranging.NOT_IN_TRASH
    assert arranging.remove(imap, arranging.throw_away(imap, "Zoo")) == 3
    assert not [name for name in mailbox.folders() if "Zoo" in name]
    assert "Zoo/Singes" not in subscribed(mailbox)


def test_subscribing_and_not(imap: Connection, mailbox: Mailbox) -> None:
    mailbox.create_folder("Zoo")
    arranging.subscribe(imap, "Zoo", on=False)
    assert not {folder.name: folder for folder in folders.outline(imap)}["Zoo"].subscribed
    arranging.subscribe(imap, "Zoo", on=True)
    assert {folder.name: folder for folder in folders.outline(imap)}["Zoo"].subscribed


# Servers that can less.


@pytest.fixture
def scripted() -> Iterator[object]:
    """`scripted(*steps)`: a connection to a server that follows them after LIST and LSUB."""
    servers = []

    def connect(listed: bytes, *steps, lsub: bytes = b"") -> Connection:
        script = imap_script(
            ("LIST", ok(listed)), ("LSUB", ok(lsub)), *steps, capabilities="IMAP4rev1"
        )
        server = ScriptedServer(script)
        server.__enter__()
        opened = connection.open(ImapServer("127.0.0.1", server.port, "none", timeout=2), "a", "b")
        servers.append((server, opened))
        return opened

    yield connect
    for server, opened in servers:
        opened.close()
        server.__exit__(None, None, None)


BELOW_INBOX = b'* LIST () "." INBOX\r\n* LIST () "." INBOX.Trash\r\n* LIST () "." INBOX.a\r\n'


def test_below_inbox_where_all_folders_are(scripted) -> None:
    imap = scripted(BELOW_INBOX, ('CREATE "INBOX.4e B"', ok()), ('SUBSCRIBE "INBOX.4e B"', ok()))
    assert arranging.create(imap, "", "4e B") == "INBOX.4e B"


def test_subscriptions_follow_where_the_server_lists_them_apart(scripted) -> None:
    imap = scripted(
        BELOW_INBOX,
        ('RENAME "INBOX.a" "INBOX.Trash.a"', ok()),
        ('SUBSCRIBE "INBOX.Trash.a"', ok()),
        ('UNSUBSCRIBE "INBOX.a"', ok()),
        lsub=b'* LSUB () "." INBOX.a\r\n',
    )
    assert arranging.throw_away(imap, "INBOX.a") == "INBOX.Trash.a"


def test_a_flat_server_has_no_folders_inside_folders(scripted) -> None:
    imap = scripted(b"* LIST () NIL INBOX\r\n* LIST () NIL Trash\r\n* LIST () NIL a\r\n")
    assert reason(arranging.throw_away, imap, "a") == arranging.NO_FOLDERS_INSIDE


def test_a_trash_without_folders_inside(scripted) -> None:
    imap = scripted(
        b'* LIST () "/" INBOX\r\n* LIST (\\NoInferiors) "/" Trash\r\n* LIST () "/" a\r\n'
    )
    assert reason(arranging.throw_away, imap, "a") == arranging.NO_FOLDERS_INSIDE


def test_made_by_somebody_else_meanwhile(scripted) -> None:
    imap = scripted(BELOW_INBOX, ("CREATE", no(b"[ALREADYEXISTS] there")))
    assert reason(arranging.create, imap, "", "x") == arranging.EXISTS


def test_removed_by_somebody_else_meanwhile(scripted) -> None:
    imap = scripted(BELOW_INBOX, ("RENAME", no(b"[NONEXISTENT] gone")))
    with pytest.raises(FolderNotFound):
        arranging.rename(imap, "INBOX.a", "b")


def test_what_the_server_does_not_allow_is_told_in_its_words(scripted) -> None:
    imap = scripted(BELOW_INBOX, ("CREATE", no(b"[NOPERM] not for you")))
    with pytest.raises(FolderRefused) as refused:
        arranging.create(imap, "INBOX.a", "x")
    assert refused.value.reason == arranging.SERVER
    assert refused.value.server_words == "not for you"
