"""The outbox as its person sees it: what waits, why, and what can be done about it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import cast

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.http import SignedInRequest
from accounts.models import LentCredential, User
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from mail.errors import AlreadyLeft, DraftChanged
from tests.servers.mailboxes import Mailbox
from tests.tended import due
from tests.webmail.outbox.letters import BOB, SECRET_SUBJECT, SECRET_TEXT, draft_of, letter
from tests.webmail.views.mail import page, words
from webmail import outbox, tasks
from webmail.context import page as page_context
from webmail.models import Draft, OutboxMessage
from webmail.views.outbox import page as outbox_page
from webmail.writing import drafts

pytestmark = pytest.mark.django_db
State, Stage = OutboxMessage.State, OutboxMessage.Stage
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def spool(settings, tmp_path) -> None:
    settings.SPOOL = tmp_path / "spool"


@pytest.fixture
def request_of_alice(
    reader: Client, submission: SubmissionServer, bob: MailAccount
) -> SignedInRequest:
    return cast(SignedInRequest, reader.get("/preferences/").wsgi_request)


@pytest.fixture
def sent(request_of_alice: SignedInRequest) -> Callable[..., OutboxMessage]:
    """`sent(state="held", stage="ready", **columns)`: a message of Alice's in the outbox."""

    def send(
        count: int = 1, due: object = None, hold: int = 600, **columns: object
    ) -> OutboxMessage:
        letters = [letter(number=n) for n in range(count)]
        draft = draft_of(request_of_alice.user)
        options = {"key": uuid.uuid4(), "due": due, "undo_seconds": hold}
        (row, *_) = outbox.accept(request_of_alice, draft, letters, **options)  # type: ignore[arg-type]
        OutboxMessage.objects.filter(pk=row.pk).update(**columns)
        row.refresh_from_db()
        return row

    return send


def url(row: OutboxMessage, verb: str = "") -> str:
    return f"/outbox/{row.pk}/{verb}"


def state(row: OutboxMessage) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.stage


def test_what_waits_is_counted_beside_the_folders(
    reader: Client, sent: Callable[..., OutboxMessage]
) -> None:
    assert 'href="/outbox/"' not in page(reader.get("/mail/INBOX/"))
    row = sent()
    assert 'href="/outbox/"' in page(reader.get("/mail/INBOX/"))
    assert re.search(r'href="/outbox/".*?</span>1</span>', page(reader.get("/mail/INBOX/")))
    outbox.undo_sending(row.user, row.pk)
    assert 'href="/outbox/"' not in page(reader.get("/mail/INBOX/"))


def test_the_count_costs_a_page_no_query(
    reader: Client, sent: Callable[..., OutboxMessage], django_assert_num_queries
) -> None:
    row = sent()
    with django_assert_num_queries(0):
        assert outbox.unsent_count(row.user_id) == 1
    cache.clear()
    assert outbox.unsent_count(row.user_id) == 1


def test_a_message_is_taken_back_with_all_that_was_written(
    reader: Client, sent: Callable[..., OutboxMessage], bobs_mailbox: Mailbox
) -> None:
    row = sent()
    answer = reader.post(url(row, "back/"))
    assert answer["Location"] == f"/drafts/{row.draft_id}/"
    draft = Draft.objects.get()
    assert draft.state == Draft.State.WRITING and drafts.content(draft).text == SECRET_TEXT
    assert state(row)[0] == State.CANCELLED and bytes(row.sealed) == b""
    assert not LentCredential.objects.exists()
    OutboxMessage.objects.update(due=timezone.now())
    assert due(OutboxMessage) == [] and outbox.deliver(row.pk) is None
    assert bobs_mailbox.uids() == []
    # Sent again, it is another message.
    assert reader.post(url(row, "back/")).status_code == 404


@pytest.mark.parametrize(
    ("now", "stage"),
    [(State.SENDING, Stage.READY), (State.SENT, Stage.FILED), (State.HELD, Stage.HANDED)],
)
def test_what_is_on_its_way_is_not_taken_back(
    reader: Client, sent: Callable[..., OutboxMessage], now: str, stage: str
) -> None:
    row = sent(state=now, stage=stage)
    assert reader.post(url(row, "back/")).status_code == 409
    assert state(row) == (now, stage) and Draft.objects.get().state == Draft.State.ACCEPTED


