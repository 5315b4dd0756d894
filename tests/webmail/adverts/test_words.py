from __future__ import annotations

from importlib import resources

from hypothesis import given
from hypothesis import strategies as st

from mail.judgement import base, training, words
from mail.judgement.words import Counts, Kind

FEW = st.frozensets(st.sampled_from(["aa", "bb", "cc", "dd"]))


def test_the_committed_base_model_is_what_its_texts_give() -> None:
    written = base.dumps(training.counts())
    file = resources.files("mail.judgement.data").joinpath(base.FILE)
    assert written == file.read_text("ascii")


def test_the_base_model_is_read_as_it_was_written() -> None:
    learnt = training.counts()
    assert base.loads(base.dumps(learnt)) == learnt


def test_a_text_is_written_out_the_same_each_time_and_differently_by_number() -> None:
    template = "Bonjour, [un|deux|trois|quatre] {child} {day} {month} {town}"
    assert training.expand(template, 1) == training.expand(template, 1)
    assert len({training.expand(template, number) for number in range(9)}) > 4


@given(FEW, FEW, st.sampled_from(words.KINDS))
def test_unlearning_takes_back_what_was_learnt(
    before: frozenset[str], learnt: frozenset[str], kind: Kind
) -> None:
    counts = words.learn(Counts(), before, "wanted")
    assert words.unlearn(words.learn(counts, learnt, kind), learnt, kind) == counts


def test_unlearning_what_was_never_learnt_goes_below_nothing_nowhere() -> None:
    assert words.unlearn(Counts(), {"aa"}, "junk") == Counts()


def test_learning_leaves_the_counts_it_was_given_alone() -> None:
    counts = Counts()
    words.learn(counts, {"aa"}, "advert")
    assert counts == Counts()


def test_learning_one_by_one_gives_what_learning_at_once_gives() -> None:
    first, second = frozenset({"aa", "bb"}), frozenset({"bb"})
    singly = words.learn(words.learn(Counts(), first, "wanted"), second, "junk")
    assert words.of_messages([(first, "wanted"), (second, "junk")]) == singly


def test_words_seen_in_adverts_alone_speak_for_an_advert() -> None:
    counts = words.of_messages([(frozenset({"aa"}), "advert"), (frozenset({"bb"}), "wanted")] * 5)
    assert words.evidence(frozenset({"aa"}), [(counts, 1.0)]).unwanted > 0.1
    assert words.evidence(frozenset({"bb"}), [(counts, 1.0)]).unwanted < -0.1
    assert words.evidence(frozenset({"zz"}), [(counts, 1.0)]).unwanted == 0


def test_no_word_can_be_read_in_what_was_learnt() -> None:
    counts = words.learn(Counts(), words.tokens(["secret", "medical"]), "wanted")
    assert not [word for word in counts.words if "secre" in word or "medic" in word]


def test_counts_forget_words_seen_once_when_they_grow_too_large() -> None:
    kept = {f"{number:08x}": (2, 0, 0) for number in range(10)}
    many = {f"{number:08x}": (1, 0, 0) for number in range(10, words.MOST_KEPT + 20)}
    grown = words.learn(Counts((9, 0, 0), kept | many), {"00000000"}, "wanted")
    assert set(grown.words) == set(kept)
