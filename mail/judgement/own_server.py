"""The verdicts that our own mail server wrote into a message on its way in: these alone count."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mail.judgement import domains
from mail.mime import authentication
from mail.mime.authentication import Verdicts
from mail.mime.headers import Headers

_BY = re.compile(r"\bby\s+([a-z0-9.-]{1,253})", re.IGNORECASE)
_FROM = re.compile(r"\s*from\s+([^\s;()]{1,253})(?:\s*\(([^)]{0,400})\))?", re.IGNORECASE)
_REVERSE = re.compile(r"\s*([a-z0-9.-]+)\.?\s*\[", re.IGNORECASE)
_LOCAL = re.compile(r"\bwith\s+LMTP", re.IGNORECASE)
# RFC 3848: a client that gave a password.
_HANDED_IN = re.compile(r"\bwith\s+(?:UTF8)?(?:E?SMTPS?A|LMTPS?A)\b", re.IGNORECASE)
_SIGNING_NAME = re.compile(r"\s{0,20}([a-z0-9._-]{1,253})(?=[\s;(]|$)", re.IGNORECASE)
_SCORE = re.compile(r"score=(-?\d{1,4}(?:\.\d+)?)\s+required=(\d{1,4}(?:\.\d+)?)", re.IGNORECASE)
# The rule of Proofpoint's that held, behind a name of its own (rule=notspam, rule=inbound_spam).
_PROOFPOINT = re.compile(r"\brule=(?:[a-z]{1,20}_){0,3}(notspam|spam|phish|malware|bulk)", re.I)
# Exchange, by the last Received: it takes the fields of its organisation out of all mail that comes
# from outside (header firewall), wherever its own stand afterwards.
_EXCHANGE = re.compile(
    r"\bwith\s+(?:Microsoft\s+SMTP\s+Server|mapi\b)|\.outlook\.com\s+with\s+HTTPS", re.IGNORECASE
)
# From these on Exchange puts a message to the junk (SCL), or holds it for phishing (PCL).
_JUNK_LEVEL, _PHISHING_LEVEL = 5, 4
_LEVEL = re.compile(r"\s*(-?\d{1,2})\s*$")
_UNWANTED_STATES = ("spam", "phish", "scam", "malware", "virus")
_RSPAMD = re.compile(r"(True|False)\s*\[(-?\d{1,5}(?:\.\d+)?)\s*/\s*(\d{1,5}(?:\.\d+)?)\]", re.I)


@dataclass(frozen=True)
class ServerVerdict:
    """``spam`` is True, False or None (nothing said); ``ratio`` the score by the limit from which
    it calls a message spam, None when there is no score."""

    verdicts: Verdicts
    spam: bool | None
    ratio: float | None
    own: frozenset[str]


def server_verdict(
    fields: Headers, servers: Collection[str], own: Collection[str], authserv: str = ""
) -> ServerVerdict:
    """Read what our server found.

    ``servers``: the hosts that take in our mail, or domains above them; ``own``: the authority's
    mail domains; ``authserv``: the name under which our server signs its results, besides those of
    our servers. Without ``servers``, the host that wrote the topmost Received is ours. Fields count
    only above the Received by which a server of ours took the message from elsewhere: what
    stands below came with the message, whatever name it bears. A message without such a Received
    has no field that counts.
    """
    ours = frozenset(map(str.lower, servers)) or _topmost(fields)
    trusted = Headers(fields.fields[: _border(fields, ours) or 0])
    is_exchange = _is_exchange(fields, ours)
    spam, ratio = _spam(trusted)
    if is_exchange:
        spam = _level_of_exchange(fields)
    return ServerVerdict(
        verdicts=_of_exchange(fields)
        if is_exchange
        else authentication.server_verdicts(trusted, _author(trusted, ours, authserv)),
        spam=spam,
        ratio=ratio,
        own=frozenset(map(str.lower, own)) or _recipients(fields, ours),
    )


def signing_name(fields: Headers, servers: Collection[str]) -> str | None:
    """Return the authserv-id of the topmost Authentication-Results that our server wrote: ``""``
    where it wrote none.

    Return None for a message that tells nothing of this: one that no server of ours took from
    elsewhere, one that was handed in with a password (RFC 3848), and one that came with a field of
    the same name already, which is forged or was not taken out.
    """
    ours = frozenset(map(str.lower, servers)) or _topmost(fields)
    border = _border(fields, ours)
    if border is None:
        return None
    taken = fields.fields[border][1][:2000].decode("utf-8", "replace")
    if _HANDED_IN.search(taken):
        return None
    name = next(_signing_names(Headers(fields.fields[:border])), "")
    is_brought = name in _signing_names(Headers(fields.fields[border:]))
    return None if name and is_brought else name


def _signing_names(fields: Headers) -> Iterator[str]:
    for value in fields.get_all("Authentication-Results"):
        match = _SIGNING_NAME.match(value[:2000])
        yield match[1].lower() if match else ""


def _is_exchange(fields: Headers, ours: frozenset[str]) -> bool:
    """Whether the server that put the message into the mailbox is an Exchange of ours."""
    last = fields.get("Received")[:2000]
    by = _BY.search(last)
    return bool(by and domains.is_in(by[1], ours) and _EXCHANGE.search(last))


def _level_of_exchange(fields: Headers) -> bool | None:
    """Whether Exchange holds the message for junk (SCL) or phishing (PCL); None when it does not
    say."""
    levels = (
        (_LEVEL.match(fields.get(f"X-MS-Exchange-Organization-{name}")[:20]), limit)
        for name, limit in (("SCL", _JUNK_LEVEL), ("PCL", _PHISHING_LEVEL))
    )
    verdicts = [int(level[1]) >= limit for level, limit in levels if level]
    return any(verdicts) if verdicts else None


def _of_exchange(fields: Headers) -> Verdicts:
    """What Exchange found of the sender: it signs its results with no name, above all others."""
    first = fields.raw("Authentication-Results") or b""
    named = Headers((("Authentication-Results", b"exchange; " + first),))
    return authentication.server_verdicts(named, "exchange")


def _topmost(fields: Headers) -> frozenset[str]:
    match = _BY.search(fields.get("Received")[:2000])
    return frozenset({domains.registered(match[1])}) if match and "." in match[1] else frozenset()


def _recipients(fields: Headers, ours: frozenset[str]) -> frozenset[str]:
    """The domain of whom it was delivered to, where our servers bear it too: a mail host that
    serves many domains is nobody's authority."""
    domain = fields.get("Delivered-To").rpartition("@")[2].lower().strip("<> ")
    return frozenset({domain}) if domain and domains.registered(domain) in ours else frozenset()


