"""A message in a language in which nobody writes to its reader."""

from __future__ import annotations

from datetime import date

import pytest

from accounts.models import User
from mail.judgement import verdict
from mail.judgement.known import Learnt
from mail.judgement.verdict import Verdict
from tests.webmail.adverts.test_making import made
from tests.webmail.test_classify_message import run
from webmail.models import InboxProgress, InboxWatch

GERMAN = (
    "<p>Sehr geehrte Damen und Herren, wir bitten Sie um die Antwort auf den Brief von Montag, der"
    " für Sie hier liegt.</p><a href='https://autre.example/x'>hier</a>"
)
DOUBTED = made(GERMAN, From="Grande Maison <anne@firm.example>", Return_Path="<x@envoi.example>")


def judged(raw: bytes, *usual: str) -> Verdict:
    return verdict.judge(raw, learnt=Learnt(languages=frozenset(usual)))


def test_it_is_a_doubt_among_others() -> None:
    assert judged(DOUBTED).kind == "wanted"
    assert judged(DOUBTED, "fr", "en").kind == "junk"
    assert "foreign_language" in judged(DOUBTED, "fr", "en").reasons


@pytest.mark.parametrize("usual", [("de",), ("fr", "de")])
def test_a_language_of_the_readers_is_none(usual: tuple[str, ...]) -> None:
    assert judged(DOUBTED, *usual) == judged(DOUBTED)


def test_alone_it_is_no_reason() -> None:
    assert judged(made(GERMAN.replace("autre.example", "www.firm.example")), "fr").kind == "wanted"


def test_a_text_of_a_few_words_is_in_no_language() -> None:
    few = made("<p>Danke und bis morgen!</p><a href='https://autre.example/x'>hier</a>")
    assert judged(few).language == "none"
    assert judged(few, "fr") == judged(few)


@pytest.mark.django_db
def test_languages_are_known_after_fifty_messages_of_known_people() -> None:
    user = User.objects.create(login="lectrice")
    watches = InboxWatch.objects.all()
    watches.begin(user, 1, 1, date(2026, 12, 1))

    def usual() -> frozenset[str]:
        standing = watches.fresh(user)
        assert standing is not None
        return standing.usual_languages

    watches.note_languages(user, ["fr"] * 40 + ["en"] * 9)
    assert usual() == frozenset()
    watches.note_languages(user, ["en"])
    assert usual() == {"fr", "en"}
    # Later only a new language is written down.
    watches.note_languages(user, ["fr"] * 30 + ["de"])
    assert usual() == {"fr", "en", "de"}
    standing = watches.standing(user)
    assert standing is not None and sum(standing.languages.values()) == InboxProgress.LEAST_TOLD + 1


def test_an_unknown_code_is_refused(tmp_path) -> None:
    done = run("measure_adverts", "--languages", "fr,xx", str(tmp_path))
    assert done.returncode == 1
    assert "xx: not one of de, en, es, fr" in done.stderr
