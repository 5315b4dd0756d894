"""Addresses that programs know: crawlers, finders of weaknesses, password managers."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from core import clock
from tests.waiting import LONGEST_S

pytestmark = pytest.mark.django_db
SECURITY = "/.well-known/security.txt"
ADDRESSES = ["mailto:ssi@ac-exemple.fr", "https://www.ac-exemple.fr/signaler"]


def test_security_txt_names_the_contacts_in_their_order(client: Client, settings: Any) -> None:
    settings.SECURITY_CONTACTS = ADDRESSES
    answer = client.get(SECURITY)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    fields = [line.split(": ", 1) for line in answer.content.decode().splitlines()]
    assert [value for name, value in fields if name == "Contact"] == ADDRESSES
    others = {name: value for name, value in fields if name != "Contact"}
    assert others["Canonical"] == f"{settings.BASE_URL}{SECURITY}"
    assert others["Preferred-Languages"] == "fr, en"
    # RFC 9116 section 2.5.5: one date, in the future, less than a year away.
    remaining = datetime.fromisoformat(others["Expires"]) - clock.now()
    assert timedelta(days=29) < remaining < timedelta(days=365)


def test_without_contacts_the_support_desk_is_told_and_else_nothing(
    client: Client, settings: Any
) -> None:
    settings.SUPPORT_EMAIL = "assistance@ac-exemple.fr"
    answer = client.get(SECURITY)
    assert answer.content.startswith(b"Contact: mailto:assistance@ac-exemple.fr\n")
    settings.SUPPORT_EMAIL = ""
    assert client.get(SECURITY).status_code == 404


def test_a_contact_without_a_scheme_stops_the_start() -> None:
    variables = {
        "DATABASE_URL": "sqlite:///:memory:",
        "WEBMAIL_SECRET_KEY": "none",
        "WEBMAIL_SECURITY_CONTACTS": "ssi@ac-exemple.fr",
    }
    started = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=settings.BASE_DIR,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert started.returncode != 0
    assert "WEBMAIL_SECURITY_CONTACTS takes addresses" in started.stderr


def test_a_password_manager_is_led_to_the_change_of_password(client: Client) -> None:
    answer = client.get("/.well-known/change-password")
    assert (answer.status_code, answer["Location"]) == (302, "/account/password/")
    # Password managers believe the address above only where addresses that cannot exist fail.
    missing = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"
    assert client.get(missing).status_code == 404


def test_crawlers_are_asked_to_leave_every_page_alone(client: Client) -> None:
    assert client.get("/robots.txt").content == b"User-agent: *\nDisallow: /\n"
