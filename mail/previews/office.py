"""Convert Office files: by LibreOffice to PDF, or by small converters to HTML and tables.

Both run in separate processes, since they read files of strangers. LibreOffice runs isolated
(`mail.sandbox.walls`) under limits of time and memory that the kernel enforces, without macros
and links, in a profile that is deleted with each conversion. The converters run in a helper
(`mail.sandbox`).
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from mail import zips
from mail.previews import archives, converters, images
from mail.previews.failures import NoPreview, Reason
from mail.previews.making import make
from mail.previews.pages import Pdf, PreviewPage, Sheets, safe_page, table
from mail.sandbox import walls

LARGEST = 50_000_000
"""The largest file that is converted, in bytes."""
MOST_PAGES = 100
SECONDS = 60
"""Time limit of one conversion by LibreOffice. A long text takes five seconds, and so does the
first start."""
PROCESSOR_SECONDS = 30
"""Limit of processor time within these seconds."""
WAIT_SECONDS = 60
"""Longest wait for another conversion to end."""

_FILTERS = {
    "writer_pdf_Export": ("odt", "doc", "docx", "rtf"),
    "calc_pdf_Export": ("ods", "xls", "xlsx"),
    "impress_pdf_Export": ("odp", "ppt", "pptx"),
}
_FILTER_OF = {ending: name for name, endings in _FILTERS.items() for ending in endings}
_ZIP_BASED = frozenset({"odt", "ods", "odp", "docx", "xlsx", "pptx"})
_LIGHT = frozenset({"docx", "xlsx", "odt", "ods"})
_WORKBOOKS = frozenset({"xlsx", "ods"})

# Memory that LibreOffice shares with no other process. Its libraries take some 110 MB more, so that
# the total stays below 400 MB. Files with small pictures take 160 to 200 MB.
_MEMORY = 285_000_000
_LARGEST_PDF = 100_000_000


def preview(content: bytes, extension: str, work: Path) -> Pdf | PreviewPage | Sheets:
    """Return the best preview that this machine can make. ``extension`` is that of ``detect``.
    ``work`` is a folder for temporary files that only this service can read. Raises NoPreview."""
    if is_available():
        return to_pdf(content, extension, work)
    return light(content, extension)


def has_light(extension: str) -> bool:
    """Return whether `light` converts files with this extension."""
    return extension in _LIGHT


# --- LibreOffice ---


def is_available() -> bool:
    """Return whether LibreOffice is installed and can be cut off from the network."""
    return bool(_program() and walls.is_offline())


@functools.cache
def _program() -> str:
    return shutil.which("soffice") or shutil.which("libreoffice") or ""


def to_pdf(
    content: bytes,
    extension: str,
    work: Path,
    *,
    most_pages: int = MOST_PAGES,
    seconds: float = SECONDS,
    wait_seconds: float = WAIT_SECONDS,
) -> Pdf:
    """Convert the first pages of a file to PDF by LibreOffice. Only one conversion at a time runs
    in ``work``, a folder that only this service can read. Raises NoPreview: NO_OFFICE where
    LibreOffice is missing or cannot be isolated, BUSY, TOO_SLOW, DAMAGED and others."""
    if extension not in _FILTER_OF:
        raise NoPreview(Reason.UNSUPPORTED)
    if not is_available():
        raise NoPreview(Reason.NO_OFFICE)
    refuse(content, extension)
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (
        _turn(work / "office.lock", wait_seconds),
        tempfile.TemporaryDirectory(dir=work, ignore_cleanup_errors=True) as folder,
    ):
        return _convert(content, extension, Path(folder), most_pages, seconds)


def _convert(content: bytes, extension: str, folder: Path, most_pages: int, seconds: float) -> Pdf:
    source = folder / f"source.{extension}"
    with source.open("wb") as file:
        _write(file, content, extension)
    _write_profile(folder / "profile")
    _run(_command(source, most_pages, seconds), folder, seconds)
    try:
        pdf = (folder / "source.pdf").read_bytes()
    except FileNotFoundError as error:
        raise NoPreview(Reason.DAMAGED, "LibreOffice made nothing of it") from error
    return Pdf(pdf, is_truncated=_pages(pdf) > most_pages)


# The pixels of all pictures for which LibreOffice has memory. It keeps each one unpacked, and
# silently leaves out those for which no memory is left.
_MOST_PIXELS = 32_000_000
_LONGEST_SIDE = 1600
# Smaller files are no photographs and stay unchanged.
_LARGE_PICTURE = 200_000
_PICTURES_SECONDS = 30


def _write(file: BinaryIO, content: bytes, extension: str) -> None:
    """Write the file for LibreOffice, with its pictures no larger than a page shows."""
    members = zips.members(content) if extension in _ZIP_BASED else []
    smaller = _smaller_pictures(content, members)
    if smaller:
        zips.write(file, content, members, smaller)
    else:
        file.write(content)


def _smaller_pictures(content: bytes, members: Sequence[zips.ZipMember]) -> dict[bytes, bytes]:
    """Return the reduced pictures by the raw names of their members. Raises NoPreview: TOO_SLOW."""
    large = [
        member
        for member in members
        if _LARGE_PICTURE <= member.size <= LARGEST
        and not member.raw_name.lower().endswith((b".xml", b".bin"))
    ]
    # Assuming an aspect ratio of 4:3, as in most photographs.
    longest = min(_LONGEST_SIDE, int((_MOST_PIXELS / max(len(large), 1) * 4 / 3) ** 0.5))
    until = time.monotonic() + _PICTURES_SECONDS
    smaller = {}
    for member in large:
        if time.monotonic() > until:
            raise NoPreview(Reason.TOO_SLOW, f"{len(large)} pictures")
        # A member that cannot be read as a picture stays unchanged for LibreOffice.
        with contextlib.suppress(NoPreview, zips.BadZip):
            picture = zips.read_member(content, member, limit=LARGEST)
            if found_smaller := make(images.smaller, picture, longest=longest):
                smaller[member.raw_name] = found_smaller
    return smaller


def _command(source: Path, most_pages: int, seconds: float) -> tuple[str, ...]:
    # One page more than is wanted shows whether the document goes on.
    pages = {"PageRange": {"type": "string", "value": f"1-{most_pages + 1}"}}
    folder = walls.work(source.parent)
    program = (
        _program(),
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--headless",
        "--norestore",
        "--nolockcheck",
        "--nodefault",
        "--convert-to",
        f"pdf:{_FILTER_OF[source.suffix[1:]]}:{json.dumps(pages)}",
        "--outdir",
        str(folder),
        str(folder / source.name),
    )
    limits = walls.ProcessLimits(_MEMORY, PROCESSOR_SECONDS, _LARGEST_PDF)
    return walls.command(program, limits, source.parent)


_SIGNALLED = 128  # plus the number of the signal: the exit status of shells and bubblewrap


def _run(command: tuple[str, ...], folder: Path, seconds: float) -> None:
    # The service's own environment holds secrets, so nothing of it is passed on.
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(walls.work(folder)),
        "TMPDIR": str(walls.work(folder)),
        "LANG": "C.UTF-8",
    }
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        ended_by = process.wait(seconds) - _SIGNALLED
    except subprocess.TimeoutExpired as error:
        raise NoPreview(Reason.TOO_SLOW) from error
    finally:
        # LibreOffice's start script leaves child processes behind when it is killed.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if ended_by == signal.SIGKILL:
        raise NoPreview(Reason.TOO_SLOW, "too much of the processor")
    if ended_by == signal.SIGABRT:  # LibreOffice aborts where it gets no memory
        raise NoPreview(Reason.TOO_LARGE, "too much memory")


# Macros and scripts are off. Links are not followed, since pictures and texts of this machine could
# be drawn into the page. Nothing is updated from elsewhere.
_SETTINGS = (
    ("Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Common/Security/Scripting", "DisablePythonRuntime", "true"),
    ("Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Writer/Content/Update", "Link", "2"),
    ("Calc/Content/Update", "Link", "1"),
)


def _write_profile(profile: Path) -> None:
    items = "".join(
        f'<item oor:path="/org.openoffice.Office.{path}">'
        f'<prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for path, name, value in _SETTINGS
    )
    user = profile / "user"
    user.mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
        f"{items}</oor:items>",
        encoding="utf-8",
    )


def _pages(pdf: bytes) -> int:
    """Count the pages. LibreOffice writes its page objects uncompressed."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@contextlib.contextmanager
