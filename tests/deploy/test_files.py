"""The files of deploy/: the settings, the units, the proxy."""

from __future__ import annotations

import configparser
import http.client
import http.server
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.servers.process import free_port
from tests.deploy import instructions
from tests.servers import nginx
from tests.servers.plugin import missing
from tests.waiting import LONGEST_S, wait_for
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
    # Bubblewrap fails with each of these.
    hindering = {"ProtectKernelTunables", "ProtectKernelLogs", "ProtectHostname", "ProcSubset"}
    assert not (hindering | {"RestrictSUIDSGID", "RestrictNamespaces"}) & set(service)
    assert service["KillMode"] == "mixed"
    command = service["ExecStart"].split()[1:]
    server = ["--config", "python:webmail.serving.processes", "webmail.asgi:application"]
    is_web = command == ["/srv/webmail/.venv/bin/gunicorn", *server]
    # A worker ends at an upgrade's signal, and systemd starts it again.
    assert service["Restart"] == ("on-failure" if is_web else "always")
    assert is_web or command[:2] == ["manage.py", "run_workers"]


def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    names = []
    for unit in (DEPLOY / "systemd").iterdir():
        name = unit.name.replace("@.", "@sending.")
        # The project's programs are not where an installation has them.
        text = re.sub(r"/srv/webmail/\.venv/bin/\w+|/usr/bin/curl", "/bin/true", unit.read_text())
        (tmp_path / name).write_text(text.replace("/srv/webmail", str(tmp_path)))
        names.append(name)
    done = subprocess.run(  # noqa: S603
        [program, "verify", "--man=no", *names],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_the_instructions_can_be_typed_to_their_end() -> None:
    hand, package = instructions.by_hand(), instructions.by_package()
    for lines in (hand, package):
        assert lines[1].startswith("sudo apt-get install git ")
        assert [line for line in lines if line.startswith("sudo systemctl enable --now webmail")]
        assert lines[-1] == "sudo nginx -t && sudo systemctl reload nginx"
    assert "sudo mkdir /etc/webmail" in hand and "sudo mkdir /etc/webmail" not in package
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert [line for line in package if f"webmail_{version}_amd64.deb" in line]


def test_the_documentation_starts_every_worker() -> None:
    text = (ROOT / "docs" / "install.md").read_text()
    for name in queues.WORKERS:
        assert f"webmail-worker@{name}" in text


# --- containers and the package ---


def test_the_image_is_made_of_what_is_there_and_runs_as_nobody_special() -> None:
    text = (DEPLOY / "container" / "Containerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert "requirements.txt" in names and "webmail" in names
    assert not [name for name in names if not (ROOT / name).exists()]
    last = text.rpartition("\nFROM ")[2]
    assert "\nUSER 10001\n" in last and "HEALTHCHECK" in last and "/readyz" in last
    assert "python:webmail.serving.processes" in last


def test_the_containers_do_every_job_once_and_write_nowhere_else() -> None:
    text = (DEPLOY / "container" / "compose.yaml").read_text()
    for name in queues.WORKERS:
        assert text.count(f"run_workers, {name}]") == 1
    nodes = (DEPLOY / "container" / "nodes.yaml").read_text()
    # Two beats would ask for everything twice.
    assert "run_workers, sending]" in nodes and "upkeep]" not in nodes
    assert "read_only: true" in nodes and "cap_drop: [ALL]" in nodes
    common = text.partition("x-webmail: &webmail")[2].partition("\n\n")[0]
    assert "read_only: true" in common and "cap_drop: [ALL]" in common
    mounted = re.findall(r"- (\.\./\S+?):", text)
    assert mounted
    assert not [path for path in mounted if not (DEPLOY / "container" / path).exists()]
    values = file.parsed((DEPLOY / "container" / "env.example").read_text())
    assert values.keys() - DECLARED.keys() == {"POSTGRES_PASSWORD"}


@pytest.mark.parametrize("name", ["build", "postinst", "prerm", "postrm"])
def test_a_script_of_the_package_can_be_run(name: str) -> None:
    script = DEPLOY / "debian" / name
    assert script.stat().st_mode & 0o111
    subprocess.run(["/bin/sh", "-n", str(script)], check=True, timeout=LONGEST_S)  # noqa: S603


def test_the_package_holds_what_it_names() -> None:
    text = (DEPLOY / "debian" / "build").read_text()
    (parts,) = re.findall(r"^for part in (manage\.py .+); do$", text, re.MULTILINE)
    assert not [name for name in parts.split() if not (ROOT / name).exists()]
    assert (DEPLOY / "debian" / "conffiles").read_text() == "/etc/webmail/environment\n"
    # A migration is begun by nobody but an administrator.
    for script in ("postinst", "prerm", "postrm"):
        assert "migrate" not in (DEPLOY / "debian" / script).read_text().partition("set -e")[2]


# --- the proxy ---


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """`proxied(upstream, …)`: the port of an nginx with the configuration of deploy/, before it."""
    if nginx.program() is None:
        pytest.skip(missing("nginx"))
    started: list[nginx.Nginx] = []

    def start(*upstreams: int) -> int:
        server = nginx.Nginx(tmp_path, upstreams)
        server.start()
        started.append(server)
        return server.port

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def upstream() -> Iterator[http.server.ThreadingHTTPServer]:
    with webmail() as server:
        yield server


@contextmanager
def webmail() -> Iterator[http.server.ThreadingHTTPServer]:
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


def unverified() -> ssl.SSLContext:
    """For nginx's certificate, which is nobody's."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def asked(port: int, path: str, session: str = "") -> tuple[http.client.HTTPResponse, str]:
    client = http.client.HTTPSConnection("127.0.0.1", port, context=unverified(), timeout=20)
    cookies = {"Cookie": f"__Host-csrf=x; __Host-session={session}"} if session else {}
    client.request("GET", path, headers={"Host": "webmail.ac-exemple.fr", **cookies})
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
    # The proxy writes its line once it has answered.
    log = tmp_path / "access.log"
    wait_for(lambda: "0badcafe" in log.read_text())
    assert "divorce" not in log.read_text()


SMUGGLED = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: webmail.ac-exemple.fr\r\n\r\n"


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 6\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 6",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding : chunked",
        b"Content-Length: 0\r\nContent-Length: 60",
        b"Content-Length: +60",
        b"Content-Length: 0x3c",
    ],
)
def test_a_request_whose_end_can_be_read_in_two_ways_goes_no_further(
    fields: bytes, proxied: Callable[[int], int], upstream: http.server.ThreadingHTTPServer
) -> None:
    head = b"GET / HTTP/1.1\r\nHost: webmail.ac-exemple.fr\r\n" + fields + b"\r\n\r\n"
    answer = raw(proxied(upstream.server_port), head + SMUGGLED)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))
    assert answer.count(b"HTTP/1.1 ") == 1
    assert upstream.seen == []  # type: ignore[attr-defined]


def test_trace_is_refused(
    proxied: Callable[[int], int], upstream: http.server.ThreadingHTTPServer
) -> None:
    head = b"TRACE / HTTP/1.1\r\nHost: webmail.ac-exemple.fr\r\nCookie: secret\r\n\r\n"
    answer = raw(proxied(upstream.server_port), head)
    assert answer.startswith(b"HTTP/1.1 405 ") and b"secret" not in answer
    assert upstream.seen == []  # type: ignore[attr-defined]


def raw(port: int, sent: bytes) -> bytes:
    """What nginx answers to these bytes until it hangs up."""
    with (
        socket.create_connection(("127.0.0.1", port), LONGEST_S) as plain,
        unverified().wrap_socket(plain) as connection,
    ):
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_session_comes_to_the_same_node_again_and_to_another_while_that_is_down(
    proxied: Callable[..., int],
) -> None:
    with webmail() as first, webmail() as second:
        port = proxied(first.server_port, second.server_port)

        def where(session: str) -> set[int]:
            """The nodes that four requests of a session came to."""
            before = [len(one.seen) for one in (first, second)]  # type: ignore[attr-defined]
            for _ in range(4):
                asked(port, "/", session)
            after = [len(one.seen) for one in (first, second)]  # type: ignore[attr-defined]
            return {n for n in (0, 1) if after[n] > before[n]}

        came = {session: where(session) for session in map(str, range(12))}
        assert all(len(nodes) == 1 for nodes in came.values())
        assert {node for nodes in came.values() for node in nodes} == {0, 1}
        first.shutdown()
        first.server_close()
        assert {frozenset(where(session)) for session in came} == {frozenset({1})}
