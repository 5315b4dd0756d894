"""Bytes of unknown charset -> text."""

from __future__ import annotations

import random

import pytest

from addressbook import charsets

_FIRST = (
    "Hélène", "Zoé", "Noël", "François", "Anaïs", "Gaël", "Océane", "Rémi", "Élodie", "Théo",
)  # fmt: skip
_LAST = ("Lefèvre", "Ménard", "L’Hôpital", "Bœuf", "Guérin", "Théry", "Sénéchal", "Martin", "Cœur")
_NOTES = (
    "à prévenir après 16 h",
    "« la cheffe » – congé d’été",
    "tarif : 20 € ; œuvre complète",
    "N° 12, bât. Ç",
    "",
)


def address_list(seed: int) -> str:
    """A made-up list of 1 to 200 rows."""
    pick = random.Random(seed)  # noqa: S311  a made-up list
    rows = (
        f"{pick.choice(_FIRST)};{pick.choice(_LAST)};n{row}@exemple.invalid;{pick.choice(_NOTES)}"
        for row in range(pick.choice((1, 2, 5, 20, 200)))
    )
    return "Prénom;Nom;Adresse électronique;Notes\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "mac_roman", "utf-16", "utf-16-le"])
def test_french_lists_are_decoded_whatever_their_charset(codec: str) -> None:
    for seed in range(100):
        text = address_list(seed)
        assert charsets.decode(text.encode(codec)).text == text


def test_lines_pasted_together_keep_each_their_charset() -> None:
    content = "Zoé;œuf\n".encode() + "Hélène;l’été\n".encode("cp1252")
    assert charsets.decode(content) == charsets.Decoded("Zoé;œuf\nHélène;l’été\n", "mixed")


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (b"abc", "utf-8"),
        (b"\xef\xbb\xbfabc", "utf-8-bom"),
        (b"\xff\xfea\0", "utf-16le-bom"),
        (b"\xe9", "iso-8859-1"),
        (b"\x80 \xe9", "windows-1252"),
        (b"t\x8el\x8ephone", "mac-roman"),
    ],
)
def test_the_charset_is_named(content: bytes, charset: str) -> None:
    assert charsets.decode(content).charset == charset


def test_a_file_cut_inside_a_letter_is_still_utf_8() -> None:
    assert charsets.decode("Zoé Noë".encode()[:-1]) == charsets.Decoded("Zoé No", "utf-8")


def test_letters_are_composed_and_controls_go() -> None:
    assert charsets.clean("e\u0301\x00\x07\r\nb\rc\ufeff") == "é\nb\nc"


@pytest.mark.parametrize("declared", ["utf-7", "idna", "rot13", "base64", "x" * 99, "\r\n", ""])
def test_a_declared_charset_that_is_none_does_no_harm(declared: str) -> None:
    assert "caf" in charsets.guess(b"caf\xe9", declared)


def test_a_line_of_utf_8_with_a_wrong_byte_stays_utf_8() -> None:
    content = "Zoé;œuf\n".encode() + "Hélène;l’été ".encode() + b"\xff\n"
    assert charsets.decode(content) == charsets.Decoded("Zoé;œuf\nHélène;l’été \ufffd\n", "utf-8")
    assert charsets.guess("l’été ".encode() + b"\xff") == "l’été \ufffd"
