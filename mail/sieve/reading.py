"""The text of a script -> values: scripts of the webmail, Roundcube and Ingo.

A command that is not exactly one of the webmail's rules is kept unchanged (`RawPiece`), so that no
rule is shown with a different meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from mail.errors import TooLarge
from mail.folding import with_either_apostrophe
from mail.sieve import grammar
from mail.sieve.grammar import Argument, Number, ScriptCommand, TagArgument, Test
from mail.sieve.values import (
    ADDRESS,
    ALL,
    ANY,
    ATTACHMENT,
    BODY,
    CONTAINS,
    COPY,
    DATE,
    EXISTS,
    FLAG,
    FORWARD,
    HEADER,
    HEADER_FIELDS,
    IS,
    MATCHES,
    MOVE,
    OVER,
    READ,
    REDIRECT,
    SINCE,
    SIZE,
    TAG,
    UNDER,
    UNTIL,
    Absence,
    Condition,
    ConditionGroup,
    Item,
    RawPiece,
    Rule,
    RuleAction,
    Script,
)
from mail.sieve.writing import ABSENCE_MARK, ADVERTS_MARK, INCLUDE_MARK, MARK, write

# Extensions that give strings a meaning of their own: only strings without ${ are then read.
_EXPANDING: Final = frozenset({"variables", "encoded-character"})
_NAME: Final = re.compile(r"#\s*rule:\[(.*)\]\s*")
_DISABLED: Final = re.compile(r"if\s+false\s*#([^\n]*)\n\s*\{", re.IGNORECASE)
_FLAG: Final = re.compile(r"[A-Za-z0-9$_.:+/-]+")
_FIELDS: Final = {names: field for field, names in HEADER_FIELDS.items()}
_MATCHES: Final = {":contains": CONTAINS, ":is": IS, ":matches": MATCHES}
_DATES: Final = {"ge": SINCE, "le": UNTIL, "eq": IS}
_MOST_EXPANDED: Final = 50


class _Unshown(Exception):
    """The command is none of the webmail's rules."""


def is_ours(text: str) -> bool:
    """Return whether the webmail wrote the script."""
    return text.split("\n", 1)[0].strip() == MARK


def read_script(text: str) -> Script:
    """Return the values of a script in order. Raises `grammar.NotSieve`."""
    commands = grammar.parse(text)
    requires = frozenset(_required(commands))
    script = Script()
    for chain in _chains([command for command in commands if command.name != "require"]):
        script = _with(script, chain, text, requires)
    if tail := _tail(text, commands):
        script = replace(script, items=(*script.items, RawPiece(tail)))
    if any(isinstance(item, RawPiece) for item in script.items):
        # It is unknown which of the kept pieces need which extension, so all are kept.
        script = replace(script, requires=requires)
    return script


def _required(commands: Iterable[ScriptCommand]) -> Iterator[str]:
    for command in commands:
        if command.name == "require":
            for argument in command.arguments:
                yield from _strings(argument)


def _tail(text: str, commands: Sequence[ScriptCommand]) -> str:
    """Return the comments after the last command."""
    rest = text[commands[-1].end :] if commands else text
    lines = [line for line in rest.strip().split("\n") if line.strip() and line.strip() != MARK]
    return "\n".join(lines)


def _chains(commands: Sequence[ScriptCommand]) -> Iterator[list[ScriptCommand]]:
    """Yield each ``if`` together with its ``elsif`` and ``else``; any other command alone."""
    chain: list[ScriptCommand] = []
    for command in commands:
        if chain and command.name not in {"elsif", "else"}:
            yield chain
            chain = []
        chain.append(command)
    if chain:
        yield chain


