"""Searching: what is found, how it is shown, what it costs, and what may go wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.test import Client

from accounts import session
from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import collected, groups
from addressbook.models import Contact
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import (
    CLOSE,
    STALL,
    ScriptedServer,
    imap_script,
    no,
    ok,
    selected,
)
from tests.webmail.views.mail import commands_sent, letter, page, path, subjects, words
from webmail.models import Identity, RecentSearch, SavedSearch, Tag
from webmail.views.list import results as results_page

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def found(reader: Client, text: str, headers: Any = None, **more: Any) -> Any:
    return reader.get(f"/search/?{urlencode({'q': text, **more})}", headers=headers or {})


def day(number: int) -> datetime:
    return datetime(2026, 3, number, 12, tzinfo=UTC)


def link(answer: Any, pattern: str) -> str:
    (url,) = re.findall(pattern, page(answer))
    return unescape(url)


def test_words_are_found_everywhere_the_newest_first_with_their_folder(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.create_folder("4e B")
    mailbox.append(letter("Sortie", "Rendez-vous au musée."), date=day(1))
    mailbox.append(letter("Musée, suite"), "4e B", date=day(2))
    mailbox.append(letter("Réunion"), date=day(3))
    answer = found(reader, "musée")
    assert answer.status_code == 200
    assert subjects(answer) == ["Musée, suite", "Sortie"]
    in_folders = re.findall(
        r'class="in-folder clip">.*?</span>\s*</span>|class="in-folder.*?</span> ', page(answer)
    )
    assert ["4e B" in one for one in in_folders[:1]] == [True]
    assert page(answer).count('class="in-folder') == 2


def test_hits_are_marked_in_the_list_and_in_the_message(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter("Sortie au Musée", "Rendez-vous devant le musee.\nMusées fermés."))
    answer = found(reader, "musée")
    assert "Sortie au <mark>Musée</mark>" in page(answer)
    opened = reader.get(path(mailbox, uid) + "?q=mus%C3%A9e")
    assert "devant le <mark>musee</mark>." in page(opened)
    assert "<mark>Musée</mark>s fermés" in page(opened)
    assert "<mark>" not in page(reader.get(path(mailbox, uid)))


def test_how_messages_of_several_folders_begin_is_told_once_they_are_shown(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.create_folder("4e B")
    mailbox.append(letter("Sortie", "Rendez-vous au musée."), date=day(1))
    mailbox.append(letter("Musée, suite", "Prenez un pique-nique."), "4e B", date=day(2))
    answer = page(found(reader, "musée"))
    address = link(found(reader, "musée"), r'data-snippets="([^"]*)"')
    refs = [unescape(ref) for ref in re.findall(r'data-ref="([^"]*)"', answer)]
    told = reader.get(address, {"refs": refs}).json()
    assert [told[ref] for ref in refs] == ["Prenez un pique-nique.", "Rendez-vous au musée."]


def test_the_text_of_an_html_message_is_marked_too(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(html="<p>Devant le musée</p>", body="Devant le musée"))
    opened = reader.get(path(mailbox, uid) + "?q=mus%C3%A9e")
    assert 'data-marks="[&quot;mus' in page(opened)
    as_text = link(opened, r'<a class="textbtn" href="([^"]*view=text[^"]*)"')
    assert "Devant le <mark>musée</mark>" in page(reader.get(as_text))


def test_a_message_opens_with_what_was_found_beside_it(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("Musée 1"), date=day(1))
    mailbox.append(letter("Musée 2"), date=day(2))
    mailbox.append(letter("Réunion"), date=day(3))
    answer = found(reader, "musée")
    url = unescape(re.findall(r'<a href="([^"]*)" hx-get', page(answer).split('id="rows"')[1])[0])
    assert url.startswith("/mail/INBOX/") and "q=mus" in url
    opened = reader.get(url)
    assert subjects(opened) == ["Musée 2", "Musée 1"]
    assert 'id="message-title"' in page(opened)
    assert 'class="btn quiet to-list" href="/search/?q=mus%C3%A9e' in page(opened)
    alone = reader.get(url, headers=HTMX)
    assert 'id="rows"' not in page(alone)
    assert 'href="/search/?q=mus%C3%A9e' in page(alone)


@pytest.mark.parametrize(
    ("reach", "titles"),
    [("here", ["a"]), ("below", ["b", "a"]), ("all", ["c", "b", "a"]), ("x", ["c", "b", "a"])],
)
def test_where_is_searched(reader: Client, mailbox: Mailbox, reach: str, titles: list[str]) -> None:
    mailbox.create_folder("Classes")
    mailbox.create_folder("Classes/4e B")
    for n, (folder, name) in enumerate((("Classes", "a"), ("Classes/4e B", "b"), ("INBOX", "c"))):
        mailbox.append(letter(f"Musée {name}"), folder, date=day(n + 1))
    answer = found(reader, "musée", folder="Classes", **{"in": reach})
    assert subjects(answer) == [f"Musée {title}" for title in titles]
    current = re.findall(
        r'class="chip" href="[^"]*in=(\w+)[^"]*" hx-get="[^"]*" aria-current="true"', page(answer)
    )
    assert current == [reach if reach != "x" else "all"]


def test_the_field_says_what_was_looked_for(reader: Client, mailbox: Mailbox) -> None:
    content = page(found(reader, 'objet:"<i>x"'))
    assert 'value="objet:&quot;&lt;i&gt;x&quot;"' in content
    assert "<i>x" not in content


def test_htmx_gets_the_list_and_a_message_that_is_open_is_closed(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(letter("Musée"))
    answer = found(reader, "musée", HTMX)
    assert "<html" not in page(answer)
    assert page(answer).count('id="message-list"') == 1
    assert '<p id="search-status" hx-swap-oob="innerHTML">' in page(answer)
    assert 'id="message" hx-swap-oob="true"' in page(answer)


def test_more_than_a_page_is_scrolled_without_searching_again(
    reader: Client, mailbox: Mailbox
) -> None:
    for n in range(55):
        mailbox.append(letter(f"Musée {n:02}"))
    first = found(reader, "musée", folder="INBOX", **{"in": "here"})
    assert len(subjects(first)) == 50
    following = link(first, r'id="more" href="([^"]*)"')
    before = commands_sent()
    second = reader.get(following, headers={**HTMX, "HX-Target": "more"})
    assert subjects(second) == [f"Musée {n:02}" for n in range(4, -1, -1)]
    assert "message-list" not in page(second)
    assert commands_sent() - before == 3  # NOOP, FETCH of the flags and of the rows


def test_what_was_found_is_shown_again_without_searching_until_one_asks(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(letter("Musée 1"))
    found(reader, "musée")
    mailbox.append(letter("Musée 2"))
    assert subjects(found(reader, "musée")) == ["Musée 1"]
    assert subjects(found(reader, "musée", anew="1")) == ["Musée 2", "Musée 1"]
    assert subjects(found(reader, "musée")) == ["Musée 2", "Musée 1"]


def test_pressing_enter_once_more_searches_again(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("Musée 1"))
    found(reader, "musée")
    mailbox.append(letter("Musée 2"))
    again = found(reader, "musée", {**HTMX, "HX-Trigger": "search"})
    assert subjects(again) == ["Musée 2", "Musée 1"]


def test_after_five_minutes_it_is_searched_for_again(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.append(letter("Musée 1"))
    found(reader, "musée")
    mailbox.append(letter("Musée 2"))
    monkeypatch.setattr(results_page, "FRESH", 0)
    assert subjects(found(reader, "musée")) == ["Musée 2", "Musée 1"]


def test_another_person_sees_nothing_of_it(
    reader: Client, mailbox: Mailbox, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    uid = mailbox.append(letter("Musée"))
    found(reader, "musée objet:musée")
    other = signed_in(bob)
    assert subjects(found(other, "musée")) == []
    # The folder of the same name is his own: another one, or without that message.
    assert other.get(path(mailbox, uid) + "?q=mus%C3%A9e").status_code in {404, 409}
    assert recent(other.get("/search/")) == ["musée"]  # what he looked for himself
    assert recent(reader.get("/search/")) == ["musée objet:musée"]


def test_a_message_that_has_gone_since_is_said_to_have(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter("Musée 1"))
    mailbox.append(letter("Musée 2"))
    found(reader, "musée")
    mailbox.set_flags(uid, ["\\Deleted"])
    mailbox.imap.expunge()
    answer = found(reader, "musée")
    assert subjects(answer) == ["Musée 2"]
    assert "found-words" in page(answer) and "anew=1" in page(answer)


# --- not all at once ---


@pytest.fixture
def no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer is due after its first command."""
    monkeypatch.setattr(results_page, "FIRST_ANSWER", -1.0)


