"""Refusals of a real Exim and a real Postfix, and what becomes of them."""

from __future__ import annotations

import quopri
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

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
from tests.servers.certificates import certificate
from tests.servers.offers import MOST_RECIPIENTS, SIZE_LIMIT, Offers, Submitting
from tests.servers.plugin import ALICE

ALICES = "alice@ac-exemple.fr"
MESSAGE = b"Subject: Bonjour\r\n\r\nA demain.\r\n"
Submit = Callable[..., str]


def place(server: Submitting) -> smtp.SmtpServer:
    login, password = ALICE.login, ALICE.password
    return smtp.SmtpServer("127.0.0.1", server.port, "none", login=login, password=password)


@pytest.fixture
def submit(submitting: Submitting) -> Submit:
    def send(*to: str, sender: str = ALICES, message: bytes = MESSAGE, who: MailAccount = ALICE):
        at = replace(place(submitting), login=who.login, password=who.password)
        return smtp.submit(at, sender, [f"{name}@ac-exemple.fr" for name in to], message)

    return send


def test_a_message_is_taken_with_its_number_in_the_queue(
    submitting: Submitting, submit: Submit
) -> None:
    words = submit("bob")
    assert submitting.taken[-1] in words


def test_one_of_several_recipients_is_refused_for_good_and_nothing_is_taken(
    submitting: Submitting, submit: Submit
) -> None:
    before = submitting.taken
    with pytest.raises(RecipientsRefused) as refusal:
        submit("bob", "nobody", "full")
    assert list(refusal.value.refused) == ["nobody@ac-exemple.fr"]
    assert submitting.taken == before


def test_one_that_is_put_off_puts_the_message_off(submitting: Submitting, submit: Submit) -> None:
    before = submitting.taken
    with pytest.raises(ServerUnavailable, match="just now"):
        submit("bob", "full")
    assert submitting.taken == before


def test_greylisting_puts_off_and_then_takes_the_message_once(
    submitting: Submitting, submit: Submit
) -> None:
    submitting.greylist()
    before = len(submitting.taken)
    with pytest.raises(ServerUnavailable) as put_off:
        submit("greylisted")
    assert "Greylisted" in put_off.value.server_words
    submitting.recognise()
    submit("greylisted")
    assert len(submitting.taken) == before + 1


def test_a_message_over_the_limit_is_told_with_the_limit(submit: Submit) -> None:
    with pytest.raises(TooLarge) as refusal:
        submit("bob", message=MESSAGE + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 400)
    assert refusal.value.limit == SIZE_LIMIT


def test_a_sender_of_another_is_refused(submit: Submit) -> None:
    with pytest.raises(SenderRefused) as refusal:
        submit("carol", sender="bob@ac-exemple.fr")
    assert "not owned" in refusal.value.server_words


def test_a_wrong_password_is_told_as_one(submit: Submit) -> None:
    with pytest.raises(SignInNeeded):
        submit("bob", who=MailAccount("alice", "faux", (ALICES,)))


def test_an_address_with_accents_is_named_where_the_server_takes_none(
    submitting: Submitting, submit: Submit
) -> None:
    before = submitting.taken
    with pytest.raises(RecipientsRefused) as refusal:
        submit("bob", "élodie")
    assert list(refusal.value.refused) == ["élodie@ac-exemple.fr"]
    assert submitting.taken == before


def test_too_many_recipients_leave_nothing_behind(submitting: Submitting, submit: Submit) -> None:
    before = submitting.taken
    with pytest.raises((ServerUnavailable, RecipientsRefused)):
        submit(*(f"p{number}" for number in range(MOST_RECIPIENTS + 2)))
    assert submitting.taken == before


def test_a_server_that_wants_tls_is_not_taken_for_a_wrong_password(
    submitting_with: Callable[[Offers], Submitting], tmp_path: Path
) -> None:
    server = submitting_with(Offers(tls=certificate(tmp_path, "localhost")))
    with pytest.raises(ServerUnavailable) as refusal:
        smtp.submit(place(server), ALICES, ["bob@ac-exemple.fr"], MESSAGE)
    assert "STARTTLS" in refusal.value.server_words
    assert server.taken == []


def test_a_server_that_wants_tls_takes_what_comes_over_it(
    submitting_with: Callable[[Offers], Submitting], tmp_path: Path
) -> None:
    own = certificate(tmp_path, "localhost")
    server = submitting_with(Offers(tls=own))
    at = replace(place(server), host="localhost", security="starttls", ca_file=str(own))
    smtp.submit(at, ALICES, ["bob@ac-exemple.fr"], MESSAGE)
    assert len(server.taken) == 1


def test_an_address_with_accents_is_taken_where_it_may_be(
    submitting_with: Callable[[Offers], Submitting],
) -> None:
    server = submitting_with(Offers(utf8=True))
    smtp.submit(place(server), ALICES, ["élodie@ac-exemple.fr"], MESSAGE)
    assert len(server.taken) == 1


def test_eight_bits_come_through_a_server_that_does_not_offer_them(
    submitting_with: Callable[[Offers], Submitting],
) -> None:
    server = submitting_with(Offers(eight_bits=False))
    smtp.submit(place(server), ALICES, ["bob@ac-exemple.fr"], MESSAGE + "Été\r\n".encode())
    content = server.content(server.taken[0])
    assert content.isascii()
    assert quopri.decodestring(content).endswith("A demain.\r\nÉté\r\n".encode())


def test_eight_bits_stay_where_the_server_takes_them(
    submitting: Submitting, submit: Submit
) -> None:
    submit("bob", message=MESSAGE + "Été\r\n".encode())
    assert "Été\r\n".encode() in submitting.content(submitting.taken[-1])


def test_too_many_messages_in_an_hour_are_put_off(
    submitting_with: Callable[[Offers], Submitting],
) -> None:
    server = submitting_with(Offers(hourly=1))
    smtp.submit(place(server), ALICES, ["bob@ac-exemple.fr"], MESSAGE)
    with pytest.raises(ServerUnavailable):
        smtp.submit(place(server), ALICES, ["bob@ac-exemple.fr"], MESSAGE)
    assert len(server.taken) == 1
