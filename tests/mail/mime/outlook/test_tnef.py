"""winmail.dat: what is in it comes out, and what is wrong with it does no harm."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from mail.mime import structure
from mail.mime.outlook import tnef
from tests.examples import up_to
from tests.mail.mime import wrap
from tests.waiting import cheap

HTML = b"<p>Le conseil est avanc\xc3\xa9.</p><img src='cid:logo'>"
LOGO = wrap.attachment(
    b"LOGO~1.PNG", b"\x89PNG", wrap.unicode(0x3707, "logo de l’école.png"),
    wrap.unicode(0x370E, "image/png"), wrap.unicode(0x3712, "logo"),
)  # fmt: skip
NOTES = wrap.attachment("relevé.csv".encode("cp1252"), b"nom;note\r\n")
CODEPAGE = (wrap.LONG, 0x3FDE, (65001).to_bytes(4, "little"))
MESSAGE = wrap.tnef(
    [
        (wrap.LONG, 0x8001, b"\1\0\0\0"),
        wrap.unicode(0x0037, "Conseil de classe"),
        wrap.unicode(0x0C1A, "Claire Morvan"),
        wrap.unicode(0x0C1F, "claire.morvan@college.invalid"),
        wrap.unicode(0x1000, "Le conseil est avancé."),
        wrap.binary(0x1013, HTML),
        CODEPAGE,
    ],
    LOGO,
    NOTES,
)


def test_a_message_is_unwrapped() -> None:
    unwrapped = tnef.read_tnef(MESSAGE)
    assert unwrapped is not None
    assert unwrapped.is_whole
    assert unwrapped.subject == "Conseil de classe"
    assert unwrapped.sender == '"Claire Morvan" <claire.morvan@college.invalid>'
    assert unwrapped.text == "Le conseil est avancé."
    assert unwrapped.html == HTML.decode()
    assert [(file.name, file.media_type, file.content_id) for file in unwrapped.files] == [
        ("logo de l’école.png", "image/png", "logo"),
        ("relevé.csv", "application/octet-stream", ""),
    ]
    assert unwrapped.files[1].content == b"nom;note\r\n"


def test_a_formatted_text_alone_is_read() -> None:
    rtf = wrap.rtf_literally(rb"{\rtf1\ansi\ansicpg1252 Le conseil est avanc\'e9.\par}")
    unwrapped = tnef.read_tnef(wrap.tnef([wrap.binary(0x1009, rtf)]))
    assert unwrapped is not None
    assert (unwrapped.text, unwrapped.html) == ("Le conseil est avancé.", "")


def test_a_message_inside_opens_as_a_mail() -> None:
    outer = tnef.read_tnef(wrap.tnef([], wrap.nested(wrap.tnef([], wrap.nested(MESSAGE)))))
    assert outer is not None
    (middle,) = outer.files
    assert (middle.name, middle.media_type) == ("message.eml", "message/rfc822")
    parsed = structure.parse(middle.content)
    inner = structure.parse(parsed.bodies[structure.choose(parsed.root).attachments[0].number])
    shown = structure.choose(inner.root, {"logo"})
    assert inner.headers.get("Subject") == "Conseil de classe"
    assert inner.headers.addresses("From")[0].address == "claire.morvan@college.invalid"
    assert [len(group) for group in (shown.text, shown.html, shown.inline)] == [1, 1, 1]
    assert [file.file_name for file in shown.attachments] == ["relevé.csv"]


def test_messages_in_messages_end_somewhere() -> None:
    data = MESSAGE
    for _ in range(40):
        data = wrap.tnef([], wrap.nested(data))
    unwrapped = tnef.read_tnef(data)
    assert unwrapped is not None
    assert not unwrapped.is_whole


def test_what_is_no_tnef_is_said() -> None:
    assert tnef.read_tnef(b"") is None
    assert tnef.read_tnef(b"PK\3\4") is None


def test_a_cut_one_gives_what_it_has() -> None:
    unwrapped = tnef.read_tnef(MESSAGE[:-30])
    assert unwrapped is not None
    assert not unwrapped.is_whole
    assert unwrapped.html
    assert unwrapped.files[0].content == b"\x89PNG"


def test_a_length_of_nothing_does_not_loop() -> None:
    """An attribute without bytes, over and over; one that claims four gigabytes."""
    head = b"\x78\x9f\x3e\x22\x01\x00"
    with cheap(5):
        for data in (
            head + wrap.attribute(1, 0x9003, b"") * 200_000,
            head + b"\x01\x03\x90\x06\x00" + b"\xff" * 4 + b"x" * 1000,
            head + wrap.attribute(1, 0x9003, b"\xff" * 400_000),
            head
            + wrap.attribute(1, 0x9003, b"\xff\xff\0\0" + b"\x02\x11\x01\x10\xff\xff\xff\xff" * 9),
            head + wrap.attribute(2, 0x9002, b"") * 100_000,
        ):
            unwrapped = tnef.read_tnef(data)
            assert unwrapped is not None
            assert not unwrapped.is_whole
            assert len(unwrapped.files) <= tnef.MOST_FILES


def test_ten_thousand_attachments_are_not_all_taken() -> None:
    unwrapped = tnef.read_tnef(wrap.tnef([], *[NOTES] * 3000))
    assert unwrapped is not None
    assert len(unwrapped.files) == tnef.MOST_FILES
    assert not unwrapped.is_whole


def test_many_bombs_cost_no_more_than_one() -> None:
    """Each expands eightfold, and each would be read."""
    bomb = wrap.rtf_bomb(600_000)
    inner = wrap.nested(wrap.tnef([wrap.binary(0x1009, bomb)]))
    with cheap(10):
        unwrapped = tnef.read_tnef(wrap.tnef([], *[inner] * 20))
        assert unwrapped is not None
        assert sum(len(file.content) for file in unwrapped.files) < 10_000_000


def test_whatever_boundaries_a_message_holds_it_is_written_in_a_moment() -> None:
    subjects = [
        " ".join(f"=_mixed_{n}" for n in range(begin, begin + 10_000))
        for begin in range(0, 300_000, 10_000)
    ]
    inner = [wrap.nested(wrap.tnef([wrap.unicode(0x0037, subject)])) for subject in subjects]
    begun = time.process_time()
    unwrapped = tnef.read_tnef(wrap.tnef([], wrap.nested(wrap.tnef([], *inner))))
    assert time.process_time() - begun < 5
    assert unwrapped is not None
    parsed = structure.parse(unwrapped.files[0].content)
    assert len(structure.choose(parsed.root).attachments) == len(subjects)


def test_a_claimed_type_that_would_lose_the_file_is_not_believed() -> None:
    for claimed in ("multipart/mixed", "text/html\r\nX: y", "nonsense", ""):
        data = wrap.tnef([], wrap.attachment(b"a.bin", b"x", wrap.unicode(0x370E, claimed)))
        unwrapped = tnef.read_tnef(data)
        assert unwrapped is not None
        assert unwrapped.files[0].media_type == "application/octet-stream"


def test_a_subject_writes_no_header_into_the_mail() -> None:
    hostile = wrap.tnef([wrap.unicode(0x0037, "a\r\nBcc: x@y.fr\r\n\r\n<p>")])
    unwrapped = tnef.read_tnef(hostile)
    assert unwrapped is not None
    assert structure.parse(tnef.as_mail(unwrapped)).headers.get("Bcc") == ""


@up_to(300)
@given(st.data())
def test_a_damaged_one_never_raises(data: st.DataObject) -> None:
    damaged = bytearray(MESSAGE)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(6, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    unwrapped = tnef.read_tnef(bytes(damaged))
    assert unwrapped is not None
    structure.parse(tnef.as_mail(unwrapped))
