"""HTML that a page has many times: rows of messages and of folders, choices of menus. It is written
in Python, since the template interpreter takes ten times as long, a third of a list's time. All
text from mail or users goes through `_e`; the words of a row are looked up once a language, those
of folders once a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from functools import cache, lru_cache
from html import escape
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.templatetags.static import static
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, pgettext

from webmail.presentation.folder_list import FolderRow
from webmail.presentation.icons import ICONS, icon
from webmail.presentation.keys import Scheme
from webmail.presentation.lists import Choice, MessageRow
from webmail.presentation.tags import Chip
from webmail.presentation.tools import Tool, Tools

Groups = Iterable[tuple[str, tuple[MessageRow, ...]]]


_SPECIAL = re.compile("[&<>\"']")


def _e(text: Any) -> str:
    """Escape a text, unless it is HTML already, such as a subject with marked matches."""
    if hasattr(text, "__html__"):
        return text.__html__()
    return escape(text) if _SPECIAL.search(text) else text


def _sr(words: str) -> str:
    """Wrap words that only screen readers say."""
    return f'<span class="sr">{_e(words)}</span>'


def message_groups(groups: Groups, withheld: Collection[str] = ()) -> SafeString:
    """Return the rows of a message list under their headings. ``withheld`` are the verbs that the
    user may not do in their folder."""
    row = _message_row(get_language(), static(ICONS), can_flag="flag" not in withheld)
    html = []
    for heading, rows in groups:
        title = f'<h2 class="day">{_e(heading)}</h2>' if heading else ""
        html.append(f"{title}\n<ul>{''.join(map(row, rows))}</ul>\n")
    return SafeString("".join(html))


@lru_cache(maxsize=8)
def _message_row(
    _language: str | None, _icons: str, *, can_flag: bool
) -> Callable[[MessageRow], str]:
    """Return the function that writes one row, in the words of the language in force and with the
    icons at this address."""
    pen, reply, forward = (
        f'<span class="mark">{icon(name)}</span>' for name in ("pen-line", "reply", "forward")
    )
    unread = _e(pgettext("message", "Unread.") + " ")
    answered = _sr(pgettext("message", "Answered.") + " ")
    forwarded = _sr(pgettext("message", "Forwarded.") + " ")
    select = _e(pgettext("a message", "Select:"))
    in_conversation = _sr(gettext("Messages in the conversation:") + " ")
    folder = icon("folder", "s") + " " + _sr(gettext("Folder:") + " ")
    badges, marks, button = _badges(), _marks(), _flag_button()
    state = "" if can_flag else " disabled"

    def write(row: MessageRow) -> str:
        ref, url, subject = _e(row.ref), _e(row.url), _e(row.subject)
        mark = pen if row.draft else reply if row.answered else forward if row.forwarded else ""
        current = ' aria-current="true"' if row.selected else ""
        shown = f' data-shown="{_e(row.shown)}"' if row.shown not in ("", row.ref) else ""
        state_words = (answered if row.answered else "") + (forwarded if row.forwarded else "")
        many = f'<span class="how-many">{in_conversation}{row.count}</span> ' if row.count else ""
        place = (
            f'<span class="in-folder clip">{folder}{_e(row.folder)}</span> ' if row.folder else ""
        )
        return (
            f'<li class="row{" is-new" if row.unread else ""}" id="row-{ref}" data-ref="{ref}"'
            f"{shown}>\n"
            f'<label class="pick"><input type="checkbox" name="refs" value="{ref}" form="act-form">'
            f'<span class="sr">{select} {subject}</span></label>\n{mark}\n'
            f'<a href="{url}" hx-get="{url}"{current}>'
            f'<span class="upper"><span class="sr if-new">{unread}</span>{state_words}'
            f'<span class="who clip">{many}{_photo(row.photo_url)}{_e(row.sender)}</span> '
            f'<time class="when" datetime="{row.when_iso}">{_e(row.when)}</time></span>\n'
            f'<span class="lower"><span class="subject clip">'
            f'<span class="tags" id="row-tags-{ref}">{_tags(row.tags)}</span>'
            f"{''.join([html for name, html in badges if getattr(row, name)])}{subject}</span>\n"
            f'<span class="extra">{place if row.folder else ""}'
            f"{''.join([html for name, html in marks if getattr(row, name)])}</span>"
            f'<span class="size">{_e(row.size)}</span></span></a>\n'
            f"{button(ref, row.flagged, state)}\n"
            f"{_members(row, unread) if row.members else ''}</li>"
        )

    return write


# Babel finds no words inside an f-string.
def _badges() -> tuple[tuple[str, str], ...]:
    """Return the badges before a subject, by the attribute of the row that asks for them."""
    advert, junk = pgettext("of a message", "Advert"), pgettext("of a message", "Junk")
    drafted = pgettext("of a message", "Draft")
    return (
        ("advert", f'<b class="is-advert">{_e(advert)} · </b>'),
        ("junk", f'<b class="is-advert">{_e(junk)} · </b>'),
        ("draft", f'<b class="is-draft">{_e(drafted)} · </b>'),
    )


def _marks() -> tuple[tuple[str, str], ...]:
    """Return the icons after a subject, by the attribute of the row that asks for them."""
    urgent, invitation = pgettext("message", "Urgent."), gettext("Invitation.")
    attachment = gettext("With attachment.")
    return (
        ("urgent", f" {icon('circle-alert', 's urgent')}{_sr(urgent)}"),
        ("invitation", f" {icon('calendar-days', 's')}{_sr(invitation)}"),
        ("attachment", f" {icon('paperclip', 's')}{_sr(attachment)}"),
    )


def _photo(url: str) -> str:
    return (
        f'<img class="face" src="{_e(url)}" alt="" width="20" height="20" loading="lazy">'
        if url
        else ""
    )


def _tags(tags: Iterable[Chip]) -> str:
    return "".join(f'<span class="tag h{tag.colour}">{_e(tag.name)}</span>' for tag in tags)


def _members(row: MessageRow, unread: str) -> str:
    """Return the messages of a conversation, folded."""
    words = pgettext("of a conversation", "Show each message")
    lines = "".join(_member(member, unread) for member in row.members)
    return f'<details class="members"><summary>{_e(words)}</summary><ol>{lines}</ol></details>'


def _member(row: MessageRow, unread: str) -> str:
    url, is_new = _e(row.url), ' class="is-new"' if row.unread else ""
    unread_mark = f'<span class="sr">{unread}</span>' if row.unread else ""
    return (
        f'\n<li{is_new}><a href="{url}" hx-get="{url}">{unread_mark}'
        f'<span class="clip">{_e(row.sender)}</span> '
        f'<time datetime="{row.when_iso}">{_e(row.when)}</time></a></li>'
    )


def flag_button(ref: str, flagged: bool) -> SafeString:
    """Return the flag button of a row, to replace the one on the page."""
    return SafeString(_flag_button()(_e(ref), flagged, ' hx-swap-oob="true"'))


def _flag_button() -> Callable[[str, bool, str], str]:
    flag, unflag = _e(gettext("Flag for follow-up")), _e(gettext("Remove the flag"))
    mark = icon("flag", "s")

    def write(ref: str, flagged: bool, more: str) -> str:
        form, pressed, title = (
            ("unflag-form", "true", unflag) if flagged else ("flag-form", "false", flag)
        )
        return (
            f'<button class="flag" id="flag-{ref}"{more} type="submit" form="{form}" name="refs"'
            f' value="{ref}" aria-pressed="{pressed}" aria-label="{flag}" title="{title}">'
            f"{mark}</button>"
        )

    return write


def menu_choices(choices: Iterable[Choice]) -> SafeString:
    """Return ways to show the list, as links of a menu."""
    check, none = icon("check"), '<span class="i"></span>'

    def line(choice: Choice) -> str:
        url, current = _e(choice.url), ' aria-current="true"' if choice.is_current else ""
        mark = check if choice.is_current else none
        return f'<li><a href="{url}" hx-get="{url}"{current}>{mark} {_e(choice.label)}</a></li>'

    return SafeString("\n".join(map(line, choices)))


def month_options(months: Iterable[tuple[int, str]], chosen: int) -> SafeString:
    """Return the months as options, by number and name."""
    return SafeString(
        "\n".join(
            f'<option value="{number}"{" selected" if number == chosen else ""}>{_e(name)}</option>'
            for number, name in months
        )
    )


def folder_rows(rows: Iterable[FolderRow]) -> SafeString:
    """Return the rows of the folder list, with the folders inside them. Scripts change the number
    of a row's counter, and leave a row without one alone (js/news.js)."""
    kept_icon = cache(icon)
    unread = _sr(pgettext("count beside a folder", "unread:") + " ")
    none = _counter(0, unread)
    inside = gettext("Folders inside %(folder)s")
    arrow = icon("chevron-right")

    def name(row: FolderRow) -> str:
        label = f'{kept_icon(row.icon)}<span class="clip">{_e(row.label)}</span>'
        if not row.usable:
            return f'<span class="folder is-off">{label}</span>'
        url, current = _e(row.url), ' aria-current="page"' if row.current else ""
        count = none if row.unseen == 0 else _counter(row.unseen, unread)
        return (
            f'<a class="folder{" has-new" if row.unseen else ""}" href="{url}" hx-get="{url}" '
            f'data-folder="{_e(row.name)}"{current}>{label}{count}</a>'
            f'<a class="tree-menu" href="{_e(row.menu_url)}" aria-label="{_e(row.menu_label)}"></a>'
        )

    def branch(row: FolderRow) -> str:
        words = _e(inside % {"folder": row.label})
        return (
            f'<details class="branch" data-branch="{_e(row.name)}"{" open" if row.open else ""}>'
            f'<summary>{arrow}<span class="sr">{words}</span></summary>\n'
            f"<ul>{lines(row.children)}</ul></details>"
        )

    def lines(several: Iterable[FolderRow]) -> str:
        return "\n".join(
            f"<li>{name(row)}{branch(row) if row.children else ''}</li>" for row in several
        )

    return SafeString(lines(rows))


