"""Finds every regular expression of the code and what is done with it, and inputs that make one
slow."""

from __future__ import annotations

import ast
import importlib
import itertools
import re
import re._compiler as compiler  # type: ignore[import-not-found]
import re._constants as codes  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
import signal
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, product
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parent.parent
PACKAGES = ("core", "mail", "webmail", "accounts", "addressbook")

Text = str | bytes
Pattern = re.Pattern[Any]

# --- the patterns of the code ---

# ``sub``, ``subn``, ``split`` and ``findall`` go through a text as ``finditer`` does.
WAYS = {
    "match": "match",
    "fullmatch": "fullmatch",
    "search": "search",
    "finditer": "finditer",
    "findall": "finditer",
    "sub": "finditer",
    "subn": "finditer",
    "split": "finditer",
}
EVERY_WAY = frozenset(WAYS.values())
_NO_MATCHING = frozenset({"pattern", "flags", "groups", "groupindex"})


@dataclass(frozen=True)
class Place:
    """Where a pattern is written."""

    module: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line}"


@dataclass
class Found:
    """``used``: the ways in which each pattern is used. ``unknown``: places where no value of the
    pattern is known before the program runs."""

    used: dict[Pattern, set[str]] = field(default_factory=lambda: defaultdict(set))
    places: dict[Pattern, Place] = field(default_factory=dict)
    unknown: list[Place] = field(default_factory=list)


def find(files: Iterable[Path] | None = None) -> Found:
    """The patterns of all our modules."""
    read = [Source(path) for path in files or _files()]
    sources = {source.name: source for source in read if "re." in source.text}
    found = Found()
    for source in sources.values():
        for call in source.calls:
            place = Place(source.name, call.lineno)
            try:
                patterns = list(source.patterns(call))
            except Unknown:
                found.unknown.append(place)
                continue
            ways = source.ways(call) or _ways_elsewhere(source, call, read) or EVERY_WAY
            for pattern in patterns:
                found.used[pattern] |= ways
                found.places.setdefault(pattern, place)
    return found


def _files() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def _ways_elsewhere(source: Source, call: ast.Call, all_of_them: list[Source]) -> set[str]:
    """The ways of a pattern that a module or class gives a name to, wherever the name stands."""
    name = source.name_of(call)
    if name is None:
        return set()
    own = source.ways_of(name)
    others = (one.ways_of(name, source.name) for one in all_of_them if one is not source)
    return own.union(*others)


class Unknown(Exception):
    """The value of an expression is not known before the program runs."""


