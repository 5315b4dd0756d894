"""Verdicts on messages, the words learnt from them, and the mailings that users leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.cache import cache
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.claims import ClaimedQuerySet, ClaimedRow
from accounts.models.prepared import Prepared
from core import clock

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

WATCH_CACHE_SECONDS = 60


@dataclass(frozen=True)
class InboxProgress:
    """The progress of classification: the last classified UID of the inbox, and the numbers of
    messages moved aside on ``day``. ``closed`` is the day on which the user closed the line about
    them, ``since`` that of the first look at this inbox (all in ISO format). ``languages`` are the
    numbers of messages from known people, by the code of their language.
    """

    LEAST_TOLD: ClassVar[int] = 50

    uidvalidity: int
    judged: int
    day: str = ""
    adverts: int = 0
    junk: int = 0
    closed: str = ""
    since: str = ""
    languages: dict[str, int] = field(default_factory=dict)

    @property
    def usual_languages(self) -> frozenset[str]:
        """The languages of the user's mail; none as long as fewer than `LEAST_TOLD` messages are
        counted."""
        is_told = sum(self.languages.values()) >= self.LEAST_TOLD
        return frozenset(self.languages) if is_told else frozenset()


class InboxWatchQuerySet(models.QuerySet["InboxWatch"]):
    def of(self, user: AbstractBaseUser) -> InboxWatchQuerySet:
        return self.filter(user_id=user.pk)

    def standing(self, user: AbstractBaseUser) -> InboxProgress | None:
        """Return the progress in the inbox from the cache, so that a list costs no query. Return
        None for an inbox that was never classified.
        """
        cached = cache.get(_watch_key(user))
        return InboxProgress(*cached) if cached else self.fresh(user)

    def fresh(self, user: AbstractBaseUser) -> InboxProgress | None:
        """Return the progress in the inbox from the database, for a caller that is about to
        classify.
        """
        columns = (
            "uidvalidity",
            "judged",
            "day",
            "adverts",
            "junk",
            "closed",
            "since",
            "languages",
        )
        row = self.of(user).values_list(*columns).first()
        if row is None:
            return None
        uidvalidity, judged, day, adverts, junk, closed, since, languages = row
        standing = InboxProgress(
            uidvalidity, judged, _iso(day), adverts, junk, _iso(closed), _iso(since), languages
        )
        cache.set(_watch_key(user), list(astuple(standing)), WATCH_CACHE_SECONDS)
        return standing

    def begin(self, user: AbstractBaseUser, uidvalidity: int, judged: int, today: date) -> None:
        """Leave mail up to the UID ``judged`` unclassified: the inbox is new to the webmail since
        ``today``, or was recreated.
        """
        progress = {"uidvalidity": uidvalidity, "judged": judged}
        self.update_or_create(
            user_id=user.pk, defaults=progress, create_defaults={**progress, "since": today}
        )
        cache.delete(_watch_key(user))

    def claim(self, user: AbstractBaseUser, uidvalidity: int, before: int, until: int) -> bool:
        """Claim the messages above ``before`` up to ``until``. Return whether the caller may
        classify them: of two sessions, one gets them.
        """
        rows = self.of(user).filter(uidvalidity=uidvalidity, judged=before)
        return self._changed(user, rows.update(judged=until))

    def give_back(self, user: AbstractBaseUser, uidvalidity: int, before: int, until: int) -> None:
        """Give back messages that could not be classified, so that they are classified later,
        unless another session has continued meanwhile.
        """
        rows = self.of(user).filter(uidvalidity=uidvalidity, judged=until)
        self._changed(user, rows.update(judged=before))

    def close_line(self, user: AbstractBaseUser, day: date) -> None:
        """Hide the line about messages moved aside for the rest of this day."""
        self._changed(user, self.of(user).update(closed=day))

    def note_languages(self, user: AbstractBaseUser, codes: Iterable[str]) -> None:
        """Count messages from known people by their language, as long as that tells anything new.
        At most one query."""
        standing = self.standing(user)
        if standing is None:
            return
        counts = dict(standing.languages)
        for code in codes:
            if code not in counts or sum(counts.values()) < InboxProgress.LEAST_TOLD:
                counts[code] = counts.get(code, 0) + 1
        if counts != standing.languages:
            self._changed(user, self.of(user).update(languages=counts))

    def note_aside(self, user: AbstractBaseUser, day: date, *, adverts: int, junk: int) -> None:
        """Add to the numbers of messages moved aside on this day; negative numbers are messages
        moved back.
        """
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
    """The progress of classifying one user's inbox. No message is classified twice, not even by two
    sessions.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    uidvalidity = models.PositiveBigIntegerField(_("UIDVALIDITY"))
    judged = models.PositiveBigIntegerField(_("highest classified UID"))
    day = models.DateField(_("last day on which messages were set aside"), null=True, blank=True)
    adverts = models.PositiveIntegerField(_("adverts set aside on that day"), default=0)
    junk = models.PositiveIntegerField(_("junk set aside on that day"), default=0)
    closed = models.DateField(_("last day on which its line was closed"), null=True, blank=True)
    since = models.DateField(_("day of the first look"), null=True, blank=True)
    languages = models.JSONField(_("languages of mail from known people"), default=dict)

    objects = InboxWatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("classified inbox")
        verbose_name_plural = _("classified inboxes")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.judged}"


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _watch_key(user: AbstractBaseUser) -> str:
    return f"inbox-watch:{user.pk}"


