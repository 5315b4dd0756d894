"""The words about who wrote a message."""

from __future__ import annotations

from django.utils import translation

from mail.mime.authentication import Verdicts
from webmail.presentation import senders

RESULTS = ["pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror"]


def test_every_verdict_on_the_sender_is_a_sentence_of_its_own() -> None:
    with translation.override("en"):
        sentences = [senders.verdict_words(Verdicts(spf=result))[0] for result in RESULTS]
    assert len(set(sentences)) == len(RESULTS)
    for result, sentence in zip(RESULTS, sentences, strict=True):
        assert sentence.startswith("SPF: ") and sentence.endswith(".")
        # None is the protocol's word alone.
        assert result in {"pass", "fail", "none"} or result not in sentence


def test_a_verdict_that_nobody_knows_is_quoted() -> None:
    with translation.override("en"):
        (sentence,) = senders.verdict_words(Verdicts(dmarc="bestguesspass"))
    assert sentence == "DMARC: the mail server answered “bestguesspass”."
