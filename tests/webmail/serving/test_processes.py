"""The web server as it is run for real: gunicorn, on a socket that systemd keeps open."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.servers.broker import Broker
from tests.servers import nginx
from tests.servers.plugin import missing
from tests.waiting import join, wait_for

ROOT = Path(__file__).parents[3]
# As systemd passes a socket on (sd_listen_fds(3)).
ACTIVATED = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'
TOKEN = "jeton-de-mesure"
FIRST = 3  # the number of the first socket
Start = Callable[..., subprocess.Popen[bytes]]
GUNICORN = ("-m", "gunicorn", "--config", "python:webmail.serving.processes", "webmail.asgi")
pytestmark = pytest.mark.slow


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as opened:
        yield opened


@pytest.fixture
def start(
    listener: socket.socket, tmp_path: Path, collected: Path, migrated: Path
) -> Iterator[Start]:
    """`start()`: the web server, on the socket; it has a database, and no Redis but by its
    variables."""
    url = f"sqlite:///{shutil.copy(migrated, tmp_path)}"
    environment = os.environ | {
        "DATABASE_URL": url,
        "REDIS_URL": "",
        "WEB_CONCURRENCY": "2",
        "WEBMAIL_METRICS_TOKEN": TOKEN,
        "WEBMAIL_SECRET_KEY": "k" * 50,
        "WEBMAIL_SPOOL": str(tmp_path / "spool"),
        "WEBMAIL_STATIC_ROOT": str(collected),
    }
    started: list[subprocess.Popen[bytes]] = []

    def run(**variables: str) -> subprocess.Popen[bytes]:
        words = ["/bin/sh", "-c", ACTIVATED, "sh", sys.executable, *GUNICORN]
        process = subprocess.Popen(  # noqa: S603
            words,
            env=environment | variables,
            cwd=ROOT,
            pass_fds=[FIRST],
            preexec_fn=lambda: os.dup2(listener.fileno(), FIRST),
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(40)


def asked(listener: socket.socket, path: str = "/readyz", timeout: float = 60) -> int:
    host, port = listener.getsockname()
    client = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        client.request("GET", path)
        response = client.getresponse()
        response.read()
        return response.status
    finally:
        client.close()


def children(pid: int) -> list[int]:
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in words.split()]


def workers(process: subprocess.Popen[bytes]) -> list[int]:
    """Without what forks helpers."""
    return [
        pid
        for pid in children(process.pid)
        if "gunicorn" in Path(f"/proc/{pid}/cmdline").read_text()
    ]


def told(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    client = http.client.HTTPConnection(host, port, timeout=60)
    client.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    try:
        return client.getresponse().read().decode()
    finally:
        client.close()


def test_every_process_tells_what_all_have_counted(listener: socket.socket, start: Start) -> None:
    process = start()
    for _ in range(20):
        assert asked(listener, "/accounts/login/") == 200
    line = 'webmail_request_seconds_count{method="GET",route="accounts/login/",status="2xx"} 20.0'
    assert all(line in told(listener) for _ in range(6))
    variables = Path(f"/proc/{workers(process)[0]}/maps").read_text()
    folder = next(word for word in variables.split() if "/webmail-measures-" in word)
    process.terminate()
    assert process.wait(40) == 0
    assert not Path(folder).parent.exists()


def test_a_restart_fails_no_request(listener: socket.socket, start: Start) -> None:
    first = start()
    assert asked(listener) == 200
    answers: list[object] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            try:
                answers.append(asked(listener))
            except OSError as error:
                answers.append(error)

    browsers = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for browser in browsers:
        browser.start()
    first.send_signal(signal.SIGTERM)
    first.wait(40)
    before = len(answers)
    start()
    assert asked(listener) == 200
    time.sleep(0.5)
    is_over.set()
    join(*browsers)
    assert len(answers) > before and set(answers) == {200}


def test_a_connection_that_was_opened_before_the_stop_is_answered(
    listener: socket.socket, start: Start
) -> None:
    server = start()
    assert asked(listener) == 200
    host, port = listener.getsockname()
    clients = [http.client.HTTPConnection(host, port, timeout=60) for _ in range(8)]
    for client in clients:
        client.connect()
    # Once the new ones are taken, so are those before them.
    assert {asked(listener) for _ in range(8)} == {200}
    server.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    for client in clients:
        client.request("GET", "/healthz")
        assert client.getresponse().status == 200
        client.close()
    assert server.wait(40) == 0


def test_processes_share_what_was_loaded_before_them(listener: socket.socket, start: Start) -> None:
    server = start()
    assert {asked(listener, "/accounts/login/") for _ in range(8)} == {200}
    processes = workers(server)
    assert len(processes) == 2
    for pid in processes:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
        assert kilobytes["Pss"] < 0.75 * kilobytes["Rss"]


def test_a_process_that_dies_is_replaced(listener: socket.socket, start: Start) -> None:
    server = start()
    assert asked(listener) == 200
    before = workers(server)
    os.kill(before[0], signal.SIGKILL)
    deadline = time.monotonic() + 30
    while len(set(workers(server)) - {before[0]}) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert asked(listener) == 200


def has_jobs_done(listener: socket.socket) -> bool:
    host, port = listener.getsockname()
    client = http.client.HTTPConnection(host, port, timeout=60)
    client.request("GET", "/readyz")
    try:
        return bool(json.loads(client.getresponse().read())["jobs"])
    finally:
        client.close()


def test_one_service_does_the_jobs_too(
    listener: socket.socket, start: Start, tmp_path: Path
) -> None:
    broker = Broker(tmp_path / "redis", keep=False)
    broker.start()
    try:
        server = start(WEBMAIL_ONE_SERVICE="1", REDIS_URL=broker.url)
        assert asked(listener) == 200
        wait_for(lambda: has_jobs_done(listener))
        (jobs,) = [pid for pid in workers(server) if children(pid)]
        assert len(workers(server)) == 3
        taker = children(jobs)[0]
        # It keeps nobody waiting who connects: the socket is for those that answer.
        assert {asked(listener) for _ in range(12)} == {200}
        os.kill(jobs, signal.SIGKILL)
        wait_for(lambda: len(set(workers(server)) - {jobs}) == 3)
        wait_for(lambda: not Path(f"/proc/{taker}").exists())
        wait_for(lambda: any(children(pid) for pid in workers(server)))
        server.terminate()
        assert server.wait(60) == 0
    finally:
        broker.stop()


# --- a proxy that names users ---


@pytest.fixture
def proxy(listener: socket.socket, tmp_path: Path) -> Iterator[nginx.Nginx]:
    """An nginx that is still to be started, before the web server."""
    if nginx.program() is None:
        pytest.skip(missing("nginx"))
    server = nginx.Nginx(tmp_path, [listener.getsockname()[1]])
    server.host = "localhost"
    yield server
    server.stop()


def behind(proxy: nginx.Nginx) -> dict[str, str]:
    return {
        "WEBMAIL_BASE_URL": f"https://localhost:{proxy.port}",
        "WEBMAIL_REMOTE_USER_HEADER": "X-Remote-User",
        "WEBMAIL_TLS_CA_FILE": str(proxy.folder / "localhost-30.pem"),
        "WEBMAIL_TRUSTED_PROXIES": "127.0.0.1",
    }


def entered(listener: socket.socket) -> str:
    """The page of the address at which the proxy names a user, asked by the proxy."""
    host, port = listener.getsockname()
    client = http.client.HTTPConnection(host, port, timeout=60)
    headers = {"Host": "localhost", "X-Forwarded-Proto": "https"}
    client.request("GET", "/accounts/proxy/", headers=headers)
    try:
        return client.getresponse().read().decode()
    finally:
        client.close()


def test_the_web_server_ends_where_a_browser_can_name_the_user(
    start: Start, proxy: nginx.Nginx, tmp_path: Path
) -> None:
    proxy.proxy = tmp_path / "proxy.conf"
    shipped = (nginx.DEPLOY / "webmail-proxy.conf").read_text()
    proxy.proxy.write_text(shipped.replace('proxy_set_header X-Remote-User "";\n', ""))
    proxy.start()
    assert start(**behind(proxy)).wait(60) == 3


def test_sign_ins_by_the_proxy_open_once_it_is_seen_to_drop_the_header(
    listener: socket.socket, start: Start, proxy: nginx.Nginx
) -> None:
    server = start(WEB_CONCURRENCY="1", **behind(proxy))
    assert asked(listener) == 200
    closed = "Cette connexion n’est pas encore ouverte"
    assert closed in entered(listener)
    proxy.start()
    wait_for(lambda: closed not in entered(listener))
    assert "ne désigne aucune boîte" in entered(listener) and server.poll() is None