def _with(
    script: Script, chain: list[ScriptCommand], text: str, requires: frozenset[str]
) -> Script:
    first = chain[0]
    marks = {comment.strip() for comment in first.comments}
    if INCLUDE_MARK in marks and first.name == "include" and (name := _included(first)):
        return replace(script, included=name)
    if ADVERTS_MARK in marks:
        return replace(script, adverts=f"{ADVERTS_MARK}\n{text[first.start : chain[-1].end]}\n")
    absence = None
    if script.absence is None and len(chain) == 1:
        absence = _absence(first, text, requires)
    if absence and (ABSENCE_MARK in marks or _is_same(absence, first, text, script)):
        return replace(script, absence=absence)
    return replace(script, items=(*script.items, _item(chain, text, requires)))


def _included(command: ScriptCommand) -> str:
    names = [argument for argument in command.arguments if isinstance(argument, str)]
    return names[0] if len(names) == 1 else ""


def _item(chain: list[ScriptCommand], text: str, requires: frozenset[str]) -> Item:
    first, last = chain[0], chain[-1]
    name, comments = _named(first.comments)
    try:
        if len(chain) > 1:
            raise _Unshown
        return _rule(first, text, requires, name, comments)
    except (_Unshown, ValueError):
        before = "".join(f"{line}\n" for line in first.comments if line.strip() != MARK)
        answers = any(_answers(command) for command in chain)
        return RawPiece(before + text[first.start : last.end] + "\n", name, answers)


def _answers(command: ScriptCommand) -> bool:
    if command.name == "vacation":
        return True
    return any(_answers(inner) for inner in command.block or ())


