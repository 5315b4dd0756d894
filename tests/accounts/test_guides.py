"""Guides to mail programs: for everybody, and with one's own values for who is known."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from accounts.autoconfig import guides
from accounts.lookup import MailSettings
from accounts.models import MailDomain, StaffRecord
from demo.servers.dovecot import MailAccount

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]


def words(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


@pytest.mark.parametrize("slug", guides.TITLES)
def test_a_stranger_gets_the_servers_and_examples(
    client: Client, mail_domain: MailDomain, slug: str
) -> None:
    mail_domain.smtp_host, mail_domain.smtp_port = "smtp.ac-exemple.fr", 587
    mail_domain.save()
    page = words(client, f"/guides/{slug}/")
    assert "127.0.0.1" in page
    assert "smtp.ac-exemple.fr" in page
    assert "@ac-exemple.fr" in page
    assert 'href="/lookup/"' in page
    assert page.count('<li class="card pad">') >= 3


@pytest.mark.parametrize("slug", guides.TITLES)
def test_who_looked_up_reads_his_own_values(computer: Client, slug: str) -> None:
    page = words(computer, f"/lookup/guides/{slug}/")
    assert "alice.martin@ac-exemple.fr" in page
    assert "alice.martin@ac-exemple.fr" not in words(computer, f"/guides/{slug}/")
    assert ("/lookup/phone/" in page) == (slug in {"iphone", "android"})


def test_who_is_signed_in_reads_his_own_values(
    signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    page = words(signed_in(bob), "/guides/iphone/")
    assert "bob@ac-exemple.fr" in page
    assert 'href="/account/settings/phone/"' in page
    answer = signed_in(bob).get("/guides/iphone/")
    assert "no-store" in answer["Cache-Control"]


def test_without_a_ticket_the_way_leads_to_the_guide_for_all(
    client: Client, mail_domain: MailDomain
) -> None:
    assert client.get("/lookup/guides/android/")["Location"] == "/guides/android/"


def test_the_list_leads_to_every_guide(client: Client, computer: Client) -> None:
    for browser, path in ((client, "/guides/"), (computer, "/lookup/guides/")):
        page = words(browser, path)
        for slug in guides.TITLES:
            assert f'href="{path}{slug}/"' in page


def test_other_names_and_an_empty_installation_are_not_found(client: Client) -> None:
    assert client.get("/guides/thunderbird/").status_code == 404
    assert client.get("/guides/eudora/").status_code == 404
    assert client.get("/guides/" + "x" * 3000 + "/").status_code == 404


def test_thunderbird_is_left_to_find_what_it_finds_right(
    francoise: MailSettings, mail_domain: MailDomain
) -> None:
    def finds_itself(program_login: str, address: str, login: str) -> bool:
        mail_domain.program_login = program_login
        settings = MailSettings(
            "", address, login, francoise.servers, "https://w", "ac-exemple.fr", "A"
        )
        return guides.values_of(settings, mail_domain).finds_itself

    address = "francoise.durand@ac-exemple.fr"
    assert finds_itself("address", address, address)
    assert finds_itself("local", address, "francoise.durand")
    assert not finds_itself("local", address, "fdurand")
    assert not finds_itself("none", address, address)
    short = len(guides.guide("thunderbird", guides.values_of_domain(mail_domain)).steps)
    mail_domain.program_login = "local"
    assert len(guides.guide("thunderbird", guides.values_of_domain(mail_domain)).steps) < short


def test_every_guide_can_be_made_where_mail_cannot_be_sent(
    client: Client, mail_domain: MailDomain, record: StaffRecord
) -> None:
    mail_domain.smtp_host = ""
    mail_domain.save()
    for slug in guides.TITLES:
        assert 'class="guide-steps"' in words(client, f"/guides/{slug}/")
