"""The form of a rule, without a server."""

from __future__ import annotations

import cProfile
from html import unescape

import pytest
from django.template.loader import render_to_string

from webmail.forms.rules import MOST_CONDITIONS, MOST_GROUPS, Offers, RuleDraft, RuleEditor

OFFERS = Offers(frozenset({"body", "date", "relational", "mime", "fileinto"}))
CALLS_OF_A_CONDITION = 4_000


def draft(conditions: int, test: str = "subject:contains:not") -> RuleDraft:
    groups = [
        ("all", tuple({"test": test, "value": "a"} for _ in range(conditions)))
        for _ in range(MOST_GROUPS)
    ]
    return RuleDraft({"name": "a", "match": "all"}, tuple(groups), ({"kind": "read"},))


def shown(of: RuleDraft) -> str:
    editor = RuleEditor(of, OFFERS)
    editor.can_be_tried()
    return render_to_string("webmail/rules/_rule_form.html", {"editor": editor})


def calls(conditions: int) -> int:
    profile = cProfile.Profile()
    profile.runcall(shown, draft(conditions))
    return sum(entry.callcount for entry in profile.getstats())


def test_a_long_rule_makes_its_list_of_comparisons_once() -> None:
    shown(draft(1))
    few, many = calls(1), calls(MOST_CONDITIONS)
    assert (many - few) / (MOST_GROUPS * (MOST_CONDITIONS - 1)) < CALLS_OF_A_CONDITION


@pytest.mark.parametrize("conditions", [1, 3])
def test_each_condition_shows_its_comparison(conditions: int) -> None:
    page = unescape(shown(draft(conditions)))
    assert page.count('value="subject:contains:not" selected>') == MOST_GROUPS * conditions
    assert page.count(" selected>") == MOST_GROUPS * (conditions + 1) + 1


def test_a_comparison_that_does_not_exist_is_not_shown() -> None:
    page = shown(draft(1, '"><script>alert(1)</script>'))
    assert "<script>" not in page
    assert "alert(1)" not in page
