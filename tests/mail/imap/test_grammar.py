"""Lines of answers taken apart as imapclient takes them apart, and by the pattern where it can."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from imapclient.response_parser import parse_response  # type: ignore[import-untyped]

from mail.imap import grammar
from mail.imap.response import TRIPS
from tests.examples import up_to

ENVELOPE = (
    rb'3 (UID 7 FLAGS (\Seen $Forwarded) INTERNALDATE "25-Nov-2026 10:00:00 +0100" RFC822.SIZE 99'
    rb' ENVELOPE ("Wed, 25 Nov 2026" "a \"b\" c\\d" (("Claire" NIL "claire" "x.example")) NIL NIL'
    rb' NIL NIL NIL NIL "<1@x.example>") BODYSTRUCTURE ("text" "plain" ("charset" "utf-8") NIL NIL'
    rb' "7bit" 12 1 NIL NIL NIL NIL))'
)
COMMON = [
    ([ENVELOPE], 3),
    ([b'(\\HasNoChildren \\Sent) "." "Envoy&AOk-s"'], (b"\\HasNoChildren", b"\\Sent")),
    ([b"INBOX (MESSAGES 3 UNSEEN 0)"], b"INBOX"),
    ([(b"5 (BODY[HEADER.FIELDS (SUBJECT)]<0> {4}", b"a\r\nb"), b" UID 0123)"], 5),
    ([(b"{3}", b'a"b')], b'a"b'),
    ([b"()"], ()),
    ([b' "NIL" NIL '], b"NIL"),
]


@pytest.mark.parametrize(("line", "first"), COMMON)
def test_common_answers_need_no_letter_by_letter_reading(line: list, first: object) -> None:
    parsed = grammar._common(line)
    assert parsed is not None
    assert parsed[0] == first
    assert parsed == tuple(parse_response(line))


@pytest.mark.parametrize(
    "line",
    [
        [b'abc"def"'],
        [b"(1 2"],
        [b"1)"],
        [b'"open'],
        [b"%"],
        [b"a\x01b"],
        [b"a[b"],
        [(b"BODY[]{3}", b"abc")],
        [(b"{4}", b"abc")],
        [b"(" * 5_000 + b")" * 5_000],
    ],
)
def test_what_is_odd_is_left_to_imapclient(line: list) -> None:
    assert grammar._common(line) is None


SCRAPS = (
    *(b"(", b")", b" ", b'"a b"', b'"\\"\\\\x\\y"', b"NIL", b"0", b"07", b"7", b"{3}", b"%"),
    *(b"BODY[1.2 (A)]", b"[", b"]", b'"', b"\\Seen", b"\r\n", b"\x00", b"\xe9", b"\\", b"{"),
)
pieces = st.lists(st.sampled_from(SCRAPS), max_size=12).map(b"".join)


@up_to(1500)
@given(st.lists(st.tuples(pieces, st.none() | st.binary(max_size=4)), min_size=1, max_size=3))
@example([(b'1 ("a" {0}', b""), (b")", None)])
def test_whatever_comes_means_what_it_means_to_imapclient(drawn: list) -> None:
    line = [
        text if literal is None else (text + b"{%d}" % len(literal), literal)
        for text, literal in drawn
    ]
    assert outcome(grammar.parse, line) == outcome(parse_response, line)


def outcome(parse, line: list) -> object:
    try:
        return tuple(parse(line))
    except TRIPS as error:
        return type(error)
