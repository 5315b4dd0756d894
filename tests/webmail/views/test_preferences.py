"""Preferences: what a person chooses, what administrators set and lock."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import User
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, page, path, subjects, words
from webmail.models import PreferenceDefault

pytestmark = pytest.mark.django_db
URL = "/preferences/"
CHOSEN = {
    "density": "compact",
    "snippets": "off",
    "columns": "size",
    "first_steps": "off",
    "key_sheet": "everywhere",
    "conversations": "on",
    "panes": "none",
    "after_filing": "previous",
    "theme": "dark",
    "accent": "violet",
    "text": "large",
    "start_folder": "Archive",
    "archive": "one",
    "language": "fr",
    "dates": "full",
    "time_zone": "Indian/Reunion",
    "page_size": "25",
    "images": "contacts",
    "collect": "off",
    "adverts": "mark",
    "notifications": "on",
    "compose_in": "page",
    "each_copy": "all",
    "undo_seconds": "20",
    "hours": "1234:0800-1800",
    "school_zone": "B",
    "hours_line": "on",
    "hours_words": "À demain",
    "write_format": "same",
    "reply_quote": "none",
    "reply_place": "below",
    "signature_place": "end",
    "receipts": "never",
}
HOURS = {"hours_days": list("1234"), "hours_begin": "08:00", "hours_end": "18:00"}
POSTED = {name: value for name, value in CHOSEN.items() if name != "hours"} | HOURS
"""`CHOSEN` as a form is posted."""


def of(tab: str) -> str:
    """The address of a page of the settings."""
    return f"{URL}{tab}/"


def set_default(name: str, value: str, *, locked: bool = False, least: str = "") -> None:
    """As an administrator does, through the admin."""
    admin = Client()
    user = User.objects.filter(mail_domain=None).first() or User.objects.create_administrator(
        "patronne", "Une-Craie-Verte-2026"
    )
    admin.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    data = {"name": name, "value": value, "least": least} | ({"locked": "on"} if locked else {})
    answer = admin.post("/admin/webmail/preferencedefault/add/", data)
    assert answer.status_code == 302, words(answer)


@pytest.fixture(autouse=True)
def no_second_factor(settings) -> None:
    settings.ADMIN_NEEDS_TOTP = False


def test_what_is_chosen_is_kept_and_shown(reader: Client, mailbox: Mailbox) -> None:
    answer = reader.post(URL, POSTED)
    assert (answer.status_code, answer["Location"]) == (302, URL)
    assert User.objects.get().preferences == CHOSEN
    content = page(reader.get(URL))
    assert 'data-theme="dark" data-density="compact" data-panes="none"' in content
    assert re.search(r'value="compact"[^>]*checked', content)
    assert 'class="toast"' in content


def test_the_beginning_of_a_message_is_one_thing(reader: Client) -> None:
    shown = page(reader.get(URL))
    field = shown[shown.rindex("<fieldset", 0, shown.index('name="snippets"')) :]
    field = field.partition("</fieldset>")[0]
    assert "Ne pas l’afficher" in field and "Ne pas les afficher" not in field


def test_the_page_size_changes_the_list(reader: Client, mailbox: Mailbox) -> None:
    for n in range(27):
        mailbox.append(letter(f"n° {n}"))
    reader.post(URL, POSTED)
    first = reader.get("/mail/INBOX/")
    assert len(subjects(first)) == 25
    assert len(subjects(reader.get("/mail/INBOX/?page=2"))) == 2


def test_the_time_zone_and_the_form_of_dates_change_the_list(
    reader: Client, mailbox: Mailbox
) -> None:
    when = datetime(2026, 3, 3, 22, 30, tzinfo=UTC)
    uid = mailbox.append(letter(date="Tue, 03 Mar 2026 22:30:00 +0000"), date=when)
    assert ">03/03/2026 23:30<" not in page(reader.get("/mail/INBOX/"))
    reader.post(URL, POSTED)
    assert ">04/03/2026 02:30<" in page(reader.get("/mail/INBOX/"))
    assert "02:30" in words(reader.get(path(mailbox, uid)))
    reader.post(URL, POSTED | {"time_zone": "Europe/Paris"})
    assert ">03/03/2026 23:30<" in page(reader.get("/mail/INBOX/"))


def test_the_language_changes_the_page_at_once(reader: Client, mailbox: Mailbox) -> None:
    assert '<html lang="fr"' in page(reader.get(URL))
    answer = reader.post(URL, POSTED | {"language": "en"}, follow=True)
    assert '<html lang="en"' in page(answer)
    assert answer["Content-Language"] == "en"
    assert "Preferences saved." in words(answer)
    assert "Inbox" in words(reader.get("/mail/INBOX/"))
    answer = reader.post(URL, POSTED, follow=True)
    assert "Preferences saved." not in words(answer)
    assert "Boîte de réception" in words(reader.get("/mail/INBOX/"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("density", "huge"),
        ("theme", "<script>"),
        ("language", "../../etc"),
        ("language", "de"),
        ("time_zone", "Europe/Paname"),
        ("time_zone", "../../../etc/passwd"),
        ("page_size", "1000000"),
        ("page_size", "-1"),
        ("dates", "a\x00b"),
        ("panes", ""),
    ],
)
def test_nonsense_is_refused_and_nothing_saved(
    reader: Client, mailbox: Mailbox, name: str, value: str
) -> None:
    answer = reader.post(URL, POSTED | {name: value})
    assert answer.status_code == 422
    assert 'class="field-error"' in page(answer)
    assert "<script>" not in page(answer).split("<main")[1]
    assert User.objects.get().preferences == {}


def test_what_is_no_preference_is_not_kept(reader: Client, mailbox: Mailbox) -> None:
    reader.post(URL, POSTED | {"is_staff": "1", "password": "x"})
    assert User.objects.get().preferences == CHOSEN


def test_administrators_set_what_nobody_chose(reader: Client, mailbox: Mailbox) -> None:
    set_default("density", "compact")
    assert 'data-density="compact"' in page(reader.get(URL))
    reader.post(URL, POSTED | {"density": "airy"})
    assert 'data-density="airy"' in page(reader.get(URL))


def test_a_locked_preference_is_shown_and_cannot_be_changed(
    reader: Client, mailbox: Mailbox
) -> None:
    reader.post(URL, POSTED)
    set_default("theme", "light", locked=True)
    content = page(reader.get(URL))
    assert 'data-theme="light"' in content
    assert re.search(r'<fieldset class="field choices" id="id_theme" disabled>', content)
    answer = reader.post(URL, POSTED | {"theme": "system"})
    assert answer.status_code == 302
    assert 'data-theme="light"' in page(reader.get(URL))
    assert User.objects.get(mail_domain__isnull=False).preferences["theme"] == "dark"


def test_the_admin_refuses_a_value_that_no_preference_has(client: Client, db: None) -> None:
    user = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    client.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    for data in (
        {"name": "density", "value": "huge"},
        {"name": "time_zone", "value": "Europe/Paname"},
        {"name": "nothing", "value": "x"},
        {"name": "page_size", "value": ""},
    ):
        assert client.post("/admin/webmail/preferencedefault/add/", data).status_code == 200
    assert not PreferenceDefault.objects.exists()


def test_taking_a_default_back_shows_at_once(reader: Client, mailbox: Mailbox) -> None:
    set_default("density", "compact")
    reader.get(URL)
    admin = Client()
    admin.force_login(
        User.objects.get(mail_domain=None),
        backend="accounts.backends.LocalAdministratorBackend",
    )
    row = PreferenceDefault.objects.get()
    admin.post(
        "/admin/webmail/preferencedefault/",
        {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
    )
    assert not PreferenceDefault.objects.exists()
    assert 'data-density="normal"' in page(reader.get(URL))


def test_an_old_value_that_is_no_longer_allowed_counts_as_none(
    reader: Client, mailbox: Mailbox
) -> None:
    User.objects.update(preferences={"page_size": "7", "language": "xx", "density": 3, "gone": 1})
    PreferenceDefault.objects.create(name="theme", value="pink", locked=True)
    answer = reader.get("/mail/INBOX/")
    assert answer.status_code == 200
    assert 'lang="fr" data-theme="system" data-density="normal"' in page(answer)


def test_before_sign_in_a_browser_speaks_french_unless_it_chose(mail_domain: None) -> None:
    client = Client(headers={"accept-language": "en"})
    assert '<html lang="fr"' in page(client.get("/accounts/login/"))
    client.post("/language/", {"language": "en", "next": "/accounts/login/"})
    assert '<html lang="en"' in page(client.get("/accounts/login/"))
    client.cookies["django_language"] = "../x"
    assert '<html lang="fr"' in page(client.get("/accounts/login/"))


def test_several_columns_are_kept_in_their_order(reader: Client, mailbox: Mailbox) -> None:
    reader.post(URL, POSTED | {"columns": ["tags", "date"]})
    assert User.objects.get().preferences["columns"] == "date tags"
    content = page(reader.get(URL))
    assert 'data-columns="date tags"' in content
    assert len(re.findall(r'name="columns" value="(?:date|tags)"[^>]*checked', content)) == 2
    assert reader.post(URL, POSTED | {"columns": ["date", "colour"]}).status_code == 422
    set_default("columns", "date size", locked=True)
    assert 'data-columns="date size"' in page(reader.get(URL))


@pytest.mark.parametrize(
    ("posted", "kept"),
    [
        ({"hours_days": ["3", "1"], "hours_begin": "09:30", "hours_end": "12:00"}, "13:0930-1200"),
        ({"hours_days": [], "hours_begin": "09:30", "hours_end": "12:00"}, "off"),
        ({"hours_days": ["1"], "hours_begin": "12:00", "hours_end": "12:00"}, None),
        ({"hours_days": ["1"], "hours_begin": "", "hours_end": "12:00"}, None),
        ({"hours_days": ["8"], "hours_begin": "09:00", "hours_end": "12:00"}, None),
        ({"hours_days": ["1"], "hours_begin": "25:00", "hours_end": "12:00"}, None),
    ],
)
def test_working_hours_are_days_and_two_times(
    reader: Client, mailbox: Mailbox, posted: dict[str, object], kept: str | None
) -> None:
    data = {"school_zone": "none", "hours_line": "off", "hours_words": ""} | posted
    answer = reader.post(of("hours"), data)
    assert answer.status_code == (302 if kept else 422)
    assert User.objects.get().preferences.get("hours") == kept
    if kept == "13:0930-1200":
        shown = page(reader.get(of("hours")))
        assert re.findall(r'name="hours_days"[^>]*value="(\d)" checked', shown) == ["1", "3"]
        assert 'value="09:30"' in shown and 'value="12:00"' in shown


def test_nobody_has_shorter_hours_than_the_administrators_ask_for(
    reader: Client, mailbox: Mailbox
) -> None:
    set_default("hours", "off", least="12345:0900-1600")
    data = {"school_zone": "none", "hours_line": "off", "hours_words": ""}
    short = {"hours_days": ["1", "2"], "hours_begin": "09:00", "hours_end": "17:00"}
    answer = reader.post(of("hours"), data | short)
    assert answer.status_code == 422
    assert "lundi, mardi, mercredi, jeudi, vendredi, 09:00–16:00" in words(answer).lower()
    wide = {"hours_days": list("12345"), "hours_begin": "08:00", "hours_end": "16:00"}
    assert reader.post(of("hours"), data | wide).status_code == 302
    # What was chosen before they asked is widened.
    User.objects.filter(mail_domain__isnull=False).update(preferences={"hours": "1:1000-1700"})
    assert page(reader.get(of("hours"))).count('name="hours_days"') == 7
    assert 'value="17:00"' in page(reader.get(of("hours")))
    assert 'value="09:00"' in page(reader.get(of("hours")))


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        ({"name": "hours", "value": "12345:0800-1800", "least": "12345:0900-1600"}, False),
        ({"name": "hours", "value": "off", "least": "always"}, True),
        ({"name": "hours", "value": "1800-0800"}, True),
        ({"name": "density", "value": "compact", "least": "1:0800-0900"}, True),
    ],
)
def test_administrators_write_hours_that_are_hours(
    client: Client, db: None, data: dict[str, str], refused: bool
) -> None:
    user = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    client.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    answer = client.post("/admin/webmail/preferencedefault/add/", data)
    assert answer.status_code == (200 if refused else 302)
    assert PreferenceDefault.objects.exists() is not refused
    if not refused:
        shown = page(client.get("/admin/webmail/preferencedefault/"))
        assert "08:00–18:00" in shown
