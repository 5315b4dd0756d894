"""Raw answers -> values, the odd ones above all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.errors import BadServerAnswer
from mail.imap import names, response
from mail.imap.response import UNREADABLE
from mail.imap.values import FORWARDED, SEEN, Selected
from mail.mime.addresses import Address
from mail.mime.envelope import Envelope
from tests.examples import up_to

INBOX = Selected("INBOX", 7, 3)
ENVELOPE = (
    b'ENVELOPE ("Thu, 06 Mar 2025 09:30:00 +0100" "Bonjour" NIL NIL NIL NIL NIL NIL NIL "<a@b>")'
)
TEXT = b'BODYSTRUCTURE ("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 18 1 NIL NIL NIL NIL)'
ROW = (
    b'1 (UID 5 FLAGS (\\Seen $Forwarded) INTERNALDATE "06-Mar-2025 09:31:00 +0100" '
    b"RFC822.SIZE 312 " + ENVELOPE + b" " + TEXT + b")"
)


def envelope_of(text: bytes) -> Envelope:
    return response.envelope(response.parsed([b"(" + text + b")"])[0])


def structure_of(text: bytes):
    return response.structure(response.parsed([b"(" + text + b")"])[0])


def test_a_row():
    (row,) = response.messages([ROW], INBOX)
    paris = timezone(timedelta(hours=1))
    assert (row.ref.folder, row.ref.uidvalidity, row.ref.uid) == ("INBOX", 7, 5)
    assert (row.sequence, row.size) == (1, 312)
    assert row.flags == {SEEN, FORWARDED}
    assert row.received == datetime(2025, 3, 6, 9, 31, tzinfo=paris)
    assert row.envelope.subject == "Bonjour"
    assert row.envelope.date == datetime(2025, 3, 6, 9, 30, tzinfo=paris)
    assert row.envelope.message_id == "<a@b>"
    assert (row.structure.number, row.structure.media_type) == ("1", "text/plain")


def test_news_of_flags_are_no_rows():
    lines = [b"2 (FLAGS (\\Seen))", ROW, b"3 (UID 9 FLAGS (\\Seen))"]
    assert [row.ref.uid for row in response.messages(lines, INBOX)] == [5]


def test_strings_may_come_as_literals():
    lines = [
        (b"1 (UID 5 FLAGS () RFC822.SIZE 3 ENVELOPE (NIL {5}", "Été".encode()),
        (b" NIL NIL NIL NIL NIL NIL NIL {3}", b"<a>"),
        b") " + TEXT + b")",
        ROW.replace(b"1 (UID 5", b"2 (UID 6"),
    ]
    rows = response.messages(lines, INBOX)
    assert [(row.ref.uid, row.envelope.subject) for row in rows] == [(5, "Été"), (6, "Bonjour")]


def test_flags_are_written_as_everybody_does():
    (row,) = response.messages([ROW.replace(b"\\Seen", b"\\SEEN")], INBOX)
    assert SEEN in row.flags


@pytest.mark.parametrize(
    "broken",
    [
        ENVELOPE + b' BODYSTRUCTURE ("text',
        ENVELOPE + b" BODYSTRUCTURE " + b"(" * 3000 + b")" * 3000,
        b'ENVELOPE ("unclosed',
        b'ENVELOPE (NIL " UID 99 FLAGS (\\Deleted) RFC822.SIZE 1 ',
    ],
)
def test_one_unreadable_message_does_not_hide_the_others(broken):
    lines = [b"1 (UID 4 FLAGS (\\Seen) RFC822.SIZE 77 " + broken + b")", ROW]
    rows = response.messages(lines, INBOX)
    assert [row.ref.uid for row in rows] == [4, 5]
    assert (rows[0].flags, rows[0].size) == ({SEEN}, 77)
    assert rows[0].structure is UNREADABLE
    assert rows[0].envelope == Envelope()


def test_an_unreadable_answer_is_not_believed_where_the_sender_speaks():
    line = b'1 (FLAGS () ENVELOPE (NIL " UID 99 " '
    assert response.messages([line], INBOX) == ()


@up_to(300)
@given(st.data())
def test_no_damage_to_an_answer_is_more_than_a_damaged_row(data):
    line = bytearray(ROW)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(line) - 1))
        line[place : place + data.draw(st.integers(0, 3))] = data.draw(
            st.sampled_from(
                [b"(", b")", b'"', b"\\", b"[", b"{3}", b" ", b"NIL", b"\xff", b"9" * 40]
            )
        )
    other = ROW.replace(b"1 (UID 5", b"2 (UID 6")
    rows = response.messages([bytes(line), other], INBOX)
    assert rows[-1].ref.uid == 6
    assert len(rows) <= 2


def test_a_type_of_one_word_is_a_plain_text():
    for described in (b'"texte" "" NIL NIL NIL "7bit" 5', b'"text" "" NIL NIL NIL "7bit" 5 0'):
        part = structure_of(described)
        assert (part.media_type, part.size) == ("text/plain", 5)


def test_a_missing_structure_is_unreadable():
    (row,) = response.messages([ROW.replace(TEXT, b"BODYSTRUCTURE NIL")], INBOX)
    assert row.structure is UNREADABLE
    assert row.envelope.subject == "Bonjour"


@pytest.mark.parametrize(
    "line",
    [
        b"rubbish",
        b"1 FETCH",
        b"1 (UID)",
        b"1 (UID 5",
        b"1",
        b"x (UID 5)",
        b"1 ((UID) 5)",
        b"1 (5 6)",
    ],
)
def test_lines_that_are_no_answer(line):
    with pytest.raises(BadServerAnswer):
        list(response.items([line]))


def test_an_envelope_of_nothing():
    assert envelope_of(b"NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL") == Envelope()
    assert envelope_of(b"NIL") == Envelope()
    assert response.envelope(None) == Envelope()


@pytest.mark.parametrize(
    "broken",
    [
        b"NIL",
        b'(NIL "Le "mot" du jour" NIL NIL NIL NIL NIL NIL NIL NIL)',  # quotes as they are
        b'(NIL "Le mot" NIL NIL)',
    ],
)
def test_an_envelope_without_its_ten_fields_is_not_believed(broken):
    line = b"1 (UID 5 FLAGS () RFC822.SIZE 9 ENVELOPE " + broken + b" BODY[HEADER.FIELDS (A)] NIL)"
    (row,) = response.messages([line], INBOX)
    assert not row.is_readable


def test_a_single_address_may_stand_without_parentheses():
    told = envelope_of(b'NIL NIL ("Anne" NIL "anne" "x.fr") NIL NIL NIL NIL NIL NIL NIL')
    assert told.from_ == (Address("Anne", "anne@x.fr"),)


def test_a_disposition_and_a_size_may_be_mere_strings():
    """As Exchange tells them."""
    part = structure_of(
        b'"text" "plain" ("name" "a.txt") NIL NIL "7bit" "850" "31" NIL "attachment" NIL NIL'
    )
    assert (part.disposition, part.file_name, part.size) == ("attachment", "a.txt", 850)


def test_addresses():
    envelope = envelope_of(
        b'NIL NIL (("=?utf-8?q?Fran=C3=A7oise?=" NIL "f" "exemple.fr")) NIL NIL '
        b'((NIL NIL "amis" NIL)(NIL NIL "a" "x.fr")("B" NIL "b" "x.fr")(NIL NIL NIL NIL)) '
        b"NIL NIL NIL NIL"
    )
    assert envelope.from_ == (Address("Françoise", "f@exemple.fr"),)
    assert envelope.to == (Address("", "a@x.fr"), Address("B", "b@x.fr"))


def test_an_address_without_domain():
    envelope = envelope_of(b'NIL NIL ((NIL NIL "x" "MISSING_DOMAIN")) NIL NIL NIL NIL NIL NIL NIL')
    assert envelope.from_ == (Address("", "x"),)


@pytest.mark.parametrize("entry", [b"(1 2)", b"NIL", b'"text"', b"7"])
def test_addresses_that_are_none_are_left_out(entry):
    assert envelope_of(b"NIL NIL (" + entry + b") NIL NIL NIL NIL NIL NIL NIL").from_ == ()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"Thu, 06 Mar 2025 09:30:00 +0000", datetime(2025, 3, 6, 9, 30, tzinfo=UTC)),
        (b"6 Mar 25 09:30 GMT", datetime(2025, 3, 6, 9, 30, tzinfo=UTC)),
        (b"06-Mar-2025 09:30:00 +0000", datetime(2025, 3, 6, 9, 30, tzinfo=UTC)),
        (b" 6-Mar-2025 09:30:00 +0000", datetime(2025, 3, 6, 9, 30, tzinfo=UTC)),
        (b"Thu, 06 Mar 2025 09:30:00", datetime(2025, 3, 6, 9, 30, tzinfo=UTC)),
        (b"Thu, 06 Mar 2025 09:30:00 +9959", datetime(2025, 3, 6, 9, 30, tzinfo=UTC)),
        (b"Thu, 99 Mar 2025 09:30:00 +0000", None),
        (b"Thu, 06 Mar 20250 09:30:00 +0000", None),
        (b"Thu, 06 Mar 1601 09:30:00 +0000", None),
        (b"Thu, 06 Mar 2025 09:30:00 +99999999999999999999", None),
        (b"Thu, 06 Mar 2025 99999999999999999999:30:00 +0100", None),
        (b"hier", None),
        (b"", None),
        (b"\xff\xfe", None),
        (None, None),
        (7, None),
    ],
)
def test_dates(written, read):
    assert response.date(written) == read


def test_a_server_that_tells_the_first_day_of_1970_knows_no_arrival():
    assert response.arrival(b"01-Jan-1970 00:00:00 +0000") is None
    assert response.arrival(b"03-Jan-1970 00:00:00 +0000") is not None


def test_a_multipart_is_numbered():
    root = structure_of(
        b'(("text" "plain" NIL NIL NIL "7bit" 5 1)("text" "html" NIL NIL NIL "7bit" 5 1) '
        b'"alternative")'
        b'("image" "png" ("name" "a.png") "<i@x>" "Une image" "BASE64" 300 NIL '
        b'("inline" ("filename" "b.png")) NIL "http://x/")'
        b' "related" ("boundary" "q") NIL NIL'
    )
    numbers = [(part.number, part.media_type) for part in root.walk()]
    assert numbers == [
        ("", "multipart/related"),
        ("1", "multipart/alternative"),
        ("1.1", "text/plain"),
        ("1.2", "text/html"),
        ("2", "image/png"),
    ]
    image = root.children[1]
    assert (image.content_id, image.description) == ("i@x", "Une image")
    assert (image.encoding, image.size) == ("base64", 300)
    assert (image.disposition, image.file_name) == ("inline", "b.png")
    assert image.location == "http://x/"
    assert root.parameters == {"boundary": "q"}


def test_a_message_within_a_message_is_numbered():
    envelope = b'(NIL "=?utf-8?q?=C3=89t=C3=A9?=" NIL NIL NIL NIL NIL NIL NIL NIL)'
    text = b'("text" "plain" NIL NIL NIL "7bit" 5 1)'
    inner = b"(" + text + text + b' "mixed")'
    root = structure_of(
        text
        + b'("message" "rfc822" NIL NIL NIL "7bit" 500 '
        + envelope
        + b" "
        + inner
        + b' 20 NIL ("attachment" ("filename" "fwd.eml")))'
        + b'("message" "rfc822" NIL NIL NIL "7bit" 500 '
        + envelope
        + b" "
        + text
        + b" 20)"
        + b' "mixed"'
    )
    assert [part.number for part in root.walk()] == [
        *("", "1", "2", "2.TEXT", "2.1", "2.2", "3", "3.1")
    ]
    assert root.children[1].file_name == "fwd.eml"
    assert root.children[1].envelope == Envelope(subject="Été")
    assert root.children[0].envelope is None


def test_a_file_name_in_rfc_2231_pieces():
    root = structure_of(
        b'"application" "pdf" ("name*0*" "utf-8\'\'%C3%A9t" "name*1" "e.pdf") NIL NIL "base64" 9'
    )
    assert root.file_name == "éte.pdf"


def test_a_file_name_in_raw_bytes():
    line = b'("application" "pdf" ("name" "\xe9t\xe9.pdf") NIL NIL "base64" 9)'
    assert response.structure(response.parsed([line])[0]).file_name == "été.pdf"


@pytest.mark.parametrize(
    "text",
    [
        b'"text" "plain" NIL NIL NIL NIL NIL',
        b'NIL NIL NIL NIL NIL "7bit" 5 1',
        b'"text" "plain" "NIL" NIL NIL "7bit" "x" "y" NIL "inline" NIL',
        b'"text" "plain" ("charset") NIL NIL "7bit" 5 1 NIL ("inline" NIL)',
        b'"image" "png" NIL NIL NIL "base64" 5 NIL ("attachment" ("filename" NIL))',
        b'("text" "plain" NIL NIL NIL "7bit" 5 1)',
    ],
)
def test_structures_that_bend_the_rules_are_read(text):
    assert structure_of(text).media_type


def test_hundreds_of_levels_of_parts_are_read_or_unreadable():
    deep = b'("text" "plain" NIL NIL NIL "7bit" 5 1)'
    for _ in range(100):
        deep = b"(" + deep + b' "mixed")'
    assert len(list(structure_of(deep[1:-1]).walk())) == 101


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (b"[NONEXISTENT] Mailbox doesn't exist", "NONEXISTENT", "Mailbox doesn't exist"),
        (b"[uidnotsticky] x", "UIDNOTSTICKY", "x"),
        (b"[APPENDUID 1 2] Done", "APPENDUID", "Done"),
        (b"Not [here]", "", "Not [here]"),
        (b"", "", ""),
        (b"\xe9\r\n\x1b[31mred", "", "\ufffd [31mred"),
    ],
)
def test_response_codes(words, code, text):
    assert response.code(words) == code
    assert response.text(words) == text


def test_copied_uids():
    assert response.copied([b"38 3,5:7 100:103"], 4) == (38, {3: 100, 5: 101, 6: 102, 7: 103})
    assert response.copied([b"38 3 100", b"38 9 101"], 2) == (38, {3: 100, 9: 101})


@pytest.mark.parametrize(
    "line",
    [
        b"38 1:4294967295 1:4294967295",
        b"38 3,5 100",
        b"38 x y",
        b"38 3",
        b"",
        b"38 * 1",
        b"x 3 4",
        b"9" * 5000 + b" 1 2",
    ],
)
def test_copied_uids_that_are_not_believed(line):
    assert response.copied([line], 10) == (0, {})


@pytest.mark.parametrize(
    ("raw", "name", "addressable"),
    [
        (b"INBOX", "INBOX", True),
        (b"&AMk-t&AOk-", "Été", True),
        (b"4e &- 3e", "4e & 3e", True),
        (b"&2D3eAA-", "😀", True),
        (b"R&D", "R&D", False),
        ("Été".encode(), "Été", False),
        (b"&AMk", "&AMk", False),
        (b"&A-", "&A-", False),
        (b"\xff", "\ufffd", False),
    ],
)
def test_folder_names(raw, name, addressable):
    assert names.decode(raw) == (name, addressable)
