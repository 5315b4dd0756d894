"""A desk at which letters are written: dates told from now, the parts put together."""

import base64
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from demo.mail.typography import french, paragraphs

Folder = tuple[str, ...]

INBOX: Folder = ("INBOX",)
SENT: Folder = ("Sent",)
DRAFTS: Folder = ("Drafts",)
TRASH: Folder = ("Trash",)
JUNK: Folder = ("Junk",)
ARCHIVE: Folder = ("Archive",)

SEEN = ("\\Seen",)
UNREAD: tuple[str, ...] = ()
FLAGGED = ("\\Seen", "\\Flagged")
ANSWERED = ("\\Seen", "\\Answered")
FORWARDED = ("\\Seen", "$Forwarded")

# 8bit would be shorter, but quoted-printable and base64 are what mail programs send.
_POLICY = policy.SMTP.clone(cte_type="7bit")

_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


@dataclass(frozen=True)
class Stored:
    """A message as it lies in a folder. `content` has CRLF; `date` is when it arrived."""

    folder: Folder
    date: datetime
    flags: tuple[str, ...]
    content: bytes


@dataclass(frozen=True)
class Enclosure:
    """An attachment; with a `cid`, an image of the HTML text."""

    name: str
    media_type: str
    content: bytes
    cid: str = ""


@dataclass(frozen=True)
class Desk:
    """The person whose mail is written, and when. `title` is how a parent greets the owner."""

    owner: Address
    other: Address
    title: str
    subject: str
    form: str
    now: datetime

    def at(self, days: int, clock: str) -> datetime:
        """So many days ago at "10:42", never later than now.

        What would be in the future (early in the morning) goes a day back.
        """
        hour, minute = map(int, clock.split(":"))
        moment = self.now.replace(hour=hour, minute=minute, second=minute * 7 % 60, microsecond=0)
        moment -= timedelta(days=days)
        return moment if moment <= self.now else moment - timedelta(days=1)

    def weekday_at(self, days: int, clock: str) -> datetime:
        """As `at`, but what falls on a Saturday or Sunday goes back to the Friday."""
        moment = self.at(days, clock)
        return moment - timedelta(days=max(0, moment.weekday() - 4))

    def minutes_ago(self, minutes: int) -> datetime:
        return self.now.replace(microsecond=0) - timedelta(minutes=minutes)

    def day(self, days: int) -> date:
        """The school day (Monday to Friday) at or after so many days from now."""
        day = self.now.date() + timedelta(days=days)
        return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)

    @property
    def school_year(self) -> int:
        """The calendar year in which the school year began."""
        return self.now.year if self.now.month >= 8 else self.now.year - 1


def spoken(day: date, *, year: bool = False) -> str:
    """ "mardi 8 décembre", with the year when asked."""
    number = "1er" if day.day == 1 else str(day.day)
    words = f"{_DAYS[day.weekday()]} {number} {_MONTHS[day.month - 1]}"
    return f"{words} {day.year}" if year else words


@dataclass(frozen=True)
class Letter:
    """The content of a message. `text` is an indented literal, or "" for HTML alone.

    With `rich`, the text goes out as HTML as well; `html` is a page made for it.
    """

    slug: str
    sender: Address
    to: Sequence[Address]
    subject: str
    date: datetime
    text: str = ""
    html: str = ""
    rich: bool = False
    english: bool = False
    cc: Sequence[Address] = ()
    enclosures: Sequence[Enclosure] = ()
    message_id: str = ""
    references: Sequence[str] = ()
    headers: Iterable[tuple[str, str]] = field(default=())

    @property
    def identifier(self) -> str:
        return self.message_id or f"<{self.slug}@{self.sender.domain}>"

    @property
    def words(self) -> str:
        text = paragraphs(self.text) if self.text else ""
        return text if self.english else french(text)


def kept(letter: Letter, folder: Folder = INBOX, flags: tuple[str, ...] = SEEN) -> Stored:
    """The letter as it lies in a folder."""
    return store(compose(letter), letter.date, folder, flags)


def store(message: EmailMessage, date: datetime, folder: Folder, flags: tuple[str, ...]) -> Stored:
    return Stored(folder, date, flags, message.as_bytes(policy=_POLICY))


def compose(letter: Letter) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["Date"] = format_datetime(letter.date)
    message["From"] = letter.sender
    if letter.to:
        message["To"] = letter.to
    if letter.cc:
        message["Cc"] = letter.cc
    message["Subject"] = letter.subject if letter.english else french(letter.subject)
    message["Message-ID"] = letter.identifier
    if letter.references:
        message["In-Reply-To"] = letter.references[-1]
        message["References"] = " ".join(letter.references)
    for name, value in letter.headers:
        message[name] = value
    _fill_body(message, letter)
    return message


def _fill_body(message: EmailMessage, letter: Letter) -> None:
    page = letter.html if letter.english else french(letter.html)
    if letter.rich:
        page = as_html(letter.words)
    if letter.text:
        message.set_content(letter.words, cte="quoted-printable")
        if page:
            message.add_alternative(page, subtype="html", cte="quoted-printable")
    else:
        message.set_content(page, subtype="html", cte="base64")
    shown = message.get_body(("html", "plain")) or message
    for enclosure in letter.enclosures:
        if enclosure.cid:
            _enclose(shown, enclosure)  # type: ignore[arg-type]
    for enclosure in letter.enclosures:
        if not enclosure.cid:
            _enclose(message, enclosure)


def _enclose(message: EmailMessage, enclosure: Enclosure) -> None:
    kind, _, subtype = enclosure.media_type.partition("/")
    content, name, cid = enclosure.content, enclosure.name, f"<{enclosure.cid}>"
    if enclosure.cid:
        message.add_related(content, kind, subtype, filename=name, cid=cid, disposition="inline")
    else:
        message.add_attachment(content, kind, subtype, filename=name)


def as_html(text: str) -> str:
    """Plain text as an ordinary mail program turns it to HTML."""
    blocks = "".join(
        f"<p>{html.escape(block, quote=False).replace(chr(10), '<br>')}</p>\n"
        for block in text.strip().split("\n\n")
    )
    return (
        '<html><head><meta charset="utf-8"></head>\n'
        '<body style="font-family:Calibri,Carlito,sans-serif;font-size:15px;color:#222">\n'
        f"{blocks}</body></html>\n"
    )


def base64_lines(content: bytes) -> bytes:
    """Base64 in lines of 76 characters ending in CRLF, for messages put together by hand."""
    return base64.encodebytes(content).replace(b"\n", b"\r\n")
