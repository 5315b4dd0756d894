"""Judge new messages of the inbox when they are first seen, and set adverts and junk aside or mark
them.

A row (`InboxWatch`) holds the last UID judged; a request claims the next messages there before it
judges them. A message that was set aside once is never set aside again, even if another program
moved it back. A failure leaves messages where they are, and does not affect the list.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from accounts.http import SignedInRequest
from accounts.models import User
from core import clock
from mail.errors import ServerUnavailable, WebmailError
from mail.imap.connection import Connection
from mail.imap.values import ADVERT, JUNK, MessageRef, MessageSample
from mail.judgement import languages, verdict
from mail.judgement.known import KnownCorrespondents, Learnt, Rules
from mail.judgement.verdict import Verdict
from mail.judgement.words import VerdictKind
from mail.mailbox import arrivals, folders
from mail.mailbox.memory import Memory
from mail.mime import headers
from mail.mime.headers import Headers
from webmail import enforcing
from webmail.adverts import authserv, correspondence, learning, rspamd
from webmail.adverts.digests import digest_of
from webmail.adverts.learning import Lesson
from webmail.jobs.turns import leaving
from webmail.models import (
    AgreedSender,
    FraudReport,
    InboxProgress,
    InboxWatch,
    Judgement,
    Unsubscription,
)

INBOX = "INBOX"
SECONDS = 0.8
"""Time limit in one request; the rest is judged by the next one."""
PATIENCE = 2.0
"""Seconds to wait for messages that another session judges."""
LONGEST_CLAIM = 30  # seconds: the process may have died
KEYWORDS = {"advert": ADVERT, "junk": JUNK, "fraud": JUNK}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LookResult:
    """The result of looking at the inbox. ``changed`` means that the list is out of date,
    ``has_more`` that one request had no time for all messages. ``reports`` are delivery reports
    (RFC 3464) among the messages, as far as they were read."""

    changed: bool = False
    has_more: bool = False
    reports: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class SetAside:
    """The number of messages set aside today, by kind."""

    adverts: int = 0
    junk: int = 0


def rspamd_server() -> rspamd.RspamdServer | None:
    """Return the rspamd server, if the installation has one."""
    if not settings.RSPAMD_URL:
        return None
    return rspamd.RspamdServer(settings.RSPAMD_URL, settings.RSPAMD_PASSWORD)


def is_due(request: SignedInRequest, uidvalidity: int, newest: int) -> bool:
    """Return whether the inbox may have messages that are not judged. ``newest`` is the highest UID
    that the caller knows. No command, and at most one query a minute."""
    standing = InboxWatch.objects.all().standing(request.user)
    if standing is None or standing.uidvalidity != uidvalidity:
        return True
    return newest > standing.judged


def look(request: SignedInRequest, imap: Connection, newest: int, memory: Memory) -> LookResult:
    """Judge the new messages of the open inbox, for up to `SECONDS`. Of the messages that were
    there before the user's first sign-in, only the newest `ADVERTS_FIRST` are judged. Errors of the
    mail server are not raised: messages that could not be judged are judged later."""
    try:
        return _Look(request, imap, memory).run(newest)
    except WebmailError as error:
        logger.info("new mail not judged: %s", type(error).__name__)
        return LookResult(changed=imap.open_folder != INBOX)


def await_others(request: SignedInRequest) -> None:
    """Wait until another session of the same user has judged the messages it claimed, at most
    `PATIENCE`."""
    deadline = time.monotonic() + PATIENCE
    while cache.get(_claimed(request.user.pk)) and time.monotonic() < deadline:
        time.sleep(0.05)


def aside(request: SignedInRequest) -> SetAside:
    """Return the number of messages set aside today in the user's time zone; none after the user
    closed the notice about them."""
    standing, today = InboxWatch.objects.all().standing(request.user), timezone.localdate()
    if standing is None or standing.day != today.isoformat() or standing.closed == standing.day:
        return SetAside()
    return SetAside(standing.adverts, standing.junk)


def disposal(request: SignedInRequest) -> str:
    """Return what becomes of adverts and junk: ``move``, ``mark`` or ``off``, as the user prefers.
    In a new user's first days nothing is moved, unless somebody chose that."""
    chosen = request.preferences.adverts
    return "mark" if chosen == "move" and trial_end(request) else chosen


