"""Office files: by LibreOffice where it is installed, by the small converters everywhere."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import http.server
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import lxml.html
import pytest

from mail.previews import office
from mail.previews.detect import detect
from mail.previews.failures import NoPreview, Reason
from mail.previews.pages import Pdf, PreviewPage, Sheets
from mail.sandbox import walls
from tests.mail.previews import samples
from tests.waiting import LONGEST_S, join, soon
from tools.bench.cost import archives, documents

libreoffice = pytest.mark.usefixtures("libreoffice")
pdftotext = pytest.mark.usefixtures("poppler")


def page(content: bytes, extension: str) -> PreviewPage:
    shown = office.light(content, extension)
    assert isinstance(shown, PreviewPage)
    return shown


def sheets(content: bytes, extension: str) -> Sheets:
    shown = office.light(content, extension)
    assert isinstance(shown, Sheets)
    return shown


def refusal(content: bytes, extension: str) -> Reason:
    with pytest.raises(NoPreview) as refused:
        office.light(content, extension)
    return refused.value.reason


# The small converters


def test_a_word_file_becomes_a_page() -> None:
    shown = page(
        samples.docx(
            samples.word_paragraph("Réunion à 16 h")
            + "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>important</w:t></w:r></w:p>"
            + "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>12</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        ),
        "docx",
    )
    assert "<p>Réunion à 16 h</p>" in shown.body
    assert "<strong>important</strong>" in shown.body
    assert "<td>" in shown.body
    assert not shown.is_truncated


def test_a_text_of_opendocument_becomes_a_page() -> None:
    shown = page(
        samples.open_document(
            "text",
            '<text:h text:outline-level="2">Été</text:h>'
            '<text:p>un<text:s text:c="2"/>mot <text:span text:style-name="T1">gras</text:span>'
            '<text:line-break/><text:a xlink:href="https://exemple.fr/">lien</text:a></text:p>'
            "<text:list><text:list-item><text:p>point</text:p></text:list-item></text:list>"
            "<table:table><table:table-row>"
            '<table:table-cell table:number-columns-spanned="2"><text:p>a</text:p>'
            "</table:table-cell><table:covered-table-cell/></table:table-row></table:table>",
            styles='<style:style style:name="T1" style:family="text">'
            '<style:text-properties fo:font-weight="bold" fo:font-style="italic"/></style:style>',
        ),
        "odt",
    )
    root = lxml.html.fromstring(f"<div>{shown.body}</div>")
    assert root.findtext("h2") == "Été"
    assert root.findtext(".//b/i") == "gras"
    assert "un\xa0\xa0mot" in root.text_content()
    assert [link.get("href") for link in root.iter("a")] == ["https://exemple.fr/"]
    assert root.findtext(".//ul/li/p") == "point"
    assert [cell.get("colspan") for cell in root.iter("td")] == ["2"]


def test_the_tables_of_a_page_have_borders() -> None:
    cell = "<w:tc><w:p><w:r><w:t>12</w:t></w:r></w:p></w:tc>"
    shown = page(samples.docx(f"<w:tbl><w:tr>{cell}{cell}</w:tr></w:tbl>"), "docx")
    assert "style" not in shown.body
    assert "td,th{border:1px solid #8c8c8c" in shown.style


def test_the_sheets_of_excel_become_tables() -> None:
    shown = sheets(
        samples.xlsx(
            {
                "Notes": [["Élève", "Note"], ["Zoé", 12.5], ["Aimé", 9]],
                "Dates": [[datetime.date(2027, 1, 11), datetime.datetime(2027, 1, 11, 8, 30)]],
            }
        ),
        "xlsx",
    )
    notes, dates = shown.tables
    assert (notes.name, notes.rows) == (
        "Notes",
        (("Élève", "Note"), ("Zoé", "12.5"), ("Aimé", "9")),
    )
    assert dates.rows == (("2027-01-11", "2027-01-11 08:30"),)


def test_the_sheets_of_opendocument_become_tables() -> None:
    cell = "<table:table-cell{}><text:p>{}</text:p></table:table-cell>".format
    twice = ' table:number-columns-repeated="2"'
    content = samples.open_document(
        "spreadsheet",
        '<table:table table:name="Notes">'
        f"<table:table-row>{cell('', 'Élève')}{cell('', 'Note')}</table:table-row>"
        f"<table:table-row>{cell(twice, 'x')}"
        '<table:table-cell table:number-columns-repeated="16382"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048574"><table:table-cell/>'
        "</table:table-row></table:table>",
    )
    (notes,) = sheets(content, "ods").tables
    assert (notes.name, notes.rows, notes.is_truncated) == (
        "Notes",
        (("Élève", "Note"), ("x", "x")),
        False,
    )


def test_long_files_are_cut_and_say_so() -> None:
    assert page(samples.docx(samples.word_paragraph("mot " * 50) * 5000), "docx").is_truncated
    (rows,) = sheets(samples.xlsx({"A": [[n] for n in range(2500)]}), "xlsx").tables
    assert (len(rows.rows), rows.is_truncated) == (2000, True)
    (wide,) = sheets(samples.xlsx({"A": [list(range(200))]}), "xlsx").tables
    assert (wide.columns, wide.is_truncated) == (100, True)


def test_nothing_in_a_page_runs_or_loads() -> None:
    body = (
        '<text:p><text:a xlink:href="javascript:alert(1)">a</text:a>&lt;script&gt;alert(1)'
        '<text:a xlink:href="&quot; onclick=&quot;alert(1)">b</text:a></text:p>'
        '<draw:frame><draw:image xlink:href="http://tracker.example/x.png"/></draw:frame>'
    )
    root = lxml.html.fromstring(
        f"<div>{page(samples.open_document('text', body), 'odt').body}</div>"
    )
    assert not list(root.iter("script", "img", "object"))
    assert not any(element.get("href") or element.get("onclick") for element in root.iter())


def test_formats_without_a_converter_are_refused() -> None:
    for extension in ("doc", "xls", "ppt", "pptx", "odp", "rtf"):
        assert refusal(b"", extension) is Reason.NO_OFFICE
    for extension in ("", "exe"):
        assert refusal(b"", extension) is Reason.UNSUPPORTED


@pytest.mark.parametrize("extension", ["docx", "xlsx", "odt", "ods"])
def test_a_damaged_file_is_refused(extension: str) -> None:
    whole = samples.docx("") if extension == "docx" else samples.archive({"content.xml": "<a"})
    for content in (b"", whole[:200], samples.archive({"a": "a"}), samples.PDF):
        assert refusal(content, extension) is Reason.DAMAGED


ENTITIES = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
) + "]>"  # fmt: skip


@pytest.mark.parametrize("prologue", [ENTITIES, '<!DOCTYPE a SYSTEM "file:///etc/passwd">'])
def test_files_with_a_document_type_are_refused(prologue: str) -> None:
    odt = samples.open_document("text", "<text:p>x</text:p>", prologue=prologue)
    assert refusal(odt, "odt") is Reason.DAMAGED
    assert refusal(samples.docx(samples.word_paragraph("x"), prologue), "docx") is Reason.DAMAGED


def test_entities_in_another_charset_are_refused() -> None:
    text = f'<?xml version="1.0" encoding="UTF-16"?>{ENTITIES}<a>&i;</a>'
    assert refusal(samples.archive({"content.xml": text.encode("utf-16")}), "odt") is Reason.DAMAGED


def test_bombs_are_refused() -> None:
    assert refusal(samples.archive({"content.xml": b" " * 30_000_000}), "odt") is Reason.BOMB


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_packed_in_an_unusual_way_is_refused(method: int) -> None:
    files = samples.archive_members(samples.open_document("text", "<text:p>x</text:p>"))
    assert refusal(samples.archive({**files}, method), "odt") is Reason.UNSUPPORTED
    with_picture = {"word/media/a.png": b"a" * 100}
    assert refusal(samples.archive({**with_picture}, method), "docx") is Reason.UNSUPPORTED


def test_a_cell_repeated_without_end_is_cut() -> None:
    cell = (
        '<table:table-cell table:number-columns-repeated="100"><text:p>'
        f"{'a' * 2000}</text:p></table:table-cell>"
    )
    content = samples.open_document(
        "spreadsheet",
        '<table:table><table:table-row table:number-rows-repeated="2000">'
        f"{cell}</table:table-row></table:table>",
    )
    (table,) = sheets(content, "ods").tables
    assert table.is_truncated
    assert sum(map(len, (cell for row in table.rows for cell in row))) <= 3_000_000


def test_a_file_that_eats_memory_is_stopped() -> None:
    deep = "<text:p>" * 60_000 + "</text:p>" * 60_000
    assert refusal(samples.open_document("text", deep), "odt") is Reason.DAMAGED
    spaces = samples.open_document("text", '<text:s text:c="99999999"/>' * 90_000)
    assert page(spaces, "odt").is_truncated


def test_files_under_a_password_are_said_to_be() -> None:
    assert refusal(samples.ole("EncryptedPackage"), "docx") is Reason.ENCRYPTED
    manifest = "<manifest:encryption-data/>"
    locked = samples.archive({"META-INF/manifest.xml": manifest, "content.xml": "x"})
    assert refusal(locked, "odt") is Reason.ENCRYPTED


def test_a_file_beyond_the_limit_is_refused() -> None:
    assert refusal(bytes(office.LARGEST + 1), "docx") is Reason.TOO_LARGE


# LibreOffice


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


def program(name: str, *arguments: str, given: bytes = b"") -> str:
    """Return what a program of this machine says."""
    path = shutil.which(name)
    assert path
    done = subprocess.run(  # noqa: S603  # our own words
        [path, *arguments], input=given, capture_output=True, check=True, timeout=120
    )
    return done.stdout.decode()


def text_of(pdf: Pdf) -> str:
    return program("pdftotext", "-", "-", given=pdf.content)


def to_pdf(content: bytes, extension: str, work: Path, **options: float) -> Pdf:
    return office.to_pdf(content, extension, work, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def each(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same words in every format; the old ones made by LibreOffice itself."""
    folder = tmp_path_factory.mktemp("formats")
    drawing = (
        '<draw:page draw:name="1"><draw:frame svg:width="9cm" svg:height="3cm" svg:x="1cm" '
        'svg:y="1cm"><draw:text-box><text:p>Bonjour</text:p></draw:text-box></draw:frame>'
        "</draw:page>"
    )
    files = {
        "odt": samples.open_document("text", "<text:p>Bonjour</text:p>"),
        "ods": samples.open_document(
            "spreadsheet",
            '<table:table table:name="A"><table:table-row><table:table-cell><text:p>Bonjour'
            "</text:p></table:table-cell></table:table-row></table:table>",
        ),
        "odp": samples.open_document("presentation", drawing),
        "docx": samples.docx(samples.word_paragraph("Bonjour")),
        "xlsx": samples.xlsx({"A": [["Bonjour"]]}),
        "rtf": samples.RTF,
    }
    for new, old in (("odt", "doc"), ("ods", "xls"), ("odp", "ppt"), ("odp", "pptx")):
        (folder / f"source.{new}").write_bytes(files[new])
        program(
            "soffice",
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            *("--headless", "--convert-to", old, "--outdir", str(folder)),
            str(folder / f"source.{new}"),
        )
        files[old] = (folder / f"source.{old}").read_bytes()
    return files


