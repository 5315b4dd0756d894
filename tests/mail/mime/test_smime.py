"""S/MIME in one part."""

from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import smime
from mail.mime.structure import Protection
from tests.examples import up_to
from tests.mail.mime import wrap
from tests.waiting import cheap

ENTITY = b"Content-Type: text/plain; charset=utf-8\r\n\r\nLe conseil est avanc\xc3\xa9.\r\n" * 9


@pytest.mark.parametrize("indefinite", [False, True], ids=["DER", "BER in pieces"])
def test_what_a_signature_wraps_is_found(indefinite: bool) -> None:
    content = smime.read_smime(wrap.signed(ENTITY, indefinite=indefinite))
    assert content == smime.SmimeContent(Protection.SMIME_SIGNED, ENTITY)


def test_the_armour_of_gateways_is_taken_off() -> None:
    der = wrap.signed(ENTITY)
    pem = b"-----BEGIN PKCS7-----\n" + base64.encodebytes(der) + b"-----END PKCS7-----\n"
    assert (
        smime.read_smime(pem) == smime.read_smime(base64.encodebytes(der)) == smime.read_smime(der)
    )


def test_an_envelope_is_said_to_be_one() -> None:
    for kind in (wrap.PKCS7 + b"\3", wrap.PKCS7 + b"\6", bytes.fromhex("2a864886f70d0109100117")):
        envelope = wrap.ber(0x30, wrap.ber(0x06, kind), wrap.ber(0xA0, wrap.ber(0x30)))
        assert smime.read_smime(envelope) == smime.SmimeContent(Protection.SMIME_ENCRYPTED)


def test_certificates_alone_are_nothing_to_show() -> None:
    bare = wrap.ber(0x30, wrap.ber(0x06, wrap.PKCS7 + b"\1"))
    data = wrap.ber(0x30, wrap.ber(0x02, b"\1"), wrap.ber(0x31), bare, wrap.ber(0x31))
    assert (
        smime.read_smime(wrap.ber(0x30, wrap.ber(0x06, wrap.PKCS7 + b"\2"), wrap.ber(0xA0, data)))
        is None
    )


def test_compressed_content_is_inflated_within_bounds() -> None:
    assert smime.read_smime(wrap.compressed(zlib.compress(ENTITY))) == smime.SmimeContent(
        Protection.NONE, ENTITY
    )
    bomb = smime.read_smime(wrap.compressed(zlib.compress(bytes(smime.MOST_BYTES + 1000))))
    assert bomb is not None
    assert len(bomb.entity) == smime.MOST_BYTES
    assert not bomb.is_whole
    assert smime.read_smime(wrap.compressed(b"nothing that zlib knows")) is None


def test_a_cut_one_gives_what_it_has() -> None:
    whole = wrap.signed(ENTITY)
    cut = whole[: whole.index(ENTITY) + 100]
    assert smime.read_smime(cut) == smime.SmimeContent(
        Protection.SMIME_SIGNED, ENTITY[:100], is_whole=False
    )


def test_elements_without_end_are_bounded() -> None:
    head = wrap.signed(ENTITY, indefinite=True)
    with cheap(5):
        for data in (
            b"\x30\x80" * 1_000_000,
            head[:30] + b"\x31\x80" * 1_000_000,
            head[: head.index(b"\x24\x80")] + b"\x24\x80" * 1_000_000,
            head[: head.index(b"\x24\x80")] + b"\x24\x80" + b"\x04\x00" * 1_000_000,
            b"\x30\x88" + b"\xff" * 100,
        ):
            content = smime.read_smime(data)
            assert content is None or not content.is_whole


def test_a_content_in_half_a_million_pieces_is_cut() -> None:
    content = smime.read_smime(wrap.signed(bytes(3_500_000), indefinite=True))
    assert content is not None
    assert not content.is_whole


@up_to(500)
@given(st.booleans(), st.data())
def test_a_damaged_one_never_raises(indefinite: bool, data: st.DataObject) -> None:
    damaged = bytearray(wrap.signed(ENTITY[:80], indefinite=indefinite))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    content = smime.read_smime(bytes(damaged))
    assert content is None or len(content.entity) <= len(damaged)


@up_to(200)
@given(st.binary(max_size=60))
def test_rubbish_is_nothing(data: bytes) -> None:
    smime.read_smime(data)
