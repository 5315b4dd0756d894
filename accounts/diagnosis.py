"""The reasons why the webmail does not work for a user, in the order in which the support desk
would look for them.

Each finding is a sentence with advice. Nothing here shows a NUMEN, a date of birth or any content
of mail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from allauth.mfa.models import Authenticator
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from accounts import audit_words, devices, limits, sessions
from accounts.health import server_check
from accounts.health.findings import Finding
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from core import clock

Kind = AuditEvent.Kind
_SHOWN: Final = 15
_RECENT: Final = timedelta(days=30)


@dataclass(frozen=True)
class DiagnosedUser:
    """The user whom a typed login or address names, as far as domains, staff records and user rows
    know."""

    typed: str
    domain: MailDomain | None = None
    record: StaffRecord | None = None
    user: User | None = None

    @property
    def is_known(self) -> bool:
        return self.record is not None or self.user is not None

    @property
    def login(self) -> str:
        """Return the login on the mail server."""
        if self.user is not None:
            return self.user.login
        if self.record is not None:
            return self.record.login
        return self.domain.server_login(self.typed) if self.domain else self.typed

    @property
    def names(self) -> set[str]:
        """Return the names under which the audit log may know the user."""
        names = {self.typed, self.login}
        names |= {self.record.address} if self.record else set()
        names |= {str(self.user), self.user.address} if self.user else set()
        return {name.lower() for name in names if name}

    @property
    def shown(self) -> str:
        return str(self.user or (self.record.address if self.record else self.typed))


@dataclass(frozen=True)
class Diagnosis:
    """The result of a diagnosis. ``events`` are pairs of an event and its details in words."""

    person: DiagnosedUser
    findings: list[Finding]
    events: list[tuple[AuditEvent, str]]
    in_force: list[limits.LimitState]
    second_factors: list[Authenticator]
    may_be_reset: bool
    may_be_lifted: bool
    open_sessions: int


def find_diagnosed(typed: str) -> DiagnosedUser:
    """Find a user by login or address. A local administrator is found too."""
    typed = typed.strip().lower()
    if local := User.objects.filter(mail_domain=None, login=typed).first():
        return DiagnosedUser(typed, user=local)
    domain = MailDomain.objects.of_typed_login(typed) if typed else None
    if domain is None:
        return DiagnosedUser(typed)
    user = User.objects.of_mail_login(domain, typed)
    records = StaffRecord.objects.select_related("mail_domain").filter(mail_domain=domain)
    login = user.login if user else domain.server_login(typed)
    record = (
        records.filter(login=login).first()
        or records.filter(address=domain.address_of(typed)).first()
    )
    if user is None and record is not None:
        user = User.objects.filter(mail_domain=domain, login=record.login).first()
    return DiagnosedUser(typed, domain, record, user)


def diagnose(person: DiagnosedUser, *, is_administrator: bool) -> Diagnosis:
    """Ask the database, the counters and the user's IMAP server (5 seconds at most)."""
    now = clock.now()
    events = events_of(person, now)
    in_force = [state for state in limits.state(limits_of(person, events)) if state.count]
    factors = list(Authenticator.objects.filter(user=person.user)) if person.user else []
    lifts = may_lift(person, is_administrator=is_administrator)
    live = len(sessions.live(person.user, now)) if person.user else 0
    return Diagnosis(
        person=person,
        findings=[
            *_of_records(person),
            *_of_server(person),
            *_of_sign_ins(person, events),
            *_of_limits(in_force, may_lift=lifts),
            *_of_factors(person, factors),
        ],
        events=[(event, audit_words.in_words(event.detail)) for event in events[:_SHOWN]],
        in_force=in_force,
        second_factors=factors,
        may_be_lifted=lifts,
        may_be_reset=bool(factors) and may_reset(person.user, is_administrator=is_administrator),
        open_sessions=live,
    )


def events_of(person: DiagnosedUser, now: datetime) -> list[AuditEvent]:
    """Return the events of the last month, newest first, 100 at most."""
    about = Q(target__in=person.names)
    if person.user is not None:
        about |= Q(actor=person.user)
    return list(AuditEvent.objects.filter(about, when__gte=now - _RECENT)[:100])


