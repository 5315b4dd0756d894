"""Whether the mail server lets in all who connect, as `manage.py check` tells."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks

from webmail.previews import office
from webmail.sandbox import walls as converter_walls
from webmail.serving.checks import connections, most_connections, queue, verdicts, walls

# Those of a deployment look at the database as well (accounts/checks.py).
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def installation(settings) -> None:
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
    assert "21 IMAP connections" in warning.msg
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
    assert "each of the 4 processes" in queue()[0].msg
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


def test_a_libreoffice_that_sees_more_than_its_file_is_told(
    settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "is_available", lambda: True)
    monkeypatch.setattr(converter_walls, "is_whole", lambda: False)
    (warning,) = walls()
    assert warning.id == "webmail.W005" and "bubblewrap" in (warning.hint or "")
    settings.OFFICE = "off"
    assert walls() == []
    settings.OFFICE = "auto"
    monkeypatch.setattr(converter_walls, "is_whole", lambda: True)
    assert walls() == []
