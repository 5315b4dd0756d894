"""The order of a list: asked of the server once, then brought up to date."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from mail.errors import ServerUnavailable
from mail.imap import connection, search
from mail.imap.values import ImapServer
from mail.mailbox import listing, ordering
from mail.mailbox.ordering import View
from tests.mail.mailbox.remembering import Remembering
from tests.servers import large
from tests.servers.scripted import STALL, ScriptedServer, imap_script, no, ok, selected

MANY = 450


def letter(number, *, sender="a@x.fr", subject="", when="Tue, 03 Mar 2026 09:00:00 +0100"):
    head = f"From: {sender}\r\nTo: b@x.fr\r\nDate: {when}\r\nSubject: {subject or number}\r\n"
    return f"{head}\r\nx\r\n".encode()


@pytest.fixture
def many(mailbox):
    mailbox.create_folder("Grand")
    large.fill(mailbox, "Grand", MANY)
    return mailbox.uids("Grand")


@pytest.fixture
def memory():
    return Remembering()


@pytest.fixture
def plain_imap(imap_server, alice):
    """`plain_imap("SORT", …)`: a connection that makes no use of these."""
    opened = []

    def connect(*without):
        made = connection.open(imap_server, alice.login, alice.password)
        made._capabilities = made._capabilities - set(without)
        opened.append(made)
        return made

    yield connect
    for connection_ in opened:
        connection_.close()


def asked(imap, folder, view, memory):
    """The list, and how many commands it took."""
    before = imap.commands
    uids = listing.matching(imap, folder, view, memory)
    return uids, imap.commands - before


def server_order(imap, key):
    return search.in_order(imap, key)


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("date", "DATE"),
        ("from", "DISPLAYFROM"),
        ("to", "DISPLAYTO"),
        ("subject", "SUBJECT"),
        ("size", "SIZE"),
        ("arrival", "ARRIVAL"),
    ],
)
def test_lists_are_in_the_servers_order_up_and_down(imap, many, memory, sort, key):
    up, _commands = asked(imap, "Grand", View(sort, down=False), memory)
    assert up == server_order(imap, key)
    assert len(up) == MANY
    down, commands = asked(imap, "Grand", View(sort), memory)
    assert down == up[::-1]
    # NOOP tells that nothing came; by arrival, all that there are is one question.
    assert commands == 1 + (sort == "arrival")


def test_what_came_is_put_in_its_place_without_sorting_all_again(imap, many, memory, mailbox):
    view = View("subject", down=False)
    asked(imap, "Grand", view, memory)
    subjects = ["Aaa", "Zzz", "Cantine 000500", "Stage", "Re: Conseil de classe de la 4e B 000007"]
    for number, subject in enumerate(subjects):
        mailbox.append(letter(number, subject=subject), "Grand")
    uids, commands = asked(imap, "Grand", view, memory)
    assert uids == server_order(imap, "SUBJECT")
    assert len(uids) == MANY + 5
    assert commands <= 3 + len(subjects)  # NOOP, what came, among the probes, in each gap
    assert asked(imap, "Grand", view, memory) == (uids, 1)


def test_what_came_and_went_at_once_leaves_the_list_right(imap, many, memory, mailbox):
    view = View("from", down=False)
    asked(imap, "Grand", view, memory)
    chosen = random.Random(7)  # noqa: S311  a test
    for number, gone in enumerate((4, 1, 4)):  # as many as came: the count says nothing
        for uid in chosen.sample(mailbox.uids("Grand"), gone):
            mailbox.set_flags(uid, ["\\Deleted"], "Grand")
        mailbox.imap.select('"Grand"')
        mailbox.imap.expunge()
        mailbox.append(letter(number, sender=f"Karim {number} <k@x.fr>"), "Grand")
        uids, commands = asked(imap, "Grand", view, memory)
        assert uids == server_order(imap, "DISPLAYFROM")
        assert commands <= 5


def test_many_that_came_are_sorted_with_all_the_others(imap, many, memory, mailbox):
    view = View("subject", down=False)
    asked(imap, "Grand", view, memory)
    for number in range(ordering.MOST_MERGED + 1):
        mailbox.append(letter(number, subject=f"nouveau {number}"), "Grand")
    uids, commands = asked(imap, "Grand", view, memory)
    assert uids == server_order(imap, "SUBJECT")
    assert commands == 3


def test_a_folder_made_anew_is_not_shown_in_its_old_order(imap, memory, mailbox):
    mailbox.create_folder("Neuf")
    for number in range(3):
        mailbox.append(letter(number), "Neuf")
    asked(imap, "Neuf", View("subject"), memory)
    imap.select("INBOX")  # Dovecot may hang up on who has a folder open that another deletes
    mailbox.delete_folder("Neuf")
    mailbox.create_folder("Neuf")
    uid = mailbox.append(letter(9), "Neuf")
    assert asked(imap, "Neuf", View("subject"), memory)[0] == (uid,)


def test_reading_one_message_asks_for_what_changed_alone(imap, many, memory, mailbox):
    unread, _commands = asked(imap, "Grand", View(only="unread"), memory)
    assert unread == tuple(reversed([uid for uid in many if uid % 3 == 0]))
    mailbox.set_flags(unread[5], ["\\Seen"], "Grand")
    mailbox.set_flags(many[0], [], "Grand")
    new = mailbox.append(letter(1), "Grand")
    now, commands = asked(imap, "Grand", View(only="unread"), memory)
    assert commands == 3  # NOOP, what changed, and the date of what came
    assert set(now) == (set(unread) - {unread[5]}) | {many[0], new}
    assert list(now) == sorted(now, reverse=True)


def test_an_unread_message_that_went_is_in_the_list_no_more(imap, many, memory, mailbox):
    unread, _commands = asked(imap, "Grand", View(only="unread"), memory)
    mailbox.set_flags(unread[0], ["\\Deleted"], "Grand")
    mailbox.imap.select('"Grand"')
    mailbox.imap.expunge()
    assert asked(imap, "Grand", View(only="unread"), memory)[0] == unread[1:]


def test_without_condstore_flags_are_asked_for_anew(plain_imap, many, memory, mailbox):
    imap = plain_imap("CONDSTORE", "QRESYNC", "ESEARCH", "ESORT")
    unread, _commands = asked(imap, "Grand", View(only="unread"), memory)
    mailbox.set_flags(unread[0], ["\\Seen"], "Grand")
    assert asked(imap, "Grand", View(only="unread"), memory)[0] == unread[1:]


@pytest.mark.parametrize("sort", ["unread", "flagged"])
def test_flagged_and_unread_ones_come_first_each_the_newest_first(imap, many, memory, sort):
    is_first = (lambda uid: uid % 3 == 0) if sort == "unread" else (lambda uid: uid % 10 == 0)
    newest = many[::-1]
    expected = [uid for uid in newest if is_first(uid)] + [u for u in newest if not is_first(u)]
    assert asked(imap, "Grand", View(sort), memory)[0] == tuple(expected)


def test_a_filter_keeps_the_order(imap, many, memory):
    flagged = {uid for uid in many if uid % 10 == 0}
    uids, commands = asked(imap, "Grand", View("subject", False, "flagged"), memory)
    assert uids == tuple(uid for uid in server_order(imap, "SUBJECT") if uid in flagged)
    assert commands == 4  # SELECT, SEARCH, the last UID, and SORT of these alone


def test_attachments_are_told_by_structure_where_the_server_sets_no_keyword(imap, many, memory):
    uids, _commands = asked(imap, "Grand", View(only="attachment"), memory)
    assert uids == tuple(uid for uid in reversed(many) if uid % 5 == 0)
    assert asked(imap, "Grand", View(only="attachment"), memory) == (uids, 1)


def test_only_the_newest_are_looked_through_and_the_list_says_so(imap, many, memory, monkeypatch):
    monkeypatch.setattr(ordering, "MOST_LOOKED_THROUGH", 100)
    page = listing.page(imap, "Grand", view=View(only="attachment"), memory=memory)
    assert page.total == 20
    assert ordering.ATTACHMENT_NEWEST in page.notes


def test_attachments_are_told_by_keyword_where_the_server_sets_it(imap, mailbox, memory):
    there = mailbox.append(letter(1), flags=["$HasAttachment"])
    mailbox.append(letter(2), flags=["$HasNoAttachment"])
    assert asked(imap, "INBOX", View(only="attachment"), memory)[0] == (there,)


def test_messages_that_the_server_never_marked_are_told_by_structure(imap, mailbox, memory):
    marked = mailbox.append(letter(1), flags=["$HasAttachment"])
    file = b"Content-Type: application/pdf\r\nContent-Disposition: attachment\r\n"
    unmarked = mailbox.append(file + letter(2))
    mailbox.append(letter(3))
    mailbox.append(letter(4), flags=["$HasNoAttachment"])
    view = View(only="attachment")
    assert asked(imap, "INBOX", view, memory)[0] == (unmarked, marked)
    # NOOP, two searches for the keywords, and one for what came: no structure again.
    assert asked(imap, "INBOX", view, memory) == ((unmarked, marked), 3)
    came = mailbox.append(file + letter(5))
    assert asked(imap, "INBOX", view, memory)[0] == (came, unmarked, marked)


def test_mail_of_contacts_is_that_of_the_last_year(imap, mailbox, memory):
    now = datetime.now(UTC)
    from_bob = mailbox.append(letter(1, sender="Bob <bob@x.fr>"), date=now)
    mailbox.append(letter(2, sender="Bob <bob@x.fr>"), date=now - timedelta(days=500))
    mailbox.append(letter(3, sender="autre@x.fr"), date=now)
    view = View(only="contacts", addresses=("claire@x.fr", 'hostile"@x.fr', "bob@x.fr"))
    page = listing.page(imap, "INBOX", view=view, memory=memory)
    assert [row.ref.uid for row in page.rows] == [from_bob]
    assert page.notes == {ordering.CONTACTS_LAST_YEAR}
    again = mailbox.append(letter(4, sender="BOB@x.fr"), date=now)
    assert asked(imap, "INBOX", view, memory)[0] == (again, from_bob)


def test_without_contacts_there_is_nothing_from_them(imap, mailbox, memory):
    mailbox.append(letter(1))
    assert asked(imap, "INBOX", View(only="contacts"), memory)[0] == ()


def test_of_many_contacts_the_first_are_searched_for_and_the_list_says_so(imap, mailbox, memory):
    uid = mailbox.append(letter(1, sender="n150@x.fr"))
    addresses = tuple(f"n{number}@x.fr" for number in range(ordering.MOST_ADDRESSES + 1))
    page = listing.page(imap, "INBOX", view=View(only="contacts", addresses=addresses))
    assert [row.ref.uid for row in page.rows] == [uid]
    assert ordering.CONTACTS_TOO_MANY in page.notes


@pytest.mark.parametrize("sort", ["date", "from", "to", "subject", "size"])
def test_a_server_that_cannot_sort_is_sorted_for(plain_imap, many, memory, sort):
    imap = plain_imap("SORT", "ESORT", "SORT=DISPLAY", "CONDSTORE", "ESEARCH")
    uids, _commands = asked(imap, "Grand", View(sort, down=False), memory)
    key = {"from": "DISPLAYFROM", "to": "DISPLAYTO"}.get(sort, sort.upper())
    assert uids == server_order(imap, key)


def test_too_many_to_sort_here_stay_in_the_order_of_arrival_and_the_list_says_so(
    plain_imap, many, memory, monkeypatch
):
    monkeypatch.setattr(ordering, "MOST_SORTED_HERE", 100)
    imap = plain_imap("SORT", "ESORT")
    page = listing.page(imap, "Grand", view=View("subject"), memory=memory)
    assert [row.ref.uid for row in page.rows] == many[:-51:-1]
    assert page.notes == {ordering.SORT_TOO_MANY}


def test_a_page_of_the_unread_goes_on_where_the_last_row_stood_although_it_was_read(
    imap, many, memory, mailbox
):
    view = View(only="unread")
    first = listing.page(imap, "Grand", view=view, size=10, memory=memory)
    last = first.rows[-1].ref.uid
    for row in first.rows[5:]:
        mailbox.set_flags(row.ref.uid, ["\\Seen"], "Grand")
    place = listing.ListPlace(2, after=last)
    following = listing.page(imap, "Grand", place, view=view, size=10, memory=memory)
    assert following.rows[0].ref.uid == last - 3


def test_numbers_that_are_no_uids_are_shown_to_be_gone_and_not_kept(imap_server, memory):
    script = imap_script(
        ("SELECT", selected(exists=3)),
        ("UID SORT", ok(b"* SORT 5 9999999999 7\r\n")),
        ("UID FETCH", ok(b"* 1 FETCH (UID 5 FLAGS ())\r\n")),
        ("UID FETCH", ok()),
        capabilities="IMAP4rev1 SORT",
    )
    with ScriptedServer(script) as server:
        opened = connection.open(ImapServer("127.0.0.1", server.port, "none", timeout=5), "a", "b")
        page = listing.page(opened, "INBOX", view=View("date"), memory=memory)
        assert page.rows == ()
        assert not memory.kept
        opened.close()


@pytest.mark.parametrize("subject", ["re" + " " * 100_000 + "x", "re [1" * 20_000])
def test_a_long_subject_is_read_once(subject: str) -> None:
    begun = time.process_time()
    assert ordering._ANSWER.sub("", subject) == subject
    assert time.process_time() - begun < 1


# --- the order of dates ---

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def dated(mailbox):
    """`dated(2, 3)`: messages that arrived on these days, appended now; their UIDs."""
    mailbox.create_folder("Dates")

    def append(*days):
        return [
            mailbox.append(letter(day), "Dates", date=NOON + timedelta(days=day)) for day in days
        ]

    return append


def shown(imap, memory, size=50, **place):
    page = listing.page(imap, "Dates", listing.ListPlace(**place), size, View(), memory)
    return [row.ref.uid for row in page.rows]


def counted(imap, ask):
    before = imap.commands
    answer = ask()
    return answer, imap.commands - before


def test_messages_that_came_by_their_dates_are_read_by_sequence_number(imap, memory, dated):
    uids = dated(*range(6))
    assert shown(imap, memory, 2) == [uids[5], uids[4]]
    newest, commands = counted(imap, lambda: shown(imap, memory, 2))
    assert (newest, commands) == ([uids[5], uids[4]], 2)  # NOOP, FETCH
    assert not any("by arrival" in name for _kind, name in memory.kept)


def test_what_comes_later_is_compared_without_a_command_where_it_is_shown(imap, memory, dated):
    uids = dated(*range(6))
    shown(imap, memory, 2)
    uids += dated(7)
    newest, commands = counted(imap, lambda: shown(imap, memory, 2))
    assert (newest, commands) == ([uids[6], uids[5]], 3)  # NOOP, FETCH of flags, of the new row
    uids += dated(8, 9, 10)
    second, commands = counted(imap, lambda: shown(imap, memory, 2, number=2))
    assert (second, commands) == ([uids[7], uids[6]], 4)  # and of the dates of what came
    assert counted(imap, lambda: shown(imap, memory, 2, number=2)) == (second, 2)


@pytest.mark.parametrize("without", [(), ("ESORT",)])
def test_a_message_of_an_older_date_stands_at_its_place_on_every_page(
    plain_imap, memory, dated, without
):
    imap = plain_imap(*without)
    uids = dated(*range(6))
    shown(imap, memory, 3)
    old = dated(1.5)
    expected = [*uids[:2], *old, *uids[2:]][::-1]
    pages = [shown(imap, memory, 3, number=number) for number in (1, 2, 3)]
    assert [*pages[0], *pages[1], *pages[2]] == expected
    assert shown(imap, memory, 3, after=uids[2]) == [*old, uids[1], uids[0]]
    assert shown(imap, memory, 3, row=old[0]) == pages[1]
    again = counted(imap, lambda: shown(imap, memory, 3))
    assert again == (pages[0], 2)  # NOOP, FETCH


def test_two_that_come_at_once_with_the_older_last_are_told_apart(imap, memory, dated):
    dated(1)
    shown(imap, memory)
    second = dated(5, 3)
    assert shown(imap, memory)[:2] == second


def test_a_folder_is_read_by_sequence_number_again_once_what_was_out_of_order_is_gone(
    imap, memory, dated, mailbox
):
    uids = dated(1, 3)
    old = dated(2)
    assert shown(imap, memory) == [uids[1], *old, uids[0]]
    mailbox.set_flags(old[0], ["\\Deleted"], "Dates")
    mailbox.imap.select('"Dates"')
    mailbox.imap.expunge()
    assert shown(imap, memory) == uids[::-1]
    assert counted(imap, lambda: shown(imap, memory)) == (uids[::-1], 2)


@pytest.mark.parametrize("only", ["", "unread"])
def test_a_filter_and_all_of_a_folder_are_by_date_too(imap, memory, dated, only):
    first = dated(1, 3)
    view = View(only=only)
    assert asked(imap, "Dates", view, memory)[0] == (first[1], first[0])
    old = dated(2)
    assert asked(imap, "Dates", view, memory)[0] == (first[1], *old, first[0])


def test_conversations_come_by_the_date_of_their_newest_message(imap, memory, dated):
    first = dated(1, 3)
    page = listing.page(imap, "Dates", view=View(threads=True), memory=memory)
    assert [row.ref.uid for row in page.rows] == first[::-1]
    old = dated(2)
    page = listing.page(imap, "Dates", view=View(threads=True), memory=memory)
    assert [row.ref.uid for row in page.rows] == [first[1], *old, first[0]]


def test_a_server_that_cannot_sort_shows_what_came_last_first(plain_imap, memory, dated):
    imap = plain_imap("SORT", "ESORT")
    uids = dated(1, 3, 2)
    assert shown(imap, memory) == uids[::-1]


def test_what_arrived_is_on_top_unless_it_is_older_than_what_was_there(imap, memory, dated):
    uids = dated(1, 3)
    shown(imap, memory)
    uidvalidity = imap.known().uidvalidity
    later = dated(4)
    assert listing.newer(imap, "Dates", uids[1], uidvalidity, memory).on_top
    dated(2)
    newer = listing.newer(imap, "Dates", later[0], uidvalidity, memory)
    assert not newer.on_top and len(newer.rows) == 1


def next_session(memory):
    """What is left of the memory when the session is over."""
    left = Remembering()
    left.kept = {key: value for key, value in memory.kept.items() if key[0] == "lasting"}
    return left


def test_another_session_asks_for_the_dates_of_what_came_since_alone(imap, memory, dated):
    uids = dated(*range(4))
    shown(imap, memory)
    later = next_session(memory)
    uids += dated(5, 6)
    imap.select("INBOX")
    rows, commands = counted(imap, lambda: shown(imap, later))
    assert rows == uids[::-1]
    assert commands == 4  # SELECT, dates since then, FETCH of flags, of rows
    again = next_session(later)
    old = dated(0.5)
    imap.select("INBOX")
    assert shown(imap, again) == [*uids[:0:-1], *old, uids[0]]
    assert set(next_session(again).kept.values()) == {"null"}


def test_another_session_asks_anew_where_the_last_message_is_gone(imap, memory, dated, mailbox):
    uids = dated(1, 2, 3)
    shown(imap, memory)
    mailbox.set_flags(uids[2], ["\\Deleted"], "Dates")
    mailbox.imap.select('"Dates"')
    mailbox.imap.expunge()
    imap.select("INBOX")
    assert shown(imap, next_session(memory)) == uids[1::-1]


def test_while_the_server_sorts_no_other_page_takes_the_dates_for_rising(imap, dated):
    dated(3, 1, 2)
    memory = Remembering()
    told = []

    class Watching(Remembering):
        def put(self, kind, name, value):
            memory.put(kind, name, value)
            told.append(shown(imap, memory))

    expected = shown(imap, Remembering())
    imap.select("INBOX")
    shown(imap, Watching())
    assert told and all(rows == expected for rows in told)


def sorting(answer):
    """What a server with SORT says when it is asked for a list, but for the rows."""
    return imap_script(
        ("SELECT", selected(exists=2)),
        ("UID SORT", answer),
        ("FETCH", ok(b"* 1 FETCH (UID 5 FLAGS ())\r\n* 2 FETCH (UID 6 FLAGS ())\r\n")),
        ("UID FETCH", ok()),
        ("NOOP", ok()),
        ("FETCH", ok(b"* 1 FETCH (UID 5 FLAGS ())\r\n* 2 FETCH (UID 6 FLAGS ())\r\n")),
        ("UID FETCH", ok()),
        capabilities="IMAP4rev1 SORT",
    )


def test_where_sorting_is_refused_the_list_is_shown_and_it_is_asked_for_once(memory):
    with ScriptedServer(sorting(no(b"not today"))) as server:
        opened = connection.open(ImapServer("127.0.0.1", server.port, "none", timeout=5), "a", "b")
        for _time in range(2):
            assert listing.page(opened, "INBOX", memory=memory).total == 2
        opened.close()


ENVELOPES = (
    b'* %d FETCH (UID %d FLAGS () RFC822.SIZE 9 ENVELOPE (NIL "%b" NIL NIL NIL NIL NIL NIL NIL NIL)'
    b' BODYSTRUCTURE ("text" "plain" NIL NIL NIL "7bit" 5 1))\r\n'
)


@pytest.mark.parametrize("answer", [no(b"not today"), b"{tag} BAD Unknown command\r\n"])
def test_where_a_sort_that_is_offered_is_refused_it_is_sorted_here(memory, answer):
    told = ok(ENVELOPES % (1, 5, b"Zoo") + ENVELOPES % (2, 6, b"Art"))
    rest = [("FETCH", told), ("NOOP", ok()), ("UID SEARCH", ok(b"* SEARCH\r\n"))]
    first = [("SELECT", selected(exists=2)), ("UID SORT", answer)]
    is_over = b"BAD" in answer
    scripts = [
        imap_script(*first, *([] if is_over else rest), capabilities="IMAP4rev1 SORT"),
        imap_script(("SELECT", selected(exists=2)), *rest, capabilities="IMAP4rev1 SORT"),
    ]
    with ScriptedServer(*scripts) as server:
        where = ImapServer("127.0.0.1", server.port, "none", timeout=5)
        opened = connection.open(where, "a", "b")
        opened.lend(lambda: connection.open(where, "a", "b"))
        view = View("subject", down=False)
        for _time in range(2):
            assert listing.matching(opened, "INBOX", view, memory) == (6, 5)
        opened.close()


def test_where_sorting_takes_too_long_the_next_list_does_not_ask_for_it(memory, monkeypatch):
    monkeypatch.setattr(ordering, "SECONDS_TO_SORT", 0.5)
    with ScriptedServer(sorting(STALL)) as server:
        opened = connection.open(ImapServer("127.0.0.1", server.port, "none", timeout=5), "a", "b")
        with pytest.raises(ServerUnavailable):
            listing.page(opened, "INBOX", memory=memory)
        opened.close()
    script = [step for step in sorting(b"") if step[0] != "UID SORT"]
    with ScriptedServer(script) as server:
        opened = connection.open(ImapServer("127.0.0.1", server.port, "none", timeout=5), "a", "b")
        assert listing.page(opened, "INBOX", memory=memory).total == 2
        opened.close()