class AuthservWitnessQuerySet(models.QuerySet["AuthservWitness"]):
    def note(self, user: AbstractBaseUser, sightings: Iterable[tuple[str, str]]) -> None:
        """Add messages, each given by the name of its results and a fingerprint of its sender's
        domain. Another name than before begins anew. One query, and a second where that changes
        anything.
        """
        before = self.filter(user_id=user.pk).values_list("name", "messages", "senders").first()
        name, messages, senders = before or ("", 0, [])
        for seen, sender in sightings:
            if seen != name:
                name, messages, senders = seen, 0, []
            messages = min(messages + 1, AuthservWitness.MESSAGES)
            if sender not in senders and len(senders) < AuthservWitness.SENDERS:
                senders = [*senders, sender]
        if (name, messages, senders) != before:
            values: dict[str, object] = {"name": name, "messages": messages, "senders": senders}
            self.update_or_create(user_id=user.pk, defaults=values)

    def agreed(self, domain: int) -> tuple[str, int]:
        """Return the name that nearly all mailboxes of this mail domain testify to, with their
        number; ``("", 0)`` where too few do.
        """
        rows = self.filter(user__mail_domain_id=domain, messages__gte=AuthservWitness.MESSAGES)
        names = Counter(
            name
            for name, senders in rows.values_list("name", "senders")
            if len(senders) >= AuthservWitness.SENDERS
        )
        name, mailboxes = next(iter(names.most_common(1)), ("", 0))
        is_agreed = mailboxes >= AuthservWitness.MAILBOXES and (
            mailboxes >= AuthservWitness.AGREEMENT * names.total()
        )
        return (name, mailboxes) if name and is_agreed else ("", 0)


class AuthservWitness(models.Model):
    """What the last messages from elsewhere in one user's inbox testify to: the name under which
    the mail server signed its results of all of them; empty where it signed none. A mailbox counts
    once it has seen enough messages of enough senders' domains without another name.
    """

    MESSAGES: ClassVar[int] = 10
    SENDERS: ClassVar[int] = 5
    MAILBOXES: ClassVar[int] = 3
    AGREEMENT: ClassVar[float] = 0.9

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    name = models.CharField(_("name of the mail server"), max_length=253, blank=True)
    messages = models.PositiveSmallIntegerField(_("messages in a row"), default=0)
    senders = models.JSONField(_("keyed digests of senders’ domains"), default=list)

    objects = AuthservWitnessQuerySet.as_manager()

    class Meta:
        verbose_name = _("name of the mail server seen in a mailbox")
        verbose_name_plural = _("names of the mail server seen in mailboxes")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.name}"


