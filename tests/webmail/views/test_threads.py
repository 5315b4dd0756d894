"""A folder by conversations, and one of them opened."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import User
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import commands_sent, letter, page, path, ref, subjects
from webmail.mailbox import threads
from webmail.models import FolderChoice

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
BOB = "Bob Petit <bob@ac-exemple.fr>"


def answer(own: str, to: str = "", subject: str = "Sortie", sender: str = BOB) -> bytes:
    ids = " ".join(f"<{one}@x.fr>" for one in to.split())
    last = ids.split()[-1] if ids else ""
    return letter(
        subject,
        f"Texte de {own}.",
        sender=sender,
        message_id=f"<{own}@x.fr>",
        references=ids,
        in_reply_to=last,
    )


@pytest.fixture
def talk(mailbox: Mailbox) -> list[int]:
    """Three letters of one conversation, two read; another letter came between them."""
    return [
        mailbox.append(answer("a", sender="Zoé <z@x.fr>"), flags=["\\Seen"]),
        mailbox.append(answer("b", "a", "Re: Sortie"), flags=["\\Seen"]),
        mailbox.append(letter("Cantine", message_id="<seul@x.fr>"), flags=["\\Seen"]),
        mailbox.append(answer("c", "a b", "Re: Sortie")),
    ]


def opened(mailbox: Mailbox, uid: int) -> str:
    """The address of a message among those of its conversation."""
    return path(mailbox, uid, "?threads=1")


def rows(content: str) -> list[str]:
    return re.findall(r'(?s)<li class="row.*?</button>.*?(?=<li class="row|</ul>)', content)


def test_a_folder_is_shown_by_conversations_and_that_is_remembered(
    reader: Client, mailbox: Mailbox, talk: list[int]
) -> None:
    for url in ("/mail/INBOX/?threads=1", "/mail/INBOX/"):
        answered = reader.get(url)
        assert subjects(answered) == ["Sortie", "Cantine"]
        first, second = rows(page(answered))
        assert "is-new" in first.split(">")[0]
        assert re.search(r'class="how-many">.*?3</span> Bob Petit, Zoé</span>', first)
        assert f'id="row-{ref(mailbox, talk[3])}"' in first
        assert 'class="members"' in first
        assert 'class="members"' not in second
        members = first.split('<details class="members"')[1]
        links = re.findall(r'<a href="([^"]*)" hx-get="([^"]*)">', members)
        assert links == [(opened(mailbox, uid),) * 2 for uid in (talk[0], talk[1], talk[3])]
    assert subjects(reader.get("/mail/INBOX/?sort=arrival")) == [
        "Re: Sortie",
        "Cantine",
        "Re: Sortie",
        "Sortie",
    ]
    assert len(subjects(reader.get("/mail/INBOX/"))) == 4


def test_a_list_by_conversations_takes_five_commands_and_four_once_seen(
    reader: Client, talk: list[int]
) -> None:
    reader.get("/mail/Sent/")
    for commands in (6, 5):  # NOOP or SELECT, THREAD or SEARCH, flags, rows, LIST
        before = commands_sent()
        reader.get("/mail/INBOX/?threads=1")
        assert commands_sent() - before <= commands
        reader.get("/mail/Sent/")


def test_its_links_keep_to_conversations_and_the_orders_leave_them(
    reader: Client, talk: list[int]
) -> None:
    content = page(reader.get("/mail/INBOX/?threads=1&only=unread"))
    tools = content.split('class="list-tools"')[1].split('id="rows"')[0]
    links = re.findall(r'<a href="([^"]*)"', tools)
    kept = [link for link in links if "threads=1" in link]
    left = [link for link in links if "threads=1" not in link]
    assert "/mail/INBOX/?threads=1&amp;only=flagged" in kept
    assert "/mail/INBOX/?threads=1&amp;up=1&amp;only=unread" in kept
    assert left and all("sort=" in link for link in left)


def test_picking_a_conversation_picks_its_messages_but_not_what_came_since(
    reader: Client, mailbox: Mailbox, talk: list[int]
) -> None:
    content = page(reader.get("/mail/INBOX/?threads=1"))
    form = content.split('id="act-form"')[1].split("</form>")[0]
    assert '<input type="hidden" name="threads" value="1">' in form
    came = mailbox.append(answer("d", "a b c"))
    data = {"verb": "trash", "refs": [ref(mailbox, talk[3])], "threads": "1"}
    assert reader.post("/mail/INBOX/act/", data).status_code == 302
    assert mailbox.uids() == [talk[2], came]
    assert len(mailbox.uids("Trash")) == 3


def test_too_slow_a_server_is_said_and_leads_to_the_messages_one_by_one(
    reader: Client, talk: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "SECONDS_TO_THREAD", -1.0)
    answered = reader.get("/mail/INBOX/?threads=1")
    assert answered.status_code == 503
    assert '<a href="?sort=arrival">' in page(answered)
    assert len(subjects(reader.get("/mail/INBOX/?sort=arrival"))) == 4


def test_conversations_of_one_person_are_not_anothers(
    reader: Client, talk: list[int], django_user_model: type[User]
) -> None:
    reader.get("/mail/INBOX/?threads=1")
    other = django_user_model.objects.create(login="bob", address="bob@x.fr")
    assert FolderChoice.objects.order_of(other, "INBOX") == ("arrival", False, False)


# --- opened ---


def lines(content: str) -> list[str]:
    return re.findall(r'class="talk-line" href="([^"]*)"', content)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_an_opened_message_stands_among_those_of_its_conversation_and_ones_answers(
    reader: Client, mailbox: Mailbox, talk: list[int], headers: dict[str, str]
) -> None:
    own = mailbox.append(answer("own", "a b", "Re: Sortie"), "Sent", flags=["\\Seen"])
    mailbox.append(letter("Autre", message_id="<autre@x.fr>"), "Sent")
    content = page(reader.get(opened(mailbox, talk[1]), headers=headers))
    before, after = content.split('<article class="letter">')
    assert lines(before) == [opened(mailbox, talk[0])]
    assert lines(after) == [opened(mailbox, talk[3]), path(mailbox, own, folder="Sent")]


def test_the_unread_ones_are_open_and_read_by_that(
    reader: Client, mailbox: Mailbox, talk: list[int]
) -> None:
    content = page(reader.get(opened(mailbox, talk[0])))
    assert content.count('class="talk-body"') == 1
    assert "Texte de c." in content
    assert "Texte de b." not in content
    assert "\\Seen" in mailbox.flags(talk[3])


def test_a_message_is_opened_alone_where_its_address_says_no_more(
    reader: Client, mailbox: Mailbox, talk: list[int]
) -> None:
    assert lines(page(reader.get(path(mailbox, talk[1])))) == []
    assert lines(page(reader.get(opened(mailbox, talk[2])))) == []


def test_ones_answers_are_looked_for_no_longer_than_a_time_and_the_message_is_shown(
    reader: Client, mailbox: Mailbox, talk: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "SECONDS_TO_SEARCH", -1.0)
    content = page(reader.get(opened(mailbox, talk[1])))
    assert "Texte de b." in content
    assert lines(content) == [opened(mailbox, talk[0]), opened(mailbox, talk[3])]


def test_a_conversation_is_opened_with_few_commands(
    reader: Client, mailbox: Mailbox, talk: list[int]
) -> None:
    mailbox.append(answer("own", "a b", "Re: Sortie"), "Sent", flags=["\\Seen"])
    reader.get(opened(mailbox, talk[3]), headers=HTMX)
    before = commands_sent()
    reader.get(opened(mailbox, talk[3]), headers=HTMX)
    # SELECT, the message and its text, LIST; what came, flags, their ids; SELECT, SEARCH, flags.
    assert commands_sent() - before == 10
