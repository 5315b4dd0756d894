"""The forms in which people type NUMEN and date of birth."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date

import pytest

from accounts import numen

TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    "typed",
    [
        "20E0500000ZZZ",
        "20e0500000zzz",
        " 20 E 05 00000 ZZZ ",
        "20-E-05-00000-ZZZ",
        "20E0500000ZZZ\n",
        "2\u00a00E05 0\u202f0000ZZZ",
        "2OE05OOOOOZZZ",
    ],
)
def test_a_numen_is_known_however_it_is_typed(typed: str) -> None:
    assert numen.normalise(typed) == "20E0500000ZZZ"


def test_an_o_among_the_letters_stays_an_o() -> None:
    assert numen.normalise("20o0500000ooo") == "20O0500000OOO"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        (" - ", "empty"),
        ("20E0500000ZZ", "length"),
        ("20E0500000ZZZZ", "length"),
        ("2" * 10_000, "length"),
        ("20Е0500000ZZZ", "character"),  # noqa: RUF001  a Cyrillic letter
        ("20E0500000ΖΖΖ", "character"),  # noqa: RUF001  Greek Zetas
        ("２０E0500000ZZZ", "character"),  # noqa: RUF001  full-width digits
        ("20E0500000ZZ\0", "character"),
        ("20E05000é0ZZZ", "character"),
        ("2015050000ZZZ", "form"),
        ("A0E0500000ZZZ", "form"),
        ("20E05000001ZZ", "form"),
    ],
)
def test_what_is_no_numen_is_said(typed: str, code: str) -> None:
    with pytest.raises(numen.NumenError) as caught:
        numen.normalise(typed)
    assert caught.value.code == code
    assert not typed or typed not in str(caught.value)


@pytest.mark.parametrize(
    "typed",
    [
        "12/05/1980",
        "12.5.80",
        "12-05-1980",
        "12 05 1980",
        "12 mai 1980",
        "12 MAI 80",
        "12051980",
        "1980-05-12",
        " 12/5/1980 ",
    ],
)
def test_a_date_of_birth_is_known_however_it_is_typed(typed: str) -> None:
    assert numen.birth_date(typed, TODAY) == date(1980, 5, 12)


@pytest.mark.parametrize(
    ("typed", "born"),
    [
        ("1er août 1961", date(1961, 8, 1)),
        ("3 déc. 1999", date(1999, 12, 3)),
        ("15 février 04", date(2004, 2, 15)),
        ("29 02 2000", date(2000, 2, 29)),
    ],
)
def test_french_months_and_short_years(typed: str, born: date) -> None:
    assert numen.birth_date(typed, TODAY) == born


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("douze mai", "form"),
        ("12 brumaire 1980", "form"),
        ("12/05", "form"),
        ("１２/05/1980x", "form"),  # noqa: RUF001  full-width digits
        ("31/02/1980", "impossible"),
        ("29/02/1981", "impossible"),
        ("00/05/1980", "impossible"),
        ("12/13/1980", "impossible"),
        ("12/05/2030", "future"),
        ("12/05/2020", "age"),
        ("12/05/1890", "age"),
        ("1" * 10_000, "form"),
        ("12/05/1980\0", "form"),
    ],
)
def test_what_is_no_date_of_birth_is_said(typed: str, code: str) -> None:
    with pytest.raises(numen.BirthDateError) as caught:
        numen.birth_date(typed, TODAY)
    assert caught.value.code == code


KEY = numen.NumenKey("2026", bytes(range(32)))


def test_digests_are_hmacs_that_tell_numen_and_person_apart() -> None:
    born = date(1980, 5, 12)
    expected = hmac.new(KEY.secret, b"numen\0" + b"20E0500000ZZZ", hashlib.sha256).digest()
    assert numen.digest_of_numen(KEY, "20E0500000ZZZ") == expected
    made = numen.digest_of_person(KEY, "20E0500000ZZZ", born)
    assert len(made) == 32
    assert made != numen.digest_of_person(KEY, "20E0500000ZZZ", date(1980, 5, 13))
    assert made != numen.digest_of_person(numen.NumenKey("x", bytes(32)), "20E0500000ZZZ", born)


def test_keys_are_read_the_one_in_use_first() -> None:
    keys = numen.parse_keys(f"2026:{'ab' * 32}, 2025:{'CD' * 40}")
    assert [key.id for key in keys] == ["2026", "2025"]
    assert keys[1].secret == b"\xcd" * 40
    assert "cd" not in repr(keys).lower().replace("secret", "")
    assert numen.parse_keys("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "2026",
        f"2026:{'ab' * 31}",
        f"2026:{'xy' * 32}",
        f":{'ab' * 32}",
        f"a:{'ab' * 32},a:{'cd' * 32}",
    ],
)
def test_wrong_keys_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        numen.parse_keys(text)
