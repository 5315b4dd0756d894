"""Parts that hold others: opened, put into the tree, served by their number."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import containers, structure
from mail.mime.damage import Damage
from mail.mime.structure import ParsedMessage, Part, Protection, ShownParts
from tests.examples import up_to
from tests.mail.mime import wrap

WINMAIL = Part("2", "application/ms-tnef", file_name="winmail.dat", encoding="base64", size=9)
OPAQUE = Part(
    "1", "application/pkcs7-mime", {"smime-type": "signed-data"}, file_name="smime.p7m", size=9
)
TEXT = Part("1", "text/plain", {"charset": "iso-8859-1"}, size=99)
NOTES = wrap.attachment(b"notes.csv", b"nom;note\r\n")
LOGO = wrap.attachment(b"logo.png", b"\x89PNG", wrap.unicode(0x3712, "logo"))
FORMATTED = wrap.tnef([wrap.binary(0x1013, b"<p>Bonjour <img src=cid:logo>")], LOGO, NOTES)
BARE = wrap.tnef([], NOTES)
UUENCODED = b"Voici \xe9tude.\nbegin 644 a.txt\n" + binascii.b2a_uu(b"abc") + b"`\nend\n"


def multi(kind: str, *children: Part) -> Part:
    return Part("", f"multipart/{kind}", children=children)


def opened(part: Part, content: bytes) -> dict[str, ParsedMessage]:
    unpacked = containers.unpack(part, content)
    assert unpacked is not None
    return {part.number: unpacked}


def numbers(shown: ShownParts) -> list[list[str]]:
    groups = (shown.text, shown.html, shown.inline, shown.attachments)
    return [[part.number for part in group] for group in groups]


CONTAINERS = {
    "winmail.dat": (WINMAIL, True),
    "winmail.dat said octets": (replace(WINMAIL, media_type="application/octet-stream"), True),
    "another file": (Part("1", "application/octet-stream", file_name="a.dat"), False),
    "picture of that name": (Part("1", "image/png", file_name="winmail.dat"), False),
    "opaque": (OPAQUE, True),
    "opaque unsaid": (replace(OPAQUE, parameters={}), True),
    "opaque said octets": (replace(OPAQUE, media_type="application/octet-stream"), True),
    "envelope": (replace(OPAQUE, parameters={"smime-type": "enveloped-data"}), False),
    "text": (TEXT, False),
}


@pytest.mark.parametrize(("part", "expected"), CONTAINERS.values(), ids=CONTAINERS)
def test_containers_are_known_by_the_structure(part: Part, expected: bool) -> None:
    assert containers.is_container(part) is expected
    assert bool(containers.containers_in(multi("mixed", TEXT, part))) is expected


def test_containers_of_nested_messages_wait() -> None:
    nested = Part("2", "message/rfc822", children=(multi("mixed", TEXT, WINMAIL),))
    assert containers.containers_in(multi("mixed", TEXT, nested)) == ()
    assert containers.containers_in(nested) == ()


def test_many_containers_are_not_all_opened() -> None:
    many = [replace(WINMAIL, number=str(n)) for n in range(1, 1000)]
    assert len(containers.containers_in(multi("mixed", *many))) == containers.MOST_CONTAINERS


# --- winmail.dat ---


def test_the_files_of_winmail_take_its_place() -> None:
    root = containers.graft(multi("mixed", TEXT, WINMAIL), opened(WINMAIL, BARE))
    assert numbers(structure.choose(root)) == [["1"], [], [], ["2~2"]]
    assert structure.choose(root).attachments[0].file_name == "notes.csv"


def test_the_formatted_text_of_winmail_is_the_twin_of_a_plain_one() -> None:
    root = containers.graft(multi("mixed", TEXT, WINMAIL), opened(WINMAIL, FORMATTED))
    assert numbers(structure.choose(root, {"logo"})) == [["1"], ["2~1"], ["2~2"], ["2~3"]]


def test_winmail_alone_is_the_message() -> None:
    root = containers.graft(WINMAIL, opened(WINMAIL, FORMATTED))
    assert numbers(structure.choose(root, {"logo"})) == [[], ["2~1"], ["2~2"], ["2~3"]]


def test_a_message_with_html_of_its_own_keeps_it() -> None:
    alternative = multi("alternative", TEXT, Part("3", "text/html", size=9))
    root = containers.graft(multi("mixed", alternative, WINMAIL), opened(WINMAIL, FORMATTED))
    assert numbers(structure.choose(root, ()))[:2] == [["1"], ["3"]]


def test_a_winmail_that_is_none_stays_an_attachment() -> None:
    unpacked = opened(WINMAIL, b'x\x9f>"\x01\x00\x01\x00')
    assert unpacked["2"].damage == {Damage.CONTAINER}
    root = containers.graft(multi("mixed", TEXT, WINMAIL), unpacked)
    assert structure.choose(root).attachments == (WINMAIL,)


def test_a_part_inside_is_served_by_its_number() -> None:
    unpacked = opened(WINMAIL, FORMATTED)["2"]
    assert containers.outer("2~3") == "2"
    assert containers.outer("2.1") == "2.1"
    assert containers.content(unpacked, "2~3") == b"nom;note\r\n"
    for absent in ("2~9", "2", "1", "2~1~1"):
        with pytest.raises(KeyError):
            containers.content(unpacked, absent)


# --- S/MIME ---

ENTITY = (
    b"Content-Type: multipart/mixed; boundary=in\r\n\r\n"
    b"--in\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n"
    b"--in\r\nContent-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\n"
    b"Content-Disposition: attachment; filename=notes.csv\r\n\r\nbm9t\r\n--in--\r\n"
)


def test_what_an_opaque_signature_wraps_is_shown() -> None:
    unpacked = opened(OPAQUE, wrap.signed(ENTITY, indefinite=True))
    shown = structure.choose(containers.graft(OPAQUE, unpacked))
    assert numbers(shown) == [["1~1"], [], [], ["1~2"]]
    assert shown.protection is Protection.SMIME_SIGNED
    assert containers.content(unpacked["1"], "1~2") == b"nom"


def test_an_envelope_that_was_not_said_to_be_one_is_found_out() -> None:
    part = Part("1", "application/octet-stream", file_name="smime.p7m")
    kind = wrap.ber(0x06, wrap.PKCS7 + b"\3")
    unpacked = opened(part, wrap.ber(0x30, kind, wrap.ber(0xA0, wrap.ber(0x30))))
    shown = structure.choose(containers.graft(part, unpacked))
    assert shown.protection is Protection.SMIME_ENCRYPTED
    assert [file.file_name for file in shown.attachments] == ["smime.p7m"]


def test_a_container_in_a_container_is_opened() -> None:
    inner = (
        b"Content-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\n\r\nBonjour\r\n--w\r\n"
        b"Content-Type: application/ms-tnef; name=winmail.dat\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(BARE) + b"--w--\r\n"
    )
    unpacked = opened(OPAQUE, wrap.signed(wrap_again(wrap.signed(inner))))
    shown = structure.choose(containers.graft(OPAQUE, unpacked))
    assert numbers(shown) == [["1~1~1"], [], [], ["1~1~2~2"]]
    assert containers.content(unpacked["1"], "1~1~2~2") == b"nom;note\r\n"


def wrap_again(der: bytes) -> bytes:
    return (
        b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(der)
    )


def test_signatures_around_signatures_end_somewhere() -> None:
    entity = ENTITY
    for _ in range(20):
        entity = wrap_again(wrap.signed(entity))
    unpacked = opened(OPAQUE, wrap.signed(entity))["1"]
    (deepest,) = unpacked.bodies
    assert deepest.count(containers.SEPARATOR) == 4


def test_a_signature_that_can_not_be_read_is_damage() -> None:
    assert opened(OPAQUE, b"nonsense")["1"].damage == {Damage.CONTAINER}
    assert containers.unpack(replace(OPAQUE, parameters={}), b"nonsense") is None


def test_bombs_inside_bombs_do_not_multiply() -> None:
    """Ten that inflate a thousandfold, in each of ten that do, in one that does."""
    data = zlib.compress(b"\r\n\r\n" + bytes(30_000_000))
    for _ in range(2):
        piece = wrap_again(wrap.compressed(data))
        entity = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(
            b"--b\r\n" + piece + b"\r\n" for _ in range(containers.MOST_CONTAINERS)
        )
        data = zlib.compress(entity)
    unpacked = opened(OPAQUE, wrap.compressed(data))["1"]
    assert sum(map(len, unpacked.bodies.values())) < 3 * containers.MOST_BYTES
    assert Damage.CONTAINER in unpacked.damage


# --- uuencode ---


def test_a_uuencoded_file_is_an_attachment_of_its_text() -> None:
    unpacked = opened(TEXT, UUENCODED)
    shown = structure.choose(containers.graft(multi("mixed", TEXT), unpacked))
    assert numbers(shown) == [["1~1"], [], [], ["1~2"]]
    assert shown.text[0].charset == "iso-8859-1"
    assert containers.content(unpacked["1"], "1~1") == b"Voici \xe9tude.\n"
    assert containers.content(unpacked["1"], "1~2") == b"abc"


def test_a_text_without_one_holds_nothing() -> None:
    assert containers.unpack(TEXT, b"begin 644 words\nBonjour\n") is None
    assert containers.unpack(Part("1", "image/png"), UUENCODED) is None


# --- all ---


@up_to(300)
@given(
    st.sampled_from([WINMAIL, OPAQUE, TEXT]),
    st.sampled_from([FORMATTED, BARE, UUENCODED, wrap.signed(ENTITY), wrap.signed(UUENCODED)]),
    st.data(),
)
def test_unpacking_never_raises(part: Part, content: bytes, data: st.DataObject) -> None:
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(0, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    unpacked = containers.unpack(part, bytes(damaged))
    if unpacked is not None:
        leaves = [leaf.number for leaf in unpacked.root.walk() if not leaf.children]
        assert len(leaves) == len(set(leaves))
        assert set(unpacked.bodies) <= set(leaves)
        for number in unpacked.bodies:
            containers.content(unpacked, number)
        structure.choose(containers.graft(multi("mixed", TEXT, part), {part.number: unpacked}))
