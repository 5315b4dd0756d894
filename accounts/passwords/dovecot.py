"""The driver for Dovecot's passwd-file, which replaces the password in the user's lines and leaves
all others unchanged.

Each line is ``user:password:uid:gid:gecos:home:shell:extra fields``. Dovecot checks whether the
file has changed before it answers, so it needs no signal.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from accounts.passwords import hashing
from accounts.passwords.owner import PasswordOwner
from mail.errors import ServerRefused, ServerUnavailable

LOCK_SECONDS: Final = 10
# bytes; the file of an academy with 100,000 users has 150 bytes a line
_LARGEST: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PasswdFile:
    """A passwd-file. If ``path`` is a symbolic link, its target is replaced and the link stays."""

    path: Path
    scheme: str

    def change(self, owner: PasswordOwner, old: str, new: str) -> None:
        """Set the new password in the line of the owner and in those of the owner's aliases.

        The change is atomic: the new file is written beside the old one, and replaces it once it is
        on the disk. Raises ServerRefused when no line is the owner's, and ServerUnavailable when
        the file cannot be read or replaced; the old file is unchanged then.
        """
        secret = hashing.hashed(new, self.scheme).encode("ascii")
        try:
            path = self.path.resolve(strict=True)
            with _locked(path) as file:
                content = _with_password(file.read(_LARGEST + 1), owner, secret)
                _replace(path, content, os.fstat(file.fileno()))
        except OSError as error:
            raise ServerUnavailable(
                "The passwd-file cannot be rewritten.",
                server_words=error.strerror or "",
            ) from error


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Yield the file, opened and locked. A process that waited for the lock may have opened a file
    that was replaced meanwhile; it opens the new one then."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        with path.open("rb") as file:
            _lock(file, deadline)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    yield file
                    return


def _lock(file: BinaryIO, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)


def _with_password(content: bytes, owner: PasswordOwner, secret: bytes) -> bytes:
    """Return the content with the owner's lines changed. The file's logins may have a domain where
    ours have none (``auth_username_format``). Raises ServerRefused when no line has the owner's
    name."""
    if len(content) > _LARGEST:
        raise ServerUnavailable("The passwd-file is larger than any is.")
    lines = content.splitlines(keepends=True)
    names = {_name(line) for line in lines} - {""}
    whole = f"{owner.values['local']}@{owner.domain}"
    login = next((login for login in (owner.login, whole) if login in names), "")
    if not login:
        raise ServerRefused("The passwd-file has no line of this login.")
    return b"".join(_changed(line, secret) if _is_of(line, login) else line for line in lines)


def _changed(line: bytes, secret: bytes) -> bytes:
    name, _old, *rest = line.split(b":", 2)
    # A line may end with the password; only the line's ending follows then.
    after = b":" + rest[0] if rest else line[len(line.rstrip(b"\r\n")) :]
    return name + b":" + secret + after


def _name(line: bytes) -> str:
    """Return the name of a line in lower case, as our logins are; "" for a comment and for a line
    without a name."""
    if line.startswith(b"#") or b":" not in line:
        return ""
    return line.partition(b":")[0].decode("utf-8", "replace").lower()


def _is_of(line: bytes, login: str) -> bool:
    """Return whether the line belongs to the login, or to an alias that leads to it (``user=`` in
    the extra fields)."""
    name = _name(line)
    fields = line.rstrip(b"\r\n").split(b":", 7)
    extra = fields[7].decode("utf-8", "replace").lower().split() if len(fields) == 8 else []
    return name != "" and (name == login or f"user={login}" in extra)


def _replace(path: Path, content: bytes, before: os.stat_result) -> None:
    """Replace the file, keeping its owner, group and mode: Dovecot must still be able to read it,
    and no other account must."""
    handle, copy = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "wb") as file:
            now = os.fstat(handle)
            if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
                os.fchown(handle, before.st_uid, before.st_gid)
            os.fchmod(handle, before.st_mode & 0o7777)
            file.write(content)
            file.flush()
            os.fsync(handle)
        os.replace(copy, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(copy)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Flush the folder to disk, or a power cut could bring the old file back. Errors are ignored,
    since the file is replaced already."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
