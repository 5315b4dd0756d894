"""House rules of style sheets: each name is used, and stands once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import tinycss2  # type: ignore[import-untyped]

from tests.cases import each
from tests.test_house_rules import ROOT

SHEETS = sorted((ROOT / "webmail" / "static" / "webmail" / "css").glob("*.css"))
SOURCES = ("templates/**/*.html", "webmail/static/webmail/js/*.js", "*/**/*.py")
# Elements of Django's admin and of libraries.
OF_OTHERS = {"htmx-request", "markedContent", "errorlist"}
# "in-{{ line.indent }}": what templates put together.
MADE = re.compile(r"s[1-4]|in-[1-8]|head-(subject|size|arrival)|is-(accepted|declined|tentative)")


def rules(nodes: list[Any], within: str = "") -> Iterator[tuple[str, str]]:
    """The selector of each rule, after the conditions that it stands in."""
    for node in nodes:
        if node.type == "qualified-rule":
            yield within, " ".join(tinycss2.serialize(node.prelude).split())
        elif node.type == "at-rule" and node.lower_at_keyword in {"media", "supports"}:
            inside = tinycss2.parse_rule_list(node.content, skip_comments=True)
            condition = tinycss2.serialize(node.prelude).strip()
            yield from rules(inside, f"{within} {node.lower_at_keyword} {condition}")


def rules_of(text: str) -> list[tuple[str, str]]:
    return list(rules(tinycss2.parse_stylesheet(text, skip_comments=True)))


@each("path", SHEETS, ids=lambda path: path.name)
def test_a_selector_stands_once_in_a_sheet(path: Any) -> None:
    counts = Counter(rules_of(path.read_text("utf-8")))
    assert [rule for rule, count in counts.items() if count > 1] == []


def test_every_class_of_a_sheet_is_named_by_a_page_or_a_script() -> None:
    named = set()
    for pattern in SOURCES:
        for path in ROOT.glob(pattern):
            if not path.parts[len(ROOT.parts)].startswith((".", "tests", "var", "demo")):
                named |= set(re.findall(r"[\w-]+", path.read_text("utf-8")))
    for path in SHEETS:
        if path.name == "admin.css":
            continue
        selectors = " ".join(selector for _within, selector in rules_of(path.read_text("utf-8")))
        classes = set(re.findall(r"\.([a-zA-Z][\w-]*)", selectors))
        unused = {name for name in classes - named - OF_OTHERS if not MADE.fullmatch(name)}
        assert not unused, path.name
