"""A folder by conversations, and one of them opened."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from django.test import Client

from accounts.models import User
from demo.servers.dovecot import MailAccount
from mail.mailbox import threads
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import commands_sent, letter, page, path, ref, subjects
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
def conversation(mailbox: Mailbox) -> list[int]:
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
    reader: Client, mailbox: Mailbox, conversation: list[int]
) -> None:
    for url in ("/mail/INBOX/?threads=1", "/mail/INBOX/"):
        answered = reader.get(url)
        assert subjects(answered) == ["Sortie", "Cantine"]
        first, second = rows(page(answered))
        assert "is-new" in first.split(">")[0]
        assert re.search(r'class="how-many">.*?3</span> Bob Petit, Zoé</span>', first)
        assert f'id="row-{ref(mailbox, conversation[3])}"' in first
        assert 'class="members"' in first
        assert 'class="members"' not in second
        members = first.split('<details class="members"')[1]
        links = re.findall(r'<a href="([^"]*)" hx-get="([^"]*)">', members)
        assert links == [
            (opened(mailbox, uid),) * 2
            for uid in (conversation[0], conversation[1], conversation[3])
        ]
    assert subjects(reader.get("/mail/INBOX/?sort=arrival")) == [
        "Re: Sortie",
        "Cantine",
        "Re: Sortie",
        "Sortie",
    ]
    assert len(subjects(reader.get("/mail/INBOX/"))) == 4


def test_a_list_by_conversations_takes_five_commands_and_four_once_seen(
    reader: Client, conversation: list[int]
) -> None:
    reader.get("/mail/Sent/")
    reader.get("/mail/INBOX/?sort=arrival")  # the session asks once whether the dates rise
    reader.get("/mail/Sent/")
    for commands in (6, 5):  # NOOP or SELECT, THREAD or SEARCH, flags, rows, LIST
        before = commands_sent()
        reader.get("/mail/INBOX/?threads=1")
        assert commands_sent() - before <= commands
        reader.get("/mail/Sent/")


def test_its_links_keep_to_conversations_and_the_orders_leave_them(
    reader: Client, conversation: list[int]
) -> None:
    content = page(reader.get("/mail/INBOX/?threads=1&only=unread"))
    tools = content.split('class="list-tools"')[1].split('class="btn icon" title')[0]
    links = re.findall(r'<a href="([^"]*)"', tools)
    kept = [link for link in links if "threads=1" in link]
    left = [link for link in links if "threads=1" not in link]
    assert "/mail/INBOX/?threads=1&amp;only=flagged" in kept
    assert "/mail/INBOX/?threads=1&amp;up=1&amp;only=unread" in kept
    assert left and all("sort=" in link for link in left)


def test_picking_a_conversation_picks_its_messages_but_not_what_came_since(
    reader: Client, mailbox: Mailbox, conversation: list[int]
) -> None:
    content = page(reader.get("/mail/INBOX/?threads=1"))
    form = content.split('id="act-form"')[1].split("</form>")[0]
    assert '<input type="hidden" name="threads" value="1">' in form
    came = mailbox.append(answer("d", "a b c"))
    data = {"verb": "trash", "refs": [ref(mailbox, conversation[3])], "threads": "1"}
    assert reader.post("/mail/INBOX/act/", data).status_code == 302
    assert mailbox.uids() == [conversation[2], came]
    assert len(mailbox.uids("Trash")) == 3


@pytest.mark.parametrize("verb", ["trash", "flag"])
def test_of_a_conversation_only_the_row_on_the_page_is_renewed(
    reader: Client, mailbox: Mailbox, conversation: list[int], verb: str
) -> None:
    """Each part that the page has no place for is an error in its console."""
    reader.get("/mail/INBOX/?threads=1")
    shown = ref(mailbox, conversation[3])
    data = {"verb": verb, "refs": [shown], "threads": "1"}
    answered = page(reader.post("/mail/INBOX/act/", data, headers=HTMX))
    named = [ref(mailbox, uid) for uid in conversation if f'{ref(mailbox, uid)}"' in answered]
    assert named == [shown]


@pytest.mark.parametrize(
    ("site", "is_kept"), [("same-origin", True), ("", True), ("none", False), ("cross-site", False)]
)
def test_only_a_page_of_the_webmail_changes_what_a_folder_is_shown_by(
    reader: Client, conversation: list[int], site: str, is_kept: bool
) -> None:
    """A link from elsewhere shows what it asks for, and the next visit is as before."""
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"} if site else {}
    assert len(subjects(reader.get("/mail/INBOX/?threads=1", headers=headers))) == 2
    assert len(subjects(reader.get("/mail/INBOX/"))) == (2 if is_kept else 4)


def test_too_slow_a_server_is_said_and_leads_to_the_messages_one_by_one(
    reader: Client, conversation: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "SECONDS_TO_THREAD", -1.0)
    answered = reader.get("/mail/INBOX/?threads=1")
    assert answered.status_code == 503
    assert '<a href="?sort=arrival">' in page(answered)
    assert len(subjects(reader.get("/mail/INBOX/?sort=arrival"))) == 4


def test_conversations_of_one_person_are_not_anothers(
    reader: Client, conversation: list[int], django_user_model: type[User]
) -> None:
    reader.get("/mail/INBOX/?threads=1")
    other = django_user_model.objects.create(login="bob", address="bob@x.fr")
    assert FolderChoice.objects.order_of(other, "INBOX") == ("arrival", False, False)


# --- opened ---


def lines(content: str) -> list[str]:
    """The other messages of the conversation, as its cards name them."""
    return re.findall(r'<li id="card-([^"]*)"', content)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_an_opened_message_stands_among_those_of_its_conversation_and_ones_answers(
    reader: Client, mailbox: Mailbox, conversation: list[int], headers: dict[str, str]
) -> None:
    own = mailbox.append(answer("own", "a b", "Re: Sortie"), "Sent", flags=["\\Seen"])
    mailbox.append(letter("Autre", message_id="<autre@x.fr>"), "Sent")
    content = page(reader.get(opened(mailbox, conversation[1]), headers=headers))
    before, after = content.split('<article class="message"')
    assert lines(before) == [ref(mailbox, conversation[0])]
    assert lines(after) == [ref(mailbox, conversation[3]), f"Sent/{ref(mailbox, own, 'Sent')}"]


def test_the_unread_ones_are_open_and_read_by_that(
    reader: Client, mailbox: Mailbox, conversation: list[int]
) -> None:
    content = page(reader.get(opened(mailbox, conversation[0])))
    (body,) = re.findall(r'(?s)class="conversation-body".*?</form>', content)
    assert "Texte de c." in body
    assert '<span class="conversation-snippet clip">Texte de b.</span>' in content
    assert "\\Seen" in mailbox.flags(conversation[3])


def test_a_message_is_opened_alone_where_its_address_says_no_more(
    reader: Client, mailbox: Mailbox, conversation: list[int]
) -> None:
    assert lines(page(reader.get(path(mailbox, conversation[1])))) == []
    assert lines(page(reader.get(opened(mailbox, conversation[2])))) == []


def test_ones_answers_are_looked_for_no_longer_than_a_time_and_the_message_is_shown(
    reader: Client, mailbox: Mailbox, conversation: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "SECONDS_TO_SEARCH", -1.0)
    content = page(reader.get(opened(mailbox, conversation[1])))
    assert "Texte de b." in content
    assert lines(content) == [ref(mailbox, conversation[0]), ref(mailbox, conversation[3])]


def test_a_conversation_is_opened_with_few_commands(
    reader: Client, mailbox: Mailbox, conversation: list[int]
) -> None:
    mailbox.append(answer("own", "a b", "Re: Sortie"), "Sent", flags=["\\Seen"])
    reader.get(opened(mailbox, conversation[3]), headers=HTMX)
    before = commands_sent()
    reader.get(opened(mailbox, conversation[3]), headers=HTMX)
    # SELECT, the message and its text, LIST; what came, flags, their ids; SELECT, SEARCH, flags.
    assert commands_sent() - before == 10


def test_a_conversation_of_thirty_is_opened_with_as_few_commands(
    reader: Client, mailbox: Mailbox
) -> None:
    names = [f"m{number}" for number in range(30)]
    uids = [
        mailbox.append(answer(name, " ".join(names[:number][-3:])), flags=["\\Seen"])
        for number, name in enumerate(names)
    ]
    counts = []
    for uid in (uids[-1], uids[-1], uids[0]):
        before = commands_sent()
        content = page(reader.get(opened(mailbox, uid), headers=HTMX))
        counts.append(commands_sent() - before)
        assert content.count('class="conversation-card"') == 29
    # The first asks for THREAD, all rows and how they begin; from the oldest, the last one is open.
    assert counts[0] <= 13 and counts[1] <= 10 and counts[2] <= 12
    assert content.count('class="conversation-body"') == 1 and "Texte de m29." in content
    assert "Texte de m5." in content  # how it begins, in its folded card


def test_a_folded_card_is_a_link_and_reads_its_message_once_it_is_unfolded(
    reader: Client, mailbox: Mailbox, conversation: list[int]
) -> None:
    reader.get(opened(mailbox, conversation[3]))
    mailbox.set_flags(conversation[0], [])
    url = path(mailbox, conversation[0], "card/")
    alone = reader.get(url)
    assert (alone.status_code, alone["Location"]) == (302, opened(mailbox, conversation[0]))
    assert "\\Seen" not in mailbox.flags(conversation[0])
    content = page(reader.get(f"{url}?unread=1", headers=HTMX))
    assert "Texte de a." in content and 'hx-swap-oob="true"' in content  # the counts
    assert f'name="refs" value="{ref(mailbox, conversation[0])}"' in content
    assert "\\Seen" in mailbox.flags(conversation[0])


def test_an_unfolded_card_warns_of_a_file_that_is_a_program(
    reader: Client, mailbox: Mailbox
) -> None:
    message = EmailMessage()
    message["Subject"], message["From"] = "Facture", BOB
    message.set_content("Ci-joint.")
    message.add_attachment(b"MZ", "application", "octet-stream", filename="facture.exe")
    uid = mailbox.append(message.as_bytes())
    content = page(reader.get(path(mailbox, uid, "card/"), headers=HTMX))
    assert "facture.exe" in content and "Programme\N{NO-BREAK SPACE}: dangereux à ouvrir" in content


def test_no_more_than_ten_unread_messages_are_open_and_the_others_stay_unread(
    reader: Client, mailbox: Mailbox
) -> None:
    names = [f"m{number}" for number in range(14)]
    uids = [
        mailbox.append(answer(name, names[0] if number else ""))
        for number, name in enumerate(names)
    ]
    content = page(reader.get(opened(mailbox, uids[-1])))
    assert content.count('class="conversation-body"') == 10
    assert content.count("is-unread") == 3
    unread = [uid for uid in uids if "\\Seen" not in mailbox.flags(uid)]
    assert unread == uids[10:13]  # it is read from its first unread message on
    content = page(reader.get(opened(mailbox, uids[0])))
    assert content.count('class="conversation-body"') == 4
    assert "\\Seen" in mailbox.flags(uids[12])


def test_a_row_of_folded_messages_stands_behind_one_line(reader: Client, mailbox: Mailbox) -> None:
    """The first message of a conversation stays, and so do up to three together."""
    names = [f"m{number}" for number in range(30)]
    uids = [
        mailbox.append(answer(name, names[0] if number else ""), flags=["\\Seen"])
        for number, name in enumerate(names)
    ]
    refs = [ref(mailbox, uid) for uid in uids]
    for open_at, tucked, words in (
        (29, refs[1:29], ["28 messages"]),
        (4, refs[5:29], ["24 messages"]),
        (5, refs[1:5] + refs[6:29], ["4 messages", "23 messages"]),
        (27, refs[1:27], ["26 messages"]),
    ):
        content = page(reader.get(opened(mailbox, uids[open_at])))
        assert re.findall(r'<li id="card-([^"]*)" class="is-tucked"', content) == tucked
        run = r'(?s)class="conversation-run">\s*<summary>\s*(.*?)\s*</'
        assert re.findall(run, content) == words
    for uid in uids[2:15]:
        mailbox.set_flags(uid, [])
    content = page(reader.get(opened(mailbox, uids[29])))
    # Ten of the thirteen unread ones are open.
    assert re.findall(r'<li id="card-([^"]*)" class="is-tucked"', content) == refs[12:29]
    assert "17 messages, dont 3 non lus" in content.replace("&nbsp;", " ")


def test_the_list_and_the_reader_count_a_conversation_alike(
    reader: Client, mailbox: Mailbox, conversation: list[int]
) -> None:
    mailbox.append(answer("own", "a b", "Re: Sortie"), "Sent", flags=["\\Seen"])
    content = page(reader.get(opened(mailbox, conversation[3])))
    assert re.search(r'class="how-many">.*?3</span>', content)
    assert "Conversation de 3 messages · 1 réponse envoyée" in content.replace("&nbsp;", " ")


def test_an_own_answer_is_acted_on_in_its_own_folder(
    reader: Client, mailbox: Mailbox, conversation: list[int]
) -> None:
    own = mailbox.append(answer("own", "a b", "Re: Sortie"), "Sent", flags=["\\Seen"])
    content = page(reader.get(opened(mailbox, conversation[3])))
    (url,) = re.findall(r'hx-get="([^"]*/card/[^"]*beside=INBOX)"', content)
    card = page(reader.get(url, headers=HTMX))
    named = f"Sent/{ref(mailbox, own, 'Sent')}"
    assert f'name="refs" value="{named}"' in card and f'id="card-{named}"' in content
    data = {"verb": "trash", "refs": [named], "among": "1"}
    answered = page(reader.post("/mail/INBOX/act/", data, headers=HTMX))
    assert f'<li id="card-{named}" hx-swap-oob="delete">' in answered
    assert mailbox.uids("Sent") == [] and len(mailbox.uids("Trash")) == 1


def test_anothers_card_is_not_found(
    reader: Client,
    mailbox: Mailbox,
    conversation: list[int],
    bob: MailAccount,
    signed_in: Callable[..., Client],
) -> None:
    answered = signed_in(bob).get(path(mailbox, conversation[0], "card/"), headers=HTMX)
    assert answered.status_code in (404, 409)
    assert "Texte de a." not in page(answered)


def test_conversations_are_the_way_of_all_folders_where_a_person_wants_it(
    reader: Client, mailbox: Mailbox, conversation: list[int]
) -> None:
    User.objects.filter(login="alice").update(preferences={"conversations": "on"})
    assert subjects(reader.get("/mail/INBOX/")) == ["Sortie", "Cantine"]
    assert not FolderChoice.objects.exists()
    assert len(subjects(reader.get("/mail/INBOX/?sort=arrival"))) == 4
    assert len(subjects(reader.get("/mail/INBOX/"))) == 4  # chosen for this folder
