"""The words for what was done to many messages."""

from __future__ import annotations

import pytest

from webmail.presentation import action_words

VERBS = (
    "flag", "unflag", "seen", "unseen", "tag", "untag", "trash", "delete", "undo", "archive",
    "junk", "advert", "copy", "move", "rule",
)  # fmt: skip
MANY = "20\N{NO-BREAK SPACE}000"


@pytest.mark.parametrize("verb", VERBS)
def test_thousands_are_set_apart(verb: str) -> None:
    assert MANY in action_words.done(verb, 20_000)
    assert action_words.done(verb, 1, gone=20_000).count(MANY) == 1
    if verb != "rule":
        assert MANY in action_words.doing(verb, 20_000)


def test_one_is_said_as_one() -> None:
    assert action_words.done("move", 1) == "1 message déplacé."
