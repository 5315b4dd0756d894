"""Access tokens in place of passwords: OAUTHBEARER (RFC 7628), or XOAUTH2 if the server offers only
that.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection

# The mechanisms for tokens, in order of preference.
_MECHANISMS = ("OAUTHBEARER", "XOAUTH2")
# The syntax of a token (RFC 6750 section 2.1).
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,16384}={0,8}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class AccessToken(str):
    """A token. It is passed around like a password, but given to the server by a mechanism of its
    own.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "<AccessToken>"


def mechanism(offered: Collection[str]) -> str:
    """Return the SASL mechanism to use among those that the server offers, or ""."""
    return next((name for name in _MECHANISMS if name in offered), "")


def is_sayable(login: str, token: str) -> bool:
    """Return whether login and token have no character that would end the client's message."""
    return not _CONTROL.search(login) and _TOKEN.fullmatch(token) is not None


def first(mechanism: str, login: str, token: str, host: str, port: int) -> bytes:
    """Return the client's first message in base64."""
    if mechanism == "XOAUTH2":
        message = f"user={login}\x01auth=Bearer {token}\x01\x01"
    else:
        name = login.replace("=", "=3D").replace(",", "=2C")
        message = f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01"
    return base64.b64encode(message.encode())


def second(mechanism: str) -> bytes:
    """Return the client's answer to a server that refuses the token; the server then sends NO."""
    return b"" if mechanism == "XOAUTH2" else base64.b64encode(b"\x01")
