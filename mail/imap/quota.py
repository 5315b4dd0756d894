"""GETQUOTAROOT (RFC 9208, RFC 2087): the used and the available space of the mailbox."""

from __future__ import annotations

from dataclasses import dataclass

from mail.errors import FolderNotFound, ServerRefused
from mail.imap import response
from mail.imap.connection import Connection, quoted_folder


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota in bytes if ``is_storage``, else in messages; ``limit`` 0 means no limit."""

    used: int
    limit: int
    is_storage: bool = True

    @property
    def share(self) -> float:
        return self.used / self.limit if self.limit else 0.0


def ask_quota(imap: Connection, folder: str = "INBOX") -> Quota | None:
    """Return the quota of a folder that is nearest to its limit, or None if the server names none.

    Sends one command; none to a server without QUOTA.
    """
    if not imap.has("QUOTA"):
        return None
    try:
        imap.command("GETQUOTAROOT", quoted_folder(folder))
    except (ServerRefused, FolderNotFound):
        return None
    quotas: list[Quota] = []
    for line in response.lines(imap.untagged("QUOTA")):
        fields = response.parsed(line)
        if len(fields) > 1 and isinstance(fields[1], tuple):
            quotas += _resources(fields[1])
    return max(quotas, key=lambda quota: quota.share, default=None)


def _resources(triples: tuple[object, ...]) -> list[Quota]:
    """Read ``STORAGE 10 512``, in units of 1,024 bytes, and ``MESSAGE 3 1000``."""
    quotas = []
    for name, used, limit in zip(triples[::3], triples[1::3], triples[2::3], strict=False):
        if isinstance(name, bytes) and isinstance(used, int) and isinstance(limit, int):
            match name.upper():
                case b"STORAGE":
                    quotas.append(Quota(used * 1024, limit * 1024))
                case b"MESSAGE":
                    quotas.append(Quota(used, limit, is_storage=False))
    return quotas
