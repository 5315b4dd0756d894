"""The administration answers hostile addresses and forms: with a refusal, and never with an error
of ours. What a list looks for is bounded."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.administration.queries import MOST_WORDS
from accounts.models import AuditEvent, User
from tests.cases import each

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
VALUES = ("%00", "a%00b", "9" * 30, "x", "-1", "1e9", "%ff", "'")


@pytest.fixture
def administrator(settings) -> Client:
    settings.ADMIN_NEEDS_TOTP = False
    user = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    return client


def address(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def filters(model: type[Model]) -> list[str]:
    """The names of what the list of these rows is filtered by."""
    listed: Any = admin.site._registry[model].list_filter
    names = [one[0] if isinstance(one, tuple) else one for one in listed]
    return [one if isinstance(one, str) else one.parameter_name for one in names]


@each("model", MODELS, ids=lambda model: model._meta.label)
def test_a_list_answers_whatever_it_is_asked_for(administrator: Client, model: type[Model]) -> None:
    queries = [f"{name}__exact={value}" for name in filters(model)[:2] for value in VALUES[:4]]
    queries += [f"{name}={value}" for name in filters(model) for value in ("%00", "x")]
    queries += ["q=%00", "o=%00", "_popup=%00", "id=%00", "p=" + "9" * 1_900, "q=" + "a" * 2_001]
    if hierarchy := admin.site._registry[model].date_hierarchy:
        queries += [f"{hierarchy}__year={'9' * 20}", f"{hierarchy}__year=0", f"{hierarchy}__day=x"]
    for query in queries:
        assert administrator.get(f"{address(model)}?{query}").status_code < 500, query


@each("model", MODELS, ids=lambda model: model._meta.label)
def test_an_action_on_rows_that_cannot_be_is_refused(
    administrator: Client, model: type[Model]
) -> None:
    for key in ("\0", "x", "9" * 30, "1\r\n"):
        chosen = {"action": "delete_selected", "_selected_action": [key], "post": "yes"}
        assert administrator.post(address(model), chosen).status_code < 500, key


@each("page", ["change/", "delete/", "history/", ""])
def test_a_row_that_cannot_be_is_not_found(administrator: Client, page: str) -> None:
    for name in ("user", "application", "staffimport", "auditevent"):
        for key in ("%00", "a%00b", "9" * 30, "_00", "x"):
            answer = administrator.get(f"/admin/accounts/{name}/{key}/{page}")
            assert answer.status_code < 500, f"{name}: {key}"


def test_the_export_of_the_audit_log_refuses_a_filter_that_cannot_be(
    administrator: Client,
) -> None:
    for query in ("kind=%00", f"when__year={'9' * 20}", "kind__gt=%00"):
        answer = administrator.post(f"/admin/accounts/auditevent/export/?{query}")
        assert answer.status_code == 400, query
    assert not AuditEvent.objects.filter(kind=AuditEvent.Kind.EXPORTED).exists()


def test_what_somebody_may_not_ask_for_is_said_in_words(administrator: Client) -> None:
    answer = administrator.get("/admin/accounts/user/?q=%00")
    assert answer.status_code == 400
    assert "html" in answer["Content-Type"] and b"NUL" not in answer.content


def test_few_words_of_a_search_are_looked_for(administrator: Client) -> None:
    """Each word is compared with six fields of up to a million staff records."""
    words = "+".join(f"mot{n}" for n in range(300))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        administrator.get(f"/admin/accounts/staffrecord/?q={words}")
    counting = max((one["sql"] for one in asked.captured_queries), key=len)
    assert counting.count(" LIKE ") == 6 * MOST_WORDS


def test_a_long_address_of_many_fields_is_refused(administrator: Client) -> None:
    for query in ("&".join(["a=b"] * 300), "o=" + "1." * 2_000):
        assert administrator.get(f"/admin/accounts/user/?{query}").status_code == 400


def test_a_domain_has_the_form_of_one_provider_however_many_are_posted(
    administrator: Client,
) -> None:
    prefix = _prefix_of_provider(administrator)
    many = {f"{prefix}-TOTAL_FORMS": "9" * 20, f"{prefix}-INITIAL_FORMS": "0"}
    answer = administrator.post("/admin/accounts/maildomain/add/", {"name": "x.fr", **many})
    assert answer.context["inline_admin_formsets"][0].formset.total_form_count() == 1


def _prefix_of_provider(administrator: Client) -> str:
    page = administrator.get("/admin/accounts/maildomain/add/")
    return str(page.context["inline_admin_formsets"][0].formset.prefix)
