"""The weights of signs and words, as data."""

from __future__ import annotations

import pytest

from mail.judgement import corpus, model
from mail.judgement.measuring import interval
from mail.judgement.model import Model, Models
from mail.judgement.signs import Sign
from mail.judgement.words import VERDICT_KINDS
from webmail.presentation.adverts import REASONS


def test_the_sum_is_the_bias_the_signs_and_the_words_by_their_number() -> None:
    weights = Model(-1.0, {"prices": 2.0}, {"aa": 3.0, "bb": 1.0})
    weighed = weights.weighed(
        [Sign("prices", 0.5), Sign("prices", 0.25), Sign("other", 9.0)],
        frozenset({"aa", "bb", "cc", "dd"}),
    )
    assert {sign.code: sign.weight for sign in weighed} == {"words": 2.0, "prices": 1.5}
    assert weights.total(weighed) == 2.5


def test_weights_are_read_as_they_were_written() -> None:
    learnt = Models(
        Model(-0.5, {"prices": 0.25}, {"aa": 0.1, "bb": -1.25, "cc": 0.1}), Model(1.0, {}, {})
    )
    assert model.loads(model.dumps(learnt)) == learnt


def test_each_sign_with_a_weight_has_its_words() -> None:
    learnt = model.models()
    assert {*learnt.unwanted.signs, *learnt.fraud.signs} <= set(REASONS)


def test_the_corpus_has_messages_of_each_kind_in_many_families() -> None:
    messages = list(corpus.messages())
    for kind in VERDICT_KINDS:
        assert sum(one.kind == kind for one in messages) >= 50
    assert len({one.family for one in messages}) >= 300
    assert all(one.family and one.subject and one.raw for one in messages)


@pytest.mark.parametrize(
    ("yes", "of", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 100, 0.0, 0.037), (50, 100, 0.404, 0.596), (100, 100, 0.963, 1.0)],
)
def test_the_interval_of_a_share(yes: int, of: int, low: float, high: float) -> None:
    """Wilson's, as textbooks give it."""
    assert interval(yes, of) == pytest.approx((low, high), abs=0.001)
