"""The page of the components, where DEBUG is on."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.webmail.views.mail import page

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/design/", "/design/states.css"])
def test_there_is_no_such_page_in_an_installation(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_every_component_stands_in_every_state(client: Client, settings) -> None:
    settings.DEBUG = True
    shown = page(client.get("/design/?theme=dark"))
    assert 'data-theme="dark"' in shown
    for look in ("primary", "tonal", "line", "quiet", "danger", "danger-fill", "icon"):
        for state in ("as-hover", "as-focus", "as-active", 'aria-busy="true"', "disabled"):
            assert re.search(rf'class="btn {look} [^>]*{state}|class="btn {look} {state}', shown)
    for part in (
        "banner ok",
        "banner warn",
        "toast",
        'class="row is-new"',
        "empty",
        "art",
        "quota bad",
    ):
        assert part in shown, part


def test_states_are_the_rules_of_the_style_sheets(client: Client, settings) -> None:
    settings.DEBUG = True
    answer = client.get("/design/states.css")
    rules = " ".join(page(answer).split())
    assert answer["Content-Type"] == "text/css"
    assert ".btn.primary.as-hover { background: var(--accent-hover); }" in rules
    assert ".btn.as-active" in rules and ":hover" not in rules
