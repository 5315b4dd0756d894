"""Outgoing mail: drafts, the outbox, identities, canned answers.

Texts that a user writes are sealed with the server's key (webmail/writing/sealing.py): a copy of
the database shows who wrote when, but not the text or the recipients.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.claims import ClaimedQuerySet, ClaimedRow
from accounts.models.prepared import Prepared
from core import clock

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class DraftQuerySet(models.QuerySet["Draft"]):
    def of(self, user: AbstractBaseUser) -> DraftQuerySet:
        return self.filter(user_id=user.pk)

    def unfinished(self) -> DraftQuerySet:
        """Return the drafts whose window vanished without closing, which are to be
        offered again.
        """
        return self.filter(state=Draft.State.WRITING, is_closed=False)


class Draft(models.Model):
    """A message being written, complete at each revision. Its copy in the Drafts folder is for
    other programs; the composer continues with this row.
    """

    class State(models.TextChoices):
        WRITING = "writing", _("being written")
        ACCEPTED = "accepted", _("in the outbox")
        DISCARDED = "discarded", _("discarded")

    VERSIONS_KEPT: ClassVar[timedelta] = timedelta(days=7)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts", verbose_name=_("user")
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WRITING
    )
    # `Content` (webmail/writing/content.py) as JSON, sealed.
    sealed = models.BinaryField()
    revision = models.PositiveIntegerField(_("revision"), default=0)
    # The window that wrote it, so that a window whose answer was lost does not conflict with
    # itself.
    writer = models.CharField(_("window"), max_length=36, blank=True)
    message_id = models.CharField("Message-ID", max_length=255)
    is_closed = models.BooleanField(_("left on purpose"), default=False)
    created = models.DateTimeField(_("begun"), default=clock.now)
    changed = models.DateTimeField(_("last change"), default=clock.now)
    # The copy in the Drafts folder, and its revision.
    copy_folder = models.TextField(_("folder of the copy"), blank=True)
    copy_uidvalidity = models.PositiveBigIntegerField(null=True, blank=True)
    copy_uid = models.PositiveBigIntegerField(null=True, blank=True)
    copy_revision = models.PositiveIntegerField(_("revision of the copy"), default=0)
    # The number of `DraftDocument` rows, and the user's own assignments of them
    # (webmail/writing/documents.py), as JSON, sealed.
    documents_count = models.PositiveIntegerField(_("documents for each"), null=True, blank=True)
    documents_settled = models.BinaryField(null=True, blank=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        ordering = ("-changed",)
        indexes = (models.Index(fields=["user", "-changed"], name="drafts_of_a_person"),)

    def __str__(self) -> str:
        return f"{self.pk} {self.state} {self.revision}"


class DraftVersion(models.Model):
    """An earlier revision of a draft; kept for `Draft.VERSIONS_KEPT`."""

    draft = models.ForeignKey(
        Draft, models.CASCADE, related_name="versions", verbose_name=_("draft")
    )
    revision = models.PositiveIntegerField(_("revision"))
    sealed = models.BinaryField()
    saved = models.DateTimeField(_("saved"), default=clock.now)

    class Meta:
        verbose_name = _("version of a draft")
        verbose_name_plural = _("versions of drafts")
        ordering = ("-revision",)
        constraints = (
            models.UniqueConstraint(fields=["draft", "revision"], name="one_version_per_revision"),
        )

    def __str__(self) -> str:
        return f"{self.draft_id} {self.revision}"


class DraftFile(models.Model):
    """A file of a draft, stored once, encrypted in the spool; or a part of a message on the server,
    which is fetched into the spool when it is first needed (``spool`` is empty until then).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    draft = models.ForeignKey(Draft, models.CASCADE, related_name="files", verbose_name=_("draft"))
    # `File` (webmail/writing/files.py) as JSON, sealed: name, type, key in the spool, origin.
    sealed = models.BinaryField()
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    spool = models.CharField(_("name in the spool"), max_length=32, blank=True)
    is_inline = models.BooleanField(_("image inside the text"), default=False)
    created = models.DateTimeField(_("added"), default=clock.now)
    # When it was removed from the draft; a version may still have it.
    removed = models.DateTimeField(_("removed"), null=True, blank=True)

    class Meta:
        verbose_name = _("file of a draft")
        verbose_name_plural = _("files of drafts")
        ordering = ("created",)

    def __str__(self) -> str:
        return str(self.pk)


