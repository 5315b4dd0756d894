"""What one does to messages: marking, moving, and taking it back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import commands_sent, fields, letter, page, path, ref

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ACT = "/mail/INBOX/act/"


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        ("flag", [], {"\\Flagged"}),
        ("unflag", ["\\Flagged", "\\Answered"], {"\\Answered"}),
        ("seen", ["$label1"], {"\\Seen", "$label1"}),
        ("unseen", ["\\Seen", "\\Flagged"], {"\\Flagged"}),
    ],
)
def test_marking_touches_the_chosen_messages_and_one_flag(
    reader: Client, mailbox: Mailbox, verb: str, before: list[str], after: set[str]
) -> None:
    chosen, spared = mailbox.append(letter(), flags=before), mailbox.append(letter(), flags=before)
    answer = reader.post(ACT, {"verb": verb, "refs": [ref(mailbox, chosen)]})
    assert (answer.status_code, answer["Location"]) == (302, "/mail/INBOX/")
    assert mailbox.flags(chosen) == after
    assert mailbox.flags(spared) == set(before)


@pytest.mark.parametrize(
    ("verb", "to", "target"),
    [
        ("trash", "", "Trash"),
        ("archive", "", "Archive"),
        ("junk", "", "Junk"),
        ("move", 'Classes/4e "B"', 'Classes/4e "B"'),
    ],
)
def test_moving_keeps_content_and_flags(
    reader: Client, mailbox: Mailbox, verb: str, to: str, target: str
) -> None:
    mailbox.create_folder('Classes/4e "B"')
    uid = mailbox.append(letter("À ranger"), flags=["\\Flagged"])
    spared = mailbox.append(letter("Reste"))
    content = mailbox.message(uid)
    reader.post(ACT, {"verb": verb, "refs": [ref(mailbox, uid)], "to": to})
    assert mailbox.uids() == [spared]
    assert mailbox.messages(target) == [content]
    assert mailbox.flags(mailbox.uids(target)[0], target) == {"\\Flagged"}


@pytest.mark.parametrize(
    ("verb", "to", "folder"),
    [
        ("trash", "", "Trash"),
        ("archive", "", "Archive"),
        ("junk", "", "Junk"),
        ("move", "INBOX", "INBOX"),
    ],
)
def test_nothing_is_moved_to_where_it_is(
    reader: Client, mailbox: Mailbox, verb: str, to: str, folder: str
) -> None:
    uid = mailbox.append(letter(), folder)
    data = {"verb": verb, "refs": [ref(mailbox, uid, folder)], "to": to}
    answer = reader.post(f"/mail/{folder}/act/", data, headers=HTMX)
    assert answer.status_code == 422
    assert "déjà dans ce dossier" in page(answer)
    assert mailbox.uids(folder) == [uid]


@pytest.mark.parametrize(
    ("verb", "folder"), [("trash", "Trash"), ("archive", "Archive"), ("junk", "Junk")]
)
def test_a_folder_offers_no_move_into_itself(
    reader: Client, mailbox: Mailbox, verb: str, folder: str
) -> None:
    uid = mailbox.append(letter(), folder)
    url = f"/mail/{folder}/{ref(mailbox, uid, folder)}/"
    for shown in (page(reader.get(url)), page(reader.get(url, headers=HTMX))):
        offered = set(re.findall(r'name="verb" value="(trash|archive|junk)"', shown))
        assert offered == {"trash", "archive", "junk"} - {verb}


def test_a_trash_that_is_missing_is_made(reader: Client, mailbox: Mailbox) -> None:
    mailbox.delete_folder("Trash")
    uid = mailbox.append(letter())
    reader.post(ACT, {"verb": "trash", "refs": [ref(mailbox, uid)]})
    assert len(mailbox.uids("Trash")) == 1


@pytest.mark.parametrize("verb", ["trash", "archive", "junk", "move", "unseen"])
def test_the_toast_undoes_it(reader: Client, mailbox: Mailbox, verb: str) -> None:
    mailbox.create_folder("Été/Musée")
    uids = [mailbox.append(letter(f"n° {n}"), flags=["\\Seen"]) for n in (1, 2, 3)]
    refs = [ref(mailbox, uid) for uid in uids[:2]]
    before = sorted(mailbox.messages())
    done = reader.post(ACT, {"verb": verb, "refs": refs, "to": "Été/Musée"}, headers=HTMX)
    assert done.status_code == 200
    assert len(mailbox.uids()) == (3 if verb == "unseen" else 1)
    (url, form) = re.findall(
        r'(?s)<form method="post" action="([^"]*)">(.*?)</form>', page(done).split('id="toast"')[1]
    )[0]
    undo: dict[str, list[str]] = {}
    for name, value in fields(form):
        undo.setdefault(name, []).append(value)
    answer = reader.post(url, undo)
    assert (answer.status_code, answer["Location"]) == (302, "/mail/INBOX/")
    assert sorted(mailbox.messages()) == before
    assert all(mailbox.flags(uid) == {"\\Seen"} for uid in mailbox.uids())


def test_htmx_takes_the_rows_away_and_renews_the_counts(reader: Client, mailbox: Mailbox) -> None:
    uid, other = mailbox.append(letter()), mailbox.append(letter())
    gone = ref(mailbox, uid)
    answer = reader.post(ACT, {"verb": "trash", "refs": [gone], "opened": gone}, headers=HTMX)
    assert f'<li id="row-{gone}" hx-swap-oob="delete">' in page(answer)
    assert 'id="folder-list" hx-swap-oob="true"' in page(answer)
    assert 'id="list-counts" hx-swap-oob="true"' in page(answer)
    assert re.search(r'id="message" hx-swap-oob="true"', page(answer))
    answer = reader.post(
        ACT,
        {"verb": "flag", "refs": [ref(mailbox, other)], "opened": ref(mailbox, other)},
        headers=HTMX,
    )
    assert f'id="flag-{ref(mailbox, other)}" hx-swap-oob="true"' in page(answer)
    assert 'id="open-flag" hx-swap-oob="true"' in page(answer)


@pytest.mark.parametrize(
    "data",
    [
        {"verb": "trash"},
        {"verb": "trash", "refs": []},
        {"verb": "trash", "refs": ["nonsense"]},
        {"verb": "trash", "refs": ["{ref}", "0-1"]},
        {"verb": "trash", "refs": ["{ref}\r\n"]},
        {"verb": "", "refs": ["{ref}"]},
        {"verb": "expunge", "refs": ["{ref}"]},
        {"verb": "move", "refs": ["{ref}"]},
        {"verb": "move", "refs": ["{ref}"], "to": "a\r\nb DELETE INBOX"},
        {"verb": "move", "refs": ["{ref}"], "to": "a\x00b"},
        {"verb": "move", "refs": ["{ref}"], "to": "x" * 5000},
    ],
)
def test_what_makes_no_sense_does_nothing_and_says_so(
    reader: Client, mailbox: Mailbox, data: dict
) -> None:
    uid = mailbox.append(letter())
    named = ref(mailbox, uid)
    data = data | {"refs": [text.replace("{ref}", named) for text in data.get("refs", [])]}
    reader.get("/mail/INBOX/")
    sent = commands_sent()
    notice = reader.post(ACT, data, headers=HTMX)
    assert notice.status_code == 422
    assert 'class="banner warn' in page(notice)
    assert commands_sent() == sent
    answer = reader.post(ACT, data, follow=True)
    assert answer.status_code == 200
    assert 'class="toast"' in page(answer)
    assert (mailbox.uids(), mailbox.flags(uid)) == ([uid], set())


def test_moving_to_a_folder_that_is_gone_is_404_and_moves_nothing(
    reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(letter())
    answer = reader.post(ACT, {"verb": "move", "refs": [ref(mailbox, uid)], "to": "Disparu"})
    assert answer.status_code == 404
    assert mailbox.uids() == [uid]


@pytest.mark.parametrize("verb", ["flag", "unseen", "trash", "archive", "move"])
def test_a_message_that_is_gone_is_404(reader: Client, mailbox: Mailbox, verb: str) -> None:
    mailbox.append(letter())
    named = f"{mailbox.uidvalidity()}-99999"
    answer = reader.post(ACT, {"verb": verb, "refs": [named], "to": "Sent"})
    assert answer.status_code == 404


@pytest.mark.parametrize("verb", ["flag", "seen", "trash", "archive", "junk", "move"])
def test_a_folder_made_anew_is_409_and_nothing_is_done(
    reader: Client, mailbox: Mailbox, verb: str
) -> None:
    uid = mailbox.append(letter())
    other = f"{mailbox.uidvalidity() + 1}-{uid}"
    answer = reader.post(ACT, {"verb": verb, "refs": [other], "to": "Sent"})
    assert answer.status_code == 409
    assert reader.post(ACT, {"verb": verb, "refs": [other]}, headers=HTMX).status_code in {409, 422}
    assert (mailbox.uids(), mailbox.flags(uid)) == ([uid], set())


def test_hundreds_of_messages_move_in_a_handful_of_commands(
    reader: Client, mailbox: Mailbox
) -> None:
    uids = [mailbox.append(b"Subject: x\n\nx\n") for _n in range(120)]
    reader.get("/mail/INBOX/")
    sent = commands_sent()
    validity = mailbox.uidvalidity()
    reader.post(ACT, {"verb": "archive", "refs": [f"{validity}-{uid}" for uid in uids]})
    assert mailbox.uids() == []
    assert len(mailbox.uids("Archive")) == 120
    assert commands_sent() - sent <= 4  # LIST, NOOP or SELECT, UID MOVE


@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_only_a_post_acts(reader: Client, mailbox: Mailbox, method: str) -> None:
    uid = mailbox.append(letter())
    url = f"{ACT}?verb=trash&refs={ref(mailbox, uid)}"
    assert getattr(reader, method)(url).status_code == 405
    assert mailbox.uids() == [uid]


def test_a_form_from_elsewhere_does_nothing(
    signed_in: Callable[..., Client], alice: MailAccount, mailbox: Mailbox
) -> None:
    client = signed_in(alice)
    client.handler.enforce_csrf_checks = True
    uid = mailbox.append(letter())
    data = {"verb": "trash", "refs": [ref(mailbox, uid)]}
    assert client.post(ACT, data).status_code == 403
    notice = client.post(ACT, data, headers=HTMX)
    assert notice.status_code == 403 and "<html" not in page(notice)
    assert mailbox.uids() == [uid]
    shown = page(client.get(path(mailbox, uid)))
    (token,) = set(re.findall(r'"X-CSRFToken": "(\w+)"', shown))
    answer = client.post(ACT, data, headers={"X-CSRFToken": token})
    assert answer.status_code == 302
    assert mailbox.uids() == []


@pytest.mark.parametrize(
    ("following", "expected"),
    [
        ("/mail/Sent/?page=2", "/mail/Sent/?page=2"),
        ("https://mal.example/", "/mail/INBOX/"),
        ("//mal.example/", "/mail/INBOX/"),
        ("javascript:alert(1)", "/mail/INBOX/"),
        ("/\\mal.example", "/mail/INBOX/"),
        ("nowhere", "nowhere"),
        ("", "/mail/INBOX/"),
    ],
)
def test_one_is_led_back_into_the_webmail_alone(
    reader: Client, mailbox: Mailbox, following: str, expected: str
) -> None:
    uid = mailbox.append(letter())
    data = {"verb": "flag", "refs": [ref(mailbox, uid)], "next": following}
    assert reader.post(ACT, data)["Location"] == expected


def test_nobody_acts_on_what_belongs_to_another(
    signed_in: Callable[..., Client], bob: MailAccount, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    uid, his = mailbox.append(letter()), bobs_mailbox.append(letter())
    client = signed_in(bob)
    answer = client.post(ACT, {"verb": "trash", "refs": [ref(mailbox, uid)]})
    assert answer.status_code in {302, 404, 409}
    assert mailbox.uids() == [uid]
    # Both mailboxes may have the same numbers; then it was his own message that he named.
    if ref(mailbox, uid) != ref(bobs_mailbox, his):
        assert bobs_mailbox.uids() == [his]


def test_without_javascript_the_next_page_offers_to_undo_once(
    reader: Client, mailbox: Mailbox
) -> None:
    ref = f"{mailbox.uidvalidity()}-{mailbox.append(letter())}"
    answer = reader.post("/mail/INBOX/act/", {"verb": "trash", "refs": ref}, follow=True)
    assert "1 message mis à la corbeille" in page(answer)
    assert 'name="undoing" value="1"' in page(answer)
    assert 'name="undoing"' not in page(reader.get("/mail/INBOX/"))


def test_what_is_no_junk_goes_back_to_the_inbox(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(), folder="Junk")
    ref = f"{mailbox.uidvalidity('Junk')}-{uid}"
    assert "Ce n’est pas un indésirable" in page(reader.get(f"/mail/Junk/{ref}/"))
    reader.post("/mail/Junk/act/", {"verb": "inbox", "refs": ref})
    assert len(mailbox.uids("INBOX")) == 1
    assert not mailbox.uids("Junk")


def test_a_draft_offers_no_reply(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(), folder="Drafts", flags=["\\Draft"])
    shown = page(reader.get(f"/mail/Drafts/{mailbox.uidvalidity('Drafts')}-{uid}/"))
    assert "/reply/" not in shown


def test_a_move_without_a_folder_says_so(reader: Client, mailbox: Mailbox) -> None:
    ref = f"{mailbox.uidvalidity()}-{mailbox.append(letter())}"
    answer = reader.post("/mail/INBOX/act/", {"verb": "move", "refs": ref}, headers=HTMX)
    assert answer.status_code == 422
    assert "sélectionnez un dossier" in page(answer)
    assert len(mailbox.uids()) == 1
