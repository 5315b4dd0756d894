"""The stored form of a password on mail servers: hashed, with Dovecot's name of the scheme before
the hash."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher, Type
from passlib.hash import sha512_crypt

ARGON2ID: Final = "argon2id"
SHA512_CRYPT: Final = "sha512-crypt"
SCHEMES: Final = (ARGON2ID, SHA512_CRYPT)

# These are OWASP's second choice of parameters. An IMAP server hashes at each sign-in of each
# telephone, in a process that is often limited to 256 MiB; libsodium, by which Dovecot verifies,
# computes the lanes one after the other.
_argon2id = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)


def hashed(password: str, scheme: str) -> str:
    """Return ``{ARGON2ID}$argon2id$…`` or ``{SHA512-CRYPT}$6$…``, without a colon, which would end
    a field of a passwd-file. ``scheme`` is one of `SCHEMES`."""
    if scheme == ARGON2ID:
        return f"{{ARGON2ID}}{_argon2id.hash(password)}"
    if scheme == SHA512_CRYPT:
        return f"{{SHA512-CRYPT}}{sha512_crypt.using(rounds=100_000).hash(password)}"
    raise ValueError(f"unknown scheme {scheme!r}")