def test_an_incomplete_search_says_so_and_goes_on_from_where_it_stopped(
    reader: Client, mailbox: Mailbox, no_time: None
) -> None:
    mailbox.create_folder("4e B")
    mailbox.append(letter("Musée 1"), date=day(1))
    mailbox.append(letter("Musée 2"), "4e B", date=day(2))
    first = found(reader, "musée")
    assert subjects(first) == ["Musée 1"]
    going_on = link(first, r'<a class="btn tonal" href="([^"]*)" hx-get')
    assert "at=4e+B" in going_on
    second = reader.get(going_on, headers=HTMX)
    assert subjects(second) == ["Musée 2", "Musée 1"]
    assert "found-rest" not in page(second)
    # The address of the search itself shows all of it, and the old one does nothing twice.
    assert subjects(found(reader, "musée")) == ["Musée 2", "Musée 1"]
    assert subjects(reader.get(going_on)) == ["Musée 2", "Musée 1"]


def test_it_goes_on_by_itself_as_long_as_nothing_was_found(
    reader: Client, mailbox: Mailbox, no_time: None
) -> None:
    mailbox.create_folder("4e B")
    mailbox.append(letter("Réunion"))
    mailbox.append(letter("Musée"), "4e B")
    first = found(reader, "musée", HTMX)
    assert subjects(first) == []
    assert 'hx-trigger="load"' in page(first)
    assert 'class="empty"' not in page(first).split('id="message"')[0]
    going_on = link(first, r'id="found-rest" hx-get="([^"]*)"')
    assert subjects(reader.get(going_on, headers=HTMX)) == ["Musée"]