def test_another_persons_message_is_not_there(
    sent: Callable[..., OutboxMessage], signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    row, other = sent(), signed_in(bob)
    assert other.get(url(row)).status_code == 404
    for verb in ("back/", "again/", "dismiss/", "when/"):
        data = {"sure": "on", "due": "tomorrow8"}
        assert other.post(url(row, verb), data).status_code == 404
    assert SECRET_SUBJECT not in page(other.get("/outbox/"))
    assert state(row) == (State.HELD, Stage.READY)


@pytest.mark.parametrize(
    ("columns", "verbs"),
    [
        ({}, {"back", "again"}),
        ({"failure": "ServerUnavailable"}, {"back", "again"}),
        ({"state": State.SCHEDULED}, {"back", "again", "when"}),
        ({"state": State.SENDING}, set()),
        ({"state": State.SENT, "stage": Stage.FILED}, set()),
        ({"state": State.HELD, "stage": Stage.HANDED, "failure": "OverQuota"}, set()),
        ({"state": State.FAILED, "failure": "TooLarge"}, {"back", "again", "dismiss"}),
        ({"state": State.DOUBT, "stage": Stage.HANDING}, {"again", "dismiss"}),
        ({"state": State.PASSWORD}, {"back", "again"}),
    ],
)
def test_each_state_says_what_can_be_done(
    reader: Client,
    sent: Callable[..., OutboxMessage],
    columns: dict[str, object],
    verbs: set[str],
) -> None:
    row = sent(**columns)
    shown = page(reader.get("/outbox/"))
    assert SECRET_SUBJECT in shown and SECRET_TEXT not in shown
    assert set(re.findall(rf'action="{url(row)}(\w+)/"', shown)) == verbs
    assert f'action="{url(row)}' in page(reader.get(url(row))) or not verbs


def test_what_was_refused_is_corrected_with_the_servers_words(
    reader: Client, sent: Callable[..., OutboxMessage]
) -> None:
    row = sent()
    refused = outbox.values.refused_by(row, {BOB: "No such person"})
    OutboxMessage.objects.update(
        state=State.FAILED, failure="RecipientsRefused", sealed=refused, credential=None
    )
    Draft.objects.update(state=Draft.State.WRITING)
    shown = words(reader.get("/outbox/"))
    assert BOB in shown and "No such person" in shown
    corrected = reader.post(url(row, "back/"), follow=True)
    assert corrected.status_code == 200 and BOB in words(corrected)
    notice = page(corrected).partition('id="notices"')[2].partition('class="paper"')[0]
    assert "data-stays" in notice and "No such person" in notice
    assert page(corrected).count("No such person") == 1


def test_of_many_refused_recipients_two_are_named_and_all_are_listed_below(
    reader: Client, sent: Callable[..., OutboxMessage]
) -> None:
    row = sent()
    people = [f"parent{n}@courriel.example" for n in range(5)]
    refused = outbox.values.refused_by(row, dict.fromkeys(people, "No such person"))
    OutboxMessage.objects.update(
        state=State.FAILED, failure="RecipientsRefused", sealed=refused, credential=None
    )
    Draft.objects.update(state=Draft.State.WRITING)
    shown = page(reader.get(url(row)))
    assert f"{people[0]}, {people[1]} et 3 autres." in unescape(shown)
    listed = shown.partition('class="outbox-refused"')[2].partition("</ul>")[0]
    assert re.findall(r"<li>([^<]+)</li>", listed) == people
    corrected = words(reader.post(url(row, "back/"), follow=True))
    assert ", ".join(people) in corrected


def test_what_failed_is_sent_again(
    reader: Client, sent: Callable[..., OutboxMessage], bobs_mailbox: Mailbox
) -> None:
    row = sent(state=State.FAILED, failure="ServerRefused", credential=None)
    Draft.objects.update(state=Draft.State.WRITING)
    reader.post(url(row, "again/"))
    assert state(row) == (State.HELD, Stage.READY) and row.credential is not None
    assert Draft.objects.get().state == Draft.State.ACCEPTED
    outbox.deliver(row.pk)
    assert len(bobs_mailbox.uids()) == 1


def test_what_was_refused_once_and_was_sent_then_says_no_refusal(
    reader: Client, sent: Callable[..., OutboxMessage], bobs_mailbox: Mailbox
) -> None:
    row = sent()
    refused = outbox.values.refused_by(row, {BOB: "No such person"})
    OutboxMessage.objects.update(
        state=State.FAILED, failure="RecipientsRefused", sealed=refused, credential=None
    )
    Draft.objects.update(state=Draft.State.WRITING)
    reader.post(url(row, "again/"))
    outbox.deliver(row.pk)
    assert len(bobs_mailbox.uids()) == 1
    assert "No such person" not in words(reader.get("/outbox/"))


def test_what_was_written_on_since_is_sent_from_there(
    reader: Client, request_of_alice: SignedInRequest, sent: Callable[..., OutboxMessage]
) -> None:
    row = sent(state=State.FAILED, failure="ServerRefused", credential=None)
    Draft.objects.update(state=Draft.State.WRITING, changed=timezone.now() + timedelta(seconds=1))
    with pytest.raises(DraftChanged):
        outbox.again(request_of_alice, row.pk)
    assert state(row)[0] == State.FAILED and LentCredential.objects.count() == 1


def test_a_corrected_message_takes_the_place_of_the_refused_one(
    request_of_alice: SignedInRequest, sent: Callable[..., OutboxMessage]
) -> None:
    row = sent(state=State.FAILED, failure="TooLarge", credential=None)
    Draft.objects.update(state=Draft.State.WRITING)
    outbox.accept(request_of_alice, Draft.objects.get(), [letter()], key=uuid.uuid4())
    assert state(row)[0] == State.CANCELLED
    assert outbox.unsent_count(row.user_id) == 1


def test_what_failed_is_let_go(reader: Client, sent: Callable[..., OutboxMessage]) -> None:
    row = sent(state=State.FAILED, failure="TooLarge")
    Draft.objects.update(state=Draft.State.WRITING)
    reader.post(url(row, "dismiss/"))
    assert state(row)[0] == State.CANCELLED and outbox.unsent_count(row.user_id) == 0
    assert Draft.objects.get().state == Draft.State.WRITING


def test_a_doubt_is_sent_again_only_by_who_is_sure(
    reader: Client,
    request_of_alice: SignedInRequest,
    sent: Callable[..., OutboxMessage],
    bobs_mailbox: Mailbox,
) -> None:
    row = sent(state=State.DOUBT, stage=Stage.HANDING, credential=None)
    reader.post(url(row, "again/"))
    with pytest.raises(AlreadyLeft):
        outbox.again(request_of_alice, row.pk)
    assert state(row) == (State.DOUBT, Stage.HANDING)
    reader.post(url(row, "again/"), {"sure": "on"})
    outbox.deliver(row.pk)
    assert state(row)[0] == State.SENT and len(bobs_mailbox.uids()) == 1


def test_a_doubt_counted_as_sent_is_filed_and_not_sent(
    reader: Client, sent: Callable[..., OutboxMessage], mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    row = sent(state=State.DOUBT, stage=Stage.HANDING, credential=None)
    reader.post(url(row, "dismiss/"))
    outbox.deliver(row.pk)
    assert state(row)[0] == State.SENT and len(mailbox.uids("Sent")) == 1
    assert bobs_mailbox.uids() == [] and not Draft.objects.exists()


def test_the_password_is_given_again_by_one_click(
    reader: Client, sent: Callable[..., OutboxMessage], bobs_mailbox: Mailbox
) -> None:
    row = sent(hold=0, state=State.PASSWORD, credential=None)
    reader.post(url(row, "again/"))
    outbox.deliver(row.pk)
    assert state(row)[0] == State.SENT and len(bobs_mailbox.uids()) == 1


def test_a_password_changed_before_a_scheduled_message_is_due_is_asked_for_in_time(
    reader: Client, sent: Callable[..., OutboxMessage]
) -> None:
    row = sent(due=timezone.now() + timedelta(days=30))
    due = row.due
    tasks.tidy_outbox()
    assert state(row)[0] == State.SCHEDULED
    User.objects.update(mail_password_changed=timezone.now())
    tasks.tidy_outbox()
    assert state(row)[0] == State.PASSWORD and not LentCredential.objects.exists()
    User.objects.update(mail_password_changed=None)
    reader.post(url(row, "again/"))
    assert state(row)[0] == State.SCHEDULED and row.due == due
    assert LentCredential.objects.get().until > due + timedelta(days=3)


def test_another_time_is_chosen(reader: Client, sent: Callable[..., OutboxMessage]) -> None:
    row = sent(due=timezone.now() + timedelta(days=2))
    assert row.state == State.SCHEDULED
    then = timezone.localtime() + timedelta(days=90)
    reader.post(url(row, "when/"), {"due": "at", "due_at": then.strftime("%Y-%m-%dT%H:%M")})
    assert state(row)[0] == State.SCHEDULED
    assert abs(row.due - then) < timedelta(minutes=1)
    assert LentCredential.objects.get().until > then + timedelta(days=3)
    before = row.due
    reader.post(url(row, "when/"), {"due": "at", "due_at": "2020-01-01T08:00"})
    reader.post(url(row, "when/"), {"due": "at", "due_at": "demain"})
    row.refresh_from_db()
    assert row.due == before


def test_a_scheduled_message_waits_for_its_time(
    sent: Callable[..., OutboxMessage], bobs_mailbox: Mailbox
) -> None:
    row = sent(due=timezone.now() + timedelta(days=30))
    assert due(OutboxMessage) == [] and outbox.deliver(row.pk) is None
    lent = LentCredential.objects.get()
    assert lent.until > row.due + timedelta(days=3)
    OutboxMessage.objects.update(due=timezone.now())
    assert due(OutboxMessage) == [row.pk]
    outbox.deliver(row.pk)
    assert len(bobs_mailbox.uids()) == 1 and not LentCredential.objects.exists()


# --- one to each ---


def test_without_a_broker_nothing_is_offered_that_needs_one(
    reader: Client, sent: Callable[..., OutboxMessage], settings
) -> None:
    row = sent(due=timezone.now() + timedelta(days=1))
    offers = {
        "/compose/": ['value="schedule"', "data-due="],
        "/preferences/writing/": ['name="undo_seconds"'],
        url(row): ['name="due_at"'],
    }
    for path, marks in offers.items():
        assert all(mark in page(reader.get(path)) for mark in marks)
    settings.CELERY_TASK_ALWAYS_EAGER = True
    for path, marks in offers.items():
        assert not any(mark in page(reader.get(path)) for mark in marks)
    assert f'action="{url(row, "again/")}"' in page(reader.get(url(row)))


def test_without_a_broker_a_message_that_is_to_leave_later_stays_with_its_writer(
    reader: Client, settings
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True
    written = {"kind": "new", "to": "bob@x.example", "subject": "Sortie", "body": "Bonjour"}
    answer = reader.post("/compose/", {"do": "schedule", "due": "tomorrow8", **written})
    assert answer.status_code == 422
    assert 'value="Sortie"' in page(answer)
    assert not OutboxMessage.objects.exists()


def test_without_a_broker_preferences_are_saved_and_those_of_before_stay(
    reader: Client, settings
) -> None:
    User.objects.update(preferences={"undo_seconds": "20"})
    settings.CELERY_TASK_ALWAYS_EAGER = True
    shown = page(reader.get("/preferences/writing/"))
    chosen = dict(re.findall(r'name="(\w+)" value="([^"]*)"[^>]*checked', shown))
    answer = reader.post("/preferences/writing/", {**chosen, "reply_quote": "none"})
    assert answer.status_code == 302
    assert User.objects.get().preferences["undo_seconds"] == "20"
    assert User.objects.get().preferences["reply_quote"] == "none"


def test_one_to_each_leaves_at_a_pace_and_shares_a_password(
    sent: Callable[..., OutboxMessage], settings
) -> None:
    settings.EACH_PER_MINUTE = 20
    row = sent(count=4, hold=0)
    rows = OutboxMessage.objects.order_by("number")
    dues = [one.due - row.due for one in rows]
    assert dues == [timedelta(seconds=3 * n) for n in range(4)]
    assert LentCredential.objects.count() == 1
    assert due(OutboxMessage) == [row.pk]


def test_the_draft_and_the_password_go_with_the_last(
    sent: Callable[..., OutboxMessage], bobs_mailbox: Mailbox, mailbox: Mailbox
) -> None:
    sent(count=3, hold=0)
    OutboxMessage.objects.update(due=timezone.now())
    first, second, third = due(OutboxMessage)
    outbox.deliver(first)
    outbox.deliver(second)
    assert LentCredential.objects.count() == 1 and Draft.objects.count() == 1
    outbox.deliver(third)
    assert not LentCredential.objects.exists() and not Draft.objects.exists()
    assert len(bobs_mailbox.uids()) == 3 and len(mailbox.uids("Sent")) == 3


def test_each_has_a_result_and_those_that_failed_are_sent_again(
    reader: Client, sent: Callable[..., OutboxMessage], bobs_mailbox: Mailbox
) -> None:
    row = sent(count=3, hold=0)
    OutboxMessage.objects.update(due=timezone.now())
    outbox.deliver(row.pk)
    OutboxMessage.objects.exclude(pk=row.pk).update(
        state=State.FAILED, failure="ServerRefused", credential=None
    )
    shown = page(reader.get(url(row)))
    assert shown.count('data-state="failed"') == 2 and shown.count('data-state="sent"') == 1
    assert page(reader.get("/outbox/")).count("<article") == 1
    failed = OutboxMessage.objects.filter(state=State.FAILED).first()
    assert failed is not None
    reader.post(url(failed, "again/"), {"each": "failed"})
    for one in OutboxMessage.objects.filter(state=State.HELD):
        outbox.deliver(one.pk)
    assert len(bobs_mailbox.uids()) == 3 and not Draft.objects.exists()


def test_who_was_refused_one_of_many_does_not_say_that_nobody_got_any(
    reader: Client, sent: Callable[..., OutboxMessage]
) -> None:
    row = sent(count=2, hold=0)
    refused = outbox.values.refused_by(row, {BOB: "No such person"})
    OutboxMessage.objects.exclude(pk=row.pk).update(state=State.SENT, stage=Stage.FILED)
    OutboxMessage.objects.filter(pk=row.pk).update(
        state=State.FAILED, failure="RecipientsRefused", sealed=refused, credential=None
    )
    for address in ("/outbox/", url(row)):
        shown = words(reader.get(address))
        assert f"Le serveur de messagerie a refusé {BOB}." in shown
        assert "envoyé à personne" not in shown


def test_the_rest_of_one_to_each_is_stopped(
    reader: Client, sent: Callable[..., OutboxMessage], bobs_mailbox: Mailbox
) -> None:
    row = sent(count=3, hold=0)
    outbox.deliver(row.pk)
    waiting = OutboxMessage.objects.filter(state=State.HELD).first()
    assert waiting is not None
    assert reader.post(url(waiting, "back/"))["Location"] == "/outbox/"
    assert OutboxMessage.objects.filter(state=State.CANCELLED).count() == 2
    assert not LentCredential.objects.exists()
    assert len(bobs_mailbox.uids()) == 1


def test_all_of_one_to_each_are_taken_back_before_any_left(
    reader: Client, sent: Callable[..., OutboxMessage]
) -> None:
    row = sent(count=3)
    assert reader.post(url(row, "back/"))["Location"] == f"/drafts/{row.draft_id}/"
    assert OutboxMessage.objects.filter(state=State.CANCELLED).count() == 3


# --- a relay without a sign-in ---


def test_by_a_relay_no_password_waits_and_the_copy_comes_with_its_person(
    reader: Client,
    request_of_alice: SignedInRequest,
    settings,
    mailbox: Mailbox,
) -> None:
    from tests.servers.scripted import READ_DATA, ScriptedServer

    taken = [
        ("", b"220 ready\r\n"),
        ("EHLO", b"250-hello\r\n250 AUTH PLAIN\r\n"),
        ("MAIL FROM:<alice@ac-exemple.fr>", b"250 ok\r\n"),
        ("RCPT TO:<bob@ac-exemple.fr>", b"250 ok\r\n"),
        ("DATA", b"354 go\r\n", READ_DATA, b"250 taken\r\n"),
    ]
    with ScriptedServer(taken) as relay:
        settings.RELAY_HOST, settings.RELAY_PORT = "127.0.0.1", relay.port
        settings.RELAY_SECURITY = "none"
        draft = draft_of(request_of_alice.user)
        (row,) = outbox.accept(request_of_alice, draft, [letter()], key=uuid.uuid4())
        assert not LentCredential.objects.exists()
        outbox.deliver(row.pk)
    assert state(row) == (State.PASSWORD, Stage.HANDED) and mailbox.uids("Sent") == []
    assert outbox.unsent_count(row.user_id) == 0
    reader.get("/mail/INBOX/")
    assert state(row) == (State.SENT, Stage.FILED) and len(mailbox.uids("Sent")) == 1
    assert not LentCredential.objects.exists() and not Draft.objects.exists()


# --- what the pages await ---


def test_the_next_page_says_how_long_it_can_be_taken_back(
    reader: Client, request_of_alice: SignedInRequest, sent: Callable[..., OutboxMessage]
) -> None:
    row = sent(hold=10)
    outbox_page.announce(request_of_alice, row)
    request_of_alice.session.save()
    shown = page(reader.get("/mail/INBOX/"))
    assert 'data-toast="10"' in shown and f'action="{url(row, "back/")}"' in shown
    assert 'data-toast="10"' not in page(reader.get("/mail/INBOX/"))
    assert reader.get("/outbox/progress/", headers=HTMX).status_code == 200
    OutboxMessage.objects.update(due=timezone.now())
    outbox.deliver(row.pk)
    ended = reader.get("/outbox/progress/", headers=HTMX)
    assert ended.status_code == 286 and ended["HX-Trigger-After-Swap"] == "mail:refresh"
    assert "data-toast" in page(ended)
    assert reader.get("/outbox/progress/", headers=HTMX).status_code == 286


NOT_LEFT = f"« {SECRET_SUBJECT} » n’est pas encore parti"


@pytest.fixture
def announced(
    request_of_alice: SignedInRequest, sent: Callable[..., OutboxMessage]
) -> Callable[..., OutboxMessage]:
    """As the composer sends: the pages of the session know of it."""

    def announce(**columns: object) -> OutboxMessage:
        row = sent(hold=0, **columns)
        outbox_page.announce(request_of_alice, row)
        request_of_alice.session.pop("toast")
        request_of_alice.session.save()
        return row

    return announce


def asked(reader: Client) -> tuple[int, str]:
    """The answer to a page that says again what it says."""
    shown = page(reader.get("/preferences/"))
    told = re.search(r'hx-get="(/outbox/progress/[^"]*)"', shown)
    assert told is not None
    answer = reader.get(told[1], headers=HTMX)
    return answer.status_code, page(answer) if answer.content else ""


def test_what_has_not_left_is_said_on_every_page_by_the_session_alone(
    reader: Client,
    request_of_alice: SignedInRequest,
    announced: Callable[..., OutboxMessage],
    django_assert_num_queries,
) -> None:
    announced()
    for path in ("/mail/INBOX/", "/preferences/", "/outbox/", "/contacts/", "/compose/"):
        shown = words(reader.get(path))
        assert NOT_LEFT in shown, path
    kept = request_of_alice.session["outbox_not_left"]
    assert SECRET_SUBJECT not in repr(kept)
    with django_assert_num_queries(0):
        (said,) = page_context(request_of_alice)["not_left"].lines
    assert said.replace("\N{NO-BREAK SPACE}", " ") == f"{NOT_LEFT}."


@pytest.mark.parametrize(
    ("columns", "says", "seconds"),
    [
        ({}, NOT_LEFT, 2),
        ({"state": State.SENDING, "stage": Stage.HANDING}, NOT_LEFT, 2),
        ({"failure": "ServerUnavailable"}, "Nouvel essai", 20),
        ({"state": State.SENDING, "failure": "ServerUnavailable"}, NOT_LEFT, 2),
        ({"state": State.PASSWORD}, "nouvelle connexion", 20),
    ],
)
def test_what_waits_is_awaited_and_said_once(
    reader: Client,
    announced: Callable[..., OutboxMessage],
    columns: dict[str, object],
    says: str,
    seconds: int,
) -> None:
    row = announced()
    before = reader.get("/outbox/progress/?said=x", headers=HTMX)
    assert before.status_code == 200
    OutboxMessage.objects.filter(pk=row.pk).update(**columns)
    told = reader.get("/outbox/progress/?said=x", headers=HTMX)
    assert NOT_LEFT in words(told) and says in words(told)
    assert f"every {seconds}s" in page(told)
    assert 'href="/outbox/"' in page(told).partition("data-not-left")[2]
    assert asked(reader) == (204, "")
    assert says in words(reader.get("/preferences/"))


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"state": State.SENT, "stage": Stage.FILED}, "Message envoyé"),
        ({"state": State.HELD, "stage": Stage.HANDED, "failure": "OverQuota"}, "Message envoyé"),
        ({"state": State.SENDING, "stage": Stage.HANDED}, "Message envoyé"),
        ({"state": State.PASSWORD, "stage": Stage.HANDED}, "Message envoyé"),
        ({"state": State.FAILED, "failure": "TooLarge"}, "Non envoyé"),
        ({"state": State.DOUBT, "stage": Stage.HANDING}, "Envoi incertain"),
        ({"state": State.CANCELLED}, ""),
        ({"state": State.SCHEDULED}, ""),
    ],
)
def test_the_end_is_said_and_nothing_is_awaited_any_more(
    reader: Client, announced: Callable[..., OutboxMessage], columns: dict[str, object], says: str
) -> None:
    row = announced()
    OutboxMessage.objects.filter(pk=row.pk).update(**columns)
    status, told = asked(reader)
    assert status == 286 and says in told and NOT_LEFT not in told
    assert NOT_LEFT not in words(reader.get("/preferences/"))
    assert asked(reader)[0] == 286


