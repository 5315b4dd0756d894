"""The names and the marks of cookies, as an installation with https has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from accounts.models import MailDomain, User
from tests.installed import printed

ROOT = Path(__file__).resolve().parents[2]
NAMES = """
import json, django
from django.conf import settings
django.setup()
from accounts import credentials, devices, lookup
from accounts.providers import flow
from webmail.presentation import panes
print(json.dumps([
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME,
    credentials.cookie_name(), devices.cookie_name(), flow.cookie_name(), lookup.cookie_name(),
    panes.cookie_name(settings.HTTPS),
]))
"""


def names(base_url: str) -> list[str]:
    found: list[str] = printed(NAMES, WEBMAIL_BASE_URL=base_url)
    return found


def test_with_https_every_cookie_has_a_prefix() -> None:
    prefixed = names("https://webmail.example")
    assert {name for name in prefixed if not name.startswith("__Host-")} == {"__Secure-lookup"}
    assert not [name for name in names("http://localhost:8000") if name.startswith("__")]


def test_every_cookie_of_the_code_is_among_them() -> None:
    """A new one is entered in the list above."""
    sources = [
        path
        for app in ("accounts", "addressbook", "webmail")
        for path in (ROOT / app).rglob("*.py")
    ]
    setting = [path.relative_to(ROOT) for path in sources if ".set_cookie(" in path.read_text()]
    assert sorted(map(str, setting)) == [
        "accounts/credentials.py", "accounts/devices.py", "accounts/lookup.py",
        "accounts/providers/flow.py",
    ]  # fmt: skip
    scripts = (ROOT / "webmail" / "static" / "webmail" / "js").glob("*.js")
    assert [path.name for path in scripts if "document.cookie" in path.read_text()] == ["splits.js"]


@pytest.mark.django_db
def test_the_language_is_chosen_by_a_cookie_that_no_script_reads() -> None:
    client = Client()
    client.post("/language/", {"language": "en", "next": "/accounts/login/"})
    assert client.cookies["language"]["httponly"]
    assert client.cookies["language"]["samesite"] == "Lax"


@pytest.mark.django_db
def test_no_cookie_tells_what_an_administrator_changed(settings) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    client = Client()
    client.force_login(
        User.objects.create_administrator("patronne", "Une-Craie-Verte-2026"),
        backend="accounts.backends.LocalAdministratorBackend",
    )
    domain = MailDomain.objects.create(name="secret.example", imap_host="imap.example")
    gone = client.post(f"/admin/accounts/maildomain/{domain.pk}/delete/", {"post": "yes"})
    assert gone.status_code == 302
    assert "messages" not in client.cookies
    assert "secret.example" in client.get("/admin/accounts/maildomain/").content.decode()
