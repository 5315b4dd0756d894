"""Lists of folders and messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import quote

import pytest
from django.test import Client

from accounts import session
from accounts.models import User
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import ScriptedServer, imap_script, ok
from tests.webmail.views.mail import (
    commands_sent,
    folder_links,
    letter,
    page,
    path,
    ref,
    subjects,
    words,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def fill(mailbox: Mailbox, count: int, folder: str = "INBOX") -> list[int]:
    return [mailbox.append(letter(f"n° {n}"), folder) for n in range(1, count + 1)]


def test_the_newest_arrival_comes_first_whatever_its_date(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("arrivé d’abord", date="Fri, 01 Jan 2027 09:00:00 +0000"))
    mailbox.append(letter("arrivé ensuite", date="Thu, 01 Jan 2015 09:00:00 +0000"))
    answer = reader.get("/mail/INBOX/")
    assert subjects(answer) == ["arrivé ensuite", "arrivé d’abord"]


def test_fifty_a_page_and_the_next_begins_where_this_one_ended(
    reader: Client, mailbox: Mailbox
) -> None:
    uids = fill(mailbox, 55)
    first = reader.get("/mail/INBOX/")
    assert subjects(first) == [f"n° {n}" for n in range(55, 5, -1)]
    (following,) = re.findall(r'id="more" href="([^"]*)"', page(first))
    last_row = ref(mailbox, uids[5])
    assert following == f"/mail/INBOX/?page=2&amp;after={last_row}"
    # Three more arrive: by page number alone three rows would come twice.
    for _n in range(3):
        mailbox.append(letter("nouveau"))
    second = reader.get(following.replace("&amp;", "&"))
    assert subjects(second) == ["n° 5", "n° 4", "n° 3", "n° 2", "n° 1"]
    assert 'id="more"' not in page(second)


def test_the_last_row_shown_has_vanished_and_the_page_number_counts(
    reader: Client, mailbox: Mailbox
) -> None:
    fill(mailbox, 52)
    assert subjects(reader.get(f"/mail/INBOX/?page=2&after={ref(mailbox, 999999)}")) == [
        "n° 2",
        "n° 1",
    ]


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=abc",
        "page=1e9",
        "page=99999999999999999999",
        "after=abc",
        "after=-5",
        "after=4294967296",
        "page=%00",
        "page=1&page=x",
        "%ff=%fe",
        "opened=%0d%0a",
    ],
)
def test_nonsense_in_the_query_is_the_first_page(
    reader: Client, mailbox: Mailbox, query: str
) -> None:
    mailbox.append(letter("seul"))
    answer = reader.get(f"/mail/INBOX/?{query}")
    assert answer.status_code == 200
    assert subjects(answer) == ["seul"]


def test_a_page_beyond_the_last_is_empty_and_leads_back(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter())
    answer = reader.get("/mail/INBOX/?page=2147483648")
    assert answer.status_code == 200
    assert subjects(answer) == []
    assert '<a class="btn tonal" href="/mail/INBOX/"' in page(answer)


def test_an_empty_folder_says_so(reader: Client, mailbox: Mailbox) -> None:
    answer = reader.get("/mail/INBOX/")
    assert answer.status_code == 200
    assert 'class="empty"' in page(answer)
    assert 'id="rows"' not in page(answer)


def test_htmx_gets_the_list_and_the_counts_beside_it(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter())
    answer = reader.get("/mail/INBOX/", headers=HTMX)
    assert "<html" not in page(answer)
    assert page(answer).count('id="message-list"') == 1
    assert re.search(r'<div id="folder-list" data-version="\w+" hx-swap-oob="true">', page(answer))
    assert "HX-Request" in answer["Vary"]


def test_the_list_of_folders_comes_again_only_when_it_is_another(
    reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(letter())
    listed = re.compile(r'id="folder-list" data-version="(\w+)"')
    (version,) = listed.findall(page(reader.get("/mail/INBOX/")))
    said = {**HTMX, "X-Folders": version}
    assert "folder-list" not in page(reader.get("/mail/INBOX/", headers=said))
    assert "folder-list" in page(reader.get("/mail/Sent/", headers=said))
    opened = f"/mail/INBOX/{ref(mailbox, uid)}/"
    first = page(reader.get(opened, headers=said))
    assert 'id="folder-list"' in first, "one message less is unread"
    (version,) = listed.findall(first)
    assert "folder-list" not in page(reader.get(opened, headers={**HTMX, "X-Folders": version}))
    mailbox.create_folder("Neuf")
    # A message that was read already changes nothing: its answer does not ask.
    assert "folder-list" not in page(reader.get(opened, headers={**HTMX, "X-Folders": version}))
    assert "Neuf" in page(reader.get("/mail/INBOX/", headers={**HTMX, "X-Folders": version}))


def test_htmx_that_restores_history_gets_the_page(reader: Client, mailbox: Mailbox) -> None:
    answer = reader.get("/mail/INBOX/", headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in page(answer)


def test_scrolling_gets_rows_alone(reader: Client, mailbox: Mailbox) -> None:
    uids = fill(mailbox, 51)
    answer = reader.get(
        f"/mail/INBOX/?page=2&after={ref(mailbox, uids[1])}", headers={**HTMX, "HX-Target": "more"}
    )
    assert subjects(answer) == ["n° 1"]
    assert "message-list" not in page(answer)
    assert "folder-list" not in page(answer)


def test_rows_that_scrolling_brings_offer_none_above_them(reader: Client, mailbox: Mailbox) -> None:
    """Those stand there already."""
    uids = fill(mailbox, 51)
    address = f"/mail/INBOX/?page=2&after={ref(mailbox, uids[1])}"
    assert 'id="previous"' in page(reader.get(address))
    assert 'id="previous"' not in page(reader.get(address, headers={**HTMX, "HX-Target": "more"}))


def test_a_row_tells_what_became_of_the_message(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(
        letter(files=(("plan.pdf", "application/pdf", b"%PDF-"),)),
        flags=["\\Flagged", "\\Answered", "$Forwarded"],
    )
    content = page(reader.get("/mail/INBOX/"))
    (row,) = re.findall(r'(?s)<li class="row.*?</li>', content)
    assert 'class="row is-new"' in row
    assert f'id="row-{mailbox.uidvalidity()}-{uid}"' in row
    assert 'aria-pressed="true"' in row
    assert "#paperclip" in row and "#reply" in row
    mailbox.set_flags(uid, ["\\Seen"])
    (row,) = re.findall(r'(?s)<li class="row.*?</li>', page(reader.get("/mail/INBOX/")))
    assert "is-new" not in row and 'aria-pressed="false"' in row and "#reply" not in row


def test_what_a_sender_wrote_into_his_subject_stays_text(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(
        letter("<script>alert(1)</script>", sender='"<img src=x>" <mal@ailleurs.example>')
    )
    content = page(reader.get("/mail/INBOX/"))
    assert "<script>alert" not in content and "<img src=x" not in content
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in content


def test_sent_mail_names_the_recipients(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter(to="Claire Morvan <claire@ac-exemple.fr>"), "Sent")
    answer = reader.get("/mail/Sent/")
    assert "Claire Morvan" in words(answer)
    assert "Bob Petit" not in words(answer)


def test_special_folders_come_first_then_ones_own_by_name(reader: Client, mailbox: Mailbox) -> None:
    for name in ("Zèbres", "Classes/4e B", "Écoles", "Ateliers"):
        mailbox.create_folder(name)
    links = folder_links(reader.get("/mail/INBOX/"))
    assert list(links.values()) == [
        "/mail/INBOX/",
        "/mail/Drafts/",
        "/mail/Sent/",
        "/mail/Archive/",
        "/mail/Junk/",
        "/mail/Trash/",
        "/mail/Ateliers/",
        "",  # Classes: only a level
        "/mail/Classes~2F4e%20B/",
        f"/mail/{quote('Écoles')}/",
        f"/mail/{quote('Zèbres')}/",
    ]


def test_unread_messages_are_counted_beside_their_folder(reader: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Classes/4e B")
    for flags in ([], [], ["\\Seen"]):
        mailbox.append(letter(), "Classes/4e B", flags=flags)
    content = page(reader.get("/mail/INBOX/"))
    (row,) = re.findall(r'(?s)<a class="folder has-new".*?</a>', content)
    assert ">2</span>" in row
    assert re.search(r'data-branch="Classes" open', content)


@pytest.mark.parametrize(
    "name",
    [
        "l'été",
        'dit "le grand"',
        "Projets & idées",
        "vieux~2F",
        "100 %",
        "%2e%2e",
        "Classes/4e B/élèves",
        "a?b#c",
        "..dots",
        "...",
        "barre\\oblique",
        "&AOk-",
        "日本語",
        "🎒 sorties",
        "act",
        "1-2",
        " ",
    ],
)
def test_a_folder_of_any_name_is_shown_and_opened(
    reader: Client, mailbox: Mailbox, name: str
) -> None:
    mailbox.create_folder(name)
    mailbox.append(letter("dedans"), name)
    answer = reader.get("/mail/INBOX/")
    links = folder_links(answer)
    url = links[name.rpartition("/")[2]]
    opened = reader.get(url)
    assert opened.status_code == 200
    assert subjects(opened) == ["dedans"]
    (message,) = re.findall(r'<a href="([^"]*)" hx-get', page(opened).split('id="rows"')[1])
    assert reader.get(unescape(message)).status_code == 200


def test_a_very_long_folder_name_is_opened_too(reader: Client, mailbox: Mailbox) -> None:
    name = "/".join(["a" + "~" * 200] * 5)
    mailbox.create_folder(name)
    links = folder_links(reader.get("/mail/INBOX/"))
    assert reader.get(links["a" + "~" * 200]).status_code == 200


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        (b'"cloche&AAc-"', "cloche\N{REPLACEMENT CHARACTER}"),  # a bell in modified UTF-7
        (b'"fin&AA0ACg-X"', "fin\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}X"),  # CRLF
        (b'"bare & ampersand"', "bare & ampersand"),  # no modified UTF-7
        (b'"' + b"x" * 5000 + b'"', "x" * 5000),
        (b'"<b>gras"', "<b>gras"),
    ],
)
def test_a_folder_that_no_address_can_say_is_shown_and_not_linked(
    reader: Client, imap_moved: Callable[[int], None], raw: bytes, label: str
) -> None:
    listed = ok(b'* LIST () "/" INBOX\r\n* LIST () "/" ' + raw + b"\r\n")
    script = imap_script(("LIST", listed), capabilities="IMAP4rev1 LIST-EXTENDED LIST-STATUS")
    with ScriptedServer(script) as server:
        imap_moved(server.port)
        answer = reader.get("/compose/")
        session.pool().close_all()
    assert answer.status_code == 200
    url = folder_links(answer)[label]
    assert url == "" or raw == b'"<b>gras"'
    assert "\x07" not in page(answer) and "<b>gras" not in page(answer)


def test_a_folder_that_is_gone_is_404(reader: Client, mailbox: Mailbox) -> None:
    answer = reader.get("/mail/Disparu/")
    assert answer.status_code == 404
    assert "/" in page(answer)
    notice = reader.get("/mail/Disparu/", headers=HTMX)
    assert notice.status_code == 404
    assert "<html" not in page(notice)
    assert notice["HX-Retarget"] == "#notices"


@pytest.mark.parametrize(
    "segment", ["a%0d%0ab", "a%00b", "a%7fb", "..", "%2e%2e", "a%2fb", "x~2f", "x~41", "%0a"]
)
def test_a_segment_that_is_no_folder_name_reaches_no_server(
    reader: Client, mailbox: Mailbox, segment: str
) -> None:
    reader.get("/mail/INBOX/")
    before = commands_sent()
    assert reader.get(f"/mail/{segment}/").status_code == 404
    assert commands_sent() == before


def test_the_inbox_has_one_address_however_it_is_written(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("dedans"))
    answer = reader.get("/mail/inbox/", follow=True)
    assert subjects(answer) == ["dedans"]
    assert 'aria-current="page"' in page(answer)


def test_what_pages_cost_the_mail_server(
    reader: Client, mailbox: Mailbox, django_assert_max_num_queries
) -> None:
    """Commands, on a connection that was kept: their number does not grow with the mailbox."""
    uids = fill(mailbox, 60)
    html = mailbox.append(letter(html="<p>Bonjour</p>"))
    for n in range(20):
        mailbox.create_folder(f"Classe {n}")
    # The names of the mail domains and the policies for what is sent are kept for a while.
    reader.get(path(mailbox, uids[5]))
    reader.get("/compose/")
    reader.get("/mail/INBOX/")
    costs = {
        "/mail/INBOX/": (3, {}),  # NOOP, FETCH, LIST
        f"/mail/INBOX/?page=2&after={ref(mailbox, uids[11])}": (4, {}),
        path(mailbox, uids[3]): (6, {}),
        path(mailbox, uids[4]) + "#htmx": (5, HTMX),
        path(mailbox, uids[4]) + "#again": (3, HTMX),  # no count has changed
        path(mailbox, uids[7]) + "#ahead": (3, {**HTMX, "X-Ahead": "1"}),
        path(mailbox, html, "frame/"): (4, {}),  # opened cold; after its message it costs none
        "/compose/": (1, {}),
        path(mailbox, uids[4], "reply/"): (4, {}),
        "/preferences/": (1, {}),
    }
    # The session comes from the cache. The person with the domain is one query; whether the page's
    # menu shows the administration is another. A list asks how its folder is sorted and who its
    # people are; a reader who they are, whose name the sender borrows, and what was found of the
    # message; a frame asks whose images are shown, and whether links are shut; a composer one's
    # addresses, and the staff record and the template that make a signature.
    sql = dict.fromkeys(costs, 2)
    sql |= {"/mail/INBOX/": 4, f"/mail/INBOX/?page=2&after={ref(mailbox, uids[11])}": 4}
    sql |= {path(mailbox, uids[3]): 7, path(mailbox, uids[4]) + "#htmx": 4}
    sql |= {path(mailbox, uids[4]) + "#again": 4, path(mailbox, uids[7]) + "#ahead": 4}
    sql |= {path(mailbox, html, "frame/"): 4}
    sql |= {"/compose/": 5, path(mailbox, uids[4], "reply/"): 5}
    measured = {}
    for url, (_cost, headers) in costs.items():
        before = commands_sent()
        with django_assert_max_num_queries(sql[url]):
            assert reader.get(url.partition("#")[0], headers=headers).status_code == 200
        measured[url] = commands_sent() - before
    assert measured == {url: cost for url, (cost, _headers) in costs.items()}


# --- how messages begin ---


def test_a_script_is_told_how_rows_begin(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(body="Rendez-vous à 8 h.\n"))
    assert 'data-snippets="/mail/INBOX/snippets/"' in page(reader.get("/mail/INBOX/"))
    before = commands_sent()
    answer = reader.get("/mail/INBOX/snippets/", {"refs": [ref(mailbox, uid)]})
    assert answer.json() == {ref(mailbox, uid): "Rendez-vous à 8 h."}
    assert commands_sent() - before == 2  # NOOP, PREVIEW
    assert "\\Seen" not in mailbox.flags(uid)


@pytest.mark.parametrize("refs", [[], ["x"], ["1-2\r\n"]])
def test_nonsense_has_no_beginning(reader: Client, mailbox: Mailbox, refs: list[str]) -> None:
    assert reader.get("/mail/INBOX/snippets/", {"refs": refs}).json() == {}


def test_who_wants_no_beginnings_is_asked_for_none(
    reader: Client, mailbox: Mailbox, django_user_model: type[User]
) -> None:
    mailbox.append(letter())
    django_user_model.objects.update(preferences={"snippets": "off"})
    assert "data-snippets" not in page(reader.get("/mail/INBOX/"))


def test_a_row_tells_an_invitation_and_what_is_urgent(reader: Client, mailbox: Mailbox) -> None:
    invitation = (("rdv.ics", "text/calendar", b"BEGIN:VCALENDAR"),)
    mailbox.append(letter(files=invitation, x_priority="1 (Highest)"))
    mailbox.append(letter())
    for _again in range(2):  # asked for, then remembered
        content = page(reader.get("/mail/INBOX/"))
        plain, invited = re.findall(r'(?s)<li class="row.*?</li>', content)
        assert "#calendar-days" in invited and 's urgent"' in invited
        assert "#calendar-days" not in plain and 's urgent"' not in plain
