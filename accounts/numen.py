"""The NUMEN and the date of birth: parsing what users type, and keyed digests.

A NUMEN has thirteen characters, such as ``20E0500000ZZZ``: two digits of the first authority, a
letter of the information system, two digits of the year of entry, five digits and three letters.
There is no check digit. This module never stores, shows or logs a value: errors carry a code alone.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from mail.folding import fold

LENGTH = 13
_LONGEST_TYPED = 64
_NUMEN = re.compile(r"[0-9]{2}[A-Z][0-9]{7}[A-Z]{3}")
_DIGITS_STAND_AT = frozenset({0, 1, *range(3, 10)})
# Characters between groups, from copies and word processors: spaces, hyphens of three kinds, dots.
_SEPARATORS = re.compile(r"[\s._\u2010\u2011\u2013-]+")

_OLDEST, _YOUNGEST = 110, 15  # years: staff are of age, and may be long retired
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "janvier janv jan january",
            "fevrier fevr fev feb february",
            "mars mar march",
            "avril avr apr april",
            "mai may",
            "juin jun june",
            "juillet juil jul july",
            "aout aou aug august",
            "septembre sept sep september",
            "octobre oct october",
            "novembre nov november",
            "decembre dec december",
        ),
        start=1,
    )
    for word in words.split()
}
_DAY_FIRST = re.compile(r"(\d{1,2})(?:er)?[\s/.\-]+(\d{1,2}|[a-z]+)\.?[\s/.\-]+(\d{4}|\d{2})")
_YEAR_FIRST = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})")
_EIGHT_DIGITS = re.compile(r"(\d{2})(\d{2})(\d{4})")


class NumenError(ValueError):
    """The text is no NUMEN. ``code`` is ``empty``, ``length``, ``character`` or ``form``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class BirthDateError(ValueError):
    """The text is no date of birth. ``code`` is ``empty``, ``form``, ``impossible`` (31 February),
    ``future`` or ``age``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class NumenKey:
    """A key of the digests, which is stored outside the database. ``id`` is stored beside each
    digest."""

    id: str
    secret: bytes = field(repr=False)


def parse_keys(text: str) -> tuple[NumenKey, ...]:
    """Parse ``2026:<64 hexadecimal digits>,2025:<…>``, the key in use first. Raises ValueError."""
    keys = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        name, colon, secret = word.partition(":")
        if not (colon and re.fullmatch(r"[A-Za-z0-9_-]{1,16}", name)):
            raise ValueError("a key is written id:secret, its id in 16 letters or digits at most")
        if not re.fullmatch(r"[0-9A-Fa-f]{64,}", secret) or len(secret) % 2:
            raise ValueError(f"the secret of key {name} must be 64 hexadecimal digits or more")
        keys.append(NumenKey(name, bytes.fromhex(secret)))
    if len({key.id for key in keys}) != len(keys):
        raise ValueError("two keys have the same id")
    return tuple(keys)


def normalise(typed: str) -> str:
    """Return the thirteen characters of ``typed``, in capitals, without spaces, hyphens and dots.
    The letter O becomes a zero where a digit belongs. Letters of other alphabets are refused even
    if they look alike. Raises NumenError."""
    if len(typed) > _LONGEST_TYPED:
        raise NumenError("length")
    text = _SEPARATORS.sub("", typed)
    if not text:
        raise NumenError("empty")
    if not text.isascii() or not text.isalnum():
        raise NumenError("character")
    text = text.upper()
    if len(text) != LENGTH:
        raise NumenError("length")
    text = "".join(
        "0" if character == "O" and place in _DIGITS_STAND_AT else character
        for place, character in enumerate(text)
    )
    if not _NUMEN.fullmatch(text):
        raise NumenError("form")
    return text


def looks_like_one(text: str) -> bool:
    """Return whether the text has the form of a NUMEN, which a password must not have."""
    try:
        normalise(text)
    except NumenError:
        return False
    return True


def birth_date(typed: str, today: date) -> date:
    """Parse 12/05/1980, 12.5.80, 12 mai 1980, 1er mai 1980, 12051980 or 1980-05-12. A year of two
    digits is the latest that makes the person fifteen or older. Raises BirthDateError."""
    text = fold(typed[:40]).strip()
    if not text:
        raise BirthDateError("empty")
    if len(typed) > 40 or not text.isascii():
        raise BirthDateError("form")
    year, month, day = _fields(text, today)
    try:
        day_of_birth = date(year, month, day)
    except ValueError:
        raise BirthDateError("impossible") from None
    if day_of_birth > today:
        raise BirthDateError("future")
    if not _YOUNGEST <= _age(day_of_birth, today) <= _OLDEST:
        raise BirthDateError("age")
    return day_of_birth


def _fields(text: str, today: date) -> tuple[int, int, int]:
    if match := _YEAR_FIRST.fullmatch(text):
        return int(match[1]), int(match[2]), int(match[3])
    match = _DAY_FIRST.fullmatch(text) or _EIGHT_DIGITS.fullmatch(text)
    if not match:
        raise BirthDateError("form")
    day, month, year = match.groups()
    if not month.isdigit() and month not in _MONTHS:
        raise BirthDateError("form")
    whole_year = int(year)
    if len(year) == 2:
        whole_year += today.year // 100 * 100
        while whole_year > today.year - _YOUNGEST:
            whole_year -= 100
    return whole_year, _MONTHS.get(month) or int(month), int(day)


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def digest_of_numen(key: NumenKey, numen: str) -> bytes:
    """Return the 32 bytes by which an import recognises a person. ``numen`` is normalised."""
    return hmac.digest(key.secret, b"numen\0" + numen.encode("ascii"), "sha256")


def digest_of_person(key: NumenKey, numen: str, born: date) -> bytes:
    """Return the 32 bytes by which a lookup finds a person, made of NUMEN and date of birth."""
    text = f"person\0{numen}\0{born.isoformat()}"
    return hmac.digest(key.secret, text.encode("ascii"), "sha256")


def digests_of_person(keys: Sequence[NumenKey], numen: str, born: date) -> list[bytes]:
    """Return the digest by each key: a record that no import has renewed yet has one by an older
    key."""
    return [digest_of_person(key, numen, born) for key in keys]
