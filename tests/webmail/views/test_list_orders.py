"""How a list is shown: sorted, filtered, from a month on; and where its pages begin."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import commands_sent, letter, page, path, ref, subjects
from webmail.models import FolderChoice

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def three(mailbox: Mailbox) -> list[int]:
    return [
        mailbox.append(letter("Bulletins", "x" * 900, sender="Zoé <z@x.fr>"), flags=["\\Seen"]),
        mailbox.append(letter("Absences", "x", sender="Ali <a@x.fr>"), flags=["\\Flagged"]),
        mailbox.append(
            letter("Cantine", "x" * 90, sender="Mia <m@x.fr>", files=(("a.pdf", "a/b", b"x"),))
        ),
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Cantine", "Absences", "Bulletins"]),
        ("?sort=arrival&up=1", ["Bulletins", "Absences", "Cantine"]),
        ("?sort=from&up=1", ["Absences", "Cantine", "Bulletins"]),
        ("?sort=from", ["Bulletins", "Cantine", "Absences"]),
        ("?sort=subject&up=1", ["Absences", "Bulletins", "Cantine"]),
        ("?sort=size", ["Bulletins", "Cantine", "Absences"]),
        ("?sort=unread", ["Cantine", "Absences", "Bulletins"]),
        ("?sort=flagged", ["Absences", "Cantine", "Bulletins"]),
        ("?only=unread", ["Cantine", "Absences"]),
        ("?only=flagged", ["Absences"]),
        ("?only=attachment", ["Cantine"]),
        ("?only=unread&sort=subject&up=1", ["Absences", "Cantine"]),
        ("?sort=nonsense&only=x%00&up=maybe", ["Cantine", "Absences", "Bulletins"]),
    ],
)
def test_a_list_is_shown_as_its_address_says(
    reader: Client, three: list[int], query: str, expected: list[str]
) -> None:
    assert subjects(reader.get(f"/mail/INBOX/{query}")) == expected


def test_every_order_and_filter_is_a_link_and_says_which_is_current(
    reader: Client, three: list[int]
) -> None:
    content = page(reader.get("/mail/INBOX/?sort=subject&up=1&only=unread"))
    tools = content.split('class="list-tools"')[1].split('id="rows"')[0]
    links = re.findall(r'<a href="([^"]*)" hx-get="([^"]*)"( aria-current="true")?>', tools)
    assert all(href == get for href, get, _current in links)
    current = [unescape(href) for href, _get, current in links if current]
    assert current == ["/mail/INBOX/?sort=subject&up=1&only=unread"] * 3
    for href, _get, _current in links:
        assert reader.get(unescape(href)).status_code == 200


def test_the_order_of_a_folder_is_remembered_and_its_filter_is_not(
    reader: Client, three: list[int], mailbox: Mailbox
) -> None:
    reader.get("/mail/INBOX/?sort=subject&up=1&only=flagged")
    assert subjects(reader.get("/mail/INBOX/")) == ["Absences", "Bulletins", "Cantine"]
    mailbox.append(letter("a"), "Archive")
    mailbox.append(letter("b"), "Archive")
    assert subjects(reader.get("/mail/Archive/")) == ["b", "a"]
    reader.get("/mail/INBOX/?sort=arrival")
    assert subjects(reader.get("/mail/INBOX/")) == ["Cantine", "Absences", "Bulletins"]


def test_what_one_person_chose_is_not_for_another(
    reader: Client, three: list[int], bob: MailAccount, signed_in: Callable[..., Client]
) -> None:
    reader.get("/mail/INBOX/?sort=size")
    other = signed_in(bob)
    other.get("/mail/INBOX/")
    bobs = User.objects.get(login="bob")
    assert FolderChoice.objects.order_of(bobs, "INBOX") == ("arrival", False, False)
    assert FolderChoice.objects.count() == 1


def test_a_folder_of_a_very_long_name_is_remembered_too(reader: Client) -> None:
    name = "/".join(["é" * 200] * 20)
    user = User.objects.get(login="alice")
    FolderChoice.objects.choose_order(user, name, "size", False)
    assert FolderChoice.objects.order_of(user, name) == ("size", False, False)


def test_the_next_page_is_sorted_and_filtered_as_this_one(reader: Client, mailbox: Mailbox) -> None:
    for number in range(60):
        mailbox.append(letter(f"n° {number:02}"))
    first = reader.get("/mail/INBOX/?sort=subject&up=1&only=unread")
    (following,) = re.findall(r'id="more" href="([^"]*)"', page(first))
    assert "sort=subject&amp;up=1&amp;only=unread" in following
    second = reader.get(unescape(following), headers={**HTMX, "HX-Target": "more"})
    assert subjects(second) == [f"n° {number:02}" for number in range(50, 60)]


def test_a_message_opened_from_a_filtered_list_has_that_list_beside_it(
    reader: Client, three: list[int]
) -> None:
    content = page(reader.get("/mail/INBOX/?only=flagged"))
    (url,) = re.findall(r'<li class="row.*?<a href="([^"]*)"', content, re.DOTALL)
    assert subjects(reader.get(unescape(url))) == ["Absences"]


def test_mail_of_ones_contacts(reader: Client, mailbox: Mailbox) -> None:
    user = User.objects.get(login="alice")
    contacts.create(user, ContactData(first_name="Mia", emails=(Email("m@x.fr"),)))
    now = datetime.now(UTC)
    mailbox.append(letter("connue", sender="Mia <M@x.fr>"), date=now)
    mailbox.append(letter("inconnu", sender="Bob <b@x.fr>"), date=now)
    mailbox.append(letter("vieille", sender="Mia <m@x.fr>"), date=now - timedelta(days=700))
    answer = reader.get("/mail/INBOX/?only=contacts")
    assert subjects(answer) == ["connue"]
    assert page(answer).count('class="list-note"') == 2  # how many, and of which time


def test_a_filter_that_lets_nothing_through_leads_back_to_all(
    reader: Client, three: list[int]
) -> None:
    content = page(reader.get("/mail/INBOX/?only=contacts"))
    assert 'class="empty"' in content
    assert '<a class="btn tonal" href="/mail/INBOX/"' in content


def test_a_list_begins_with_a_month(reader: Client, mailbox: Mailbox) -> None:
    for month in (1, 2, 3):
        mailbox.append(letter(f"mois {month}"), date=datetime(2026, month, 9, tzinfo=UTC))
    assert subjects(reader.get("/mail/INBOX/?month=2&year=2026")) == ["mois 2", "mois 1"]
    assert subjects(reader.get("/mail/INBOX/?month=13&year=2026")) == ["mois 3", "mois 2", "mois 1"]
    assert subjects(reader.get("/mail/INBOX/?month=1&year=1970")) == ["mois 3", "mois 2", "mois 1"]


def test_the_way_to_a_month_begins_with_the_one_that_is_shown(
    reader: Client, mailbox: Mailbox
) -> None:
    for month in (1, 2, 3):
        mailbox.append(letter(f"mois {month}"), date=datetime(2025, month, 9, tzinfo=UTC))
    content = page(reader.get("/mail/INBOX/?month=2&year=2025"))
    assert '<option value="2" selected>' in content
    assert 'id="go-year" name="year"' in content and 'value="2025"' in content


def test_the_page_of_a_row_has_the_rows_above_it_behind_a_link(
    reader: Client, mailbox: Mailbox
) -> None:
    uids = [mailbox.append(letter(f"n° {number}")) for number in range(70)]
    answer = reader.get(f"/mail/INBOX/?row={ref(mailbox, uids[5])}")
    assert subjects(answer) == [f"n° {number}" for number in range(19, -1, -1)]
    (before,) = re.findall(r'id="previous" href="([^"]*)"', page(answer))
    above = reader.get(unescape(before), headers={**HTMX, "HX-Target": "previous"})
    assert subjects(above) == [f"n° {number}" for number in range(69, 19, -1)]
    assert 'id="more"' not in page(above) and 'id="previous"' not in page(above)


def test_the_list_beside_an_opened_message_is_the_page_with_its_row(
    reader: Client, mailbox: Mailbox
) -> None:
    uids = [mailbox.append(letter(f"n° {number}")) for number in range(70)]
    content = page(reader.get(path(mailbox, uids[3])))
    assert f'id="row-{ref(mailbox, uids[3])}"' in content
    assert 'id="previous"' in content


def test_what_arrived_after_a_row_comes_as_rows_alone(
    reader: Client, three: list[int], mailbox: Mailbox
) -> None:
    answer = reader.get(f"/mail/INBOX/?newer={ref(mailbox, three[0])}", headers=HTMX)
    assert subjects(answer) == ["Cantine", "Absences"]
    assert "message-list" not in page(answer)
    nothing = reader.get(f"/mail/INBOX/?newer={ref(mailbox, three[2])}", headers=HTMX)
    assert subjects(nothing) == []


@pytest.mark.parametrize("place", ["after", "newer"])
def test_a_list_of_a_folder_made_anew_goes_on_with_a_clear_word(
    reader: Client, three: list[int], place: str
) -> None:
    answer = reader.get(f"/mail/INBOX/?{place}=1-{three[0]}", headers=HTMX)
    assert answer.status_code == 409
    assert answer["HX-Retarget"] == "#notices"
    assert reader.get(f"/mail/INBOX/?{place}=1-{three[0]}").status_code == 409


def test_a_place_in_a_folder_made_anew_is_its_top(reader: Client, three: list[int]) -> None:
    assert len(subjects(reader.get(f"/mail/INBOX/?row=1-{three[0]}"))) == 3


def test_a_sorted_list_is_asked_of_the_server_once(reader: Client, three: list[int]) -> None:
    url = "/mail/INBOX/?sort=subject&up=1"
    measured = []
    for _visit in range(2):
        before = commands_sent()
        reader.get(url)
        measured.append(commands_sent() - before)
    # SORT, FETCH of flags and of rows, LIST; then NOOP, FETCH of flags, LIST.
    assert measured[1] == 3
    assert measured[1] <= measured[0]


def test_rows_are_under_headings_that_go_with_the_order(reader: Client, three: list[int]) -> None:
    assert page(reader.get("/mail/INBOX/?sort=subject")).count('class="day"') == 0
    assert page(reader.get("/mail/INBOX/?sort=unread")).count('class="day"') == 2
    assert page(reader.get("/mail/INBOX/?sort=date")).count('class="day"') == 1
