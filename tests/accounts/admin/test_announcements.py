"""Announcements: who sees which, when, and how one is put away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import announcements
from accounts.models import Announcement, Dismissal, MailDomain, User
from tests.accounts.admin.conftest import browser

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]
Audience = Announcement.Audience
ADD = "/admin/accounts/announcement/add/"


def announce(title: str = "Coupure", **values: object) -> Announcement:
    since = timezone.now() - timedelta(minutes=1)
    return Announcement.objects.create(**{"title": title, "since": since, **values})


def titles(user: User | None) -> list[str]:
    return [banner.title for banner in announcements.shown_to(user)]


def test_the_sign_in_page_shows_what_is_for_everybody_alone(domain: MailDomain) -> None:
    announce("Pour tous", audience=Audience.EVERYBODY, text="**Mardi**, <script>x</script>")
    announce("Entre nous")
    page = Client().get("/accounts/login/").content.decode()
    assert "Pour tous" in page
    assert "<strong>Mardi</strong>" in page
    assert "<script>x" not in page
    assert "Entre nous" not in page
    assert "/dismiss" not in page


def test_who_is_signed_in_sees_what_is_for_him(
    domain: MailDomain, person: Callable[..., User]
) -> None:
    other = MailDomain.objects.create(name="autre.fr", imap_host="x")
    announce("Tous", audience=Audience.EVERYBODY)
    announce("Connectés")
    announce("Chez nous", audience=Audience.DOMAIN, mail_domain=domain)
    announce("Chez eux", audience=Audience.DOMAIN, mail_domain=other)
    announce("Rôles", audience=Audience.STAFF)
    assert titles(person("prof")) == ["Chez nous", "Connectés", "Tous"]
    assert titles(person("aide", "support")) == ["Rôles", "Chez nous", "Connectés", "Tous"]
    assert titles(None) == ["Tous"]


def test_it_begins_and_ends_by_itself(person: Callable[..., User]) -> None:
    now = timezone.now()
    announce("Demain", since=now + timedelta(days=1))
    announce("Hier", until=now - timedelta(seconds=1))
    announce("Cachée", is_shown=False)
    announce("Maintenant", until=now + timedelta(hours=1))
    assert titles(person("prof")) == ["Maintenant"]


def test_the_urgent_ones_come_first(person: Callable[..., User]) -> None:
    for level in ("info", "bad", "warn"):
        announce(level, level=level)
    assert titles(person("prof")) == ["bad", "warn", "info"]


def dismiss(client: Client, pk: int, headers: dict[str, str] | None = None) -> int:
    return client.post(f"/announcements/{pk}/dismiss", headers=headers).status_code


def test_one_is_put_away_for_this_person_alone(person: Callable[..., User]) -> None:
    announcement = announce()
    prof, friend = person("prof"), person("ami")
    assert titles(prof) == ["Coupure"]
    assert dismiss(browser(prof), announcement.pk) == 302
    assert dismiss(browser(prof), announcement.pk) == 302  # twice does no harm
    assert (titles(prof), titles(friend)) == ([], ["Coupure"])
    assert Dismissal.objects.count() == 1


def test_htmx_gets_nothing_and_takes_the_line_away(person: Callable[..., User]) -> None:
    client = browser(person("prof"))
    answer = client.post(f"/announcements/{announce().pk}/dismiss", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (200, b"")


def test_it_leads_back_to_the_page_and_never_elsewhere(person: Callable[..., User]) -> None:
    client, address = browser(person("prof")), f"/announcements/{announce().pk}/dismiss"
    assert client.post(address, {"next": "/preferences/"})["Location"] == "/preferences/"
    assert client.post(address, {"next": "https://x.example/"})["Location"] == "/"
    for odd in ("@", "%s", "é", "home"):  # not an address, and no name of one either
        assert client.post(address, {"next": odd}).status_code == 302


def test_what_cannot_be_put_away_or_is_for_others_is_not_found(
    domain: MailDomain, person: Callable[..., User]
) -> None:
    client = browser(person("prof"))
    assert dismiss(client, announce(is_dismissible=False).pk) == 404
    assert dismiss(client, announce(audience=Audience.STAFF).pk) == 404
    assert dismiss(client, 999) == 404
    assert dismiss(Client(), announce().pk) == 401
    assert not Dismissal.objects.exists()


def test_a_page_costs_no_query_for_them(person: Callable[..., User]) -> None:
    announce()
    user = person("prof")
    announcements.shown_to(user)
    with CaptureQueriesContext(connection) as queries:
        assert len(announcements.shown_to(user)) == 1
    assert len(queries) == 0


def form(**values: str) -> dict[str, str]:
    return {
        "level": "info",
        "title": "Coupure",
        "text": "",
        "since_0": "2026-01-01",
        "since_1": "08:00",
        "is_shown": "on",
        "audience": "signed-in",
        **values,
    }


def test_a_new_announcement_is_proposed_for_the_sign_in_page_too(administrator: Client) -> None:
    assert administrator.get(ADD).context["adminform"].form["audience"].value() == "everybody"


def test_an_administrator_announces_and_it_shows_at_once(
    administrator: Client, person: Callable[..., User]
) -> None:
    user = person("prof")
    assert titles(user) == []
    assert administrator.post(ADD, form()).status_code == 302
    assert titles(user) == ["Coupure"]
    announcement = Announcement.objects.get()
    page = administrator.get(f"/admin/accounts/announcement/{announcement.pk}/change/")
    assert 'class="banner info announcement"' in page.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"audience": "domain"}, {"until_0": "2025-12-31", "until_1": "08:00"}, {"title": ""}],
)
def test_what_makes_no_sense_is_not_saved(wrong: dict[str, str], administrator: Client) -> None:
    assert administrator.post(ADD, form(**wrong)).status_code == 200
    assert not Announcement.objects.exists()
