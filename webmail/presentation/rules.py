"""Rules in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import formats
from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext

from core.converters import CONTROLS
from mail.sieve import values
from mail.sieve.values import (
    ALL,
    Absence,
    Condition,
    ConditionGroup,
    Item,
    RawPiece,
    Rule,
    RuleAction,
)
from webmail.presentation.words import size

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Names:
    """The names of the user's folders and tags, by name and keyword; the name of the trash."""

    folders: Labels
    tags: Labels
    trash: str = ""


@dataclass(frozen=True)
class RuleRow:
    """A rule in the list. ``number`` is one-based; ``text`` is that of a rule that cannot be shown
    in words."""

    number: int
    title: str
    is_rule: bool
    is_on: bool
    when: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    text: str = ""


def rows(items: Iterable[Item], names: Names) -> list[RuleRow]:
    return [_row(number, item, names) for number, item in enumerate(items, 1)]


def _row(number: int, item: Item, names: Names) -> RuleRow:
    if isinstance(item, RawPiece):
        title = item.name or gettext("Piece of a script")
        return RuleRow(number, title, is_rule=False, is_on=True, text=item.text)
    return RuleRow(
        number,
        title_of(item, number),
        is_rule=True,
        is_on=item.enabled,
        when=tuple(_when(item)),
        then=tuple(_then(item, names)),
    )


def title_of(rule: Rule, number: int) -> str:
    return rule.name or gettext("Rule %(number)d") % {"number": number}


def _when(rule: Rule) -> Iterable[str]:
    if not rule.groups:
        yield gettext("Every message")
    joint = gettext("and") if rule.match == ALL else gettext("or")
    for n, group in enumerate(rule.groups):
        words = group_words(group)
        yield f"{joint} {words}" if n else words


def group_words(group: ConditionGroup) -> str:
    """Return a group of conditions in words: ``The sender contains “x”, and the subject contains
    “y”``."""
    joint = gettext("%(first)s, and %(second)s")
    if group.match != ALL:
        joint = gettext("%(first)s, or %(second)s")
    first, *others = [condition(single) for single in group.conditions]
    for other in others:
        first = joint % {"first": first, "second": other[:1].lower() + other[1:]}
    return first


def condition(tested: Condition) -> str:
    """Return a condition as a sentence."""
    line = f"{tested.field}:{tested.comparison}" + (":not" if tested.negated else "")
    words = test(line)
    if tested.field == values.HEADER:
        words = gettext("%(condition)s (%(header)s)") % {
            "condition": words,
            "header": tested.header,
        }
    if tested.comparison == values.EXISTS:
        return words
    value = tested.value
    if tested.field == values.SIZE:
        return f"{words} {size(int(value))}"
    if tested.field == values.DATE:
        return f"{words} {day(date.fromisoformat(value))}"
    return gettext("%(condition)s “%(text)s”") % {"condition": words, "text": value}


def _then(rule: Rule, names: Names) -> Iterable[str]:
    for rule_action in rule.actions:
        yield action(rule_action, names)
    if rule.stop:
        yield gettext("Do not look at the rules that follow")
    if not rule.actions and not rule.stop:
        yield gettext("Nothing is done")


def action(rule_action: RuleAction, names: Names) -> str:
    """Return an action as a sentence."""
    match rule_action.kind:
        case values.MOVE if rule_action.value == names.trash:
            return gettext("Move to the trash")
        case values.MOVE:
            label = names.folders.get(rule_action.value) or missing(rule_action.value)
            return gettext("Move to %(folder)s") % {"folder": label}
        case values.COPY:
            label = names.folders.get(rule_action.value) or missing(rule_action.value)
            return gettext("Copy to %(folder)s") % {"folder": label}
        case values.TAG:
            return gettext("Add the tag %(tag)s") % {
                "tag": names.tags.get(rule_action.value, rule_action.value)
            }
        case values.FORWARD:
            return gettext("Forward to %(address)s, and keep it") % {"address": rule_action.value}
        case values.REDIRECT:
            return gettext("Redirect to %(address)s, without keeping it") % {
                "address": rule_action.value
            }
    return action_kind(rule_action.kind)


def subject_matter(field: str) -> str:
    """Return the words for the part of a message that a condition tests."""
    return {
        values.FROM: gettext("Sender"),
        values.TO: gettext("Recipients (To and Cc)"),
        values.SUBJECT: gettext("Subject"),
        values.HEADER: gettext("Another header"),
        values.LIST: gettext("Mailing list"),
        values.SIZE: gettext("Size"),
        values.BODY: gettext("Text of the message"),
        values.DATE: gettext("Date of the message"),
        values.ATTACHMENT: gettext("Attachments"),
    }[field]