@libreoffice
@pdftotext
@pytest.mark.slow
@pytest.mark.parametrize(
    "extension", ["odt", "ods", "odp", "docx", "xlsx", "pptx", "doc", "xls", "ppt", "rtf"]
)
def test_each_format_becomes_a_pdf(extension: str, each: dict[str, bytes], work: Path) -> None:
    assert detect(each[extension]).extension == extension
    shown = office.preview(each[extension], extension, work)
    assert isinstance(shown, Pdf)
    assert "Bonjour" in text_of(shown)
    assert not shown.is_truncated
    # Nothing of the file is left.
    assert [entry.name for entry in work.iterdir()] == ["office.lock"]


@pytest.mark.whole
@libreoffice
@pytest.mark.slow
def test_pages_beyond_the_limit_are_left_out(work: Path) -> None:
    content = samples.open_document("text", "<text:p>ligne</text:p>" * 2000)
    shown = to_pdf(content, "odt", work, most_pages=2)
    assert shown.is_truncated
    assert len(shown.content) < 60_000


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            asked.append(str(self.client_address))

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, asked
    server.shutdown()
    join(thread)
    server.server_close()


@libreoffice
@pdftotext
@pytest.mark.slow
def test_a_document_reaches_neither_the_network_nor_files(
    work: Path, tmp_path: Path, listener: tuple[int, list[str]]
) -> None:
    port, asked = listener
    (tmp_path / "secret.txt").write_text("motsecret")
    (tmp_path / "secret.png").write_bytes(samples.image("PNG"))
    links = [f"http://127.0.0.1:{port}/x.png", (tmp_path / "secret.png").as_uri()]
    body = "".join(
        '<text:p><draw:frame svg:width="5cm" svg:height="5cm">'
        f'<draw:image xlink:href="{link}" xlink:type="simple"/></draw:frame></text:p>'
        for link in links
    )
    body += (
        '<text:section text:name="s"><text:section-source xlink:type="simple" '
        f'xlink:href="{(tmp_path / "secret.txt").as_uri()}"/><text:p>avant</text:p></text:section>'
    )
    shown = to_pdf(samples.open_document("text", body), "odt", work)
    assert "motsecret" not in text_of(shown)
    assert b"/Subtype/Image" not in shown.content.replace(b" ", b"")
    assert asked == []


