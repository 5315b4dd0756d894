"""The files of deploy/: the settings, the units, the proxy."""

from __future__ import annotations

import configparser
import http.client
import http.server
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.servers.process import free_port
from tests.accounts.test_server_check import certificate
from tests.servers.plugin import missing
from webmail.environment import file
from webmail.environment.declared import DECLARED
from webmail.jobs import queues

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def test_the_settings_are_settings() -> None:
    values = file.parsed((DEPLOY / "environment").read_text())
    assert not values.keys() - DECLARED.keys()
    assert {"WEBMAIL_SECRET_KEY", "DATABASE_URL", "REDIS_URL"} <= values.keys()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_what_is_there_and_as_nobody_special(unit: Path) -> None:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text().replace("\\\n", ""))
    service = parser["Service"]
    assert service["User"] == "webmail"
    assert {"NoNewPrivileges", "ProtectSystem", "PrivateTmp", "ProtectHome"} <= set(service)
    assert service["KillMode"] == "mixed" and service["Restart"] == "on-failure"
    command = service["ExecStart"].split()[1:]
    is_web = command == ["--config", "python:webmail.serving.processes", "webmail.asgi:application"]
    assert is_web or command[:2] == ["manage.py", "run_workers"]


def test_the_documentation_starts_every_worker() -> None:
    text = (ROOT / "docs" / "install.md").read_text()
    for name in queues.WORKERS:
        assert f"webmail-worker@{name}" in text


# --- the proxy ---


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[Callable[[int], int]]:
    """`proxied(upstream)`: the port of an nginx with the configuration of deploy/, before it."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        pytest.skip(missing("nginx"))
    started = []

    def start(upstream: int) -> int:
        port, plain = free_port(), free_port()
        pem = certificate(tmp_path, "webmail.ac-exemple.fr")
        changes = {
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "listen 80": f"listen 127.0.0.1:{plain}",
            "/etc/ssl/webmail/fullchain.pem": str(pem),
            "/etc/ssl/webmail/privkey.pem": str(pem),
            "/var/log/nginx/webmail.log": str(tmp_path / "access.log"),
            "/etc/nginx/webmail-proxy.conf": str(DEPLOY / "nginx" / "webmail-proxy.conf"),
            "/srv/webmail/": f"{ROOT}/",
        }
        site = (DEPLOY / "nginx" / "webmail.conf").read_text()
        for before, after in changes.items():
            assert before in site
            site = site.replace(before, after)
        site = re.sub(r"\n *listen \[::\].*", "", site)
        folders = "".join(
            f"{kind}_temp_path {tmp_path}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (tmp_path / "nginx.conf").write_text(
            f"user root;\ndaemon off;\nworker_processes 1;\npid {tmp_path}/pid;\n"
            f"events {{}}\nhttp {{\n{folders}{site}}}\n"
        )
        words = [program, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
        started.append(subprocess.Popen(words, stderr=subprocess.DEVNULL))  # noqa: S603
        await_port(port)
        return port

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


def await_port(port: int) -> None:
    for _ in range(100):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nginx did not start")


@pytest.fixture
def upstream() -> Iterator[http.server.ThreadingHTTPServer]:
    """A webmail that answers 503 by a page of its own, and keeps the headers of each request."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.seen.append(self.headers)  # type: ignore[attr-defined]
            body = b"le serveur de messagerie"
            self.send_response(503)
            self.send_header("X-Request-ID", "0badcafe")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def asked(port: int, path: str) -> tuple[http.client.HTTPResponse, str]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)
    client.request("GET", path, headers={"Host": "webmail.ac-exemple.fr"})
    response = client.getresponse()
    text = response.read().decode()
    client.close()
    return response, text


def test_while_the_webmail_is_down_the_proxy_says_so_in_french(
    proxied: Callable[[int], int],
) -> None:
    response, text = asked(proxied(free_port()), "/mail/INBOX/")
    assert (response.status, response.headers["Retry-After"]) == (503, "10")
    assert '<html lang="fr">' in text and "La messagerie redémarre" in text


def test_the_webmail_s_own_pages_and_headers_pass(
    proxied: Callable[[int], int], upstream: http.server.ThreadingHTTPServer, tmp_path: Path
) -> None:
    port = proxied(upstream.server_port)
    response, text = asked(port, "/search/?q=divorce")
    assert (response.status, text) == (503, "le serveur de messagerie")
    (headers,) = upstream.seen  # type: ignore[attr-defined]
    assert (headers["X-Forwarded-Proto"], headers["X-Forwarded-For"]) == ("https", "127.0.0.1")
    assert headers["Host"] == "webmail.ac-exemple.fr"
    log = (tmp_path / "access.log").read_text()
    assert "0badcafe" in log and "divorce" not in log
