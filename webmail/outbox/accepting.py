"""Accepts messages into the outbox. From then on a message is sent, or the outbox shows why not."""

from __future__ import annotations

import itertools
import logging
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import lending
from accounts.http import SignedInRequest
from accounts.models import LentCredential, User
from accounts.sealed import files as sealed_files
from core import clock
from mail.errors import DraftNotFound, MessageUnkept, SenderRefused, TooManyRecipients
from mail.imap.values import ANSWERED, FORWARDED
from mail.mime import encoded_words, headers
from webmail.models import Draft, Identity, OutboxMessage
from webmail.outbox import batch_template, counting, relay, retrying, space, values
from webmail.outbox.batch_template import BatchTemplate, SpooledTemplate
from webmail.outbox.values import SealedEnvelope, Submission
from webmail.writing import content, drafts, identities, recipients

logger = logging.getLogger(__name__)
_STAGE = OutboxMessage.Stage
_MOST_SUBJECT = 200


def accept(
    request: SignedInRequest,
    draft: Draft | None,
    submissions: Iterable[Submission],
    *,
    key: uuid.UUID,
    identity: Identity | None = None,
    due: datetime | None = None,
    undo_seconds: int = 0,
    template: BatchTemplate | None = None,
) -> tuple[OutboxMessage, ...]:
    """Accept messages into the outbox. When this returns, they are stored: rows, and sealed files
    in the spool. The same ``key`` again returns the same rows, and sends nothing twice.

    ``submissions`` are taken one after the other, so that at most two of them are in memory.
    ``template`` has what those with `Submission.each` have in common; they are made of it when they
    are sent. ``identity`` is the result of `identities.check`, if that was just called. The
    messages leave at ``due``, or else after ``undo_seconds``; several leave one after the other,
    `settings.EACH_PER_MINUTE` a minute.

    Raises SenderRefused for an address that is not the user's, SignInNeeded when the password
    cannot be lent, DraftNotFound when another window accepted the draft, TooManyRecipients,
    OutboxFull, and MessageUnkept when the spool cannot be written. Nothing is stored then.
    """
    if accepted := _accepted(request.user, key):
        return accepted
    first = due or clock.now() + timedelta(seconds=undo_seconds)
    sending = _Sending(request.user, draft, key, first, identity, is_scheduled=due is not None)
    try:
        if template:
            sending.keep_template(template)
        rows = sending.take(submissions)
        _write(request, draft, rows)
    except BaseException as error:
        for spool in sending.spools:
            values.remove(spool)
        # Another identical request at the same time was faster.
        if isinstance(error, (IntegrityError, DraftNotFound)) and (
            accepted := _accepted(request.user, key)
        ):
            return accepted
        raise
    counting.renew(request.user.pk)
    return tuple(rows)


def _write(request: SignedInRequest, draft: Draft | None, rows: Sequence[OutboxMessage]) -> None:
    """Store all rows and lend them the password, or store nothing."""
    with transaction.atomic():
        _check_count(request.user, draft, rows)
        _take(draft)
        credential = _lend(request, rows[-1].due)
        for row in rows:
            row.credential = credential
        OutboxMessage.objects.bulk_create(rows)


def _accepted(user: User, key: uuid.UUID) -> tuple[OutboxMessage, ...]:
    return tuple(OutboxMessage.objects.of(user).filter(key=key).order_by("number"))


def _check_count(user: User, draft: Draft | None, rows: Sequence[OutboxMessage]) -> None:
    """Check the hour's limit again, under a lock: concurrent requests of the user could each pass
    it. A read receipt, which has no draft, is not limited.
    """
    if draft is None:
        return
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    count = sum(row.recipients for row in rows)
    if words := recipients.limits_error(user, count, recipients.EACH):
        raise TooManyRecipients(words)
    space.check(user, sum({row.spool: row.stored for row in rows}.values()))