class DraftDocument(models.Model):
    """A file for one recipient of a message to each, encrypted in the spool. It is no `DraftFile`,
    so that it is never attached to the message of all recipients.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    draft = models.ForeignKey(
        Draft, models.CASCADE, related_name="documents", verbose_name=_("draft")
    )
    # `Document` (webmail/writing/documents.py) as JSON, sealed: name, type, key in the spool.
    sealed = models.BinaryField()
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    spool = models.CharField(_("name in the spool"), max_length=32)
    created = models.DateTimeField(_("added"), default=clock.now)

    class Meta:
        verbose_name = _("document for a recipient")
        verbose_name_plural = _("documents for recipients")
        ordering = ("created", "id")

    def __str__(self) -> str:
        return str(self.pk)


class DraftRoster(models.Model):
    """The rows of a roster, from which a message to each takes its fields."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    draft = models.OneToOneField(
        Draft, models.CASCADE, related_name="roster", verbose_name=_("draft")
    )
    # `Roster` (webmail/writing/roster_reading.py) and the name of its file as JSON, sealed.
    sealed = models.BinaryField()
    rows = models.PositiveIntegerField(_("recipients"), default=0)
    created = models.DateTimeField(_("added"), default=clock.now)

    class Meta:
        verbose_name = _("list of recipients")
        verbose_name_plural = _("lists of recipients")

    def __str__(self) -> str:
        return str(self.pk)


class OutboxMessageQuerySet(ClaimedQuerySet["OutboxMessage"]):
    def of(self, user: AbstractBaseUser) -> OutboxMessageQuerySet:
        return self.filter(user_id=user.pk)

    def addressed(self) -> OutboxMessageQuerySet:
        """Return the messages with recipients, without the copies of messages to each."""
        return self.filter(recipients__gt=0)

    def waiting(self) -> OutboxMessageQuerySet:
        return super().waiting().filter(due__lte=clock.now())

    def due(self) -> list[uuid.UUID]:
        """Return the messages of which a worker should be told now: the broker may lose one that
        was told, or be slow."""
        now = clock.now()
        untold = self.waiting().filter(Q(told=None) | Q(told__lt=now - OutboxMessage.AGAIN))
        oldest = untold.order_by("due").values_list("pk", flat=True)[: OutboxMessage.MOST_TOLD]
        # Another beat may be faster.
        return [pk for pk in oldest if untold.filter(pk=pk).update(told=now)]

    def dead(self) -> OutboxMessageQuerySet:
        """Return the messages whose worker was silent for longer than any single answer of a server
        may take."""
        now, alive = clock.now(), 3 * OutboxMessage.ALIVE_EVERY
        before = now - alive - 3 * timedelta(seconds=settings.SMTP_TIMEOUT)
        after = now - alive - 3 * timedelta(seconds=settings.SMTP_VERDICT_SECONDS)
        is_ready = Q(stage=OutboxMessage.Stage.READY)
        is_late = (is_ready & Q(changed__lt=before)) | (~is_ready & Q(changed__lt=after))
        return self.filter(is_late, state=OutboxMessage.State.SENDING)

    def take_up(self) -> Iterator[OutboxMessage]:
        """Yield the messages of dead workers. One that may have been handed over stays with its
        worker, which may still get the answer that ends the doubt."""
        for row in self.dead()[: OutboxMessage.MOST_TOLD]:
            if row.stage == OutboxMessage.Stage.HANDING or self._take(row):
                yield row


