"""Lists on a server with little more than IMAP4rev1: no SORT, no CONDSTORE, no ESEARCH."""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from datetime import date

import pytest

from demo.servers.pymap import Pymap
from mail.imap import connection
from mail.imap.connection import Connection
from mail.imap.values import ImapServer
from mail.mailbox import listing, ordering, threads
from mail.mailbox.listing import ListPlace
from mail.mailbox.ordering import View
from tests.mail.mailbox.remembering import Remembering
from tests.servers.plugin import ALICE
from tests.waiting import LONGEST_S

# Subject, sender, day of January 2026, flags; the longer the subject, the larger the message.
MAIL = (
    ("Bulletins du premier trimestre", "Zoé <z@x.fr>", 3, r"\Seen"),
    ("Absences", "Ali <a@x.fr>", 1, r"\Flagged \Seen"),
    ("Re: Cantine", "Mia <m@x.fr>", 2, ""),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pymap]:
    pymap = Pymap(tmp_path_factory.mktemp("pymap"), [ALICE])
    pymap.start()
    yield pymap
    pymap.stop()


@pytest.fixture(scope="module")
def filled(server: Pymap) -> None:
    with imaplib.IMAP4("127.0.0.1", server.imap_port, timeout=LONGEST_S) as client:
        client.login(ALICE.login, ALICE.password)
        for subject, sender, day, flags in MAIL:
            head = f"From: {sender}\r\nTo: b@x.fr\r\nSubject: {subject}\r\n"
            head += f"Date: {day} Jan 2026 09:00:00 +0000\r\n\r\n"
            when = f'"{day:02}-Jan-2026 09:00:00 +0000"'
            client.append("INBOX", f"({flags})", when, (head + subject * 20).encode())


@pytest.fixture
def bare(server: Pymap, filled: None) -> Iterator[Connection]:
    opened = connection.open(
        ImapServer("127.0.0.1", server.imap_port, "none", timeout=10), ALICE.login, ALICE.password
    )
    assert not any(opened.has(word) for word in ("SORT", "CONDSTORE", "ESEARCH"))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View(), [2, 1, 0]),
        (View(down=False), [0, 1, 2]),
        (View("date", down=False), [1, 2, 0]),
        (View("from", down=False), [1, 2, 0]),
        (View("subject", down=False), [1, 0, 2]),
        (View("size"), [0, 2, 1]),
        (View("unread"), [2, 1, 0]),
        (View("flagged"), [1, 2, 0]),
        (View(only="unread"), [2]),
        (View("subject", down=False, only="flagged"), [1]),
        (View(only="attachment"), []),
        (View(only="contacts", addresses=("m@x.fr",)), None),
    ],
)
def test_every_order_and_filter_works(
    bare: Connection, view: View, expected: list[int] | None
) -> None:
    memory = Remembering()
    for _visit in range(2):
        page = listing.page(bare, "INBOX", view=view, memory=memory)
        subjects = [row.subject for row in page.rows]
        if expected is not None:
            assert subjects == [MAIL[number][0] for number in expected]
    assert ordering.SORT_TOO_MANY not in page.notes


def test_a_list_goes_to_a_month(bare: Connection) -> None:
    page = listing.page(bare, "INBOX", ListPlace(month=date(2026, 1, 1)), 2)
    assert page.rows[0].subject == MAIL[2][0]


# --- conversations: without THREAD they are put together by References ---

SCHOOL_TRIP = ("a", "", "Sortie"), ("b", "a", "Re: Sortie"), ("d", "a b", "Tout autre")
CANTEEN = ("c", "", "Cantine"), ("e", "c", "Re: Cantine")


def tied(own: str, answers: str, subject: str) -> bytes:
    ids = " ".join(f"<{answered}@x.fr>" for answered in answers.split())
    head = f"From: a@x.fr\r\nTo: b@x.fr\r\nSubject: {subject}\r\nMessage-ID: <{own}@x.fr>\r\n"
    if ids:
        head += f"References: {ids}\r\nIn-Reply-To: {ids.split()[-1]}\r\n"
    return f"{head}Date: 3 Jan 2026 09:00:00 +0000\r\n\r\n{own}\r\n".encode()


@pytest.fixture
def client(server: Pymap) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", server.imap_port, timeout=LONGEST_S) as client:
        client.login(ALICE.login, ALICE.password)
        yield client


@pytest.fixture
def folder(server: Pymap, client: imaplib.IMAP4, request: pytest.FixtureRequest) -> str:
    """A folder of two conversations, whose messages came in turns; one of its own a test."""
    folder = f"Fil-{abs(hash(request.node.name))}"
    client.create(folder)
    for message in (SCHOOL_TRIP[0], SCHOOL_TRIP[1], CANTEEN[0], SCHOOL_TRIP[2], CANTEEN[1]):
        client.append(folder, "()", "", tied(*message))
    return folder


def shown(page: listing.ListPage) -> list[list[str]]:
    return [[row.subject for row in conversation.rows] for conversation in page.conversations]


def test_a_list_of_conversations(bare: Connection, folder: str) -> None:
    assert not bare.has("THREAD=REFERENCES")
    memory = Remembering()
    for _visit in range(2):
        page = listing.page(bare, folder, view=View(threads=True), memory=memory)
        assert shown(page) == [
            ["Cantine", "Re: Cantine"],
            ["Sortie", "Re: Sortie", "Tout autre"],
        ]
        assert [conversation.unread for conversation in page.conversations] == [True, True]
        assert (page.exists, page.total, page.notes) == (5, 2, frozenset())


def test_a_list_of_conversations_is_brought_up_to_date(
    bare: Connection, folder: str, client: imaplib.IMAP4
) -> None:
    memory, view = Remembering(), View(threads=True)
    listing.page(bare, folder, view=view, memory=memory)
    client.append(folder, "()", "", tied("f", "a b d", "Re: Tout autre"))
    client.select(folder)
    client.store("3", "+FLAGS", r"(\Deleted)")  # the first of the canteen
    client.expunge()
    assert shown(listing.page(bare, folder, view=view, memory=memory)) == [
        ["Sortie", "Re: Sortie", "Tout autre", "Re: Tout autre"],
        ["Re: Cantine"],
    ]


def test_an_opened_conversation_and_what_its_row_stands_for(bare: Connection, folder: str) -> None:
    memory = Remembering()
    page = listing.page(bare, folder, view=View(threads=True), memory=memory)
    newest = page.conversations[1].newest.ref
    opened = threads.members(bare, newest, memory).rows
    assert [row.subject for row in opened] == ["Sortie", "Re: Sortie", "Tout autre"]
    assert threads.whole(bare, [newest], memory) == tuple(row.ref for row in opened)