def _counter(unseen: int | None, words: str) -> str:
    if unseen is None:
        return ""
    return f'<span class="count"{"" if unseen else " hidden"}>{words}{intcomma(unseen)}</span>'


def tool_bar(tools: Tools, scheme: Scheme, flag: str) -> SafeString:
    """Return the tools of an open message in its bar. ``flag`` is the flag button, which answers
    replace."""
    html = []
    for tool in tools.bar:
        if tool.is_first:
            html.append('<span class="push"></span>')
        html.append(flag if tool.name == "flag" else _bar_tool(tool, scheme))
    if not tools.has_right:
        html.append('<span class="push"></span>')
    return SafeString("".join(html))


_NARROW = ' class="narrow-tool"'


def tool_menu(tools: Iterable[Tool], scheme: Scheme, flag: str) -> SafeString:
    """Return the tools in the menu, some of them only if the bar is narrow."""
    return SafeString(
        "".join(
            f"<li{_NARROW if tool.is_wide else ''}>"
            f"{flag if tool.name == 'flag' else _menu_tool(tool, scheme)}</li>"
            for tool in tools
        )
    )


def picked_bar(tools: Tools, scheme: Scheme) -> SafeString:
    """Return the tools for picked messages in the list's bar."""
    return SafeString("".join(_bar_tool(tool, scheme) for tool in tools.bar))