def _turn(path: Path, seconds: float) -> Iterator[None]:
    """Allow one conversion at a time among all processes of the machine: each takes some 200 MB."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, time.monotonic() + seconds)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise NoPreview(Reason.BUSY) from error
            time.sleep(0.1)
        else:
            return


# --- files refused before any program reads them ---

_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


def refuse(content: bytes, extension: str) -> None:
    if len(content) > LARGEST:
        raise NoPreview(Reason.TOO_LARGE, f"{len(content)} bytes")
    if content.startswith(_OLE) and _ENCRYPTED_PACKAGE in content:
        raise NoPreview(Reason.ENCRYPTED)
    if extension in _ZIP_BASED:
        _check_zip(content)


_LARGEST_MANIFEST = 5_000_000


def _check_zip(content: bytes) -> None:
    """Refuse bombs, and members packed in an unusual way, which LibreOffice and the converters
    would trust. The manifest shows whether there is a password (ODF 1.3 part 2, section 4.8)."""
    members = archives.members(content)
    try:
        for member in members:
            zips.packed(content, member)
            if member.raw_name == b"META-INF/manifest.xml":
                manifest = zips.read_member(content, member, limit=_LARGEST_MANIFEST)
                if b"encryption-data" in manifest:
                    raise NoPreview(Reason.ENCRYPTED)
    except zips.BadZip as error:
        raise archives.refused(error) from error


# --- the small converters ---

_MOST_COLUMNS = 100


def light(content: bytes, extension: str) -> PreviewPage | Sheets:
    """Convert DOCX and ODT to a page, XLSX and ODS to tables, without pictures and layout. Raises
    NoPreview."""
    if extension not in _LIGHT:
        raise NoPreview(Reason.NO_OFFICE if extension in _FILTER_OF else Reason.UNSUPPORTED)
    if extension in _WORKBOOKS:
        return make(light_sheets, content, extension)
    return make(light_page, content, extension)


def light_page(content: bytes, extension: str) -> PreviewPage:
    """Convert a text in this process. Raises NoPreview."""
    converted = _converted(content, extension)
    return safe_page(converted["html"], is_truncated=converted["is_truncated"])


def light_sheets(content: bytes, extension: str) -> Sheets:
    """Convert a workbook in this process. Raises NoPreview."""
    converted = _converted(content, extension)
    tables = tuple(
        table(
            sheet["rows"],
            most_columns=_MOST_COLUMNS,
            name=sheet["name"],
            is_truncated=sheet["is_truncated"],
        )
        for sheet in converted["sheets"]
    )
    return Sheets(tables, converted["is_truncated"])


def _converted(content: bytes, extension: str) -> dict[str, Any]:
    refuse(content, extension)
    try:
        return converters.convert(content, extension)
    except MemoryError:
        raise
    except Exception as error:  # whatever a library raises, the file is not what it claims to be
        # Only the name of the error, since its message may quote the file.
        raise NoPreview(Reason.DAMAGED, type(error).__name__) from error