def trial_end(request: SignedInRequest) -> date | None:
    """Return the first day on which adverts are moved, while they are only marked because the user
    is new; None otherwise. At most one query a minute."""
    standing = InboxWatch.objects.all().standing(request.user)
    if standing is None or not standing.since or "adverts" in request.user.preferences:
        return None
    end = date.fromisoformat(standing.since) + timedelta(days=settings.ADVERTS_TRIAL_DAYS)
    if end <= timezone.localdate() or "adverts" in enforcing.of_request(request):
        return None
    return end


def close_line(request: SignedInRequest) -> None:
    """Hide today's notice about messages set aside."""
    InboxWatch.objects.all().close_line(request.user, timezone.localdate())


def judgement(request: SignedInRequest, fields: Headers) -> Judgement | None:
    """Return the judgement on a message, found by its header; None for an ordinary wanted message.
    One query."""
    return judgement_of(request, digest_of(fields))


def judgement_of(request: SignedInRequest, digest: str) -> Judgement | None:
    """Return the judgement on a message, found by its `digest_of`."""
    return Judgement.objects.all().one(request.user, digest)


def meet(
    request: SignedInRequest, imap: Connection, ref: MessageRef, fields: Headers, kind: str
) -> None:
    """Judge an opened message that another program, such as a Sieve script, put into the folder of
    adverts or junk (``kind``), so that the reader shows the reasons and disables a fraud's links.
    One query if it was judged before, otherwise a FETCH too. Errors of the mail server are not
    raised."""
    digest = digest_of(fields)
    if judgement_of(request, digest):
        return
    try:
        raw = arrivals.sample(imap, ref)
    except WebmailError as error:
        logger.info("opened message not judged: %s", type(error).__name__)
        return
    standing = InboxWatch.objects.all().standing(request.user)
    usual = standing.usual_languages if standing else frozenset()
    known = correspondence.known(request.user, [raw])
    learnt = replace(learning.learnt(request.user), languages=usual)
    judged = correspondence.judge(request.user, raw, known, _rules(request.user), learnt)
    if judged.kind == "wanted" and not judged.is_fraud:
        return
    row = Judgement(
        user=request.user,
        digest=digest,
        kind=kind,
        is_moved=True,
        reasons=list(judged.reasons) if judged.kind != "wanted" else [],
        fraud=list(judged.fraud),
        is_fraud=judged.is_fraud,
    )
    Judgement.objects.bulk_create([row], ignore_conflicts=True)


def _rules(user: User) -> Rules:
    servers, domains = tuple(settings.ADVERTS_SERVERS), tuple(correspondence.domains())
    return Rules(servers, domains, authserv.name(user))


def forget_overdue() -> None:
    """Delete judgements and unsubscriptions older than `Judgement.KEPT`, and old reports and
    agreements."""
    FraudReport.objects.filter(when__lt=clock.now() - FraudReport.KEPT).delete()
    Judgement.objects.all().overdue().delete()
    AgreedSender.objects.all().overdue().delete()
    Unsubscription.objects.filter(changed__lt=clock.now() - Judgement.KEPT).delete()


def _claimed(user: int) -> str:
    return f"judging:{user}"


@dataclass(frozen=True)
class _JudgedMessage:
    sample: MessageSample
    digest: str
    verdict: Verdict

    @property
    def is_unwanted(self) -> bool:
        return self.verdict.kind != "wanted"

    @property
    def is_of_known(self) -> bool:
        """Whether it tells in which language people write to the user."""
        return self.verdict.is_proved and self.verdict.language in languages.NAMED


