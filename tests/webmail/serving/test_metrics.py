"""What Prometheus reads of an installation."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import User
from mail.imap.connection import Connection
from mail.sandbox import walls
from webmail.backups import contents
from webmail.models import OutboxMessage, Probe

pytestmark = pytest.mark.django_db
DEPLOY = Path(__file__).parents[3] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
BOARD = DEPLOY / "grafana" / "webmail.json"
TOKEN = "jeton-de-mesure"


@pytest.fixture
def token(settings: Any, tmp_path: Path, clean_cache: None) -> None:
    settings.METRICS_TOKEN, settings.SPOOL = TOKEN, tmp_path


def read() -> dict[tuple[str, str], float]:
    """Values by name and label."""
    answer = Client().get(
        "/metrics", headers={"Authorization": f"Bearer {TOKEN}", "host": "10.0.0.7"}
    )
    assert answer.status_code == 200
    return {
        (sample.name, "".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


@pytest.mark.usefixtures("token")
def test_the_state_of_the_outbox_and_of_the_queues(mail_domain: Any) -> None:
    user = User.objects.create(mail_domain=mail_domain, login="alice")
    for state, minutes in (("held", -10), ("scheduled", 60), ("doubt", -90), ("sent", -90)):
        due = timezone.now() + timedelta(minutes=minutes)
        OutboxMessage.objects.create(user=user, key=uuid.uuid4(), state=state, due=due)
    values = read()
    assert values["webmail_outbox_messages", "held"] == values["webmail_up", "database"] == 1
    assert values["webmail_outbox_messages", "doubt"] == 1
    assert 590 < values["webmail_outbox_late_seconds", ""] < 660
    assert values["webmail_spool_free_bytes", ""] > 0


@pytest.mark.usefixtures("token")
def test_the_age_of_the_last_backup_and_the_walls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walls, "is_whole", lambda: False)
    values = read()
    assert ("webmail_backup_age_seconds", "") not in values
    assert values["webmail_sandbox_walls", ""] == 0
    contents.note(tmp_path / "monday", timezone.now() - timedelta(hours=3))
    monkeypatch.setattr(walls, "is_whole", lambda: True)
    values = read()
    assert 10_700 < values["webmail_backup_age_seconds", ""] < 11_400
    assert values["webmail_sandbox_walls", ""] == 1


@pytest.mark.usefixtures("token")
def test_nobody_is_named(mail_domain: Any) -> None:
    User.objects.create(mail_domain=mail_domain, login="francoise", address="f@ac-exemple.fr")
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert b"francoise" not in answer.content and b"ac-exemple" not in answer.content


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer jeton", f"Basic {TOKEN}", "Bearer é"]
)
def test_without_the_token_there_is_no_such_page(token: None, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert Client().get("/metrics", headers=headers).status_code == 404


def test_without_a_token_in_the_settings_there_is_none_to_show(settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.usefixtures("token")
def test_requests_are_timed_by_their_route() -> None:
    before = read().get(("webmail_request_seconds_count", "GETaccounts/login/2xx"), 0)
    for _ in range(2):
        assert Client().get("/accounts/login/").status_code == 200
    Client().get("/mail/Secret/")
    assert read()["webmail_request_seconds_count", "GETaccounts/login/2xx"] == before + 2
    assert not [label for name, label in read() if "Secret" in label]


@pytest.mark.usefixtures("token")
def test_commands_of_imap_are_timed(imap: Connection) -> None:
    before = read()
    imap.command("NOOP")
    imap.select("INBOX")
    imap.uid("SEARCH", "ALL")
    after = read()
    searches = ("webmail_imap_seconds_count", "SEARCH")
    assert after[searches] == before.get(searches, 0) + 1
    name = "webmail_imap_seconds"
    for key in ((f"{name}_count", "NOOP"), (f"{name}_bucket", "NOOP10.0")):
        assert after[key] == before.get(key, 0) + 1


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("file", [ALERTS, BOARD], ids=["alerts", "board"])
def test_alerts_and_the_board_are_about_what_is_there(
    settings: Any, file: Path, imap: Connection
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.PROBE_LOGIN, settings.PROBE_PASSWORD = "sonde@ac-exemple.fr", "x"
    Probe.objects.create(state="arrived", handed=timezone.now(), seconds=2)
    contents.note(settings.SPOOL, timezone.now())
    imap.command("NOOP")
    Client().get("/accounts/login/")
    named = set(re.findall(r"\bwebmail_\w+", file.read_text()))
    assert len(named) > 5
    assert named <= {name for name, _label in read()} | {"webmail_beat_age_seconds"}
