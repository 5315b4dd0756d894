"""Marking, moving, filing: what the server holds afterwards."""

from __future__ import annotations

import pytest

from mail.errors import FolderChanged, FolderNotFound, MessageNotFound, ServerRefused
from mail.imap import connection
from mail.imap.values import ANSWERED, DELETED, FLAGGED, FORWARDED, SEEN, ImapServer, MessageRef
from mail.mailbox import actions
from tests.servers.scripted import ScriptedServer, imap_script, no, ok, selected

MESSAGE = b"From: a@exemple.fr\r\nSubject: Bonjour\r\n\r\nBonjour.\r\n"


@pytest.fixture(params=["MOVE", "UIDPLUS without MOVE"])
def either(imap, request):
    """Alice's connection, once as it is and once as to a server without MOVE."""
    if request.param != "MOVE":
        imap._capabilities = imap.capabilities - {"MOVE"}
    return imap


@pytest.mark.parametrize("flag", [SEEN, FLAGGED, ANSWERED, FORWARDED, "$label1"])
def test_a_flag_is_set_and_cleared_and_others_stay(imap, mailbox, ref, flag):
    uid = mailbox.append(MESSAGE, flags=["\\Draft"])
    actions.set_flag(imap, [ref(uid)], flag, True)
    assert mailbox.flags(uid) == {flag, "\\Draft"}
    actions.set_flag(imap, [ref(uid)], flag, False)
    assert mailbox.flags(uid) == {"\\Draft"}


def test_a_flag_is_set_on_many_in_one_command(imap, mailbox, ref):
    refs = [ref(mailbox.append(MESSAGE)) for _ in range(5)]
    imap.select("INBOX")
    before = imap.commands
    actions.set_flag(imap, [*refs, refs[0]], SEEN, True)
    assert imap.commands == before + 1
    assert all(mailbox.flags(named.uid) == {SEEN} for named in refs)


def test_a_flag_on_messages_of_two_folders(imap, mailbox, ref):
    mailbox.create_folder("Classe")
    here, there = mailbox.append(MESSAGE), mailbox.append(MESSAGE, "Classe")
    actions.set_flag(imap, [ref(there, "Classe"), ref(here)], SEEN, True)
    assert SEEN in mailbox.flags(here)
    assert SEEN in mailbox.flags(there, "Classe")


def test_a_flag_that_stands_already_is_no_error(imap, mailbox, ref):
    uid = mailbox.append(MESSAGE, flags=[SEEN])
    actions.set_flag(imap, [ref(uid)], SEEN, True)
    assert mailbox.flags(uid) == {SEEN}


def test_a_flag_expunges_nothing(imap, mailbox, ref):
    doomed, kept = mailbox.append(MESSAGE, flags=[DELETED]), mailbox.append(MESSAGE)
    actions.set_flag(imap, [ref(kept)], SEEN, True)
    assert mailbox.uids() == [doomed, kept]


def test_a_flag_on_a_message_that_is_gone(imap, mailbox, ref):
    uid = mailbox.append(MESSAGE)
    with pytest.raises(MessageNotFound):
        actions.set_flag(imap, [ref(uid + 1)], SEEN, True)
    actions.set_flag(imap, [ref(uid), ref(uid + 1)], SEEN, True)  # what is there is marked
    assert SEEN in mailbox.flags(uid)


@pytest.mark.parametrize("flag", ["\\Seen) (", "a b", "", "a\r\nb"])
def test_flags_are_checked(imap, mailbox, ref, flag):
    named = ref(mailbox.append(MESSAGE))
    with pytest.raises(ValueError, match="Not a flag"):
        actions.set_flag(imap, [named], flag, True)


def test_moving_keeps_flags_and_tells_where_messages_are(either, mailbox, ref):
    first = mailbox.append(MESSAGE, flags=[SEEN, FLAGGED, "$label1"])
    second = mailbox.append(MESSAGE.replace(b"Bonjour.", b"Bonsoir."))
    moved = actions.move(either, [ref(second), ref(first)], "Archive")
    assert mailbox.uids() == []
    assert [named.folder for named in moved] == ["Archive", "Archive"]
    assert {named.uidvalidity for named in moved} == {mailbox.uidvalidity("Archive")}
    assert mailbox.flags(moved[0].uid, "Archive") == {SEEN, FLAGGED, "$label1"}
    assert mailbox.flags(moved[1].uid, "Archive") == set()
    assert b"Bonsoir." in mailbox.message(moved[1].uid, "Archive")


