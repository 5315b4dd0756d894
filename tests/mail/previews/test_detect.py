"""The true type of an attachment by its bytes, whatever the mail says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.mail.files import DATA
from mail.previews.detect import BINARY, HEAD, PLAIN, SERVED, Kind, detect, of_beginning
from tests.cases import each
from tests.mail.previews import samples

EACH = [
    (samples.image("JPEG"), Kind.IMAGE, "jpg", "image/jpeg"),
    (samples.image("PNG"), Kind.IMAGE, "png", "image/png"),
    (samples.image("GIF"), Kind.IMAGE, "gif", "image/gif"),
    (samples.image("WEBP"), Kind.IMAGE, "webp", "image/webp"),
    (samples.image("BMP"), Kind.IMAGE, "bmp", "image/bmp"),
    (samples.image("TIFF"), Kind.IMAGE, "tiff", BINARY),
    (samples.PDF, Kind.PDF, "pdf", "application/pdf"),
    (b"\n\n" + samples.PDF, Kind.PDF, "pdf", "application/pdf"),
    ("Réunion à 16 h\n".encode(), Kind.TEXT, "txt", PLAIN),
    ("Réunion à 16 h\n".encode("cp1252"), Kind.TEXT, "txt", PLAIN),
    ("Réunion\n".encode("utf-16"), Kind.TEXT, "txt", PLAIN),
    (b"", Kind.TEXT, "txt", PLAIN),
    (samples.SVG, Kind.TEXT, "txt", PLAIN),
    (samples.PAGE, Kind.TEXT, "txt", PLAIN),
    (b"ID3\x04" + bytes(50), Kind.AUDIO, "mp3", "audio/mpeg"),
    (b"\xff\xfb\x90\x64" + bytes(50), Kind.AUDIO, "mp3", "audio/mpeg"),
    (b"OggS\x00\x02" + bytes(22) + b"OpusHead", Kind.AUDIO, "ogg", "audio/ogg"),
    (samples.WAV, Kind.AUDIO, "wav", "audio/wav"),
    (b"fLaC" + bytes(40), Kind.AUDIO, "flac", "audio/flac"),
    (b"\x00\x00\x00\x20ftypM4A " + bytes(20), Kind.AUDIO, "m4a", "audio/mp4"),
    (samples.MP4, Kind.VIDEO, "mp4", "video/mp4"),
    (b"\x00\x00\x00\x14ftypqt  " + bytes(8), Kind.VIDEO, "mov", "video/mp4"),
    (samples.WEBM, Kind.VIDEO, "webm", "video/webm"),
    ((DATA / "files" / "une-journee-a-letang.webm").read_bytes(), Kind.VIDEO, "webm", "video/webm"),
    (samples.open_document("text", ""), Kind.OFFICE, "odt", BINARY),
    (samples.open_document("spreadsheet", ""), Kind.OFFICE, "ods", BINARY),
    (samples.open_document("presentation", ""), Kind.OFFICE, "odp", BINARY),
    (samples.docx(""), Kind.OFFICE, "docx", BINARY),
    (samples.xlsx({"A": [[1]]}), Kind.OFFICE, "xlsx", BINARY),
    (samples.pptx(), Kind.OFFICE, "pptx", BINARY),
    (samples.ole("WordDocument"), Kind.OFFICE, "doc", BINARY),
    (samples.ole("Workbook"), Kind.OFFICE, "xls", BINARY),
    (samples.ole("PowerPoint Document"), Kind.OFFICE, "ppt", BINARY),
    (samples.RTF, Kind.OFFICE, "rtf", BINARY),
    (samples.archive({"a.txt": "a"}), Kind.ARCHIVE, "zip", BINARY),
    (samples.archive({}), Kind.ARCHIVE, "zip", BINARY),
    (samples.MESSAGE, Kind.MESSAGE, "eml", BINARY),
    (samples.VCARD, Kind.VCARD, "vcf", BINARY),
    (samples.CALENDAR, Kind.CALENDAR, "ics", BINARY),
    (b"\x00\x01\x02\x03", Kind.UNKNOWN, "", BINARY),
    (b"a" * 1000 + b"\x00", Kind.UNKNOWN, "", BINARY),
    (samples.ole("__properties_version1.0"), Kind.MESSAGE, "msg", BINARY),
    (b"\x00\x00\x00\x18ftypheic" + bytes(12), Kind.UNKNOWN, "heic", BINARY),
    (samples.PROGRAM, Kind.UNKNOWN, "exe", BINARY),
]


@each(("content", "kind", "extension", "served"), EACH)
def test_the_bytes_alone_tell_what_a_file_is(
    content: bytes, kind: Kind, extension: str, served: str
) -> None:
    detected = detect(content)
    assert (detected.kind, detected.extension, detected.served) == (kind, extension, served)
    assert not detected.contradiction


@each(("content", "kind", "extension", "served"), EACH)
def test_no_claim_makes_a_file_be_served_as_something_else(
    content: bytes, kind: Kind, extension: str, served: str
) -> None:
    for claimed, name in (("text/html", "a.html"), ("image/svg+xml", "a.svg"), ("text/xml", "a")):
        assert detect(content, claimed=claimed, name=name).served == served


TRUE_CLAIMS = [
    (samples.image("JPEG"), "image/jpeg", "plage.JPG"),
    (samples.image("JPEG"), "image/pjpeg", "plage.jpeg"),
    (samples.image("JPEG"), BINARY, "plage"),
    (samples.image("JPEG"), "", ""),
    (samples.docx(""), "application/msword", "lettre.docx"),
    (samples.docx(""), "application/zip", "lettre.docx"),
    (samples.RTF, "application/msword", "lettre.doc"),
    (samples.PDF, "application/x-unheard-of", "sujet.pdf"),
    (b"a;b\n1;2\n", "application/vnd.ms-excel", "notes.csv"),
    (b"a;b\n1;2\n", "text/plain", "notes.csv"),
    (samples.CALENDAR, "text/calendar; method=REQUEST", "invite.ics"),
    (samples.VCARD, "text/x-vcard", "zoe.vcf"),
    (samples.MESSAGE, "message/rfc822", "Bonjour.eml"),
    (samples.MP4, "audio/3gpp", "voix.3gp"),
    (samples.PAGE, "text/html", "page.html"),
    (samples.SVG, "image/svg+xml", "logo.svg"),
    (samples.archive({"a": "a"}), "application/x-zip-compressed", "photos.zip"),
]


@pytest.mark.parametrize(("content", "claimed", "name"), TRUE_CLAIMS)
def test_claims_that_fit_are_no_contradiction(content: bytes, claimed: str, name: str) -> None:
    assert not detect(content, claimed=claimed, name=name).contradiction


FALSE_CLAIMS = [
    (samples.PROGRAM, "application/pdf", "facture.pdf"),
    (samples.PROGRAM, BINARY, "facture.pdf"),
    (samples.PROGRAM, "image/png", ""),
    (samples.PAGE, "image/png", "photo.png"),
    (samples.SVG, "image/png", "photo.png"),
    (samples.PAGE, "application/pdf", "sujet.pdf"),
    (samples.image("PNG"), "image/jpeg", ""),
    (samples.archive({"a": "a"}), "application/pdf", "sujet.pdf"),
    (samples.archive({"a": "a"}), BINARY, "lettre.docx"),
    (samples.PDF, "image/x-something", ""),
    (samples.PDF, "text/plain", "notes.txt"),
    (b"Bonjour", "text/calendar", "invite.ics"),
    (b"\x00\x01\x02", "image/jpeg", "photo.jpg"),
]


@pytest.mark.parametrize(("content", "claimed", "name"), FALSE_CLAIMS)
def test_claims_that_the_bytes_contradict_are_said(content: bytes, claimed: str, name: str) -> None:
    assert detect(content, claimed=claimed, name=name).contradiction


@pytest.mark.parametrize(
    ("claimed", "name", "kind"),
    [
        ("text/csv", "", Kind.CSV),
        ("", "notes.tsv", Kind.CSV),
        ("text/plain", "LISEZMOI.md", Kind.MARKDOWN),
        ("text/markdown", "", Kind.MARKDOWN),
        ("text/plain", "a.txt", Kind.TEXT),
        ("image/png", "a.png", Kind.TEXT),
    ],
)
def test_claims_tell_tables_and_markdown_from_other_text(
    claimed: str, name: str, kind: Kind
) -> None:
    assert detect(b"a,b\n1,2\n", claimed=claimed, name=name).kind is kind


def test_programs_are_named_as_such() -> None:
    assert detect(samples.PROGRAM, name="facture.pdf").is_program
    assert detect(b"\x7fELF" + bytes(60)).is_program
    assert detect(b"#!/bin/sh\nrm -rf /\n", name="notes.txt").is_program
    assert not detect(samples.PDF).is_program


def test_a_file_under_a_password_is_of_the_program_that_its_name_says() -> None:
    detected = detect(samples.ole("EncryptedPackage"), name="notes.xlsx")
    assert (detected.extension, detected.contradiction) == ("xlsx", False)


@each(("content", "kind", "extension", "served"), EACH)
def test_the_beginning_of_a_file_tells_as_much(
    content: bytes, kind: Kind, extension: str, served: str
) -> None:
    assert detect(content[:HEAD]).kind is kind


def test_nothing_in_the_fixed_list_is_laid_out_or_run_by_a_browser() -> None:
    for served in SERVED.values():
        assert not any(word in served for word in ("html", "xml", "script", "svg", "json", "css"))


@given(st.binary(max_size=300), st.text(max_size=40), st.text(max_size=40))
def test_any_bytes_and_any_claims_are_answered(content: bytes, claimed: str, name: str) -> None:
    assert detect(content, claimed=claimed, name=name).served in {*SERVED.values(), BINARY}


@given(
    st.sampled_from([content[:cut] for content, *_ in EACH for cut in (5, 20, 100, 600)]),
    st.binary(max_size=60),
)
def test_marks_with_anything_behind_are_answered(start: bytes, rest: bytes) -> None:
    assert detect(start + rest).served in {*SERVED.values(), BINARY}


@pytest.mark.parametrize(
    ("head", "claimed", "name", "contradicts"),
    [
        (b"%PDF-1.4", "application/pdf", "a.pdf", False),
        (b"MZ\x90\x00", "application/pdf", "a.pdf", True),
        (b"PK\x03\x04....", "application/octet-stream", "a.docx", False),
        (b"PK\x03\x04....", "application/zip", "a.xlsx", False),
        (b"PK\x03\x04....", "", "a.jpg", True),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword", "a.doc", False),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/pdf", "a.pdf", True),
        (b"", "application/pdf", "a.pdf", False),
    ],
)
def test_the_beginning_tells_what_a_file_is_not(
    head: bytes, claimed: str, name: str, contradicts: bool
) -> None:
    assert of_beginning(head, claimed=claimed, name=name).contradiction is contradicts