def limits_of(person: DiagnosedUser, events: list[AuditEvent]) -> list[limits.Limit]:
    """Return all limits that may block the user: by login, by NUMEN, and by the networks last
    used."""
    login = person.login.partition("@")[0]
    # The failures of a local administrator are counted under the default domain.
    domain = person.domain or MailDomain.objects.of_typed_login(person.typed)
    name = limits.mailbox(domain.pk, login) if domain else person.login
    browsers = devices.digests_of(person.user) if person.user else []
    relevant = [
        limit for browser in ("", *browsers) for limit in limits.of_sign_in(name, "", browser)
    ]
    if person.record is not None:
        relevant += limits.of_numen([bytes(person.record.numen_digest)])
    for network in dict.fromkeys(event.network for event in events if event.network):
        relevant += limits.of_network(network)
    return list(dict.fromkeys(relevant))


def may_reset(user: User | None, *, is_administrator: bool) -> bool:
    """Return whether the second factor may be reset. Only an administrator may reset that of a user
    with a role: support staff could otherwise become administrators."""
    return user is not None and (is_administrator or not user.roles)


def may_lift(person: DiagnosedUser, *, is_administrator: bool) -> bool:
    """Return whether the limits may be lifted. Only an administrator may lift those of an
    administrator: support staff could otherwise guess the password without end. The same is true of
    every login whose failures are counted together with an administrator's
    (`AccountAdapter._counted_as`)."""
    if is_administrator:
        return True
    local = person.login.partition("@")[0]
    same = Q(login=local) | Q(login__startswith=f"{local}@")
    counted = Q(mail_domain=None, login=local) | (Q(mail_domain=person.domain) & same)
    people = [person.user] if person.user else []
    return not any(user.is_administrator for user in [*people, *User.objects.filter(counted)])


def _of_records(person: DiagnosedUser) -> Iterator[Finding]:
    if not person.is_known:
        yield Finding(
            "bad",
            gettext("Nobody here has this login or address."),
            gettext("Check the spelling. Is the person in the staff file, with this address?"),
        )
    if person.domain is None and person.user is None:
        yield Finding(
            "bad",
            gettext("The domain of this address is none of ours."),
            gettext("Mail domains are set up by administrators."),
        )
        return
    if person.record is None and person.domain is not None:
        yield Finding(
            "warn",
            gettext("No staff record: the account lookup cannot find this person."),
            gettext("The next staff file must name the person, with this address."),
        )
    elif person.record is not None and not person.record.is_active:
        yield Finding(
            "bad",
            gettext("The staff record is not active: the account lookup does not answer."),
            gettext("The staff file says that the person has left, or is missing there."),
        )
    elif person.record is not None:
        yield Finding("ok", gettext("The staff record is there, and active."))
    yield from _of_user(person)


def _of_user(person: DiagnosedUser) -> Iterator[Finding]:
    user = person.user
    if user is None:
        yield Finding("warn", gettext("This person has never signed in here."))
    elif is_blocked(user):
        yield Finding("bad", gettext("The account is blocked: no sign-in succeeds."), _block(user))
    else:
        yield Finding("ok", gettext("The user may sign in."))


def is_blocked(user: User | None) -> bool:
    return user is not None and not user.is_active


def _block(user: User) -> str:
    """Return reason and end of a block, for the support desk."""
    values = {"reason": user.blocked_reason, "day": user.blocked_until}
    sentences = [gettext("Reason: %(reason)s") % values] if user.blocked_reason else []
    if user.blocked_until:
        values["day"] = date_format(user.blocked_until, "DATE_FORMAT")
        sentences.append(gettext("The block ends by itself on %(day)s.") % values)
    return " ".join([*sentences, gettext("An administrator can end the block.")])


