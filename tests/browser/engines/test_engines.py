"""Each walk in each browser, against the table that docs/browsers.md shows."""

from __future__ import annotations

import pytest

from tests.browser.engines.conftest import ENGINES
from tests.browser.engines.driving import Hand
from tests.browser.engines.walks import DAILY, WALKS, Place
from tests.table import ENGINES as TABLE
from tests.table import YES
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAIRS = [(words, name) for words in WALKS for name in ENGINES]


def _case(words: str, name: str) -> object:
    marks = () if name in DAILY[words] else (pytest.mark.whole,)
    return pytest.param(words, name, marks=marks)


@pytest.mark.parametrize(("words", "name"), [_case(*pair) for pair in PAIRS])
def test_a_walk_gives_what_the_table_tells(
    words: str, name: str, place: Place, request: pytest.FixtureRequest
) -> None:
    TABLE.hold(request.config, words, name, WALKS[words](place) or YES)


def test_the_table_has_these_rows_and_columns() -> None:
    assert list(TABLE.cells()) == PAIRS


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.whole) for name in ENGINES])
def test_a_browser_tells_what_a_script_and_the_policy_refuse(hand: Hand, name: str) -> None:
    hand.goto("/")
    hand.ask(
        "() => { const one = document.createElement('script'); one.text = 'window.ran = 1';"
        " document.body.append(one); setTimeout(() => { throw new Error('in vain'); }); }"
    )
    told: list[str] = []

    def are_told() -> bool:
        told.extend(hand.problems())
        return len(told) > 1

    wait_for(are_told)
    assert "in vain" in " ".join(told)
    assert not hand.ask("() => window.ran")
