"""The files of deploy/: the settings, the units, the proxy."""

from __future__ import annotations

import configparser
import http.client
import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.servers.process import free_port
from tests.servers import nginx
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
    assert service["KillMode"] == "mixed"
    command = service["ExecStart"].split()[1:]
    is_web = command == ["--config", "python:webmail.serving.processes", "webmail.asgi:application"]
    # A worker ends at an upgrade's signal, and systemd starts it again.
    assert service["Restart"] == ("on-failure" if is_web else "always")
    assert is_web or command[:2] == ["manage.py", "run_workers"]


def test_the_documentation_starts_every_worker() -> None:
    text = (ROOT / "docs" / "install.md").read_text()
    for name in queues.WORKERS:
        assert f"webmail-worker@{name}" in text


# --- the proxy ---


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[Callable[[int], int]]:
    """`proxied(upstream)`: the port of an nginx with the configuration of deploy/, before it."""
    if nginx.program() is None:
        pytest.skip(missing("nginx"))
    started: list[nginx.Nginx] = []

    def start(upstream: int) -> int:
        server = nginx.Nginx(tmp_path, [upstream])
        server.start()
        started.append(server)
        return server.port

    yield start
    for server in started:
        server.stop()


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