def test_a_message_that_has_left_and_one_that_has_not_are_not_said_at_once(
    reader: Client, announced: Callable[..., OutboxMessage]
) -> None:
    first = announced()
    announced()
    handed = {"state": State.SENDING, "stage": Stage.HANDED}
    OutboxMessage.objects.filter(pk=first.pk).update(**handed)
    told = reader.get("/outbox/progress/?said=x", headers=HTMX)
    assert "Message envoyé" in words(told) and NOT_LEFT not in words(told)
    assert told["HX-Trigger-After-Swap"] == "mail:refresh"  # the number beside the outbox
    again = re.search(r'hx-get="(/outbox/progress/[^"]*)"', page(told))
    assert again
    after = reader.get(again[1], headers=HTMX)
    assert NOT_LEFT in words(after) and "Message envoyé" not in words(after)


def test_the_toast_of_a_sending_has_no_line_beside_it(
    reader: Client, request_of_alice: SignedInRequest, sent: Callable[..., OutboxMessage]
) -> None:
    outbox_page.announce(request_of_alice, sent(hold=10))
    request_of_alice.session.save()
    shown = reader.get("/mail/INBOX/")
    assert "Le message partira dans" in words(shown) and NOT_LEFT not in words(shown)
    assert NOT_LEFT in words(reader.get("/mail/INBOX/"))


