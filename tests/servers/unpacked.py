"""Mail servers whose Debian packages exclude Dovecot's: unpacked into a tree of their own, and run
in a view of this machine in which that tree lies over `/usr` and `/etc`.

Nothing is installed, and no service of the system is started or stopped. The server's processes
have a process namespace of their own, so that all of them end with the first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demo import packages
from tests.waiting import LONGEST_S

_TREES = Path(__file__).resolve().parent.parent.parent / "var" / "packages"


@dataclass(frozen=True)
class Unpacked:
    """Debian packages with those that they need and this machine does not have."""

    name: str
    packages: tuple[str, ...]
    release: str = ""

    @property
    def tree(self) -> Path:
        return _TREES / self.name

    def present(self) -> bool:
        """Whether it is unpacked, and this bubblewrap can lay it over the system's folders."""
        return self.tree.is_dir() and _can_overlay()

    def unpack(self) -> bool:
        """Download and unpack, unless it is there. Whether it is there now."""
        if not self.tree.is_dir() and shutil.which("apt-get") and shutil.which("dpkg-deb"):
            packages.unpack(self.packages, self.tree, self.release)
        return self.present()

    def command(self, folder: Path, command: Sequence[str | Path], *more: str) -> list[str | Path]:
        """How to run `command` in that view, where it may write to `folder` alone. ``more`` are
        further arguments of bubblewrap."""
        layers: list[str | Path] = []
        for name in ("usr", "etc"):
            layers += ["--overlay-src", f"/{name}", "--overlay-src", self.tree / name]
            layers += ["--ro-overlay", f"/{name}"]
        shut_in = ["bwrap", "--die-with-parent", "--unshare-pid", "--ro-bind", "/", "/"]
        own: list[str | Path] = ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run"]
        own += ["--bind", folder, folder]
        # Servers that root starts change to an account without rights.
        rights = ["--cap-add", "ALL"] if os.getuid() == 0 else []
        return [*shut_in, *layers, *own, *rights, *more, *command]


def _can_overlay() -> bool:
    program = shutil.which("bwrap")
    if program is None:
        return False
    told = subprocess.run(  # noqa: S603 - bubblewrap's own help
        [program, "--help"], capture_output=True, text=True, check=False, timeout=LONGEST_S
    )
    return "--overlay-src" in told.stdout + told.stderr


CYRUS = Unpacked("cyrus-imapd", ("cyrus-imapd",))
COURIER = Unpacked("courier-imap", ("courier-imap",))
# Debian 12's, for servers that have not been upgraded.
DOVECOT_23 = Unpacked(
    "dovecot-2.3",
    tuple(f"dovecot-{part}" for part in ("core", "imapd", "lmtpd", "sieve", "managesieved")),
    "bookworm",
)
EXIM = Unpacked("exim4", ("exim4-daemon-heavy",))
POSTFIX = Unpacked("postfix", ("postfix",))
ALL = (CYRUS, COURIER, DOVECOT_23, EXIM, POSTFIX)
