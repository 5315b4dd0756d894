"""Providers of OpenID Connect to sign in by, each a process of its own."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from demo.servers import process


class Issuer:
    """One that is not ours: PyPI's oidc-provider-mock. It takes any client, and gives opaque access
    tokens and refresh tokens; its form of a sign-in has one field, `sub`."""

    def __init__(self, seconds: int = 3600) -> None:
        self.port = process.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._seconds = seconds
        self._log = Path(tempfile.mkstemp(prefix="webmail-issuer-")[1])

    def start(self) -> None:
        program = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock"]
        options = ["--port", str(self.port), "--require-nonce", "true"]
        options += ["--token-max-age", str(self._seconds)]
        with self._log.open("w") as log:
            self._process = subprocess.Popen([*program, *options], stdout=log, stderr=log)  # noqa: S603
        process.wait_for_port(self.port, self._process, self._log)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.unlink(missing_ok=True)

    def knows(self, sub: str, **claims: Any) -> None:
        """Tell it who somebody is."""
        self._ask("PUT", f"/users/{sub}", json.dumps(claims), "application/json")

    def revoke(self, sub: str) -> None:
        """All tokens of somebody are over."""
        self._ask("POST", f"/users/{sub}/revoke-tokens", "{}", "application/json")

    def sign_in(self, address: str, sub: str) -> str:
        """Do what the browser does there: where it is sent back to."""
        parts = urlsplit(address)
        assert address.startswith(f"{self.url}/")
        path = f"{parts.path}?{parts.query}"
        answer = self._ask(
            "POST", path, urlencode({"sub": sub}), "application/x-www-form-urlencoded"
        )
        return str(answer["Location"])

    def requests(self, path: str) -> int:
        """How often a path was asked for."""
        time.sleep(0.05)
        return self._log.read_text().count(f" {path} HTTP/")

    def _ask(self, method: str, path: str, body: str, kind: str) -> Message:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            answer.read()
        assert answer.status < 400, (method, path, answer.status)
        return answer.headers
