"""The mail app's models. The database holds no mail."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.prepared import Prepared
from webmail.models.writing import (
    CannedAnswer,
    Draft,
    DraftFile,
    DraftVersion,
    Identity,
    OutboxMessage,
    SignatureTemplate,
)
from webmail.preferences import BY_NAME, AdministratorsChoice

__all__ = [
    "CACHE_KEY",
    "CACHE_SECONDS",
    "KNOWN_TAGS",
    "OFFICE_PREVIEWS_KEPT",
    "TAGS_CACHE_SECONDS",
    "AllowedSender",
    "CannedAnswer",
    "Draft",
    "DraftFile",
    "DraftVersion",
    "FolderChoice",
    "Identity",
    "MailJob",
    "OfficePreview",
    "OutboxMessage",
    "PreferenceDefault",
    "RecentSearch",
    "SignatureTemplate",
    "Tag",
    "TrustedImageDomain",
]

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

OFFICE_PREVIEWS_KEPT = timedelta(hours=1)
CACHE_KEY, CACHE_SECONDS = "preference-defaults", 60
WATCH_CACHE_SECONDS = 60


class PreferenceDefaultQuerySet(models.QuerySet["PreferenceDefault"]):
    def in_force(self) -> dict[str, AdministratorsChoice]:
        """By name; from the cache: a page costs no query. A change shows within a minute."""
        rows = cache.get(CACHE_KEY)
        if rows is None:
            rows = [list(row) for row in self.values_list("name", "value", "locked")]
            cache.set(CACHE_KEY, rows, CACHE_SECONDS)
        return {name: AdministratorsChoice(value, locked) for name, value, locked in rows}


class PreferenceDefault(models.Model):
    """A preference's value for everybody who chose none, or, locked, for everybody."""

    name = models.CharField(_("preference"), max_length=40, unique=True)
    value = models.CharField(_("value"), max_length=60)
    locked = models.BooleanField(
        _("locked"), default=False, help_text=_("People see it and cannot change it.")
    )

    objects = PreferenceDefaultQuerySet.as_manager()

    class Meta:
        verbose_name = _("preference default")
        verbose_name_plural = _("preference defaults")
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"

    def clean(self) -> None:
        preference = BY_NAME.get(self.name)
        if preference and not preference.allows(self.value):
            allowed = [option for option, _words in preference.options()]
            shown = ", ".join(allowed[:12]) + ("…" if len(allowed) > 12 else "")
            raise ValidationError({"value": _("Allowed: %(values)s.") % {"values": shown}})


class FolderChoiceQuerySet(models.QuerySet["FolderChoice"]):
    def of(self, user: AbstractBaseUser) -> FolderChoiceQuerySet:
        return self.filter(user_id=user.pk)

    def order_of(self, user: AbstractBaseUser, folder: str) -> tuple[str, bool, bool]:
        """The sort of a folder's list, whether it goes up, and whether it is by conversations."""
        chosen = _order_of(user.pk, FolderChoice.digest_of(folder))
        return chosen[0] if chosen else (FolderChoice.ARRIVAL, False, False)

    def move(self, before: str, now: str, delimiter: str) -> None:
        """A folder got another name, and with it those inside it."""
        for row in self.filter(folder__startswith=before):
            if row.folder == before or (delimiter and row.folder.startswith(before + delimiter)):
                name = now + row.folder.removeprefix(before)
                self.filter(digest=self.model.digest_of(name)).delete()
                self.filter(pk=row.pk).update(folder=name, digest=self.model.digest_of(name))

    def choose_order(
        self, user: AbstractBaseUser, folder: str, sort: str, up: bool, threads: bool = False
    ) -> None:
        self.update_or_create(
            user_id=user.pk,
            digest=FolderChoice.digest_of(folder),
            defaults={"folder": folder, "sort": sort, "up": up, "threads": threads},
        )


