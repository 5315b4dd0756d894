"""What one does to messages: marking, moving, and taking it back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import pytest
from django.test import Client

from accounts import session
from accounts.models import User
from demo.servers.dovecot import MailAccount
from mail.imap.connection import Connection
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import ScriptedServer, imap_script, ok
from tests.webmail.views.mail import commands_sent, fields, letter, page, path, ref, subjects

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
        ("archive", "", f"Archive/{date.today().year}"),
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


@pytest.mark.parametrize("folder", ["Sent", "Drafts"])
def test_own_messages_are_judged_nowhere(reader: Client, mailbox: Mailbox, folder: str) -> None:
    uid = mailbox.append(letter(), folder)
    chosen = ref(mailbox, uid, folder)
    url = f"/mail/{folder}/{chosen}/"
    for shown in (page(reader.get(url)), page(reader.get(url, headers=HTMX))):
        assert set(re.findall(r'name="verb" value="(trash|advert|junk|wanted|inbox)"', shown)) == {
            "trash"
        }
    for verb in ("advert", "junk", "wanted"):
        act = f"/mail/{folder}/act/"
        refused = reader.post(act, {"verb": verb, "refs": [chosen]}, headers=HTMX)
        assert (refused.status_code, "vous-même" in page(refused)) == (422, True)
    assert mailbox.uids(folder) == [uid]


def test_own_messages_among_others_stay_where_they_are(reader: Client, mailbox: Mailbox) -> None:
    sent, came = mailbox.append(letter(), "Sent"), mailbox.append(letter())
    refs = [f"Sent/{ref(mailbox, sent, 'Sent')}", f"INBOX/{ref(mailbox, came)}"]
    reader.post(ACT, {"verb": "junk", "refs": refs})
    assert (len(mailbox.uids("Sent")), len(mailbox.uids("Junk"))) == (1, 1)


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
        r'(?s)<form method="post" action="([^"]*)"[^>]*>(.*?)</form>',
        page(done).split('id="toast"')[1],
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
    assert re.search(r'id="folder-list" data-version="\w+" hx-swap-oob="true"', page(answer))
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
    year = f"Archive/{date.today().year}"
    assert len(mailbox.uids(year)) == 120
    # LIST for the archive, NOOP, the dates, LIST below it, CREATE and SUBSCRIBE, UID MOVE
    assert commands_sent() - sent <= 7
    moved = [ref(mailbox, uid, year) for uid in mailbox.uids(year)]
    sent = commands_sent()
    reader.post(f"/mail/Archive~2F{date.today().year}/act/", {"verb": "trash", "refs": moved})
    assert len(mailbox.uids("Trash")) == 120
    assert commands_sent() - sent <= 3  # LIST, SELECT, UID MOVE


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


@pytest.mark.parametrize("which", [0, 1])
def test_what_is_brought_back_stands_among_the_mail_of_its_day(
    reader: Client, mailbox: Mailbox, which: int
) -> None:
    uids = [
        mailbox.append(letter(f"le {day}"), date=datetime(2026, 5, day, 12, tzinfo=UTC))
        for day in (4, 5, 6)
    ]
    before = subjects(reader.get("/mail/INBOX/"))
    data = {"verb": "trash", "refs": [ref(mailbox, uids[which])], "next": "/mail/INBOX/"}
    toast = page(reader.post(ACT, data, follow=True)).partition('id="toast"')[2]
    form = toast.partition("<form")[2].partition("</form>")[0]
    undo: dict[str, list[str]] = {}
    for name, value in fields(form):
        undo.setdefault(name, []).append(value)
    after = reader.post(ACT, undo, follow=True)
    assert subjects(after) == before == ["le 6", "le 5", "le 4"]


def test_what_is_brought_back_stands_on_the_page_of_its_date(
    reader: Client, mailbox: Mailbox
) -> None:
    uids = [
        mailbox.append(letter(f"le {day}"), date=datetime(2026, 5, day, 12, tzinfo=UTC))
        for day in (4, 5, 6)
    ]
    pages = [f"/mail/INBOX/?at={first}&rows=1" for first in range(3)]
    before = [subjects(reader.get(url)) for url in pages]
    reader.post(ACT, {"verb": "move", "to": "Archive", "refs": [ref(mailbox, uids[0])]})
    (archived,) = mailbox.uids("Archive")
    data = {"verb": "move", "to": "INBOX", "refs": [ref(mailbox, archived, "Archive")]}
    reader.post("/mail/Archive/act/", data)
    assert [subjects(reader.get(url)) for url in pages] == before == [["le 6"], ["le 5"], ["le 4"]]
    answer = page(reader.get(path(mailbox, uids[1])))
    steps = answer.partition('class="steps"')[2].partition("</button>")[0]
    assert path(mailbox, mailbox.uids()[-1]) in steps and path(mailbox, uids[2]) in steps


def test_without_javascript_the_next_page_offers_to_undo_once(
    reader: Client, mailbox: Mailbox
) -> None:
    ref = f"{mailbox.uidvalidity()}-{mailbox.append(letter())}"
    answer = reader.post("/mail/INBOX/act/", {"verb": "trash", "refs": ref}, follow=True)
    assert "1 message mis à la corbeille" in page(answer)
    assert 'name="verb" value="undo"' in page(answer)
    assert 'name="verb" value="undo"' not in page(reader.get("/mail/INBOX/"))


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


# --- all that match ---


def fill(
    mailbox: Mailbox, count: int, folder: str = "INBOX", flags: Sequence[str] = ()
) -> list[int]:
    return [mailbox.append(letter(f"n° {n}"), folder, flags) for n in range(count)]


def everything(reader: Client, folder: str = "INBOX", query: str = "") -> dict[str, str]:
    """The fields of "all messages of the list"."""
    answer = reader.get(f"/mail/{folder}/selection/?{query}", headers=HTMX)
    assert answer.status_code == 200
    return dict(fields(page(answer)))


def test_all_messages_of_a_list_are_counted_and_acted_on(reader: Client, mailbox: Mailbox) -> None:
    uids = fill(mailbox, 60)
    chosen = everything(reader)
    assert 'data-all="60"' in page(reader.get("/mail/INBOX/selection/", headers=HTMX))
    later = mailbox.append(letter("après"))
    reader.get("/mail/INBOX/")
    sent = commands_sent()
    answer = reader.post(ACT, chosen | {"verb": "trash"}, headers=HTMX)
    assert answer.status_code == 200 and answer["HX-Trigger-After-Swap"] == "mail:refresh"
    assert mailbox.uids() == [later]  # it came after they were counted
    assert len(mailbox.uids("Trash")) == len(uids)
    assert commands_sent() - sent <= 6


def test_a_filter_says_which_are_all(reader: Client, mailbox: Mailbox) -> None:
    read, unread = fill(mailbox, 2, flags=["\\Seen"]), fill(mailbox, 3)
    reader.post(ACT, everything(reader, query="only=unread") | {"verb": "trash"})
    assert mailbox.uids() == read
    assert len(mailbox.uids("Trash")) == len(unread)


def test_a_filter_that_there_is_not_is_ignored_as_in_the_list(
    reader: Client, mailbox: Mailbox
) -> None:
    fill(mailbox, 2)
    chosen = everything(reader, query="only=nothing&sort=%00&up=maybe")
    assert chosen["only"] == "" and chosen["sort"] == "arrival"
    assert 'data-all="2"' in page(reader.get("/mail/INBOX/selection/?only=x", headers=HTMX))


def test_all_messages_have_a_page_without_javascript(reader: Client, mailbox: Mailbox) -> None:
    fill(mailbox, 3)
    shown = page(reader.get("/mail/INBOX/selection/"))
    form = shown.split('class="ask-form"')[1]
    reader.post(ACT, dict(fields(form)) | {"verb": "seen"})
    assert all("\\Seen" in mailbox.flags(uid) for uid in mailbox.uids())


def test_all_are_marked_read_in_a_few_commands(reader: Client, mailbox: Mailbox) -> None:
    fill(mailbox, 30)
    shown = page(reader.get("/mail/INBOX/"))
    menu = next(form for form in shown.split("<form") if 'name="only" value="unread"' in form)
    sent = commands_sent()
    reader.post(ACT, dict(fields(menu)) | {"verb": "seen"})
    assert all("\\Seen" in mailbox.flags(uid) for uid in mailbox.uids())
    assert commands_sent() - sent <= 6


def test_all_of_a_folder_made_anew_is_409(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter())
    chosen = everything(reader) | {"uidvalidity": "7", "verb": "trash"}
    assert reader.post(ACT, chosen).status_code == 409
    assert mailbox.uids() == [uid]


# --- what is asked first ---


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_deleting_for_good_asks_first(
    reader: Client, mailbox: Mailbox, headers: dict[str, str]
) -> None:
    uid, spared = (mailbox.append(letter(), "Trash") for _ in range(2))
    data = {"verb": "delete", "refs": [ref(mailbox, uid, "Trash")]}
    asked = reader.post("/mail/Trash/act/", data, headers=headers)
    assert asked.status_code == 200 and "danger-fill" in page(asked)
    assert asked.get("HX-Retarget", "") == ("#ask" if headers else "")
    assert mailbox.uids("Trash") == [uid, spared]
    form = page(asked).split('class="ask-form"')[1]
    answer = reader.post("/mail/Trash/act/", dict(fields(form)) | {"verb": "delete"})
    assert answer.status_code == 302
    assert mailbox.uids("Trash") == [spared]


@pytest.mark.parametrize("folder", ["Trash", "Junk"])
def test_a_trash_is_emptied_after_its_count_was_said(
    reader: Client, mailbox: Mailbox, folder: str
) -> None:
    fill(mailbox, 12, folder)
    marked = mailbox.append(letter(), "INBOX", flags=["\\Deleted"])
    shown = page(reader.get(f"/mail/{folder}/"))
    menu = next(form for form in shown.split("<form") if 'name="verb" value="delete"' in form)
    asked = reader.post(f"/mail/{folder}/act/", dict(fields(menu)) | {"verb": "delete"})
    assert re.search(r"<h2[^>]*>[^<]*12[^<]*</h2>", page(asked))
    form = page(asked).split('class="ask-form"')[1]
    reader.post(f"/mail/{folder}/act/", dict(fields(form)) | {"verb": "delete"})
    assert mailbox.uids(folder) == []
    assert mailbox.uids() == [marked]


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_where_to_is_asked_with_the_folders_used_last_first(
    reader: Client, mailbox: Mailbox, headers: dict[str, str]
) -> None:
    for name in ("Conseil", "Sorties", "Zoo"):
        mailbox.create_folder(name)
    first, second = fill(mailbox, 2)
    reader.post(ACT, {"verb": "move", "refs": [ref(mailbox, first)], "to": "Zoo"})
    data = {"verb": "choose", "refs": [ref(mailbox, second)]}
    asked = page(reader.post(ACT, data, headers=headers))
    options = re.findall(r'<option value="([^"]*)"', asked)
    assert options[0] == "Zoo" and options.count("Zoo") == 2
    assert {"Conseil", "Sorties", "Trash"} <= set(options) and "INBOX" not in options
    form = asked.split('class="ask-form"')[1]
    reader.post(ACT, dict(fields(form)) | {"verb": "copy", "to": "Sorties"})
    assert mailbox.uids() == [second] and len(mailbox.uids("Sorties")) == 1


def test_copies_are_taken_back_and_originals_stay(reader: Client, mailbox: Mailbox) -> None:
    (uid,) = fill(mailbox, 1)
    data = {"verb": "copy", "refs": [ref(mailbox, uid)], "to": "Archive"}
    done = page(reader.post(ACT, data, headers=HTMX))
    form = done.split('id="toast"')[1]
    reader.post(ACT, dict(fields(form)))
    assert mailbox.uids() == [uid] and mailbox.uids("Archive") == []


# --- taking back ---


def test_a_mark_that_stood_already_is_not_taken_back(reader: Client, mailbox: Mailbox) -> None:
    (read,), (unread,) = fill(mailbox, 1, flags=["\\Flagged"]), fill(mailbox, 1)
    refs = [ref(mailbox, uid) for uid in (read, unread)]
    answer = reader.post(ACT, {"verb": "flag", "refs": refs}, follow=True)
    toast = page(answer).split('id="toast"')[1]
    reader.post(ACT, dict(fields(toast)))
    assert mailbox.flags(read) == {"\\Flagged"} and mailbox.flags(unread) == set()


@pytest.mark.parametrize(
    "steps",
    [
        "nonsense",
        "[[]]",
        '[["move", "INBOX", 1, "1:*", "Trash", ""]]',
        '[["purge", "INBOX", 1, "1", "", ""]]',
        '[["set", "INBOX", 1, "1", "", "a\\r\\nb"]]',
        '[["move", "INBOX\\r\\nx", 1, "1", "Trash", ""]]',
        '[["move", "INBOX", "1 2", "1", "Trash", ""]]',
        '[["move", "INBOX", 1, "1:4294967295", "Trash", ""]]',
        '{"a": 1}',
    ],
)
def test_what_nobody_wrote_takes_nothing_back(reader: Client, mailbox: Mailbox, steps: str) -> None:
    (uid,) = fill(mailbox, 1)
    reader.get("/mail/INBOX/")
    sent = commands_sent()
    assert reader.post(ACT, {"verb": "undo", "steps": steps}, headers=HTMX).status_code == 422
    assert commands_sent() == sent and mailbox.uids() == [uid]


# --- tags ---


def test_a_tag_is_put_on_and_taken_off(reader: Client, mailbox: Mailbox) -> None:
    chosen, other = fill(mailbox, 2, flags=["$label2"])
    data = {"refs": [ref(mailbox, chosen)], "opened": ref(mailbox, chosen)}
    answer = reader.post(ACT, data | {"verb": "tag:$label1"}, headers=HTMX)
    assert mailbox.flags(chosen) == {"$label1", "$label2"}
    assert mailbox.flags(other) == {"$label2"}
    assert f'id="row-tags-{ref(mailbox, chosen)}" hx-swap-oob="true"' in page(answer)
    assert 'id="open-tags" hx-swap-oob="true"' in page(answer)
    reader.post(ACT, data | {"verb": "untag:$label2"})
    assert mailbox.flags(chosen) == {"$label1"}


def test_tags_stand_in_the_list_and_in_the_message(reader: Client, mailbox: Mailbox) -> None:
    tagged = mailbox.append(letter(), flags=["$Label1", "NonJunk"])
    fill(mailbox, 1)
    chip = '<span class="tag h3">Important</span>'
    assert page(reader.get("/mail/INBOX/")).count(chip) == 1
    assert page(reader.get(path(mailbox, tagged), headers=HTMX)).count(chip) == 1


def test_which_tags_can_be_put_on_and_taken_off_is_asked(reader: Client, mailbox: Mailbox) -> None:
    uids = fill(mailbox, 1, flags=["$label1", "$label2"]) + fill(mailbox, 1, flags=["$label1"])
    data = {"verb": "tags", "refs": [ref(mailbox, uid) for uid in uids]}
    asked = page(reader.post(ACT, data, headers=HTMX))
    boxes = re.findall(r'name="(tags|had|off)" value="(\S+?)"( checked)?', asked)
    assert [pair for *pair, checked in boxes if checked] == [["tags", "$label1"]]
    assert {value for name, value, _checked in boxes if name == "tags"} == {
        "$label1", "$label2", "$label3", "$label4", "$label5"
    }  # fmt: skip
    assert [value for name, value, _checked in boxes if name == "had"] == ["$label1"]
    assert [value for name, value, _checked in boxes if name == "off"] == ["$label2"]


def test_several_tags_are_changed_at_once_and_undone_together(
    reader: Client, mailbox: Mailbox
) -> None:
    both, one = fill(mailbox, 1, flags=["$label1", "$label2"]) + fill(mailbox, 1, flags=["$label1"])
    refs = [ref(mailbox, uid) for uid in (both, one)]
    data = {"verb": "retag", "refs": refs, "next": "/mail/INBOX/"}
    changes = {"had": ["$label1"], "tags": ["$label3", "$label4"], "off": ["$label2"]}
    answer = page(reader.post(ACT, data | changes, headers=HTMX))
    assert mailbox.flags(both) == mailbox.flags(one) == {"$label3", "$label4"}
    assert f'id="row-tags-{ref(mailbox, one)}" hx-swap-oob="true"' in answer
    form = answer.partition('id="toast"')[2].partition("<form")[2].partition("</form>")[0]
    reader.post(ACT, dict(fields(form)))
    assert mailbox.flags(both) == {"$label1", "$label2"} and mailbox.flags(one) == {"$label1"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tags": ["$label1"], "had": ["$label1"]},
        {"tags": ["\\Deleted"]},
        {"off": ["a b"]},
        {"tags": [f"k{number}" for number in range(300)]},
    ],
)
def test_nothing_is_done_without_a_change_of_tags(
    reader: Client, mailbox: Mailbox, changes: dict[str, list[str]]
) -> None:
    (uid,) = fill(mailbox, 1, flags=["$label1"])
    data = {"verb": "retag", "refs": [ref(mailbox, uid)]}
    assert reader.post(ACT, data | changes, headers=HTMX).status_code == 422
    assert mailbox.flags(uid) == {"$label1"}


@pytest.mark.parametrize("verb", ["tag", "tag:", "tag:a b", "tag:\\Seen", "tag:a\r\nb", "tag:(x)"])
def test_what_is_no_tag_is_refused(reader: Client, mailbox: Mailbox, verb: str) -> None:
    (uid,) = fill(mailbox, 1)
    data = {"verb": verb, "refs": [ref(mailbox, uid)]}
    assert reader.post(ACT, data, headers=HTMX).status_code == 422
    assert mailbox.flags(uid) == set()


# --- messages of several folders, and of two tabs ---


def test_messages_of_several_folders_are_named_with_them(reader: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Classes/4e B")
    here, there = mailbox.append(letter()), mailbox.append(letter(), "Classes/4e B")
    refs = [ref(mailbox, here), f"Classes~2F4e%20B/{ref(mailbox, there, 'Classes/4e B')}"]
    reader.post(ACT, {"verb": "trash", "refs": refs})
    assert mailbox.uids() == [] and mailbox.uids("Classes/4e B") == []
    assert len(mailbox.uids("Trash")) == 2


def test_what_another_tab_has_moved_is_counted_as_gone(reader: Client, mailbox: Mailbox) -> None:
    first, second = fill(mailbox, 2)
    refs = [ref(mailbox, uid) for uid in (first, second)]
    reader.post(ACT, {"verb": "trash", "refs": refs[:1]})
    answer = reader.post(ACT, {"verb": "junk", "refs": refs}, follow=True)
    assert answer.status_code == 200
    assert (len(mailbox.uids("Trash")), len(mailbox.uids("Junk"))) == (1, 1)
    assert reader.post(ACT, {"verb": "junk", "refs": refs}).status_code == 404


def test_the_archive_is_one_folder_for_whoever_wants_it_so(
    reader: Client, mailbox: Mailbox
) -> None:
    (old,) = [mailbox.append(letter(), date=datetime.fromisoformat("2019-05-01T10:00+02:00"))]
    reader.post(ACT, {"verb": "archive", "refs": [ref(mailbox, old)]})
    assert len(mailbox.uids("Archive/2019")) == 1
    User.objects.update(preferences={"archive": "one"})
    (uid,) = fill(mailbox, 1)
    reader.post(ACT, {"verb": "archive", "refs": [ref(mailbox, uid)]})
    assert len(mailbox.uids("Archive")) == 1


def test_without_uidplus_what_is_deleted_is_hidden_until_the_folder_is_cleaned_up(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    has = Connection.has
    lacking = {"UIDPLUS", "MOVE"}
    monkeypatch.setattr(
        Connection, "has", lambda imap, name: name not in lacking and has(imap, name)
    )
    uid = mailbox.append(letter("condamné"), "Trash")
    data = {"verb": "delete", "confirmed": "1", "refs": [ref(mailbox, uid, "Trash")]}
    reader.post("/mail/Trash/act/", data)
    assert mailbox.flags(uid, "Trash") == {"\\Deleted"}
    assert "/mail/Trash/purge/" in page(reader.get("/mail/Trash/"))
    assert re.search(r"<p>[^<]*1[^<]*</p>", page(reader.get("/mail/Trash/purge/")))
    assert reader.post("/mail/Trash/purge/").status_code == 302
    assert mailbox.uids("Trash") == []


def test_what_is_marked_as_deleted_is_hidden_and_left_alone(
    reader: Client, mailbox: Mailbox
) -> None:
    doomed = mailbox.append(letter("condamné"), flags=["\\Deleted"])
    fill(mailbox, 2)
    shown = page(reader.get("/mail/INBOX/"))
    assert "condamné" not in shown and "n° 1" in shown
    reader.post(ACT, everything(reader) | {"verb": "trash"})
    assert mailbox.uids() == [doomed] and mailbox.flags(doomed) == {"\\Deleted"}
    assert "n° 1" not in page(reader.get("/mail/INBOX/"))


def test_messages_can_be_moved_to_the_folders_of_others(
    reader: Client, imap_moved: Callable[[int], None]
) -> None:
    told = b'* NAMESPACE (("" "/")) (("Autres/" "/")) (("Communs/" "/"))\r\n'
    listed = (
        b'* LIST () "/" INBOX\r\n* LIST () "/" Communs/Sorties\r\n'
        b'* LIST () "/" Autres/bob/Notes\r\n'
    )
    able = "IMAP4rev1 NAMESPACE LIST-EXTENDED LIST-STATUS"
    script = imap_script(("NAMESPACE", ok(told)), ("LIST", ok(listed)), capabilities=able)
    with ScriptedServer(script) as server:
        imap_moved(server.port)
        content = page(reader.post(ACT, {"verb": "choose", "refs": ["1-1"]}))
        session.pool().close_all()
    assert '<option value="Communs/Sorties">' in content
    assert '<option value="Autres/bob/Notes">' in content


@pytest.mark.parametrize("verb", ["choose", "tags", "delete"])
def test_a_question_on_a_page_of_its_own_leads_back_to_the_list(
    reader: Client, mailbox: Mailbox, verb: str
) -> None:
    """Answered in place it would stay there, to be answered again."""
    uid = mailbox.append(letter())
    data = {"verb": verb, "refs": [ref(mailbox, uid)]}
    (form,) = re.findall(r'<form class="ask-form"[^>]*>', page(reader.post(ACT, data)))
    assert "hx-post" not in form and 'action="/mail/INBOX/act/"' in form
    (form,) = re.findall(
        r'<form class="ask-form"[^>]*>', page(reader.post(ACT, data, headers=HTMX))
    )
    assert "hx-post" in form
