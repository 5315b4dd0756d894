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


SCRIPTS = sorted((ROOT / "webmail" / "static" / "webmail" / "js").glob("*.js"))


@each("path", [*SHEETS, *SCRIPTS], ids=lambda path: path.name)
def test_lines_of_sheets_and_scripts_have_at_most_120_characters(path: Any) -> None:
    lines = enumerate(path.read_text("utf-8").splitlines(), 1)
    assert [number for number, line in lines if len(line) > 120] == []


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


# The site of administrators loads none of the other sheets; two only hide.
APART = {"admin.css", "print.css", "unscripted.css"}
# The sheets of every page. What they define is fitted into a page by the page's own sheet, under a
# second class or another element.
EVERYWHERE = {"base.css", "tokens.css"}
# Components of pages that others fit into them in the same way, and those that have two parts.
SHARED = {
    "app": "the frame of the mail: the composer and the preferences do without its list",
    "acting-page": "a page that asks before it acts: forms of folders and of sending stand in it",
    "bulk": "the bar of the picked messages: acting.css has what it does",
    "folder": "a line of the list of folders: acting.css lights it while messages are dragged",
    "folders": "the list of folders: folders.css has its menus",
    "list": "the list of messages: acting.css hides its tools while messages are picked",
    "list-tools": "the bar of a list: the search puts its reach below it",
    "members": "the messages of a conversation: awaited.css shows the one on its way",
    "message": "the open message: acting.css has its tags",
    "page": "the frame of a page without a mailbox: the help has its keys in it",
    "page-main": "the middle of that frame: the account lookup narrows it",
    "prose": "a text of administrators or of the help",
    "read": "the pane of the reader: an answer may stand below",
    "reader-tools": "the bar of an open message, and of an open contact",
    "row": "a row of a list: awaited.css shows the one on its way",
    "settings": "the frame of preferences, which contacts, imports and rules are written in",
    "settings-in": "the column of that frame",
    "sheet": "the part of the mail that scrolls: the composer has it to itself",
    "side-new": "the button above the list of folders",
    "side-title": "a heading in the list of folders: folders.css has its button",
    "text": "a message in plain text: the search marks words in it",
    "toasts": "mail.css lifts them above the bar at the foot of a narrow page",
    "top": "the head of the mail: the search widens it",
    "top-acts": "the buttons at its end",
    "write": "the composer: sending.css asks in its place before a message leaves",
}


def beginnings(text: str) -> Iterator[tuple[list[str], bool]]:
    """The classes of the element that each rule of a sheet begins at, ``a``, ``b`` of
    ``.a.b:hover > .c``, and whether one class is the whole of its selector."""
    for _within, selectors in rules_of(text):
        # What stands in :has() or :not() is another element, or none.
        while (less := re.sub(r":(?:has|not|where)\([^()]*\)", ":other", selectors)) != selectors:
            selectors = less
        for selector in map(str.strip, re.split(r",(?![^(]*\))", selectors)):
            first = re.split(r"[\s>+~]+(?![^(\[]*[)\]])", selector)[0]
            alone = re.fullmatch(r"\.[\w-]+", selector) is not None
            yield re.findall(r"\.([a-zA-Z][\w-]*)", first), alone


def test_a_class_is_defined_in_one_style_sheet() -> None:
    """Pages load several sheets: two elements under one class get the rules of both.

    A sheet defines the first class of the element that a rule begins at; no other sheet may have
    that class there, first or second. A class that stands second everywhere, such as `bad`, says
    the kind of a component, and is free."""
    defined: dict[str, set[str]] = {}
    named: dict[str, set[str]] = {}
    alone: dict[str, set[str]] = {}
    for path in SHEETS:
        if path.name in APART:
            continue
        for classes, is_alone in beginnings(path.read_text("utf-8")):
            for name in classes:
                named.setdefault(name, set()).add(path.name)
            for name in classes[:1]:
                (alone if is_alone else defined).setdefault(name, set()).add(path.name)
    several = set()
    for name in {*defined, *alone}:
        homes = defined.get(name, set()) | alone.get(name, set())
        users = alone.get(name, set()) if homes & EVERYWHERE else named[name]
        if len(users) > 1 and not name.startswith("is-"):
            several.add(name)
    assert several == SHARED.keys()
