"""The audit log as it is read, searched and exported; and that doings here are in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, MailDomain, User

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]
LOG = "/admin/accounts/auditevent/"
Kind = AuditEvent.Kind


@pytest.fixture
def lines(person: Callable[..., User]) -> list[AuditEvent]:
    alice = person("alice")
    made = [
        audit.record(Kind.SIGNED_IN, actor=alice),
        audit.record(Kind.SIGN_IN_FAILED, target="bob@ac-exemple.fr", cause="password"),
        audit.record(Kind.LOOKUP_FAILED, target=""),
    ]
    AuditEvent.objects.filter(pk=made[2].pk).update(
        network="192.0.2.7", when=timezone.now() - timedelta(days=40)
    )
    return made


def kinds(client: Client, **query: str) -> list[str]:
    answer = client.get(LOG, query)
    assert answer.status_code == 200
    return [event.kind for event in answer.context["cl"].result_list]


def test_lines_stand_the_newest_first(auditor: Client, lines: list[AuditEvent]) -> None:
    assert kinds(auditor) == [Kind.SIGN_IN_FAILED, Kind.SIGNED_IN, Kind.LOOKUP_FAILED]


@pytest.mark.parametrize(
    ("typed", "listed"),
    [
        ("alice", [Kind.SIGNED_IN]),
        ("ALICE.martin@ac-exemple.fr", [Kind.SIGNED_IN]),
        ("bob@ac-exemple.fr", [Kind.SIGN_IN_FAILED]),
        ("bob", [Kind.SIGN_IN_FAILED]),
        ("192.0.2.7", [Kind.LOOKUP_FAILED]),
        ("martin", []),
    ],
)
def test_one_searches_for_a_whole_name_or_network(
    typed: str, listed: list[str], auditor: Client, lines: list[AuditEvent]
) -> None:
    assert kinds(auditor, q=typed) == listed


def test_one_filters_by_kind_and_period(auditor: Client, lines: list[AuditEvent]) -> None:
    assert kinds(auditor, kind__exact=Kind.SIGNED_IN) == [Kind.SIGNED_IN]
    assert Kind.LOOKUP_FAILED not in kinds(auditor, period="month")
    month = f"{timezone.localtime(timezone.now() - timedelta(days=40)):%Y-%m}"
    assert kinds(auditor, period=month) == [Kind.LOOKUP_FAILED]
    assert len(kinds(auditor, period="nonsense")) == 3


def test_the_list_never_counts_the_whole_table(auditor: Client, lines: list[AuditEvent]) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        auditor.get(LOG)
    counting = [query["sql"] for query in queries if "COUNT(" in query["sql"].upper()]
    assert all("LIMIT 10000" in sql for sql in counting if "auditevent" in sql)
    assert counting


def test_nobody_changes_a_line(administrator: Client, lines: list[AuditEvent]) -> None:
    for page in ("add/", f"{lines[0].pk}/delete/"):
        assert administrator.post(LOG + page, {"post": "yes"}).status_code == 403
    administrator.post(f"{LOG}{lines[0].pk}/change/", {"target": "x"})
    administrator.post(LOG, {"action": "delete_selected", "_selected_action": [lines[0].pk]})
    lines[0].refresh_from_db()
    assert lines[0].target == "alice.martin@ac-exemple.fr"


def exported(client: Client, query: str = "") -> list[list[str]]:
    answer = client.post(f"{LOG}export/{query}")
    assert answer.status_code == 200
    text = answer.getvalue().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def test_the_export_holds_what_is_filtered_and_is_a_line_itself(
    auditor: Client, lines: list[AuditEvent]
) -> None:
    rows = exported(auditor, f"?kind__exact={Kind.SIGN_IN_FAILED}")
    assert [row[1] for row in rows[1:]] == [Kind.SIGN_IN_FAILED]
    assert rows[1][4:] == ["bob@ac-exemple.fr", "", "cause: password"]
    line = AuditEvent.objects.get(kind=Kind.EXPORTED)
    assert str(line.actor) == "controle.martin@ac-exemple.fr"
    assert line.detail == {"filters": f"kind__exact={Kind.SIGN_IN_FAILED}"}


def test_a_formula_is_exported_as_text(auditor: Client) -> None:
    audit.record(Kind.SIGN_IN_FAILED, target='=HYPERLINK("http://x.example")')
    audit.record(Kind.SIGN_IN_FAILED, target="  +1+1")
    targets = [row[4] for row in exported(auditor)[1:] if row[1] == Kind.SIGN_IN_FAILED]
    assert sorted(targets) == ["'  +1+1", '\'=hyperlink("http://x.example")']


def test_support_and_teachers_export_nothing(
    support: Client, teacher: Client, lines: list[AuditEvent]
) -> None:
    assert support.post(f"{LOG}export/").status_code == 403
    assert teacher.post(f"{LOG}export/").status_code == 302
    assert not AuditEvent.objects.filter(kind=Kind.EXPORTED).exists()


def test_what_is_done_in_the_administration_is_in_the_log(
    administrator: Client, domain: MailDomain
) -> None:
    form = {"domain": "images.example"}
    administrator.post("/admin/webmail/trustedimagedomain/add/", form)
    line = AuditEvent.objects.get(kind=Kind.ADMINISTERED)
    assert line.detail["action"] == "added"
    assert line.detail["model"] == "webmail.TrustedImageDomain"
    key = line.detail["key"]
    form = {"domain": "autres.example"}
    administrator.post(f"/admin/webmail/trustedimagedomain/{key}/change/", form)
    changed = AuditEvent.objects.filter(kind=Kind.ADMINISTERED).first()
    assert changed is not None
    assert (changed.detail["action"], changed.detail["fields"]) == ("changed", "Domain")
    assert "autres" not in str(changed.detail)
    administrator.post(f"/admin/webmail/trustedimagedomain/{key}/delete/", {"post": "yes"})
    last = AuditEvent.objects.filter(kind=Kind.ADMINISTERED).first()
    assert last is not None
    assert (last.detail["action"], last.detail["key"]) == ("deleted", key)