class _Look:
    """One look at the inbox of a user."""

    def __init__(self, request: SignedInRequest, imap: Connection, memory: Memory) -> None:
        self._request, self._imap, self._memory = request, imap, memory
        self._user = request.user
        self._watch = InboxWatch.objects.all()
        self._uidvalidity = imap.known().uidvalidity
        self._rules = _rules(self._user)
        self._rspamd = rspamd_server()
        self._reports: list[bytes] = []
        self._languages: frozenset[str] = frozenset()

    def run(self, newest: int) -> LookResult:
        newest = max(newest, self._imap.known().uidnext - 1)
        standing = self._watch.fresh(self._user)
        if standing is None or standing.uidvalidity != self._uidvalidity:
            standing = self._begin(newest)
        if newest <= standing.judged:
            return LookResult()
        self._languages = standing.usual_languages
        return self._judge_after(standing, newest)

    def _begin(self, newest: int) -> InboxProgress:
        """Begin to watch the inbox. Old messages stay where the user expects them."""
        judged = newest
        if settings.ADVERTS_FIRST:
            first = arrivals.untouched(self._imap)[-settings.ADVERTS_FIRST :]
            judged = first[0] - 1 if first else newest
        self._watch.begin(self._user, self._uidvalidity, judged, timezone.localdate())
        return self._watch.fresh(self._user) or InboxProgress(self._uidvalidity, judged)

    def _judge_after(self, standing: InboxProgress, newest: int) -> LookResult:
        uids = arrivals.untouched(self._imap, standing.judged)
        deadline, before, changed = time.monotonic() + SECONDS, standing.judged, False
        for start in range(0, max(len(uids), 1), arrivals.AT_ONCE):
            batch = uids[start : start + arrivals.AT_ONCE]
            is_last = start + arrivals.AT_ONCE >= len(uids)
            until = max(newest, *batch, 0) if is_last else batch[-1]
            if not self._watch.claim(self._user, self._uidvalidity, before, until):
                # Another session is judging, so the list is about to change.
                return LookResult(changed=True)
            changed = self._judge_claimed(batch, before, until) or changed
            before = until
            if not is_last and time.monotonic() > deadline:
                return LookResult(changed, has_more=True, reports=tuple(self._reports))
        return LookResult(changed, reports=tuple(self._reports))

    def _judge_claimed(self, uids: Sequence[int], before: int, until: int) -> bool:
        if not uids:
            return False
        cache.set(_claimed(self._user.pk), True, LONGEST_CLAIM)
        try:
            return self._judge(uids)
        except WebmailError:
            self._watch.give_back(self._user, self._uidvalidity, before, until)
            raise
        finally:
            cache.delete(_claimed(self._user.pk))

    def _judge(self, uids: Sequence[int]) -> bool:
        self._imap.require(MessageRef(INBOX, self._uidvalidity, uids[0]))
        samples = arrivals.samples(self._imap, uids)
        self._reports += [sample.raw for sample in samples if arrivals.is_report(sample.raw)]
        authserv.note(self._user, [sample.raw for sample in samples], self._rules.domains)
        judged = self._verdicts(samples)
        unwanted = [candidate for candidate in judged if candidate.is_unwanted]
        places = self._dispose(unwanted)
        self._note(judged, places)
        return bool(places)

    def _verdicts(self, samples: Sequence[MessageSample]) -> list[_JudgedMessage]:
        """Return verdicts on messages that were not judged before, in another folder or before they
        were moved back."""
        by_digest = [(digest_of(headers.parse(sample.raw)), sample) for sample in samples]
        before = Judgement.objects.all().known(self._user, {digest for digest, _ in by_digest})
        self._learn_of_back(by_digest, before)
        new = [(digest, sample) for digest, sample in by_digest if digest not in before]
        if not new:
            return []
        known = correspondence.known(self._user, [sample.raw for _, sample in new])
        learnt = replace(learning.learnt(self._user), languages=self._languages)
        judged = [
            _JudgedMessage(sample, digest, self._verdict(sample, known, learnt))
            for digest, sample in new
        ]
        codes = [candidate.verdict.language for candidate in judged if candidate.is_of_known]
        self._watch.note_languages(self._user, codes)
        if any(candidate.is_unwanted for candidate in judged):
            judged = self._seen_with_what_was_sent(judged, known)
        return judged

    def _learn_of_back(
        self, named: Sequence[tuple[str, MessageSample]], before: Mapping[str, Judgement]
    ) -> None:
        """Learn from messages that were set aside and are in the inbox again: the user moved them
        back in another program, so they are wanted."""
        back = [
            (digest, sample)
            for digest, sample in named
            if digest in before and before[digest].is_moved and not before[digest].taught
        ]
        if not back:
            return
        learning.teach(
            self._user, [Lesson(digest, sample.raw, "wanted") for digest, sample in back]
        )
        rows = [before[digest].pk for digest, _ in back]
        Judgement.objects.filter(pk__in=rows).update(is_moved=False)

    def _verdict(
        self, sample: MessageSample, known: KnownCorrespondents, learnt: Learnt
    ) -> Verdict:
        own = correspondence.judge(self._user, sample.raw, known, self._rules, learnt)
        return own if own.is_proved else self._with_rspamds(own, sample.raw)

    def _with_rspamds(self, own: Verdict, raw: bytes) -> Verdict:
        """Treat a message that we find wanted as junk if rspamd says so. The reverse is not done,
        since rspamd does not recognise adverts. After one failure rspamd is not asked again in this
        look."""
        if self._rspamd is None or own.kind in ("junk", "fraud"):
            return own
        try:
            checked = rspamd.check(self._rspamd, raw, self._user.address)
        except ServerUnavailable as error:
            logger.warning("rspamd not asked: %s", error)
            self._rspamd = None
            return own
        if not checked.is_spam:
            return own
        reasons = tuple(dict.fromkeys(("server_spam", *own.reasons)))[:5]
        score = max(own.score, 0.99)
        return replace(own, kind="junk", score=score, reasons=reasons)

    def _seen_with_what_was_sent(
        self, judged: Sequence[_JudgedMessage], known: KnownCorrespondents
    ) -> list[_JudgedMessage]:
        """Reconsider unwanted messages in view of the messages that the user sent, also with other
        programs: recipients and authors of answers are no advertisers."""
        sent = arrivals.written(self._imap, self._memory)
        known = replace(
            known,
            addresses=known.addresses | (sent.addresses - known.blocked),
            message_ids=known.message_ids | sent.message_ids,
        )
        return [
            replace(
                candidate,
                verdict=verdict.reconsidered(
                    candidate.verdict, candidate.sample.raw, known, self._rules
                ),
            )
            if candidate.is_unwanted
            else candidate
            for candidate in judged
        ]

    def _dispose(self, unwanted: Sequence[_JudgedMessage]) -> dict[str, str]:
        """Set messages aside or mark them, as the user prefers. Return ``moved`` or ``marked`` by
        digest."""
        wanted = disposal(self._request)
        done: dict[str, str] = {}
        for kind in _set_aside() if wanted != "off" else ():
            candidates = [candidate for candidate in unwanted if candidate.verdict.kind == kind]
            refs = [
                MessageRef(INBOX, self._uidvalidity, candidate.sample.uid)
                for candidate in candidates
            ]
            became = self._dispose_of(refs, kind, is_moved=wanted == "move") if refs else ""
            done |= {candidate.digest: became for candidate in candidates if became}
        return done

    def _dispose_of(self, refs: Sequence[MessageRef], kind: str, *, is_moved: bool) -> str:
        if is_moved:
            use = "" if kind == "advert" else folders.JUNK
            with leaving(self._user, self._imap, INBOX):
                moved = arrivals.set_aside(self._imap, refs, settings.ADVERTS_FOLDER, use)
            if moved is not None:
                numbers = {"adverts": 0, "junk": 0} | {_COUNTED[kind]: moved}
                self._watch.note_aside(self._user, timezone.localdate(), **numbers)
                return "moved"
        return "marked" if arrivals.mark(self._imap, refs, KEYWORDS[kind]) else ""

    def _note(self, judged: Iterable[_JudgedMessage], done: dict[str, str]) -> None:
        rows = [
            Judgement(
                user=self._user,
                digest=candidate.digest,
                kind=candidate.verdict.kind,
                is_moved=done.get(candidate.digest) == "moved",
                reasons=list(candidate.verdict.reasons),
                fraud=list(candidate.verdict.fraud),
                is_fraud=candidate.verdict.is_fraud,
            )
            for candidate in judged
            if candidate.digest in done or candidate.verdict.is_fraud
        ]
        Judgement.objects.bulk_create(rows, ignore_conflicts=True)


_COUNTED = {"advert": "adverts", "junk": "junk", "fraud": "junk"}


def _set_aside() -> tuple[VerdictKind, ...]:
    """Return the kinds that are moved out of the inbox. The administrator may leave frauds there,
    with their links and files disabled."""
    unwanted: tuple[VerdictKind, ...] = ("advert", "junk", "fraud")
    return unwanted if settings.FRAUDS == "junk" else unwanted[:2]
