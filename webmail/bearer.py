"""Access tokens in the place of passwords: OAUTHBEARER (RFC 7628), or XOAUTH2 where a server knows
that alone."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection

# The mechanisms that take a token, the standard's before the older one.
_MECHANISMS = ("OAUTHBEARER", "XOAUTH2")
# RFC 6750 section 2.1.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,16384}={0,8}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class AccessToken(str):
    """A token, which goes wherever a password goes, and is given to the server in its own way."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<AccessToken>"


def mechanism(offered: Collection[str]) -> str:
    """Return the SASL mechanism to use, of those that the server offers; "" for none."""
    return next((name for name in _MECHANISMS if name in offered), "")


def is_sayable(login: str, token: str) -> bool:
    """Whether login and token hold nothing that would end the message of the client."""
    return not _CONTROL.search(login) and _TOKEN.fullmatch(token) is not None


def first(mechanism: str, login: str, token: str, host: str, port: int) -> bytes:
    """Return the message of the client, in base64."""
    if mechanism == "XOAUTH2":
        message = f"user={login}\x01auth=Bearer {token}\x01\x01"
    else:
        name = login.replace("=", "=3D").replace(",", "=2C")
        message = f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01"
    return base64.b64encode(message.encode())


def second(mechanism: str) -> bytes:
    """Return the answer to what a server says of a token that it refuses: the NO comes after it."""
    return b"" if mechanism == "XOAUTH2" else base64.b64encode(b"\x01")
