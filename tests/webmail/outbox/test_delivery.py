"""A message on its way: sent once, filed once, and what it leaves behind."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from accounts.http import SignedInRequest
from accounts.models import LentCredential, MailDomain, User
from addressbook.models.collected import CollectedRecipient
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from mail.errors import DraftNotFound, SenderRefused, SignInNeeded
from mail.imap.values import MessageRef
from tests.killing import before_an_update
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import CLOSE, READ_DATA, STALL, Action, ScriptedServer
from tests.tended import due
from tests.webmail.outbox.letters import (
    ALICE,
    BOB,
    SECRET_SUBJECT,
    SECRET_TEXT,
    draft_of,
    letter,
)
from webmail import outbox, tasks
from webmail.models import Draft, OutboxMessage
from webmail.outbox import retrying

pytestmark = pytest.mark.django_db
State, Stage = OutboxMessage.State, OutboxMessage.Stage

HELLO = ("", b"220 ready\r\n")
EHLO = ("EHLO", b"250-hello\r\n250 DSN\r\n")
MAIL = ("MAIL FROM:<alice@ac-exemple.fr>", b"250 ok\r\n")
RCPT = ("RCPT TO:<bob@ac-exemple.fr>", b"250 ok\r\n")
RSET = ("RSET", b"250 ok\r\n")
DATA = ("DATA", b"354 go\r\n", READ_DATA)


def test_an_accepted_message_is_sent_filed_and_leaves_nothing_else(
    accepted: Callable[..., OutboxMessage],
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    spool: Path,
) -> None:
    row = accepted()
    assert row.state == State.HELD and row.stage == Stage.READY
    assert outbox.deliver(row.pk) is not None
    row.refresh_from_db()
    assert (row.state, row.stage) == (State.SENT, Stage.FILED)
    assert len(bobs_mailbox.uids()) == 1
    (filed,) = mailbox.messages("Sent")
    assert message_from_bytes(filed)["Message-ID"] == row.message_id
    assert not Draft.objects.exists() and not LentCredential.objects.exists()
    assert list((spool / "outbox").iterdir()) == []
    assert row.server_words == "Accepted"


def test_a_second_delivery_does_nothing(
    accepted: Callable[..., OutboxMessage], mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    row = accepted()
    outbox.deliver(row.pk)
    assert outbox.deliver(row.pk) is None
    assert len(bobs_mailbox.uids()) == 1 and len(mailbox.uids("Sent")) == 1


def test_bcc_leaves_with_nobody_and_stands_in_the_copy(
    accepted: Callable[..., OutboxMessage],
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    submission: SubmissionServer,
) -> None:
    outbox.deliver(accepted(letter(BOB, bcc=("secret@ailleurs.fr",))).pk)
    arrived = bobs_mailbox.messages() + [file.read_bytes() for file in kept(submission)]
    assert len(arrived) == 2 and all(b"secret@ailleurs" not in head(one) for one in arrived)
    assert b"\r\nBcc: secret@ailleurs.fr\r\n" in mailbox.messages("Sent")[0]


def test_what_waits_lies_nowhere_in_clear(
    accepted: Callable[..., OutboxMessage], spool: Path, alice: MailAccount
) -> None:
    accepted()
    found = b"".join(file.read_bytes() for file in spool.rglob("*") if file.is_file())
    with connection.cursor() as cursor:
        for table in ("webmail_outboxmessage", "webmail_draft", "accounts_lentcredential"):
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608  names of ours
            found += repr(
                [
                    bytes(v) if isinstance(v, memoryview) else v
                    for line in cursor.fetchall()
                    for v in line
                ]
            ).encode()
    assert found
    for secret in (SECRET_TEXT, SECRET_SUBJECT, BOB, alice.password):
        assert secret.encode() not in found and repr(secret.encode())[2:-1].encode() not in found


def test_the_same_request_twice_is_one_message(
    accepted: Callable[..., OutboxMessage], spool: Path
) -> None:
    key = uuid.uuid4()
    first, second = accepted(key=key), accepted(letter(), key=key)
    assert first.pk == second.pk and OutboxMessage.objects.count() == 1
    assert LentCredential.objects.count() == 1 and len(list((spool / "outbox").iterdir())) == 1


def test_a_draft_is_sent_from_one_window(
    accepted: Callable[..., OutboxMessage], spool: Path
) -> None:
    accepted()
    with pytest.raises(DraftNotFound):
        accepted()
    assert OutboxMessage.objects.count() == 1 and len(list((spool / "outbox").iterdir())) == 1


@pytest.mark.parametrize("sender", ["recteur@ac-exemple.fr", BOB, "alice@ailleurs.fr"])
def test_nobody_writes_as_somebody_else(
    accepted: Callable[..., OutboxMessage], sender: str
) -> None:
    with pytest.raises(SenderRefused):
        accepted(letter(BOB, sender=sender))
    one = letter(BOB, sender=sender)
    with pytest.raises(SenderRefused):
        accepted(type(one)(one.message, one.recipients, one.message_id, ALICE))
    assert not OutboxMessage.objects.exists()


def test_without_a_password_nothing_is_accepted(
    accepted: Callable[..., OutboxMessage], request_of_alice: SignedInRequest, spool: Path
) -> None:
    request_of_alice.COOKIES.clear()
    with pytest.raises(SignInNeeded):
        accepted()
    assert not OutboxMessage.objects.exists() and list((spool / "outbox").iterdir()) == []
    assert Draft.objects.get().state == Draft.State.WRITING


@pytest.mark.parametrize(
    ("kind", "flag"), [("reply", "\\Answered"), ("forward", "$Forwarded"), ("edit", "")]
)
def test_the_origin_is_marked(
    request_of_alice: SignedInRequest, mailbox: Mailbox, bob: MailAccount, kind: str, flag: str
) -> None:
    uid = mailbox.append("letter.eml")
    origin = MessageRef("INBOX", mailbox.uidvalidity(), uid)
    draft = draft_of(request_of_alice.user, kind=kind, origin=origin)
    (row,) = outbox.accept(request_of_alice, draft, [letter()], key=uuid.uuid4())
    outbox.deliver(row.pk)
    assert mailbox.flags(uid) == ({flag} if flag else set())


def test_the_copy_in_drafts_goes(
    accepted: Callable[..., OutboxMessage], mailbox: Mailbox, draft: Draft
) -> None:
    uid = mailbox.append("letter.eml", "Drafts", ["\\Draft"])
    Draft.objects.filter(pk=draft.pk).update(
        copy_folder="Drafts", copy_uidvalidity=mailbox.uidvalidity("Drafts"), copy_uid=uid
    )
    outbox.deliver(accepted().pk)
    assert mailbox.uids("Drafts") == []


def test_whom_one_writes_to_is_remembered(accepted: Callable[..., OutboxMessage]) -> None:
    tasks.deliver_message(str(accepted(letter(BOB, "carol@ailleurs.fr")).pk))
    found = set(CollectedRecipient.objects.values_list("address", flat=True))
    assert found == {BOB, "carol@ailleurs.fr"}


# --- what servers refuse ---


@pytest.mark.parametrize(
    ("steps", "failure", "words"),
    [
        ([HELLO, EHLO, (MAIL[0], b"553 5.7.1 not yours\r\n")], "SenderRefused", "not yours"),
        (
            [HELLO, EHLO, MAIL, (RCPT[0], b"550 5.1.1 <bob@ac-exemple.fr> unknown\r\n"), RSET],
            "RecipientsRefused",
            "<…> unknown",
        ),
        ([HELLO, EHLO, MAIL, RCPT, ("DATA", b"554 5.7.0 no\r\n")], "ServerRefused", "no"),
        ([HELLO, EHLO, MAIL, RCPT, (*DATA, b"552 5.3.4 big\r\n")], "TooLarge", "big"),
        ([HELLO, EHLO, MAIL, RCPT, (*DATA, b"554 5.6.0 virus\r\n")], "ServerRefused", "virus"),
    ],
)
def test_what_is_refused_for_good_comes_back(
    accepted: Callable[..., OutboxMessage],
    mail_domain: MailDomain,
    mailbox: Mailbox,
    steps: list[tuple[bytes | str, ...]],
    failure: str,
    words: str,
) -> None:
    row = accepted()
    with ScriptedServer(steps) as server:
        moved(mail_domain, server)
        assert outbox.deliver(row.pk) is None
    row.refresh_from_db()
    assert (row.state, row.stage, row.failure) == (State.FAILED, Stage.READY, failure)
    assert row.server_words == words
    assert Draft.objects.get().state == Draft.State.WRITING
    assert not LentCredential.objects.exists() and mailbox.uids("Sent") == []
    assert outbox.unsent_count(row.user_id) == 1


def test_the_refused_are_named_to_their_person_alone(
    accepted: Callable[..., OutboxMessage], mail_domain: MailDomain
) -> None:
    row = accepted()
    steps = [HELLO, EHLO, MAIL, (RCPT[0], b"550 5.1.1 unknown\r\n"), RSET]
    with ScriptedServer(steps) as server:
        moved(mail_domain, server)
        outbox.deliver(row.pk)
    row.refresh_from_db()
    assert outbox.opened(row).refused == ((BOB, "unknown"),)
    assert BOB not in row.server_words


@pytest.mark.parametrize(
    "steps",
    [
        [("", CLOSE)],
        [("", b"421 busy\r\n")],
        [HELLO, ("EHLO", CLOSE)],
        [HELLO, EHLO, (MAIL[0], b"451 later\r\n")],
        [HELLO, EHLO, MAIL, (RCPT[0], b"450 grey\r\n"), RSET],
        [HELLO, EHLO, MAIL, RCPT, ("DATA", b"451 later\r\n")],
        [HELLO, EHLO, MAIL, RCPT, (*DATA, b"451 4.3.0 later\r\n")],
    ],
)
def test_what_is_refused_for_now_is_tried_again(
    accepted: Callable[..., OutboxMessage],
    mail_domain: MailDomain,
    submission: SubmissionServer,
    bobs_mailbox: Mailbox,
    mailbox: Mailbox,
    later: Callable[[], None],
    steps: list[tuple[bytes | str, ...]],
) -> None:
    row = accepted()
    with ScriptedServer(steps) as server:
        moved(mail_domain, server)
        outbox.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.stage, row.failure) == (State.HELD, Stage.READY, "ServerUnavailable")
    assert timedelta(seconds=50) < row.due - timezone.now() <= timedelta(minutes=1)
    assert due(OutboxMessage) == []
    later()
    moved(mail_domain, submission)
    assert due(OutboxMessage) == [row.pk]
    outbox.deliver(row.pk)
    assert len(bobs_mailbox.uids()) == 1 and len(mailbox.uids("Sent")) == 1


def test_it_is_tried_for_three_days(settings) -> None:
    waits: list[timedelta] = []
    while (wait := retrying.delay(len(waits) + 1)) is not None:
        waits.append(wait)
    assert [wait.total_seconds() / 60 for wait in waits[:5]] == [1, 5, 15, 60, 180]
    assert timedelta(hours=69) < sum(waits, timedelta()) <= timedelta(hours=72)
    assert retrying.longest() > timedelta(hours=72)
    settings.RETRY_HOURS = 0
    assert retrying.delay(1) is None


def test_what_was_tried_long_enough_is_said_to_have_failed(
    accepted: Callable[..., OutboxMessage], mail_domain: MailDomain, settings
) -> None:
    settings.RETRY_HOURS = 0
    row = accepted()
    with ScriptedServer([("", b"421 busy\r\n")]) as server:
        moved(mail_domain, server)
        outbox.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.failure) == (State.FAILED, "ServerUnavailable")
    assert Draft.objects.get().state == Draft.State.WRITING


@pytest.mark.parametrize("end", [CLOSE, STALL, b"what\r\n"])
def test_a_doubt_is_never_sent_again_by_itself(
    accepted: Callable[..., OutboxMessage],
    mail_domain: MailDomain,
    submission: SubmissionServer,
    bobs_mailbox: Mailbox,
    later: Callable[[], None],
    settings,
    end: bytes | Action,
) -> None:
    settings.SMTP_TIMEOUT = settings.SMTP_VERDICT_SECONDS = 1
    row = accepted()
    with ScriptedServer([HELLO, EHLO, MAIL, RCPT, (*DATA, end)]) as server:
        moved(mail_domain, server)
        outbox.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.stage, row.failure) == (State.DOUBT, Stage.HANDING, "PerhapsSent")
    assert not LentCredential.objects.exists()
    moved(mail_domain, submission)
    later()
    assert due(OutboxMessage) == [] and outbox.deliver(row.pk) is None
    assert bobs_mailbox.uids() == [] and outbox.unsent_count(row.user_id) == 1
    assert Draft.objects.get().state == Draft.State.ACCEPTED


def test_a_password_that_is_refused_waits_for_its_person(
    accepted: Callable[..., OutboxMessage], mail_domain: MailDomain
) -> None:
    row = accepted()
    ehlo = ("EHLO", b"250-hello\r\n250 AUTH PLAIN\r\n")
    with ScriptedServer([HELLO, ehlo, ("AUTH PLAIN", b"535 5.7.8 no\r\n")]) as server:
        moved(mail_domain, server)
        outbox.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.stage) == (State.PASSWORD, Stage.READY)
    assert not LentCredential.objects.exists()


def test_a_password_changed_meanwhile_sends_nothing(
    accepted: Callable[..., OutboxMessage], bobs_mailbox: Mailbox
) -> None:
    row = accepted()
    User.objects.update(mail_password_changed=timezone.now())
    outbox.deliver(row.pk)
    row.refresh_from_db()
    assert row.state == State.PASSWORD and bobs_mailbox.uids() == []


def test_who_was_shut_out_sends_nothing(
    accepted: Callable[..., OutboxMessage], bobs_mailbox: Mailbox
) -> None:
    row = accepted()
    User.objects.update(is_active=False)
    outbox.deliver(row.pk)
    row.refresh_from_db()
    assert row.state == State.PASSWORD and bobs_mailbox.uids() == []


def test_a_delivery_notice_is_asked_for(
    request_of_alice: SignedInRequest, mail_domain: MailDomain, bob: MailAccount
) -> None:
    draft = draft_of(request_of_alice.user, wants_notice=True)
    (row,) = outbox.accept(request_of_alice, draft, [letter()], key=uuid.uuid4())
    with ScriptedServer([HELLO, EHLO, MAIL, RCPT, (*DATA, b"250 taken\r\n")]) as server:
        moved(mail_domain, server)
        outbox.deliver(row.pk)
    assert b"RCPT TO:<bob@ac-exemple.fr> NOTIFY=SUCCESS,FAILURE,DELAY" in server.received[0]


# --- the mailbox afterwards ---


def test_a_mailbox_that_does_not_answer_files_it_later(
    accepted: Callable[..., OutboxMessage],
    mail_domain: MailDomain,
    bobs_mailbox: Mailbox,
    mailbox: Mailbox,
    later: Callable[[], None],
) -> None:
    row, port = accepted(), mail_domain.imap_port
    with ScriptedServer([("", CLOSE)]) as server:
        mail_domain.imap_port = server.port
        mail_domain.save()
        outbox.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.stage) == (State.HELD, Stage.HANDED)
    assert len(bobs_mailbox.uids()) == 1 and outbox.unsent_count(row.user_id) == 0
    mail_domain.imap_port = port
    mail_domain.save()
    later()
    for pk in due(OutboxMessage):
        outbox.deliver(pk)
    row.refresh_from_db()
    assert row.state == State.SENT
    assert len(bobs_mailbox.uids()) == 1 and len(mailbox.uids("Sent")) == 1


def test_what_was_filed_before_the_answer_was_lost_is_not_filed_twice(
    accepted: Callable[..., OutboxMessage], mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    one = letter()
    row = accepted(one)
    OutboxMessage.objects.update(stage=Stage.HANDED)
    mailbox.append(one.message, "Sent")
    outbox.deliver(row.pk)
    row.refresh_from_db()
    assert row.state == State.SENT
    assert len(mailbox.uids("Sent")) == 1 and bobs_mailbox.uids() == []


def test_what_can_never_be_filed_was_sent_all_the_same(
    accepted: Callable[..., OutboxMessage], mail_domain: MailDomain, settings
) -> None:
    settings.RETRY_HOURS = 0
    row = accepted()
    OutboxMessage.objects.update(stage=Stage.HANDED)
    with ScriptedServer([("", CLOSE)]) as server:
        mail_domain.imap_port = server.port
        mail_domain.save()
        outbox.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.failure) == (State.SENT, "ServerBusy")
    assert not Draft.objects.exists() and not LentCredential.objects.exists()


# --- two at once ---


def test_who_was_too_slow_sends_no_dot(
    accepted: Callable[..., OutboxMessage],
    mail_domain: MailDomain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another worker takes the message up while this one still speaks."""
    row = accepted()
    checked = outbox.delivery.smtp._Bounded.check_silence

    def overtaken(connection: object) -> None:
        checked(connection)  # type: ignore[arg-type]
        OutboxMessage.objects.filter(pk=row.pk).update(runner="another")

    monkeypatch.setattr(outbox.delivery.smtp._Bounded, "check_silence", overtaken)
    script = [HELLO, EHLO, MAIL, RCPT, (*DATA, b"250 taken\r\n")]
    with ScriptedServer(script) as server:
        moved(mail_domain, server)
        assert outbox.deliver(row.pk) is None
    row.refresh_from_db()
    assert (row.state, row.stage) == (State.SENDING, Stage.READY)


