"""The card of first steps above the inbox of a new user."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import AuditEvent, MailDomain, SiteText, User
from accounts.models.texts import TEXTS_KEY
from core.preferences import NEWCOMER
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, path
from webmail.presentation.first_steps import steps

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]
TITLE = "Premiers pas"


@pytest.fixture
def newcomer(signed_in, alice: MailAccount) -> Client:
    """Alice, who has never been here."""
    reader = signed_in(alice)
    user = User.objects.get(login=alice.login)
    user.preferences = {**NEWCOMER}
    user.save()
    return reader


def test_the_first_sign_in_shows_them(
    client: Client, mail_domain: MailDomain, alice: MailAccount
) -> None:
    client.post("/accounts/login/", {"login": alice.login, "password": alice.password})
    assert User.objects.get(login=alice.login).preferences == {**NEWCOMER}
    assert 'id="first-steps"' in inbox(client)


def inbox(reader: Client) -> str:
    return reader.get("/mail/INBOX/").content.decode()


def test_a_new_user_sees_the_first_steps_above_the_inbox(newcomer: Client) -> None:
    page = inbox(newcomer)
    assert TITLE in page
    assert page.index(TITLE) < page.index('id="message-list"')


def test_other_folders_do_not_show_them(newcomer: Client) -> None:
    assert TITLE not in newcomer.get("/outbox/").content.decode()


def test_first_steps_that_were_put_away_stay_away(newcomer: Client) -> None:
    assert newcomer.post("/first-steps/close/", {"next": "/mail/INBOX/"}).status_code == 302
    assert 'id="first-steps"' not in inbox(newcomer)


def test_htmx_takes_the_card_away(newcomer: Client) -> None:
    answer = newcomer.post("/first-steps/close/", HTTP_HX_REQUEST="true")
    assert (answer.status_code, answer.content) == (200, b"")


TIPS = {"/search/?q=a": "search", "/contacts/": "contacts", "/compose/": "compose"}


@pytest.mark.parametrize("address", TIPS)
def test_a_tip_stands_where_something_is_first_met_until_it_is_closed(
    newcomer: Client, address: str
) -> None:
    tip = f'id="tip-{TIPS[address]}"'
    assert tip in newcomer.get(address).content.decode()
    answer = newcomer.post(f"/tips/{TIPS[address]}/close/", {"next": address})
    assert answer["Location"] == address
    assert tip not in newcomer.get(address).content.decode()
    left = set(User.objects.get().preferences["tips"].split())
    assert left == {"reader", "compose", "search", "contacts", "rules"} - {TIPS[address]}


def test_the_tip_about_keys_stands_in_a_message_and_goes(
    newcomer: Client, mailbox: Mailbox
) -> None:
    message = path(mailbox, mailbox.append(letter()))
    assert 'id="tip-reader"' in newcomer.get(message).content.decode()
    answer = newcomer.post("/tips/reader/close/", HTTP_HX_REQUEST="true")
    assert (answer.status_code, answer.content) == (200, b"")
    assert 'id="tip-reader"' not in newcomer.get(message).content.decode()


def test_who_was_here_before_sees_none(signed_in, alice: MailAccount) -> None:
    reader = signed_in(alice)
    User.objects.filter(login=alice.login).update(preferences={})
    assert 'id="first-steps"' not in inbox(reader)


def test_a_step_is_ticked_when_it_is_done(newcomer: Client, alice: MailAccount) -> None:
    user = User.objects.get(login=alice.login)
    assert not any(step.is_done for step in steps(user))
    user.preferences = {**user.preferences, "density": "compact"}
    AuditEvent.objects.create(
        kind=AuditEvent.Kind.RULES_CHANGED, actor=user, detail={"change": "absence"}
    )
    AuditEvent.objects.create(kind=AuditEvent.Kind.CONTACTS_IMPORTED, actor=user)
    done = [step.is_done for step in steps(user)]
    assert done == [False, True, False, True, True]


def test_steps_of_another_user_do_not_count(newcomer: Client, alice: MailAccount) -> None:
    other = User.objects.create(login="other", address="other@ac-exemple.fr")
    AuditEvent.objects.create(kind=AuditEvent.Kind.CONTACTS_IMPORTED, actor=other)
    user = User.objects.get(login=alice.login)
    assert not any(step.is_done for step in steps(user))


def test_administrators_change_the_text_of_the_card(newcomer: Client) -> None:
    SiteText.objects.create(place="first_steps", text="Bienvenue à l’académie.")
    cache.delete(TEXTS_KEY)
    assert "Bienvenue à l’académie." in inbox(newcomer)