class FolderChoice(models.Model):
    """How one person wants one folder shown. A filter is not remembered: mail that it hides would
    seem to be lost."""

    ARRIVAL: ClassVar[str] = "arrival"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    folder = models.TextField(_("folder"))
    digest = models.CharField(
        _("digest of its name"),
        max_length=64,
        help_text=_("Names are longer than what an index holds."),
    )
    sort = models.CharField(_("sorted by"), max_length=10, default=ARRIVAL)
    up = models.BooleanField(_("the smallest first"), default=False)
    threads = models.BooleanField(_("by conversations"), default=False)

    objects = FolderChoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("choice for a folder")
        verbose_name_plural = _("choices for folders")
        ordering = ("folder",)
        constraints = (
            models.UniqueConstraint(fields=["user", "digest"], name="one_choice_per_folder"),
        )

    def __str__(self) -> str:
        return self.folder

    @staticmethod
    def digest_of(folder: str) -> str:
        return hashlib.sha256(folder.encode("utf-8", "surrogatepass")).hexdigest()


_order_of: Prepared[tuple[str, bool, bool]] = Prepared(
    lambda user, digest: FolderChoice.objects.filter(user_id=user, digest=digest).values_list(
        "sort", "up", "threads"
    ),
    int,
    str,
)


class AllowedSenderQuerySet(models.QuerySet["AllowedSender"]):
    def of(self, user: AbstractBaseUser) -> AllowedSenderQuerySet:
        return self.filter(user_id=user.pk)

    def allows(self, user: AbstractBaseUser, sender: str) -> bool:
        """Whether the person wants the images of this address, in any spelling, always shown."""
        address = _address(sender)
        return address is not None and bool(_allowed(user.pk, address))

    def allow(self, user: AbstractBaseUser, sender: str) -> None:
        """From now on. ValueError for what is no address, or longer than one may be."""
        address = _address(sender)
        if address is None:
            raise ValueError("That is no address.")
        self.get_or_create(user_id=user.pk, address=address)

    def forget(self, user: AbstractBaseUser, sender: str) -> None:
        """No longer; nothing happens when it was not allowed."""
        self.of(user).filter(address=_address(sender) or "").delete()