class OutboxMessage(ClaimedRow):
    """A message accepted to be sent, until it is sent and filed; afterwards the values that the
    support desk may see.

    Messages with the same ``batch`` are one message to each. The one without recipients is the copy
    in Sent of its batch.
    """

    class State(models.TextChoices):
        HELD = "held", _("held back for a moment")
        SCHEDULED = "scheduled", _("scheduled")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("not sent")
        DOUBT = "doubt", _("perhaps sent")
        PASSWORD = "password", _("waiting for the password")
        CANCELLED = "cancelled", _("taken back")

    class Stage(models.TextChoices):
        """The progress of a message, stored before each step that cannot be repeated, and
        after it.
        """

        READY = "ready", _("not handed over")
        HANDING = "handing", _("perhaps handed over")
        HANDED = "handed", _("handed over")
        FILED = "filed", _("filed in Sent")

    STEPS: ClassVar[dict[str, str]] = {State.HELD: State.SENDING, State.SCHEDULED: State.SENDING}
    UNFINISHED: ClassVar[tuple[str, ...]] = (
        State.HELD,
        State.SCHEDULED,
        State.SENDING,
        State.FAILED,
        State.DOUBT,
        State.PASSWORD,
    )
    MOST_TOLD: ClassVar[int] = 100
    ALIVE_EVERY: ClassVar[timedelta] = timedelta(seconds=20)
    KEPT: ClassVar[timedelta] = timedelta(days=7)
    # The time in which a message to each can be sent again to another address.
    CORRECTED_FOR: ClassVar[timedelta] = timedelta(days=3)
    # Failures of messages in a database restored from an older backup: the folder for sent mail was
    # not searched yet; or the message is not there.
    RESTORED: ClassVar[str] = "Restored"
    RESTORED_UNFILED: ClassVar[str] = "RestoredUnfiled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="outbox", verbose_name=_("user")
    )
    # For idempotency: the form contains it, and the same form posted again is the same message.
    key = models.UUIDField(_("key of the request"))
    batch = models.UUIDField(_("one to each"), null=True, blank=True)
    number = models.PositiveIntegerField(_("number in the batch"), default=0)
    draft = models.ForeignKey(
        Draft,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="outbox",
        verbose_name=_("draft"),
    )
    credential = models.ForeignKey(
        "accounts.LentCredential",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lent password"),
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.HELD)
    stage = models.CharField(_("stage"), max_length=8, choices=Stage.choices, default=Stage.READY)
    due = models.DateTimeField(_("due"))
    # When a worker was told that the message is due.
    told = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField("Message-ID", max_length=255)
    sender = models.CharField(_("sender"), max_length=254)
    # `Envelope` (webmail/outbox) as JSON, sealed: recipients, Bcc, origin, key of the spooled file.
    # The key is removed once the message is sent, or three days later if it is of a batch, so that
    # its address can be corrected. The field is empty once the sending is undone.
    sealed = models.BinaryField()
    spool = models.CharField(_("name in the spool"), max_length=32, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    # The bytes of its files in the spool; 0 in rows of earlier versions.
    stored = models.PositiveBigIntegerField(_("bytes in the spool"), default=0, db_default=0)
    recipients = models.PositiveIntegerField(_("recipients"), default=0)
    failure = models.CharField(_("why it failed"), max_length=40, blank=True)
    server_words = models.TextField(_("answer of the server"), blank=True)
    accepted = models.DateTimeField(_("accepted"), default=clock.now)
    sent = models.DateTimeField(_("sent"), null=True, blank=True)
    # When a delivery report said that the message did not arrive, and its status code (RFC 3463).
    # The recipients that it did not reach are in the envelope's ``refused``.
    bounced = models.DateTimeField(_("came back"), null=True, blank=True)
    bounce_status = models.CharField(
        _("status of the report"), max_length=12, blank=True, db_default=""
    )

    objects = OutboxMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message in the outbox")
        verbose_name_plural = _("messages in the outbox")
        ordering = ("-accepted", "number")
        constraints = (
            models.UniqueConstraint(
                fields=["user", "key", "number"], name="one_message_per_request"
            ),
        )
        indexes = (
            models.Index(fields=["state", "due"], name="what_is_due"),
            models.Index(fields=["user", "-accepted"], name="outbox_of_a_person"),
        )

    def __str__(self) -> str:
        return f"{self.pk}, {self.get_state_display()}, {self.get_stage_display()}"

    @property
    def is_copy(self) -> bool:
        return self.recipients == 0


class IdentityQuerySet(models.QuerySet["Identity"]):
    def of(self, user: AbstractBaseUser) -> IdentityQuerySet:
        return self.filter(user_id=user.pk)

    def own(self, user: AbstractBaseUser) -> list[Identity]:
        """Return all identities of a user, for each save of a draft."""
        return _identities_of(user.pk)


class Identity(models.Model):
    """An address that a user writes from, with a chosen name, Reply-To and signature. Users cannot
    choose the address: see webmail/writing/identities.py.
    """

    class Source(models.TextChoices):
        SIGN_IN = "sign_in", _("sign-in")
        STAFF = "staff", _("staff record")
        DIRECTORY = "directory", _("directory")
        ADMINISTRATOR = "administrator", _("administrator")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="identities", verbose_name=_("user")
    )
    address = models.CharField(_("address"), max_length=254)
    source = models.CharField(
        _("origin of the address"),
        max_length=13,
        choices=Source.choices,
        default=Source.ADMINISTRATOR,
    )
    name = models.CharField(_("name"), max_length=200, blank=True)
    reply_to = models.CharField(_("reply to"), max_length=254, blank=True)
    signature = models.TextField(_("signature"), blank=True, help_text=_("As sanitised HTML."))
    is_default = models.BooleanField(_("default identity"), default=False)

    # Set by a `SendingPolicy` (webmail/writing/policies.py); no columns.
    footer: str = ""
    enforced: frozenset[str] = frozenset()

    objects = IdentityQuerySet.as_manager()

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        ordering = ("-is_default", "address")
        constraints = (
            models.UniqueConstraint(fields=["user", "address"], name="one_identity_per_address"),
        )

    def __str__(self) -> str:
        return self.address


