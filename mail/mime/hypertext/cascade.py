"""Applies the style sheet of a message to its elements, to find out which of them are visible.

1. `_blocks` takes the rules of the filtered sheet that concern visibility.
2. `_rules` makes one `_Rule` of each of their selectors. A rule is sure if it applies on every
   screen and at any time; a selector that is only partly understood gives an unsure rule.
3. `MessageSheet` finds the rules that match an element. It caches them, and counts comparisons:
   beyond a budget, an element is judged by its own attributes and style alone.
4. `_cascade` lets attributes, sure rules and the element's own style override one another. Values
   of unsure rules are kept beside them, since the element may have them on another screen.
5. The result is an `EffectiveStyle`, and its `Visibility` is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice

from lxml import etree

from mail.mime.hypertext import css, visibility
from mail.mime.hypertext.visibility import EffectiveStyle, Visibility

_PIECE = re.compile(r"(?<![^{}])([^{}]*+)([{}])")
_ALWAYS = re.compile(r"@media (?:only )?(?:all|screen)")
_COMPOUND = re.compile(r"(\*|[a-z][a-z0-9]*)?((?:[.#][\w-]+)*)", re.IGNORECASE)
_NAME = re.compile(r"[.#][\w-]+")
# Elements around the tree, which holds only the content of the body.
_ABOVE = frozenset({"html", "body"})
_VAGUE = re.compile(r"\[[^\]]*+(?:\]|\Z)|::?[\w-]++(?:\([^)]*+(?:\)|\Z))?")
_MOST_RULES = 500
# Comparisons, which take some 0.3 s. Newsletters need a hundredth.
_MOST_WORK = 500_000
# The weight of a style attribute: more than any selector.
_INLINE = (1_000_000, 0)


@dataclass(frozen=True, slots=True)
class _Compound:
    tag: str
    names: list[str]


@dataclass(frozen=True, slots=True)
class _Rule:
    """One selector with its declarations: the element, and its ancestors, nearest first.

    ``is_sure`` says that it applies on every screen and at any time.
    """

    element: _Compound
    ancestors: tuple[_Compound, ...]
    declared: visibility.Declared
    is_sure: bool

    @property
    def may_hide(self) -> bool:
        return self.is_sure and any(name not in visibility.SIZES for name, _, _ in self.declared)

    @property
    def weight(self) -> tuple[int, int]:
        """The specificity: names, then tags. An id counts as a class: ids are rare in mail."""
        compounds = (self.element, *self.ancestors)
        return (
            sum(len(compound.names) for compound in compounds),
            sum(compound.tag not in ("", "*") for compound in compounds),
        )


# Declarations that can make an element small or invisible.
_SMALL = re.compile(
    r"display:none|visibility:[hc]|opacity:"
    r"|(?:width|height):0*(?:[0-3](?:\.\d+)?|\.\d+)(?:px|pt|%|r?em|ex)?(?![\w.%])",
    re.IGNORECASE,
)
# Selectors, declarations, and whether they apply on every screen.
_Block = tuple[str, str, bool]


def _blocks(style: str) -> Iterator[_Block]:
    """Yield the rules of a filtered sheet (``css.sheet``) that concern visibility."""
    selectors, queries = "", [True]
    for text, bracket in _PIECE.findall(style):
        if bracket == "{" and text.lstrip().startswith("@media"):
            queries.append(queries[-1] and bool(_ALWAYS.fullmatch(text.strip())))
        elif bracket == "{":
            selectors = text.strip()
        elif not selectors:
            queries.pop()
        else:
            if visibility.PROPERTIES.search(text):
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
                ancestors = [compound for compound in compounds[1:] if compound.tag not in _ABOVE]
                yield _Rule(
                    compounds[0],
                    () if is_vague else tuple(ancestors),
                    declared,
                    is_sure and not is_vague,
                )


@dataclass(frozen=True, slots=True)
class _Matching:
    """The rules whose last compound matches an element, and whether one of them may hide it."""

    rules: tuple[_Rule, ...] = ()
    may_hide: bool = False
    # Whether the position of the element in the tree makes a difference.
    depend_on_ancestors: bool = False


_NO_RULES = _Matching()


class MessageSheet:
    """The filtered style sheet of a message, for elements of the tree before it is rewritten."""

    def __init__(self, style: str) -> None:
        self._blocks = list(islice(_blocks(style), _MOST_RULES))
        self._makes_small = any(
            is_sure and _SMALL.search(text) for _, text, is_sure in self._blocks
        )
        self._matching: dict[tuple[str, str, str], _Matching] = {}
        self._names: dict[tuple[str, str], frozenset[str]] = {}
        self._by_attributes: dict[tuple[str, ...], tuple[Visibility, Visibility | None]] = {}
        self._work = 0

    @cached_property
    def _rules(self) -> list[_Rule]:
        return list(islice(_rules(self._blocks), _MOST_RULES))

    def unseen(self, root: etree._Element) -> set[etree._Element]:
        """Return the elements that are invisible, with all elements in them."""
        hidden: set[etree._Element] = set()
        known: dict[str, bool] = {}
        for element in root.iter():
            style = "none" if element.get("hidden") is not None else element.get("style", "")
            may_hide = known.get(style)
            if may_hide is None:
                may_hide = known[style] = bool(_TRACES.search(style))
            if not may_hide and self._makes_small:
                may_hide = self._rules_of(element).may_hide
            if may_hide and element not in hidden and self.visibility(element).hides_contents:
                hidden.update(element.iter())
        return hidden

    def visibility(self, element: etree._Element) -> Visibility:
        """Return the visibility of an element by its attributes, its style and the sheet."""
        key = (str(element.tag), *(element.get(name, "?") for name in _ATTRIBUTES))
        own, complete = self._by_attributes.get(key) or (_without_rules(element), None)
        if complete is None:
            complete = self._with_rules(element, own)
            is_lasting = complete is own or not self._rules_of(element).depend_on_ancestors
            self._by_attributes[key] = own, complete if is_lasting else None
        return complete

    def _with_rules(self, element: etree._Element, own: Visibility) -> Visibility:
        if own.is_tiny or (own.is_hidden and not _is_named(element)):
            return own
        # Without a rule that makes elements small, rules can only show a hidden element.
        is_unsure = own.is_hidden or own.hides_contents or self._makes_small
        return self._visibility(element, own) if is_unsure else own

    def is_sized(self, element: etree._Element) -> bool:
        """Return whether attributes, style or sheet give the element a size."""
        return self._visibility(element, _without_rules(element)).is_sized

    def _visibility(self, element: etree._Element, own: Visibility) -> Visibility:
        named = self._rules_of(element).rules
        if not named or self._is_over_budget(len(named)):
            return own
        rules = [rule for rule in named if self._is_inside(element, rule.ancestors)]
        return _cascade(rules, element).visibility() if rules else own

    def _rules_of(self, element: etree._Element) -> _Matching:
        key = (str(element.tag), element.get("class", ""), element.get("id", ""))
        named = self._matching.get(key)
        if named is None:
            named = self._matching[key] = self._find(element)
        return named

    def _find(self, element: etree._Element) -> _Matching:
        if not self._blocks or self._is_over_budget(len(self._rules)):
            return _NO_RULES
        rules = tuple(rule for rule in self._rules if self._is_matched(element, rule.element))
        return _Matching(
            rules, any(rule.may_hide for rule in rules), any(rule.ancestors for rule in rules)
        )

    def _is_inside(self, element: etree._Element, compounds: tuple[_Compound, ...]) -> bool:
        """Return whether the element has ancestors that match the compounds, nearest first."""
        ancestors = element.iterancestors()
        return all(
            any(self._is_matched(ancestor, compound) for ancestor in ancestors)
            for compound in compounds
        )

    def _is_matched(self, element: etree._Element, compound: _Compound) -> bool:
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

    def _is_over_budget(self, more: int) -> bool:
        """Count comparisons. Return whether there were too many: all later elements are then judged
        by their own style alone.
        """
        self._work += more
        return self._work > _MOST_WORK


_ATTRIBUTES = ("style", "class", "id", "width", "height", "hidden")
_TRACES = re.compile(r"none|hidden|collapse|opacity|clip", re.IGNORECASE)


def _is_named(element: etree._Element) -> bool:
    """Return whether a rule can be meant for this very element: ``img{width:100%}`` is meant for
    visible ones.
    """
    return element.get("class") is not None or element.get("id") is not None


def _own_style(element: etree._Element) -> visibility.Declared:
    return visibility.declared(css.declarations(element.get("style", "")))


def _without_rules(element: etree._Element) -> Visibility:
    """Return the visibility of an element by its own attributes and style."""
    own = {name: value for name, value, _ in _own_style(element)}
    return EffectiveStyle(visibility.declared_by_attributes(element) | own).visibility()


def _cascade(rules: list[_Rule], element: etree._Element) -> EffectiveStyle:
    """Return the declarations that win among attributes, rules and the element's own style."""
    order = count()
    declarations = [
        (important, rule.weight, next(order), name, value)
        for rule in rules
        if rule.is_sure
        for name, value, important in rule.declared
    ]
    declarations += [
        (important, _INLINE, next(order), name, value)
        for name, value, important in _own_style(element)
    ]
    winning = EffectiveStyle(visibility.declared_by_attributes(element))
    for *_, name, value in sorted(declarations):
        # "auto" means the size of the image itself, which the attribute tells.
        if value != "auto" or name not in winning.values:
            winning.values[name] = value
    for rule in rules:
        if not rule.is_sure:
            for name, value, _important in rule.declared:
                winning.others.setdefault(name, set()).add(value)
    return winning


def _names(classes: str, identifier: str) -> frozenset[str]:
    """Return classes and id in the form that selectors of the filtered sheet have."""
    names = {f".{css.own_class(class_name)}" for class_name in classes.split()}
    return frozenset(names | {f"#{css.PREFIX}{identifier}"})
