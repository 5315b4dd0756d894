"""The text of one part, every layer taken off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import body
from mail.mime.damage import Damage
from mail.mime.structure import Part, Protection
from tests.examples import up_to


def part(media_type: str = "text/plain", encoding: str = "8bit", **parameters: str) -> Part:
    return Part("1", media_type, parameters, encoding=encoding)


READ = {
    "flowed": (part(format="flowed"), b"un \r\ndeux", "un deux"),
    "flowed without blanks": (part(format="Flowed", delsp="YES"), b"un \r\ndeux", "undeux"),
    "fixed": (part(format="fixed"), b"un \r\ndeux", "un \ndeux"),
    "flowed HTML is HTML": (part("text/html", format="flowed"), b"un \r\ndeux", "un \ndeux"),
    "enriched": (
        part("text/enriched"),
        b"<bold>Bon</bold>jour\n<<ici>\n\n<color><param>red</param>fin</color>",
        "Bonjour <ici>\nfin",
    ),
    "utf-7": (part(charset="utf-7"), b"+AOk-t+AOk-", "été"),
    "japanese": (part(charset="iso-2022-jp"), "会議".encode("iso2022_jp"), "会議"),
    "base64 of latin-1": (part(encoding="base64", charset="iso-8859-1"), b"6XTp", "été"),
    "windows-1252 said latin-1": (part(charset="iso-8859-1"), b"l\x92\xe9t\xe9", "l’été"),
    "utf-8 said latin-1": (part(charset="iso-8859-1"), "été".encode(), "été"),
}


@pytest.mark.parametrize(("of", "data", "expected"), READ.values(), ids=READ)
def test_a_text_is_read(of: Part, data: bytes, expected: str) -> None:
    assert body.read_body(of, data) == body.Body(expected)


def test_inline_pgp_is_said() -> None:
    data = b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----\r\n"
    assert body.read_body(part(), data).protection is Protection.PGP_ENCRYPTED


DAMAGED = {
    "cut": (part(), b"un", True, {Damage.CUT}),
    "unknown charset": (part(charset="x-nimporte"), b"\xe9t\xe9", False, {Damage.CHARSET}),
    "unknown charset of plain letters": (part(charset="x-nimporte"), b"ete", False, set()),
    "no charset": (part(), b"\xe9t\xe9", False, set()),
    "bytes of no character": (part(charset="euc-kr"), b"\xc8\xb8 \xff", False, {Damage.CHARSET}),
    "lost by the sender": (part(charset="utf-8"), "caf\ufffd".encode(), False, set()),
    "no base64": (part(encoding="base64"), b"Bonjour, c'est la vie !", False, {Damage.ENCODING}),
    "base64 one letter too many": (part(encoding="base64"), b"w6l0w6k=A", False, {Damage.ENCODING}),
    "base64": (part(encoding="base64"), b"w6l0\r\nw6k=\r\n", False, set()),
    "base64 cut by us": (part(encoding="base64"), b"w6l0w6k=A", True, {Damage.CUT}),
}  # fmt: skip


@pytest.mark.parametrize(("of", "data", "is_cut", "expected"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_wrong_is_said(of: Part, data: bytes, is_cut: bool, expected: set[Damage]) -> None:
    assert body.read_body(of, data, is_cut=is_cut).damage == expected


@up_to(200)
@given(
    st.binary(max_size=80),
    st.sampled_from(["text/plain", "text/enriched", "text/x"]),
    st.sampled_from(["base64", "quoted-printable", "x-uue", ""]),
    st.sampled_from(["utf-8", "utf-7", "utf-16", "gb18030", "x", ""]),
)
def test_reading_never_raises(data: bytes, media_type: str, encoding: str, charset: str) -> None:
    parameters = {"charset": charset, "format": "flowed", "delsp": "yes"}
    read = body.read_body(Part("1", media_type, parameters, encoding=encoding), data)
    read.text.encode()
