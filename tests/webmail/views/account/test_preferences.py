"""Preferences: what a person chooses, what administrators set and lock."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import Answer, commands_sent, letter, page, path, subjects, words
from webmail.forms.preferences import offered
from webmail.models import PreferenceDefault
from webmail.presentation import keys
from webmail.presentation import settings as settings_pages

pytestmark = pytest.mark.django_db
URL = "/preferences/"
CHOSEN = {
    "density": "compact",
    "snippets": "off",
    "columns": "size",
    "first_steps": "off",
    "tips": "rules",
    "toolbar": "reply",
    "keys": "roundcube",
    "key_sheet": "everywhere",
    "conversations": "on",
    "panes": "none",
    "after_filing": "previous",
    "theme": "dark",
    "accent": "violet",
    "text": "large",
    "start_folder": "Archive",
    "archive": "one",
    "mark_read": "never",
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
# What is another than before.
KEPT = {name: value for name, value in CHOSEN.items() if value not in ("everywhere", "off", "fr")}
KEPT |= {"snippets": "off", "collect": "off"}
# The page of the display as it is before anything was chosen.
SEEN = {
    "density": "normal",
    "snippets": "on",
    "columns": ["date", "tags"],
    "conversations": "off",
    "panes": "right",
    "theme": "system",
    "accent": "blue",
    "text": "normal",
    "start_folder": "INBOX",
    "language": "fr",
    "dates": "relative",
    "time_zone": "Europe/Paris",
    "page_size": "50",
    "first_steps": "off",
    "key_sheet": "everywhere",
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
    assert User.objects.get().preferences == KEPT
    content = page(reader.get(URL))
    assert 'data-theme="dark" data-density="compact" data-panes="none"' in content
    assert re.search(r'value="compact"[^>]*checked', content)
    assert 'class="toast"' in content


@pytest.mark.parametrize("delay", ["5", "never"])
def test_an_opened_message_stays_unread_as_its_user_wishes(
    reader: Client, mailbox: Mailbox, delay: str
) -> None:
    User.objects.update(preferences={"mark_read": delay})
    uid = mailbox.append(letter())
    message = path(mailbox, uid)
    shown = page(reader.get(message))
    assert "\\Seen" not in mailbox.flags(uid)
    assert ("load delay:5s" in shown) is (delay == "5")
    reader.post(f"{message}seen/")
    assert "\\Seen" in mailbox.flags(uid)
    assert "data-seen" not in page(reader.get(message))


def test_what_was_seen_and_left_is_no_choice(reader: Client, mailbox: Mailbox) -> None:
    """It was kept with all else, and no later default came to those who had saved once."""
    reader.post(of("display"), {**SEEN, "theme": "dark"})
    assert User.objects.get().preferences == {"theme": "dark"}
    set_default("density", "compact")
    assert 'data-density="compact"' in page(reader.get(URL))


def test_the_settings_open_while_the_mail_server_is_away(
    reader: Client, mailbox: Mailbox, imap_moved: Callable[[int], None]
) -> None:
    mailbox.create_folder("Conseil")
    reader.post(URL, {**CHOSEN, "start_folder": "Conseil"})
    imap_moved(1)
    answer = reader.get(URL)
    assert answer.status_code == 200
    assert "les autres dossiers ne peuvent pas être choisis" in words(answer)
    assert re.search(r'<option value="Conseil"[^>]*selected', page(answer))
    assert reader.post(URL, {**CHOSEN, "start_folder": "Conseil"}).status_code == 302
    assert User.objects.get(mail_domain__isnull=False).preferences["start_folder"] == "Conseil"
    assert reader.get("/preferences/find/", {"q": "densité"}).status_code == 200


def test_only_the_page_that_offers_folders_asks_the_mail_server(
    reader: Client, mailbox: Mailbox
) -> None:
    reader.get("/mail/INBOX/")
    asked = {}
    for tab in settings_pages.CHOOSING:
        before = commands_sent()
        shown = page(reader.get(reverse("mail:preferences_of", args=[tab])))
        assert 'href="/mail/INBOX/"' in shown
        asked[tab] = commands_sent() - before
    offering = {tab for tab in asked if any(one.folder for one in offered(tab))}
    assert offering
    assert {tab for tab, count in asked.items() if count} == offering
    before = commands_sent()
    reader.get(f"{URL}find/?q=densité")
    assert commands_sent() == before


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
        ("keys", "emacs"),
        ("toolbar", "explode"),
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
    assert User.objects.get().preferences == KEPT


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
    assert re.search(r'<fieldset class="field choices" disabled>\s*<legend>Thème', content)
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


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("theme", "dark", "Thème\u00a0: Sombre"),
        ("hours", "1:0800-1700", "Horaires de travail\u00a0: Lundi, 08:00–17:00"),
        ("gone", "x", "gone\u00a0: x"),
    ],
)
def test_a_default_is_called_by_the_words_of_the_settings(
    name: str, value: str, words: str
) -> None:
    with translation.override("fr"):
        assert str(PreferenceDefault(name=name, value=value)) == words


def test_an_old_value_that_is_no_longer_allowed_counts_as_none(
    reader: Client, mailbox: Mailbox
) -> None:
    User.objects.update(preferences={"page_size": "7", "language": "xx", "density": 3, "gone": 1})
    PreferenceDefault.objects.create(name="theme", value="pink", locked=True)
    answer = reader.get("/mail/INBOX/")
    assert answer.status_code == 200
    assert 'lang="fr" data-theme="system" data-density="normal"' in page(answer)


def test_each_language_is_named_in_its_own_words(reader: Client, mailbox: Mailbox) -> None:
    shown = page(reader.get(URL))
    assert '<span lang="fr">Français</span>' in shown and '<span lang="en">English</span>' in shown


def test_before_sign_in_a_browser_speaks_french_unless_it_chose(mail_domain: None) -> None:
    client = Client(headers={"accept-language": "en"})
    assert '<html lang="fr"' in page(client.get("/accounts/login/"))
    client.post("/language/", {"language": "en", "next": "/accounts/login/"})
    assert '<html lang="en"' in page(client.get("/accounts/login/"))
    client.cookies["language"] = "../x"
    assert '<html lang="fr"' in page(client.get("/accounts/login/"))


def test_several_columns_are_kept_in_their_order(reader: Client, mailbox: Mailbox) -> None:
    reader.post(URL, POSTED | {"columns": ["tags", "size"]})
    assert User.objects.get().preferences["columns"] == "size tags"
    content = page(reader.get(URL))
    assert 'data-columns="size tags"' in content
    assert len(re.findall(r'name="columns" value="(?:size|tags)"[^>]*checked', content)) == 2
    assert reader.post(URL, POSTED | {"columns": ["date", "colour"]}).status_code == 422
    set_default("columns", "date size", locked=True)
    assert 'data-columns="date size"' in page(reader.get(URL))


# --- the toolbar and the keys ---

TOOLS = of("tools")
TYPED = {f"own_keys-{key.name}": keys.typed(key.stroke) for key in keys.CHANGEABLE}
CHOSEN_TOOLS = {"toolbar": ["reply"], "keys": "gmail", "key_sheet": "everywhere"}


def bar(answer: Answer) -> list[str]:
    """Titles of the tools in the bar of the open message, by their order."""
    tools = page(answer).split('id="open-form"')[1].split("data-menu")[0]
    return re.findall(r'title="([^"]*)"', tools)


def test_the_tools_stand_in_the_order_that_was_chosen(reader: Client, mailbox: Mailbox) -> None:
    where = path(mailbox, mailbox.append(letter()))
    assert bar(reader.get(where))[:4] == [
        "Répondre (r)", "Répondre à tous (a)", "Transférer (f)", "Archiver (e)",
    ]  # fmt: skip
    posted = {**CHOSEN_TOOLS, "toolbar": ["print", "trash", "flag", "reply"]}
    assert reader.post(TOOLS, posted).status_code == 302
    assert User.objects.get().preferences["toolbar"] == "print trash flag reply"
    shown = reader.get(where)
    assert bar(shown)[:4] == ["Imprimer (p)", "Supprimer (#)", "Suivre (s)", "Répondre (r)"]
    menu = page(shown).split('id="open-form"')[1].split("data-menu")[1].split("</details>")[0]
    assert 'value="archive"' in menu and 'value="trash"' not in menu and "open-flag" not in menu


def test_no_tool_at_all_is_a_choice(reader: Client, mailbox: Mailbox) -> None:
    where = path(mailbox, mailbox.append(letter()))
    assert reader.post(TOOLS, {**CHOSEN_TOOLS, "toolbar": []}).status_code == 302
    assert User.objects.get().preferences["toolbar"] == ""
    assert 'value="archive"' in page(reader.get(where))


@pytest.mark.parametrize(
    ("button", "order"),
    [
        ({"raise": "trash"}, "reply trash archive"),
        ({"lower": "reply"}, "archive reply trash"),
        ({"raise": "reply"}, "reply archive trash"),
        ({"lower": "print"}, "reply archive trash"),
    ],
)
def test_a_tool_moves_without_a_script(reader: Client, button: dict[str, str], order: str) -> None:
    posted = {**CHOSEN_TOOLS, "toolbar": ["reply", "archive", "trash"], **button}
    assert reader.post(TOOLS, posted).status_code == 302
    assert User.objects.get().preferences["toolbar"] == order


def test_keys_of_roundcube_stand_in_titles_attributes_and_the_dialog(
    reader: Client, mailbox: Mailbox
) -> None:
    where = path(mailbox, mailbox.append(letter()))
    assert "data-keys" not in page(reader.get(where))
    assert 'title="Plus d’actions (.)"' in page(reader.get(where))
    reader.post(TOOLS, {**CHOSEN_TOOLS, "toolbar": ["reply", "trash"], "keys": "roundcube"})
    shown = page(reader.get(where))
    assert 'data-keys="next=K previous=J search=S"' in shown
    assert 'aria-keyshortcuts="D Delete"' in shown and "Supprimer (d)" in shown
    assert "<kbd>d</kbd>" in shown.split('id="keys"')[1]
    assert "<kbd>d</kbd>" in page(reader.get("/help/keys/"))


def test_own_keys_are_kept(reader: Client, mailbox: Mailbox) -> None:
    where = path(mailbox, mailbox.append(letter()))
    typed = TYPED | {"own_keys-archive": "y", "own_keys-junk": "", "own_keys-print": "Maj+p"}
    assert reader.post(TOOLS, CHOSEN_TOOLS | {"keys": "own"} | typed).status_code == 302
    assert User.objects.get().preferences["own_keys"] == "archive=Y junk= print=Shift+P"
    shown = page(reader.get(where))
    assert 'aria-keyshortcuts="Y"' in shown and 'aria-keyshortcuts="Shift+P"' in shown
    assert 'value="y"' in page(reader.get(TOOLS))


@pytest.mark.parametrize(
    ("wrong", "words_of_it"),
    [
        ({"own_keys-archive": "r"}, "sert déjà à « répondre »"),
        ({"own_keys-archive": "?"}, "« ? » sert déjà à « afficher"),
        ({"own_keys-archive": "Ctrl+w"}, "réservées au navigateur"),
        ({"own_keys-archive": "F5"}, "a besoin de cette touche"),
        ({"own_keys-archive": "abc"}, "une seule touche"),
        ({"own_keys-archive": "\x00"}, "une seule touche"),
    ],
)
def test_a_wrong_key_is_refused_in_words_and_nothing_is_saved(
    reader: Client, wrong: dict[str, str], words_of_it: str
) -> None:
    answer = reader.post(TOOLS, CHOSEN_TOOLS | {"keys": "own"} | TYPED | wrong)
    assert answer.status_code == 422
    assert words_of_it in words(answer)
    assert len(re.findall(r'aria-invalid="true"', page(answer))) == 1
    assert User.objects.get().preferences == {}


def test_own_keys_of_someone_who_wants_others_are_not_looked_at(reader: Client) -> None:
    reader.post(TOOLS, CHOSEN_TOOLS | {"keys": "own"} | TYPED | {"own_keys-archive": "y"})
    wrong = TYPED | {"own_keys-archive": "r"}
    assert reader.post(TOOLS, CHOSEN_TOOLS | {"keys": "gmail"} | wrong).status_code == 302
    assert User.objects.get().preferences["own_keys"] == "archive=Y"


def test_a_key_that_browsers_use_is_warned_of(reader: Client) -> None:
    reader.post(TOOLS, CHOSEN_TOOLS | {"keys": "own"} | TYPED | {"own_keys-archive": "'"})
    shown = reader.get(TOOLS)
    assert words(shown).count("certains navigateurs ouvrent leur propre recherche") == 1


def test_original_tools_and_keys_come_back(reader: Client) -> None:
    reader.post(URL, POSTED)
    assert reader.post(TOOLS, {"reset": "1"}).status_code == 302
    kept = User.objects.get().preferences
    assert (
        not kept.keys() & {"toolbar", "keys", "own_keys", "key_sheet"} and kept["theme"] == "dark"
    )


@pytest.mark.parametrize(
    ("posted", "kept"),
    [
        ({"hours_days": ["3", "1"], "hours_begin": "09:30", "hours_end": "12:00"}, "13:0930-1200"),
        ({"hours_days": [], "hours_begin": "09:30", "hours_end": "12:00"}, ""),
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
    assert answer.status_code == (422 if kept is None else 302)
    # No hours at all are what there was before.
    assert User.objects.get().preferences.get("hours", "") == (kept or "")
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
