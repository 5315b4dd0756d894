"""The list of folders, on servers good and old, and the tree that a person sees."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from mail.errors import BadServerAnswer, FolderNotMade
from mail.imap import connection
from mail.imap.connection import quoted_folder
from mail.imap.values import Folder, ImapServer
from mail.mailbox import folders
from tests.servers.scripted import ScriptedServer, imap_script, no, ok

LISTED = "IMAP4rev1 LIST-EXTENDED LIST-STATUS SPECIAL-USE"


def listed(lines: bytes, capabilities: str = LISTED, *more):
    script = imap_script(("LIST", ok(lines)), *more, capabilities=capabilities)
    with ScriptedServer(script) as server:
        where = ImapServer("127.0.0.1", server.port, "none", timeout=2)
        imap = connection.open(where, "alice", "secret")
        try:
            return folders.list_folders(imap)
        finally:
            imap.close()


def by_name(listed_folders):
    return {folder.name: folder for folder in listed_folders}


def test_folders_come_with_counts_in_one_command(imap, mailbox):
    mailbox.append(b"Subject: a\r\n\r\nx\r\n")
    mailbox.append(b"Subject: b\r\n\r\nx\r\n", flags=["\\Seen"])
    before = imap.commands
    named = by_name(folders.list_folders(imap))
    assert imap.commands == before + 1
    assert (named["INBOX"].messages, named["INBOX"].unseen) == (2, 1)
    assert named["INBOX"].special_use == "\\Inbox"
    assert named["Sent"].special_use == "\\Sent"
    assert named["Sent"].delimiter == "/"


@pytest.mark.parametrize("name", ['L’été "chaud"', "a\\b", "4e & 3e", "2024", "Été/Juillet"])
def test_folders_of_any_name_come_with_their_counts(imap, mailbox, name):
    imap.command("CREATE", quoted_folder(name), changes=True)
    imap.append(name, b"Subject: a\r\n\r\nx\r\n")
    assert by_name(folders.list_folders(imap))[name].unseen == 1


def test_the_open_folder_stays_open(imap, mailbox):
    imap.select("INBOX")
    folders.list_folders(imap)
    assert imap.uid("SEARCH", "ALL") == [b""]


def test_status_lines_may_stand_anywhere():
    listed_folders = listed(
        b'* STATUS "b" (MESSAGES 4 UNSEEN 2)\r\n'
        b'* LIST () "/" a\r\n'
        b'* LIST () "/" b\r\n'
        b"* 12 EXISTS\r\n"
        b"* STATUS a (UNSEEN 0 MESSAGES 1)\r\n"
        b"* STATUS ghost (MESSAGES 9)\r\n"
    )
    assert [(folder.name, folder.messages, folder.unseen) for folder in listed_folders] == [
        ("a", 1, 0),
        ("b", 4, 2),
    ]


def test_names_may_come_as_literals():
    listed_folders = listed(
        b'* LIST (\\HasNoChildren) "/" {7}\r\n4e "B"\\\r\n'
        b'* LIST () "/" c\r\n'
        b'* STATUS {7}\r\n4e "B"\\ (MESSAGES 4 UNSEEN 2)\r\n'
    )
    assert [(folder.name, folder.unseen) for folder in listed_folders] == [
        ('4e "B"\\', 2),
        ("c", None),
    ]


def test_extended_data_after_a_name_is_passed_over():
    listed_folders = listed(b'* LIST () "/" a ("CHILDINFO" ("SUBSCRIBED"))\r\n')
    assert [folder.name for folder in listed_folders] == ["a"]


def test_a_name_that_is_no_utf7_is_shown_and_not_usable():
    listed_folders = listed(b'* LIST () "/" "R&D"\r\n* LIST () "/" "\xc3\x89t\xc3\xa9"\r\n')
    assert [(folder.name, folder.addressable) for folder in listed_folders] == [
        ("R&D", False),
        ("Été", False),
    ]
    assert not any(node.usable for node in folders.tree(listed_folders))


def test_a_name_with_controls_is_shown_and_not_usable():
    (node,) = folders.tree(listed(b'* LIST () "/" "a&AAo-b"\r\n'))
    assert node.folder.name == "a\nb"
    assert node.label == "a\N{REPLACEMENT CHARACTER}b"
    assert not node.usable


def test_a_flat_server_has_no_levels():
    listed_folders = listed(b"* LIST () NIL INBOX\r\n* LIST () NIL a/b\r\n")
    assert [(folder.name, folder.delimiter) for folder in listed_folders] == [
        ("INBOX", ""),
        ("a/b", ""),
    ]
    assert [node.label for node in folders.tree(listed_folders)] == ["INBOX", "a/b"]


def test_inbox_is_one_folder_however_it_is_written():
    listed_folders = listed(
        b'* LIST () "/" inbox\r\n* LIST () "/" INBOX\r\n* STATUS Inbox (MESSAGES 1)\r\n'
    )
    assert [(folder.name, folder.messages) for folder in listed_folders] == [("INBOX", 1)]


@pytest.mark.parametrize(
    "line",
    [b"* LIST rubbish\r\n", b'* LIST () "/"\r\n', b'* LIST "a" "/" b\r\n', b'* LIST (() "/" b\r\n'],
)
def test_lines_that_are_none(line):
    with pytest.raises(BadServerAnswer):
        listed(line)


def test_without_list_status_each_folder_is_asked():
    listed_folders = listed(
        b'* LIST () "/" INBOX\r\n* LIST (\\Noselect) "/" a\r\n* LIST () "/" a/b\r\n',
        "IMAP4rev1",
        ("STATUS", ok(b"* STATUS INBOX (MESSAGES 3 UNSEEN 1)\r\n")),
        ("STATUS", no(b"[NONEXISTENT] gone")),
    )
    assert [(folder.name, folder.unseen) for folder in listed_folders] == [
        ("INBOX", 1),
        ("a", None),
        ("a/b", None),
    ]


def test_without_list_status_fifty_folders_are_asked():
    lines = b"".join(b'* LIST () "/" f%d\r\n' % number for number in range(60))
    status = ("STATUS", ok(b"* STATUS f0 (MESSAGES 1 UNSEEN 1)\r\n"))
    assert len(listed(lines, "IMAP4rev1", *[status] * 50)) == 60


def test_special_uses_by_name_where_the_server_tells_none():
    listed_folders = listed(
        b'* LIST () "/" INBOX\r\n* LIST () "/" "&AMk-l&AOk-ments envoy&AOk-s"\r\n'
        b'* LIST () "/" Corbeille\r\n* LIST () "/" Brouillons\r\n* LIST () "/" Projets/Archives\r\n'
    )
    uses = {folder.name: folder.special_use for folder in listed_folders}
    assert uses == {
        "INBOX": "\\Inbox",
        "Éléments envoyés": "\\Sent",
        "Corbeille": "\\Trash",
        "Brouillons": "\\Drafts",
        "Projets/Archives": "",
    }


def test_what_the_server_says_goes_before_the_name():
    listed_folders = listed(b'* LIST () "/" Sent\r\n* LIST (\\Sent) "/" "Courrier parti"\r\n')
    assert (
        folders.special(listed_folders, folders.SENT) == by_name(listed_folders)["Courrier parti"]
    )
    assert by_name(listed_folders)["Sent"].special_use == ""


# The tree.


def plain(*names: str, **uses: str):
    return [Folder(name, "/", special_use=uses.get(name, "")) for name in names]


def shape(nodes):
    return [(node.label, shape(node.children)) if node.children else node.label for node in nodes]


def test_special_folders_come_first_then_the_others_by_name():
    listed_folders = plain(
        *("Zoo", "école", "Étude", "Trash", "Sent", "INBOX", "Drafts", "abri", "Junk", "Archive"),
        INBOX="\\Inbox",
        Drafts="\\Drafts",
        Sent="\\Sent",
        Archive="\\Archive",
        Junk="\\Junk",
        Trash="\\Trash",
    )
    assert shape(folders.tree(listed_folders)) == [
        *("INBOX", "Drafts", "Sent", "Archive", "Junk", "Trash"),
        *("abri", "école", "Étude", "Zoo"),
    ]


def test_folders_are_nested_and_missing_levels_made_up():
    nodes = folders.tree(plain("Classes/4e B/Notes", "Classes", "Sorties/Musée"))
    assert shape(nodes) == [("Classes", [("4e B", ["Notes"])]), ("Sorties", ["Musée"])]
    assert [node.usable for node in nodes] == [True, False]
    assert nodes[0].children[0].children[0].depth == 2
    assert not nodes[0].children[0].usable


def test_folders_below_inbox_stand_at_the_top_where_all_are_there():
    listed_folders = [
        Folder("INBOX", ".", special_use="\\Inbox", prefix="INBOX."),
        Folder("INBOX.Sent", ".", special_use="\\Sent", prefix="INBOX."),
        Folder("INBOX.Classes", ".", prefix="INBOX."),
        Folder("INBOX.Classes.4e", ".", prefix="INBOX."),
    ]
    assert shape(folders.tree(listed_folders)) == ["INBOX", "Sent", ("Classes", ["4e"])]
    assert folders.personal_prefix(listed_folders) == "INBOX."


def test_a_folder_below_inbox_stays_there_where_others_are_not():
    listed_folders = plain("INBOX", "INBOX/Suivi", "Classes", INBOX="\\Inbox")
    assert shape(folders.tree(listed_folders)) == [("INBOX", ["Suivi"]), "Classes"]


def test_a_name_of_delimiters_alone_is_no_endless_tree():
    assert folders.tree(plain("/", "//", "a//b", "/a"))


def test_a_thousand_levels_are_no_crash():
    nodes = folders.tree(plain("/".join("a" * 1200)))
    assert nodes


# The special ones.


def test_ensure_finds_the_folder(imap, mailbox):
    assert folders.ensure(imap, folders.JUNK) == "Junk"


def test_ensure_makes_and_subscribes_a_missing_folder(imap, mailbox):
    mailbox.delete_folder("Archive")
    assert folders.ensure(imap, folders.ARCHIVE) == "Archive"
    assert "Archive" in mailbox.folders()
    _, lines = mailbox.imap.lsub()
    assert any(b"Archive" in line for line in lines)


def test_ensure_makes_it_below_the_prefix_and_takes_one_that_came_meanwhile():
    lines = b'* LIST () "." INBOX\r\n* LIST () "." INBOX.Classes\r\n'
    script = imap_script(
        ("LIST", ok(lines)),
        ('CREATE "INBOX.Sent" (USE (\\Sent))', no(b"[ALREADYEXISTS] there")),
        ('SUBSCRIBE "INBOX.Sent"', ok()),
        capabilities="IMAP4rev1 CREATE-SPECIAL-USE",
    )
    with ScriptedServer(script) as server:
        where = ImapServer("127.0.0.1", server.port, "none", timeout=2)
        imap = connection.open(where, "alice", "secret")
        assert folders.ensure(imap, folders.SENT) == "INBOX.Sent"
        imap.close()


INBOX_ALONE = b'* LIST () "." INBOX\r\n'


@contextmanager
def signed_in(*steps, capabilities: str = "IMAP4rev1"):
    with ScriptedServer(imap_script(*steps, capabilities=capabilities)) as server:
        where = ImapServer("127.0.0.1", server.port, "none", timeout=2)
        imap = connection.open(where, "alice", "secret")
        yield imap
        imap.close()


def test_ensure_says_when_the_folder_cannot_be_made():
    with (
        signed_in(("LIST", ok()), ("CREATE", no(b"[NOPERM] no"))) as imap,
        pytest.raises(FolderNotMade) as refused,
    ):
        folders.ensure(imap, folders.SENT)
    assert (refused.value.label, refused.value.server_words) == ("Sent", "no")


def test_an_inbox_alone_that_tells_no_namespace_is_tried_beside_and_below():
    lines = ok(INBOX_ALONE)
    with signed_in(
        ("LIST", lines),
        ('CREATE "Trash"', no(b"no")),
        ("LIST", lines),
        ('CREATE "INBOX.Trash"', ok()),
        ('SUBSCRIBE "INBOX.Trash"', ok()),
    ) as imap:
        assert folders.ensure(imap, folders.TRASH) == "INBOX.Trash"


def test_a_use_that_the_server_refuses_is_left_out():
    with signed_in(
        ("LIST", ok(INBOX_ALONE)),
        ('CREATE "Trash" (USE (\\Trash))', no(b"[USEATTR] conflict")),
        ("LIST", ok(INBOX_ALONE)),
        ('CREATE "Trash"', ok()),
        ('SUBSCRIBE "Trash"', ok()),
        capabilities="IMAP4rev1 CREATE-SPECIAL-USE",
    ) as imap:
        assert folders.ensure(imap, folders.TRASH) == "Trash"


# Namespaces: what is one's own, and how its names begin.
NAMESPACES = {
    "Courier": (b'(("INBOX." ".")) NIL (("#shared." ".")("shared." "."))', "INBOX."),
    "Cyrus": (b'(("INBOX." ".")) (("user." ".")) (("" "."))', "INBOX."),
    "slash": (b'(("INBOX/" "/")) NIL NIL', "INBOX/"),
    "no end": (b'(("INBOX" "/")) NIL NIL', "INBOX/"),
    "home": (b'(("~/" "/")) NIL NIL', "~/"),
    "beside": (b'(("" "/")) (("Other Users/" "/")) (("Shared Folders/" "/"))', ""),
    "several": (b'(("" "/")("#mh/" "/")) (("~" "/")) (("#shared/" "/"))', ""),
    "none of one's own": (b'NIL NIL (("" "."))', ""),
    "none": (b"NIL NIL NIL", ""),
    "nonsense": (b'("INBOX." ((NIL))) NIL 7', ""),
}


def apart(told: bytes, lines: bytes = b""):
    """The question for a namespace that * does not match; the answer may repeat what it did."""
    return [('LIST "" "#shared', ok(lines))] if b"#shared" in told else []


@pytest.mark.parametrize("kind", NAMESPACES)
def test_an_inbox_alone_gets_its_first_folder_where_the_server_keeps_ones_own(kind):
    told, prefix = NAMESPACES[kind]
    delimiter = prefix[-1:].encode() or b"/"
    with signed_in(
        ("NAMESPACE", ok(b"* NAMESPACE " + told + b"\r\n")),
        ("LIST", ok(b'* LIST () "%b" INBOX\r\n' % delimiter)),
        *apart(told),
        (f'CREATE "{prefix}Sent"', ok()),
        (f'SUBSCRIBE "{prefix}Sent"', ok()),
        capabilities="IMAP4rev1 NAMESPACE",
    ) as imap:
        assert folders.ensure(imap, folders.SENT) == f"{prefix}Sent"


@pytest.mark.parametrize(
    ("kind", "delimiter", "own", "foreign"),
    [
        ("Courier", ".", ["INBOX.Trash"], {"#shared.a": "shared", "shared.b.c": "shared"}),
        ("Cyrus", ".", ["INBOX.Trash"], {"Commun": "shared", "user.bob": "others"}),
        ("Cyrus", ".", [], {"Commun": "shared", "Commun.a": "shared", "user.bob.x": "others"}),
        ("slash", "/", ["INBOX/Trash", "INBOX/Classes"], {}),
        ("home", "/", ["~/Trash", "~/Classes"], {}),
        ("beside", "/", ["Trash", "INBOX/a"], {"Other Users/bob": "others"}),
        ("several", "/", ["Trash", "#mh/x"], {"~bob/a": "others", "#shared/b": "shared"}),
        ("none of one's own", ".", ["INBOX.Trash"], {}),
    ],
)
def test_whose_a_folder_is(kind, delimiter, own, foreign):
    lines = b"".join(
        b'* LIST () "%b" "%b"\r\n' % (delimiter.encode(), name.encode())
        for name in ("INBOX", *own, *foreign)
    )
    with signed_in(
        ("NAMESPACE", ok(b"* NAMESPACE " + NAMESPACES[kind][0] + b"\r\n")),
        ("LIST", ok(lines)),
        *apart(NAMESPACES[kind][0], lines),
        ("LSUB", ok()),
        capabilities="IMAP4rev1 NAMESPACE",
    ) as imap:
        found = folders.outline(imap)
    assert {each.name: each.owner for each in found if each.owner} == foreign
    assert len(found) == len({each.name for each in found})
    top = [node.label for node in folders.tree(found) if not node.folder.owner]
    assert top[0] == "INBOX"
    if own:
        trash = folders.special(found, folders.TRASH)
        assert trash and trash.name == own[0]
        assert top[1] == "Trash"


@pytest.mark.parametrize(
    ("folder", "levels"),
    [
        (Folder("INBOX", ".", prefix="INBOX."), ["INBOX"]),
        (Folder("INBOX.Classes.6e B", ".", prefix="INBOX."), ["Classes", "6e B"]),
        (Folder("Classes/6e B", "/"), ["Classes", "6e B"]),
        (Folder("user.bob.Notes", ".", owner="others", prefix="user."), ["user", "bob", "Notes"]),
        (Folder("a/b", ""), ["a/b"]),
    ],
)
def test_levels_are_told_without_the_prefix_of_ones_own(folder: Folder, levels: list[str]) -> None:
    assert folders.own_levels(folder) == levels
