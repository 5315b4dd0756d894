"""The choice of what of a message is shown, and messages taken apart."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import structure
from mail.mime.damage import Damage
from mail.mime.structure import Part, Piece, Protection
from tests.cases import each
from tests.examples import up_to


def part(number: str, media_type: str, **rest: object) -> Part:
    return Part(number, media_type, **rest)  # type: ignore[arg-type]


def multi(kind: str, *children: Part, **rest: object) -> Part:
    return Part("", f"multipart/{kind}", children=children, **rest)  # type: ignore[arg-type]


PLAIN, HTML = part("1", "text/plain"), part("2", "text/html")
LOGO = part("3", "image/png", content_id="<logo@x>", disposition="inline")
PDF = part("4", "application/pdf", disposition="attachment", file_name="a.pdf")
MAIL = part("5", "message/rfc822", children=(multi("mixed", part("5.1", "text/html")),))
INVITATION = part("6", "text/calendar", parameters={"method": "REQUEST"})
FOOTER = part("7", "text/plain")
NOTES = part("8", "text/plain", disposition="attachment", file_name="notes.txt")
NAMED = part("9", "text/plain", file_name="journal.txt")

ROOT_H = {"start": "<h@x>"}

# root -> numbers of text, html, inline, attachments
CHOSEN = {
    "plain": (PLAIN, "1", "", "", ""),
    "html": (HTML, "", "2", "", ""),
    "file alone": (PDF, "", "", "", "4"),
    "alternative": (multi("alternative", PLAIN, HTML), "1", "2", "", ""),
    "alternative of plain alone": (multi("alternative", PLAIN), "1", "", "", ""),
    "related in alternative": (
        multi("alternative", PLAIN, multi("related", HTML, LOGO)),
        "1",
        "2",
        "3",
        "",
    ),
    "alternative in related": (
        multi("related", multi("alternative", PLAIN, HTML), LOGO),
        "1",
        "2",
        "3",
        "",
    ),
    "image of a plain message": (multi("mixed", PLAIN, LOGO), "1", "", "", "3"),
    "file": (multi("mixed", multi("alternative", PLAIN, HTML), PDF), "1", "2", "", "4"),
    "nested message stays whole": (multi("mixed", PLAIN, MAIL), "1", "", "", "5"),
    "invitation": (multi("alternative", PLAIN, HTML, INVITATION), "1", "2", "", "6"),
    "footer of a list": (multi("mixed", HTML, FOOTER), "27", "27", "", ""),
    "alternative and footer": (
        multi("mixed", multi("alternative", PLAIN, HTML), FOOTER),
        "17",
        "27",
        "",
        "",
    ),
    "text attached": (multi("mixed", PLAIN, NOTES), "1", "", "", "8"),
    "named text is a file": (multi("mixed", PLAIN, NAMED), "1", "", "", "9"),
    "named text alone is the text": (NAMED, "9", "", "", ""),
    "signed": (multi("signed", PLAIN, PDF), "1", "", "", "4"),
    "root of related behind its images": (multi("related", LOGO, HTML), "", "2", "3", ""),
    "text behind the images": (multi("related", LOGO, PLAIN), "1", "", "", "3"),
    "alternative behind the images": (
        multi("related", LOGO, multi("alternative", PLAIN, HTML)),
        "1",
        "2",
        "3",
        "",
    ),
    "root of the type that is told": (
        multi("related", LOGO, NOTES, HTML, parameters={"type": "text/html"}),
        "",
        "2",
        "3",
        "8",
    ),
    "root that is named": (
        multi("related", PLAIN, part("h", "text/html", content_id="<h@x>"), parameters=ROOT_H),
        "",
        "h",
        "",
        "1",
    ),
    "root that is named and missing": (
        multi("related", LOGO, HTML, parameters=ROOT_H),
        "",
        "2",
        "3",
        "",
    ),
    "root that is called an attachment": (
        multi("related", part("h", "text/html", disposition="attachment"), LOGO),
        "",
        "h",
        "3",
        "",
    ),
    "file in related, alone": (
        multi("related", part("h", "text/html", disposition="attachment"), PDF),
        "",
        "",
        "",
        "h4",
    ),
    "related without a text": (multi("related", LOGO, PDF), "", "", "", "34"),
    "report": (
        multi("report", PLAIN, part("x", "message/delivery-status"), MAIL),
        "1",
        "",
        "",
        "x5",
    ),
    "digest": (multi("digest", MAIL), "", "", "", "5"),
    "report without a text": (
        multi("report", part("x", "message/delivery-status"), MAIL),
        "x",
        "",
        "",
        "5",
    ),
    "HTML twin without a byte": (
        multi("alternative", part("1", "text/plain", size=9), part("2", "text/html")),
        "1",
        "",
        "",
        "",
    ),
    "text twin without a byte": (
        multi("alternative", part("1", "text/plain"), part("2", "text/html", size=9)),
        "",
        "2",
        "",
        "",
    ),
    "encrypted": (
        multi("encrypted", part("1", "application/pgp-encrypted"), PDF),
        "",
        "",
        "",
        "4",
    ),
    "Macintosh file": (
        multi("mixed", PLAIN, multi("appledouble", part("x", "application/applefile"), PDF)),
        "1",
        "",
        "",
        "4",
    ),
    "empty": (multi("mixed"), "", "", "", ""),
    "root named by start": (
        multi(
            "related", LOGO, part("2", "text/html", content_id="<r>"), parameters={"start": "<r>"}
        ),
        "",
        "2",
        "3",
        "",
    ),
}


@each(("root", "text", "html", "inline", "files"), CHOSEN.values(), ids=CHOSEN)
def test_parts_are_chosen(root: Part, text: str, html: str, inline: str, files: str) -> None:
    shown = structure.choose(root)
    groups = (shown.text, shown.html, shown.inline, shown.attachments)
    assert ["".join(chosen.number for chosen in group) for group in groups] == [
        text,
        html,
        inline,
        files,
    ]


def test_an_image_that_the_html_does_not_use_is_an_attachment() -> None:
    root = multi("related", HTML, LOGO, part("9", "image/gif", location="plan.gif"))
    assert [image.number for image in structure.choose(root, {"logo@x"}).inline] == ["3"]
    assert [image.number for image in structure.choose(root, {"plan.gif"}).attachments] == ["3"]
    assert structure.choose(root, ()).inline == ()


def test_html_names_its_parts_also_from_its_own_location() -> None:
    """RFC 2557 section 5: an address in HTML is relative to the HTML's Content-Location."""
    page = part("2", "text/html", location="http://musee.example/a/page.html")
    far = part("8", "image/png", location="http://musee.example/a/img/plan.png")
    near = part("9", "image/png", location="img/salle.png")
    root = multi("related", page, far, near, LOGO)
    names = structure.named(root)
    assert names["img/plan.png"] is far
    assert names["http://musee.example/a/img/salle.png"] is near
    assert names["img/salle.png"] is near
    assert names["logo@x"] is LOGO
    shown = structure.choose(root, {"img/plan.png"})
    assert shown.inline == (far,)