def _border(fields: Headers, ours: frozenset[str]) -> int | None:
    """The index of the Received by which the message came to us; None when there is none."""
    border = None
    for index, (name, raw) in enumerate(fields.fields):
        if name.lower() != "received":
            continue
        value = raw[:2000].decode("utf-8", "replace")
        by = _BY.search(value)
        if not by or not domains.is_in(by[1], ours):
            break
        border = index
        if not _is_inside(value, ours):
            break
    return border


def _is_inside(received: str, ours: frozenset[str]) -> bool:
    """Whether one server of ours handed the message to another. What a client calls itself proves
    nothing: the name that its address has must be ours too, but on the last hop (LMTP)."""
    match = _FROM.match(received)
    if not match or not domains.is_in(match[1], ours):
        return match is None and _LOCAL.search(received) is not None
    reverse = _REVERSE.match(match[2] or "")
    return _LOCAL.search(received) is not None or bool(reverse and domains.is_in(reverse[1], ours))


def _author(trusted: Headers, ours: frozenset[str], authserv: str) -> str:
    """The authserv-id of the first Authentication-Results of a server of ours."""
    return next(
        (
            name
            for name in _signing_names(trusted)
            if name and (name == authserv.lower() or domains.is_in(name, ours))
        ),
        "",
    )


def _spam(trusted: Headers) -> tuple[bool | None, float | None]:
    """SpamAssassin's, rspamd's, bogofilter's, Vade's and Proofpoint's verdicts; one that says spam
    is enough."""
    verdicts: list[bool] = []
    ratio: float | None = None
    status = trusted.get("X-Spam-Status")
    if status:
        verdicts.append(status.lower().startswith("yes"))
        if match := _SCORE.search(status):
            ratio = float(match[1]) / max(float(match[2]), 0.1)
    if flag := trusted.get("X-Spam-Flag") or trusted.get("X-Spam"):
        verdicts.append(flag.lower().startswith(("yes", "true")))
    if match := _RSPAMD.search(trusted.get("X-Spamd-Result")):
        verdicts.append(match[1].lower() == "true")
        ratio = float(match[2]) / max(float(match[3]), 0.1)
    if bogosity := trusted.get("X-Bogosity"):
        verdicts.append(bogosity.lower().startswith(("spam", "yes")))
    if state := trusted.get("X-VR-SPAMSTATE") or trusted.get("X-VADE-SPAMSTATE"):
        verdicts.append(state.strip().lower().startswith(_UNWANTED_STATES))
    if match := _PROOFPOINT.search(trusted.get("X-Proofpoint-Spam-Details")[:2000]):
        verdicts.append(match[1].lower() not in ("notspam", "bulk"))
    return (any(verdicts) if verdicts else None), ratio