class AllowedSender(models.Model):
    """A sender whose images from elsewhere one person wants always shown."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="allowed_senders",
        verbose_name=_("user"),
    )
    address = models.CharField(_("address"), max_length=254)
    since = models.DateTimeField(_("since"), auto_now_add=True)

    objects = AllowedSenderQuerySet.as_manager()

    class Meta:
        verbose_name = _("sender whose images are shown")
        verbose_name_plural = _("senders whose images are shown")
        ordering = ("address",)
        constraints = (
            models.UniqueConstraint(fields=["user", "address"], name="one_row_per_allowed_sender"),
        )

    def __str__(self) -> str:
        return self.address


_allowed: Prepared[tuple[int]] = Prepared(
    lambda user, address: AllowedSender.objects.filter(user_id=user, address=address).values_list(
        "pk"
    ),
    int,
    str,
)


class TrustedImageDomainQuerySet(models.QuerySet["TrustedImageDomain"]):
    def covers(self, sender: str) -> bool:
        """Whether the domain of this address, or one above it, is on the list."""
        address = _address(sender)
        if address is None:
            return False
        labels = address.rpartition("@")[2].split(".")
        above = [".".join(labels[n:]) for n in range(len(labels) - 1)]
        return self.filter(domain__in=above).exists()


class TrustedImageDomain(models.Model):
    """A domain of senders whose images from elsewhere are shown to everybody unasked."""

    domain = models.CharField(
        _("domain"),
        max_length=253,
        unique=True,
        validators=[
            RegexValidator(
                r"^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]\Z",
                _("A domain such as example.org, in lower case, without accents."),
            )
        ],
        help_text=_("Of the senders, not of the images; the domains below it are meant too."),
    )

    objects = TrustedImageDomainQuerySet.as_manager()

    class Meta:
        verbose_name = _("domain whose images are shown")
        verbose_name_plural = _("domains whose images are shown")
        ordering = ("domain",)

    def __str__(self) -> str:
        return self.domain


class OfficePreviewQuerySet(models.QuerySet["OfficePreview"]):
    def in_force(self) -> OfficePreviewQuerySet:
        """Those whose results are still kept."""
        return self.filter(created__gte=timezone.now() - OFFICE_PREVIEWS_KEPT)

    def unfinished(self) -> OfficePreviewQuerySet:
        return self.filter(state__in=OfficePreview.UNFINISHED)

    def overdue(self) -> OfficePreviewQuerySet:
        """Those that whoever converts should have done long ago."""
        late = timezone.now() - OfficePreview.PATIENCE
        return self.in_force().unfinished().filter(changed__lt=late)

    def claim(self, pk: int) -> OfficePreview | None:
        """The job, for whoever asks first."""
        now = timezone.now()
        claimed = self.filter(pk=pk, state=OfficePreview.State.WAITING).update(
            state=OfficePreview.State.RUNNING, changed=now
        )
        return self.get(pk=pk) if claimed else None


class OfficePreview(models.Model):
    """An attachment being converted into a PDF, or converted within the last hour: its files lie
    encrypted in the spool. Nothing here names the file or its message."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    UNFINISHED: ClassVar[tuple[str, ...]] = (State.WAITING, State.RUNNING)
    PATIENCE: ClassVar[timedelta] = timedelta(minutes=5)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"))
    name = models.CharField(_("keyed digest of the file’s address"), max_length=64)
    extension = models.CharField(_("kind"), max_length=8)
    spool = models.CharField(_("name in the spool"), max_length=32, unique=True)
    source_key = models.BinaryField(_("key of the spooled file"))
    reader = models.BinaryField(_("key that the result is encrypted for"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField(_("reason of the failure"), max_length=16, blank=True)
    is_truncated = models.BooleanField(_("has more pages"), default=False)
    created = models.DateTimeField(_("asked for"), auto_now_add=True)
    changed = models.DateTimeField(_("last change"), auto_now=True)

    objects = OfficePreviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("office preview")
        verbose_name_plural = _("office previews")
        ordering = ("-created",)
        constraints = (
            models.UniqueConstraint(fields=["user", "name"], name="one_office_preview_per_file"),
        )

    def __str__(self) -> str:
        return f"{self.extension} {self.state}"

    @property
    def is_in_force(self) -> bool:
        return self.created >= timezone.now() - OFFICE_PREVIEWS_KEPT

    @property
    def is_stuck(self) -> bool:
        """Whether whoever had the job seems to be gone."""
        return self.state in self.UNFINISHED and self.changed < timezone.now() - self.PATIENCE

    def finish(self, *, is_truncated: bool) -> None:
        self._end(self.State.DONE, is_truncated=is_truncated)

    def fail(self, reason: str) -> None:
        self._end(self.State.FAILED, reason=reason)

    def _end(self, state: State, *, reason: str = "", is_truncated: bool = False) -> None:
        """The key of the spooled file is needed no more."""
        self.state, self.reason, self.is_truncated = state, reason, is_truncated
        self.source_key = b""
        self.save(update_fields=["state", "reason", "is_truncated", "source_key", "changed"])


class RecentSearchQuerySet(models.QuerySet["RecentSearch"]):
    def of(self, user: AbstractBaseUser) -> RecentSearchQuerySet:
        return self.filter(user_id=user.pk)

    def note(self, user: AbstractBaseUser, text: str) -> None:
        """The person has just searched for this; the `RecentSearch.MOST` latest are kept."""
        if len(text) > RecentSearch.LONGEST:
            return
        self.bulk_create(
            [self.model(user_id=user.pk, text=text, when=timezone.now())],
            update_conflicts=True,
            unique_fields=["user", "text"],
            update_fields=["when"],
        )
        keys = list(self.of(user).order_by("-when", "-pk").values_list("pk", flat=True))
        if older := keys[RecentSearch.MOST :]:
            self.filter(pk__in=older).delete()


class RecentSearch(models.Model):
    """A recent search of one user, as it was typed. Searches on a shared computer are not kept."""

    MOST: ClassVar[int] = 10
    LONGEST: ClassVar[int] = 200

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="recent_searches",
        verbose_name=_("user"),
    )
    text = models.CharField(_("what was looked for"), max_length=LONGEST)
    when = models.DateTimeField(_("last time"))

    objects = RecentSearchQuerySet.as_manager()

    class Meta:
        verbose_name = _("recent search")
        verbose_name_plural = _("recent searches")
        ordering = ("-when", "-pk")
        constraints = (
            models.UniqueConstraint(fields=["user", "text"], name="one_row_per_recent_search"),
        )

    def __str__(self) -> str:
        return self.text


class MailJobQuerySet(models.QuerySet["MailJob"]):
    def of(self, user: AbstractBaseUser) -> MailJobQuerySet:
        return self.filter(user_id=user.pk)

    def unfinished(self) -> MailJobQuerySet:
        return self.filter(state__in=MailJob.UNFINISHED)

    def claim(self, pk: int) -> MailJob | None:
        """The job, for whoever asks first. What comes back is as it was claimed: a worker frozen
        here would else take the attempt of another for his own. One job of a person runs at a
        time, so that nobody's keep all workers; the others are started again when it is over."""
        waiting = self.filter(pk=pk, state=MailJob.State.WAITING)
        job = waiting.select_related("user__mail_domain", "credential").first()
        if job is None or self.filter(user=job.user, state=MailJob.State.RUNNING).exists():
            return None
        taken = {
            "state": MailJob.State.RUNNING,
            "attempts": job.attempts + 1,
            "changed": timezone.now(),
        }
        if not waiting.filter(changed=job.changed).update(**taken):
            return None
        for name, value in taken.items():
            setattr(job, name, value)
        return job


class MailJob(models.Model):
    """Something done to many messages that goes on without its person: how far it is, and what
    takes it back. It knows folders and numbers of messages, nothing of what is in them."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        PASSWORD = "password", _("waiting for the password")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    UNFINISHED: ClassVar[tuple[str, ...]] = (State.WAITING, State.RUNNING, State.PASSWORD)
    PATIENCE: ClassVar[timedelta] = timedelta(seconds=30)
    """Without a sign of life, after which whoever had the job is thought gone."""
    MOST_ATTEMPTS: ClassVar[int] = 6
    KEPT: ClassVar[timedelta] = timedelta(days=7)
    """How long what was done can be taken back."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"))
    credential = models.ForeignKey(
        "accounts.LentCredential",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lent password"),
    )
    verb = models.CharField(_("what is done"), max_length=12)
    folder = models.TextField(_("folder"), blank=True)
    to = models.TextField(_("to the folder"), blank=True)
    # As webmail/jobs/mail_jobs.py writes it: what is left, what takes back the rest.
    work = models.JSONField(default=dict)
    total = models.PositiveIntegerField(_("messages"), default=0)
    done = models.PositiveIntegerField(_("messages done"), default=0)
    gone = models.PositiveIntegerField(_("messages no longer there"), default=0)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    failure = models.CharField(_("why it failed"), max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    is_undone = models.BooleanField(_("taken back"), default=False)
    asked = models.DateTimeField(_("asked for"), auto_now_add=True)
    changed = models.DateTimeField(_("last change"), default=timezone.now)

    objects = MailJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job in a mailbox")
        verbose_name_plural = _("jobs in mailboxes")
        ordering = ("-asked", "-pk")

    def __str__(self) -> str:
        return f"{self.verb} {self.done}/{self.total} {self.state}"

    @property
    def is_finished(self) -> bool:
        return self.state not in self.UNFINISHED

    @property
    def percent(self) -> int:
        return min(100, (self.done + self.gone) * 100 // self.total) if self.total else 0

    @property
    def can_be_undone(self) -> bool:
        return self.is_finished and not self.is_undone and bool(self.work.get("undo"))

    def leave(self, before: Sequence[str], after: str, **values: object) -> bool:
        """Change the state unless somebody else did; False when he was first."""
        values |= {"state": after, "changed": timezone.now()}
        if not MailJob.objects.filter(pk=self.pk, state__in=before).update(**values):
            return False
        self.refresh_from_db()
        return True


# Mozilla Thunderbird's five, whose words every mail program shows in its own language.
KNOWN_TAGS: tuple[tuple[str, str | Promise, int], ...] = (
    ("$label1", pgettext_lazy("tag", "Important"), 3),
    ("$label2", pgettext_lazy("tag", "Work"), 1),
    ("$label3", pgettext_lazy("tag", "Personal"), 5),
    ("$label4", pgettext_lazy("tag", "To do"), 6),
    ("$label5", pgettext_lazy("tag", "Later"), 4),
)
TAGS_CACHE_SECONDS = 60


class TagQuerySet(models.QuerySet["Tag"]):
    def of(self, user: AbstractBaseUser) -> TagQuerySet:
        return self.filter(user_id=user.pk)

    def shown(self, user: AbstractBaseUser) -> list[tuple[str, str, int]]:
        """(keyword, name, colour) of a person's tags; from the cache: a list costs no query. A
        change elsewhere shows within a minute."""
        rows = cache.get(_tags_key(user))
        if rows is None:
            own = {row.keyword: row for row in self.of(user)}
            rows = [
                [keyword, "", colour] for keyword, _name, colour in KNOWN_TAGS if keyword not in own
            ]
            rows += [[r.keyword, r.name, r.colour] for r in own.values() if not r.is_hidden]
            cache.set(_tags_key(user), rows, TAGS_CACHE_SECONDS)
        known = {keyword: str(name) for keyword, name, _colour in KNOWN_TAGS}
        return [
            (keyword, name or known.get(keyword, keyword), colour) for keyword, name, colour in rows
        ]

    def keep(self, user: AbstractBaseUser, keyword: str, **values: object) -> None:
        """Change or make a tag."""
        self.update_or_create(user_id=user.pk, keyword=keyword, defaults=values)
        cache.delete(_tags_key(user))

    def remove(self, user: AbstractBaseUser, keyword: str) -> None:
        """A tag of the person's own goes, one that every mail program knows is hidden; messages
        keep the keyword."""
        self.of(user).filter(keyword=keyword).delete()
        if any(keyword == known for known, _name, _colour in KNOWN_TAGS):
            self.create(user_id=user.pk, keyword=keyword, is_hidden=True)
        cache.delete(_tags_key(user))


class Tag(models.Model):
    """A keyword of messages, with the name and colour that one person gives it."""

    COLOURS: ClassVar[int] = 6
    MOST: ClassVar[int] = 40

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="tags", verbose_name=_("user")
    )
    keyword = models.CharField(_("keyword"), max_length=60)
    name = models.CharField(_("name"), max_length=40, blank=True)
    colour = models.PositiveSmallIntegerField(_("colour"), default=1)
    is_hidden = models.BooleanField(_("hidden"), default=False)

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["user", "keyword"], name="one_row_per_tag"),
            models.CheckConstraint(
                condition=models.Q(colour__gte=1, colour__lte=6), name="colour_of_the_six"
            ),
        )

    def __str__(self) -> str:
        return self.name or self.keyword


