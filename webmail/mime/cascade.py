"""The style sheets of a message, applied to its elements to see which of them are visible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice

from lxml import etree

from webmail.mime import css, visibility

_PIECE = re.compile(r"(?<![^{}])([^{}]*+)([{}])")
_ALWAYS = re.compile(r"@media (?:only )?(?:all|screen)")
_COMPOUND = re.compile(r"(\*|[a-z][a-z0-9]*)?((?:[.#][\w-]+)*)", re.IGNORECASE)
_NAME = re.compile(r"[.#][\w-]+")
# What no element of the tree is, and all of them are in.
_ABOVE = frozenset({"html", "body"})
_VAGUE = re.compile(r"\[[^\]]*+(?:\]|\Z)|::?[\w-]++(?:\([^)]*+(?:\)|\Z))?")
_MOST_RULES = 500
# Comparisons: some 0.3 s. Newsletters need a hundredth.
_MOST_WORK = 500_000
# Weightier than any selector.
_INLINE = (1_000_000, 0)


@dataclass(frozen=True, slots=True)
class _Compound:
    tag: str
    names: list[str]


@dataclass(frozen=True, slots=True)
class _Rule:
    """One selector: the element itself, what it is in (nearest first), and its declarations.

    ``is_sure``: it holds on every screen and at any time.
    """

    itself: _Compound
    inside: tuple[_Compound, ...]
    declared: visibility.Declared
    is_sure: bool

    @property
    def may_hide(self) -> bool:
        return self.is_sure and any(name not in visibility.SIZES for name, _, _ in self.declared)

    @property
    def weight(self) -> tuple[int, int]:
        """The specificity: names, then tags (an id counts as a class: mail has hardly any)."""
        compounds = (self.itself, *self.inside)
        return (
            sum(len(compound.names) for compound in compounds),
            sum(compound.tag not in ("", "*") for compound in compounds),
        )


# Whether declarations can make anything small or unseen.
_SMALL = re.compile(
    r"display:none|visibility:[hc]|opacity:"
    r"|(?:width|height):0*(?:[0-3](?:\.\d+)?|\.\d+)(?:px|pt|%|r?em|ex)?(?![\w.%])",
    re.IGNORECASE,
)
# Selectors, declarations, and whether they hold on every screen.
_Block = tuple[str, str, bool]


def _blocks(style: str) -> Iterator[_Block]:
    """The rules of a filtered sheet (``css.sheet``) that say whether anything is seen."""
    selectors, queries = "", [True]
    for text, bracket in _PIECE.findall(style):
        if bracket == "{" and text.lstrip().startswith("@media"):
            queries.append(queries[-1] and bool(_ALWAYS.fullmatch(text.strip())))
        elif bracket == "{":
            selectors = text.strip()
        elif not selectors:
            queries.pop()
        else:
            if visibility.LOOK.search(text):
                yield selectors, text, queries[-1]
            selectors = ""


def _rules(blocks: Iterable[_Block]) -> Iterator[_Rule]:
    for selectors, text, is_sure in blocks:
        declared = visibility.declared(text)
        for selector in selectors.split(","):
            plain = _VAGUE.sub("", selector)
            pieces = [piece for piece in re.split(r"[\s>+~]+", plain) if piece]
            matches = list(filter(None, map(_COMPOUND.fullmatch, reversed(pieces))))
            is_vague = plain != selector or "+" in plain or "~" in plain
            is_vague = is_vague or len(matches) < len(pieces)
            compounds = [_Compound(match[1] or "", _NAME.findall(match[2])) for match in matches]
            if compounds and compounds[0].tag not in _ABOVE:
                inside = [compound for compound in compounds[1:] if compound.tag not in _ABOVE]
                yield _Rule(
                    compounds[0],
                    () if is_vague else tuple(inside),
                    declared,
                    is_sure and not is_vague,
                )


@dataclass(frozen=True, slots=True)
class _Named:
    """The rules whose last part an element has, and whether one may hide it."""

    rules: tuple[_Rule, ...] = ()
    may_hide: bool = False
    # Whether where the element stands makes a difference.
    have_inside: bool = False


_NONE = _Named()


class Sheet:
    """The statements of a message's filtered style sheet and its style attributes on its elements,
    as the tree has them before it is rewritten."""

    def __init__(self, style: str) -> None:
        self._blocks = list(islice(_blocks(style), _MOST_RULES))
        self._makes_small = any(
            is_sure and _SMALL.search(text) for _, text, is_sure in self._blocks
        )
        self._named: dict[tuple[str, str, str], _Named] = {}
        self._names: dict[tuple[str, str], frozenset[str]] = {}
        self._looks: dict[tuple[str, ...], tuple[visibility.Look, visibility.Look | None]] = {}
        self._work = 0

    @cached_property
    def _rules(self) -> list[_Rule]:
        return list(islice(_rules(self._blocks), _MOST_RULES))

    def unseen(self, root: etree._Element) -> set[etree._Element]:
        """The elements of which nothing is seen, with all that is in them."""
        hidden: set[etree._Element] = set()
        known: dict[str, bool] = {}
        for element in root.iter():
            style = "none" if element.get("hidden") is not None else element.get("style", "")
            may_hide = known.get(style)
            if may_hide is None:
                may_hide = known[style] = bool(_TRACES.search(style))
            if not may_hide and self._makes_small:
                may_hide = self._of(element).may_hide
            if may_hide and element not in hidden and self.look(element).is_closed:
                hidden.update(element.iter())
        return hidden

    def look(self, element: etree._Element) -> visibility.Look:
        """The attributes of an element, its style and its classes taken together."""
        key = (str(element.tag), *(element.get(name, "?") for name in _OF_LOOK))
        alone, whole = self._looks.get(key) or (_alone(element), None)
        if whole is None:
            whole = self._with_rules(element, alone)
            is_lasting = whole is alone or not self._of(element).have_inside
            self._looks[key] = alone, whole if is_lasting else None
        return whole

    def _with_rules(self, element: etree._Element, alone: visibility.Look) -> visibility.Look:
        if alone.is_tiny or (alone.is_hidden and not _is_named(element)):
            return alone
        # Without a rule that makes things small, rules only show what is hidden by itself.
        is_unsure = alone.is_hidden or alone.is_closed or self._makes_small
        return self._look(element, alone) if is_unsure else alone

    def is_sized(self, element: etree._Element) -> bool:
        """Whether anything says how large an element is."""
        return self._look(element, _alone(element)).is_sized

    def _look(self, element: etree._Element, alone: visibility.Look) -> visibility.Look:
        named = self._of(element).rules
        if not named or self._is_tired(len(named)):
            return alone
        rules = [rule for rule in named if self._is_inside(element, rule.inside)]
        return _cascade(rules, element).look() if rules else alone

    def _of(self, element: etree._Element) -> _Named:
        key = (str(element.tag), element.get("class", ""), element.get("id", ""))
        named = self._named.get(key)
        if named is None:
            named = self._named[key] = self._find(element)
        return named

    def _find(self, element: etree._Element) -> _Named:
        if not self._blocks or self._is_tired(len(self._rules)):
            return _NONE
        rules = tuple(rule for rule in self._rules if self._is(element, rule.itself))
        return _Named(
            rules, any(rule.may_hide for rule in rules), any(rule.inside for rule in rules)
        )

    def _is_inside(self, element: etree._Element, compounds: tuple[_Compound, ...]) -> bool:
        """Whether an element is somewhere in what the compounds name, one in the other."""
        ancestors = element.iterancestors()
        return all(
            any(self._is(ancestor, compound) for ancestor in ancestors) for compound in compounds
        )

    def _is(self, element: etree._Element, compound: _Compound) -> bool:
        self._work += 1
        if compound.tag and compound.tag not in ("*", element.tag):
            return False
        if not compound.names:
            return True
        key = (element.get("class", ""), element.get("id", ""))
        names = self._names.get(key)
        if names is None:
            names = self._names[key] = _names(*key)
        return all(name in names for name in compound.names)

    def _is_tired(self, more: int) -> bool:
        """Whether the sheet has cost enough: the rest of the elements is taken for what each says
        itself."""
        self._work += more
        return self._work > _MOST_WORK


_OF_LOOK = ("style", "class", "id", "width", "height", "hidden")
_TRACES = re.compile(r"none|hidden|collapse|opacity|clip", re.IGNORECASE)


def _is_named(element: etree._Element) -> bool:
    """Whether a rule can mean this element more than others of its kind: ``img{width:100%}`` is
    about those that are seen."""
    return element.get("class") is not None or element.get("id") is not None


def _own(element: etree._Element) -> visibility.Declared:
    return visibility.declared(css.declarations(element.get("style", "")))


def _alone(element: etree._Element) -> visibility.Look:
    """Return the look that an element's own declarations give it."""
    own = {name: value for name, value, _ in _own(element)}
    return visibility.Values(visibility.given(element) | own).look()


def _cascade(rules: list[_Rule], element: etree._Element) -> visibility.Values:
    """Return what wins of attributes, rules and an element's own style."""
    order = count()
    declarations = [
        (important, rule.weight, next(order), name, value)
        for rule in rules
        if rule.is_sure
        for name, value, important in rule.declared
    ]
    declarations += [
        (important, _INLINE, next(order), name, value) for name, value, important in _own(element)
    ]
    winning = visibility.Values(visibility.given(element))
    for *_, name, value in sorted(declarations):
        # "auto" is as large as the image itself, of which the attribute tells.
        if value != "auto" or name not in winning.values:
            winning.values[name] = value
    for rule in rules:
        if not rule.is_sure:
            for name, value, _important in rule.declared:
                winning.others.setdefault(name, set()).add(value)
    return winning


def _names(classes: str, identifier: str) -> frozenset[str]:
    """Classes and id as selectors of the filtered sheet have them."""
    names = {f".{css.own_class(class_name)}" for class_name in classes.split()}
    return frozenset(names | {f"#{css.PREFIX}{identifier}"})
