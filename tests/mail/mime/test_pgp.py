"""Inline OpenPGP: said, and out of the way of the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mail.mime import pgp
from mail.mime.structure import Protection
from tests.examples import up_to

SIGNED = """\
Bonjour,
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

Le conseil est avancé.
- -----
> oui
-----BEGIN PGP SIGNATURE-----

iQEzBAEBCgAdFiEE
-----END PGP SIGNATURE-----
Claire
"""
ENCRYPTED = "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n"


def test_of_a_signed_text_only_the_text_remains() -> None:
    content = pgp.read_armour(SIGNED)
    assert content.protection is Protection.PGP_SIGNED
    assert content.text == "Bonjour,\nLe conseil est avancé.\n-----\n> oui\nClaire\n"


def test_an_encrypted_text_is_said_and_left() -> None:
    assert pgp.read_armour(ENCRYPTED) == pgp.Armoured(ENCRYPTED, Protection.PGP_ENCRYPTED)


def test_armour_that_is_only_quoted_or_broken_is_text() -> None:
    for source in (
        "> " + ENCRYPTED.replace("\n", "\n> "),
        "on écrit -----BEGIN PGP MESSAGE----- au début",
        SIGNED.replace("-----BEGIN PGP SIGNATURE-----", ""),
        "bonjour",
    ):
        assert pgp.read_armour(source) == pgp.Armoured(source, Protection.NONE)


PIECES = st.sampled_from(
    [*(f"{line}\n" for line in SIGNED.split("\n")), "- ", "\n", "-----BEGIN PGP MESSAGE-----\n"]
)


@up_to(200)
@given(st.lists(PIECES | st.text(max_size=5), max_size=20).map("".join))
def test_reading_never_raises_and_adds_nothing(source: str) -> None:
    assert len(pgp.read_armour(source).text) <= len(source)
