"""New mail of the inbox is judged when it is first seen, once, and never hidden for good."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import session
from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from demo.servers.dovecot import Dovecot, MailAccount
from tests.mail.imap.lists_hostile import many_commas
from tests.servers.mailboxes import Mailbox
from tests.servers.wire import Wire
from tests.waiting import cheap
from tests.webmail.views import unwanted
from tests.webmail.views.mail import letter, page, subjects, words
from webmail.adverts import judging
from webmail.models import InboxWatch, Judgement

pytestmark = pytest.mark.django_db

ADVERTS = "Publicités"


@pytest.fixture
def watched(reader: Client, mailbox: Mailbox) -> Client:
    """Alice's browser, in whose inbox a letter lies that was there before she first came."""
    mailbox.append(letter("Ancienne lettre"))
    reader.get("/mail/INBOX/")
    return reader


def prefer(value: str) -> None:
    user = User.objects.get(login="alice")
    user.preferences = {**user.preferences, "adverts": value}
    user.save()


def test_an_advert_is_moved_before_the_list_is_shown(watched: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("Réunion de lundi"))
    mailbox.append(unwanted.advert())
    assert subjects(watched.get("/mail/INBOX/")) == ["Réunion de lundi", "Ancienne lettre"]
    assert len(mailbox.uids(ADVERTS)) == 1


def test_junk_goes_to_the_folder_for_junk(watched: Client, mailbox: Mailbox) -> None:
    mailbox.append(unwanted.junk())
    watched.get("/mail/INBOX/")
    assert len(mailbox.uids("INBOX")) == 1
    assert len(mailbox.uids("Junk")) == 1
    assert ADVERTS not in mailbox.folders()


def test_the_inbox_says_what_was_set_aside_and_leads_there(
    watched: Client, mailbox: Mailbox
) -> None:
    for number in range(3):
        mailbox.append(unwanted.advert(number))
    mailbox.append(unwanted.junk())
    shown = page(watched.get("/mail/INBOX/"))
    line = re.search(r'(?s)id="advert-line".*?</div>', shown)
    assert line is not None
    assert re.findall(r">(\d+) [a-z]+", line[0]) == ["3", "1"]
    links = re.findall(r'href="(/adverts/[^"]*)"', line[0])
    assert [watched.get(link)["Location"] for link in links] == [
        "/mail/Publicit%C3%A9s/",
        "/mail/Junk/",
    ]