_TESTS: Final = {
    "from:contains": gettext_lazy("The sender contains"),
    "from:contains:not": gettext_lazy("The sender does not contain"),
    "from:is": gettext_lazy("The sender’s address is"),
    "from:is:not": gettext_lazy("The sender’s address is not"),
    "from:address": gettext_lazy("The sender’s address contains"),
    "from:address:not": gettext_lazy("The sender’s address does not contain"),
    "from:matches": gettext_lazy("The sender looks like (* and ?)"),
    "from:matches:not": gettext_lazy("The sender does not look like (* and ?)"),
    "to:contains": gettext_lazy("A recipient contains"),
    "to:contains:not": gettext_lazy("No recipient contains"),
    "to:is": gettext_lazy("A recipient’s address is"),
    "to:is:not": gettext_lazy("No recipient’s address is"),
    "to:address": gettext_lazy("A recipient’s address contains"),
    "to:address:not": gettext_lazy("No recipient’s address contains"),
    "to:matches": gettext_lazy("A recipient looks like (* and ?)"),
    "to:matches:not": gettext_lazy("No recipient looks like (* and ?)"),
    "subject:contains": gettext_lazy("The subject contains"),
    "subject:contains:not": gettext_lazy("The subject does not contain"),
    "subject:is": gettext_lazy("The subject is"),
    "subject:is:not": gettext_lazy("The subject is not"),
    "subject:matches": gettext_lazy("The subject looks like (* and ?)"),
    "subject:matches:not": gettext_lazy("The subject does not look like (* and ?)"),
    "header:contains": gettext_lazy("The header contains"),
    "header:contains:not": gettext_lazy("The header does not contain"),
    "header:is": gettext_lazy("The header is"),
    "header:is:not": gettext_lazy("The header is not"),
    "header:matches": gettext_lazy("The header looks like (* and ?)"),
    "header:matches:not": gettext_lazy("The header does not look like (* and ?)"),
    "header:exists": gettext_lazy("The header is there"),
    "header:exists:not": gettext_lazy("The header is not there"),
    "list:contains": gettext_lazy("The mailing list contains"),
    "list:contains:not": gettext_lazy("The mailing list does not contain"),
    "list:is": gettext_lazy("The mailing list is"),
    "list:is:not": gettext_lazy("The mailing list is not"),
    "list:exists": gettext_lazy("It comes from a mailing list"),
    "list:exists:not": gettext_lazy("It comes from no mailing list"),
    "size:over": gettext_lazy("The message is larger than"),
    "size:under": gettext_lazy("The message is smaller than"),
    "body:contains": gettext_lazy("The text contains"),
    "body:contains:not": gettext_lazy("The text does not contain"),
    "date:since": gettext_lazy("It was written on this day or later:"),
    "date:until": gettext_lazy("It was written on this day or before:"),
    "date:is": gettext_lazy("It was written on this day:"),
    "attachment:exists": gettext_lazy("It has an attachment"),
    "attachment:exists:not": gettext_lazy("It has no attachment"),
}


def test(line: str) -> str:
    """Return the label of a condition in the form's list, without its value."""
    return str(_TESTS.get(line, line))


def action_kind(kind: str) -> str:
    """Return the label of an action in the form's list."""
    return {
        values.MOVE: gettext("Move to the folder"),
        values.COPY: gettext("Copy to the folder"),
        values.TAG: gettext("Add the tag"),
        values.READ: gettext("Mark as read"),
        values.FLAG: pgettext("verb", "Flag"),
        "trash": gettext("Move to the trash"),
        values.FORWARD: gettext("Forward to, and keep it"),
        values.REDIRECT: gettext("Redirect to, without keeping it"),
    }[kind]


def missing(name: str) -> str:
    """Return the words about a folder or tag that a rule names and that does not exist."""
    return gettext("%(name)s (no longer there)") % {"name": name}


def one_line(text: str) -> str:
    """Return the text without line ends and other control characters, and without spaces around
    it."""
    bare = CONTROLS.sub(" ", text)
    for end in ("\x85", "\u2028", "\u2029"):
        bare = bare.replace(end, " ")
    return "".join(" " if "\x80" <= sign <= "\x9f" else sign for sign in bare).strip()


def day(value: date) -> str:
    return formats.date_format(value, "DATE_FORMAT")


def absence_line(absence: Absence, today: date, box: str = "") -> str:
    """Return the sentence about the automatic answer. ``box`` is the address of a mailbox that is
    not the user's own."""
    days = {"first": day(absence.first), "last": day(absence.last), "box": box}
    if absence.is_on(today):
        if box:
            return gettext("The mailbox %(box)s answers until %(last)s.") % days
        return gettext("People who write to you are answered until %(day)s.") % {
            "day": day(absence.last)
        }
    if absence.is_coming(today):
        if box:
            return gettext("The mailbox %(box)s will answer from %(first)s to %(last)s.") % days
        return (
            gettext("People who write to you will be answered from %(first)s to %(last)s.") % days
        )
    return gettext("Nobody is answered.")


def would_fit(count: int, folder: str, *, is_whole: bool) -> str:
    """Return the sentence about the number of existing messages that a rule matches."""
    if is_whole:
        words = ngettext(
            "%(count)s message of the folder %(folder)s would match.",
            "%(count)s messages of the folder %(folder)s would match.",
            count,
        )
    else:
        words = ngettext(
            "At least %(count)s message of the folder %(folder)s would match; not all of them could"
            " be looked at.",
            "At least %(count)s messages of the folder %(folder)s would match; not all of them"
            " could be looked at.",
            count,
        )
    return words % {"count": intcomma(count), "folder": folder}


_MOST_PLACES = 8


def places(allowed: Sequence[str]) -> str:
    """Return the domains and addresses to which mail may be forwarded, the first of many."""
    return ", ".join(allowed[:_MOST_PLACES]) + (" …" if len(allowed) > _MOST_PLACES else "")