@libreoffice
@pytest.mark.slow
def test_no_macro_of_a_document_runs(work: Path, tmp_path: Path) -> None:
    target = tmp_path / "ran"
    to_pdf(samples.with_macro(target), "odt", work)
    assert not target.exists()


@pytest.mark.whole
@libreoffice
@pytest.mark.slow
def test_the_profile_stops_macros_also_where_a_document_is_merely_opened(tmp_path: Path) -> None:
    """A conversion runs no macro whatever the profile says (LibreOffice 25.2): so the profile is
    tried on a document that is opened, which runs its macro as soon as the profile lets it."""
    assert not _runs_its_macro(tmp_path / "ours", lambda profile: profile)
    assert _runs_its_macro(
        tmp_path / "open",
        lambda profile: re.sub(
            '(MacroSecurityLevel"[^>]*><value>)3|(DisableMacrosExecution"[^>]*><value>)true',
            lambda match: f"{match[1]}0" if match[1] else f"{match[2]}false",
            profile,
        ),
    )


def _runs_its_macro(folder: Path, change: Callable[[str], str]) -> bool:
    """Whether it does, opened with our profile, changed."""
    office._write_profile(folder / "profile")
    settings = folder / "profile" / "user" / "registrymodifications.xcu"
    settings.write_text(change(settings.read_text()))
    document, target = folder / "a.odt", folder / "ran"
    document.write_bytes(samples.with_macro(target))
    opened = subprocess.Popen(  # noqa: S603  # our own words
        (
            office._program(),
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            *("--headless", "--norestore", str(document)),
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert _wait_for(folder / ".~lock.a.odt#", 30)  # it is open
        return _wait_for(target, 3)
    finally:
        os.killpg(opened.pid, signal.SIGKILL)
        opened.wait(LONGEST_S)


def _wait_for(path: Path, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.1)
    return path.exists()


@pytest.mark.whole
@libreoffice
@pytest.mark.slow
def test_a_conversion_that_takes_too_long_is_ended_with_all_its_children(work: Path) -> None:
    content = samples.open_document("text", "<text:p>ligne</text:p>" * 100_000)
    with soon():
        with pytest.raises(NoPreview) as refused:
            to_pdf(content, "odt", work, seconds=0.5)
        assert refused.value.reason is Reason.TOO_SLOW
    assert str(work) not in program("ps", "-eo", "args")


@libreoffice
@pytest.mark.slow
def test_a_conversion_that_takes_too_much_of_the_processor_is_ended(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "PROCESSOR_SECONDS", 3)
    with pytest.raises(NoPreview) as refused:
        to_pdf(archives.xlsx_wide(), "xlsx", work)
    assert refused.value.reason is Reason.TOO_SLOW


MOST_MEGABYTES = 400


@pytest.fixture
def resident() -> Iterator[Callable[[], float]]:
    """The megabytes that LibreOffice had in memory at most, in one conversion of the test."""
    over = threading.Event()
    peaks = [0]

    def sample() -> None:
        while not over.wait(0.02):
            for status in Path("/proc").glob("[0-9]*/status"):
                with contextlib.suppress(OSError):
                    lines = status.read_text().splitlines()
                    if lines[0] == "Name:\tsoffice.bin":
                        peaks.extend(int(x.split()[1]) for x in lines if x.startswith("VmHWM"))

    thread = threading.Thread(target=sample)
    thread.start()
    yield lambda: max(peaks) / 1024
    over.set()
    join(thread)


@pytest.mark.whole
@libreoffice
@pytest.mark.slow
def test_groups_without_end_take_no_more_memory_than_there_is(
    work: Path, resident: Callable[[], float]
) -> None:
    with pytest.raises(NoPreview) as refused:
        to_pdf(documents.rtf_groups(), "rtf", work)
    # Which of them, depends on where in its work LibreOffice gets no more.
    assert refused.value.reason in (Reason.DAMAGED, Reason.TOO_LARGE)
    assert 100 < resident() < MOST_MEGABYTES


@pytest.mark.whole
@libreoffice
@pytest.mark.slow
def test_fifteen_photographs_are_all_drawn(work: Path, resident: Callable[[], float]) -> None:
    """LibreOffice keeps each of them unpacked: 36 MB."""
    photographs = {f"Pictures/{n}.jpg": samples.photograph(4000, 3000) for n in range(15)}
    content = samples.with_pictures(photographs)
    shown = to_pdf(content, "odt", work)
    assert shown.content.count(b"/Subtype/Image") == 15
    assert 100 < resident() < MOST_MEGABYTES


@pytest.mark.whole
@libreoffice
@pytest.mark.slow
def test_a_small_picture_reaches_libreoffice_as_it_is(work: Path) -> None:
    shown = to_pdf(
        samples.with_pictures({"Pictures/a.jpg": samples.photograph(640, 480)}), "odt", work
    )
    assert re.search(rb"/Width 640\s*/Height 480", shown.content)


@libreoffice
def test_one_conversion_runs_at_a_time(work: Path) -> None:
    work.mkdir()
    lock = os.open(work / "office.lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        with pytest.raises(NoPreview) as refused:
            to_pdf(samples.RTF, "rtf", work, wait_seconds=0.2)
    finally:
        os.close(lock)
    assert refused.value.reason is Reason.BUSY


@libreoffice
@pytest.mark.slow
def test_a_damaged_file_makes_no_pdf(work: Path) -> None:
    with pytest.raises(NoPreview) as refused:
        # LibreOffice 26.8 makes an empty page of a damaged file of the old formats.
        to_pdf(b"PK\x03\x04" + bytes(300), "docx", work)
    assert refused.value.reason is Reason.DAMAGED


def test_where_libreoffice_cannot_be_shut_in_it_is_not_used(
    work: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A machine whose kernel refuses the walls.
    for name in ("unshare", "bwrap"):
        refusing = tmp_path / "bin" / name
        refusing.parent.mkdir(exist_ok=True)
        refusing.write_text("#!/bin/sh\nexit 1\n")
        refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{refusing.parent}:{os.environ['PATH']}")
    _forget_walls()
    try:
        assert not office.is_available()
        assert office.has_light("docx") and not office.has_light("pptx")
        with pytest.raises(NoPreview) as refused:
            office.to_pdf(samples.RTF, "rtf", work)
        assert refused.value.reason is Reason.NO_OFFICE
        shown = office.preview(samples.docx(samples.word_paragraph("Bonjour")), "docx", work)
        assert isinstance(shown, PreviewPage)
    finally:
        _forget_walls()


def _forget_walls() -> None:
    walls._bubblewrap.cache_clear()
    walls._unshare.cache_clear()


@pytest.mark.whole
@libreoffice
@pdftotext
@pytest.mark.slow
def test_without_bubblewrap_the_network_alone_is_taken_away(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not walls._unshare():
        pytest.skip("the kernel lets nobody have a network of his own")
    monkeypatch.setattr(walls, "_bubblewrap", lambda: ())
    shown = to_pdf(samples.docx(samples.word_paragraph("Bonjour")), "docx", work)
    assert "Bonjour" in text_of(shown)
    assert isinstance(office.light(samples.docx(samples.word_paragraph("a")), "docx"), PreviewPage)
