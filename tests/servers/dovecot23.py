"""A private Dovecot 2.3, from the packages of an older Debian in a tree of their own."""

from __future__ import annotations

from pathlib import Path

from demo.servers.dovecot import Dovecot
from tests.servers.unpacked import DOVECOT_23

# With the modules of the version that is installed hidden: they would be loaded as well.
_OWN = Path("/usr/lib/dovecot")


class Dovecot23(Dovecot):
    """As `Dovecot`."""

    def _command(self, configuration: Path) -> list[str | Path]:
        tree = DOVECOT_23.tree / _OWN.relative_to("/")
        run: list[str | Path] = ["/usr/sbin/dovecot", "-F", "-c", configuration]
        # The folder of the sockets may lie elsewhere, where its path is short enough.
        binds = ["--ro-bind", str(tree), str(_OWN), "--bind", "/tmp", "/tmp"]  # noqa: S108
        return DOVECOT_23.command(self.folder, run, *binds)

    def _version(self) -> tuple[int, int]:
        return (2, 3)
