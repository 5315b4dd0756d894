"""The types and words of the demo's messages: the owner of the mailbox, and dates relative to
now."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.headerregistry import Address
from email.utils import format_datetime, formataddr
from itertools import count, islice

Folder = tuple[str, ...]

INBOX: Folder = ("INBOX",)
SENT: Folder = ("Sent",)
DRAFTS: Folder = ("Drafts",)
TRASH: Folder = ("Trash",)
JUNK: Folder = ("Junk",)
ARCHIVE: Folder = ("Archive",)

_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
_THURSDAY = 3


@dataclass(frozen=True)
class Stored:
    """A message in a folder. `content` has CRLF; `date` is the date of its arrival."""

    folder: Folder
    date: datetime
    flags: tuple[str, ...]
    content: bytes


@dataclass(frozen=True)
class Desk:
    """The owner of a mailbox, and the present time. `title` is how parents address the owner."""

    owner: Address
    other: Address
    title: str
    subject: str
    form: str
    now: datetime

    def moment(self, rule: str) -> datetime:
        """Return the date of a message by the rule of its file; see demo/data/README.md."""
        match rule.split():
            case ["minutes", minutes]:
                return self.now.replace(microsecond=0) - timedelta(minutes=int(minutes))
            case ["weekday", days, clock]:
                moment = self._at(int(days), clock)
                return moment - timedelta(days=max(0, moment.weekday() - 4))
            case ["school", number, clock]:
                moments = (self._at(days, clock) for days in count(7))
                school_days = (moment for moment in moments if moment.weekday() < 5)
                return next(islice(school_days, int(number) - 1, None))
            case [days, clock]:
                return self._at(int(days), clock)
        raise ValueError(f"No date: {rule}")

    def _at(self, days: int, clock: str) -> datetime:
        """Return the time `clock` ("10:42") a number of days ago, never later than now.

        A time in the future (early in the morning) is moved back by a day.
        """
        hour, minute = map(int, clock.split(":"))
        moment = self.now.replace(hour=hour, minute=minute, second=minute * 7 % 60, microsecond=0)
        moment -= timedelta(days=days)
        return moment if moment <= self.now else moment - timedelta(days=1)

    def word(self, name: str, sent: datetime) -> str:
        """Return the text that replaces `${name}` in a file whose message was sent at `sent`."""
        match name.split():
            case ["name"]:
                return self.owner.display_name
            case ["first"]:
                return self.owner.display_name.split()[0]
            case ["user"]:
                return self.owner.username
            case ["address"]:
                return self.owner.addr_spec
            case ["owner" | "other" as who]:
                address = self.owner if who == "owner" else self.other
                return formataddr((address.display_name, address.addr_spec))
            case ["title" | "subject" | "form" as field]:
                return str(getattr(self, field))
            case ["year", *more]:
                return str(self._school_year + sum(map(int, more)))
            case ["today"]:
                return _spoken(sent.date())
            case ["day" | "thursday" as kind, days]:
                return _spoken(self._day(kind, int(days)))
            case ["ymd", kind, days]:
                return f"{self._day(kind, int(days)):%Y%m%d}"
            case ["ymd"]:
                return f"{sent:%Y%m%d}"
            case ["stamp", *rule]:
                return f"{self.moment(' '.join(rule)):%d/%m/%Y à %H:%M}"
            case ["dmy", *rule]:
                return f"{self.moment(' '.join(rule)):%d/%m/%Y}"
            case ["at", *rule]:
                return format_datetime(self.moment(" ".join(rule)))
            case ["date"]:
                return format_datetime(sent)
        raise ValueError(f"No word of the demo: {name}")

    def _day(self, kind: str, days: int) -> date:
        """Return the first school day (Monday to Friday), or Thursday, that is at least a number of
        days from now."""
        day = self.now.date() + timedelta(days=days)
        day += timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
        return day + timedelta(days=(_THURSDAY - day.weekday()) % 7 if kind == "thursday" else 0)

    @property
    def _school_year(self) -> int:
        """Return the calendar year in which the school year began."""
        return self.now.year if self.now.month >= 8 else self.now.year - 1


def _spoken(day: date) -> str:
    """ "mardi 8 décembre"."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{_DAYS[day.weekday()]} {number} {_MONTHS[day.month - 1]}"
