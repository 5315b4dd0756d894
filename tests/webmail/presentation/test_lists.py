"""The folder list and the message list."""

from __future__ import annotations

from datetime import UTC, datetime

from mail.imap.response import UNREADABLE
from mail.imap.values import SEEN, FetchedMessage, Folder, MessageRef
from mail.mailbox.folders import FolderNode
from mail.mime.envelope import Envelope
from webmail.presentation import folder_list, lists


def test_a_folder_row_opens_above_what_is_unread() -> None:
    leaf = FolderNode(Folder("a/b", "/", frozenset(), unseen=2), "b", depth=1)
    top = FolderNode(Folder("a", "/", frozenset({"\\noselect"})), "a", (leaf,), usable=False)
    row = folder_list.folder_row(top, "INBOX")
    assert (row.open, row.usable, row.url, row.icon) == (True, False, "", "folder")
    assert row.children[0].url == "/mail/a~2Fb/"
    row_found = folder_list.folder_list([top], "a/b").find("a/b")
    assert row_found is not None and row_found.current


def test_adverts_stand_beside_junk() -> None:
    uses = {"INBOX": "\\Inbox", "Archive": "\\Archive", "Junk": "\\Junk", "Trash": "\\Trash"}
    tree = [
        FolderNode(Folder(name, "/", frozenset(), special_use=uses.get(name, "")), name)
        for name in (*uses, "Classes", "Publicités", "Zoo")
    ]
    shown = folder_list.folder_list(tree, "INBOX")
    special = ["INBOX", "Archive", "Publicités", "Junk", "Trash"]
    assert [row.name for row in shown.special] == special
    assert [row.name for row in shown.own] == ["Classes", "Zoo"]


def test_a_message_of_which_no_word_is_known_says_so() -> None:
    told = FetchedMessage(
        ref=MessageRef("INBOX", 7, 5),
        sequence=1,
        flags=frozenset({SEEN}),
        size=2048,
        received=datetime(2025, 3, 6, 9, 31, tzinfo=UTC),
        envelope=Envelope(),
        structure=UNREADABLE,
        is_readable=False,
    )
    row = lists.message_row(told, own_mail=False, full_dates=True, current=None, faces={})
    assert row.subject == "Ce message ne peut pas être résumé"
    assert (row.size, row.unread, row.attachment) == ("2\N{NO-BREAK SPACE}Ko", False, False)
    assert row.when and row.url