def test_what_is_scheduled_is_not_late(
    reader: Client, request_of_alice: SignedInRequest, sent: Callable[..., OutboxMessage]
) -> None:
    row = sent(due=timezone.now() + timedelta(days=1))
    outbox_page.announce(request_of_alice, row)
    request_of_alice.session.save()
    assert NOT_LEFT not in words(reader.get("/preferences/"))
    reader.post(url(row, "again/"))
    assert NOT_LEFT in words(reader.get("/preferences/"))


def test_one_to_each_is_awaited_to_its_last(
    reader: Client, announced: Callable[..., OutboxMessage]
) -> None:
    row = announced(count=3)
    OutboxMessage.objects.filter(pk=row.pk).update(state=State.SENT, stage=Stage.FILED)
    status, told = asked(reader)
    assert status == 200 and "2 messages sur 3" in told
    others = OutboxMessage.objects.exclude(pk=row.pk)
    others.filter(number=1).update(state=State.FAILED, failure="RecipientsRefused")
    status, told = asked(reader)
    assert status == 200 and "1 message sur 3" in told
    others.filter(number=2).update(state=State.SENT, stage=Stage.FILED)
    status, told = asked(reader)
    assert status == 286 and "Non envoyé" in told


def test_without_a_script_the_line_goes_when_all_has_left_or_the_outbox_was_seen(
    reader: Client, announced: Callable[..., OutboxMessage], sent: Callable[..., OutboxMessage]
) -> None:
    row = announced()
    failed = sent(state=State.FAILED, failure="TooLarge")
    assert NOT_LEFT in words(reader.get("/preferences/"))
    outbox.deliver(row.pk)
    assert NOT_LEFT not in words(reader.get("/outbox/")).partition("Boîte d’envoi")[0]
    assert NOT_LEFT not in words(reader.get("/preferences/"))
    other = announced()
    reader.post(url(failed, "dismiss/"))
    outbox.deliver(other.pk)
    assert NOT_LEFT not in words(reader.get("/preferences/"))