class SignatureTemplateQuerySet(models.QuerySet["SignatureTemplate"]):
    def text_for(self, mail_domain_id: int | None) -> str:
        """Return the text of the user's mail domain, or that of all domains; "" if there
        is none.
        """
        own = models.Q(mail_domain_id=mail_domain_id) | models.Q(mail_domain=None)
        row = self.filter(own).order_by(models.F("mail_domain").asc(nulls_last=True), "pk").first()
        return row.text if row else ""


class SignatureTemplate(models.Model):
    """The signature that administrators propose to users who have none of their own."""

    mail_domain = models.OneToOneField(
        "accounts.MailDomain",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("mail domain"),
        help_text=_("Empty: applies to all mail domains without their own entry."),
    )
    text = models.TextField(
        _("text"),
        max_length=2000,
        help_text=_(
            "Placeholders filled from the staff record: {name}, {function}, {discipline},"
            " {school} and {address}. A line whose placeholders are all empty is omitted."
        ),
    )

    objects = SignatureTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposed signature")
        verbose_name_plural = _("proposed signatures")
        ordering = ("mail_domain", "pk")

    def __str__(self) -> str:
        return self.text[:60]


class SendingPolicy(models.Model):
    """The lines that administrators add to every message of the users of a mail domain."""

    CACHE_KEY: ClassVar[str] = "sending-policies 2"  # changes with the format of the cached value
    CACHE_SECONDS: ClassVar[int] = 60

    mail_domain = models.OneToOneField(
        "accounts.MailDomain",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("mail domain"),
        help_text=_("Empty: applies to all mail domains without their own entry."),
    )
    name = models.CharField(
        _("name of the sender"),
        max_length=200,
        blank=True,
        help_text=_(
            "Shown with the address of every message, in place of the user’s choice. Placeholders"
            " filled from the staff record: {name}, {function}, {discipline}, {school} and"
            " {address}. Empty: the user’s own choice."
        ),
    )
    reply_to = models.EmailField(
        _("reply to"),
        blank=True,
        help_text=_(
            "The address for answers to every message, in place of the user’s choice. Empty: the"
            " user’s own choice."
        ),
    )
    footer = models.TextField(
        _("text below each message"),
        max_length=2000,
        blank=True,
        help_text=_(
            "Added below every message sent. Placeholders as above; a line whose placeholders are"
            " all empty is omitted."
        ),
    )
    hides_outside = models.BooleanField(
        _("hide many outside addresses"),
        default=False,
        db_default=False,
        help_text=_(
            "A message with more outside addresses in To and Cc than WEBMAIL_OUTSIDE_VISIBLE can"
            " only be sent in blind copy or as one message to each."
        ),
    )

    class Meta:
        verbose_name = _("sending policy")
        verbose_name_plural = _("sending policies")
        ordering = ("mail_domain", "pk")
        constraints = (
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(mail_domain=None),
                name="one_sending_policy_for_all",
            ),
        )

    def __str__(self) -> str:
        return str(self.mail_domain or _("all mail domains"))


class CannedAnswerQuerySet(models.QuerySet["CannedAnswer"]):
    def of(self, user: AbstractBaseUser) -> CannedAnswerQuerySet:
        return self.filter(user_id=user.pk)


class CannedAnswer(models.Model):
    """A text that a user often writes, to be inserted into messages."""

    MOST: ClassVar[int] = 100

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=80)
    html = models.TextField(_("text"), help_text=_("As sanitised HTML."))

    objects = CannedAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("canned answer")
        verbose_name_plural = _("canned answers")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["user", "name"], name="one_canned_answer_per_name"),
        )

    def __str__(self) -> str:
        return self.name


_identities_of: Prepared[Identity] = Prepared(
    lambda user: Identity.objects.filter(user_id=user), int
)
