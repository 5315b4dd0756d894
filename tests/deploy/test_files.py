"""The files of deploy/: the settings, the units, the proxy."""

from __future__ import annotations

import configparser
import http.client
import http.server
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from core import queues
from core.environment import file
from core.environment.declared import DECLARED, TOOLS, setting_of
from demo.servers import process
from demo.servers.process import free_port
from tests.deploy import instructions
from tests.servers import nginx
from tests.servers.plugin import missing
from tests.waiting import LONGEST_S, wait_for

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = [DEPLOY / "systemd" / name for name in ("webmail.service", "webmail-worker@.service")]


def test_the_settings_are_settings() -> None:
    values = file.parsed((DEPLOY / "environment").read_text())
    assert not values.keys() - DECLARED.keys()
    assert {"WEBMAIL_SECRET_KEY", "DATABASE_URL", "REDIS_URL"} <= values.keys()
    assert urlsplit(values["REDIS_URL"]).password


@pytest.mark.parametrize("name", ["environment", "container/env.example"])
def test_the_settings_name_what_an_installation_is_not_whole_without(name: str) -> None:
    text = (DEPLOY / name).read_text()
    written = re.findall(r"^#?([A-Z_]+)=", text, re.M)
    named = {name.removesuffix("_FILE") for name in written}
    install = (ROOT / "docs" / "install.md").read_text()
    for setting in (
        "SIEVE_URL", "AUTHSERV_ID", "NUMEN_KEYS", "NOTICES_URL", "NOTICES_FROM", "REPORT_ADDRESS",
        "METRICS_TOKEN", "BACKUP_RECIPIENTS",
    ):  # fmt: skip
        assert f"WEBMAIL_{setting}" in named and f"`WEBMAIL_{setting}`" in install
    assert not [name for name in written if name.startswith("WEBMAIL_") and not setting_of(name)]


def test_no_variable_of_the_programs_is_taken_for_a_misspelt_setting() -> None:
    files = [path for path in DEPLOY.rglob("*") if path.is_file()]
    text = "".join(path.read_text() for path in files)
    named = set(re.findall(r"\bWEBMAIL_[A-Z_]+", text))
    assert "WEBMAIL_IMAGE" in named
    assert not [name for name in named if name not in TOOLS and not setting_of(name)]


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


def test_a_backup_is_made_every_day_encrypted_and_those_of_a_year_are_kept() -> None:
    unit = (DEPLOY / "systemd" / "webmail-backup.service").read_text()
    (command,) = re.findall(r"^ExecStart=\S+/python manage\.py backup (.+)$", unit, re.M)
    assert command == "--encrypted --rotate 7,5,12 /var/backups/webmail"
    assert "ProtectSystem=strict" in unit and "ReadWritePaths=/var/backups/webmail" in unit
    assert "\nUser=webmail\n" in unit and "NoNewPrivileges=yes" in unit
    timer = (DEPLOY / "systemd" / "webmail-backup.timer").read_text()
    assert "OnCalendar=*-*-* 02:30" in timer and "Persistent=yes" in timer
    folder = re.compile(
        r"(?:install|sudo install).* --owner webmail .*--mode 700 /var/backups/webmail"
    )
    assert folder.search((DEPLOY / "debian" / "postinst").read_text())
    assert folder.search("\n".join(instructions.section("Backups")))


def test_paths_on_a_command_line_are_those_of_the_caller(tmp_path: Path) -> None:
    (tmp_path / "project" / ".venv" / "bin").mkdir(parents=True)
    program = tmp_path / "project" / ".venv" / "bin" / "python"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$PWD" "$@"\n')
    program.chmod(0o755)
    text = (DEPLOY / "webmail-manage").read_text().replace("/srv/webmail", f"{tmp_path}/project")
    (tmp_path / "webmail-manage").write_text(text)
    words = ["/bin/sh", str(tmp_path / "webmail-manage"), "restore", "--identity", "backup.key"]
    done = subprocess.run(  # noqa: S603
        words, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=LONGEST_S
    )
    where, *rest = done.stdout.splitlines()
    assert where == str(tmp_path) and rest[1:] == ["restore", "--identity", "backup.key"]


