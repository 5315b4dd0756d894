"""The authority's texts and support contacts in place of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from accounts import markdown
from accounts.models import MailDomain, SiteText, SupportContact
from core.version import VERSION

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


def page(address: str, client: Client | None = None) -> str:
    answer = (client or Client()).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("address", "place"), [("/help/", "help"), ("/legal/", "legal"), ("/privacy/", "privacy")]
)
def test_a_text_takes_the_place_of_ours(address: str, place: str, administrator: Client) -> None:
    before = page(address)
    assert "<h2" in before
    form = {"place": place, "text": "## Chez nous\n\nVoir [la charte](https://www.example.fr/)."}
    assert administrator.post("/admin/accounts/sitetext/add/", form).status_code == 302
    after = page(address)
    assert "<h2>Chez nous</h2>" in after
    assert '<a href="https://www.example.fr/">la charte</a>' in after


def test_the_numbers_of_days_are_told_with_any_text(settings, administrator: Client) -> None:
    settings.KEEP_LOOKUPS_DAYS = 77
    assert "77" in page("/privacy/")
    administrator.post("/admin/accounts/sitetext/add/", {"place": "privacy", "text": "x"})
    assert "77" in page("/privacy/")


def test_the_lookup_page_says_how_to_obtain_ones_numen_in_the_authoritys_words(
    administrator: Client, numen_key
) -> None:
    form = {"place": "numen", "text": "Au rectorat, *bureau 12*."}
    administrator.post("/admin/accounts/sitetext/add/", form)
    assert "<em>bureau 12</em>" in page("/lookup/")


def test_advice_on_passwords_in_the_authoritys_words(
    administrator: Client, teacher: Client, domain: MailDomain, settings, tmp_path: Path
) -> None:
    (tmp_path / "passwd").touch()
    settings.PASSWORD_DOVECOT_PATH = {"": str(tmp_path / "passwd")}
    domain.password_driver = MailDomain.PasswordDriver.DOVECOT
    domain.save()
    before = page("/account/password/", teacher)
    form = {"place": "password", "text": "Voyez le *délégué*."}
    administrator.post("/admin/accounts/sitetext/add/", form)
    after = page("/account/password/", teacher)
    assert "<em>délégué</em>" in after
    assert before.count("<li>") > after.count("<li>")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "![x](https://ailleurs.example/pixel.png)",
        '<a href="https://x" onclick="x">x</a>',
        "<style>*{display:none}</style>",
    ],
)
def test_a_text_brings_nothing_dangerous(text: str) -> None:
    shown = str(markdown.html(text)) + str(markdown.short_html(text))
    for bad in (
        "<script",
        "<img",
        "<style",
        'href="javascript',
        'href="data',
        '<a href="https://x" on',
    ):
        assert bad not in shown


def test_a_very_long_text_is_cut_before_it_is_read() -> None:
    assert len(markdown.html("*" * 200_000)) < 100_000


@pytest.mark.parametrize("address", ["/accounts/login/", "/lookup/", "/guides/", "/help/"])
def test_pages_lead_to_help_legal_notice_and_personal_data(address: str, domain, numen_key) -> None:
    shown = page(address)
    assert all(f'href="{link}"' in shown for link in ("/help/", "/legal/", "/privacy/"))


def test_the_page_of_help_tells_the_version(settings) -> None:
    assert f"{settings.PRODUCT_NAME}, version {VERSION}" in page("/help/")


def test_support_contacts_go_before_the_settings(
    administrator: Client, teacher: Client, domain: MailDomain, settings
) -> None:
    settings.SUPPORT_PHONE = "03 53 01 00 00"
    assert settings.SUPPORT_PHONE in page("/help/")
    add = "/admin/accounts/supportcontact/add/"
    general = {"name": "Assistance", "phone": "01 02 03 04 05", "hours": "8 h – 18 h"}
    assert administrator.post(add, general).status_code == 302
    own = {"name": "Chez nous", "email": "ici@ac-exemple.fr", "mail_domain": domain.pk}
    assert administrator.post(add, own).status_code == 302
    shown = page("/accounts/login/")
    assert "01 02 03 04 05" in shown
    assert settings.SUPPORT_PHONE not in shown
    assert "ici@ac-exemple.fr" not in shown
    assert "ici@ac-exemple.fr" in page("/legal/", teacher)
    both = page("/help/")
    assert all(word in both for word in ("Assistance", "Chez nous", "8 h – 18 h"))


def test_there_is_one_contact_for_all_and_it_can_be_reached(administrator: Client) -> None:
    add = "/admin/accounts/supportcontact/add/"
    assert administrator.post(add, {"name": "Muet"}).status_code == 200
    administrator.post(add, {"name": "Un", "phone": "1"})
    assert administrator.post(add, {"name": "Deux", "phone": "2"}).status_code == 200
    assert SupportContact.objects.get().name == "Un"


def test_a_place_has_one_text(administrator: Client) -> None:
    for _again in range(2):
        administrator.post("/admin/accounts/sitetext/add/", {"place": "help", "text": "x"})
    assert SiteText.objects.count() == 1