def _tags_key(user: AbstractBaseUser) -> str:
    return f"tags:{user.pk}"


# --- adverts and junk ---


@dataclass(frozen=True)
class Standing:
    """How far a person's inbox is judged, by UID, and how many messages were set aside on ``day``
    (in ISO's spelling)."""

    uidvalidity: int
    judged: int
    day: str = ""
    adverts: int = 0
    junk: int = 0


class InboxWatchQuerySet(models.QuerySet["InboxWatch"]):
    def of(self, user: AbstractBaseUser) -> InboxWatchQuerySet:
        return self.filter(user_id=user.pk)

    def standing(self, user: AbstractBaseUser) -> Standing | None:
        """From the cache: a list costs no query. None for an inbox that was never judged."""
        kept = cache.get(_watch_key(user))
        return Standing(*kept) if kept else self.fresh(user)

    def fresh(self, user: AbstractBaseUser) -> Standing | None:
        """From the database, for whoever is about to judge."""
        columns = ("uidvalidity", "judged", "day", "adverts", "junk")
        row = self.of(user).values_list(*columns).first()
        if row is None:
            return None
        uidvalidity, judged, day, adverts, junk = row
        found = Standing(uidvalidity, judged, day.isoformat() if day else "", adverts, junk)
        cache.set(_watch_key(user), list(astuple(found)), WATCH_CACHE_SECONDS)
        return found

    def begin(self, user: AbstractBaseUser, uidvalidity: int, judged: int) -> None:
        """Leave the mail up to the UID ``judged`` unjudged: the inbox is new to the webmail, or was
        recreated."""
        self.update_or_create(
            user_id=user.pk, defaults={"uidvalidity": uidvalidity, "judged": judged}
        )
        cache.delete(_watch_key(user))

    def claim(self, user: AbstractBaseUser, uidvalidity: int, before: int, until: int) -> bool:
        """Whether the messages above ``before`` up to ``until`` are the caller's to judge: of two
        sessions one gets them."""
        rows = self.of(user).filter(uidvalidity=uidvalidity, judged=before)
        return self._changed(user, rows.update(judged=until))

    def give_back(self, user: AbstractBaseUser, uidvalidity: int, before: int, until: int) -> None:
        """They could not be judged; another time, unless somebody went on meanwhile."""
        rows = self.of(user).filter(uidvalidity=uidvalidity, judged=until)
        self._changed(user, rows.update(judged=before))

    def note_aside(self, user: AbstractBaseUser, day: date, *, adverts: int, junk: int) -> None:
        """So many were set aside on this day; less than none when they were brought back."""
        rows = self.of(user)
        rows.exclude(day=day).update(day=day, adverts=0, junk=0)
        for name, number in (("adverts", adverts), ("junk", junk)):
            if number > 0:
                rows.update(**{name: models.F(name) + number})
            elif number < 0:
                rows.filter(**{f"{name}__gte": -number}).update(**{name: models.F(name) + number})
        cache.delete(_watch_key(user))

    def _changed(self, user: AbstractBaseUser, rows: int) -> bool:
        cache.delete(_watch_key(user))
        return rows > 0


