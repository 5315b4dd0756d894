"""Encrypt the files of a backup by age or GnuPG while they are written.

No part of a backup is on the disk unencrypted, except for SQLite's temporary copy of its database.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from webmail.backups.contents import BackupRefused

_AGE_KEYS: Final = ("age1", "ssh-")
_PACKAGES: Final = {"age": "age", "gpg": "gnupg"}
_PIECE: Final = 1024 * 1024


def program_for(recipients: Sequence[str]) -> str:
    """Return ``age`` for keys of age and ssh, otherwise ``gpg``; ``""`` without recipients. Raises
    BackupRefused."""
    if not recipients:
        return ""
    by_age = [key.startswith(_AGE_KEYS) for key in recipients]
    if any(by_age) != all(by_age):
        raise BackupRefused("The recipients of a backup are keys of age, or of GnuPG, not of both.")
    program = "age" if all(by_age) else "gpg"
    _path(program)
    return program


@contextmanager
def writing(path: Path, program: str, recipients: Sequence[str]) -> Iterator[IO[bytes]]:
    """Open a file for writing that ``program`` encrypts, or nothing for ``""``. Only this account
    can read it. Raises BackupRefused where the program fails."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        if not program:
            yield file
            return
        words = [_path(program), *_to(program, recipients)]
        with TemporaryFile() as errors:
            child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=file, stderr=errors)  # noqa: S603
            assert child.stdin is not None  # noqa: S101  PIPE
            error: Exception | None = None
            try:
                yield child.stdin
            except (OSError, BackupRefused) as caught:  # the program may have ended
                error = caught
            except BaseException:
                child.kill()
                raise
            finally:
                _close(child.stdin)
                child.wait()
            if child.returncode:
                raise BackupRefused(f"{program} encrypts nothing: {_last_words(errors)}") from error
            if error is not None:
                raise error


@contextmanager
def reading(path: Path, program: str, identity: Path | None) -> Iterator[IO[bytes]]:
    """Open a file for reading. Raises BackupRefused where the program cannot decrypt it, at the
    latest at its end: content read before that may be incomplete."""
    if not program:
        with path.open("rb") as file:
            yield file
        return
    _check_identity(program, identity)
    words = [_path(program), *_from(program, identity), str(path)]
    with TemporaryFile() as errors:
        child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors)  # noqa: S603
        assert child.stdout is not None  # noqa: S101  PIPE
        try:
            yield child.stdout
            while child.stdout.read(_PIECE):
                pass
        except BaseException:
            child.kill()
            raise
        finally:
            child.stdout.close()
            child.wait()
        if child.returncode:
            raise BackupRefused(
                f"{path} cannot be decrypted. Is this its key, and the file whole?"
                f" {program} says: {_last_words(errors)}"
            )


def _check_identity(program: str, identity: Path | None) -> None:
    if program != "age":
        return
    if identity is None:
        raise BackupRefused("The backup is encrypted by age: name the file of its key, --identity.")
    try:
        identity.open("rb").close()
    except OSError as error:
        raise BackupRefused(
            f"The key {identity.absolute()} cannot be read: {error.strerror}. The account of this"
            " command must be able to read it."
        ) from error


def check(path: Path, program: str, identity: Path | None) -> None:
    """Decrypt a file to its end and discard the content. Raises BackupRefused."""
    if program:
        with reading(path, program, identity):
            pass


def _to(program: str, recipients: Sequence[str]) -> list[str]:
    gpg = ["--batch", "--trust-model", "always", "--no-auto-key-locate", "--encrypt"]
    options = gpg if program == "gpg" else []
    return options + [word for recipient in recipients for word in ("--recipient", recipient)]


def _from(program: str, identity: Path | None) -> list[str]:
    if program == "gpg":
        return ["--batch", "--quiet", "--decrypt"]
    return ["--decrypt", "--identity", str(identity)]


def _path(program: str) -> str:
    if program not in _PACKAGES:
        raise BackupRefused(f"This version does not know backups that are encrypted by {program}.")
    path = shutil.which(program)
    if path is None:
        raise BackupRefused(f"{program} is not installed (Debian: {_PACKAGES[program]}).")
    return path


def _close(stream: IO[bytes]) -> None:
    with suppress(BrokenPipeError):
        stream.close()


def _last_words(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read(_PIECE).decode(errors="replace").splitlines()
    return " / ".join(lines[:3]) or "nothing"
