"""Office files: by LibreOffice as a PDF, or by small converters as HTML and tables.

Both run as programs of their own, since both read what strangers wrote: LibreOffice without a
network, without macros and links, in a profile that lives as long as the conversion; the converters
under limits of time and memory that the kernel keeps.
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

from webmail import zips
from webmail.previews import archives
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
    """Whether LibreOffice is installed, and the kernel lets it be shut in."""
    return bool(_program() and _walls())


@functools.cache
def _program() -> str:
    return shutil.which("soffice") or shutil.which("libreoffice") or ""


@functools.cache
def _walls() -> tuple[str, ...]:
    """The command in front of LibreOffice that takes its network away, and where the kernel allows
    it the sight of other processes too; empty when even the network cannot be taken."""
    unshare, prlimit = shutil.which("unshare"), shutil.which("prlimit")
    if not unshare or not prlimit:
        return ()
    alone = ("--pid", "--fork", "--kill-child")
    # Containers often forbid a /proc of one's own, some kernels all of it to ordinary users.
    # Root in a tree without namespaces of users (a chroot) can still take the network away.
    for options in (
        ("-rn", *alone, "--mount-proc"),
        ("-rn", *alone),
        ("-rn",),
        ("-n", *alone),
        ("-n",),
    ):
        tried = subprocess.run(  # noqa: S603
            (unshare, *options, "true"), capture_output=True, timeout=30, check=False
        )
        if tried.returncode == 0:
            return (unshare, *options, prlimit)
    return ()


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
    refuse(content, extension)
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
    return (
        *_walls(),
        f"--as={_MEMORY}",
        f"--cpu={int(seconds) + 1}",
        f"--fsize={_LARGEST_PDF}",
        "--core=0",
        _program(),
        f"-env:UserInstallation={(source.parent / 'profile').as_uri()}",
        "--headless",
        "--norestore",
        "--nolockcheck",
        "--nodefault",
        "--convert-to",
        f"pdf:{_FILTER_OF[source.suffix[1:]]}:{json.dumps(pages)}",
        "--outdir",
        str(source.parent),
        str(source),
    )


def _run(command: tuple[str, ...], folder: Path, seconds: float) -> None:
    # None of the service's environment, which holds its secrets.
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
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


def refuse(content: bytes, extension: str) -> None:
    if len(content) > LARGEST:
        raise NoPreview(Reason.TOO_LARGE, f"{len(content)} bytes")
    if content.startswith(_OLE) and _ENCRYPTED_PACKAGE in content:
        raise NoPreview(Reason.ENCRYPTED)
    if extension in _ZIP_BASED:
        _check_zip(content)


_LARGEST_MANIFEST = 5_000_000


def _check_zip(content: bytes) -> None:
    """Refuse what LibreOffice and the converters would believe: bombs, members that are packed in
    an unusual way. A password is seen by the manifest (ODF 1.3 part 2, section 4.8)."""
    members = archives.members(content)
    try:
        for member in members:
            zips.packed(content, member)
            if member.raw_name == b"META-INF/manifest.xml":
                manifest = zips.read(content, member, limit=_LARGEST_MANIFEST)
                if b"encryption-data" in manifest:
                    raise NoPreview(Reason.ENCRYPTED)
    except zips.BadZip as error:
        raise archives.refused(error) from error


# --- the small converters ---

_LIGHT_SECONDS = 15
_MOST_COLUMNS = 100


def light(content: bytes, extension: str) -> Page | Sheets:
    """DOCX and ODT as a page, XLSX and ODS as tables, without pictures and layout. Raises
    NoPreview."""
    if extension not in _LIGHT:
        raise NoPreview(Reason.UNSUPPORTED)
    refuse(content, extension)
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
    try:
        done = subprocess.run(  # noqa: S603
            # Isolated: neither the environment nor the folder adds modules.
            (sys.executable, "-I", str(script), extension),
            input=content,
            capture_output=True,
            env={"LANG": "C.UTF-8"},
            timeout=_LIGHT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoPreview(Reason.TOO_SLOW) from error
    if done.returncode == -signal.SIGXCPU or done.returncode == -signal.SIGKILL:
        raise NoPreview(Reason.TOO_SLOW)
    if done.returncode != 0:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        # The name of the error alone: what follows may quote the file.
        raise NoPreview(Reason.DAMAGED, last.partition(":")[0][:100])
    return done.stdout