def drop_ins_of_backups() -> list[str]:
    """Return what docs/install.md adds to the service of backups."""
    return re.findall(r"^```ini\n(.+?)^```$", (ROOT / "docs/install.md").read_text(), re.M | re.S)


def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    assert len(drop_ins_of_backups()) == 2
    folder = tmp_path / "webmail-backup.service.d"
    folder.mkdir()
    for number, text in enumerate(drop_ins_of_backups()):
        shown = re.sub(r"/usr/bin/(restic|borg)", "/bin/true", text)
        (folder / f"{number}.conf").write_text(shown)
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
    assert "\nUSER 10001\n" in last and "HEALTHCHECK" in last and "webmail-is-ready" in last
    assert "python:webmail.serving.processes" in last


def test_the_containers_do_every_job_once_and_write_nowhere_else() -> None:
    text = (DEPLOY / "container" / "compose.yaml").read_text()
    for name in queues.WORKERS:
        assert text.count(f"run_workers, {name}]") == 1
    nodes = (DEPLOY / "container" / "nodes.yaml").read_text()
    # What leaves the outbox, and at its time, does so when the first node is lost.
    assert "run_workers, sending]" in nodes and "run_workers, upkeep]" in nodes
    assert "read_only: true" in nodes and "cap_drop: [ALL]" in nodes
    common = text.partition("x-webmail: &webmail")[2].partition("\n\n")[0]
    assert "read_only: true" in common and "cap_drop: [ALL]" in common
    mounted = re.findall(r"- (\.\./\S+?):", text)
    assert mounted
    assert not [path for path in mounted if not (DEPLOY / "container" / path).exists()]
    values = file.parsed((DEPLOY / "container" / "env.example").read_text())
    assert values.keys() - DECLARED.keys() == {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}


def test_each_container_of_the_webmail_reads_the_files_that_its_environment_names() -> None:
    text = (DEPLOY / "container" / "env.example").read_text()
    paths = re.findall(r"^#\w+_FILE=(\S+)$", text, re.M)
    assert len(paths) > 3 and "#WEBMAIL_TLS_CA_FILE=" in text
    for name in ("compose.yaml", "nodes.yaml"):
        mounted = re.findall(r'"\./secrets:(\S+):ro"', (DEPLOY / "container" / name).read_text())
        assert len(mounted) == 1 and {str(Path(path).parent) for path in paths} == set(mounted)


def checks_of_health() -> list[list[str]]:
    """Return the words of each check of health in the files of containers."""
    found = [
        re.findall(r"^ +test: \[CMD, (.+)\]$", (DEPLOY / "container" / name).read_text(), re.M)
        for name in ("compose.yaml", "nodes.yaml")
    ]
    return [line.split(", ") for lines in found for line in lines]


def test_a_check_of_health_survives_podman_compose_of_debian_13(tmp_path: Path) -> None:
    checks = checks_of_health()
    assert len(checks) == 4 and ["webmail-is-ready"] in checks
    for words in checks:
        program = tmp_path / words[0]
        program.write_text('#!/bin/sh\nprintf "%s\\n" "$(basename "$0")" "$@"\n')
        program.chmod(0o755)
        # podman-compose 1.3.0 makes such a line of the words, and podman gives it to a shell.
        line = "/bin/sh -c " + "' '".join(map(shlex.quote, words))
        done = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", line],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_S,
        )
        assert (done.stdout.splitlines(), done.stderr) == (words, "")


