"""A provider of OpenID Connect that says whatever a test wants, with keys of its own: for what no
honest one says."""

from __future__ import annotations

import base64
import functools
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


def _number(value: int) -> str:
    size = (value.bit_length() + 7) // 8
    return base64.urlsafe_b64encode(value.to_bytes(size, "big")).rstrip(b"=").decode()


@functools.cache
def _key(pem: str) -> rsa.RSAPrivateKey:
    """It is looked at whether its numbers are primes, which takes a moment."""
    key = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


class Forger:
    """``claims`` change those of the next ID token, ``configuration`` what it says of itself,
    ``answers`` the status and body at a path. ``forms`` are what it was sent at its token
    address."""

    def __init__(self, pem: str) -> None:
        self.key = _key(pem)
        numbers = self.key.public_key().public_numbers()
        self.jwk = {"kty": "RSA", "kid": "one", "n": _number(numbers.n), "e": _number(numbers.e)}
        self.claims: dict[str, Any] = {}
        self.configuration: dict[str, Any] = {}
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.forms: list[str] = []
        self.paths: list[str] = []
        self.nonce = ""
        self.logout_type: Any = None
        self.access = "opaque"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def signed(self, claims: dict[str, Any], **more: Any) -> str:
        """A token of these claims, without those that are None."""
        kept = {name: value for name, value in claims.items() if value is not None}
        options: dict[str, Any] = {
            "algorithm": "RS256",
            "headers": {"kid": "one"},
            "key": self.key,
        } | more
        return jwt.encode(kept, **options)

    def id_token(self) -> str:
        now = int(time.time())
        usual = {"iss": self.url, "aud": "webmail", "sub": "1", "iat": now, "exp": now + 300}
        usual |= {"nonce": self.nonce, "sid": "s1", "preferred_username": "alice"}
        return self.signed(usual | self.claims)

    def logout_token(self, **claims: Any) -> str:
        now = int(time.time())
        usual = {"iss": self.url, "aud": "webmail", "sub": "1", "sid": "s1", "iat": now}
        usual |= {"exp": now + 120, "jti": str(time.time_ns()), "events": {LOGOUT: {}}}
        return self.signed(usual | claims, headers={"kid": "one", "typ": self.logout_type})

    def answer(self, path: str) -> tuple[int, bytes]:
        self.paths.append(path)
        if path in self.answers:
            return self.answers[path]
        return 200, json.dumps(self._said(path)).encode()

    def _said(self, path: str) -> dict[str, Any]:
        match path:
            case "/.well-known/openid-configuration":
                return {
                    "issuer": self.url,
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "jwks_uri": f"{self.url}/keys",
                    "userinfo_endpoint": f"{self.url}/me",
                } | self.configuration
            case "/keys":
                return {"keys": [self.jwk]}
            case "/token":
                return {
                    "access_token": self.access,
                    "token_type": "Bearer",
                    "expires_in": 300,
                    "refresh_token": "again",
                    "id_token": self.id_token(),
                }
            case _:
                return {"sub": "1", "preferred_username": "alice"}


def _handler(forger: Forger) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", "0"))
            forger.forms.append(self.rfile.read(size).decode())
            self._answer()

        def _answer(self) -> None:
            status, body = forger.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status in (301, 302):
                self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
