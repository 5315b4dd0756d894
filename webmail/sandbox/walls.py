"""Programs that read what strangers wrote, shut in.

By bubblewrap such a program sees the system's programs, libraries and fonts, which it can't change,
and one folder for its work: no settings and no spool of the service, no socket of the database, no
other process and no network. Where bubblewrap is missing, or the kernel refuses it, unshare takes
away the network alone.
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
# A temporary folder in memory; what takes more lies in the folder of the work.
_TMP_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of each process: bytes of memory that it shares with no other, seconds of
    processor time, bytes of a file that it writes."""

    memory: int
    seconds: int
    file: int


def is_whole() -> bool:
    """Whether programs see nothing but their work: bubblewrap is there and works."""
    return bool(_bubblewrap())


def is_offline() -> bool:
    """Whether programs can be kept from the network, at least."""
    return bool(_limiter() and (_bubblewrap() or _unshare()))


def work(folder: Path) -> Path:
    """The path by which a program of `command` knows the folder of its work."""
    return _WORK if is_whole() else folder


def command(
    program: Sequence[str], limits: Limits, folder: Path | None = None, reads: Sequence[Path] = ()
) -> tuple[str, ...]:
    """The program within its walls. It may write into ``folder``, where it begins, and read what
    lies at ``reads``. `is_offline` has been asked before, where a network would be a danger."""
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
    """The program inside bubblewrap, as `command` says, without limits; as it is, where bubblewrap
    does not work."""
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
    """The command in front of a program; empty where it does not work."""
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
    """The command that takes the network away, and where the kernel allows it the sight of other
    processes too; empty when even the network cannot be taken."""
    unshare = shutil.which("unshare")
    if not unshare:
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
    """The folders, beside /usr, that a program in this Python must be able to read."""
    places = {Path(sys.prefix), Path(sys.base_prefix)}
    return tuple(path for path in sorted(places) if not path.is_relative_to("/usr"))
