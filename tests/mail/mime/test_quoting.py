"""The beginnings of answers and forwarded messages."""

from __future__ import annotations

import pytest

from mail.mime import quoting
from mail.mime.addresses import Address

ALICE, BOB, CLAIRE = (Address(name, f"{name.lower()}@x.fr") for name in ("Alice", "Bob", "Claire"))


@pytest.mark.parametrize(
    ("subject", "reply"),
    [
        ("Sortie", "Re: Sortie"),
        ("Re: Sortie", "Re: Sortie"),
        ("RE : Re: re[2]: Sortie", "Re: Sortie"),
        ("Rép. : Sortie", "Re: Sortie"),
        ("", "Re:"),
        ("Reçu", "Re: Reçu"),
        ("a\r\nBcc: x", "Re: a Bcc: x"),
    ],
)
def test_a_reply_is_marked_once(subject: str, reply: str) -> None:
    assert quoting.reply_subject(subject) == reply


@pytest.mark.parametrize(
    ("subject", "forward"),
    [
        ("Sortie", "Fwd: Sortie"),
        ("TR: Fw: Sortie", "Fwd: Sortie"),
        ("Re: Sortie", "Fwd: Re: Sortie"),
        ("Trop", "Fwd: Trop"),
    ],
)
def test_a_forwarded_message_is_marked_once(subject: str, forward: str) -> None:
    assert quoting.forward_subject(subject) == forward


def test_a_quote_has_marks_and_no_signature() -> None:
    quoted = quoting.quote("\nBonjour\r\n\r\n> avant\n\n-- \nAlice\n", "Alice a écrit :")
    assert quoted == "Alice a écrit :\n> Bonjour\n>\n>> avant\n"


def test_a_forwarded_message_shows_its_head() -> None:
    text = quoting.forwarded(
        "Bonjour\n",
        [("De :", "Alice\r\nx"), ("Cc :", ""), ("Objet :", "Sortie")],
        "Message transféré",
    )
    assert text == "-------- Message transféré --------\nDe : Alice x\nObjet : Sortie\n\nBonjour\n"


# from, reply-to, to, cc, everyone -> to, cc; the reader is Alice
RECIPIENTS = {
    "to the sender": ([BOB], [], [ALICE, CLAIRE], [], False, [BOB], []),
    "to Reply-To": ([BOB], [CLAIRE], [ALICE], [], False, [CLAIRE], []),
    "to everyone but oneself": ([BOB], [], [ALICE, CLAIRE], [BOB], True, [BOB], [CLAIRE]),
    "one's own message": ([ALICE], [], [BOB], [CLAIRE], True, [BOB], [CLAIRE]),
    "note to oneself": ([ALICE], [], [ALICE], [], False, [ALICE], []),
    "no sender": ([], [], [ALICE, BOB], [], False, [BOB], []),
}


@pytest.mark.parametrize(
    ("from_", "reply_to", "to", "cc", "everyone", "first", "copies"),
    RECIPIENTS.values(),
    ids=RECIPIENTS,
)
def test_an_answer_goes_to(
    from_: list[Address],
    reply_to: list[Address],
    to: list[Address],
    cc: list[Address],
    everyone: bool,
    first: list[Address],
    copies: list[Address],
) -> None:
    recipients = quoting.reply_recipients(from_, reply_to, to, cc, {"ALICE@x.fr"}, everyone)
    assert recipients == (tuple(first), tuple(copies))