def test_where_to_go_on_is_known_although_what_was_found_is_no_longer_kept(
    reader: Client, mailbox: Mailbox, no_time: None
) -> None:
    mailbox.create_folder("4e B")
    mailbox.append(letter("Musée 1"))
    mailbox.append(letter("Musée 2"), "4e B")
    going_on = link(found(reader, "musée"), r'<a class="btn tonal" href="([^"]*)" hx-get')
    cache.clear()
    answer = reader.get(going_on)
    assert subjects(answer) == ["Musée 2"]
    assert "anew=1" in page(answer).split("found-words")[1]


def test_a_newer_search_ends_an_older_one(reader: Client, mailbox: Mailbox) -> None:
    """Between two commands the older one sees that nobody waits for it."""
    request: Any = reader.get("/search/?q=x").wsgi_request
    first = results_page._clock(request)
    assert not first()
    second = results_page._clock(request)
    assert first() and not second()


@pytest.mark.parametrize(
    "more",
    [
        {"at": "4e B", "below": "1-1"},
        {"at": "Nulle part"},
        {"at": "INBOX", "below": "x\r\nA1 DELETE INBOX"},
        {"at": "a\r\nb"},
        {"at": "INBOX", "span": "-5"},
        {"at": "INBOX", "span": "9999999999999"},
        {"page": "-1"},
        {"page": "2147483649"},
        {"folder": "a\0b"},
        {"in": "\r\n"},
        {"anew": "x" * 5000},
    ],
)
def test_nonsense_in_the_address_does_not_harm(
    reader: Client, mailbox: Mailbox, more: dict[str, str]
) -> None:
    mailbox.append(letter("Musée"))
    answer = found(reader, "musée", **more)
    assert answer.status_code == 200
    assert mailbox.uids() != []


def test_a_folder_that_is_not_there_is_404(reader: Client, mailbox: Mailbox) -> None:
    assert found(reader, "musée", folder="Nulle part").status_code == 404
    alone = found(reader, "musée", HTMX, folder="Nulle part", **{"in": "here"})
    assert alone.status_code == 404


# --- what is done with what was found ---


@pytest.fixture
def twins(mailbox: Mailbox) -> dict[str, int]:
    """A message in each of two folders, and one besides that nobody looks for."""
    mailbox.create_folder("Classes")
    mailbox.create_folder("Classes/4e B")
    mailbox.append(letter("Réunion"), "Classes/4e B")
    return {
        "INBOX": mailbox.append(letter("Musée 1"), date=day(1)),
        "Classes/4e B": mailbox.append(letter("Musée 2"), "Classes/4e B", date=day(2)),
    }


def rows(answer: Any) -> list[str]:
    return [
        unescape(one) for one in re.findall(r'name="refs" value="([^"]*)" form="act', page(answer))
    ]


def test_messages_of_several_folders_are_moved_and_brought_back(
    reader: Client, mailbox: Mailbox, twins: dict[str, int]
) -> None:
    answer = found(reader, "musée")
    assert 'id="act-form" method="post" action="/mail/INBOX/act/"' in page(answer)
    refs = rows(answer)
    assert refs == [
        f"Classes~2F4e%20B/{mailbox.uidvalidity('Classes/4e B')}-{twins['Classes/4e B']}",
        f"{mailbox.uidvalidity()}-{twins['INBOX']}",
    ]
    acted = reader.post("/mail/INBOX/act/", {"verb": "trash", "refs": refs}, headers=HTMX)
    assert len(mailbox.uids("Trash")) == 2
    assert mailbox.uids() == [] and len(mailbox.uids("Classes/4e B")) == 1
    # The rows go by the names that they have in the list.
    assert [
        unescape(one) for one in re.findall(r'<li id="row-([^"]*)" hx-swap', page(acted))
    ] == sorted(refs, key=len, reverse=True)
    (steps,) = re.findall(r'name="steps" value="([^"]*)"', page(acted))
    reader.post("/mail/INBOX/act/", {"verb": "undo", "steps": unescape(steps)})
    assert len(mailbox.uids()) == 1 and len(mailbox.uids("Classes/4e B")) == 2