def test_the_check_of_health_says_whether_the_web_server_is_ready(
    upstream: http.server.ThreadingHTTPServer, tmp_path: Path
) -> None:
    text = (DEPLOY / "container" / "webmail-is-ready").read_text()
    (tmp_path / "check").write_text(text.replace(":8000", f":{upstream.server_port}"))
    check = [sys.executable, "-IS", str(tmp_path / "check")]
    for status in (200, 503):
        upstream.status = status  # type: ignore[attr-defined]
        done = subprocess.run(check, capture_output=True, check=False, timeout=LONGEST_S)  # noqa: S603
        assert (done.returncode == 0) == (status == 200)
    (asked, *_others) = upstream.paths  # type: ignore[attr-defined]
    assert asked == "/readyz"


def test_every_server_in_a_container_is_pinned_and_may_do_next_to_nothing() -> None:
    text = (DEPLOY / "container" / "compose.yaml").read_text()
    images = re.findall(r"image: (docker\.io/\S+)", text)
    assert len(images) == 3
    for image in images:
        assert re.fullmatch(r"docker\.io/library/\w+:\d+\.\d+(\.\d+)?", image)
    common = text.partition("x-server: &server")[2].partition("\n\n")[0]
    for line in ("read_only: true", "cap_drop: [ALL]", '["no-new-privileges:true"]'):
        assert line in common
    for name in ("postgresql", "redis", "nginx"):
        (own,) = re.findall(rf"^  {name}:\n((?: {{4}}.*\n)+)", text, re.M)
        assert own.startswith("    <<: *server\n") and "tmpfs:" in own
        assert ("cap_add" in own) == (name == "nginx") and ("user: " in own) == (name != "nginx")
    for path in (DEPLOY / "container").glob("*Containerfile"):
        assert re.search(r"^ARG BASE=\S+:trixie-\d{8}-slim$", path.read_text(), re.M)


def test_redis_asks_for_a_password_that_no_list_of_processes_shows(tmp_path: Path) -> None:
    text = (DEPLOY / "container" / "compose.yaml").read_text()
    assert "${REDIS_PASSWORD:?" in text
    values = file.parsed((DEPLOY / "container" / "env.example").read_text())
    assert urlsplit(values["REDIS_URL"]).password and "REDIS_PASSWORD" in values
    if shutil.which("redis-server") is None:
        pytest.skip(missing("Redis"))
    server = process.spawn(
        [
            *("/bin/sh", DEPLOY / "container" / "redis-server", "--port", "0", "--save", ""),
            *("--unixsocket", tmp_path / "redis", "--dir", tmp_path),
        ],
        tmp_path / "log",
        env={"REDISCLI_AUTH": "craie", "PATH": os.environ["PATH"]},
    )
    try:
        wait_for((tmp_path / "redis").exists)
        assert b"craie" not in Path(f"/proc/{server.pid}/cmdline").read_bytes()
        stranger = redis.Redis.from_url(f"unix://{tmp_path}/redis")
        with stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        with redis.Redis.from_url(f"unix://:craie@{tmp_path}/redis") as client:
            assert client.ping()
    finally:
        server.terminate()
        server.wait(LONGEST_S)


def test_the_package_and_the_image_bring_bubblewrap() -> None:
    control = (DEPLOY / "debian" / "control").read_text()
    (depends,) = re.findall(r"^Depends: (.+)$", control, re.M)
    assert "bubblewrap" in depends.split(", ")
    image = (DEPLOY / "container" / "Containerfile").read_text().rpartition("\nFROM ")[2]
    assert " bubblewrap " in image.partition("${PACKAGES}")[0]


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
            self.server.paths.append(self.path)  # type: ignore[attr-defined]
            self.send_response(self.server.status)  # type: ignore[attr-defined]
            self.send_header("X-Request-ID", "0badcafe")
            for field in self.server.fields.items():  # type: ignore[attr-defined]
                self.send_header(*field)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.paths, server.status = [], [], 503  # type: ignore[attr-defined]
    server.fields = {}  # type: ignore[attr-defined]
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


