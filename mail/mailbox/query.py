"""The user's query: one line of text <-> a tree <-> the criteria of SEARCH. Pure functions.

All words must occur; ``OR`` or ``OU`` between two words asks for one of them, ``-`` before a word
excludes it, quotes and parentheses group. Operators are English or French, with or without accents
and capitals::

  de: from:   à: to: pour:   cc:   cci: bcc:   objet: sujet: subject:   corps: texte: body:
  avant: before:   après: after: depuis: since:   le: on:    2024, 03/2024, 12/05/2024, hier
  taille>5M size<500k   a:pièce has:attachment   étiquette: tag:   dossier: folder: in:
  à:moi to:me de:moi from:me   the user's own addresses
  nonlu unread   est:lu is:read   est:suivi is:flagged   est:répondu is:answered
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from mail.folding import fold, with_either_apostrophe
from mail.imap.connection import checked_flag
from mail.mailbox import accents

MOST_CHARACTERS = 1000
MOST_TERMS = 40
DEEPEST = 5
"""The levels of parentheses that are read; deeper ones do not group."""

# A word of a command (bytes) or a text (str), as `mail.imap.search` takes them.
Criterion = bytes | str

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


# --- the tree ---


@dataclass(frozen=True, slots=True)
class Text:
    """A text to find. ``where`` is a search key: TEXT (anywhere), BODY, SUBJECT, FROM, TO, CC, BCC.
    A ``quoted`` text is searched for only in the written number, singular or plural.
    """

    where: str
    text: str
    quoted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """One of the user's own addresses in ``where``: FROM, TO, CC or BCC (see `of_person`)."""

    where: str


@dataclass(frozen=True, slots=True)
class Received:
    """A day of arrival. ``relation`` is BEFORE, SINCE or ON."""

    relation: str
    day: date


@dataclass(frozen=True, slots=True)
class HasSize:
    """A size. ``relation`` is LARGER or SMALLER."""

    relation: str
    octets: int


@dataclass(frozen=True, slots=True)
class HasState:
    """A state. ``key`` is SEEN, UNSEEN, FLAGGED, UNFLAGGED, ANSWERED or UNANSWERED."""

    key: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """A message with a tag, by the name that the user gave it."""

    name: str


@dataclass(frozen=True, slots=True)
class WithAttachment:
    """A message with an attachment: found by the keyword that some servers set, else by the
    message's media type, which is right for nearly all.
    """


@dataclass(frozen=True, slots=True)
class Identified:
    """The message with this Message-ID, with or without angle brackets. No typed text makes this
    term; the page that traces a message does.
    """

    message_id: str


@dataclass(frozen=True, slots=True)
class Not:
    term: Term


@dataclass(frozen=True, slots=True)
class And:
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple[Term, ...]


