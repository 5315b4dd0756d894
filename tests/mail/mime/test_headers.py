"""Header fields as mail carries them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import encoded_words, headers, structure
from mail.mime.addresses import Address
from tests.cases import each
from tests.examples import up_to

DECODED = {
    "plain": (b"Sortie au musee", "Sortie au musee"),
    "utf-8 q": (b"=?utf-8?Q?R=C3=A9union_du_conseil?=", "Réunion du conseil"),
    "latin-9 euro": (b"=?iso-8859-15?Q?15=A4_par_=E9l=E8ve?=", "15€ par élève"),
    "windows-1252 said latin-1": (b"=?iso-8859-1?Q?l=92=E9cole_=85?=", "l’école …"),
    "utf-8 said latin-1": (b"=?iso-8859-1?Q?=C3=A9l=C3=A8ve?=", "élève"),
    "base64 without padding": (b"=?utf-8?B?w6lsw6h2ZQ?=", "élève"),
    "cut inside a character": (b"=?utf-8?Q?=C3?= =?utf-8?Q?=A9t=C3=A9?=", "été"),
    "cut inside a base64 quantum": (b"=?utf-8?B?w6lsw6h?= =?utf-8?B?2ZQ==?=", "élève"),
    "blanks between words vanish": (b"=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab"),
    "blanks beside text stay": (b"=?utf-8?Q?a?= et =?utf-8?Q?b?=", "a et b"),
    "glued": (b"Re:=?utf-8?Q?=C3=A9t=C3=A9?=!", "Re:été!"),
    "two charsets": (b"=?utf-8?Q?=C3=A9?= =?iso-8859-1?Q?=E8?=", "éè"),
    "blank inside a word": (b"=?utf-8?Q?au jour d'=C3=A9t=C3=A9?=", "au jour d'été"),
    "language": (b"=?utf-8*fr?Q?=C3=A9t=C3=A9?=", "été"),
    "unknown charset": (b"=?x-rien?Q?=E9t=E9?=", "été"),
    "japanese": (b"=?iso-2022-jp?B?GyRCMnE1RBsoQg==?=", "会議"),
    "japanese of Windows": (b"=?iso-2022-jp?B?GyRCLWIbKEI0MQ==?=", "№41"),
    "raw utf-8": ("Été à la mer".encode(), "Été à la mer"),
    "raw windows-1252": (b"\xc9t\xe9 \x96 fin", "Été – fin"),
    "folded": (b"un\r\n deux", "un deux"),
    "never closed": (b"=?utf-8?Q?abc", "=?utf-8?Q?abc"),
    "a question": ("=?quoi?=", "=?quoi?="),
    "controls": ("a\x00b\x1b[31m\x7f", "ab[31m"),
    "line breaks": ("=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"),
    "reading direction": ("facture\u202efdp.exe", "facturefdp.exe"),
    "escaped bytes": ("\udce9t\udce9", "été"),
    "lone surrogate": ("a\ud800b", "a?b"),
    "emoji": (b"=?utf-8?B?8J+OiSBGw6p0ZQ==?=", "🎉 Fête"),
}


@each(("raw", "expected"), DECODED.values(), ids=DECODED)
def test_a_header_value_is_decoded(raw: bytes | str, expected: str) -> None:
    assert encoded_words.decode(raw) == expected


@up_to(200)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_decoding_never_raises_and_leaves_no_control(value: bytes | str) -> None:
    decoded = encoded_words.decode(value)
    decoded.encode()
    assert not any(unicodedata.category(character) == "Cc" for character in decoded)


@up_to(200)
@given(
    st.sampled_from(
        ["utf-8", "utf-7", "iso-2022-jp", "hz", "punycode", "idna", "utf-16", "zlib", "x"]
    ),
    st.sampled_from("bqBQ"),
    st.text(alphabet="=?_+-ABab09/ \x1b$(~{", max_size=60),
)
def test_decoding_words_of_any_charset_never_raises(
    charset: str, encoding: str, content: str
) -> None:
    encoded_words.decode(
        f"=?{charset}?{encoding}?{content}?= =?{charset}?{encoding}?{content}?="
    ).encode()


def test_fields_are_read_in_their_order_whatever_stands_between() -> None:
    read = headers.parse(
        b"From alice Mon May 12\r\nSubject: un\r\n =?utf-8?Q?=C3=A9t=C3=A9?=\r\n"
        b"rubbish\r\nTo : b@x.fr\n"
        b"Received: a\r\nreceived: b\r\n\r\nSubject: body\r\n"
    )
    assert [name for name, _ in read.items()] == ["Subject", "To", "Received", "received"]
    assert read.get("subject") == "un été"
    assert read.get_all("Received") == ("a", "b")
    assert read.get("Date") == ""


def test_no_header_at_all_is_read_as_none() -> None:
    assert headers.parse(b"").items() == ()
    assert headers.parse(b"\r\n\r\ntext").items() == ()


def test_addresses_are_read_before_they_are_decoded() -> None:
    read = headers.parse(b"To: =?utf-8?Q?Durand=2C_Fran=C3=A7oise?= <f@x.fr>\r\nTo: bob@x.fr\r\n")
    assert read.addresses("to") == (Address("Durand, Françoise", "f@x.fr"), Address("", "bob@x.fr"))


VALUES = {
    "simple": ("text/plain; charset=utf-8", ("text/plain", {"charset": "utf-8"})),
    "quoted": (
        'Text/HTML; Charset="utf-8" ; name="a;b\\"c"',
        ("text/html", {"charset": "utf-8", "name": 'a;b"c'}),
    ),
    "quote never closed": ('text/html; charset="UTF-8', ("text/html", {"charset": "UTF-8"})),
    "bare with specials": (
        "text/calendar; method=text/calendar;; x",
        ("text/calendar", {"method": "text/calendar"}),
    ),
    "quotes that nothing escapes": (
        'attachment; filename="mal "cite"; 2.pdf"; size=3',
        ("attachment", {"filename": 'mal "cite', "size": "3"}),
    ),
    "quotes in the last": (
        'attachment; filename="un "mot" ici.pdf"',
        ("attachment", {"filename": 'un "mot" ici.pdf'}),
    ),
    "a semicolon missing": (
        'a/b; name="a.pdf" charset="utf-8"',
        ("a/b", {"name": "a.pdf"}),
    ),
    "first counts": ("a/b; x=1; x=2", ("a/b", {"x": "1"})),
    "nothing": ("", ("", {})),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_a_value_with_parameters_is_taken_apart(
    value: str, expected: tuple[str, dict[str, str]]
) -> None:
    assert headers.parse_value(value) == expected


NAMES: dict[str, tuple[dict[str, str], str]] = {
    "plain": ({"name": "notes.pdf"}, "notes.pdf"),
    "filename before name": ({"name": "a.pdf", "filename": "b.pdf"}, "b.pdf"),
    "encoded words": ({"filename": "=?utf-8?Q?=C3=A9l=C3=A8ves=2Ecsv?="}, "élèves.csv"),
    "rfc 2231": ({"filename*": "utf-8''r%C3%A8glement.pdf"}, "règlement.pdf"),
    "rfc 2231 beside plain": ({"filename": "r.pdf", "filename*": "utf-8''r%C3%A8.pdf"}, "rè.pdf"),
    "rfc 2231 whole and in pieces": (
        {"filename*": "utf-8''r%C3%A8.pdf", "filename*0*": "utf-8''r%C3%A8", "filename*1": ".pdf"},
        "rè.pdf",
    ),
    "rfc 2231 of both": (
        {"name*": "utf-8''n%C3%A9.pdf", "name": "n.pdf", "filename": "f.pdf"},
        "f.pdf",
    ),
    "rfc 2231 of the type": ({"name*": "utf-8''n%C3%A9.pdf", "name": "n.pdf"}, "né.pdf"),
    "rfc 2231 of nothing": ({"filename*": "utf-8''", "filename": "f.pdf"}, "f.pdf"),
    "cut at a blank by the server": ({"filename": "une", "name": "une note.pdf"}, "une note.pdf"),
    "quotes and semicolons": ({"filename": 'a;b"c".pdf'}, "a;b_c_.pdf"),
    "continued": ({"filename*0": "Projet ", "filename*1": "2025.pdf"}, "Projet 2025.pdf"),
    "continued, cut inside a character": (
        {"filename*0*": "utf-8''Projet%20%C3", "filename*1*": "%A9t%C3%A9", "filename*2": ".pdf"},
        "Projet été.pdf",
    ),
    "latin-1": ({"filename*": "iso-8859-1'fr'%E9t%E9.pdf"}, "été.pdf"),
    "no charset": ({"filename*": "%C3%A9t%C3%A9.pdf"}, "été.pdf"),
    "raw utf-8": ({"name": "été.pdf"}, "été.pdf"),
    "path": ({"filename": "../../etc/passwd"}, "etc_passwd"),
    "windows path": ({"filename": "C:\\Users\\f\\notes.doc"}, "notes.doc"),
    "unix path": ({"filename": "/home/f/notes.doc"}, "notes.doc"),
    "dots": ({"filename": ".."}, ""),
    "hidden": ({"filename": ".htaccess"}, "htaccess"),
    "line break": ({"filename": 'a"\r\nContent-Type: text/html'}, "a_ Content-Type_ text_html"),
    "markup": ({"filename": "<img src=x>.png"}, "_img src=x_.png"),
    "reading direction": ({"filename": "photo\u202egpj.exe"}, "photogpj.exe"),
    "none": ({}, ""),
}


@each(("parameters", "expected"), NAMES.values(), ids=NAMES)
def test_a_file_name_is_safe_and_readable(parameters: dict[str, str], expected: str) -> None:
    assert headers.file_name(parameters) == expected


def test_a_long_file_name_keeps_its_extension() -> None:
    name = headers.safe_name("a" * 5000 + ".pdf")
    assert len(name) == 200
    assert name.endswith("a.pdf")


KEYS = st.sampled_from(
    ["name", "filename", "filename*", "filename*0", "filename*0*", "filename*1*", "NAME"]
)


@up_to(200)
@given(st.dictionaries(KEYS, st.text(max_size=80) | st.text(alphabet="utf-8'%C3./\\", max_size=40)))
def test_any_parameters_give_a_safe_name(parameters: dict[str, str]) -> None:
    name = headers.file_name(parameters)
    name.encode()
    assert len(name) <= 200
    assert not name.startswith(".")
    assert not set(name) & set('/\\<>"\r\n\x00\u202e')


def test_a_header_without_end_is_cut() -> None:
    assert len(encoded_words.decode("é" * 300_000)) == 200_000
    assert encoded_words.decode("=?utf-8?q?=C3=A9?=\n " * 250_000).startswith("éé")


def test_cr_cr_lf_is_one_line_end() -> None:
    raw = b"Subject: a\r\r\n b\r\r\nDate: c\r\r\n\r\r\nNot: d\r\r\n"
    read = headers.parse(raw)
    assert [name for name, _value in read.fields] == ["Subject", "Date"]
    assert structure.parse(raw).bodies["1"] == b"Not: d\r\r\n"