class JudgementQuerySet(models.QuerySet["Judgement"]):
    def of(self, user: AbstractBaseUser) -> JudgementQuerySet:
        return self.filter(user_id=user.pk)

    def known(self, user: AbstractBaseUser, digests: Iterable[str]) -> dict[str, Judgement]:
        """Return the judgements of messages by digest, in one query."""
        return {
            judgement.digest: judgement
            for judgement in self.of(user).filter(digest__in=list(digests))
        }

    def one(self, user: AbstractBaseUser, digest: str) -> Judgement | None:
        return next(iter(_judgement(user.pk, digest)), None)

    def aside_since(self, user: AbstractBaseUser, when: datetime) -> tuple[int, int]:
        """Return the numbers of messages that were moved aside since ``when``, and of those moved
        back, in one query.
        """
        rows = self.of(user).filter(when__gte=when).exclude(kind="wanted")
        is_back = models.Q(taught="wanted")
        counted = rows.aggregate(
            aside=models.Count("pk", filter=is_back | models.Q(is_moved=True)),
            back=models.Count("pk", filter=is_back),
        )
        return counted["aside"], counted["back"]

    def opinions(self, sender: str) -> Counter[bool]:
        """Return the numbers of users whose last lesson on this sender (a keyed digest) was that
        its mail is wanted (True), or unwanted. One query, of the newest lessons."""
        rows = self.filter(sender=sender).exclude(taught="").order_by("-when", "-pk")
        newest = list(rows.values_list("user_id", "taught")[: Judgement.MOST_OPINIONS])
        return Counter(taught == "wanted" for taught in dict(reversed(newest)).values())

    def overdue(self) -> JudgementQuerySet:
        return self.filter(when__lt=clock.now() - Judgement.KEPT)


class Judgement(models.Model):
    """The judgement on one message of one user: the reasons why it was moved aside or marked, signs
    of fraud in it, and the kind that the user taught. Only a keyed digest names the message. A
    wanted message without signs of fraud has no row, unless the user taught it.
    """

    KEPT: ClassVar[timedelta] = timedelta(days=90)
    MOST_OPINIONS: ClassVar[int] = 2_000

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    digest = models.CharField(_("keyed digest of the message’s identity"), max_length=40)
    kind = models.CharField(_("classified as"), max_length=6)
    is_moved = models.BooleanField(_("set aside"), default=False)
    reasons = models.JSONField(_("reasons"), default=list)
    fraud = models.JSONField(_("signs of fraud"), default=list)
    is_fraud = models.BooleanField(_("fraud"), default=False)
    taught = models.CharField(_("what the person said"), max_length=6, blank=True)
    sender = models.CharField(
        _("keyed digest of the sender, once taught"), max_length=40, blank=True, db_default=""
    )
    when = models.DateTimeField(_("when"), default=clock.now)

    objects = JudgementQuerySet.as_manager()

    class Meta:
        verbose_name = _("judgement on a message")
        verbose_name_plural = _("judgements on messages")
        ordering = ("-when",)
        constraints = (
            models.UniqueConstraint(fields=["user", "digest"], name="one_judgement_per_message"),
        )
        indexes = (
            models.Index(fields=["when"], name="judgement_when"),
            models.Index(fields=["sender"], name="judgement_sender"),
        )

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind}"


_judgement: Prepared[Judgement] = Prepared(
    lambda user, digest: Judgement.objects.filter(user_id=user, digest=digest), int, str
)


class LearntWords(models.Model):
    """Words learnt from messages, as fingerprints with the numbers of wanted messages, adverts and
    junk that contained them. ``marks`` holds the same for senders and lists, which are never
    dropped to save space.
    """

    messages = models.JSONField(_("messages learnt: wanted, adverts, junk"), default=list)
    # Stored as text: PostgreSQL's JSON loses the order, by which the oldest words are found.
    words = models.TextField(default="{}")
    marks = models.TextField(default="{}")
    changed = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        abstract = True