Term = (
    Text
    | OwnAddress
    | Received
    | HasSize
    | HasState
    | Tagged
    | WithAttachment
    | Identified
    | Not
    | And
    | Or
)


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. ``term`` is None for an empty query. ``folders`` and ``not_folders`` are the
    names in ``dossier:`` and ``-dossier:``. ``odd`` are pieces that make no sense, as typed; they
    are ignored. ``was_cut`` says that there were more terms than are searched for.
    """

    term: Term | None = None
    folders: tuple[str, ...] = ()
    not_folders: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    was_cut: bool = False

    @property
    def is_empty(self) -> bool:
        return self.term is None and not self.folders and not self.not_folders

    @property
    def reads_messages(self) -> bool:
        """Whether a server without a full-text index must open every message. Every server has an
        index of subjects and people.
        """
        return any(
            isinstance(term, WithAttachment)
            or (isinstance(term, Text) and term.where in {"TEXT", "BODY"})
            for term in _walk(self.term)
        )

    @property
    def marks(self) -> tuple[str, ...]:
        """The texts that the found messages contain, to be highlighted in them."""
        texts = [
            form
            for term in _wanted(self.term)
            for form in (term.text, *(() if term.quoted else accents.other_number(term.text)))
        ]
        spelled = (form for text in texts for form in (text, *accents.ligatures(text)))
        return tuple(dict.fromkeys(spelled))

    @property
    def words(self) -> str:
        """The words without an operator, for a search for people."""
        return " ".join(term.text for term in _wanted(self.term) if term.where == "TEXT")

    @property
    def tags(self) -> tuple[str, ...]:
        """The names of the tags in the query."""
        return tuple(term.name for term in _walk(self.term) if isinstance(term, Tagged))


def _walk(term: Term | None) -> Iterator[Term]:
    if term is None:
        return
    yield term
    if isinstance(term, Not):
        yield from _walk(term.term)
    elif isinstance(term, And | Or):
        for inner in term.terms:
            yield from _walk(inner)


def _wanted(term: Term | None) -> Iterator[Text]:
    """Yield the texts that are not excluded."""
    if isinstance(term, Text):
        yield term
    elif isinstance(term, And | Or):
        for inner in term.terms:
            yield from _wanted(inner)


# --- from text ---

_OPERATORS = {
    "FROM": ("de", "from", "expediteur"),
    "TO": ("a", "to", "pour", "destinataire"),
    "CC": ("cc",),
    "BCC": ("cci", "bcc"),
    "SUBJECT": ("objet", "sujet", "subject"),
    "BODY": ("corps", "texte", "body"),
    "BEFORE": ("avant", "before"),
    "SINCE": ("apres", "after", "depuis", "since"),
    "ON": ("le", "on", "date"),
    "SIZE": ("taille", "size"),
    "LARGER": ("larger", "plus"),
    "SMALLER": ("smaller", "moins"),
    "IS": ("est", "is"),
    "HAS": ("avec", "has"),
    "FOLDER": ("dossier", "dans", "folder", "in"),
    "TAG": ("etiquette", "tag", "label"),
}
_BY_NAME = {name: key for key, names in _OPERATORS.items() for name in names}
_ATTACHMENT = {
    "piece", "pieces", "pj", "piece-jointe", "pieces-jointes", "piecejointe",
    "attachment", "attachments",
}  # fmt: skip
_STATES = {
    "UNSEEN": ("nonlu", "nonlus", "non-lu", "non-lus", "unread", "unseen"),
    "SEEN": ("lu", "lus", "read", "seen"),
    "FLAGGED": ("suivi", "suivis", "flagged", "starred"),
    "UNFLAGGED": ("nonsuivi", "non-suivi", "unflagged"),
    "ANSWERED": ("repondu", "repondus", "answered", "replied"),
    "UNANSWERED": ("nonrepondu", "non-repondu", "unanswered"),
}
_BY_STATE = {name: key for key, names in _STATES.items() for name in names}
# Only these words mean the state without an operator: the others are common words of messages.
BARE_STATES = set(_STATES["UNSEEN"])
_PEOPLE = {"FROM", "TO", "CC", "BCC"}
_ME = {"moi", "me"}
_OR = {"OR", "OU"}
_QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“", "”": "”"}

_OPERATOR = re.compile(r"(?P<name>[^\W\d_]{1,20})\s?(?P<mark>:\s?[<>]?|[<>])=?\s?")
_BEFORE_OR = re.compile(r"(?>(?:[^\s\"“«]++|\"[^\"]*+\"|“[^”]*+”|«[^»]*+»)+)\s++(?:OR|OU)\s")
_SIZED = re.compile(r"(\d{1,9})(?:[.,](\d{1,3}))?\s?([kmgo]?)[ob]?")
_UNITS = {"": 1, "o": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_UINT32 = 2**32 - 1
_UNSAID = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def parse(text: str, today: date) -> Query:
    """Parse a query; any text gives one. A word that is no operator is a search text. A value that
    its operator does not understand is ignored and named in ``odd``. ``today`` is the user's date.
    Text beyond `MOST_CHARACTERS` is not read.
    """
    return _Reader(readable(text), today).read()


def readable(text: str) -> str:
    """Return the text without control characters and lone surrogates, which cannot be sent to a
    server, cut to `MOST_CHARACTERS`.
    """
    return unicodedata.normalize("NFC", _UNSAID.sub(" ", text[:MOST_CHARACTERS]))


@dataclass
class _Reader:
    """Parses one text from left to right."""

    text: str
    today: date
    at: int = 0
    terms: int = 0
    folders: list[str] = field(default_factory=list)
    not_folders: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    was_cut: bool = False

    def read(self) -> Query:
        term = self._all(depth=0, folders_count=True)
        return Query(
            term, tuple(self.folders), tuple(self.not_folders), tuple(self.odd), self.was_cut
        )

    def _all(self, depth: int, *, folders_count: bool) -> Term | None:
        """Parse up to the closing parenthesis or the end."""
        groups: list[list[Term]] = []
        joined = False
        while not self._ends(depth):
            if self._takes_or():
                joined = bool(groups)
                continue
            # A folder limits the whole search, never one side of an OR.
            alone = folders_count and not joined and not self._or_follows()
            term = self._one(depth, folders_count=alone)
            if term is None:
                continue
            if joined:
                groups[-1].append(term)
            else:
                groups.append([term])
            joined = False
        return _joined(And, [joined_ for group in groups if (joined_ := _joined(Or, group))])

    def _ends(self, depth: int) -> bool:
        self._skip_blanks()
        if depth and self.text.startswith(")", self.at):
            self.at += 1
            return True
        return self.at >= len(self.text)

    def _one(self, depth: int, *, folders_count: bool) -> Term | None:
        is_not = self._takes("-") and self.at < len(self.text)
        if self.text.startswith("(", self.at) and depth < DEEPEST:
            self.at += 1
            term = self._all(depth + 1, folders_count=False)
        else:
            term = self._atom(depth, is_not=is_not, folders_count=folders_count)
        return Not(term) if is_not and term is not None else term

    def _atom(self, depth: int, *, is_not: bool, folders_count: bool) -> Term | None:
        start = self.at
        key, mark = self._takes_operator()
        value, was_quoted = self._value(depth)
        if not value or (not key and not was_quoted and not value.strip("-")):
            if key:
                self._leave_out(start)
            return None
        if self.terms >= MOST_TERMS:
            self.was_cut = True
            return None
        self.terms += 1
        if not key:
            bare = fold(value)
            is_state = not was_quoted and bare in BARE_STATES
            return HasState(_BY_STATE[bare]) if is_state else Text("TEXT", value, was_quoted)
        if key in _PEOPLE and not was_quoted and fold(value) in _ME:
            return OwnAddress(key)
        if key == "FOLDER" and folders_count:
            (self.not_folders if is_not else self.folders).append(value)
            return None
        term = _understood(key, mark, value, self.today)
        if was_quoted and isinstance(term, Text):
            term = replace(term, quoted=True)
        if term is None:
            self._leave_out(start)
        return term

    def _leave_out(self, start: int) -> None:
        self.odd.append(self.text[start : self.at].strip())

    def _takes_operator(self) -> tuple[str, str]:
        """Return the operator that begins here and its comparison sign; ("", "") when there is
        none.
        """
        match = _OPERATOR.match(self.text, self.at)
        key = _BY_NAME.get(fold(match["name"]), "") if match else ""
        if not match or not key:
            return "", ""
        mark = match["mark"].replace(":", "").strip()
        if mark and key != "SIZE":
            return "", ""
        self.at = match.end()
        return key, mark

    def _value(self, depth: int) -> tuple[str, bool]:
        """Return the word or the quoted words that begin here, and whether they were quoted."""
        opening = self.text[self.at : self.at + 1]
        closing = _QUOTES.get(opening)
        if closing:
            end = self.text.find(closing, self.at + 1)
            if end < 0:
                end = len(self.text)
            value = self.text[self.at + 1 : end]
            self.at = end + 1
            return " ".join(value.split()), True
        end = self.at
        while end < len(self.text) and not self.text[end].isspace():
            if depth and self.text[end] == ")":
                break
            end += 1
        # Always advance, so that a lone quote or parenthesis does not stop the parser.
        value, self.at = self.text[self.at : end], max(end, self.at + 1)
        return value.strip("()" if depth >= DEEPEST else ""), False

    def _takes(self, mark: str) -> bool:
        followed = self.text[self.at + 1 : self.at + 2]
        if self.text.startswith(mark, self.at) and followed and not followed.isspace():
            self.at += 1
            return True
        return False

    def _takes_or(self) -> bool:
        if not self._or_follows(here=True):
            return False
        self.at += 2
        return True

    def _or_follows(self, *, here: bool = False) -> bool:
        """Return whether OR stands here, or after the word that begins here."""
        if here:
            word = self.text[self.at : self.at + 3]
            return word[:2] in _OR and (len(word) == 2 or word[2].isspace())
        return _BEFORE_OR.match(self.text, self.at) is not None

    def _skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1


def _joined(kind: type[And] | type[Or], terms: Sequence[Term]) -> Term | None:
    if len(terms) < 2:
        return terms[0] if terms else None
    return kind(tuple(terms))


def _understood(key: str, mark: str, value: str, today: date) -> Term | None:
    """Return the term of an operator with a value, or None when it makes no sense."""
    name = fold(value)
    if key == "HAS" or (key == "TO" and name in _ATTACHMENT):
        return WithAttachment() if name in _ATTACHMENT else None
    if key == "IS":
        return HasState(_BY_STATE[name]) if name in _BY_STATE else None
    if key in {"BEFORE", "SINCE", "ON"}:
        return _dated(key, value, today)
    if key in {"SIZE", "LARGER", "SMALLER"}:
        return _weighed(key, mark, value)
    if key == "TAG":
        return Tagged(value)
    return Text(key, value) if key != "FOLDER" else None


def _weighed(key: str, mark: str, value: str) -> Term | None:
    match = _SIZED.fullmatch(fold(value.lstrip("<>=")))
    if not match:
        return None
    thousandths = int(match[1]) * 1000 + int((match[2] or "").ljust(3, "0") or 0)
    octets = min(thousandths * _UNITS[match[3]] // 1000, _UINT32)
    is_smaller = key == "SMALLER" or mark == "<" or (not mark and value.startswith("<"))
    return HasSize("SMALLER" if is_smaller else "LARGER", octets)


def last_piece(text: str) -> tuple[str, str, str]:
    """Split off the text being typed at the end: return the text before it, an operator for people
    with its colon or "", and the beginning of the word.

    >>> last_piece("sortie de:mar")
    ('sortie ', 'de:', 'mar')
    """
    before, blank, last = text.rpartition(" ")
    name, colon, value = last.partition(":")
    if colon and _BY_NAME.get(fold(name)) in _PEOPLE:
        return before + blank, f"{name}:", value
    return before + blank, "", "" if colon else last.lstrip('-("«“')


# --- days ---

_MONTH_NAMES = (
    ("janvier", "january", "janv", "jan"),
    ("fevrier", "february", "fevr", "feb"),
    ("mars", "march", "mar"),
    ("avril", "april", "avr", "apr"),
    ("mai", "may"),
    ("juin", "june", "jun"),
    ("juillet", "july", "juil", "jul"),
    ("aout", "august", "aug"),
    ("septembre", "september", "sept", "sep"),
    ("octobre", "october", "oct"),
    ("novembre", "november", "nov"),
    ("decembre", "december", "dec"),
)
_MONTH = {name: n for n, names in enumerate(_MONTH_NAMES, start=1) for name in names}
_DAYS_AGO = {
    "aujourd'hui": 0, "aujourd’hui": 0, "aujourdhui": 0, "today": 0,
    "hier": 1, "yesterday": 1, "avant-hier": 2,
}  # fmt: skip
_WEEKDAYS = (
    ("lundi", "monday"), ("mardi", "tuesday"), ("mercredi", "wednesday"), ("jeudi", "thursday"),
    ("vendredi", "friday"), ("samedi", "saturday"), ("dimanche", "sunday"),
)  # fmt: skip
_WEEKDAY = {name: n for n, names in enumerate(_WEEKDAYS) for name in names}
_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_DAY_FIRST = re.compile(r"(?:(?:(\d{1,2})[/.-])?(\d{1,2})[/.-])?(\d{4}|\d{2})")
_DAY_AND_MONTH = re.compile(r"(\d{1,2})[/.](\d{1,2})")
_AGO = re.compile(r"(\d{1,4})\s?(?:j|d|jours?|days?)")


def days(value: str, today: date) -> tuple[date, date] | None:
    """Return the first day meant and the day after the last, or None for text that is no date."""
    name = " ".join(fold(value).split())
    try:
        if name in _DAYS_AGO:
            return _one_day(today - timedelta(_DAYS_AGO[name]))
        if name in _WEEKDAY:  # the most recent such day, today included
            return _one_day(today - timedelta((today.weekday() - _WEEKDAY[name]) % 7))
        if ago := _AGO.fullmatch(name):
            return _one_day(today - timedelta(int(ago[1])))
        return _numbered(name, today) or _named(name, today)
    except (ValueError, OverflowError):
        return None


def _numbered(name: str, today: date) -> tuple[date, date] | None:
    """Read 2024, 2024-05, 2024-05-12, 05/2024, 12/05/2024, 12/05/24, or 12/05 of this year."""
    if match := _ISO.fullmatch(name):
        return _span(*(int(part) if part else None for part in match.groups()))
    if match := _DAY_AND_MONTH.fullmatch(name):
        return _one_day(date(today.year, int(match[2]), int(match[1])))
    if (match := _DAY_FIRST.fullmatch(name)) and match[2]:
        day, month, year = (int(part) if part else None for part in match.groups())
        if len(match[3]) == 2:
            return _span(2000 + int(match[3]), month, day) if day else None
        return _span(year, month, day)
    return None


def _named(name: str, today: date) -> tuple[date, date] | None:
    """Read mai, mai 2024, 12 mai or 12 mai 2024. A month alone is the most recent one of that
    name.
    """
    parts = re.split(r"[\s-]+", name.replace("1er", "1").replace(".", ""))
    places = [n for n, part in enumerate(parts) if part in _MONTH]
    if len(places) != 1 or places[0] > 1 or len(parts) - places[0] > 2:
        return None
    month = _MONTH[parts[places[0]]]
    before, after = parts[: places[0]], parts[places[0] + 1 :]
    year = int(after[0]) if after else today.year - (month > today.month)
    return _span(year, month, int(before[0]) if before else None)


def _span(
    year: int | None, month: int | None = None, day: int | None = None
) -> tuple[date, date] | None:
    if year is None or not 1970 <= year <= 9000:
        return None
    if month is None:
        return date(year, 1, 1), date(year + 1, 1, 1)
    if day is not None:
        return _one_day(date(year, month, day))
    first = date(year, month, 1)
    return first, (first + timedelta(32)).replace(day=1)


def _one_day(day: date) -> tuple[date, date]:
    return day, day + timedelta(1)


def _dated(relation: str, value: str, today: date) -> Term | None:
    span = days(value, today)
    if span is None:
        return None
    first, after = span
    if relation != "ON":
        return Received(relation, first)
    if after - first == timedelta(1):
        return Received("ON", first)
    return And((Received("SINCE", first), Received("BEFORE", after)))


# --- to criteria ---


_MOST_SPELLINGS = 60
"""The greatest number of texts in one command, all spellings of all terms together."""
MOST_OWN = 10
"""The greatest number of the user's addresses that are searched for."""


