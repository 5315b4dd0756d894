"""Runs programs that read hostile files inside walls.

Under bubblewrap, such a program sees the system's programs, libraries and fonts, all read-only, and
one folder for its work: no settings and no spool of the service, no socket of the database, no
other process and no network. If bubblewrap is missing, or the kernel refuses it, unshare only
removes the network.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_WORK = Path("/sandbox")
_SYSTEM = ("/bin", "/lib", "/lib32", "/lib64")  # links into /usr, on Debian and Ubuntu
_FILES = ("/etc/fonts", "/etc/ld.so.cache", "/etc/libreoffice", "/var/cache/fontconfig")
# Bytes of the temporary folder, which is in memory; larger files go to the work folder.
_TMP_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """The limits of each process: bytes of memory that it does not share, seconds of processor
    time, bytes of a file that it writes.
    """

    memory: int
    seconds: int
    file: int


def is_whole() -> bool:
    """Return whether bubblewrap works, so that programs see only their work folder."""
    return bool(_bubblewrap())


def is_offline() -> bool:
    """Return whether programs can at least be kept from the network."""
    return bool(_limiter() and (_bubblewrap() or _unshare()))


def work(folder: Path) -> Path:
    """Return the path of the work folder as a program of `command` sees it."""
    return _WORK if is_whole() else folder


def command(
    program: Sequence[str],
    limits: ProcessLimits,
    folder: Path | None = None,
    reads: Sequence[Path] = (),
) -> tuple[str, ...]:
    """Return the command that runs a program inside the walls. It may write into ``folder``, its
    current directory, and read ``reads``. If a network would be a danger, check `is_offline` first.
    """
    if not (limiter := _limiter()):
        return tuple(program)
    limited = (
        *(limiter, f"--data={limits.memory}", f"--cpu={limits.seconds}"),
        *(f"--fsize={limits.file}", "--core=0"),
    )
    if _bubblewrap():
        return (*limited, *walled(program, reads, folder))
    return (*_unshare(), *limited, *program)


def walled(
    program: Sequence[str], reads: Sequence[Path] = (), folder: Path | None = None
) -> tuple[str, ...]:
    """Return the program inside bubblewrap, as in `command`, but without limits; unchanged if
    bubblewrap does not work.
    """
    if not (walls := _bubblewrap()):
        return tuple(program)
    place = ("--bind", str(folder), str(_WORK), "--chdir", str(_WORK)) if folder else ()
    seen = tuple(word for path in reads for word in ("--ro-bind", str(path), str(path)))
    return (*walls, *seen, *place, "--", *program)


@functools.cache
def _limiter() -> str:
    return shutil.which("prlimit") or ""


@functools.cache
def _bubblewrap() -> tuple[str, ...]:
    """Return the command to put before a program; empty if it does not work."""
    bwrap = shutil.which("bwrap")
    if not bwrap:
        return ()
    walls = (
        *(bwrap, "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
        *("--die-with-parent", "--new-session", "--hostname", "localhost"),
        *("--ro-bind", "/usr", "/usr", *_system()),
        *(word for path in _FILES for word in ("--ro-bind-try", path, path)),
        *("--proc", "/proc", "--dev", "/dev", "--size", str(_TMP_BYTES), "--tmpfs", "/tmp"),  # noqa: S108
    )
    return walls if _succeeds((*walls, "--", "true")) else ()


def _system() -> tuple[str, ...]:
    words: list[str] = []
    for path in map(Path, _SYSTEM):
        if path.is_symlink():
            words += ("--symlink", str(path.readlink()), str(path))
        elif path.exists():
            words += ("--ro-bind", str(path), str(path))
    return tuple(words)


@functools.cache
def _unshare() -> tuple[str, ...]:
    """Return the command that removes the network, and the view of other processes if the kernel
    allows it; empty if not even the network can be removed.
    """
    unshare = shutil.which("unshare")
    if not unshare:
        return ()
    alone = ("--pid", "--fork", "--kill-child")
    # Containers often forbid a private /proc, and some kernels forbid all of it to ordinary users.
    # Root in a tree without user namespaces (a chroot) can still remove the network.
    for options in (
        ("-rn", *alone, "--mount-proc"),
        ("-rn", *alone),
        ("-rn",),
        ("-n", *alone),
        ("-n",),
    ):
        if _succeeds((unshare, *options, "true")):
            return (unshare, *options)
    return ()


def _succeeds(words: Sequence[str]) -> bool:
    try:
        tried = subprocess.run(words, capture_output=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def python() -> tuple[Path, ...]:
    """Return the folders outside /usr that a program run by this Python must be able to read."""
    places = {Path(sys.prefix), Path(sys.base_prefix)}
    return tuple(path for path in sorted(places) if not path.is_relative_to("/usr"))