def test_a_message_opened_beside_them_is_named_as_its_row_is(
    reader: Client, mailbox: Mailbox, twins: dict[str, int]
) -> None:
    name = rows(found(reader, "musée"))[0]
    uid = twins["Classes/4e B"]
    url = f"/mail/Classes~2F4e%20B/{mailbox.uidvalidity('Classes/4e B')}-{uid}/?q=mus%C3%A9e"
    for headers in ({}, HTMX):
        content = page(reader.get(url, headers=headers))
        assert f'data-open="{name}"' in content
        form = content.split('id="open-form"')[1].split("</form>")[0]
        assert 'action="/mail/INBOX/act/"' in form
        assert f'name="refs" value="{name}"' in form
    data = {"verb": "trash", "refs": name, "opened": name}
    acted = page(reader.post("/mail/INBOX/act/", data, headers=HTMX))
    assert 'id="message" hx-swap-oob="true"' in acted
    assert mailbox.uids("Classes/4e B") != [] and len(mailbox.uids("Trash")) == 1
    assert mailbox.uids() == [twins["INBOX"]]


def test_all_that_was_found_is_acted_on_and_nothing_else(
    reader: Client, mailbox: Mailbox, twins: dict[str, int]
) -> None:
    answer = found(reader, "musée")
    url = link(answer, r'href="([^"]*)" hx-get="[^"]*" hx-target="#bulk-all"')
    chosen = reader.get(url, headers=HTMX)
    assert 'data-all="2"' in page(chosen)
    mailbox.append(letter("Musée 3"))  # came later: nobody has seen it counted
    data = {
        **dict(re.findall(r'name="(\w+)" value="([^"]*)"', unescape(page(chosen)))),
        "verb": "seen",
    }
    reader.post("/mail/INBOX/act/", data, headers=HTMX)
    assert "\\Seen" in mailbox.flags(twins["INBOX"])
    assert "\\Seen" in mailbox.flags(twins["Classes/4e B"], "Classes/4e B")
    assert [mailbox.flags(uid) for uid in mailbox.uids()][-1] == frozenset()
    assert 'class="acting-verbs"' in page(reader.get(url))


def test_nothing_is_done_when_it_is_no_longer_known_what_was_found(
    reader: Client, mailbox: Mailbox, twins: dict[str, int]
) -> None:
    for address in ("q=jamais", "q=mus%C3%A9e&in=here&folder=INBOX", "", "q=" + "x" * 5000):
        data = {"verb": "trash", "all": "1", "found": address}
        assert reader.post("/mail/INBOX/act/", data, headers=HTMX).status_code == 422
    assert mailbox.uids("Trash") == []


# --- what is asked ---


def test_what_was_not_understood_is_said(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("Musée"))
    answer = found(reader, "avant:jamais musée")
    assert subjects(answer) == ["Musée"]
    assert "avant:jamais" in page(answer).split("found-words")[1]
    assert subjects(found(reader, "avant:jamais")) == []


def test_two_megabytes_are_refused_in_words(reader: Client, mailbox: Mailbox) -> None:
    reader.get("/search/")
    before = commands_sent()
    answer = found(reader, "x" * 2_000_000, HTMX)
    assert answer.status_code == 422
    assert commands_sent() == before
    assert "banner warn" in page(answer)
    assert found(reader, "x" * 2_000_000).status_code == 422
    assert found(reader, "x" * 1000).status_code == 200


@pytest.mark.parametrize(
    "text",
    ["x\r\nA1 DELETE INBOX\r\n", 'a" ALL', "{3}", "été\r\n\0", "\\", '"', "(((", "OR", "-" * 900],
)
def test_no_text_is_a_command(reader: Client, mailbox: Mailbox, text: str) -> None:
    mailbox.append(letter("Musée"))
    assert found(reader, text).status_code == 200
    assert subjects(found(reader, "musée")) == ["Musée"]


def test_the_form_writes_the_line(reader: Client, mailbox: Mailbox) -> None:
    asked = {
        "words": "sortie",
        "without": "urgent",
        "sender": "Bob Petit",
        "recipient": "claire",
        "subject": "",
        "since": "2026-09-01",
        "before": "",
        "larger": "5",
        "attachment": "on",
        "unread": "on",
        "in": "below",
        "folder": "INBOX",
    }
    answer = reader.get(f"/search/?{urlencode(asked)}")
    assert answer.status_code == 302
    line = 'sortie -urgent de:"Bob Petit" à:claire depuis:01/09/2026 taille>5M a:pièce nonlu'
    assert (
        answer["Location"] == f"/search/?{urlencode({'q': line, 'in': 'below', 'folder': 'INBOX'})}"
    )
    assert 'value="sortie -urgent de:' in page(reader.get(answer["Location"]))
    refined = reader.get(answer["Location"] + "&refine=1")
    assert 'name="words" value="sortie -urgent' in page(refined)


def test_a_mistake_in_the_form_is_said_beside_it(reader: Client, mailbox: Mailbox) -> None:
    answer = reader.get("/search/?words=sortie&since=jamais")
    assert answer.status_code == 422
    assert 'id="id_since_error"' in page(answer)
    assert 'value="sortie"' in page(answer)