def picked_menu(tools: Tools, scheme: Scheme) -> SafeString:
    """Return the tools for picked messages in the menu, some of them only if the bar is narrow."""
    return SafeString(
        "".join(
            f"<li{_NARROW if tool.is_wide else ''}>{_menu_tool(tool, scheme)}</li>"
            for tool in tools.menu
        )
    )


def _bar_tool(tool: Tool, scheme: Scheme) -> str:
    label = _e(tool.label)
    keys, cap = (scheme.shortcut(tool.key), scheme.cap(tool.key)) if tool.key else ("", "")
    kind = " wide-only-tool" if tool.is_wide else ""
    names = f'aria-label="{label}" title="{label}{_e(cap)}"'
    if tool.url:
        kind = f"{'quiet reply' if tool.is_answer else 'icon'}{kind}"
        word = f"<span>{label}</span>" if tool.word else ""
        return (
            f'<a class="btn {kind}" href="{_e(tool.url)}" {keys}{_way(tool)} {names}>'
            f"{icon(tool.icon)}{word}</a>"
        )
    kind = f"{'quiet' if tool.word else 'icon'}{kind}"
    word = f'<span class="tool-word">{label}</span>' if tool.word else ""
    return (
        f'<button class="btn {kind}" name="verb" value="{tool.verb}" {names} {keys}>'
        f"{icon(tool.icon)}{word}</button>"
    )


def _menu_tool(tool: Tool, scheme: Scheme) -> str:
    keys = scheme.shortcut(tool.key) if tool.key else ""
    inside = f"{icon(tool.icon)} {_e(tool.label)}"
    if tool.url:
        return f'<a href="{_e(tool.url)}" {keys}{_way(tool)}>{inside}</a>'
    return f'<button name="verb" value="{tool.verb}" {keys}>{inside}</button>'


def _way(tool: Tool) -> str:
    """Return the attributes of a link that leads to no page of the webmail."""
    return {"print": ' target="_blank" data-print', "source": " download"}.get(tool.name, "")
