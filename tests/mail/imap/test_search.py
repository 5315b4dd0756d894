"""SEARCH: texts as strings whatever is in them, and answers of every kind."""

from __future__ import annotations

import pytest

from mail.errors import BadServerAnswer, ServerRefused, ServerUnavailable
from mail.imap import search
from mail.imap.connection import Connection
from tests.mail.imap.test_faults import selected_inbox
from tests.servers.scripted import STALL, ScriptedServer, imap_script, no, ok, selected

SELECT = ("SELECT", selected())
MUSEUM = "Visite du musée"


@pytest.fixture
def letters(mailbox) -> list[int]:
    subjects = ["=?utf-8?q?Visite_du_mus=C3=A9e?=", 'Le "grand" \\ soir', "Sortie"]
    return [
        mailbox.append(f"Subject: {text}\r\nFrom: a@b.fr\r\n\r\nx\r\n".encode())
        for text in subjects
    ]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("musée", [0]),
        ("MUSÉE", [0]),
        ('"grand" \\', [1]),
        ("sortie", [2]),
        ('x" ALL', []),
        ("x\r\nA9 DELETE INBOX", []),
        ("{3}", []),
    ],
)
def test_a_text_of_any_characters_is_only_looked_for(imap: Connection, letters, text, places):
    imap.select("INBOX")
    assert search.matching(imap, [b"SUBJECT", text]) == tuple(letters[n] for n in places)


def test_a_server_without_literal_plus_is_asked_before_each_string(imap: Connection, letters):
    imap._capabilities -= {"LITERAL+", "LITERAL-"}
    imap.select("INBOX")
    both: list[search.Criterion] = [
        b"OR",
        b"SUBJECT",
        "musée",
        b"(",
        b"SUBJECT",
        "écrit",
        b"SUBJECT",
        "été",
        b")",
    ]
    assert search.matching(imap, both) == (letters[0],)
    assert search.matching(imap, [b"ALL"]) == tuple(letters)  # the dialogue goes on in order


def test_a_server_without_esearch(imap: Connection, letters):
    imap._capabilities -= {"ESEARCH"}
    imap.select("INBOX")
    assert search.matching(imap, [b"ALL"]) == tuple(letters)
    assert search.matching(imap, [b"SUBJECT", "nulle part"]) == ()


def test_nul_is_refused_before_anything_is_sent(imap: Connection):
    imap.select("INBOX")
    before = imap.commands
    with pytest.raises(ValueError, match="NUL"):
        search.matching(imap, [b"TEXT", "a\0b"])
    assert imap.commands == before
    with pytest.raises(ValueError, match="line end"):
        search.matching(imap, [b"ALL\r\nA9 DELETE INBOX"])


ESEARCH = "IMAP4rev1 LITERAL+ ESEARCH"


@pytest.mark.parametrize(
    ("answer", "uids"),
    [
        (b'* ESEARCH (TAG "A5") UID ALL 2,10:12\r\n', (2, 10, 11, 12)),
        (b'* ESEARCH (TAG "A5") UID COUNT 2 ALL 7:6\r\n', (6, 7)),
        (b'* ESEARCH (TAG "A5") UID\r\n', ()),
        (b"* SEARCH 9 3\r\n", (3, 9)),
        (b"", ()),
    ],
)
def test_answers_to_esearch(answer, uids):
    script = imap_script(SELECT, ("UID SEARCH RETURN (ALL)", ok(answer)), capabilities=ESEARCH)
    with ScriptedServer(script) as server:
        imap = selected_inbox(server)
        assert search.matching(imap, [b"UNSEEN"]) == uids
        imap.close()


@pytest.mark.parametrize("numbers", [b"1:4294967295", b"1:2:3", b"99999999999"])
def test_more_numbers_than_there_are_messages_are_not_believed(numbers):
    told = ok(b"* ESEARCH UID ALL " + numbers + b"\r\n")
    script = imap_script(SELECT, ("UID SEARCH", told), capabilities=ESEARCH)
    with ScriptedServer(script) as server:
        imap = selected_inbox(server)
        with pytest.raises(BadServerAnswer):
            search.matching(imap, [b"ALL"])
        imap.close()


def test_a_refusal_in_the_middle_of_a_command_leaves_the_connection_usable():
    script = imap_script(
        SELECT,
        ("UID SEARCH CHARSET UTF-8 SUBJECT {6}", no(b"[BADCHARSET (US-ASCII)] only ASCII")),
        ("UID SEARCH UNSEEN", ok(b"* SEARCH 3\r\n")),
        capabilities="IMAP4rev1",
    )
    with ScriptedServer(script) as server:
        imap = selected_inbox(server)
        with pytest.raises(ServerRefused):
            search.matching(imap, [b"SUBJECT", "musée"])
        assert imap.code() == "BADCHARSET"
        assert search.matching(imap, [b"UNSEEN"]) == (3,)
        imap.close()


def test_a_search_that_takes_longer_than_it_may_ends_the_connection():
    script = imap_script(SELECT, ("UID SEARCH", STALL))
    with ScriptedServer(script) as server:
        imap = selected_inbox(server, timeout=60)
        with imap.within(0.2), pytest.raises(ServerUnavailable):
            search.matching(imap, [b"TEXT", "x"])
        assert not imap.give_back()
        imap.close()