def test_an_empty_search_is_the_page_with_the_form(reader: Client, mailbox: Mailbox) -> None:
    assert 'class="asking-form"' in page(reader.get("/search/?q="))
    assert reader.get("/search/?q=", headers=HTMX)["HX-Redirect"] == "/search/?q="


# --- people and searches of before ---


@pytest.fixture
def claire(reader: Client) -> None:
    owner = User.objects.get(login="alice")
    contacts.create(
        owner,
        ContactData(display_name="Claire Morvan", emails=(Email("cm@ac-exemple.fr"),)),
    )


def test_contacts_with_the_words_stand_beside_the_messages(
    reader: Client, mailbox: Mailbox, claire: None
) -> None:
    assert "Claire Morvan" in words(found(reader, "morvan"))
    assert "found-people" not in page(found(reader, "de:morvan"))


def test_people_are_suggested_while_one_types(reader: Client, claire: None) -> None:
    def suggested(text: str) -> list[str]:
        answer = reader.get(f"/search/suggestions/?{urlencode({'q': text})}")
        return [unescape(one) for one in re.findall(r'data-text="([^"]*)"', page(answer))]

    assert suggested("sortie de:mor") == ["sortie de:cm@ac-exemple.fr"]
    assert suggested("à:claire") == ["à:cm@ac-exemple.fr"]
    assert suggested("claire") == ["de:cm@ac-exemple.fr"]
    assert suggested("objet:claire") == []
    assert suggested("c") == []
    assert "Claire Morvan" in page(reader.get("/search/suggestions/?q=claire"))
    moreau = groups.create(User.objects.get(login="alice"), "Moreau")
    groups.add(moreau, Contact.objects.values_list("pk", flat=True))
    assert suggested("de:mor") == ["de:cm@ac-exemple.fr"], "nobody searches for a group"


def test_whom_one_writes_to_is_suggested_before_others(reader: Client, claire: None) -> None:
    owner = User.objects.get(login="alice")
    collected.record(owner, [("Zoé Morel", "zoe@x.example")])
    answer = page(reader.get("/search/suggestions/?q=mor"))
    assert re.findall(r'data-text="([^"]*)"', answer) == [
        "de:zoe@x.example",
        "de:cm@ac-exemple.fr",
    ]


def recent(answer: Any) -> list[str]:
    part = page(answer).partition('id="recent-title"')[2].partition("</section>")[0]
    return [unescape(one) for one in re.findall(r'<span class="clip">(.*?)</span>', part)]


def test_recent_searches_are_kept_and_removed(reader: Client, mailbox: Mailbox) -> None:
    for text in ("musée", "de:<b>", "musée"):
        found(reader, text)
    assert recent(reader.get("/search/")) == ["de:<b>", "musée"] or recent(
        reader.get("/search/")
    ) == ["musée", "de:<b>"]
    assert "musée" in page(reader.get("/search/suggestions/?q="))
    fetched = {"X-Requested-With": "fetch"}
    assert reader.post("/search/recent/", {"text": "mus"}, headers=fetched).status_code == 204
    assert len(recent(reader.get("/search/"))) == 2
    reader.post("/search/recent/", {"text": "musée"})
    assert recent(reader.get("/search/")) == ["de:<b>"]
    reader.post("/search/recent/")
    assert recent(reader.get("/search/")) == []


def test_a_shared_computer_keeps_none(
    signed_in: Callable[..., Client], alice: MailAccount, mailbox: Mailbox
) -> None:
    RecentSearch.objects.all().delete()
    reader = signed_in(alice, shared_computer="on")
    found(reader, "musée")
    assert not RecentSearch.objects.exists()
    RecentSearch.objects.note(User.objects.get(login="alice"), "d’avant")
    assert recent(reader.get("/search/")) == []
    assert "d’avant" not in page(reader.get("/search/suggestions/?q="))


def test_a_tag_is_found_by_the_name_that_a_person_gave_it(reader: Client, mailbox: Mailbox) -> None:
    reader.post("/tags/", {"name": "Conseil de classe", "colour": "2"})
    (keyword,) = Tag.objects.values_list("keyword", flat=True)
    mailbox.append(letter("Bulletins"), flags=[keyword])
    mailbox.append(letter("Réunion"))
    answer = found(reader, 'étiquette:"conseil de classe"')
    assert subjects(answer) == ["Bulletins"]
    assert '<span class="tag h2">Conseil de classe</span>' in page(answer)
    assert subjects(found(reader, "étiquette:inconnue")) == []


# --- what it costs ---


