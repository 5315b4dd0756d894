"""The driver of Dovecot's passwd-file: one line of it is written anew, all others stay as they are.

Format: ``user:password:uid:gid:gecos:home:shell:extra fields``; Dovecot looks whether the file has
changed before it answers, so nothing needs to be told to it.
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
from accounts.passwords.owner import Owner
from webmail.errors import ServerRefused, ServerUnavailable

LOCK_SECONDS: Final = 10
_LARGEST: Final = 64 * 1024 * 1024  # bytes; a line of an academy's 100,000 people has 150


@dataclass(frozen=True, slots=True)
class PasswdFile:
    """``path`` may be a symbolic link: the file behind it is replaced, the link stays."""

    path: Path
    scheme: str

    def change(self, owner: Owner, old: str, new: str) -> None:
        """Give the owner's line, and those of his aliases, the new password.

        Whole or not at all: the new file is written beside the old one and takes its place when it
        is on the disk. Raises ServerRefused when no line is the owner's, ServerUnavailable when the
        file cannot be read or replaced; then the old one is as it was.
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
    """The file that the path names, open and ours alone. A process that waited for the lock may
    hold a file that another has replaced meanwhile: then the one in its place is opened."""
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


def _with_password(content: bytes, owner: Owner, secret: bytes) -> bytes:
    """The file with the owner's lines changed. Its logins may have their domain where ours have
    none (``auth_username_format``). Raises ServerRefused when nobody of that name is in it."""
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
    # A line may end with its password: then the end of the line is all that follows.
    after = b":" + rest[0] if rest else line[len(line.rstrip(b"\r\n")) :]
    return name + b":" + secret + after


def _name(line: bytes) -> str:
    """The name of a line in lower case, as sessions know logins; "" for a comment and for a line
    that has none."""
    if line.startswith(b"#") or b":" not in line:
        return ""
    return line.partition(b":")[0].decode("utf-8", "replace").lower()


def _is_of(line: bytes, login: str) -> bool:
    """Whether the line is the login's, or that of another spelling which leads to it (``user=`` in
    the extra fields)."""
    name = _name(line)
    fields = line.rstrip(b"\r\n").split(b":", 7)
    extra = fields[7].decode("utf-8", "replace").lower().split() if len(fields) == 8 else []
    return name != "" and (name == login or f"user={login}" in extra)


def _replace(path: Path, content: bytes, before: os.stat_result) -> None:
    """Put the content in the file's place with the same owner, group and mode: Dovecot must still
    be able to read it, and nobody else begin to."""
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
    """Else a power cut may bring the old file back. It has been replaced: no failure any more."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
