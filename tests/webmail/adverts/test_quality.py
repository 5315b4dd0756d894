"""The quality of verdicts on mail that the model was not made from; `pytest -s` prints the
tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from mail.judgement import message, verdict, words
from mail.judgement.known import KnownCorrespondents
from tests.corpus import KINDS, SHARED
from tests.webmail.adverts import samples
from tests.webmail.adverts.samples import Sample

# At least so many of the unwanted must be moved.
LEAST_MOVED = 0.9


def table(judged: Iterable[tuple[str, str]]) -> str:
    """A confusion table: a row for what a message is, a column for what it was taken for."""
    counts = Counter(judged)
    rows = [f"{'':>10}" + "".join(f"{kind:>10}" for kind in words.KINDS)]
    for label in words.KINDS:
        cells = "".join(f"{counts[label, kind]:>10}" for kind in words.KINDS)
        rows.append(f"{label:>10}{cells}")
    return "\n".join(rows)


def shared_samples() -> Iterator[Sample]:
    """Those of the second corpus (tests/corpus.py)."""
    folder = SHARED / "adblock"
    for entry in json.loads((folder / "labels.json").read_text("utf-8")):
        label = entry["label"].replace("legit", "wanted")
        yield Sample(label, entry["file"], (folder / entry["file"]).read_bytes())


SETS = {"ours": samples.all_samples, "shared": shared_samples}


@pytest.fixture(scope="module", params=KINDS)
def judged(request: pytest.FixtureRequest) -> list[tuple[Sample, str]]:
    given = SETS[request.param]()
    return [(sample, verdict.judge(sample.raw).kind) for sample in given]


def test_there_are_enough_messages_to_tell() -> None:
    labels = Counter(sample.label for sample in samples.all_samples())
    assert min(labels.values()) >= 150


def test_no_wanted_message_is_moved(judged: list[tuple[Sample, str]]) -> None:
    print("\n" + table((sample.label, kind) for sample, kind in judged))  # noqa: T201
    lost = [sample.name for sample, kind in judged if sample.label == "wanted" != kind]
    assert not lost


@pytest.mark.parametrize("label", ["advert", "junk"])
def test_nine_unwanted_in_ten_are_moved(judged: list[tuple[Sample, str]], label: str) -> None:
    kinds = [kind for sample, kind in judged if sample.label == label]
    assert sum(kind != "wanted" for kind in kinds) >= LEAST_MOVED * len(kinds)


def test_any_message_of_somebody_known_is_wanted_but_a_forged_fraud() -> None:
    forged = 0
    for sample in samples.all_samples():
        sender = message.read_message(sample.raw).sender.address
        known = KnownCorrespondents(addresses=frozenset({sender.lower()}))
        judgement = verdict.judge(sample.raw, known)
        if judgement.is_fraud and "sender_refused" in judgement.fraud:
            forged += judgement.kind == "fraud"
        else:
            assert judgement.kind == "wanted", sample.name
    assert forged >= 20