def test_what_a_search_costs(
    reader: Client, mailbox: Mailbox, django_assert_max_num_queries: Any
) -> None:
    mailbox.create_folder("4e B")
    for n in range(20):
        mailbox.append(letter(f"Musée {n}"), "4e B" if n % 4 == 0 else "INBOX", date=day(n + 1))
        mailbox.create_folder(f"Vide {n}")  # empty folders cost nothing
    reader.get("/search/")
    here = {"folder": "INBOX", "in": "here"}
    costs = {
        # LIST; SELECT and SEARCH, FETCH of the dates, in two folders; SELECT, FETCH of the flags
        # and of the rows
        "everywhere": (lambda: found(reader, "musée"), 13, 8),
        "everywhere again": (lambda: found(reader, "musée"), 5, 4),
        # The rows are known by now: NOOP or SELECT, SEARCH, FETCH of the flags
        "here, by htmx": (lambda: found(reader, "musée", HTMX, **here), 3, 7),
        "here again": (lambda: found(reader, "musée", HTMX, **here), 2, 3),
        "suggestions": (lambda: reader.get("/search/suggestions/?q=de:mor"), 0, 12),
        "the form": (lambda: reader.get("/search/"), 1, 5),
    }
    measured = {}
    for name, (ask, _cost, queries) in costs.items():
        before = commands_sent()
        with django_assert_max_num_queries(queries):
            assert ask().status_code == 200
        measured[name] = commands_sent() - before
    assert measured == {name: cost for name, (_ask, cost, _queries) in costs.items()}


# --- servers that are slow, hang up, or know little ---

LISTED = ok(b'* LIST () "/" INBOX\r\n* LIST () "/" Sent\r\n')
FOLDERS = ("LIST", LISTED)
STATUS = ("STATUS", ok(b"* STATUS INBOX (MESSAGES 3 UNSEEN 1)\r\n"))
STATUS_SENT = ("STATUS", ok(b"* STATUS Sent (MESSAGES 3 UNSEEN 0)\r\n"))


def test_a_server_that_takes_too_long_is_left_and_the_page_says_where_to_go_on(
    reader: Client, imap_moved: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results_page, "PATIENCE", 0.3)
    stalls = imap_script(
        FOLDERS, STATUS, STATUS_SENT, ("SELECT", selected()), ("UID SEARCH", STALL)
    )
    with ScriptedServer(stalls) as server:
        imap_moved(server.port)
        answer = found(reader, "sortie")
        session.pool().close_all()
    assert answer.status_code == 200
    assert "found-rest" in page(answer)
    assert "at=INBOX" in page(answer) and "span=250" in page(answer)
    assert 'hx-trigger="load"' not in page(answer)


def test_a_server_that_hangs_up_is_said_to_have(
    reader: Client, imap_moved: Callable[[int], None]
) -> None:
    hangs_up = imap_script(
        FOLDERS, STATUS, STATUS_SENT, ("SELECT", selected()), ("UID SEARCH", CLOSE)
    )
    again = imap_script(("SELECT", selected()), ("UID SEARCH", CLOSE))
    with ScriptedServer(hangs_up, again) as server:
        imap_moved(server.port)
        answer = found(reader, "sortie")
        session.pool().close_all()
    assert answer.status_code == 200
    assert "found-words" in page(answer) and "at=INBOX" in page(answer)


def test_a_server_of_ascii_alone_is_said_to_be(
    reader: Client, imap_moved: Callable[[int], None]
) -> None:
    script = imap_script(
        ("SELECT", selected()),
        ("UID SEARCH CHARSET UTF-8", no(b"[BADCHARSET] only ASCII")),
        ('UID SEARCH UNDELETED TEXT "musee"', ok(b"* SEARCH\r\n")),
        capabilities="IMAP4rev1",
    )
    with ScriptedServer(script) as server:
        imap_moved(server.port)
        answer = found(reader, "musée", HTMX, folder="INBOX", **{"in": "here"})
        session.pool().close_all()
    assert answer.status_code == 200
    assert "found-words" in page(answer)


def test_who_searched_everywhere_is_not_told_to(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("Sortie"))
    told = "cherchez partout"
    assert told in words(found(reader, "musée", **{"in": "here", "folder": "INBOX"}))
    assert told not in words(found(reader, "musée", **{"in": "all", "folder": "INBOX"}))


def test_a_folder_without_a_hit_leads_to_all_the_others(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("Sortie au musée"))
    mailbox.create_folder("Zoo")
    answer = found(reader, "musée", **{"in": "here", "folder": "Zoo"})
    everywhere = link(answer, r'<a class="btn tonal" href="([^"]*)"[^>]*data-everywhere')
    assert subjects(reader.get(everywhere)) == ["Sortie au musée"]


def tries(answer: Any) -> dict[str, str]:
    """The addresses of what is offered where nothing was found, by their words."""
    block = page(answer).partition('<div class="nothing">')[2]
    found_links = re.findall(r'<a class="chip" href="([^"]*)"[^>]*><span[^>]*>(.*?)</span>', block)
    return {unescape(label): unescape(url) for url, label in found_links}


