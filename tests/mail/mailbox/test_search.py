"""Looking for messages in folders."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from mail.errors import FolderNotFound
from mail.imap.connection import Connection
from mail.imap.values import Folder
from mail.mailbox import folders, query, search
from mail.mailbox.query import Query
from mail.mailbox.search import Hit, SearchPlace, SearchResult
from tests.examples import up_to
from tests.mail.imap.test_faults import sign_in
from tests.servers.scripted import CLOSE, STALL, ScriptedServer, imap_script, no, ok, selected

TODAY = date(2026, 11, 25)
ESEARCH = "IMAP4rev1 LITERAL+ ESEARCH"


def wanted(text: str) -> Query:
    return query.parse(text, TODAY)


def letter(subject: str, body: str = "Bonjour") -> bytes:
    head = f"Subject: {subject}\nFrom: Bob <bob@ac-exemple.fr>\nMIME-Version: 1.0\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\n\n{body}\n".encode()


def day(number: int) -> datetime:
    return datetime(2026, 3, number, 12, tzinfo=UTC)


def uids(result: SearchResult) -> list[int]:
    return [hit.uid for hit in result.hits]


def test_all_that_match_in_one_folder(imap: Connection, mailbox):
    first = mailbox.append(letter("Sortie", "au musée"))
    mailbox.append(letter("Réunion"))
    second = mailbox.append(letter("Musée des Beaux-Arts"))
    before = imap.commands
    assert search.matching(imap, "INBOX", wanted("musée")) == (first, second)
    assert imap.commands == before + 2
    assert search.matching(imap, "INBOX", wanted("musée -objet:sortie")) == (second,)


@pytest.mark.parametrize(
    "typed", ["reunion", "réunion", "RÉUNION", "Reunion", "reuni", "objet:reunion"]
)
def test_accents_and_capitals_do_not_count(imap: Connection, mailbox, typed: str):
    found = [mailbox.append(letter(subject)) for subject in ("Réunion", "REUNION", "La réunion")]
    mailbox.append(letter("Rennes"))
    before = imap.commands
    assert search.matching(imap, "INBOX", wanted(typed)) == tuple(found)
    assert search.matching(imap, "INBOX", wanted(f"-{typed}")) == (found[-1] + 1,)
    assert imap.commands == before + 4


def test_texts_and_people_are_found_without_accents(imap: Connection, mailbox):
    uid = mailbox.append(letter("Sortie", "Les élèves de l'école visitent le collège."))
    for typed in ("eleves", "l'ecole", '"le college"', "élève", "corps:ecole"):
        assert search.matching(imap, "INBOX", wanted(typed)) == (uid,), typed


@pytest.mark.parametrize("typed", ["l'ordre", "l’ordre", '"l\'ordre du jour"', "-coeur d'abord"])
def test_either_apostrophe_finds_both(imap: Connection, mailbox, typed: str):
    uids = [
        mailbox.append(letter("Réunion", f"D{mark}abord l{mark}ordre du jour."))
        for mark in ("'", "’")
    ]
    assert search.matching(imap, "INBOX", wanted(typed)) == tuple(uids)


@pytest.mark.parametrize("typed", ["voeux", "vœux", "voeu", "objet:VOEUX"])
def test_a_ligature_is_found_by_its_two_letters_and_the_other_way_round(
    imap: Connection, mailbox, typed: str
):
    uids = [mailbox.append(letter(subject)) for subject in ("Meilleurs vœux", "Meilleurs voeux")]
    assert search.matching(imap, "INBOX", wanted(typed)) == tuple(uids)


def test_the_server_takes_as_many_terms_as_a_query_may_have(imap: Connection, mailbox):
    uid = mailbox.append(letter("Sortie"))
    either = " OU ".join([*(f"mot{n}" for n in range(query.MOST_TERMS - 1)), "sortie"])
    assert search.matching(imap, "INBOX", wanted(either)) == (uid,)
    assert search.matching(imap, "INBOX", wanted(f"-({either})")) == ()


def test_a_query_of_nonsense_matches_nothing_rather_than_everything(imap: Connection, mailbox):
    mailbox.append(letter("Sortie"))
    assert search.matching(imap, "INBOX", wanted("avant:jamais")) == ()
    assert search.go_on(imap, ["INBOX"], wanted("avant:jamais")) == SearchResult()


def test_what_waits_to_be_removed_is_not_found(imap: Connection, mailbox):
    mailbox.append(letter("Sortie"), flags=["\\Deleted"])
    assert search.matching(imap, "INBOX", wanted("sortie")) == ()


def test_flags_sizes_dates_and_tags_are_the_servers(imap: Connection, mailbox):
    old = mailbox.append(letter("Sortie"), date=datetime(2020, 5, 1, tzinfo=UTC), flags=["\\Seen"])
    tagged = mailbox.append(letter("Sortie", "x" * 5000), flags=["$label1"], date=day(1))
    uids_by_text = {
        text: search.matching(imap, "INBOX", wanted(text), {"important": "$label1"})
        for text in ("avant:2021", "le:01/05/2020", "nonlu", "est:lu", "taille>5k", "tag:important")
    }
    assert uids_by_text == {
        "avant:2021": (old,),
        "le:01/05/2020": (old,),
        "nonlu": (tagged,),
        "est:lu": (old,),
        "taille>5k": (tagged,),
        "tag:important": (tagged,),
    }


def test_an_attachment_is_found_by_keyword_or_by_the_kind_of_the_message(imap, mailbox):
    mixed = (
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"
    )
    marked = mailbox.append(letter("dit"), flags=["$HasAttachment"])
    mailbox.append(mixed, flags=["$HasNoAttachment"])
    seen = mailbox.append(mixed)
    mailbox.append(letter("sans"))
    assert search.matching(imap, "INBOX", wanted("a:pièce")) == (marked, seen)


def test_everywhere_the_newest_comes_first_whatever_its_folder(imap: Connection, mailbox):
    mailbox.create_folder("4e B")
    first = mailbox.append(letter("Musée 1"), date=day(1))
    second = mailbox.append(letter("Musée 2"), "4e B", date=day(2))
    third = mailbox.append(letter("Musée 3"), date=day(3))
    mailbox.append(letter("Réunion"), "4e B", date=day(4))
    result = search.go_on(imap, ["INBOX", "4e B"], wanted("musée"))
    assert uids(result) == [third, second, first]
    assert [hit.folder for hit in result.hits] == ["INBOX", "4e B", "INBOX"]
    assert (result.count, result.place) == (3, None)
    rows = search.rows(imap, result.hits)
    assert [row.subject for row in rows] == ["Musée 3", "Musée 2", "Musée 1"]


def test_what_a_search_costs_the_mail_server(imap: Connection, mailbox):
    mailbox.create_folder("4e B")
    for n in range(30):
        mailbox.append(letter(f"Musée {n}"), "4e B" if n % 2 else "INBOX", date=day(n % 28 + 1))
    before = imap.commands
    result = search.go_on(imap, ["INBOX"], wanted("musée"))
    search.rows(imap, result.hits)
    assert imap.commands - before == 4  # SELECT, SEARCH, FETCH of the flags and of the rows
    before = imap.commands
    result = search.go_on(imap, ["INBOX", "4e B", "Sent"], wanted("musée"))
    # NOOP or SELECT and SEARCH in each, the dates where something was found
    assert imap.commands - before == 3 * 2 + 2
    before = imap.commands
    search.rows(imap, result.hits[:10])
    assert imap.commands - before == 5  # SELECT and FETCH of the flags in both, one of rows


def test_messages_are_looked_into_span_by_span_from_the_newest(imap, mailbox, monkeypatch):
    monkeypatch.setattr(search, "LEAST_SPAN", 1)
    monkeypatch.setattr(search, "QUICK", 0.0)
    mailbox.create_folder("4e B")  # in the inbox UIDs are far apart: other tests had letters there
    there = [mailbox.append(letter(f"Musée {n}"), "4e B") for n in range(7)]
    stops = []
    result = SearchResult()
    at: SearchPlace | None = SearchPlace("4e B", span=3)
    while at:
        more = search.go_on(imap, ["4e B"], wanted("musée"), place=at, is_over=lambda: True)
        stops.append(uids(more))
        result, at = result.with_more(more), more.place
    assert [uid for stop in stops for uid in stop] == there[::-1]
    assert len(stops) >= 3 and stops[0] == there[:3:-1]
    assert uids(result) == there[::-1]
    assert result.count == 7


def test_what_the_server_has_in_an_index_is_one_command_in_a_folder_of_any_size(
    imap, mailbox, monkeypatch
):
    monkeypatch.setattr(search, "SPAN", 1)
    for n in range(5):
        mailbox.append(letter(f"Musée {n}"))
    before = imap.commands
    assert search.go_on(imap, ["INBOX"], wanted("objet:musée")).count == 5
    assert imap.commands == before + 2


def test_a_folder_made_anew_between_two_parts_is_searched_from_its_top(imap, mailbox):
    mailbox.create_folder("4e B")
    uid = mailbox.append(letter("Musée"), "4e B")
    place = SearchPlace("4e B", uidvalidity=1, below=1)
    assert uids(search.go_on(imap, ["4e B"], wanted("musée"), place=place)) == [uid]


def test_time_is_up_after_one_folder_and_the_next_is_where_it_goes_on(imap, mailbox):
    mailbox.create_folder("4e B")
    mailbox.append(letter("Musée 1"), "4e B", date=day(9))
    uid = mailbox.append(letter("Musée 2"), date=day(1))
    names = ["INBOX", "4e B"]
    first = search.go_on(imap, names, wanted("musée"), is_over=lambda: True)
    assert uids(first) == [uid]
    assert first.place == SearchPlace("4e B")
    second = search.go_on(imap, names, wanted("musée"), place=first.place)
    both = first.with_more(second)
    assert [hit.folder for hit in both.hits] == ["4e B", "INBOX"]
    assert (both.count, both.place) == (2, None)


def test_what_was_found_is_kept_as_json_can_carry_it(imap, mailbox):
    mailbox.append(letter("Musée"), date=day(1))
    result = search.go_on(imap, ["INBOX", "Sent"], wanted("musée"), is_over=lambda: True)
    assert result.place == SearchPlace("Sent")
    assert SearchResult.unpacked(result.packed()) == result


def test_messages_that_are_gone_by_now_are_left_out(imap, mailbox):
    gone, there = mailbox.append(letter("Musée 1")), mailbox.append(letter("Musée 2"))
    result = search.go_on(imap, ["INBOX"], wanted("musée"))
    mailbox.set_flags(gone, ["\\Deleted"])
    mailbox.imap.expunge()
    imap.select("INBOX")  # as the next request does
    hits = [*result.hits, Hit(0, 1, "Disparu", 7), Hit(0, there, "INBOX", 99)]
    assert [row.ref.uid for row in search.rows(imap, hits)] == [there]


def test_a_folder_deleted_meanwhile_is_passed_over(imap, mailbox):
    uid = mailbox.append(letter("Musée"))
    result = search.go_on(imap, ["Disparu", "INBOX"], wanted("musée"))
    assert uids(result) == [uid]
    assert (result.slow, result.refused, result.place) == ((), (), None)
    with pytest.raises(FolderNotFound):
        search.matching(imap, "Disparu", wanted("musée"))


# --- which folders ---


def folder(name: str, use: str = "", messages: int | None = 1, *attributes: str) -> Folder:
    return Folder(name, "/", frozenset(attributes), use, messages)


KNOWN = (
    folder("Trash", folders.TRASH),
    folder("Archive", folders.ARCHIVE),
    folder("Classes", "", None, "\\noselect"),
    folder("Classes/4e B"),
    folder("Classes/4e B/sorties"),
    folder("Classes/4e Bis"),
    folder("INBOX", folders.INBOX),
    folder("Vide", "", 0),
    folder("Écoles", "", None),
)


@pytest.mark.parametrize(
    ("text", "reach", "current", "names"),
    [
        ("x", "here", "Classes/4e B", ["Classes/4e B"]),
        ("x", "below", "Classes/4e B", ["Classes/4e B", "Classes/4e B/sorties"]),
        ("x", "below", "Classes", ["Classes/4e B", "Classes/4e B/sorties", "Classes/4e Bis"]),
        ("x", "here", "Nulle part", []),
        ("dossier:corbeille x", "here", "INBOX", ["Trash"]),
        ('dossier:"4e b" x', "all", "INBOX", ["Classes/4e B"]),
        ("dossier:4e x", "all", "", ["Classes/4e B", "Classes/4e B/sorties", "Classes/4e Bis"]),
        ("dossier:ecoles dossier:archives x", "here", "INBOX", ["Archive", "Écoles"]),
        ("dossier:nulle-part x", "all", "", []),
    ],
)
def test_which_folders_are_searched(text, reach, current, names):
    assert search.scope(KNOWN, wanted(text), reach, current) == tuple(names)


def test_everywhere_begins_where_one_is_and_ends_in_the_trash():
    names = search.scope(KNOWN, wanted("-dossier:archives x"), "all", "Écoles")
    assert names[:2] == ("Écoles", "INBOX")
    assert names[-1] == "Trash"
    assert "Archive" not in names and "Vide" not in names and "Classes" not in names


# --- servers that are slow, break off, refuse, or know little ---


@pytest.mark.parametrize("text", ["sortie", "objet:sortie"])
def test_a_server_that_takes_too_long_is_asked_for_less_and_then_passed_over(text):
    stalls = imap_script(("SELECT", selected(exists=9)), ("UID SEARCH", STALL))
    names = ["INBOX", "Sent"]
    tried: list[int] = []
    slow: tuple[str, ...] = ()
    place: SearchPlace | None = SearchPlace("INBOX")
    with ScriptedServer(stalls) as server:
        while place is not None and place.folder == "INBOX":
            imap = sign_in(server, timeout=30)
            result = search.go_on(imap, names, wanted(text), place=place, patience=0.2)
            assert result.is_line_over
            tried.append(place.span)
            place, slow = result.place, result.slow
            imap.close()
    assert tried[0] == 0 and tried[-1] == search.LEAST_SPAN
    assert (slow, place) == (("INBOX",), SearchPlace("Sent"))


def test_a_server_that_hangs_up_is_tried_again_at_the_same_place():
    hangs_up = imap_script(("SELECT", selected()), ("UID SEARCH", CLOSE))
    with ScriptedServer(hangs_up) as server:
        imap = sign_in(server)
        result = search.go_on(imap, ["INBOX", "Sent"], wanted("sortie"))
        assert (result.was_lost, result.is_line_over) == (True, True)
        assert result.place is not None and result.place.folder == "INBOX"
        assert result.slow == ()
        imap.close()


def test_a_folder_that_the_server_will_not_search_is_named_and_the_next_one_searched():
    script = imap_script(
        ("SELECT", selected()),
        ("UID SEARCH", no(b"[CANNOT] not here")),
        ("SELECT", selected()),
        ("UID SEARCH", ok(b"* SEARCH\r\n")),
    )
    with ScriptedServer(script) as server:
        imap = sign_in(server)
        result = search.go_on(imap, ["INBOX", "Sent"], wanted("sortie"))
        assert (result.refused, result.place, result.is_line_over) == (("INBOX",), None, False)
        imap.close()


def test_a_server_that_does_not_understand_is_no_reason_to_say_that_all_was_searched():
    script = imap_script(("SELECT", selected()), ("UID SEARCH", b"{tag} BAD what?\r\n"))
    with ScriptedServer(script) as server:
        imap = sign_in(server)
        result = search.go_on(imap, ["INBOX", "Sent"], wanted("sortie"))
        assert (result.refused, result.place) == (("INBOX",), SearchPlace("Sent"))
        assert result.is_line_over
        imap.close()


def test_a_server_of_ascii_alone_is_asked_without_accents_and_that_is_said():
    script = imap_script(
        ("SELECT", selected()),
        ("UID SEARCH CHARSET UTF-8 UNDELETED OR TEXT {6}", no(b"[BADCHARSET] ASCII")),
        ('UID SEARCH UNDELETED TEXT "musee"', ok(b"* SEARCH 2\r\n")),
        capabilities="IMAP4rev1",
    )
    with ScriptedServer(script) as server:
        imap = sign_in(server)
        result = search.go_on(imap, ["INBOX"], wanted("musée"))
        assert uids(result) == [2]
        assert result.without_accents
        imap.close()


def test_a_folder_of_a_hundred_thousand_lists_the_newest_and_counts_all():
    script = imap_script(
        ("SELECT", selected(exists=100_000)),
        ("UID SEARCH", ok(b"* ESEARCH UID ALL 1:100000\r\n")),
        capabilities=ESEARCH,
    )
    with ScriptedServer(script) as server:
        imap = sign_in(server)
        result = search.go_on(imap, ["INBOX"], wanted("nonlu"))
        assert result.count == 100_000
        assert uids(result)[:2] == [100_000, 99_999]
        assert len(result.hits) == search.MOST_LISTED
        imap.close()


@given(
    text=st.one_of(st.text(max_size=60), st.text(alphabet='"()-: \\{+}\r\n\0éOU*%', max_size=60))
)
@up_to(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("at_once", [True, False])
def test_no_text_breaks_the_dialogue_with_a_real_server(imap: Connection, at_once, text):
    if not at_once:
        imap._capabilities -= {"LITERAL+", "LITERAL-"}
    asked = wanted(text)
    result = search.go_on(imap, ["INBOX", "Trash"], asked)
    assert not (result.refused or result.slow or result.is_line_over)
    search.matching(imap, "INBOX", asked)
    assert imap.select("Trash").folder == "Trash"