HSTS = "max-age=31536000; includeSubDomains"


def test_pages_of_the_proxy_itself_keep_browsers_to_https_and_to_their_type(
    proxied: Callable[[int], int], upstream: http.server.ThreadingHTTPServer, tmp_path: Path
) -> None:
    port = proxied(upstream.server_port)
    request = b"GET / HTTP/1.1\r\nHost: webmail.ac-exemple.fr\r\nConnection: close\r\n"
    answers = {b"400": raw(port, request + b"Content-Length: x\r\n\r\n")}
    answers[b"413"] = raw(port, request + b"Content-Length: 999999999\r\n\r\n")
    # The webmail of this test sends neither field, as its health checks do.
    answers[b"503"] = raw(port, request + b"\r\n")
    upstream.shutdown()
    upstream.server_close()
    answers[b"503 "] = raw(port, request + b"\r\n")
    for status, answer in answers.items():
        fields = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
        assert status.strip() in fields[0]
        assert fields.count(b"Strict-Transport-Security: " + HSTS.encode()) == 1
        assert fields.count(b"X-Content-Type-Options: nosniff") == 1


def test_the_webmail_s_own_fields_come_once_and_as_they_were_set(
    proxied: Callable[[int], int], upstream: http.server.ThreadingHTTPServer
) -> None:
    own = {"Strict-Transport-Security": "max-age=60", "X-Content-Type-Options": "nosniff"}
    upstream.fields = own  # type: ignore[attr-defined]
    response, _text = asked(proxied(upstream.server_port), "/")
    for name, value in own.items():
        assert response.headers.get_all(name) == [value]


def handshake(port: int, version: ssl.TLSVersion, ciphers: str) -> str:
    """The name of the cipher that nginx agrees to. Raises OSError."""
    context = unverified()
    # Whatever this machine's own OpenSSL would refuse is for nginx to refuse.
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", port), LONGEST_S) as plain,
        context.wrap_socket(plain) as connection,
    ):
        return str((connection.cipher() or ("",))[0])


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_the_proxy_agrees_to_sound_ciphers_of_tls_1_2_and_1_3_alone(
    proxied: Callable[[int], int],
) -> None:
    port = proxied(free_port())
    assert "GCM" in handshake(port, ssl.TLSVersion.TLSv1_3, "ALL")
    assert handshake(port, ssl.TLSVersion.TLSv1_2, "ALL").startswith("ECDHE-")
    for ciphers in ("AES128-GCM-SHA256", "ECDHE+AES+SHA1", "ECDHE+AES+SHA256:!AESGCM"):
        with pytest.raises(OSError, match=r"(?i)handshake"):
            handshake(port, ssl.TLSVersion.TLSv1_2, ciphers)
    with pytest.raises(OSError, match=r"(?i)protocol|version"):
        handshake(port, ssl.TLSVersion.TLSv1_1, "ALL")
    text = (DEPLOY / "nginx" / "webmail.conf").read_text()
    assert re.search(r"^ +ssl_protocols TLSv1\.2 TLSv1\.3;$", text, re.M)


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


def test_neither_log_of_the_proxy_holds_what_an_address_says(
    proxied: Callable[[int], int], tmp_path: Path
) -> None:
    port = proxied(free_port())
    fields = "Host: webmail.ac-exemple.fr\r\nReferer: https://a.example/?code=craie"
    head = f"GET /accounts/provider/1/?code=craie HTTP/1.1\r\n{fields}\r\nConnection: close\r\n"
    raw(port, head.encode() + b"\r\n")
    raw(port, head.encode() + b"Content-Length: 999999999\r\n\r\n")
    wait_for(lambda: (tmp_path / "access.log").read_text().count("\n") == 2)
    for name in ("access.log", "nginx.log"):
        assert "craie" not in (tmp_path / name).read_text()


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
