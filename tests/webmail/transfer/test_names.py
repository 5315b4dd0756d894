"""Names of files that people recognise and every system takes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mail.imap.values import ANSWERED, FLAGGED, FORWARDED, SEEN
from webmail.transfer import maildir, names

WHEN = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("Conseil de classe", "2026-11-25 Conseil de classe.eml"),
        ("", "2026-11-25 Sans objet.eml"),
        ("../../etc/passwd", "2026-11-25 etc passwd.eml"),
        ('Re: "6e B" <urgent> | a*b?', "2026-11-25 Re 6e B urgent a b.eml"),
        ("facture\u202egpj.exe", "2026-11-25 facture gpj.exe.eml"),
        ("e\u0301te\u0301 …", "2026-11-25 été ….eml"),
        ("a\r\n\0b.", "2026-11-25 a b.eml"),
    ],
)
def test_a_message_is_called_by_its_day_and_subject(subject: str, name: str) -> None:
    assert names.of_message(WHEN, subject, "Sans objet") == name


def test_names_are_bounded_in_characters_and_bytes() -> None:
    assert len(names.of_message(WHEN, "x" * 10_000, "-")) == len("2026-11-25 .eml") + 100
    assert len(names.of_message(WHEN, "\N{GRINNING FACE}" * 100, "-").encode()) <= 200


def test_reserved_names_are_never_given() -> None:
    assert [names.clean(one, "-") for one in ("con", "NUL.txt", "com1", "...", "lpt")] == [
        "con_",
        "NUL.txt_",
        "com1_",
        "-",
        "lpt",
    ]


def test_names_differ_for_every_file_system() -> None:
    unique = names.Unique()
    assert [unique.give(one) for one in ("a.eml", "A.eml", "a.eml", "a (2).eml")] == [
        "a.eml",
        "A (2).eml",
        "a (3).eml",
        "a (2) (2).eml",
    ]


def test_flags_stand_in_the_names_of_a_maildir() -> None:
    flags = frozenset({SEEN, FLAGGED, ANSWERED, FORWARDED, "$Label1"})
    assert maildir.letters(flags) == "FPRS"
    assert maildir.flags("1764061200.42.host,S=12:2,FRS") == (FLAGGED, ANSWERED, SEEN)
    assert maildir.flags("1764061200.42.host;2,S") == (SEEN,)
    assert maildir.flags("1764061200.42.host") == ()
    assert maildir.is_trashed("x:2,ST") and not maildir.is_trashed("x:2,S")
    assert maildir.seconds("1764061200.42.host:2,S") == 1764061200
    assert maildir.seconds("Rapport.eml") is None
