"""The settings: one head and one set of tabs, a search, and the way back to what stood at first."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import User
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.account.test_preferences import CHOSEN, KEPT, POSTED, of
from tests.webmail.views.mail import page, words
from webmail.presentation.settings import TABS

pytestmark = pytest.mark.django_db
URL = "/preferences/"
PAGES = [
    "/preferences/",
    "/preferences/tools/",
    "/preferences/reading/",
    "/preferences/writing/",
    "/preferences/adverts/",
    "/preferences/notifications/",
    "/preferences/hours/",
    "/preferences/identities/",
    "/preferences/canned/",
    "/folders/",
    "/tags/",
    "/rules/",
    "/rules/absence/",
    "/adverts/senders/",
    "/account/password/",
    "/account/security/",
    "/account/sessions/",
    "/account/data/",
    "/account/settings/",
    "/services/",
]


@pytest.mark.parametrize("url", PAGES)
def test_each_page_has_the_same_head_and_tabs(reader: Client, mailbox: Mailbox, url: str) -> None:
    content = page(reader.get(url))
    tabs = content.split('<nav class="tabs"')[1].split("</nav>")[0]
    assert re.findall(r'<a href="([^"]*)"', tabs) == [tab.url for tab in TABS]
    assert len(re.findall(r"aria-current", tabs)) == 1
    assert content.count('aria-current="page"') == 1
    assert len(re.findall(r"<h1", content)) == 1
    assert 'id="settings-find"' in content


def test_every_page_of_the_tabs_is_tried_above() -> None:
    assert sorted(PAGES) == sorted(shown.url for tab in TABS for shown in tab.pages)


def test_a_page_saves_its_own_preferences_alone(reader: Client, mailbox: Mailbox) -> None:
    reader.post(URL, POSTED)
    names = ("after_filing", "archive", "images", "mark_read", "receipts")
    mine = {name: CHOSEN[name] for name in names}
    answer = reader.post(of("reading"), mine | {"archive": "year", "density": "airy"})
    assert (answer.status_code, answer["Location"]) == (302, of("reading"))
    assert User.objects.get().preferences == KEPT | {"archive": "year"}


def test_the_original_settings_of_a_page_come_back(reader: Client, mailbox: Mailbox) -> None:
    reader.post(URL, POSTED)
    answer = reader.post(of("display"), {"reset": "1"}, follow=True)
    assert "Les réglages d’origine sont rétablis." in words(answer)
    kept = User.objects.get().preferences
    assert not {"density", "theme", "accent", "language"} & kept.keys()
    assert kept["archive"] == CHOSEN["archive"]


def test_a_page_that_is_none_is_not_found(reader: Client, mailbox: Mailbox) -> None:
    assert reader.get(of("tags")).status_code == 404
    assert reader.post(of("nothing"), {"reset": "1"}).status_code == 404


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("densite", "/preferences/#id_density"),
        ("COMPACTE", "/preferences/#id_density"),
        ("images distantes", "/preferences/reading/#id_images"),
        ("signature", "/preferences/identities/"),
        ("étiquettes", "/tags/"),
        ("absence", "/rules/absence/"),
    ],
)
def test_a_setting_is_found_by_its_words(
    reader: Client, mailbox: Mailbox, text: str, url: str
) -> None:
    content = page(reader.get("/preferences/find/", {"q": text}))
    assert f'<a href="{url}">' in content.split("settings-found")[1]


def test_a_search_without_a_setting_says_so(reader: Client, mailbox: Mailbox) -> None:
    answer = reader.get("/preferences/find/", {"q": "<b>rien de tel</b>"})
    assert "Aucun réglage ne contient ces mots." in words(answer)
    assert "<b>rien" not in page(answer)
    assert reader.get("/preferences/find/", {"q": "  "}).status_code == 302


def test_no_setting_is_found_by_its_markup(reader: Client, mailbox: Mailbox) -> None:
    assert "id_language" in page(reader.get("/preferences/find/", {"q": "english"}))
    assert "id_language" not in page(reader.get("/preferences/find/", {"q": "span"}))


def test_one_begins_in_the_folder_of_ones_choice(reader: Client, mailbox: Mailbox) -> None:
    mailbox.imap.create('"Classes"')
    content = page(reader.get(URL))
    assert re.search(r'<select name="start_folder".*?<option value="Classes">', content)
    reader.post(URL, POSTED | {"start_folder": "Classes"})
    assert reader.get("/")["Location"] == "/mail/Classes/"
    mailbox.imap.delete('"Classes"')
    assert reader.get("/")["Location"] == "/mail/INBOX/"


@pytest.mark.parametrize("name", ["a\r\nb", "x" * 300])
def test_a_folder_to_begin_in_is_one_of_the_list(
    reader: Client, mailbox: Mailbox, name: str
) -> None:
    assert reader.post(URL, POSTED | {"start_folder": name}).status_code == 422