def test_a_message_is_not_put_off_while_its_worker_is_about_to_send_the_dot(
    accepted: Callable[..., OutboxMessage], later: Callable[[], None]
) -> None:
    """The worker was silent for long, and goes on when beat has just found it dead."""
    row = OutboxMessage.objects.claim(accepted().pk)
    assert row is not None
    later()
    with before_an_update(lambda: outbox.delivery._write(row, stage=Stage.HANDING)):
        due(OutboxMessage)
    row.refresh_from_db()
    assert (row.state, row.stage) == (State.SENDING, Stage.HANDING)


def test_one_who_waited_long_for_the_answer_ends_the_doubt(
    accepted: Callable[..., OutboxMessage], mail_domain: MailDomain, mailbox: Mailbox
) -> None:
    row = accepted()
    claimed = OutboxMessage.objects.claim(row.pk)
    assert claimed is not None
    outbox.delivery._write(claimed, stage=Stage.HANDING)
    outbox.delivery.call_doubtful(OutboxMessage.objects.get(pk=row.pk))
    assert OutboxMessage.objects.get(pk=row.pk).state == State.DOUBT
    outbox.delivery._note_taken(claimed, "2.0.0 Taken")
    assert OutboxMessage.objects.get(pk=row.pk).state == State.SENDING


def moved(domain: MailDomain, server: ScriptedServer | SubmissionServer) -> None:
    domain.smtp_port = server.port
    domain.save()


def kept(submission: SubmissionServer) -> list[Path]:
    """What went to people elsewhere, to those of this test."""
    files = submission.outgoing.glob("*.eml")
    return [file for file in files if b"secret@ailleurs.fr" in file.read_bytes()]


def head(message: bytes) -> bytes:
    """Without what only the sink's own lines say."""
    fields = message.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return b"\r\n".join(line for line in fields if not line.startswith(b"X-Envelope"))