class PersonLearnt(LearntWords):
    """The words learnt from what one user taught."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )

    class Meta:
        verbose_name = _("words taught by a user")
        verbose_name_plural = _("words taught by users")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.messages}"


class InstallationLearnt(LearntWords):
    """The sum of what all users taught. Administrators can start again by deleting the row."""

    ONLY: ClassVar[int] = 1

    class Meta:
        verbose_name = _("words taught by all users")
        verbose_name_plural = _("words taught by all users")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class AgreedSenderQuerySet(models.QuerySet["AgreedSender"]):
    def by_mark(self) -> dict[str, bool]:
        """Return the marks of the senders and lists that count for all users, and whether their
        mail is wanted. One query."""
        rows = self.filter(is_ignored=False).order_by("-changed")
        return dict(rows.values_list("mark", "is_wanted")[: AgreedSender.MOST])

    def overdue(self) -> AgreedSenderQuerySet:
        return self.filter(is_ignored=False, changed__lt=clock.now() - AgreedSender.KEPT)


class AgreedSender(models.Model):
    """A sender or mailing list on which so many users agree that it counts for all of them.
    ``mark`` is its fingerprint in messages. The decision of an administrator to ignore it stays."""

    KEPT: ClassVar[timedelta] = timedelta(days=365)
    MOST: ClassVar[int] = 2_000

    name = models.CharField(_("address, or identity of a list"), max_length=254, unique=True)
    mark = models.CharField(max_length=8)
    is_wanted = models.BooleanField(_("wanted"))
    people = models.PositiveIntegerField(_("people who agree"))
    opposed = models.PositiveIntegerField(_("people who say the opposite"), default=0)
    is_ignored = models.BooleanField(_("ignored"), default=False)
    since = models.DateTimeField(_("since"), auto_now_add=True)
    changed = models.DateTimeField(_("last change"), default=clock.now)

    objects = AgreedSenderQuerySet.as_manager()

    class Meta:
        verbose_name = _("sender on which users agree")
        verbose_name_plural = _("senders on which users agree")
        ordering = ("-changed", "-pk")

    def __str__(self) -> str:
        return self.name


class FraudReport(models.Model):
    """A message that a user reported to the authority, by its envelope: its sender and subject, the
    hosts of its links, and the reasons why it looked like fraud. Its text is not stored.
    """

    KEPT: ClassVar[timedelta] = timedelta(days=365)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    digest = models.CharField(
        _("keyed digest of the message’s identity"), max_length=40, blank=True, db_default=""
    )
    message_id = models.CharField("Message-ID", max_length=255, blank=True, db_default="")
    sender = models.CharField(_("sender"), max_length=254, blank=True, db_default="")
    domain = models.CharField(_("domain of the sender"), max_length=253, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True, db_default="")
    folded = models.CharField(
        _("subject as it is compared"), max_length=200, blank=True, db_default=""
    )
    hosts = models.JSONField(_("where its links lead"), default=list, db_default=[])
    received = models.DateField(_("day of the message"), null=True, blank=True)
    reasons = models.JSONField(_("reasons"), default=list)
    when = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("reported message")
        verbose_name_plural = _("reported messages")
        ordering = ("-when",)
        indexes = (models.Index(fields=["user", "digest"], name="report_of_a_message"),)

    def __str__(self) -> str:
        return self.domain


class UnsubscriptionQuerySet(ClaimedQuerySet["Unsubscription"]):
    def of(self, user: AbstractBaseUser) -> UnsubscriptionQuerySet:
        return self.filter(user_id=user.pk)


class Unsubscription(ClaimedRow):
    """A mailing that a user leaves by one click (RFC 8058). ``url`` identifies the user to the
    sender, so it is deleted once it has been called.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    STEPS: ClassVar[dict[str, str]] = {State.WAITING: State.RUNNING}
    UNFINISHED: ClassVar[tuple[str, ...]] = (State.WAITING, State.RUNNING)
    PATIENCE: ClassVar[timedelta] = timedelta(minutes=1)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    sender = models.CharField(_("sender"), max_length=254)
    url = models.TextField(blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)

    objects = UnsubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("unsubscription")
        verbose_name_plural = _("unsubscriptions")
        ordering = ("-changed", "-pk")

    def __str__(self) -> str:
        return f"{self.sender} {self.state}"