def test_mail_that_was_there_before_stays(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(unwanted.advert())
    reader.get("/mail/INBOX/")
    reader.get("/mail/INBOX/")
    assert len(mailbox.uids()) == 1


def test_of_what_was_there_before_the_newest_are_judged_where_that_is_set(
    reader: Client, mailbox: Mailbox, settings
) -> None:
    settings.ADVERTS_FIRST = 2
    for number in range(4):
        mailbox.append(unwanted.advert(number))
    reader.get("/mail/INBOX/")
    assert (len(mailbox.uids()), len(mailbox.uids(ADVERTS))) == (2, 2)


@pytest.mark.parametrize("flag", [r"\Seen", r"\Flagged", r"\Answered"])
def test_what_somebody_has_touched_stays(watched: Client, mailbox: Mailbox, flag: str) -> None:
    mailbox.append(unwanted.advert(), flags=(flag,))
    watched.get("/mail/INBOX/")
    assert len(mailbox.uids()) == 2


def test_what_was_brought_back_by_another_program_is_not_moved_again(
    watched: Client, mailbox: Mailbox
) -> None:
    mailbox.append(unwanted.advert())
    watched.get("/mail/INBOX/")
    mailbox.append(mailbox.message(mailbox.uids(ADVERTS)[0], ADVERTS))
    watched.get("/mail/INBOX/")
    assert len(mailbox.uids()) == 2


def test_what_was_brought_back_by_another_program_teaches(
    watched: Client, mailbox: Mailbox
) -> None:
    mailbox.append(unwanted.advert())
    watched.get("/mail/INBOX/")
    mailbox.append(mailbox.message(mailbox.uids(ADVERTS)[0], ADVERTS))
    watched.get("/mail/INBOX/")
    assert Judgement.objects.get().taught == "wanted"
    mailbox.append(unwanted.advert(2))
    watched.get("/mail/INBOX/")
    assert (len(mailbox.uids()), len(mailbox.uids(ADVERTS))) == (3, 1)


def test_only_marked_it_stays_with_a_word_in_its_row(watched: Client, mailbox: Mailbox) -> None:
    prefer("mark")
    uid = mailbox.append(unwanted.advert())
    shown = page(watched.get("/mail/INBOX/"))
    assert "$Advert" in mailbox.flags(uid)
    assert shown.count('class="is-advert"') == 1
    assert ADVERTS not in mailbox.folders()


def test_switched_off_nothing_is_touched_not_even_later(watched: Client, mailbox: Mailbox) -> None:
    prefer("off")
    uid = mailbox.append(unwanted.advert())
    watched.get("/mail/INBOX/")
    assert mailbox.flags(uid) == frozenset()
    prefer("move")
    watched.get("/mail/INBOX/")
    assert uid in mailbox.uids()


def test_messages_of_commas_do_not_keep_the_list(watched: Client, mailbox: Mailbox) -> None:
    for number in range(10):
        mailbox.append(many_commas(number))
    started = time.process_time()
    shown = watched.get("/mail/INBOX/")
    assert time.process_time() - started < 2.0
    assert len(subjects(shown)) == 11


def test_a_contacts_advert_is_wanted(watched: Client, mailbox: Mailbox) -> None:
    raw = unwanted.advert()
    found = re.search(rb"(?im)^From:.*?([\w.+-]+@[\w.-]+)", raw)
    assert found is not None
    user = User.objects.get(login="alice")
    contacts.create(user, ContactData(display_name="Ami", emails=(Email(found[1].decode()),)))
    mailbox.append(raw)
    watched.get("/mail/INBOX/")
    assert len(mailbox.uids()) == 2


def test_who_was_written_to_by_another_program_is_no_advertiser(
    watched: Client, mailbox: Mailbox
) -> None:
    raw = unwanted.advert()
    found = re.search(rb"(?im)^From:.*?([\w.+-]+@[\w.-]+)", raw)
    assert found is not None
    mailbox.append(letter("Question", to=found[1].decode()), "Sent", flags=(r"\Seen",))
    mailbox.append(raw)
    watched.get("/mail/INBOX/")
    assert len(mailbox.uids()) == 2


def test_an_answer_to_a_letter_of_ones_own_stays(watched: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("Devis", message_id="<devis@ac-exemple.fr>"), "Sent")
    mailbox.append(b"In-Reply-To: <devis@ac-exemple.fr>\n" + unwanted.advert())
    watched.get("/mail/INBOX/")
    assert len(mailbox.uids()) == 2


def test_two_sessions_at_once_move_nothing_twice(
    watched: Client, signed_in: Callable[..., Client], alice: MailAccount, mailbox: Mailbox
) -> None:
    other = signed_in(alice)
    other.get("/mail/INBOX/")
    for number in range(5):
        mailbox.append(unwanted.advert(number))
    watch = InboxWatch.objects.all()
    user = User.objects.get(login="alice")
    standing = watch.fresh(user)
    assert standing is not None
    newest = max(mailbox.uids())
    # The other session has claimed them and is about to move them.
    assert watch.claim(user, standing.uidvalidity, standing.judged, newest)
    watched.get("/mail/INBOX/")
    assert ADVERTS not in mailbox.folders()
    # It could not, and gives them back.
    watch.give_back(user, standing.uidvalidity, standing.judged, newest)
    watched.get("/mail/INBOX/")
    other.get("/mail/INBOX/")
    assert (len(mailbox.uids()), len(mailbox.uids(ADVERTS))) == (1, 5)


def test_three_hundred_new_messages_are_judged_in_a_few_requests(
    watched: Client, mailbox: Mailbox
) -> None:
    for number in range(300):
        raw = letter(f"Lettre {number}", message_id=f"<l{number}@ac-exemple.fr>")
        mailbox.append(unwanted.numbered(unwanted.advert(number), number) if number % 3 else raw)
    # As much of the processor as a dozen requests may use; a busy machine gives each of them less.
    with cheap(12 * judging.SECONDS):
        answer, rounds = watched.get("/mail/INBOX/"), 1
        while 'action="/adverts/judge/"' in page(answer):
            answer = watched.post("/adverts/judge/", headers={"HX-Request": "true"})
            rounds += 1
    assert rounds < 60
    assert (len(mailbox.uids()), len(mailbox.uids(ADVERTS))) == (101, 200)
    assert "200" in words(watched.get("/mail/INBOX/"))


def test_what_arrives_while_one_looks_comes_without_adverts(
    watched: Client, mailbox: Mailbox
) -> None:
    newest = f"{mailbox.uidvalidity('INBOX')}-{mailbox.uids()[-1]}"
    mailbox.append(unwanted.advert())
    mailbox.append(letter("Urgent"))
    answer = watched.get(f"/mail/INBOX/?newer={newest}", headers={"HX-Request": "true"})
    assert subjects(answer) == ["Urgent"]
    assert 'id="advert-line"' in page(answer)
    assert len(mailbox.uids(ADVERTS)) == 1


def test_a_list_without_news_takes_no_command_and_no_query_more(
    watched: Client, dovecot: Dovecot, imap_moved: Callable[[int], None], mailbox: Mailbox
) -> None:
    with Wire(dovecot.imap_port) as wire:
        imap_moved(wire.port)
        watched.get("/mail/INBOX/")
        watched.get("/mail/Sent/")
        wire.forget()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            watched.get("/mail/INBOX/")
        assert [command.split(" ")[0] for command in wire.commands] == ["SELECT", "FETCH", "LIST"]
        assert not [one for one in queries.captured_queries if "inboxwatch" in one["sql"]]
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            watched.get("/mail/INBOX/")
        assert len([one for one in queries.captured_queries if "inboxwatch" in one["sql"]]) == 1
        session.pool().close_all()


def test_one_advert_takes_few_commands(
    watched: Client, dovecot: Dovecot, imap_moved: Callable[[int], None], mailbox: Mailbox
) -> None:
    mailbox.create_folder(ADVERTS)
    with Wire(dovecot.imap_port) as wire:
        imap_moved(wire.port)
        watched.get("/mail/Sent/")
        mailbox.append(letter("Réunion"))
        wire.forget()
        watched.get("/mail/INBOX/")
        verbs = [" ".join(one.split(" ")[:2]) for one in wire.commands]
        # SELECT and two FETCH for the list; then what is new, and its beginning.
        assert len(verbs) == 6, verbs
        mailbox.append(unwanted.advert())
        wire.forget()
        watched.get("/mail/INBOX/")
        assert len(wire.commands) <= 14, wire.commands
        session.pool().close_all()


def test_a_folder_that_cannot_be_made_leaves_the_advert_marked(
    watched: Client, mailbox: Mailbox, settings
) -> None:
    settings.ADVERTS_FOLDER = "x" * 300  # longer than Dovecot lets a folder's name be
    uid = mailbox.append(unwanted.advert())
    watched.get("/mail/INBOX/")
    assert "$Advert" in mailbox.flags(uid)
    judged = Judgement.objects.get()
    assert not judged.is_moved
    assert judged.reasons


def test_another_persons_judgements_are_his(
    watched: Client, signed_in: Callable[..., Client], bob: MailAccount, mailbox: Mailbox
) -> None:
    mailbox.append(unwanted.advert())
    watched.get("/mail/INBOX/")
    line = page(signed_in(bob).get("/mail/INBOX/")).split('id="advert-line"')[1]
    assert not re.search(r"<span>\s*\d", line.partition("</div>")[0])


@pytest.mark.django_db(transaction=True)
def test_two_browsers_at_the_same_moment_move_each_advert_once(
    watched: Client,
    signed_in: Callable[..., Client],
    alice: MailAccount,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judging, "SECONDS", 60.0)  # however slow this machine is
    if connection.vendor == "sqlite":
        pytest.skip("threads have no database in memory together")
    clients = [watched, signed_in(alice)]
    for number in range(40):
        mailbox.append(unwanted.numbered(unwanted.advert(number), number))

    def look(client: Client) -> int:
        try:
            return client.get("/mail/INBOX/").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(look, clients)) == [200, 200]
    assert (len(mailbox.uids()), len(mailbox.uids(ADVERTS))) == (1, 40)
    assert Judgement.objects.filter(is_moved=True).count() == 40
    assert InboxWatch.objects.get().adverts == 40