class InboxWatch(models.Model):
    """How far one person's inbox was judged: nothing is judged twice, nor by two sessions."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    uidvalidity = models.PositiveBigIntegerField(_("UIDVALIDITY"))
    judged = models.PositiveBigIntegerField(_("highest UID that was judged"))
    day = models.DateField(_("last day on which something was set aside"), null=True, blank=True)
    adverts = models.PositiveIntegerField(_("adverts set aside on it"), default=0)
    junk = models.PositiveIntegerField(_("junk set aside on it"), default=0)

    objects = InboxWatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("inbox that is judged")
        verbose_name_plural = _("inboxes that are judged")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.judged}"


def _watch_key(user: AbstractBaseUser) -> str:
    return f"inbox-watch:{user.pk}"


class JudgementQuerySet(models.QuerySet["Judgement"]):
    def of(self, user: AbstractBaseUser) -> JudgementQuerySet:
        return self.filter(user_id=user.pk)

    def known(self, user: AbstractBaseUser, digests: Iterable[str]) -> dict[str, Judgement]:
        """By digest; one query."""
        return {one.digest: one for one in self.of(user).filter(digest__in=list(digests))}

    def one(self, user: AbstractBaseUser, digest: str) -> Judgement | None:
        return next(iter(_judgement(user.pk, digest)), None)

    def overdue(self) -> JudgementQuerySet:
        return self.filter(when__lt=timezone.now() - Judgement.KEPT)


class Judgement(models.Model):
    """The judgement on one message of one user: the reasons why it was set aside or marked, the
    signs of fraud in it, and the kind that the user taught. A keyed digest alone names the message.
    A wanted message without signs of fraud has no row, unless the user taught it."""

    KEPT: ClassVar[timedelta] = timedelta(days=90)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    digest = models.CharField(_("keyed digest of the message’s identity"), max_length=40)
    kind = models.CharField(_("held for"), max_length=6)
    is_moved = models.BooleanField(_("set aside"), default=False)
    reasons = models.JSONField(_("reasons"), default=list)
    fraud = models.JSONField(_("what deceives"), default=list)
    is_fraud = models.BooleanField(_("fraud"), default=False)
    taught = models.CharField(_("what the person said"), max_length=6, blank=True)
    when = models.DateTimeField(_("when"), default=timezone.now)

    objects = JudgementQuerySet.as_manager()

    class Meta:
        verbose_name = _("judgement on a message")
        verbose_name_plural = _("judgements on messages")
        ordering = ("-when",)
        constraints = (
            models.UniqueConstraint(fields=["user", "digest"], name="one_judgement_per_message"),
        )
        indexes = (models.Index(fields=["when"], name="judgement_when"),)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind}"


_judgement: Prepared[Judgement] = Prepared(
    lambda user, digest: Judgement.objects.filter(user_id=user, digest=digest), int, str
)


class SenderChoiceQuerySet(models.QuerySet["SenderChoice"]):
    def of(self, user: AbstractBaseUser) -> SenderChoiceQuerySet:
        return self.filter(user_id=user.pk)

    def named(self, user: AbstractBaseUser) -> tuple[frozenset[str], frozenset[str]]:
        """The addresses and domains that the user always allows, and those that the user blocks."""
        rows = list(self.of(user).values_list("name", "is_allowed"))
        allowed = frozenset(name for name, is_allowed in rows if is_allowed)
        return allowed, frozenset(name for name, _ in rows) - allowed

    def choose(self, user: AbstractBaseUser, name: str, *, is_allowed: bool) -> None:
        """From now on. ValueError for what is neither address nor domain; of the oldest choices
        those beyond `SenderChoice.MOST` go."""
        spelt = _sender(name)
        if spelt is None:
            raise ValueError("That is no address and no domain.")
        self.update_or_create(
            user_id=user.pk,
            name=spelt,
            defaults={"is_allowed": is_allowed, "since": timezone.now()},
        )
        older = self.of(user).order_by("-since", "-pk").values_list("pk", flat=True)
        if beyond := list(older[SenderChoice.MOST :]):
            self.filter(pk__in=beyond).delete()


class SenderChoice(models.Model):
    """A sender, by address or by domain, whose mail one person always wants, or no more."""

    MOST: ClassVar[int] = 1_000

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="sender_choices",
        verbose_name=_("user"),
    )
    name = models.CharField(_("address or domain"), max_length=254)
    is_allowed = models.BooleanField(_("always allowed"))
    since = models.DateTimeField(_("since"), default=timezone.now)

    objects = SenderChoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("choice for a sender")
        verbose_name_plural = _("choices for senders")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["user", "name"], name="one_choice_per_sender"),
        )

    def __str__(self) -> str:
        return self.name


class LearntWords(models.Model):
    """Words that were learnt from messages, as fingerprints with the numbers of wanted messages,
    adverts and junk that had them; ``marks``: the same of senders and lists, which are never
    forgotten for want of room."""

    messages = models.JSONField(_("messages learnt: wanted, adverts, junk"), default=list)
    # As text: PostgreSQL's JSON forgets the order, by which the oldest are told.
    words = models.TextField(default="{}")
    marks = models.TextField(default="{}")
    changed = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        abstract = True


class PersonLearnt(LearntWords):
    """The words that one user taught."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )

    class Meta:
        verbose_name = _("what a person taught")
        verbose_name_plural = _("what people taught")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.messages}"