def test_a_location_that_is_no_address_is_no_trouble() -> None:
    page = part("2", "text/html", location="http://[")
    root = multi("related", page, part("3", "image/png", location="//[x"))
    assert structure.named(root)["//[x"].number == "3"


def test_an_alternative_known_to_be_blank_is_not_taken() -> None:
    root = multi("alternative", PLAIN, HTML)
    assert [chosen.number for chosen in structure.choose(root, blank={"2"}).text] == ["1"]
    assert structure.choose(root, blank={"2"}).html == ()
    assert [chosen.number for chosen in structure.choose(root, blank={"1", "2"}).html] == ["2"]


def test_reports_and_nested_messages_are_told_apart() -> None:
    report = part("2", "message/delivery-status")
    kept = part("3", "message/rfc822", disposition="attachment")
    shown = structure.choose(multi("report", PLAIN, report, MAIL, kept))
    assert shown.reports == (report,)
    assert shown.messages == (MAIL,)
    assert shown.attachments == (report, MAIL, kept)


def opaque(media_type: str, kind: str) -> Part:
    return part("1", media_type, parameters={"smime-type": kind})


def by(protocol: str) -> Part:
    return multi("signed", PLAIN, parameters={"protocol": protocol})


ENVELOPE = opaque("application/pkcs7-mime", "Enveloped-Data")
VERSION = part("1", "application/pgp-encrypted")
PROTECTED = {
    "S/MIME signature": (by("application/pkcs7-signature"), "smime-signed"),
    "PGP signature": (by("Application/PGP-signature"), "pgp-signed"),
    "PGP signature unsaid": (
        multi("signed", PLAIN, part("2", "application/pgp-signature")),
        "pgp-signed",
    ),
    "PGP": (multi("encrypted", VERSION, PDF), "pgp-encrypted"),
    "PGP after Exchange": (multi("mixed", PLAIN, VERSION), "pgp-encrypted"),
    "envelope": (ENVELOPE, "smime-encrypted"),
    "opaque": (opaque("application/x-pkcs7-mime", "signed-data"), "smime-signed"),
    "envelope in a signature": (multi("signed", ENVELOPE), "smime-encrypted"),
    "signed mail inside": (
        multi("mixed", PLAIN, part("2", "message/rfc822", children=(by("x"),))),
        "none",
    ),
    "none": (multi("mixed", PLAIN), "none"),
}


