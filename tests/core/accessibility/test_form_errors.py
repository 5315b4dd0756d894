"""What is wrong in a form is said beside its field, and tied to it (RGAA 11.10)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from lxml import html

from accounts.models import MailDomain
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.servers.scripts import Scripts
from tests.webmail.views.conftest import reader  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db

RULE = {"do": "save", "match": "all", "name": "", "g0-match": "all", "a0-kind": "move"}
ENTRIES = {
    f"{name}-{part}": value
    for name in ("emails", "phones", "addresses", "urls", "others")
    for part, value in (("TOTAL_FORMS", "1"), ("INITIAL_FORMS", "0"))
}
WRONG: dict[str, dict[str, Any]] = {
    "/accounts/login/": {"login": "", "password": ""},
    "/contacts/new/": {**ENTRIES, "emails-0-address": "personne", "birthday": "x"},
    "/contacts/groups/new/": {"name": ""},
    "/rules/absence/": {"enabled": "on", "first": "x", "text": "", "who": "all", "days": "900"},
    "/rules/new/": RULE,
    "/preferences/": {"density": "huge"},
    "/preferences/canned/": {"name": "", "html": ""},
    "/preferences/identities/": {"address": "alice@ac-exemple.fr", "reply_to": "x"},
    "/tags/": {"verb": "add", "name": ""},
    "/transfers/account/": {},
    "/compose/": {"do": "send", "to": "zzz", "subject": "x", "body": "x"},
}


@pytest.fixture
def scripts(sieve_port: int, mail_domain: MailDomain) -> None:
    mail_domain.sieve_host, mail_domain.sieve_port = "127.0.0.1", sieve_port
    mail_domain.sieve_security = MailDomain.Security.NONE
    mail_domain.save()
    Scripts(sieve_port, ALICE).empty()


def untied(page: html.HtmlElement) -> list[str]:
    """Errors that no field is described by, and wrong fields that nothing describes."""
    described: dict[str, list[html.HtmlElement]] = {}
    for field in page.xpath("//*[@aria-describedby]"):
        for name in field.get("aria-describedby").split():
            described.setdefault(name, []).append(field)
    found = []
    for error in page.xpath("//*[contains(concat(' ', @class, ' '), ' field-error ')]"):
        if "hidden" in error.attrib or not error.text_content().strip():
            continue
        if error.xpath("ancestor::template"):
            continue
        names = [one.get("id", "") for one in (error, *error.iterancestors())]
        if not any(name in described for name in names if name):
            found.append(" ".join(html.tostring(error, encoding="unicode").split())[:200])
    for field in page.xpath("//*[@aria-invalid='true']"):
        group = field.xpath("ancestor::fieldset[1]/@aria-describedby")
        names = " ".join([field.get("aria-describedby", ""), *group]).split()
        if not any(page.xpath(f"//*[@id='{name}']") for name in names):
            found.append(" ".join(html.tostring(field, encoding="unicode").split())[:200])
    return found


@pytest.mark.usefixtures("scripts")
@pytest.mark.parametrize("address", WRONG)
def test_what_is_wrong_is_tied_to_its_field(
    address: str,
    reader: Client,  # noqa: F811
    mailbox: Mailbox,
) -> None:
    client = Client() if address == "/accounts/login/" else reader
    answer = client.post(address, WRONG[address])
    assert answer.status_code < 500, answer.status_code
    assert answer.status_code != 302, answer["Location"]
    page = html.fromstring(answer.content)
    assert page.xpath("//*[@aria-invalid='true'] | //*[@role='alert'][normalize-space()]")
    assert untied(page) == []


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/accounts/login/", {"login": "username", "password": "current-password"}),
        ("/preferences/identities/", {"name": "name", "reply_to": "email"}),
    ],
)
def test_fields_about_oneself_are_filled_by_browsers(
    address: str,
    fields: dict[str, str],
    reader: Client,  # noqa: F811
    mailbox: Mailbox,
) -> None:
    client = Client() if address == "/accounts/login/" else reader
    page = html.fromstring(client.get(address).content)
    found = {name: page.xpath(f"//main//*[@name='{name}']/@autocomplete") for name in fields}
    assert found == {name: [token] for name, token in fields.items()}
