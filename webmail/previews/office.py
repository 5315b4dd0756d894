"""Office files: by LibreOffice as a PDF, or by small converters as HTML and tables.

Both run as programs of their own, since both read what strangers wrote: shut in (`sandbox`), under
limits of time and memory that the kernel keeps; LibreOffice without macros and links, in a profile
that lives as long as the conversion.
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
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from webmail.previews import archives, converters, sandbox
from webmail.previews.failures import NoPreview, Reason
from webmail.previews.pages import Page, Pdf, Sheets, safe_page, table

LARGEST = 50_000_000
"""Bytes of a file that is converted."""
MOST_PAGES = 100
SECONDS = 90
"""For one conversion by LibreOffice; a long text takes five, the first start as much."""
WAIT_SECONDS = 60
"""For the conversion of somebody else to end."""

_FILTERS = {
    "writer_pdf_Export": ("odt", "doc", "docx", "rtf"),
    "calc_pdf_Export": ("ods", "xls", "xlsx"),
    "impress_pdf_Export": ("odp", "ppt", "pptx"),
}
_FILTER_OF = {ending: name for name, endings in _FILTERS.items() for ending in endings}
_ZIP_BASED = frozenset({"odt", "ods", "odp", "docx", "xlsx", "pptx"})
_LIGHT = frozenset({"docx", "xlsx", "odt", "ods"})

_MEMORY = 3_000_000_000  # of addresses, of which LibreOffice uses a tenth
_LARGEST_PDF = 100_000_000


def preview(content: bytes, extension: str, work: Path) -> Pdf | Page | Sheets:
    """The file as well as this machine can show it. ``extension`` is that of ``detect``; ``work`` a
    folder that only this service can read, for the files of the moment. Raises NoPreview."""
    if is_available():
        return to_pdf(content, extension, work)
    return light(content, extension)


def has_light(extension: str) -> bool:
    """Whether `light` knows such files."""
    return extension in _LIGHT


# --- LibreOffice ---


def is_available() -> bool:
    """Whether LibreOffice is installed, and can be kept from the network."""
    return bool(_program() and sandbox.is_offline())


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
    """The file as LibreOffice prints it, its first pages. One conversion at a time in ``work``, a
    folder that only this service can read. Raises NoPreview: UNSUPPORTED where LibreOffice is not
    there or cannot be shut in, BUSY, TOO_SLOW, DAMAGED and others."""
    if extension not in _FILTER_OF or not is_available():
        raise NoPreview(Reason.UNSUPPORTED)
    _check(content, extension)
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (
        _turn(work / "office.lock", wait_seconds),
        tempfile.TemporaryDirectory(dir=work, ignore_cleanup_errors=True) as folder,
    ):
        return _convert(content, extension, Path(folder), most_pages, seconds)


def _convert(content: bytes, extension: str, folder: Path, most_pages: int, seconds: float) -> Pdf:
    source = folder / f"source.{extension}"
    source.write_bytes(content)
    _write_profile(folder / "profile")
    _run(_command(source, most_pages, seconds), folder, seconds)
    try:
        pdf = (folder / "source.pdf").read_bytes()
    except FileNotFoundError as error:
        raise NoPreview(Reason.DAMAGED, "LibreOffice made nothing of it") from error
    return Pdf(pdf, is_truncated=_pages(pdf) > most_pages)


def _command(source: Path, most_pages: int, seconds: float) -> tuple[str, ...]:
    # One page more than is wanted tells whether there are more.
    pages = {"PageRange": {"type": "string", "value": f"1-{most_pages + 1}"}}
    folder = sandbox.work(source.parent)
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
    limits = sandbox.Limits(_MEMORY, int(seconds) + 1, _LARGEST_PDF)
    return sandbox.command(program, limits, source.parent)


def _run(command: tuple[str, ...], folder: Path, seconds: float) -> None:
    # None of the service's environment, which holds its secrets.
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(sandbox.work(folder)),
        "TMPDIR": str(sandbox.work(folder)),
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
        process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise NoPreview(Reason.TOO_SLOW) from error
    finally:
        # LibreOffice's start script leaves children when it is ended.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


# Macros and scripts off, no link of a document followed (pictures and texts of this machine would
# be drawn into the page), nothing updated from elsewhere.
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
    """LibreOffice writes its page objects unpacked."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@contextlib.contextmanager
def _turn(path: Path, seconds: float) -> Iterator[None]:
    """One conversion at a time, over all processes of the machine: each takes some 200 MB."""
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


# --- what is refused before any program sees it ---

_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


def _check(content: bytes, extension: str) -> None:
    if len(content) > LARGEST:
        raise NoPreview(Reason.TOO_LARGE, f"{len(content)} bytes")
    if content.startswith(_OLE) and _ENCRYPTED_PACKAGE in content:
        raise NoPreview(Reason.ENCRYPTED)
    if extension in _ZIP_BASED:
        _check_zip(content)


def _check_zip(content: bytes) -> None:
    """Bombs are refused by the listing; a password is seen by the manifest (ODF 1.3 part 2, section
    4.8)."""
    listing = archives.listing(content)
    for member in listing.members:
        if member.path == "META-INF/manifest.xml":
            manifest = archives.extract(content, [member.index], limit=5_000_000)
            if b"encryption-data" in manifest:
                raise NoPreview(Reason.ENCRYPTED)


# --- the small converters ---

_LIGHT_SECONDS = 30
_LIGHT_LIMITS = sandbox.Limits(converters.MEMORY, converters.SECONDS, 0)
_KILLED = {
    code
    for number in (signal.SIGXCPU, signal.SIGKILL)
    for code in (-number, 128 + number)  # the second by bubblewrap and unshare
}
_MOST_COLUMNS = 100


def light(content: bytes, extension: str) -> Page | Sheets:
    """DOCX and ODT as a page, XLSX and ODS as tables, without pictures and layout. Raises
    NoPreview."""
    if extension not in _LIGHT:
        raise NoPreview(Reason.UNSUPPORTED)
    _check(content, extension)
    found = json.loads(_converted(content, extension))
    if "html" in found:
        return safe_page(found["html"], is_truncated=found["is_truncated"])
    tables = tuple(
        table(
            sheet["rows"],
            most_columns=_MOST_COLUMNS,
            name=sheet["name"],
            is_truncated=sheet["is_truncated"],
        )
        for sheet in found["sheets"]
    )
    return Sheets(tables, found["is_truncated"])


def _converted(content: bytes, extension: str) -> bytes:
    script = Path(__file__).with_name("converters.py")
    # Isolated: neither the environment nor the folder adds modules.
    program = (sys.executable, "-I", str(script), extension)
    try:
        done = subprocess.run(  # noqa: S603
            sandbox.command(program, _LIGHT_LIMITS, reads=(*sandbox.python(), script)),
            input=content,
            capture_output=True,
            env={"LANG": "C.UTF-8"},
            timeout=_LIGHT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoPreview(Reason.TOO_SLOW) from error
    if done.returncode in _KILLED:
        raise NoPreview(Reason.TOO_SLOW)
    if done.returncode != 0:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        # The name of the error alone: what follows may quote the file.
        raise NoPreview(Reason.DAMAGED, last.partition(":")[0][:100])
    return done.stdout