def of_person(wanted: Query, addresses: Iterable[str]) -> Query:
    """Return the query with the user's addresses in place of ``à:moi``, which also finds messages
    where the user is in Cc.
    """
    own = tuple(dict.fromkeys(address for address in addresses if address))[:MOST_OWN]

    def named(term: Term) -> Term:
        match term:
            case OwnAddress(where) if own:
                keys = ("TO", "CC") if where == "TO" else (where,)
                return _joined(Or, [Text(key, address) for address in own for key in keys]) or term
            case Not(inner):
                return Not(named(inner))
            case And(terms):
                return And(tuple(map(named, terms)))
            case Or(terms):
                return Or(tuple(map(named, terms)))
        return term

    return replace(wanted, term=named(wanted.term)) if wanted.term else wanted


def is_own(wanted: Query) -> bool:
    """Return whether the query searches for the user's own addresses."""
    return any(isinstance(term, OwnAddress) for term in _walk(wanted.term))


def criteria(
    term: Term | None,
    keywords: Mapping[str, str] | None = None,
    *,
    most_spellings: int = accents.MOST,
) -> tuple[Criterion, ...]:
    """Return the search keys (RFC 9051 section 6.4.4): bytes as sent, texts as strings.

    Each text is searched for with and without accents (`mail.mailbox.accents`), in at most
    ``most_spellings`` spellings. ``keywords`` maps folded names of tags to keywords; another name
    is taken for a keyword itself, if it can be one.
    """
    if term is None:
        return (b"ALL",)
    texts = sum(
        len(with_either_apostrophe(inner.text))
        for inner in _walk(term)
        if isinstance(inner, Text) and "@" not in inner.text
    )
    most = max(1, _MOST_SPELLINGS // texts) if texts else 1
    return tuple(_keys(_spelled(term, min(most, most_spellings)), keywords or {}))


def _spelled(term: Term, most: int) -> Term:
    """Return a term that also matches other spellings of its texts, at most ``most`` of each."""
    match term:
        case Text(_where, text) if "@" in text:
            return term
        case Text(where, text, quoted):
            texts = accents.spellings(text, most, in_both_numbers=not quoted)
            return _joined(Or, [Text(where, spelling) for spelling in texts]) or term
        case Not(inner):
            return Not(_spelled(inner, most))
        case And(terms):
            return And(tuple(_spelled(inner, most) for inner in terms))
        case Or(terms):
            return Or(tuple(_spelled(inner, most) for inner in terms))
        case _:
            return term


def _keys(term: Term, keywords: Mapping[str, str]) -> Iterator[Criterion]:
    match term:
        case Text(where, text):
            yield from (where.encode(), text)
        case OwnAddress(where):
            yield from (where.encode(), "moi")
        case Received(relation, day):
            yield from (relation.encode(), written_day(day))
        case HasSize(relation, octets):
            yield from (relation.encode(), b"%d" % octets)
        case Identified(message_id):
            yield from (b"HEADER", b"MESSAGE-ID", message_id)
        case HasState(key):
            yield key.encode()
        case Tagged(name):
            yield from (b"KEYWORD", _keyword(name, keywords))
        case WithAttachment():
            yield from _HAS_ATTACHMENT
        case Not(inner):
            yield b"NOT"
            yield from _close(inner, keywords)
        case And(terms):
            for inner in terms:
                yield from _close(inner, keywords)
        case Or(terms):
            for inner in terms[:-1]:
                yield b"OR"
                yield from _close(inner, keywords)
            yield from _close(terms[-1], keywords)


# Servers that set these keywords set one of them on every message; others set neither.
_HAS_ATTACHMENT: tuple[Criterion, ...] = (
    b"OR", b"KEYWORD", b"$HasAttachment",
    b"(", b"UNKEYWORD", b"$HasNoAttachment", b"HEADER", b"Content-Type", "multipart/mixed", b")",
)  # fmt: skip


def _close(term: Term, keywords: Mapping[str, str]) -> Iterator[Criterion]:
    """Yield one search key, in parentheses if needed."""
    if isinstance(term, And):
        yield b"("
        yield from _keys(term, keywords)
        yield b")"
    else:
        yield from _keys(term, keywords)


def _keyword(name: str, keywords: Mapping[str, str]) -> bytes:
    keyword = keywords.get(fold(name), name)
    try:
        return checked_flag(keyword).removeprefix("\\").encode("ascii")
    except ValueError:
        return b"$NoSuchTag"  # no message has it, so nothing is found


def written_day(day: date) -> bytes:
    """Return ``12-May-2024``, in English for every server."""
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year:04}".encode()


