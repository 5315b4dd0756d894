"""A draft's copy in the Drafts folder: never a moment without one, none left over, none of another
program's work lost."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from accounts.models import User
from mail.errors import ServerUnavailable
from mail.imap import connection
from mail.imap.connection import Connection
from mail.imap.values import ImapServer, MessageRef
from mail.mailbox.drafts import marked
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import READ_LITERAL, STALL, ScriptedServer, imap_script, ok
from webmail.models import Draft
from webmail.writing import copies, drafts
from webmail.writing.content import Content

pytestmark = pytest.mark.django_db
NUMBER = uuid.UUID(int=79)


def message(text: str, message_id: str = "<a@x>") -> bytes:
    return f"Message-ID: {message_id}\r\nSubject: {text}\r\n\r\n{text}\r\n".encode()


def save(user: User, text: str, base: int, **more: object) -> Draft:
    return drafts.save(user, NUMBER, Content(html=text, **more), base=base)  # type: ignore[arg-type]


def subjects(mailbox: Mailbox) -> list[str]:
    found = mailbox.messages("Drafts")
    return [message.partition(b"Subject: ")[2].split(b"\r\n")[0].decode() for message in found]


def test_the_row_knows_its_copy_and_of_which_revision_it_is(
    claire: User, imap: Connection, mailbox: Mailbox
) -> None:
    draft = save(claire, "one", 0)
    filed = copies.file(imap, draft, message("one"))
    draft = save(claire, "two", 1)
    assert (drafts.copy_of(draft), draft.copy_revision, draft.revision) == (filed, 1, 2)
    copies.file(imap, draft, message("two"))
    assert subjects(mailbox) == ["two"]
    assert drafts.find(claire, NUMBER).copy_revision == 2


def test_a_worker_killed_between_append_and_expunge_leaves_no_ghost(
    claire: User, imap: Connection, mailbox: Mailbox
) -> None:
    """The server has taken the new copy, and whoever asked for it never hears of it."""
    draft = save(claire, "one", 0)
    copies.file(imap, draft, message("one"))
    draft = save(claire, "two", 1)
    lost = b"* OK [APPENDUID 7 %d] done\r\n" % 9
    script = imap_script(
        ("LIST", ok(b'* LIST (\\Drafts) "/" Drafts\r\n')),
        ("APPEND", b"+ go\r\n", READ_LITERAL, lost, STALL),
    )
    with ScriptedServer(script) as server:
        broken = connection.open(ImapServer("127.0.0.1", server.port, "none", 0.5), "alice", "x")
        with pytest.raises(ServerUnavailable):
            copies.file(broken, draft, message("two"))
        broken.close()
    assert subjects(mailbox) == ["one"]
    mailbox.append(marked(str(NUMBER), message("two")), "Drafts")  # what that server took
    copies.file(imap, drafts.find(claire, NUMBER), message("three"))
    assert subjects(mailbox) == ["three"]


def test_a_draft_that_was_sent_or_thrown_away_has_no_copy(
    claire: User, imap: Connection, mailbox: Mailbox
) -> None:
    mailbox.append(message("of another program"), "Drafts")
    draft = save(claire, "one", 0)
    copies.file(imap, draft, message("one"))
    copies.remove(imap, draft)
    assert subjects(mailbox) == ["of another program"]
    assert drafts.copy_of(drafts.find(claire, NUMBER)) is None


def test_a_draft_of_another_program_becomes_ours_at_the_first_copy(
    claire: User, imap: Connection, mailbox: Mailbox, ref: Callable[..., MessageRef]
) -> None:
    theirs = ref(mailbox.append(message("of Thunderbird", "<tb@x>"), "Drafts"), "Drafts")
    assert copies.known(imap, claire, theirs) is None
    draft = save(claire, "one", 0, kind="edit", origin=theirs)
    assert subjects(mailbox) == ["of Thunderbird"]
    known = copies.known(imap, claire, theirs)
    assert known and known.draft == draft  # opened a second time: the same draft
    copies.file(imap, draft, message("ours"))
    assert subjects(mailbox) == ["ours"]


def test_what_is_edited_as_new_stays_where_it_lies(
    claire: User, imap: Connection, mailbox: Mailbox, ref: Callable[..., MessageRef]
) -> None:
    sent = ref(mailbox.append(message("sent"), "Sent"), "Sent")
    draft = save(claire, "one", 0, kind="edit", origin=sent)
    copies.file(imap, draft, message("ours"))
    copies.remove(imap, draft)
    assert mailbox.uids("Sent") == [sent.uid] and subjects(mailbox) == []


def test_a_copy_leads_back_to_its_draft_also_when_the_row_has_lost_it(
    claire: User, paul: User, imap: Connection, mailbox: Mailbox
) -> None:
    draft = save(claire, "one", 0)
    filed = copies.file(imap, draft, message("one"))
    assert copies.known(imap, claire, filed) == copies.KnownCopy(draft, is_changed=False)
    drafts.tie(draft, None, 0)
    assert copies.known(imap, claire, filed) == copies.KnownCopy(draft, is_changed=False)
    assert copies.known(imap, paul, filed) is None


def test_what_another_program_wrote_on_is_the_newer_one_and_ours_a_version(
    claire: User, imap: Connection, mailbox: Mailbox, ref: Callable[..., MessageRef]
) -> None:
    draft = save(claire, "ours", 0)
    copies.file(imap, draft, message("ours", draft.message_id))
    mailbox.empty()  # Thunderbird opens our draft, and puts its own in its place
    theirs = ref(mailbox.append(message("theirs", draft.message_id), "Drafts"), "Drafts")
    known = copies.known(imap, claire, theirs)
    assert known and known.is_changed and known.draft == draft
    draft = save(claire, "theirs, read", 1)
    copies.file(imap, draft, message("theirs, read", draft.message_id))
    assert subjects(mailbox) == ["theirs, read"]
    assert [one.content.html for one in drafts.versions(claire, NUMBER)] == ["ours"]


def test_a_folder_made_anew_is_no_reason_to_remove_what_lies_there(
    claire: User, imap: Connection, mailbox: Mailbox
) -> None:
    draft = save(claire, "one", 0)
    filed = copies.file(imap, draft, message("one"))
    mailbox.empty()
    other = mailbox.append(message("another"), "Drafts")
    stale = MessageRef("Drafts", filed.uidvalidity + 1, other)
    drafts.tie(draft, stale, 1)
    copies.file(imap, draft, message("two"))
    assert subjects(mailbox) == ["another", "two"]
