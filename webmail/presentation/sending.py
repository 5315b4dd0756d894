"""Messages on their way out, in words: how one stands, why it was not sent, what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext, ngettext

from webmail import dates

_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """A message as it stands. ``state``, ``stage`` and ``failure`` are words of the model and of
    webmail/errors.py; ``refused``: address and the server's words; ``is_retried``: whether it is
    tried again by itself."""

    state: str
    stage: str
    due: datetime
    sent: datetime | None = None
    failure: str = ""
    server_words: str = ""
    refused: Sequence[tuple[str, str]] = field(default=())
    is_retried: bool = True

    @property
    def has_left(self) -> bool:
        return self.stage in ("handed", "filed")


def how(standing: Standing) -> str:
    """Return how it stands, in a sentence or two."""
    match standing.state:
        case "sent" if standing.failure:
            return gettext("Sent, but no copy could be kept in “Sent”. Do not send it again.")
        case "sent":
            return gettext("Sent at %(time)s.") % {"time": dates.when(standing.sent, full=True)}
        case "failed":
            return gettext("Not sent.")
        case "doubt":
            return gettext(
                "Perhaps sent: the mail server had the whole message and did not say whether it"
                " took it. Ask one of the recipients whether it arrived."
            )
        case "password" if standing.has_left:
            return gettext("Sent. Its copy is put into “Sent” in a moment.")
        case "password":
            return gettext(
                "Not sent yet: your password has changed, or the mail server no longer takes it."
            )
        case "scheduled":
            return gettext("Leaves on %(when)s.") % {"when": dates.when_long(standing.due)}
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
    return gettext("Leaves in a moment.")


def said(standing: Standing) -> str:
    """Return what the server said, for who can make something of it; each answer once."""
    answers = dict.fromkeys(words for _address, words in standing.refused if words)
    words = " ".join(answers) or (standing.server_words if standing.failure else "")
    return gettext("The mail server says: %(words)s") % {"words": words} if words else ""


def to_whom(people: Sequence[tuple[str, str]]) -> str:
    """``Bob Petit, carol@exemple.fr and 12 others``."""
    names = [name or address for name, address in people]
    shown, more = ", ".join(names[:_MOST_NAMES]), len(names) - _MOST_NAMES
    if more <= 0:
        return shown
    # Translators: %(people)s are names or addresses, with commas between them.
    words = ngettext("%(people)s and %(count)d other", "%(people)s and %(count)d others", more)
    return words % {"people": shown, "count": more}


def leaving(seconds: int) -> str:
    """The toast of a message that is held back; where the number stands, scripts count down."""
    return ngettext(
        "The message leaves in %(seconds)s second.",
        "The message leaves in %(seconds)s seconds.",
        seconds,
    )