# --- back to text ---


@dataclass(frozen=True)
class Form:
    """The fields of the search form, with their values; sizes in megabytes."""

    words: str = ""
    without: str = ""
    sender: str = ""
    recipient: str = ""
    subject: str = ""
    since: date | None = None
    before: date | None = None
    larger: int | None = None
    attachment: bool = False
    unread: bool = False
    flagged: bool = False


def written(form: Form) -> str:
    """Return the query text, in French words, that means the same as the form."""
    pieces: list[str] = [form.words.strip()] if form.words.strip() else []
    pieces += [f"-{quoted(word)}" for word in form.without.replace('"', " ").split()]
    for name, value in (
        ("de", form.sender),
        ("à", form.recipient),
        ("objet", form.subject),
    ):
        if value.replace('"', "").strip():
            pieces.append(f"{name}:{quoted(value)}")
    if form.since:
        pieces.append(f"depuis:{form.since:%d/%m/%Y}")
    if form.before:
        pieces.append(f"avant:{form.before:%d/%m/%Y}")
    if form.larger:
        pieces.append(f"taille>{form.larger}M")
    if form.attachment:
        pieces.append("a:pièce")
    if form.unread:
        pieces.append("nonlu")
    if form.flagged:
        pieces.append("est:suivi")
    return " ".join(pieces)


def quoted(value: str) -> str:
    """Return a word or an operator's value, in quotes if it needs them."""
    value = " ".join(value.replace('"', " ").split())
    return f'"{value}"' if re.search(r"[\s():<>«“„”-]|^$", value) or value in _OR else value


def texts(marks: Iterable[str]) -> tuple[str, ...]:
    """Return texts folded, longest first, as they are searched for in a page to highlight them."""
    return tuple(sorted({fold(mark) for mark in marks if mark.strip()}, key=len, reverse=True))