@pytest.mark.parametrize(("root", "expected"), PROTECTED.values(), ids=PROTECTED)
def test_protection_is_recognised(root: Part, expected: str) -> None:
    assert structure.choose(root).protection is Protection(expected)


def test_a_text_in_sixty_parts_is_found() -> None:
    root = PLAIN
    for _ in range(60):
        root = multi("mixed", root)
    shown = structure.choose(root)
    assert (shown.text, shown.attachments, shown.damage) == ((PLAIN,), (), frozenset())


@pytest.mark.parametrize(
    ("outer", "page", "image", "name"),
    [
        ("", "http://a.fr/d/page.html", "logo.png", "http://a.fr/d/logo.png"),
        ("", "http://a.fr/d/page.html", "http://a.fr/d/logo.png", "logo.png"),
        ("", "http://a.fr/d/page.html", "/logo.png", "http://a.fr/logo.png"),
        ("http://a.fr/d/", "page.html", "http://a.fr/d/logo.png", "logo.png"),
        ("http://a.fr/d/page.html", "", "http://a.fr/d/logo.png", "logo.png"),
        ("", "file:///C:/T/x.htm", "file:///C:/T/x_files/image001.png", "x_files/image001.png"),
    ],
)
def test_a_page_names_its_images_by_their_location(
    outer: str, page: str, image: str, name: str
) -> None:
    logo = part("2", "image/png", location=image)
    root = multi("related", part("1", "text/html", location=page), logo, location=outer)
    assert structure.named(root)[name] is logo
    assert structure.named(root)[image] is logo


def test_a_deep_tree_is_walked_without_recursion() -> None:
    root = PDF
    for _ in range(5000):
        root = multi("mixed", root)
    assert sum(1 for _ in root.walk()) == 5001
    shown = structure.choose(root)
    assert shown.attachments == (PDF,)
    assert shown.damage == {Damage.TOO_DEEP}


def test_texts_beyond_a_hundred_are_attachments() -> None:
    texts = [part(str(n), "text/plain") for n in range(1, 10_001)]
    shown = structure.choose(multi("mixed", *texts))
    assert len(shown.text) == structure.MOST_BODIES
    assert len(shown.text) + len(shown.attachments) == 10_000
    assert shown.damage == {Damage.TOO_MANY_PARTS}


def test_a_multipart_in_which_the_server_found_nothing_is_damage() -> None:
    assert structure.choose(multi("mixed")).damage == {Damage.BOUNDARY}


MESSAGE = b"""Subject: =?utf-8?Q?=C3=A9t=C3=A9?=
Content-Type: multipart/mixed; boundary="a b"

preamble
--a b
Content-Type: multipart/alternative; boundary=in

--in

un
--in
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: QUOTED-PRINTABLE

<p>deux=
--in--
--a b
Content-Type: application/pdf; name="x.pdf"
Content-Disposition: ATTACHMENT; filename*=utf-8''%C3%A9.pdf
Content-ID: <p@x>

%PDF
--a b--
epilogue
"""


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_a_message_is_taken_apart_as_imap_numbers_it(line_end: bytes) -> None:
    parsed = structure.parse(MESSAGE.replace(b"\n", line_end))
    assert parsed.headers.get("Subject") == "été"
    assert [(leaf.number, leaf.media_type) for leaf in parsed.root.walk()] == [
        ("", "multipart/mixed"),
        ("1", "multipart/alternative"),
        ("1.1", "text/plain"),
        ("1.2", "text/html"),
        ("2", "application/pdf"),
    ]
    assert parsed.bodies == {"1.1": b"un", "1.2": b"<p>deux=", "2": b"%PDF"}
    pdf = parsed.root.children[1]
    assert (pdf.file_name, pdf.disposition, pdf.cid) == ("é.pdf", "attachment", "p@x")
    assert parsed.root.children[0].children[1].encoding == "quoted-printable"


