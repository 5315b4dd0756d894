"""Whether the mail server lets in all who connect, as `manage.py check` tells."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.core.checks import run_checks

from accounts.health import installation
from demo.servers import process
from mail.previews import office
from mail.sandbox import walls as converter_walls
from tests.servers.plugin import missing
from tests.waiting import LONGEST_S
from webmail.doctor import queues
from webmail.serving.checks import (
    connections,
    most_connections,
    queue,
    redis_doors,
    verdicts,
    walls,
)

# Those of a deployment look at the database as well (accounts/checks.py).
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def connections_of(settings) -> None:
    settings.PROCESSES, settings.IMAP_CONNECTIONS = 1, 3
    settings.PUSH, settings.PUSH_STREAMS = True, 2
    settings.JOB_CONNECTIONS, settings.IMAP_USER_LIMIT = 1, 10


def test_one_process_fits_into_dovecots_ten() -> None:
    assert most_connections() == 6
    assert connections() == []


def test_four_processes_do_not(settings) -> None:
    settings.PROCESSES = 4
    (warning,) = connections()
    assert warning.id == "webmail.W001"
    assert "21 connexions IMAP" in warning.msg
    assert "WEBMAIL_IMAP_USER_LIMIT" in (warning.hint or "")
    assert warning in run_checks()


def test_a_server_with_room_or_without_a_limit_is_fine(settings) -> None:
    settings.PROCESSES = 4
    for limit in (0, 21, 30):
        settings.IMAP_USER_LIMIT = limit
        assert connections() == []


def test_a_real_installation_is_told_what_it_lacks_without_redis(settings) -> None:
    settings.REDIS_URL = settings.CACHE_URL = ""
    (warning,) = queue()
    assert warning.id == "webmail.W002" and "processes" not in warning.msg
    assert warning in run_checks(include_deployment_checks=True)
    assert warning not in run_checks()
    settings.PROCESSES = 4
    assert "chacun des 4 processus" in queue()[0].msg
    settings.CACHE_URL = "redis://redis.example/1"
    assert "processes" not in queue()[0].msg
    settings.REDIS_URL = "redis://redis.example/0"
    assert queue() == []


def test_without_push_there_are_no_streams(settings) -> None:
    settings.PUSH = False
    assert most_connections() == 4


def test_without_verdicts_on_senders_one_is_told(settings) -> None:
    (warning,) = verdicts()
    assert warning.id == "webmail.W004" and "WEBMAIL_AUTHSERV_ID" in (warning.hint or "")
    assert warning in run_checks(include_deployment_checks=True)
    settings.AUTHSERV_ID = "mx.ac-exemple.fr"
    assert verdicts() == []


@pytest.mark.parametrize("has_office", [False, True])
def test_helpers_without_walls_are_told_whatever_else_is_installed(
    settings, monkeypatch: pytest.MonkeyPatch, has_office: bool
) -> None:
    monkeypatch.setattr(office, "is_available", lambda: has_office)
    monkeypatch.setattr(converter_walls, "is_whole", lambda: False)
    (warning,) = walls()
    assert warning.id == "webmail.W005" and "bubblewrap" in (warning.hint or "")
    assert ("LibreOffice" in warning.msg) == has_office
    assert warning in run_checks(include_deployment_checks=True)
    settings.OFFICE = "off"
    assert "LibreOffice" not in walls()[0].msg
    monkeypatch.setattr(converter_walls, "is_whole", lambda: True)
    assert walls() == []


@pytest.mark.parametrize(
    ("words", "is_told"),
    [
        # An address that no machine has: nothing listens there.
        (("--bind", "127.0.0.1 -192.0.2.77", "--protected-mode", "no"), True),
        (("--bind", "127.0.0.1", "--protected-mode", "no"), False),
        (("--bind", "127.0.0.1 -::1", "--protected-mode", "yes"), False),
        (
            ("--bind", "127.0.0.1 -192.0.2.77", "--protected-mode", "no", "--requirepass", "craie"),
            False,
        ),
    ],
)
def test_a_redis_that_lets_a_network_in_without_a_password_is_told(
    settings, tmp_path: Path, words: tuple[str, ...], is_told: bool
) -> None:
    if shutil.which("redis-server") is None:
        pytest.skip(missing("Redis"))
    port = process.free_port()
    server = process.spawn(
        ["redis-server", "--port", str(port), "--save", "", "--dir", tmp_path, *words],
        tmp_path / "log",
    )
    try:
        process.wait_for_port(port, server, tmp_path / "log")
        secret = ":craie@" if "craie" in words else ""
        settings.REDIS_URL = settings.CACHE_URL = f"redis://{secret}127.0.0.1:{port}/0"
        assert [warning.id for warning in redis_doors()] == ["webmail.W006"] * is_told
        found = [finding for finding in queues.redis_findings() if "mot de passe" in finding.text]
        assert [finding.level for finding in found] == ["warn"] * is_told
    finally:
        server.terminate()
        server.wait(LONGEST_S)


def test_a_redis_that_does_not_answer_or_has_a_socket_is_no_open_door(
    settings, tmp_path: Path
) -> None:
    for url in (f"redis://127.0.0.1:{process.free_port()}/0", f"unix://{tmp_path}/none"):
        settings.REDIS_URL = settings.CACHE_URL = url
        assert redis_doors() == []


def test_the_name_of_another_machine_is_no_loopback() -> None:
    assert installation._is_own("127.0.0.1") and installation._is_own("::1")
    assert installation._is_own("localhost")
    for host in ("redis", "10.0.0.7", "192.0.2.77", "*", "::", "127.0.0.1.example.org"):
        assert not installation._is_own(host)
