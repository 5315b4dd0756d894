"""Messages of the outbox in words: their state, the reason of a failure, and the possible
actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, ngettext

from core import dates
from webmail.outbox import awaited
from webmail.presentation.words import few

_MOST_NAMES = 3
_MOST_LINES, _MOST_SUBJECT = 3, 60
_SOON, _LATER = 2, 20  # seconds until a page asks again, while a message moves and while it waits


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a message. ``state``, ``stage`` and ``failure`` are words of the model and of
    mail/errors.py. ``refused`` holds pairs of address and the server's words. ``is_retried``: it
    is sent again automatically. ``is_of_batch``: others of a message to each may have left.
    ``is_back``: a delivery report said that it did not arrive, ``bounce_status`` why (RFC 3463).
    ``left`` of ``count`` messages of a batch have left, where it stands for all of them."""

    state: str
    stage: str
    due: datetime
    sent: datetime | None = None
    failure: str = ""
    server_words: str = ""
    refused: Sequence[tuple[str, str]] = field(default=())
    is_retried: bool = True
    is_of_batch: bool = False
    is_back: bool = False
    bounce_status: str = ""
    count: int = 1
    left: int = 0

    @property
    def has_left(self) -> bool:
        return self.stage in ("handed", "filed")


def how(standing: Standing) -> str:
    """Return the state of a message in a sentence or two."""
    match standing.state:
        case "sent" if standing.is_back and standing.is_of_batch:
            return gettext("It came back: it was not delivered.")
        case "sent" if standing.is_back:
            addresses = ", ".join(address for address, _words in standing.refused)
            return gettext("It came back from %(addresses)s.") % {"addresses": addresses}
        case "sent" if standing.failure:
            return gettext("Sent, but no copy could be kept in “Sent”. Do not send it again.")
        case "sent":
            words = ngettext("Sent at %(time)s.", "All were sent at %(time)s.", standing.count)
            return words % {"time": dates.when(standing.sent, full=True)}
        case "failed":
            return gettext("Not sent.")
        case "doubt" if standing.failure.startswith("Restored"):
            return gettext("Perhaps sent. Ask one of the recipients whether it arrived.")
        case "doubt":
            return gettext(
                "Perhaps sent: the mail server had the whole message and did not say whether it"
                " took it. Ask one of the recipients whether it arrived."
            )
        case "password" if standing.has_left:
            return gettext("Sent. Its copy is put into “Sent” in a moment.")
        case "password":
            return ngettext(
                "The message waits for a new sign-in: the mail server no longer takes the one that"
                " it was sent with.",
                "The messages wait for a new sign-in: the mail server no longer takes the one that"
                " they were sent with.",
                standing.count,
            )
        case "scheduled":
            return gettext("Leaves on %(when)s.") % {"when": dates.when_long(standing.due)}
        case "sending" if standing.count > 1:
            return progress(standing.left, standing.count)
        case "sending":
            return gettext("It is being sent.")
    return _held(standing)


def _held(standing: Standing) -> str:
    if standing.has_left:
        return gettext("Sent. Its copy is put into “Sent” as soon as the mail server takes it.")
    if standing.failure and not standing.is_retried:
        return gettext("Not sent yet. Choose “Send now” to try again.")
    if standing.failure:
        return gettext("Not sent yet. It is tried again at %(time)s.") % {
            "time": dates.when(standing.due)
        }
    if standing.left:
        return progress(standing.left, standing.count)
    return ngettext("Leaves in a moment.", "They leave in a moment.", standing.count)


def progress(left: int, count: int) -> str:
    """Return how far a message to each is on its way."""
    words = gettext("Being sent: %(left)s of %(count)s.")
    return words % {"left": intcomma(left), "count": intcomma(count)}


def said(standing: Standing) -> str:
    """Return the server's own words, for those who understand them; each answer once."""
    answers = dict.fromkeys(words for _address, words in standing.refused if words)
    words = " ".join(answers) or (standing.server_words if standing.failure else "")
    return gettext("The mail server says: %(words)s") % {"words": words} if words else ""


def short_subject(subject: str) -> str:
    """Return a subject for a line that stands on every page."""
    if len(subject) > _MOST_SUBJECT:
        return subject[:_MOST_SUBJECT].rstrip() + "…"
    return subject or gettext("(no subject)")


def to_whom(people: Sequence[tuple[str, str]]) -> str:
    """Return the recipients in words: ``Bob Petit, carol@exemple.fr and 12 others``."""
    return few([name or address for name, address in people], _MOST_NAMES)


def leaving(seconds: int, count: int = 1) -> str:
    """Return the toast of messages that are held back; scripts count down the number in it."""
    if count > 1:
        return ngettext(
            "The messages leave in %(seconds)s second.",
            "The messages leave in %(seconds)s seconds.",
            seconds,
        )
    return ngettext(
        "The message leaves in %(seconds)s second.",
        "The message leaves in %(seconds)s seconds.",
        seconds,
    )


@dataclass(frozen=True, slots=True)
class NotLeft:
    """The lines on every page about messages that have not left. A page asks again after
    ``seconds``, 0 if no message is awaited; ``digest`` tells whether the page has said it
    already."""

    lines: tuple[str, ...] = ()
    seconds: int = 0
    digest: str = ""


def not_left(messages: Sequence[awaited.Awaited]) -> NotLeft:
    """Return the lines of messages that are awaited; those that have left have none."""
    waiting = [message for message in messages if message.state != awaited.LEFT]
    lines = tuple(_line(message) for message in waiting)
    if len(lines) > _MOST_LINES:
        words = ngettext(
            "%(count)d message has not left yet.",
            "%(count)d messages have not left yet.",
            len(lines),
        )
        lines = (words % {"count": sum(message.waiting for message in waiting)},)
    is_moving = any(message.state in (awaited.MOVING, awaited.LEFT) for message in messages)
    seconds = (_SOON if is_moving else _LATER) if messages else 0
    return NotLeft(lines, seconds, awaited.digest(messages))


def _line(message: awaited.Awaited) -> str:
    values = {"subject": short_subject(message.subject)}
    if message.count > 1:
        # Translators: of the messages with one subject, one to each recipient.
        words = ngettext(
            "“%(subject)s”: %(waiting)d of %(count)d messages has not left yet.",
            "“%(subject)s”: %(waiting)d of %(count)d messages have not left yet.",
            message.waiting,
        )
        return words % {**values, "waiting": message.waiting, "count": message.count}
    match message.state:
        case awaited.RETRIED:
            values["time"] = dates.when(message.next_try)
            words = gettext("“%(subject)s” has not left yet. It is tried again at %(time)s.")
        case awaited.BY_HAND:
            words = gettext("“%(subject)s” has not left yet. Choose “Send now” in the outbox.")
        case awaited.PASSWORD:
            words = gettext("“%(subject)s” has not left yet: it waits for a new sign-in.")
        case _:
            words = gettext("“%(subject)s” has not left yet.")
    return words % values
