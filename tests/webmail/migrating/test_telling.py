"""Users are told once what was brought for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from lxml import html
from pytest_django import Settings

from accounts.models import MailDomain, MovedUser, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(academy: MailDomain) -> User:
    return User.objects.create(mail_domain=academy, login="claire", address="c@ac-exemple.fr")


@pytest.fixture
def browser() -> Callable[[User], Client]:
    def begin(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="accounts.backends.MailServerBackend")
        return client

    return begin


def line(client: Client) -> str:
    page = html.fromstring(client.get("/contacts/export/").content)
    found = page.xpath("//*[@id='moved']/p")
    return " ".join(found[0].text_content().split()) if found else ""


def test_a_line_says_what_was_brought_until_it_is_put_away(
    user: User, browser: Callable[[User], Client]
) -> None:
    MovedUser.objects.create(user=user, source="roundcube", origin="claire@@h", contacts=42)
    MovedUser.objects.create(user=user, source="horde", origin="claire", identities=1)
    client = browser(user)
    told = line(client)
    assert told.startswith("Repris de votre ancienne messagerie : 42 contacts, 1 identité.")
    answer = client.post("/moved/dismiss/", {"next": "/contacts/export/"})
    assert answer["Location"] == "/contacts/export/"
    assert line(client) == ""
    assert line(browser(user)) == ""
    assert not MovedUser.objects.filter(told=None).exists()


def test_every_kind_that_was_moved_is_told(user: User, browser: Callable[[User], Client]) -> None:
    counts = {name: number for number, name in enumerate(MovedUser.COUNTS, start=2)}
    MovedUser.objects.create(user=user, source="roundcube", origin="claire@@h", **counts)
    assert line(browser(user)).startswith(
        "Repris de votre ancienne messagerie : 2 contacts, 3 groupes, 4 identités, 5 réglages,"
        " 6 réponses types, 7 anciens destinataires, 8 expéditeurs dont les images s’affichent."
    )


def test_canned_answers_alone_are_told(user: User, browser: Callable[[User], Client]) -> None:
    MovedUser.objects.create(user=user, source="roundcube", origin="claire@@h", canned=1)
    assert "1 réponse type." in line(browser(user))


def test_what_another_user_was_brought_is_nobodys_business(
    user: User, academy: MailDomain, browser: Callable[[User], Client]
) -> None:
    other = User.objects.create(mail_domain=academy, login="paul", address="p@ac-exemple.fr")
    MovedUser.objects.create(user=other, source="horde", origin="paul", contacts=3)
    assert line(browser(user)) == ""
    browser(user).post("/moved/dismiss/")
    assert MovedUser.objects.get().told is None


def test_a_run_that_brought_nothing_is_not_told(
    user: User, browser: Callable[[User], Client]
) -> None:
    MovedUser.objects.create(user=user, source="horde", origin="claire", told=timezone.now())
    assert line(browser(user)) == ""


def test_administrators_see_the_counts(user: User, settings: Settings) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    MovedUser.objects.create(user=user, source="horde", origin="claire", contacts=42)
    client = Client()
    client.force_login(
        User.objects.create_administrator("patronne", "Une-Craie-Verte-2026"),
        backend="accounts.backends.LocalAdministratorBackend",
    )
    page = client.get("/admin/accounts/moveduser/").content.decode()
    assert 'class="field-contacts">42<' in page
    row = client.get(f"/admin/accounts/moveduser/{MovedUser.objects.get().pk}/change/")
    assert "claire" in row.content.decode()