class Source:
    """A module as it is written."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text("utf-8")
        parts = path.relative_to(ROOT).with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def tree(self) -> ast.Module:
        tree = ast.parse(self.text)
        for parent in ast.walk(tree):
            for child in ast.iter_child_nodes(parent):
                child.parent = parent  # type: ignore[attr-defined]
        return tree

    @cached_property
    def module(self) -> ModuleType:
        return importlib.import_module(self.name)

    @cached_property
    def calls(self) -> list[ast.Call]:
        """The calls of ``re.compile``, ``re.sub`` and their like."""
        names = {"compile", *WAYS}
        return [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in names
        ]

    def patterns(self, call: ast.Call) -> Iterator[Pattern]:
        """What the call's pattern may be. Raises Unknown."""
        given = [one.value for one in call.keywords if one.arg == "flags"]
        if _method(call) == "compile":
            given += call.args[1:2]
        flags = self.values(given[0]) if given else [0]
        for value, flag in product(self.values(call.args[0]), flags):
            yield value if isinstance(value, re.Pattern) else re.compile(value, flag)

    def ways(self, call: ast.Call) -> set[str]:
        """The ways that are plain to see at the call itself."""
        if _method(call) != "compile":
            return {WAYS[_method(call)]}
        return _ways_at(call) or self._ways_of_local(call)

    def name_of(self, call: ast.Call) -> str | None:
        """The name that the call's value gets where it stands."""
        parent = _parent(call)
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
            return parent.targets[0].id
        if isinstance(parent, ast.AnnAssign) and isinstance(parent.target, ast.Name):
            return parent.target.id
        return None

    def _ways_of_local(self, call: ast.Call) -> set[str]:
        function, name = _function(call), self.name_of(call)
        if function is None or name is None:
            return set()
        return _ways_in(one for one in self._loads[name] if _function(one) is function)

    def ways_of(self, name: str, home: str | None = None) -> set[str]:
        """What is done here with the pattern ``name`` of this module, or of the module ``home``."""
        if name not in self.text:
            return set()  # its syntax tree takes a hundred times as long
        return _ways_in(
            node
            for node in self._loads.get(name, ())
            if home is None
            or (isinstance(node, ast.Name) and (home, name) in self._imported)
            or (isinstance(node, ast.Attribute) and self._leads(node, home))
        )

    @cached_property
    def _loads(self) -> dict[str, list[ast.Name | ast.Attribute]]:
        """Where each name is used, also as ``module.NAME`` and ``self.NAME``."""
        loads = defaultdict(list)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                loads[node.id if isinstance(node, ast.Name) else node.attr].append(node)
        return loads

    @cached_property
    def _imported(self) -> set[tuple[str | None, str]]:
        imports = (one for one in ast.walk(self.tree) if isinstance(one, ast.ImportFrom))
        return {(one.module, alias.name) for one in imports for alias in one.names}

    @staticmethod
    def _leads(node: ast.Attribute, home: str) -> bool:
        """Whether it may be ``module.NAME``."""
        last = home.rpartition(".")[2]
        return isinstance(node.value, ast.Name) and node.value.id in (last, f"{last}_module")

    # --- values of expressions ---

    def values(self, node: ast.expr) -> list[Any]:
        """All that an expression may be. Raises Unknown."""
        try:
            known = compile(ast.Expression(node), self.name, "eval")
            return [eval(known, dict(vars(self.module)))]  # noqa: S307  our own constants
        except NameError:
            pass
        match node:
            case ast.Name():
                return self._values_of_name(node)
            case ast.JoinedStr():
                pieces = [self.values(_written(one)) for one in node.values]
                return ["".join(map(str, one)) for one in product(*pieces)]
            case ast.BinOp(op=ast.Add()):
                return self._sums(self.values(node.left), self.values(node.right))
            case ast.Call(func=ast.Attribute(attr="escape")):
                return [re.escape("a-b")]
            case ast.Subscript():
                return [one for held in self.values(node.value) for one in held.values()]
            case ast.Attribute():
                return [self._default(node)]
        raise Unknown

    def _sums(self, left: list[Any], right: list[Any]) -> list[Any]:
        """Sums, where what ``re.escape`` gave may be bytes as well."""
        is_bytes = any(isinstance(one, bytes) for one in (*left, *right))
        made = product(left, right)
        if not is_bytes:
            return [a + b for a, b in made]
        return [_as_bytes(a) + _as_bytes(b) for a, b in made]

    def _values_of_name(self, node: ast.Name) -> list[Any]:
        above: Any = node
        while (above := _parent(above)) is not None:
            if isinstance(above, ast.ListComp | ast.GeneratorExp | ast.SetComp):
                for one in above.generators:
                    if isinstance(one.target, ast.Name) and one.target.id == node.id:
                        return [value for held in self.values(one.iter) for value in held]
            if isinstance(above, ast.FunctionDef):
                return self._values_in(above, node.id)
        raise Unknown

    def _values_in(self, function: ast.FunctionDef, name: str) -> list[Any]:
        """What a name of a function may be: what is assigned to it, or what the module gives."""
        assigned = [
            one.value
            for one in ast.walk(function)
            if isinstance(one, ast.Assign) and getattr(one.targets[0], "id", "") == name
        ]
        names = [one.arg for one in function.args.args]
        if not assigned and name in names:
            is_method = names[0] == "self"
            at = names.index(name) - is_method
            assigned = [call.args[at] for call in self._calls_of(function.name)]
        if not assigned:
            raise Unknown
        return [value for one in assigned for value in self.values(one)]

    def _calls_of(self, name: str) -> Iterator[ast.Call]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                called = node.func
                if name in (getattr(called, "id", ""), getattr(called, "attr", "")):
                    yield node

    def _default(self, node: ast.Attribute) -> Any:
        """An attribute of the own class, or one that a class of the module has without being
        told."""
        classes = (one for one in vars(self.module).values() if isinstance(one, type))
        for one in classes:
            if isinstance(vars(one).get(node.attr), str | bytes):
                return vars(one)[node.attr]
        raise Unknown