def test_a_multipart_without_boundary_is_text() -> None:
    parsed = structure.parse(b"Content-Type: multipart/mixed\n\nOn doit lire ceci.")
    assert (parsed.root.number, parsed.root.media_type) == ("1", "text/plain")
    assert parsed.bodies == {"1": b"On doit lire ceci."}
    assert parsed.damage == {Damage.BOUNDARY}


def test_a_multipart_that_is_never_closed_ends_with_the_message() -> None:
    parsed = structure.parse(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nun\n--b\n\ndeux")
    assert parsed.bodies == {"1": b"un", "2": b"deux"}
    assert parsed.damage == {Damage.NOT_CLOSED}


def test_a_whole_message_has_no_damage() -> None:
    assert structure.parse(MESSAGE).damage == frozenset()


def test_pieces_are_assembled_as_a_message_is() -> None:
    texts = [Piece("text/plain", b"un"), Piece("text/html", b"<p>un")]
    files = [
        Piece("application/pdf", b"%PDF", "a/../é.pdf"),
        Piece("image/png", b"x", "l.png", "l"),
    ]
    made = structure.assemble(texts, files, "2~")
    shown = structure.choose(made.root, {"l"})
    groups = (shown.text, shown.html, shown.inline, shown.attachments)
    assert [[chosen.number for chosen in group] for group in groups] == [
        ["2~1.1"],
        ["2~1.2"],
        ["2~3"],
        ["2~2"],
    ]
    assert made.bodies["2~2"] == b"%PDF"
    assert shown.attachments[0].file_name == "a_.._é.pdf"


def test_limits_hold_for_parts_and_depth() -> None:
    many = structure.parse(
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 10_000
    )
    assert len(many.bodies) <= structure.MOST_PARTS + 1
    assert many.damage == {Damage.TOO_MANY_PARTS}
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(1000)
    )
    parsed = structure.parse(deep)
    assert len(list(parsed.root.walk())) == structure.DEEPEST + 1
    assert Damage.TOO_DEEP in parsed.damage


LINES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: multipart/alternative; boundary=c",
        b"--b",
        b"--c",
        b"--b--",
        b"--c--",
        b"",
        b"Content-Type: text/html",
        b"Content-Type: message/rfc822",
        b"\xe9t\xe9 <p>",
        b"Content-Disposition: attachment; filename*0*=x''%",
        b"Content-Transfer-Encoding: base64",
        b"Content-Type: ;;=/",
    ]
)


@up_to(200)
@given(st.lists(LINES | st.binary(max_size=10), max_size=25), st.sampled_from([b"\n", b"\r\n"]))
def test_taking_apart_never_raises(lines: list[bytes], line_end: bytes) -> None:
    parsed = structure.parse(line_end.join(lines))
    leaves = {leaf.number for leaf in parsed.root.walk() if not leaf.children}
    assert leaves == set(parsed.bodies)
    structure.choose(parsed.root)


SIGNATURE = part("8", "application/pkcs7-signature", file_name="smime.p7s")


def test_what_signs_a_message_is_no_attachment() -> None:
    shown = structure.choose(multi("signed", PLAIN, SIGNATURE))
    assert (shown.attachments, shown.signatures) == ((), (SIGNATURE,))
    assert shown.protection is Protection.SMIME_SIGNED


def test_a_signature_that_signs_nothing_here_is_a_file() -> None:
    for root in (multi("mixed", PLAIN, SIGNATURE), multi("signed", SIGNATURE)):
        shown = structure.choose(root)
        assert (shown.attachments, shown.signatures) == ((SIGNATURE,), ())


NESTED = (
    b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n"
    b"Content-Transfer-Encoding: %s\n\n%s\n--b--\n"
)
INNER = "From: Zoé <z@x.fr>\nSubject: Été\nDate: Tue, 3 Mar 2026 09:00:00 +0100\n\nx\n".encode()


@pytest.mark.parametrize(
    ("encoding", "content"), [(b"8bit", INNER), (b"base64", base64.encodebytes(INNER))]
)
def test_a_nested_message_tells_who_wrote_it_and_of_what(encoding: bytes, content: bytes) -> None:
    (nested,) = structure.parse(NESTED % (encoding, content)).root.children
    assert nested.envelope is not None
    assert nested.envelope.subject == "Été"
    assert [address.address for address in nested.envelope.from_] == ["z@x.fr"]
    assert nested.envelope.date == datetime(2026, 3, 3, 8, tzinfo=UTC)