def _of_server(person: DiagnosedUser) -> Iterator[Finding]:
    domain = person.domain
    if domain is None:
        return
    target = next(server for server in server_check.targets(domain) if server.kind == "imap")
    result = server_check.check(target)
    values = {"host": target.host, "port": target.port, "ms": result.milliseconds}
    if not result.is_ok:
        yield Finding(
            "bad",
            gettext("The IMAP server %(host)s (port %(port)s) does not answer as it must.")
            % values,
            str(result.words),
        )
    elif result.is_slow:
        yield Finding(
            "warn",
            gettext("The IMAP server %(host)s greets slowly: %(ms)s ms.") % values,
            gettext("It is overloaded, or asks a slow DNS server about who connects."),
        )
    else:
        yield Finding("ok", gettext("The IMAP server %(host)s greets within %(ms)s ms.") % values)


def _of_sign_ins(person: DiagnosedUser, events: list[AuditEvent]) -> Iterator[Finding]:
    attempts = [event for event in events if event.kind in {Kind.SIGNED_IN, Kind.SIGN_IN_FAILED}]
    # A blocked account fails whatever the server says: its earlier failures mislead.
    if not attempts or is_blocked(person.user):
        return
    failures = 0
    for event in attempts:
        if event.kind == Kind.SIGNED_IN:
            break
        failures += 1
    if not failures:
        yield Finding("ok", gettext("The last sign-in succeeded."))
        return
    text = ngettext("The last sign-in failed.", "The last %(count)s sign-ins failed.", failures) % {
        "count": intcomma(failures)
    }
    yield Finding("bad", text, _cause_words(str(attempts[0].detail.get("cause", ""))))


def _cause_words(cause: str) -> str:
    return {
        "password": gettext(
            "The mail server refused login or password. Capitals? Another keyboard? A password"
            " changed elsewhere?"
        ),
        "mailbox": gettext(
            "The mailbox is known here by another login, or the mail server does not say whose it"
            " is. Which login did the person use before? Does the staff record name this one?"
        ),
        "not_staff": gettext(
            "The mail domain lets in only people with an active staff record. The password"
            " was right."
        ),
        "blocked": gettext("The account was blocked then. The password was right."),
        "server": gettext("The mail server could not be asked. It is not the person's fault."),
    }.get(cause, "")


def _of_limits(in_force: list[limits.LimitState], *, may_lift: bool) -> Iterator[Finding]:
    reached = [state for state in in_force if state.is_reached]
    for state in reached:
        minutes = -(-state.seconds_left // 60)
        yield Finding("bad", limit_words(state.limit), _end_words(minutes, may_lift=may_lift))
    if not reached:
        yield Finding("ok", gettext("No limit is reached."))


def _end_words(minutes: int, *, may_lift: bool) -> str:
    if may_lift:
        words = ngettext(
            "It ends by itself in %(count)s minute. Below it can be lifted.",
            "It ends by itself in %(count)s minutes. Below it can be lifted.",
            minutes,
        )
    else:
        words = ngettext(
            "It ends by itself in %(count)s minute. An administrator can lift it.",
            "It ends by itself in %(count)s minutes. An administrator can lift it.",
            minutes,
        )
    return words % {"count": minutes}


def limit_words(limit: limits.Limit) -> str:
    """Return a sentence that says what the limit blocks once it is reached."""
    values = {"network": limit.subject}
    return {
        "login": gettext("Too many wrong passwords for this login."),
        "network": gettext("Too many wrong passwords from the network %(network)s.") % values,
        "numen": gettext("This person's NUMEN was looked up too often."),
        "lookups": gettext("Too many lookups without result from the network %(network)s.")
        % values,
    }.get(limit.kind, limit.kind)


def _of_factors(person: DiagnosedUser, factors: list[Authenticator]) -> Iterator[Finding]:
    user = person.user
    if user is None:
        return
    kinds = {factor.type for factor in factors}
    if kinds - {Authenticator.Type.RECOVERY_CODES}:
        yield Finding(
            "ok",
            gettext("A second factor is set up: a code or a key is asked for at sign-in."),
            gettext("Lost? Recovery codes help; else it can be reset below."),
        )
    elif user.is_administrator:
        yield Finding("warn", gettext("An administrator without a second factor."))
