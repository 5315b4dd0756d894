"""Keys that sign tokens for services: pure functions over PEM."""

from __future__ import annotations

import re

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

BITS = 3072
"""The size of a new key: the ANSSI requires it of RSA beyond 2030."""
_LEAST_BITS = 2048
_PEM = re.compile(
    r"-----BEGIN [A-Z ]+-----(?>(?:[^-]++|-(?!----))*)-----END [A-Z ]+-----",
)


def parse(current: str, others: str) -> tuple[str, ...]:
    """Return the PEM of each key: first the signing key, then those that are only published (a
    former or a coming signing key). ``others`` may contain several, one after the other.

    Return an empty tuple when ``current`` is empty. Raises ValueError for a key that is not RSA
    with at least 2048 bits.
    """
    if not current.strip():
        if others.strip():
            raise ValueError("there are other keys, but none that signs")
        return ()
    signing = _PEM.findall(current)
    if len(signing) != 1:
        raise ValueError("needs exactly one private key, as PEM")
    published = _PEM.findall(others)
    if others.strip() and not published:
        raise ValueError("the other keys are no PEM")
    pems = tuple(dict.fromkeys([*signing, *published]))
    for pem in pems:
        _check(pem)
    return pems


def _check(pem: str) -> None:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ValueError("a key must be PEM, private, without a passphrase") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("a key must be of RSA: services are told that RS256 signs")
    if key.key_size < _LEAST_BITS:
        raise ValueError(f"an RSA key needs {_LEAST_BITS} bits or more, not {key.key_size}")


def create(bits: int = BITS) -> str:
    """Return a new private key as PEM (PKCS #8)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
