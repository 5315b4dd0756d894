"""The actions on an open message, and on those picked in a list: in the toolbar, in the
order that the user chose, or in its menu."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, pgettext

from mail.mailbox.verbs import ASKING, LEAVING
from webmail.presentation.reader import MessageView

ANSWERS = ("reply", "reply_all", "forward")
LAST = ("print", "source")
# The most tools in the bar of a telephone, besides the answers, which have a bar of their own.
_MOST_NARROW = 3
# The most tools in the bar of a list, which may be a column beside the message.
_MOST_OF_PICKED = 5


@dataclass(frozen=True)
class Tool:
    """An action. It follows ``url``, or posts ``verb``. ``word``: its label stands beside the icon
    if there is room. ``is_wide``: if there is little room it stands in the menu instead of the bar.
    ``is_first``: it is the first one at the right."""

    name: str
    label: str
    icon: str
    verb: str = ""
    url: str = ""
    key: str = ""
    word: bool = False
    is_wide: bool = False
    is_first: bool = False

    @property
    def is_answer(self) -> bool:
        return self.name in ANSWERS


@dataclass(frozen=True)
class Tools:
    """The tools of the bar, and those at the beginning and at the end of the menu."""

    bar: tuple[Tool, ...]
    menu: tuple[Tool, ...]
    last: tuple[Tool, ...]

    @property
    def has_right(self) -> bool:
        """Whether a tool of the bar begins its right half."""
        return any(tool.is_first for tool in self.bar)


@lru_cache(maxsize=1)
def verbs_for_scripts() -> SafeString:
    """Return the attributes that tell scripts which verbs take messages from the list, and which
    only open a dialog."""
    return format_html('data-leaves="{}" data-asks="{}"', " ".join(LEAVING), " ".join(ASKING))


def tools(opened: MessageView, chosen: str, here: str, *, has_rules: bool) -> Tools:
    """Return the tools of an open message. ``chosen`` are names of the preference ``toolbar``;
    ``here`` is the verb that moves messages to the open folder, "own" in a folder of own mail."""
    every = _allowed(_all(opened, here, has_rules=has_rules), opened.withheld)
    by_name = {tool.name: tool for tool in every}
    names = [name for name in chosen.split() if name in by_name]
    bar = tuple(_placed([by_name[name] for name in names]))
    others = [tool for name, tool in by_name.items() if name not in names]
    menu = (tool for tool in others if tool.name not in LAST)
    last = tuple(tool for tool in others if tool.name in LAST)
    return Tools(bar, (*menu, *(tool for tool in bar if tool.is_wide)), last)


def _placed(bar: Iterable[Tool]) -> Iterator[Tool]:
    """Mark the tools that stand at the right, and those without room in a narrow bar. The flag is
    always in the bar: it is replaced by its id, which must be unique."""
    is_left, narrow = True, 0
    for tool in bar:
        is_first = is_left and not tool.is_answer
        is_left = is_left and tool.is_answer
        is_wide = not tool.is_answer and tool.name != "flag"
        is_wide = is_wide and (narrow >= _MOST_NARROW or (tool.name, tool.verb) == ("junk", "junk"))
        narrow += not (tool.is_answer or is_wide)
        is_as_usual = not (is_first or is_wide)
        yield tool if is_as_usual else replace(tool, is_first=is_first, is_wide=is_wide)


def _all(opened: MessageView, here: str, *, has_rules: bool) -> Iterator[Tool]:
    """Yield the tools for this message in this folder, in the order of the menu."""
    if not opened.draft:
        yield from _answers(opened)
    yield from _of_every_message(get_language(), here)
    if has_rules and opened.rule_url:
        yield Tool("rule", gettext("Create a rule…"), "sliders-horizontal", url=opened.rule_url)
    yield Tool("print", gettext("Print"), "printer", url=opened.print_url, key="print")
    yield Tool("source", gettext("Download the source (.eml)"), "code", url=opened.source_url)


@lru_cache(maxsize=64)
def _of_every_message(_language: str | None, here: str) -> tuple[Tool, ...]:
    """Return the tools that are the same for every message, in the words of the language."""
    return tuple(_verbs(here))


def _verbs(here: str) -> Iterator[Tool]:
    yield Tool("flag", gettext("Flag for follow-up"), "flag", "flag", key="flag")
    yield Tool("unseen", gettext("Mark as unread"), "mail", "unseen", key="unseen")
    yield Tool("tags", gettext("Tags…"), "check", "tags", key="tags")
    if here != "archive":
        yield Tool("archive", pgettext("verb", "Archive"), "archive", "archive", key="archive")
    yield Tool("choose", pgettext("verb", "Move"), "folder-input", "choose", key="choose")
    yield from _judgements(here)
    yield _removal(here)


def tools_of_picked(
    chosen: str, here: str, *, marks_adverts: bool, withheld: frozenset[str] = frozenset()
) -> Tools:
    """Return the tools for the messages picked in a list, in the same order. ``marks_adverts``:
    adverts may be marked in their folder; ``withheld`` are the verbs that the user may not do in
    it."""
    every = _allowed(_all_of_picked(here, marks_adverts=marks_adverts), withheld)
    by_name = {tool.name: tool for tool in every}
    names = [name for name in chosen.split() if name in by_name][:_MOST_OF_PICKED]
    bar: list[Tool] = []
    for name in names:
        narrow = sum(not tool.is_wide for tool in bar)
        is_wide = narrow >= _MOST_NARROW or by_name[name].verb == "junk"
        bar.append(replace(by_name[name], is_wide=is_wide))
    menu = (tool for name, tool in by_name.items() if name not in names)
    return Tools(tuple(bar), (*(tool for tool in bar if tool.is_wide), *menu), ())


def _all_of_picked(here: str, *, marks_adverts: bool) -> Iterator[Tool]:
    """Yield the tools for several messages in this folder, in the order of the menu."""
    yield Tool("seen", gettext("Mark as read"), "mail-open", "seen", key="seen")
    yield Tool("unseen", gettext("Mark as unread"), "mail", "unseen", key="unseen")
    yield Tool("flag", gettext("Flag for follow-up"), "flag", "flag", key="flag")
    yield Tool("unflag", gettext("Remove the flag"), "flag-off", "unflag")
    yield Tool("tags", gettext("Tags…"), "check", "tags", key="tags")
    yield from _moves(here)
    yield Tool("download", gettext("Download"), "download", "download")
    if marks_adverts and here not in ("advert", "junk", "own"):
        yield Tool("wanted", gettext("This is no advert"), "mail", "wanted")
    for tool in _judgements(here):
        yield replace(tool, word=False)


def _allowed(every: Iterable[Tool], withheld: frozenset[str]) -> Iterator[Tool]:
    """Yield the tools without those that the user may not use. Messages that may not be moved may
    be copied."""
    for tool in every:
        if tool.verb == "choose" and "move" in withheld:
            yield replace(tool, label=pgettext("messages to a folder", "Copy"))
        elif tool.verb not in withheld:
            yield tool


def _moves(here: str) -> Iterator[Tool]:
    if here != "archive":
        yield Tool("archive", pgettext("verb", "Archive"), "archive", "archive", key="archive")
    yield Tool("choose", pgettext("verb", "Move"), "folder-input", "choose", key="choose")
    yield _removal(here)


def _removal(here: str) -> Tool:
    if here == "trash":
        return Tool("trash", gettext("Delete for good"), "trash-2", "delete", key="trash")
    return Tool("trash", gettext("Delete"), "trash-2", "trash", key="trash")


def _answers(opened: MessageView) -> Iterator[Tool]:
    words = (
        pgettext("verb", "Reply"),
        gettext("Reply to all"),
        pgettext("verb: a message to somebody", "Forward"),
    )
    icons = ("reply", "reply-all", "forward")
    urls = (opened.reply_url, opened.reply_all_url, opened.forward_url)
    for name, label, icon, url in zip(ANSWERS, words, icons, urls, strict=True):
        yield Tool(name, label, icon, url=url, key=name, word=True)


def _judgements(here: str) -> Iterator[Tool]:
    """Yield the tools that move to junk and to the adverts, or back; none for own mail."""
    junk = Tool("junk", gettext("Report as junk"), "shield-alert", "junk", key="junk")
    advert = Tool("advert", gettext("This is an advert"), "megaphone", "advert")
    match here:
        case "junk":
            words = pgettext("move back to the inbox", "Not junk")
            yield Tool("junk", words, "inbox", "inbox", word=True)
        case "advert":
            words = pgettext("move back to the inbox", "Not an advert")
            yield Tool("junk", words, "inbox", "inbox", word=True)
            yield replace(junk, name="as_junk")
        case "own":
            return
        case _:
            yield advert
            yield junk