class _Sending:
    """Messages made of one draft, on their way into the spool."""

    def __init__(
        self,
        user: User,
        draft: Draft | None,
        key: uuid.UUID,
        first: datetime,
        identity: Identity | None,
        *,
        is_scheduled: bool,
    ) -> None:
        self.rows: list[OutboxMessage] = []
        self.spools: list[str] = []
        self._template: SpooledTemplate | None = None
        self._user, self._draft, self._key, self._first = user, draft, key, first
        self._state = OutboxMessage.State.SCHEDULED if is_scheduled else OutboxMessage.State.HELD
        self._written = drafts.content(draft) if draft else content.Content()
        self._senders = {identity.address} if identity and identity.user_id == user.pk else set()

    def keep_template(self, template: BatchTemplate) -> None:
        """Write the template of all messages to each into the spool."""
        try:
            self._template = batch_template.write(template)
        except sealed_files.Unwritable as error:
            logger.error("The spool can't be written: %s", error)
            raise MessageUnkept from error
        self.spools.append(self._template.spool)

    def take(self, submissions: Iterable[Submission]) -> list[OutboxMessage]:
        """Seal each message into the spool. Return the rows, which are not in the database yet."""
        upcoming = iter(submissions)
        beginning = list(itertools.islice(upcoming, 2))
        batch = uuid.uuid4() if len(beginning) > 1 else None
        while beginning:
            self._take(beginning.pop(0), batch)
        for submission in upcoming:
            self._take(submission, batch)
        return self.rows

    def _take(self, submission: Submission, batch: uuid.UUID | None) -> None:
        self._check_sender(submission)
        row = self._row(submission, batch)
        self.rows.append(row)
        self._seal(row, submission)

    def _check_sender(self, submission: Submission) -> None:
        """Refuse a sender that is not the user's, whatever the form checked."""
        if submission.sender not in self._senders:
            identities.check(self._user, submission.sender)
            self._senders.add(submission.sender)
        if submission.each and self._template:
            if self._template.template.identity.address != submission.sender:
                raise SenderRefused
            return
        authors = headers.parse(values.head(submission.message)).addresses("From")
        if [person.address for person in authors] != [submission.sender]:
            raise SenderRefused

    def _row(self, submission: Submission, batch: uuid.UUID | None) -> OutboxMessage:
        pace = timedelta(minutes=1) / settings.EACH_PER_MINUTE
        return OutboxMessage(
            user=self._user,
            key=self._key,
            batch=batch,
            number=submission.number,
            draft=self._draft,
            state=self._state,
            # The copy of a batch has no recipients: it only has to be filed.
            stage=_STAGE.READY if submission.recipients else _STAGE.HANDED,
            due=self._first + len(self.rows) * pace,
            message_id=submission.message_id,
            sender=submission.sender,
            size=submission.size or len(submission.message),
            recipients=len(submission.recipients),
            accepted=clock.now(),
        )

    def _seal(self, row: OutboxMessage, submission: Submission) -> None:
        """Write the message into the spool unless it is made of the template, and its sealed values
        into the row."""
        if submission.each and self._template:
            row.spool, row.stored = self._template.spool, self._template.size
            row.sealed = values.seal(row, self._envelope_of_each(submission, self._template))
            return
        file_key = sealed_files.new_key()
        row.spool, row.stored = sealed_files.new_name(), len(submission.message)
        try:
            sealed_files.write(values.path(row.spool), file_key, [submission.message])
            self.spools.append(row.spool)
        except sealed_files.Unwritable as error:
            logger.error("The spool can't be written: %s", error)
            raise MessageUnkept from error
        row.sealed = values.seal(row, self._envelope(row, submission, file_key))

    def _envelope(
        self, row: OutboxMessage, submission: Submission, file_key: bytes
    ) -> SealedEnvelope:
        head, draft_content = headers.parse(values.head(submission.message)), self._written
        # In a message to each, show the subject as typed: for the user, the messages are one.
        subject = draft_content.subject if row.batch else encoded_words.decode(head.get("Subject"))
        return SealedEnvelope(
            recipients=submission.recipients,
            people=tuple(
                (person.name, person.address)
                for field in ("To", "Cc", "Bcc")
                for person in head.addresses(field)
            ),
            subject=subject[:_MOST_SUBJECT],
            key=file_key.hex(),
            origin=draft_content.origin if self._mark else None,
            mark=self._mark,
            wants_notice=draft_content.wants_notice,
            documents=submission.documents,
        )

    def _envelope_of_each(
        self, submission: Submission, template: SpooledTemplate
    ) -> SealedEnvelope:
        part, written = submission.each, self._written
        return SealedEnvelope(
            recipients=submission.recipients,
            people=((part.name, part.address),) if part else (),
            subject=written.subject[:_MOST_SUBJECT],
            key=template.key.hex(),
            origin=written.origin if self._mark else None,
            mark=self._mark,
            wants_notice=written.wants_notice,
            documents=submission.documents,
            each=template.part(part) if part else None,
        )

    @property
    def _mark(self) -> str:
        """The flag for the message that is answered or forwarded, or ""."""
        kind = self._written.kind
        if self._written.origin is None:
            return ""
        if kind in content.FORWARDS:
            return FORWARDED
        return ANSWERED if kind in content.ANSWERS else ""


def _take(draft: Draft | None) -> None:
    """Mark the draft as accepted, so that no window can change it. Raises DraftNotFound if another
    was faster. Earlier failed messages of this draft are superseded.
    """
    if draft is None:
        return
    own = Draft.objects.filter(pk=draft.pk, state=Draft.State.WRITING)
    if not own.update(state=Draft.State.ACCEPTED):
        raise DraftNotFound
    failed = OutboxMessage.objects.filter(draft=draft, state=OutboxMessage.State.FAILED)
    failed.update(state=OutboxMessage.State.CANCELLED, sealed=b"", spool="", changed=clock.now())


def _lend(request: SignedInRequest, last: datetime) -> LentCredential | None:
    """Lend the password for all messages, as long as the last one may need it. Return None if a
    trusted relay accepts mail without sign-in.
    """
    if relay.server() is not None:
        return None
    return lending.lend(request, until=last + retrying.longest())