def test_what_was_taken_back_is_not_awaited(
    reader: Client, announced: Callable[..., OutboxMessage], sent: Callable[..., OutboxMessage]
) -> None:
    row = announced()
    sent(state=State.FAILED, failure="TooLarge")
    reader.post(url(row, "back/"))
    assert NOT_LEFT not in words(reader.get("/preferences/"))


def test_another_person_in_the_same_browser_hears_nothing_of_it(
    announced: Callable[..., OutboxMessage], signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    announced()
    assert NOT_LEFT not in words(signed_in(bob).get("/preferences/"))


@pytest.mark.parametrize("seconds", ["0", "10"])
def test_a_message_that_was_accepted_is_said_to_be_though_the_mail_server_is_down(
    reader: Client, imap_moved: Callable[[int], None], seconds: str
) -> None:
    User.objects.update(preferences={"undo_seconds": seconds})
    imap_moved(1)
    written = {"kind": "new", "to": "bob@x.example", "subject": "Sortie", "body": "Bonjour"}
    answer = reader.post("/compose/", {"do": "send", **written})
    assert answer.status_code == 302
    said = reader.session["toast"]["message"]
    (row,) = OutboxMessage.objects.all()
    reader.get(answer["Location"])
    shown = reader.get(answer["Location"])
    assert shown.status_code == 503
    facts = page(shown).partition('<ul class="card facts">')[2].partition("</ul>")[0]
    assert facts.count("<li") == 3
    # How long it can be taken back is no news for a page that may stand for hours.
    assert (said in unescape(facts)) is (seconds == "0")
    assert (f'action="{url(row, "back/")}"' in page(shown)) is (seconds == "10")


def test_an_earlier_message_that_left_does_not_take_away_how_to_undo_the_next(
    reader: Client, request_of_alice: SignedInRequest, sent: Callable[..., OutboxMessage]
) -> None:
    first, second = sent(hold=10), sent(hold=10)
    for row in (first, second):
        outbox_page.announce(request_of_alice, row)
    request_of_alice.session.save()
    assert f'action="{url(second, "back/")}"' in page(reader.get("/mail/INBOX/"))
    OutboxMessage.objects.filter(pk=first.pk).update(due=timezone.now())
    outbox.deliver(first.pk)
    assert "data-toast" not in page(reader.get("/outbox/progress/", headers=HTMX))
    OutboxMessage.objects.filter(pk=second.pk).update(due=timezone.now())
    assert "data-toast" in page(reader.get("/outbox/progress/", headers=HTMX))


def test_a_message_that_failed_is_told_where_one_is(
    reader: Client, request_of_alice: SignedInRequest, sent: Callable[..., OutboxMessage]
) -> None:
    row = sent(hold=0)
    outbox_page.announce(request_of_alice, row)
    request_of_alice.session.save()
    reader.get("/mail/INBOX/")
    OutboxMessage.objects.update(state=State.FAILED, failure="TooLarge", server_words="too big")
    told = page(reader.get("/outbox/progress/", headers=HTMX))
    assert SECRET_SUBJECT in told and "too big" in told and url(row, "back/") in told


def test_the_outbox_is_asked_for_while_something_moves(
    reader: Client, sent: Callable[..., OutboxMessage]
) -> None:
    row = sent()
    assert 'hx-get="/outbox/"' in page(reader.get("/outbox/"))
    assert reader.get("/outbox/", headers=HTMX).status_code == 200
    OutboxMessage.objects.update(state=State.SENT, stage=Stage.FILED)
    assert reader.get("/outbox/", headers=HTMX).status_code == 286
    assert 'hx-get="/outbox/"' not in page(reader.get("/outbox/"))
    assert reader.get(url(row)).status_code == 200


# --- beat ---


def test_beat_tells_of_a_message_once_a_minute(sent: Callable[..., OutboxMessage]) -> None:
    row = sent(hold=0)
    assert due(OutboxMessage) == [row.pk] and due(OutboxMessage) == []
    OutboxMessage.objects.update(told=timezone.now() - timedelta(seconds=61))
    assert due(OutboxMessage) == [row.pk]


@pytest.mark.parametrize(
    ("stage", "after"),
    [
        (Stage.READY, (State.HELD, Stage.READY)),
        (Stage.HANDING, (State.DOUBT, Stage.HANDING)),
        (Stage.HANDED, (State.HELD, Stage.HANDED)),
        (Stage.FILED, (State.HELD, Stage.FILED)),
    ],
)
def test_what_a_dead_worker_had_goes_on_from_where_it_was(
    sent: Callable[..., OutboxMessage], stage: str, after: tuple[str, str]
) -> None:
    just_now = timezone.now() - timedelta(seconds=30)
    row = sent(hold=0, state=State.SENDING, stage=stage, changed=just_now, attempts=1)
    due(OutboxMessage)
    assert state(row) == (State.SENDING, stage)
    OutboxMessage.objects.update(changed=timezone.now() - timedelta(hours=1))
    due(OutboxMessage)
    assert state(row) == after


def test_a_message_that_kills_workers_waits_longer_and_longer(
    sent: Callable[..., OutboxMessage],
) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    row = sent(hold=0, state=State.SENDING, changed=long_ago, attempts=4)
    assert due(OutboxMessage) == []
    row.refresh_from_db()
    assert row.state == State.HELD and row.due > timezone.now() + timedelta(minutes=50)


def test_what_is_over_its_time_goes(sent: Callable[..., OutboxMessage], settings) -> None:
    import os
    import time

    row = sent(state=State.SENT, stage=Stage.FILED, spool="")
    left = sent()
    orphan = outbox.values.path("0" * 32)
    orphan.write_bytes(b"x")
    os.utime(orphan, (time.time() - 7200,) * 2)
    OutboxMessage.objects.filter(pk=row.pk).update(changed=timezone.now() - timedelta(days=8))
    Draft.objects.filter(outbox=row).update(changed=timezone.now() - timedelta(hours=2))
    tasks.tidy_outbox()
    assert list(OutboxMessage.objects.all()) == [left] and not orphan.exists()
    assert outbox.values.path(left.spool).exists()
    assert [draft.pk for draft in Draft.objects.all()] == [left.draft_id]


def test_without_beat_no_new_try_is_promised(
    reader: Client, sent: Callable[..., OutboxMessage], settings
) -> None:
    row = sent(failure="ServerUnavailable", due=timezone.now() + timedelta(minutes=5))
    OutboxMessage.objects.update(state="held")
    assert "Nouvel essai" in page(reader.get("/outbox/"))
    settings.CELERY_TASK_ALWAYS_EAGER = True
    shown = page(reader.get("/outbox/"))
    assert "Nouvel essai" not in shown and url(row, "again/") in shown