def test_of_two_that_claim_the_same_messages_one_has_them(watched: Client) -> None:
    watch, user = InboxWatch.objects.all(), User.objects.get(login="alice")
    standing = watch.fresh(user)
    assert standing is not None
    asked = (user, standing.uidvalidity, standing.judged, standing.judged + 5)
    assert [watch.claim(*asked), watch.claim(*asked)] == [True, False]


def test_what_is_sent_again_under_the_same_name_goes_again(
    watched: Client, mailbox: Mailbox
) -> None:
    for number in range(2):
        way = f"Received: from out.shop.example by mx.ac-exemple.fr with ESMTP id {number}\n"
        mailbox.append(way.encode() + unwanted.advert())
        watched.get("/mail/INBOX/")
    assert (len(mailbox.uids()), len(mailbox.uids(ADVERTS))) == (1, 2)


def test_both_copies_of_an_advert_that_came_twice_go(watched: Client, mailbox: Mailbox) -> None:
    for _copy in range(2):
        mailbox.append(unwanted.advert())
    watched.get("/mail/INBOX/")
    assert (len(mailbox.uids()), len(mailbox.uids(ADVERTS))) == (1, 2)


@pytest.mark.parametrize("domain", ["p\u0430ypal.com", "=?utf-8?b?cNCweXBhbA==?=.com"])
def test_a_sender_in_letters_that_look_like_others_is_shown_as_it_is(
    watched: Client, mailbox: Mailbox, domain: str
) -> None:
    raw = letter("Votre compte").replace(b"bob@ac-exemple.fr", f"service@{domain}".encode())
    uid = mailbox.append(raw)
    shown = page(watched.get("/mail/INBOX/"))
    opened = words(watched.get(f"/mail/INBOX/{mailbox.uidvalidity()}-{uid}/"))
    assert "service@xn--pypal-4ve.com" in opened
    assert "p\u0430ypal.com est en réalité xn--pypal-4ve.com" in opened
    assert "p\u0430ypal" not in shown


def test_the_languages_of_known_people_are_counted_and_no_others(
    watched: Client, mailbox: Mailbox
) -> None:
    alice = User.objects.get(login="alice")
    contacts.create(alice, ContactData(first_name="Zoé", emails=(Email("zoe@voisine.example"),)))
    text = "Bonjour, je vous écris au sujet de la sortie avec les élèves qui est dans une semaine."
    english = "Hello, this is about the trip that we have with your class and all of the others."
    mailbox.append(letter("Sortie", sender="zoe@voisine.example", body=text))
    mailbox.append(letter("Trip", sender="x@inconnue.example", body=english))
    watched.get("/mail/INBOX/")
    assert InboxWatch.objects.get().languages == {"fr": 1}
