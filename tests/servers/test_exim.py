"""Refusals of a real Exim, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from demo.servers.dovecot import MailAccount
from mail import smtp
from mail.errors import (
    RecipientsRefused,
    SenderRefused,
    ServerUnavailable,
    SignInNeeded,
    TooLarge,
)
from tests.servers.exim import MOST_RECIPIENTS, SIZE_LIMIT, Exim
from tests.servers.plugin import ALICE

ALICES = "alice@ac-exemple.fr"
MESSAGE = b"Subject: Bonjour\r\n\r\nA demain.\r\n"
Submit = Callable[..., str]


@pytest.fixture
def submit(exim: Exim) -> Submit:
    def send(*to: str, sender: str = ALICES, message: bytes = MESSAGE, who: MailAccount = ALICE):
        at = smtp.SmtpServer("127.0.0.1", exim.port, "none", login=who.login, password=who.password)
        return smtp.submit(at, sender, [f"{name}@ac-exemple.fr" for name in to], message)

    return send


def test_a_message_is_taken_with_its_number_in_the_queue(exim: Exim, submit: Submit) -> None:
    words = submit("bob")
    assert exim.taken[-1] in words


def test_one_of_several_recipients_is_refused_for_good_and_nothing_is_taken(
    exim: Exim, submit: Submit
) -> None:
    before = exim.taken
    with pytest.raises(RecipientsRefused) as refusal:
        submit("bob", "nobody", "full")
    assert list(refusal.value.refused) == ["nobody@ac-exemple.fr"]
    assert exim.taken == before


def test_one_that_is_put_off_puts_the_message_off(exim: Exim, submit: Submit) -> None:
    before = exim.taken
    with pytest.raises(ServerUnavailable, match="just now"):
        submit("bob", "full")
    assert exim.taken == before


def test_greylisting_puts_off_and_then_takes_the_message_once(exim: Exim, submit: Submit) -> None:
    exim.greylist()
    before = len(exim.taken)
    with pytest.raises(ServerUnavailable) as put_off:
        submit("greylisted")
    assert "Greylisted" in put_off.value.server_words
    exim.recognise()
    submit("greylisted")
    assert len(exim.taken) == before + 1


def test_a_message_over_the_limit_is_told_with_the_limit(submit: Submit) -> None:
    with pytest.raises(TooLarge) as refusal:
        submit("bob", message=MESSAGE + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 400)
    assert refusal.value.limit == SIZE_LIMIT


def test_a_sender_of_another_is_refused(submit: Submit) -> None:
    with pytest.raises(SenderRefused) as refusal:
        submit("bob", sender="bob@ac-exemple.fr")
    assert "not owned" in refusal.value.server_words


def test_a_wrong_password_is_told_as_one(submit: Submit) -> None:
    with pytest.raises(SignInNeeded):
        submit("bob", who=MailAccount("alice", "faux", (ALICES,)))


def test_an_address_with_accents_is_named_where_the_server_takes_none(
    exim: Exim, submit: Submit
) -> None:
    before = exim.taken
    with pytest.raises(RecipientsRefused) as refusal:
        submit("bob", "élodie")
    assert list(refusal.value.refused) == ["élodie@ac-exemple.fr"]
    assert exim.taken == before


def test_too_many_recipients_leave_nothing_behind(exim: Exim, submit: Submit) -> None:
    before = exim.taken
    with pytest.raises((ServerUnavailable, RecipientsRefused)):
        submit(*(f"p{number}" for number in range(MOST_RECIPIENTS + 2)))
    assert exim.taken == before
