"""The order that users choose for their tools, for the messages picked in a list."""

from __future__ import annotations

from collections.abc import Iterable

from core.preferences import BY_NAME
from webmail.presentation.tools import Tool, tools_of_picked


def verbs(tools: Iterable[Tool]) -> list[str]:
    return [tool.verb for tool in tools]


def test_the_chosen_order_holds_for_picked_messages() -> None:
    shown = tools_of_picked("trash print tags archive", "", marks_adverts=False)
    assert verbs(shown.bar) == ["trash", "tags", "archive"]
    assert verbs(shown.menu) == [
        "seen", "unseen", "flag", "unflag", "choose", "download", "advert", "junk",
    ]  # fmt: skip


def test_the_usual_bar_has_what_moves_messages() -> None:
    usual = BY_NAME["toolbar"].default
    shown = tools_of_picked(usual, "", marks_adverts=False)
    assert verbs(shown.bar) == ["archive", "choose", "junk", "trash"]
    assert [tool.verb for tool in shown.bar if not tool.is_wide] == ["archive", "choose", "trash"]
    assert verbs(shown.menu)[0] == "junk"


def test_a_long_bar_ends_and_a_narrow_one_sooner() -> None:
    shown = tools_of_picked("flag unseen tags archive choose trash junk", "", marks_adverts=False)
    assert verbs(shown.bar) == ["flag", "unseen", "tags", "archive", "choose"]
    assert verbs(tool for tool in shown.bar if tool.is_wide) == ["archive", "choose"]
    assert {"archive", "choose", "trash", "junk"} <= set(verbs(shown.menu))


def test_no_tool_brings_messages_to_where_they_are() -> None:
    in_trash = tools_of_picked("archive trash", "trash", marks_adverts=False)
    assert verbs(in_trash.bar) == ["archive", "delete"]
    in_archive = tools_of_picked("archive trash", "archive", marks_adverts=True)
    assert verbs(in_archive.bar) == ["trash"]
    assert "wanted" in verbs(in_archive.menu)
    for here in ("junk", "advert"):
        shown = tools_of_picked("junk", here, marks_adverts=True)
        assert verbs(shown.bar) == ["inbox"]
        assert "wanted" not in verbs(shown.menu)