class InstallationLearnt(LearntWords):
    """The sum of what everybody taught; administrators begin anew by deleting the row."""

    ONLY: ClassVar[int] = 1

    class Meta:
        verbose_name = _("what all people taught")
        verbose_name_plural = _("what all people taught")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class FraudReport(models.Model):
    """A message that somebody reported to the authority: whose domain it bore and why it looked
    like a fraud, none of its words."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    domain = models.CharField(_("domain of the sender"), max_length=253, blank=True)
    reasons = models.JSONField(_("reasons"), default=list)
    when = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("reported message")
        verbose_name_plural = _("reported messages")
        ordering = ("-when",)

    def __str__(self) -> str:
        return self.domain


class UnsubscriptionQuerySet(models.QuerySet["Unsubscription"]):
    def of(self, user: AbstractBaseUser) -> UnsubscriptionQuerySet:
        return self.filter(user_id=user.pk)

    def claim(self, pk: int) -> Unsubscription | None:
        """For whoever asks first."""
        claimed = self.filter(pk=pk, state=Unsubscription.State.WAITING).update(
            state=Unsubscription.State.RUNNING, when=timezone.now()
        )
        return self.get(pk=pk) if claimed else None


class Unsubscription(models.Model):
    """A mailing that a person leaves by one click (RFC 8058). ``url`` names the person to the
    sender: it goes when it has been called."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    sender = models.CharField(_("sender"), max_length=254)
    url = models.TextField(blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    when = models.DateTimeField(_("when"), default=timezone.now)

    objects = UnsubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("unsubscription")
        verbose_name_plural = _("unsubscriptions")
        ordering = ("-when", "-pk")

    def __str__(self) -> str:
        return f"{self.sender} {self.state}"


def _sender(name: str) -> str | None:
    """One spelling of an address, or of a domain with a dot in it; None for what is neither."""
    bare = name.strip().strip("@.")
    address = _address(bare if "@" in bare else f"x@{bare}") or ""
    domain = address.rpartition("@")[2]
    if not re.fullmatch(r"(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{1,63}", domain) or " " in address:
        return None
    return address if "@" in bare else domain


def _address(text: str) -> str | None:
    """One spelling of an address: lower case, the domain in ASCII; None for what is none."""
    local, at, domain = text.strip().lower().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower() if len(text) <= 254 else ""
    except UnicodeError:
        return None
    address = f"{local}@{domain}"
    usable = local and at and domain and len(address) <= 254 and address.isprintable()
    return address if usable else None
