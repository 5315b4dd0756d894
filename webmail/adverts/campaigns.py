"""Group reports into campaigns by the envelope alone, and derive the criteria that the messages of
a campaign share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from core import clock
from mail.folding import fold
from mail.judgement import domains, message
from mail.mailbox.ordering import without_answer
from mail.mailbox.query import And, Identified, Or, Query, Received, Term, Text
from mail.mime import build
from mail.mime.headers import Headers
from webmail.adverts import correspondence
from webmail.models import FraudReport

SHOWN_FOR: Final = timedelta(days=30)
MOST_REPORTS: Final = 2_000
MOST_HOSTS: Final = 10
MOST_IDS, MOST_SENDERS = 20, 10
LONGEST_SPAN: Final = timedelta(days=14)
"""The longest span of days in which the messages of a sender are pulled."""
_EARLIER = timedelta(days=7)
"""How long before the day of the first reported message others may have got the same one."""
_LEAST_SUBJECT = 8
"""The least number of characters of a subject that identifies a campaign: many messages are named
"Facture"."""


@dataclass(frozen=True)
class Criteria:
    """The messages of a campaign: those with one of these Message-IDs; and those from exactly one
    of ``senders``, received from ``since`` until before ``until``, with exactly one of the folded
    ``subjects`` or a link to one of ``hosts``."""

    message_ids: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether the criteria select anything, and no more than is allowed."""
        if not self.senders:
            return bool(self.message_ids)
        if not (self.subjects or self.hosts) or not (self.since and self.until):
            return False
        span = date.fromisoformat(self.until) - date.fromisoformat(self.since)
        return timedelta(0) < span <= LONGEST_SPAN

    @property
    def query(self) -> Query:
        """A search that finds at least all messages that meet the criteria."""
        terms: list[Term] = [Identified(message_id) for message_id in self.message_ids]
        if terms and self.since:
            # A server searches headers only in the messages of these days, and leaves the others
            # unread.
            early = Received("SINCE", date.fromisoformat(self.since) - _EARLIER)
            terms = [And((terms[0] if len(terms) == 1 else Or(tuple(terms)), early))]
        if self.senders:
            since, until = date.fromisoformat(self.since), date.fromisoformat(self.until)
            senders: list[Term] = [Text("FROM", sender) for sender in self.senders]
            days = (Received("SINCE", since), Received("BEFORE", until))
            terms.append(And((senders[0] if len(senders) == 1 else Or(tuple(senders)), *days)))
        return Query(terms[0] if len(terms) == 1 else Or(tuple(terms)))

    @property
    def days(self) -> tuple[date, date] | None:
        """The first day and the day after the last; None where the days are not limited."""
        if not (self.since and self.until):
            return None
        return date.fromisoformat(self.since), date.fromisoformat(self.until)

    def has_id(self, fields: Headers) -> bool:
        ids = build.message_ids(fields.get("Message-ID"))
        return bool(ids) and ids[0] in self.message_ids

    def has_sender(self, fields: Headers) -> bool:
        return sender_of(fields) in self.senders

    def has_subject(self, fields: Headers) -> bool:
        return subject_of(fields) in self.subjects

    def has_host(self, raw: bytes) -> bool:
        """Return whether a message has a link to one of the hosts. ``raw`` is its beginning."""
        return bool(self.hosts) and not set(self.hosts).isdisjoint(
            message.read_message(raw).hosts()
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Criteria:
        lists = ("message_ids", "senders", "subjects", "hosts")
        return cls(
            **{name: tuple(values.get(name, ())) for name in lists},
            since=values.get("since", ""),
            until=values.get("until", ""),
        )


def sender_of(fields: Headers) -> str:
    """Return the author's address in lower case; "" where the message has no author, or several."""
    authors = fields.addresses("From", 2)
    return authors[0].address.lower()[:254] if len(authors) == 1 else ""


def subject_of(fields: Headers) -> str:
    """Return the folded subject, without prefixes of replies."""
    return folded(fields.get("Subject"))


def folded(subject: str) -> str:
    return " ".join(fold(without_answer(subject[:500])).split())[:200]


@dataclass(frozen=True)
class Campaign:
    """Reports of one campaign, the newest first."""

    reports: tuple[FraudReport, ...]

    @property
    def pk(self) -> int:
        """The number of the oldest report."""
        return min(report.pk for report in self.reports)

    @property
    def first(self) -> datetime:
        return self.reports[-1].when

    @property
    def last(self) -> datetime:
        return self.reports[0].when

    @property
    def people(self) -> int:
        return len({report.user_id for report in self.reports})

    @property
    def senders(self) -> tuple[str, ...]:
        return _each(report.sender or report.domain for report in self.reports)

    @property
    def subjects(self) -> tuple[str, ...]:
        return _each(report.subject for report in self.reports)

    @property
    def hosts(self) -> tuple[str, ...]:
        return _each(host for report in self.reports for host in report.hosts)

    @property
    def message_ids(self) -> tuple[str, ...]:
        return _each(report.message_id for report in self.reports)

    def criteria(self, ways: Collection[str]) -> Criteria:
        """Return the criteria that the messages of the campaign share. ``ways`` are some of ``id``,
        ``subject`` and ``host``. The days are those of the reported messages, with one day before
        and after. For senders of the authority's own domains only the Message-ID counts, since
        colleagues also send wanted messages with the same subject."""
        is_by_sender = bool({"subject", "host"} & set(ways))
        own = own_hosts()
        hosts = [host for host in self.hosts if not _is_everybodys(host, own)]
        days = [report.received or timezone.localdate(report.when) for report in self.reports]
        senders = [report.sender for report in self.reports]
        addresses = _each(
            sender for sender in senders if not domains.is_in(sender.rpartition("@")[2], own)
        )[:MOST_SENDERS]
        since = max(min(days), max(days) - LONGEST_SPAN + timedelta(days=3)) - timedelta(days=1)
        return Criteria(
            message_ids=self.message_ids[:MOST_IDS] if "id" in ways else (),
            senders=addresses if is_by_sender else (),
            subjects=_each(report.folded for report in self.reports) if "subject" in ways else (),
            hosts=tuple(hosts[:MOST_HOSTS]) if "host" in ways else (),
            since=since.isoformat(),
            until=(max(days) + timedelta(days=2)).isoformat(),
        )

    def matching(self, criteria: Criteria) -> int:
        """Return the number of the campaign's reports that meet the criteria."""
        return sum(_is_meant(report, criteria) for report in self.reports)


def _is_meant(report: FraudReport, criteria: Criteria) -> bool:
    if report.message_id and report.message_id in criteria.message_ids:
        return True
    return report.sender in criteria.senders and (
        report.folded in criteria.subjects or not set(criteria.hosts).isdisjoint(report.hosts)
    )


def recent() -> list[Campaign]:
    """Return the campaigns of the last month, the one with the newest report first. Two queries."""
    reports = FraudReport.objects.select_related("user").filter(when__gte=clock.now() - SHOWN_FOR)
    return grouped(reports.order_by("-when", "-pk")[:MOST_REPORTS])


def grouped(reports: Iterable[FraudReport]) -> list[Campaign]:
    """Group reports into campaigns: those that share a host of links, a folded subject or a
    sender's domain, directly or through other reports."""
    rows = list(reports)
    own = own_hosts()
    leader: dict[int, int] = {row.pk: row.pk for row in rows}

    def head(pk: int) -> int:
        while leader[pk] != pk:
            leader[pk] = leader[leader[pk]]
            pk = leader[pk]
        return pk

    first_with: dict[tuple[str, str], int] = {}
    for row in rows:
        for sign in _signs(row, own):
            other = first_with.setdefault(sign, row.pk)
            leader[head(row.pk)] = head(other)
    together: dict[int, list[FraudReport]] = {}
    for row in rows:
        together.setdefault(head(row.pk), []).append(row)
    return sorted(
        (Campaign(tuple(members)) for members in together.values()),
        key=lambda campaign: campaign.last,
        reverse=True,
    )


def _signs(row: FraudReport, own: frozenset[str]) -> Iterable[tuple[str, str]]:
    """Yield the signs that link a report to others. Domains that everybody uses, and those of the
    authority, are no signs."""
    if row.message_id:
        yield "id", row.message_id
    if len(row.folded) >= _LEAST_SUBJECT:
        yield "subject", row.folded
    if row.domain and not _is_everybodys(row.domain, own):
        yield "domain", row.domain
    for host in row.hosts:
        if not _is_everybodys(host, own):
            yield "host", host


# Services where anybody can publish a page, so that the host does not identify the author.
_SHARED_HOSTS: Final = frozenset(
    "google.com googleapis.com forms.gle goo.gl bit.ly tinyurl.com microsoft.com office.com"
    " sharepoint.com live.com facebook.com linkedin.com youtube.com w3.org".split()
)


def _is_everybodys(host: str, own: frozenset[str]) -> bool:
    return (
        domains.is_in(host, own)
        or domains.is_of_state(host)
        or domains.registered(host) in domains.MAILBOX_PROVIDERS
        or domains.is_in(host, _SHARED_HOSTS)
    )


def own_hosts() -> frozenset[str]:
    return correspondence.domains()


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def find_campaign(pk: int) -> Campaign | None:
    """Return the campaign that a report belongs to, or None."""
    return next(
        (campaign for campaign in recent() if any(report.pk == pk for report in campaign.reports)),
        None,
    )


def hosts_of(raw: bytes) -> Sequence[str]:
    """Return the hosts of a message's links, each once. ``raw`` is its beginning."""
    return _each(host[:253] for host in message.read_message(raw).hosts())[:MOST_HOSTS]