def test_where_nothing_is_found_it_is_said_where_and_how_it_was_searched(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(letter("Sortie"))
    mailbox.create_folder("Zoo")
    mailbox.append(letter("Singes"), "Zoo")
    said = words(found(reader, "girafe de:martin taille>abc", **{"in": "here", "folder": "Zoo"}))
    assert "La recherche a porté sur « Zoo »." in said.replace("\xa0", " ")
    assert "girafe de:martin" in said
    assert "taille>abc" in said
    everywhere = words(found(reader, "girafe"))
    assert "La recherche a porté sur 2 dossiers." in everywhere.replace("\xa0", " ")
    assert "sans distinction d’accents ni de majuscules" in everywhere


def test_each_next_try_finds_what_it_says(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("Sortie", "Rendez-vous au zoo."))
    offered = tries(found(reader, '"zoo sortie"'))
    assert subjects(reader.get(offered["Sans les guillemets"])) == ["Sortie"]
    offered = tries(found(reader, "objet:zoo"))
    (wider,) = offered.values()
    assert subjects(reader.get(wider)) == ["Sortie"]
    offered = tries(found(reader, "zoo girafe"))
    assert subjects(reader.get(offered["Seulement zoo"])) == ["Sortie"]
    offered = tries(found(reader, "zoo girafe sortie"))
    assert subjects(reader.get(offered["Sans girafe"])) == ["Sortie"]
    mailbox.create_folder("4e B")
    mailbox.append(letter("Autre"), "4e B")
    offered = tries(found(reader, "zoo dossier:4e"))
    assert subjects(reader.get(offered["Dans tous les dossiers"])) == ["Sortie"]


def test_on_a_telephone_the_open_folder_can_be_searched_too(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.create_folder("4e B")
    for folder in ("4e B", "INBOX"):
        mailbox.append(letter(f"Sortie {folder}"), folder)
    form = reader.get(
        link(reader.get("/mail/4e%20B/"), r'class="btn icon to-search" href="([^"]*)')
    )
    assert '<input type="hidden" name="folder" value="4e B">' in page(form)
    here = link(found(reader, "sortie", folder="4e B"), r'href="([^"]*in=here[^"]*)" hx-get')
    assert subjects(reader.get(here)) == ["Sortie 4e B"]


# --- in another order, for less, and again ---


def tools(answer: Any) -> dict[str, str]:
    """The links above the rows: order and narrowing, by their words."""
    above = page(answer).split('id="message-list"')[1].split('id="rows"')[0]
    pairs = re.findall(r'(?s)<a (?:class="chip" )?href="([^"]*)"[^>]*>(.*?)</a>', above)
    return {
        " ".join(re.sub(r"(?s)<svg.*?</svg>|<[^>]*>", " ", text).split()): unescape(url)
        for url, text in pairs
    }


@pytest.fixture
def some(mailbox: Mailbox) -> None:
    mailbox.append(
        letter("Re: Musée b", "x" * 500, sender="Ali <a@x.fr>"), date=day(1), flags=["\\Seen"]
    )
    mailbox.append(letter("Musée c", sender="Zoé <z@x.fr>"), date=day(2))
    mailbox.create_folder("4e B")
    files = (("a.pdf", "a/b", b"x" * 9000),)
    mailbox.append(letter("Musée a", sender="Mia <m@x.fr>", files=files), "4e B", date=day(3))


def test_what_was_found_is_shown_in_another_order(reader: Client, some: None) -> None:
    answer = found(reader, "musée")
    assert subjects(answer) == ["Musée a", "Musée c", "Re: Musée b"]
    expected = {
        "Plus anciens d’abord": ["Re: Musée b", "Musée c", "Musée a"],
        "Expéditeur": ["Re: Musée b", "Musée a", "Musée c"],
        "Objet": ["Musée a", "Re: Musée b", "Musée c"],
        "Plus gros d’abord": ["Musée a", "Re: Musée b", "Musée c"],
    }
    for label, order in expected.items():
        sorted_ = reader.get(tools(answer)[label])
        assert subjects(sorted_) == order, label
    last = reader.get(tools(answer)["Objet"])
    url = unescape(re.findall(r'<li class="row.*?<a href="([^"]*)"', page(last), re.DOTALL)[0])
    opened = reader.get(url)
    assert "sort=subject" in url and subjects(opened) == expected["Objet"]


def test_too_many_are_sorted_by_date_alone(
    reader: Client, some: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mail.mailbox.search.MOST_SORTED", 2)
    monkeypatch.setattr("webmail.presentation.results.MOST_SORTED", 2)
    answer = found(reader, "musée", sort="subject")
    assert "Objet" not in tools(answer) and "Plus anciens d’abord" in tools(answer)
    assert subjects(answer) == ["Musée a", "Musée c", "Re: Musée b"]


def test_what_was_found_is_narrowed_by_links_that_change_the_words(
    reader: Client, some: None
) -> None:
    answer = found(reader, "musée")
    unread = reader.get(tools(answer)["Non lus"])
    assert subjects(unread) == ["Musée a", "Musée c"]
    assert 'value="musée nonlu"' in page(unread)
    both = reader.get(tools(unread)["Avec pièce jointe"])
    assert subjects(both) == ["Musée a"]
    back = reader.get(tools(both)["Non lus"])
    assert subjects(back) == ["Musée a"] and 'value="musée a:pièce"' in page(back)


def test_mail_to_oneself_is_mail_to_any_of_ones_addresses(reader: Client, mailbox: Mailbox) -> None:
    user = User.objects.get(login="alice")
    Identity.objects.create(
        user=user, address="direction@x.fr", source=Identity.Source.ADMINISTRATOR
    )
    mailbox.append(letter("À elle"), date=day(1))
    mailbox.append(letter("À la direction", to="direction@x.fr"), date=day(2))
    mailbox.append(letter("En copie", to="b@x.fr", cc="Direction@x.fr"), date=day(3))
    mailbox.append(letter("Aux autres", to="b@x.fr"), date=day(4))
    for text in ("à:moi", "to:me"):
        assert subjects(found(reader, text)) == ["En copie", "À la direction", "À elle"]
    assert subjects(found(reader, "-à:moi")) == ["Aux autres"]


def test_a_plural_finds_the_singular_and_the_reverse(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("La réunion"), date=day(1))
    mailbox.append(letter("Les réunions"), date=day(2))
    mailbox.append(letter("Le journal"), date=day(3))
    mailbox.append(letter("Les journaux"), date=day(4))
    for text in ("réunions", "reunions", "réunion"):
        assert subjects(found(reader, f"objet:{text}")) == ["Les réunions", "La réunion"]
    for text in ("journal", "journaux"):
        assert subjects(found(reader, f"objet:{text}")) == ["Les journaux", "Le journal"]
    assert subjects(found(reader, 'objet:"réunions"')) == ["Les réunions"]
    assert "La <mark>réunion</mark>" in page(found(reader, "objet:réunions"))


def save(reader: Client, name: str, q: str = "musée", **more: str) -> Any:
    return reader.post("/search/save/", {"name": name, "q": q, **more}, follow=True)


def test_a_search_is_saved_found_again_and_removed(reader: Client, some: None) -> None:
    answer = save(reader, " Sorties  4e ", folder="4e B", **{"in": "here"})
    assert "« Sorties 4e »" in words(answer).replace("\xa0", " ")
    assert subjects(answer) == ["Musée a"]
    form = page(reader.get("/search/"))
    (url,) = re.findall(r'<a href="([^"]*folder=4e[^"]*)"', form.split('id="saved-title"')[1])
    assert subjects(reader.get(unescape(url))) == ["Musée a"]
    suggested = page(reader.get("/search/suggestions/?q=sort"))
    assert "Sorties 4e" in suggested and f'data-url="{url}"' in suggested
    assert "Sorties" not in page(reader.get("/search/suggestions/?q=autre"))
    saved = SavedSearch.objects.get()
    reader.post(f"/search/saved/{saved.pk}/remove/")
    assert not SavedSearch.objects.exists()


def test_a_name_is_saved_once_and_no_more_than_twenty_are(reader: Client) -> None:
    for number in range(SavedSearch.MOST):
        save(reader, f"n° {number}")
    save(reader, "n° 3", "théâtre")
    assert SavedSearch.objects.get(name="n° 3").text == "théâtre"
    answer = save(reader, "un de trop")
    assert SavedSearch.objects.count() == SavedSearch.MOST
    assert "retirez-en une" in words(answer).lower()
    assert "donnez un nom" in words(save(reader, " \x00 ")).lower()


def test_saved_searches_are_their_owners_alone(
    reader: Client, bob: MailAccount, signed_in: Callable[..., Client]
) -> None:
    save(reader, "La mienne")
    other = signed_in(bob)
    assert "La mienne" not in page(other.get("/search/"))
    assert "La mienne" not in page(other.get("/search/suggestions/?q="))
    saved = SavedSearch.objects.get()
    assert other.post(f"/search/saved/{saved.pk}/remove/").status_code == 404
    save(other, "La mienne", "autre")
    assert SavedSearch.objects.count() == 2
    User.objects.get(login="alice").delete()
    assert list(SavedSearch.objects.values_list("text", flat=True)) == ["autre"]


def test_a_saved_search_follows_its_folder(reader: Client, mailbox: Mailbox, some: None) -> None:
    save(reader, "Là-bas", folder="4e B", **{"in": "here"})
    user = User.objects.get(login="alice")
    SavedSearch.objects.all().of(user).move("4e B", "5e B", "/")
    assert SavedSearch.objects.get().folder == "5e B"


def test_results_show_the_passage_with_what_was_searched_for(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(letter("Sortie", "Bonjour. " + "Rien. " * 60 + "Le musée ouvre à 9 h."))
    content = page(reader.get("/search/?q=musee"))
    (url,) = re.findall(r'data-snippets="([^"]*)"', content)
    (named,) = re.findall(r'data-ref="([^"]*)"', content)
    answer = reader.get(f"{unescape(url)}&{urlencode({'refs': unescape(named)})}")
    (shown,) = answer.json().values()
    assert "Le musée ouvre à 9 h." in shown and not shown.startswith("Bonjour")
