"""Another service: a small Django project that signs people in by OpenID Connect, with allauth's
client. Started as a process of its own, since Django has one set of settings in each."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class RelyingParty:
    """Runs on loopback; `issuer` must answer by the time somebody signs in."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.redirect_uri = f"{self.url}/accounts/oidc/messagerie/login/callback/"
        self.goodbye = f"{self.url}/"

    def start(self, issuer: str, client_id: str, secret: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="webmail-service-"))
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "SERVICE_FOLDER": str(self._folder),
            "SERVICE_ISSUER": issuer,
            "SERVICE_CLIENT_ID": client_id,
            "SERVICE_SECRET": secret,
        }
        program = [
            sys.executable,
            "-m",
            "uvicorn",
            "tests.servers.relying_party.project:application",
        ]
        options = ["--port", str(self.port), "--lifespan", "off", "--log-level", "warning"]
        self._process = subprocess.Popen(  # noqa: S603  our own project
            [*program, *options], env=env, cwd=self._folder
        )
        self._wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self._folder)

    def _wait(self) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("the other service did not start")