def _as_bytes(value: Text) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _written(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.FormattedValue) else node


def _method(call: ast.Call) -> str:
    return call.func.attr  # type: ignore[attr-defined]


def _parent(node: ast.AST) -> Any:
    return getattr(node, "parent", None)


def _function(node: ast.AST) -> ast.FunctionDef | None:
    above: Any = node
    while (above := _parent(above)) is not None:
        if isinstance(above, ast.FunctionDef):
            return above
    return None


def _ways_in(nodes: Iterable[ast.expr]) -> set[str]:
    ways: set[str] = set()
    for node in nodes:
        parent = _parent(node)
        is_asked = isinstance(parent, ast.Attribute) and parent.attr in _NO_MATCHING
        if not is_asked:
            # One that is handed on may be used in every way.
            ways |= _ways_at(node) or EVERY_WAY
    return ways


def _ways_at(node: ast.expr) -> set[str]:
    parent = _parent(node)
    if isinstance(parent, ast.Attribute) and parent.attr in WAYS:
        return {WAYS[parent.attr]}
    return set()


# --- inputs that make a pattern slow ---

# Of each set of characters, the first of these that is in it stands for it.
_USUAL = "a1 \nA.-_,;:<>\"'()[]{}/\\@=#!?%&*+~\tzé\x80\x00"
_BREAKERS = ("", "\x00", "!", "\n", "é")
_MOST_LETTERS = 14
_MOST_INPUTS = 1_200
_REPEATS = frozenset({codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT})
# A repeat that ends sooner is no repeat.
_LONG = 10