def _named(comments: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return a rule's name and the other comments. The name is that of ``# rule:[name]``, else the
    last comment, where Ingo writes it.
    """
    lines = [line for line in comments if line.strip() != MARK]
    for at in range(len(lines) - 1, -1, -1):
        if match := _NAME.fullmatch(lines[at]):
            return _one_line(match[1]), tuple(lines[:at] + lines[at + 1 :])
    if lines and lines[-1].startswith("#"):
        return _one_line(lines[-1].strip("# \t")), tuple(lines[:-1])
    return "", tuple(lines)


def _one_line(text: str) -> str:
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text)


# --- a rule ---


def _rule(
    command: ScriptCommand,
    text: str,
    requires: frozenset[str],
    name: str,
    comments: tuple[str, ...],
) -> Rule:
    if command.name != "if" or command.block is None or len(command.tests) != 1:
        raise _Unshown
    if requires & _EXPANDING and "${" in text[command.start : command.end]:
        raise _Unshown
    test, enabled = _switched(command, text)
    match, groups = _groups(test)
    block = list(command.block)
    stop = bool(block) and block[-1].name == "stop"
    actions = tuple(_each_action(block[:-1] if stop else block))
    return Rule(name, groups, actions, match, enabled, stop, comments)


def _switched(command: ScriptCommand, text: str) -> tuple[Test, bool]:
    """Return the test, and whether the rule is on. A rule that is off has ``allof (false, test)``,
    in Roundcube ``false # test``.
    """
    test = command.tests[0]
    if test.name == "false" and not test.arguments:
        disabled = _DISABLED.match(text, command.start)
        if disabled and not any(inner.comments or inner.has_inner for inner in command.block or ()):
            return grammar.parse_test(disabled[1].strip()), False
        raise _Unshown
    if command.has_inner:
        raise _Unshown
    if test.name == "allof" and len(test.tests) == 2 and test.tests[0] == Test("false"):
        return test.tests[1], False
    return test, True


def _groups(test: Test) -> tuple[str, tuple[ConditionGroup, ...]]:
    """Return a test as groups, and the match that joins them."""
    if test == Test("true"):
        return ALL, ()
    if test.name not in {"allof", "anyof"} or test.arguments:
        expanded = _expanded(test)
        return ALL, (
            expanded if isinstance(expanded, ConditionGroup) else ConditionGroup(ALL, (expanded,)),
        )
    match = ANY if test.name == "anyof" else ALL
    if any(inner.name in {"allof", "anyof"} for inner in test.tests):
        return _nested(match, test)
    parts = [_expanded(inner) for inner in test.tests]
    if all(isinstance(part, Condition) or part.match == match for part in parts):
        conditions = [c for part in parts for c in _conditions(part)]
        return ALL, (ConditionGroup(match, tuple(conditions)),)
    return match, tuple(_as_group(part) for part in parts)


def _nested(match: str, test: Test) -> tuple[str, tuple[ConditionGroup, ...]]:
    groups = []
    for inner_test in test.tests:
        if inner_test.name in {"allof", "anyof"}:
            inner, inner_groups = _groups(inner_test)
            if len(inner_groups) != 1 or inner_test.arguments:
                raise _Unshown
            groups.append(inner_groups[0])
            del inner
        else:
            groups.append(_as_group(_expanded(inner_test)))
    if len(groups) == 1:
        return ALL, tuple(groups)
    return match, tuple(groups)


def _conditions(part: Condition | ConditionGroup) -> tuple[Condition, ...]:
    return part.conditions if isinstance(part, ConditionGroup) else (part,)


def _as_group(part: Condition | ConditionGroup) -> ConditionGroup:
    return part if isinstance(part, ConditionGroup) else ConditionGroup(ALL, (part,))


def _expanded(test: Test) -> Condition | ConditionGroup:
    """Return a test of one header and text as a condition; one of several as a group of
    conditions.
    """
    negated = False
    while test.name == "not" and len(test.tests) == 1 and not test.arguments:
        negated, test = not negated, test.tests[0]
    if test.tests:
        raise _Unshown
    conditions = list(_each_condition(test))
    if not conditions or len(conditions) > _MOST_EXPANDED:
        raise _Unshown
    turned = [replace(condition, negated=negated) for condition in conditions]
    if len(turned) == 1:
        return turned[0]
    every = test.name == "exists"  # it holds when all of them exist
    return ConditionGroup(ALL if every != negated else ANY, tuple(turned))


@dataclass
class _Arguments:
    """The arguments of a test: tags with the values that follow them, and the rest in order."""

    tags: dict[str, Argument]
    rest: list[Argument]


# Tags that a value follows.
_VALUED: Final = frozenset(
    {
        ":comparator",
        ":value",
        ":zone",
        ":count",
        ":days",
        ":handle",
        ":subject",
        ":addresses",
        ":mailboxid",
    }
)


def _taken_apart(arguments: Sequence[Argument]) -> _Arguments:
    tags: dict[str, Argument] = {}
    rest: list[Argument] = []
    left = list(arguments)
    while left:
        argument = left.pop(0)
        if not isinstance(argument, TagArgument):
            rest.append(argument)
        elif argument.name in tags or (argument.name in _VALUED and not left):
            raise _Unshown
        else:
            tags[argument.name] = left.pop(0) if argument.name in _VALUED else argument
    return _Arguments(tags, rest)


def _strings(argument: Argument) -> tuple[str, ...]:
    if isinstance(argument, str):
        return (argument,)
    return argument if isinstance(argument, tuple) else ()


def _each_condition(test: Test) -> Iterator[Condition]:
    arguments = _taken_apart(test.arguments)
    if arguments.tags.pop(":comparator", "i;ascii-casemap") != "i;ascii-casemap":
        raise _Unshown
    match test.name:
        case "header":
            yield from _headers(arguments)
        case "address":
            yield from _addresses(arguments)
        case "exists" if not arguments.tags and len(arguments.rest) == 1:
            for name in _strings(arguments.rest[0]):
                yield _exists(name)
        case "size" if len(arguments.rest) == 1 and isinstance(arguments.rest[0], Number):
            relation = {":over": OVER, ":under": UNDER}.get(*_only(arguments.tags), "")
            yield Condition(SIZE, relation, str(arguments.rest[0].value))
        case "body" if set(arguments.tags) == {":text", ":contains"} and len(arguments.rest) == 1:
            for text in _phrases(_strings(arguments.rest[0])):
                yield Condition(BODY, CONTAINS, text)
        case "date":
            yield _day(arguments)


def _phrases(texts: Sequence[str]) -> Iterator[str]:
    """Yield the texts, without those that only repeat an earlier one with the other apostrophe."""
    others: set[str] = set()
    for text in texts:
        if text not in others:
            yield text
        others.update(with_either_apostrophe(text)[1:])


def _only(tags: dict[str, Argument]) -> tuple[str]:
    if len(tags) != 1:
        raise _Unshown
    (name,) = tags
    return (name,)


def _headers(arguments: _Arguments) -> Iterator[Condition]:
    if set(arguments.tags) == {":mime", ":anychild", ":contains"}:
        if arguments.rest == ["content-disposition", "attachment"]:
            yield Condition(ATTACHMENT, EXISTS)
        return
    comparison = _MATCHES.get(*_only(arguments.tags), "") if arguments.tags else IS
    if not comparison or len(arguments.rest) != 2:
        return
    names, texts = (_strings(argument) for argument in arguments.rest)
    field = _FIELDS.get(tuple(name.lower() for name in names))
    for text in _phrases(texts) if comparison == CONTAINS else texts:
        # IS compares FROM and TO with addresses; a header also contains the name.
        if field and not (field in {"from", "to"} and comparison == IS):
            yield _checked(field, comparison, text)
        else:
            for name in names:
                yield Condition(HEADER, comparison, text, header=name.lower())


def _checked(field: str, comparison: str, text: str) -> Condition:
    """Return a condition. LIST has no MATCHES, so it then becomes a condition on a header."""
    try:
        return Condition(field, comparison, text)
    except ValueError:
        return Condition(HEADER, comparison, text, header=HEADER_FIELDS[field][0])


def _addresses(arguments: _Arguments) -> Iterator[Condition]:
    arguments.tags.pop(":all", None)
    comparison = _MATCHES.get(*_only(arguments.tags), "") if arguments.tags else IS
    if comparison not in {CONTAINS, IS} or len(arguments.rest) != 2:
        return
    names, texts = (_strings(argument) for argument in arguments.rest)
    field = _FIELDS.get(tuple(name.lower() for name in names))
    if field not in {"from", "to"}:
        return
    for text in texts:
        yield Condition(field, IS if comparison == IS else ADDRESS, text)


def _exists(name: str) -> Condition:
    if name.lower() == "list-id":
        return Condition("list", EXISTS)
    return Condition(HEADER, EXISTS, header=name.lower())


def _day(arguments: _Arguments) -> Condition:
    relation = arguments.tags.get(":value")
    if set(arguments.tags) != {":originalzone", ":value"} or not isinstance(relation, str):
        raise _Unshown
    if [str(argument).lower() for argument in arguments.rest[:2]] != ["date", "date"] or len(
        arguments.rest
    ) != 3:
        raise _Unshown
    (day,) = _strings(arguments.rest[2])
    if date.fromisoformat(day).isoformat() != day:
        raise _Unshown
    return Condition(DATE, _DATES.get(relation, ""), day)


# --- actions ---


def _each_action(block: Sequence[ScriptCommand]) -> Iterator[RuleAction]:
    for command in block:
        if command.tests or command.block is not None:
            raise _Unshown
        arguments = _taken_apart(command.arguments)
        if len(arguments.rest) != 1:
            raise _Unshown
        values = _strings(arguments.rest[0])
        match command.name, set(arguments.tags):
            case "fileinto", tags if tags <= {":copy", ":mailboxid"} and len(values) == 1:
                (mailbox_id,) = _strings(arguments.tags.get(":mailboxid", ""))
                yield RuleAction(COPY if ":copy" in tags else MOVE, values[0], mailbox_id)
            case "redirect", tags if tags <= {":copy"} and len(values) == 1:
                yield RuleAction(FORWARD if tags else REDIRECT, values[0])
            case "addflag", tags if not tags and values:
                yield from map(_mark, values)
            case _:
                raise _Unshown


def _mark(flag: str) -> RuleAction:
    kind = {"\\seen": READ, "\\flagged": FLAG}.get(flag.lower())
    if kind:
        return RuleAction(kind)
    if not _FLAG.fullmatch(flag):
        raise _Unshown
    return RuleAction(TAG, flag)


# --- the absence ---


def _is_same(absence: Absence, command: ScriptCommand, text: str, before: Script) -> bool:
    """Return whether an absence of another program means the same when the webmail writes it, which
    is before all rules: none of those ``before`` it may have ended the script."""
    has_end = bool(before.included or before.adverts)
    has_end |= any(isinstance(item, RawPiece) or item.stop for item in before.items)
    if has_end or absence.domains or _named(command.comments)[1]:
        return False
    try:
        ours = write(Script(absence=absence))
    except (ValueError, TooLarge):
        return False
    return _meaning(grammar.parse(ours)[-1], ours) == _meaning(command, text)


def _meaning(command: ScriptCommand, text: str) -> object:
    """Return what an absence is compared by: not by the order of its tags, nor by ``:handle``."""
    vacation = _taken_apart((command.block or ())[0].arguments)
    days, _handle = vacation.tags.pop(":days", Number(7)), vacation.tags.pop(":handle", "")
    test, enabled = _switched(command, text)
    return enabled, test.name, [_apart(bound) for bound in test.tests], days, vacation


def _apart(test: Test) -> object:
    return test.name, _taken_apart(test.arguments)


def _absence(command: ScriptCommand, text: str, requires: frozenset[str]) -> Absence | None:
    """Return the absence of a command; None if it is none, or was changed by hand."""
    try:
        if command.name != "if" or command.block is None or len(command.tests) != 1:
            raise _Unshown
        if requires & _EXPANDING:
            raise _Unshown
        test, enabled = _switched(command, text)
        first, last = (_moment(bound) for bound in test.tests)
        return replace(
            _answering(command.block),
            first=date.fromisoformat(first[0]),
            last=date.fromisoformat(last[0]),
            zone_first=first[1],
            zone_last=last[1],
            enabled=enabled,
        )
    except (_Unshown, ValueError, IndexError, TypeError):
        return None


def _moment(test: Test) -> tuple[str, str]:
    arguments = _taken_apart(test.arguments)
    zone, day = arguments.tags.get(":zone", ""), arguments.rest[-1]
    if test.name != "currentdate" or not isinstance(zone, str) or not isinstance(day, str):
        raise _Unshown
    return day, zone


def _answering(block: Sequence[ScriptCommand]) -> Absence:
    if [command.name for command in block] == ["vacation"]:
        return _vacation(block[0])
    names = [command.name for command in block]
    if names not in (["if"], ["if", "else"]) or block[0].tests[0].name != "envelope":
        raise _Unshown
    inside = _vacation(*(block[0].block or ()))
    other = _vacation(*(block[1].block or ())).text if len(block) == 2 else ""
    domains = _strings(block[0].tests[0].arguments[-1])
    return replace(inside, domains=domains, other_text=other)


def _vacation(command: ScriptCommand) -> Absence:
    arguments = _taken_apart(command.arguments)
    days, subject = arguments.tags.get(":days"), arguments.tags.get(":subject", "")
    (text,) = arguments.rest
    if command.name != "vacation" or not isinstance(text, str) or not isinstance(subject, str):
        raise _Unshown
    return Absence(
        text,
        date.min,
        date.min,
        subject=subject,
        days=days.value if isinstance(days, Number) else 7,
        addresses=_strings(arguments.tags.get(":addresses", ())),
    )