def test_moving_there_and_back(either, mailbox, ref):
    moved = actions.move(either, [ref(mailbox.append(MESSAGE))], "Trash")
    back = actions.move(either, moved, "INBOX")
    assert mailbox.uids() == [back[0].uid]
    assert mailbox.uids("Trash") == []


def test_moving_expunges_nothing_that_others_marked(either, mailbox, ref):
    doomed = mailbox.append(MESSAGE, flags=[DELETED])
    moving = mailbox.append(MESSAGE)
    actions.move(either, [ref(moving)], "Archive")
    assert mailbox.uids() == [doomed]
    assert mailbox.flags(doomed) == {DELETED}


def test_without_uidplus_nothing_is_expunged_at_all(imap, mailbox, ref):
    imap._capabilities = imap.capabilities - {"MOVE", "UIDPLUS"}
    doomed, moving = mailbox.append(MESSAGE, flags=[DELETED]), mailbox.append(MESSAGE)
    actions.move(imap, [ref(moving)], "Archive")
    assert mailbox.uids() == [doomed, moving]
    assert DELETED in mailbox.flags(moving)
    assert len(mailbox.uids("Archive")) == 1


def test_moving_to_a_missing_folder_moves_nothing(either, mailbox, ref):
    uid = mailbox.append(MESSAGE)
    with pytest.raises(FolderNotFound):
        actions.move(either, [ref(uid)], "Nulle part")
    assert mailbox.uids() == [uid]
    assert DELETED not in mailbox.flags(uid)


def test_moving_a_message_that_is_gone(either, mailbox, ref):
    uid = mailbox.append(MESSAGE)
    with pytest.raises(MessageNotFound):
        actions.move(either, [ref(uid + 1)], "Archive")
    assert len(actions.move(either, [ref(uid), ref(uid + 1)], "Archive")) == 1


def test_moving_to_where_it_is_does_nothing(imap, mailbox, ref):
    named = ref(mailbox.append(MESSAGE))
    before = imap.commands
    assert actions.move(imap, [named], "inbox") == ()
    assert imap.commands == before


def test_moving_from_a_folder_made_anew_moves_nothing(imap, mailbox, ref):
    named = ref(mailbox.append(MESSAGE))
    old = MessageRef("INBOX", named.uidvalidity + 1, named.uid)
    with pytest.raises(FolderChanged):
        actions.move(imap, [old], "Archive")
    with pytest.raises(FolderChanged):
        actions.set_flag(imap, [old], SEEN, True)
    assert mailbox.flags(named.uid) == set()


GONE = no(b"[EXPUNGEISSUED] Some of the requested messages no longer exist")
LEFT = ok(b"* 2 EXPUNGE\r\n* OK [COPYUID 9 1,3 11:12] moved\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n")


def moved_with(*steps):
    """Move three messages of a server that follows these steps."""
    offered = "IMAP4rev1 MOVE UIDPLUS"
    script = imap_script(("SELECT", selected()), *steps, capabilities=offered)
    with ScriptedServer(script) as server:
        imap = connection.open(ImapServer("127.0.0.1", server.port, "none", timeout=2), "a", "b")
        try:
            refs = [MessageRef("INBOX", 7, uid) for uid in (1, 2, 3)]
            return [named.uid for named in actions.move(imap, refs, "Trash")]
        finally:
            imap.close()


def test_the_others_go_where_one_was_removed_by_another_program_meanwhile():
    asked = ("UID MOVE 1:3", GONE)
    assert moved_with(asked, ("NOOP", ok()), ("UID MOVE 1:3", LEFT)) == [11, 12]
    with pytest.raises(ServerRefused):
        moved_with(("UID MOVE 1:3", no(b"[CANNOT] never")))


def test_more_than_500_messages_at_once(either, mailbox):
    uids = [mailbox.append(b"Subject: x\r\n\r\n\r\n") for _ in range(520)]
    uidvalidity = mailbox.uidvalidity()
    refs = [MessageRef("INBOX", uidvalidity, uid) for uid in uids[::-1]]
    moved = actions.move(either, refs, "Archive")
    assert len({named.uid for named in moved}) == 520
    assert mailbox.uids() == []


def test_a_sent_message_is_filed_as_seen(imap, mailbox):
    actions.file_sent(imap, MESSAGE, "alice@ac-exemple.fr")
    (uid,) = mailbox.uids("Sent")
    assert mailbox.flags(uid, "Sent") == {SEEN}
    assert mailbox.message(uid, "Sent") == MESSAGE


def test_a_missing_folder_for_sent_mail_is_made(imap, mailbox):
    mailbox.delete_folder("Sent")
    actions.file_sent(imap, MESSAGE, "alice@ac-exemple.fr")
    assert len(mailbox.uids("Sent")) == 1