@dataclass(frozen=True)
class Attack:
    """``head``, then ``unit`` over and over, then ``end``."""

    head: str
    unit: str
    end: str

    def text(self, length: int, *, is_bytes: bool) -> Text:
        """An input of about that length."""
        count = max(length // max(len(self.unit), 1), 1)
        text = f"{self.head}{self.unit * count}{self.end}"
        return text.encode("latin-1", "replace") if is_bytes else text


class Anatomy:
    """The parts of a pattern from which inputs are made."""

    def __init__(self, pattern: Pattern) -> None:
        self._flags = pattern.flags
        self.is_bytes = isinstance(pattern.pattern, bytes)
        self.tree = parser.parse(pattern.pattern, pattern.flags)
        self._groups: dict[int, str] = {}
        self.letters: dict[str, None] = {}
        self._signs: dict[str, None] = {}
        self.heads: dict[str, None] = {"": None}
        self.units: dict[str, None] = {}
        self.tails: dict[str, None] = {}
        self.whole = self._walk(self.tree, "")

    def attacks(self) -> Iterator[Attack]:
        """Inputs, the most promising ones first."""
        letters = list(dict.fromkeys([*self._named, *self.letters]))[:_MOST_LETTERS]
        heads = list(self.heads)
        whole = [self.whole, self.whole[:-1]]
        units = list(dict.fromkeys([*self.units, *letters, " ", "a", "\n", *heads[1:], *whole]))
        units = [unit for unit in units if unit]
        pairs = [a + b for a, b in itertools.permutations(self._named[:8], 2)]
        ends = list(dict.fromkeys([*_BREAKERS[:2], *self.tails, *_BREAKERS[2:]]))[:8]
        made = itertools.chain(
            product(heads[:12], units[:24], ends), product(heads[:3], pairs, ends[:3])
        )
        for head, unit, end in itertools.islice(made, _MOST_INPUTS):
            yield Attack(head, unit, end)

    @property
    def _named(self) -> list[str]:
        """Signs that the pattern names, and one of each of its sets."""
        return list(self._signs)

    def _walk(self, nodes: Iterable[Any], head: str) -> str:
        """The shortest text of these parts; notes what can be repeated, and what stands before and
        behind it."""
        text, gap = "", ""
        for operator, about in nodes:
            here = self._part(operator, about, head + text)
            text += here
            gap += here
            if operator in _REPEATS:
                self.units.setdefault(gap)
                gap = ""
        if text:
            self.tails.setdefault(text[-3:])
        return text

    def _part(self, operator: Any, about: Any, head: str) -> str:
        match operator:
            case codes.LITERAL | codes.NOT_LITERAL | codes.IN | codes.ANY | codes.CATEGORY:
                return self._letter(operator, about)
            case codes.BRANCH:
                first, *_others = [self._walk(one, head) for one in about[1]]
                return first
            case codes.SUBPATTERN:
                text = self._walk(about[3], head)
                self._groups[about[0]] = text
                return text
            case codes.ATOMIC_GROUP:
                return self._walk(about, head)
            case operator if operator in _REPEATS:
                least, most, body = about
                return self._repeat(least, most, body, head)
            case codes.ASSERT | codes.ASSERT_NOT:
                self._walk(about[1], head)
            case codes.GROUPREF:
                return self._groups.get(about, "")
        return ""

    def _repeat(self, least: int, most: int, body: Iterable[Any], head: str) -> str:
        if most >= _LONG:
            self.heads.setdefault(head)
        text = self._walk(body, head)
        if most >= _LONG and text:
            self.units.setdefault(text)
            for operator, about in body:
                for one in self._alternatives(operator, about):
                    self.units.setdefault(one)
        return text * least

    def _alternatives(self, operator: Any, about: Any) -> Iterator[str]:
        if operator is codes.SUBPATTERN:
            for one in about[3]:
                yield from self._alternatives(*one)
        elif operator is codes.BRANCH:
            yield from (text for one in about[1] if (text := self._walk(one, "")))
        elif operator is codes.IN:
            yield from self._members(operator, about)[:5]

    def _letter(self, operator: Any, about: Any) -> str:
        members = self._members(operator, about)
        for one in members[:3]:
            self.letters.setdefault(one)
        if members and (operator is not codes.LITERAL or not members[0].isalnum()):
            self._signs.setdefault(members[0])
        return members[0] if members else "a"

    def _members(self, operator: Any, about: Any) -> list[str]:
        """Some characters of a set: usual ones, and those that the pattern names."""
        if operator is codes.LITERAL:
            return [chr(about)]
        state = parser.State()
        state.flags, state.str = self._flags, self.tree.state.str
        one = compiler.compile(parser.SubPattern(state, [(operator, about)]), self._flags)
        named = [chr(about[1][0])] if operator is codes.RANGE else []
        if operator is codes.IN:
            named = [
                chr(what if kind is codes.LITERAL else what[0])
                for kind, what in about
                if kind in (codes.LITERAL, codes.RANGE)
            ]
        candidates = dict.fromkeys([*_USUAL, *named])
        return [char for char in candidates if self._is_one(one, char)]

    def _is_one(self, pattern: Pattern, char: str) -> bool:
        try:
            return bool(pattern.fullmatch(char.encode("latin-1") if self.is_bytes else char))
        except UnicodeEncodeError:
            return False


def repeats_a_group_possessively(pattern: Pattern) -> bool:
    """Whether more than a single character is repeated so."""
    return _has_possessive_group(parser.parse(pattern.pattern, pattern.flags))


_OF_ONE = frozenset({codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY, codes.CATEGORY})


def _has_possessive_group(about: Any) -> bool:
    if isinstance(about, parser.SubPattern):
        return any(
            _has_possessive_group(inner)
            or (operator is codes.POSSESSIVE_REPEAT and {one for one, _ in inner[2]} - _OF_ONE)
            or (operator is codes.POSSESSIVE_REPEAT and len(inner[2]) > 1)
            for operator, inner in about
        )
    return isinstance(about, list | tuple) and any(map(_has_possessive_group, about))


# --- the time that it takes ---

LENGTH = 2_048
# Seconds of the processor. A linear pattern reads LENGTH in a small part of the first.
_SUSPICIOUS = 0.000_2
_MEASURABLE = 0.005
_ENOUGH = 0.05
_LONGEST = 0.5
_SIZES = (128, 512, 2_048, 8_192, 32_768, 131_072)
# Of four times the length. Between two sizes that are looked at first, and in the end.
_PLAIN_GROWTH = 5.0
MOST_GROWTH = 8.0
_PATIENCE = 3.0


class Endless(Exception):
    """It takes longer than anything linear."""


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raises Endless after so many seconds of the processor, also out of a search that runs."""

    def stop(*_about: object) -> None:
        raise Endless

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@dataclass(frozen=True)
class Slow:
    """How much longer an input of four times the length takes."""

    way: str
    attack: Attack
    growth: float


def slow_input(pattern: Pattern, ways: Iterable[str]) -> Slow | None:
    """An input for which the time grows faster than the length; None where none is found."""
    anatomy = Anatomy(pattern)
    # The worst so far; what takes hardly longer than it grows no faster.
    worst = _SUSPICIOUS
    begun = time.thread_time()
    for attack in anatomy.attacks():
        text = attack.text(LENGTH, is_bytes=anatomy.is_bytes)
        for way in ways:
            taken = _seconds(pattern, way, text, _LONGEST)
            if taken > worst * 1.5:
                worst = taken
                growth = _growth(pattern, way, attack, is_bytes=anatomy.is_bytes)
                if growth > MOST_GROWTH:
                    return Slow(way, attack, growth)
        if time.thread_time() - begun > _PATIENCE:
            break
    return None


def _growth(pattern: Pattern, way: str, attack: Attack, *, is_bytes: bool) -> float:
    """The lesser one of the last two steps: a single one may be memory that is asked for."""
    times: list[float] = []
    steps = [0.0]
    for size in _SIZES:
        times.append(_fastest(pattern, way, attack.text(size, is_bytes=is_bytes)))
        if times[-1] > _LONGEST:
            return float("inf")
        steps += [longer / shorter for shorter, longer in pairwise(times[-2:])]
        is_measured = times[-1] > _MEASURABLE and len(times) > 1
        if is_measured and (steps[-1] < _PLAIN_GROWTH or times[-1] > _ENOUGH):
            break
    return min(steps[1:][-2:]) if is_measured else 0.0


def _fastest(pattern: Pattern, way: str, text: Text) -> float:
    """Of some runs, or the first where that is enough to know."""
    taken = _seconds(pattern, way, text, _LONGEST)
    if taken > _ENOUGH:
        return taken
    return min(taken, *(_seconds(pattern, way, text, _LONGEST) for _ in range(2)))


def _seconds(pattern: Pattern, way: str, text: Text, most: float) -> float:
    """The same, infinite where it is more than ``most``."""
    try:
        with _at_most(most):
            return seconds(pattern, way, text)
    except Endless:
        return float("inf")


def seconds(pattern: Pattern, way: str, text: Text) -> float:
    """What one use of the pattern takes of the processor."""
    begun = time.thread_time()
    if way == "finditer":
        for _hit in pattern.finditer(text):
            pass
    else:
        getattr(pattern, way)(text)
    return time.thread_time() - begun
