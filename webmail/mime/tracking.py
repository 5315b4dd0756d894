"""Images that nobody is meant to see: loading them would only tell the sender that the message is
read, when and where.

Three signs: nothing of the image is shown, on any screen; it is a dot; its address is one that
services for counting readers use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count, islice

from lxml import etree

from webmail.mime import css

# --- what a style says ---

_LOOK = re.compile(
    r"(?:^|;)(display|visibility|opacity|overflow(?:-[xy])?|(?:max-)?(?:width|height)):"
    r"([^;!]*?)( !important)?(?=;|$)",
)
_SIZE = re.compile(r"\s*+(\d{1,5})(?:\.\d*+)?\s*+(?:(px|pt)\s*+)?", re.IGNORECASE)
_NOTHING = re.compile(r"\s*0+(?:\.0+)?(?:%|[a-z]{1,3})?\s*", re.IGNORECASE)
_UNKNOWN = 10_000
_OF_SIZE = frozenset({"width", "height", "max-width", "max-height"})
# Pixels in both directions. A line of one pixel may be there to be seen, or to hold a place.
_TINY = 3
_OPAQUE = 0.05


def pixels(value: str) -> int:
    """A size as mail writes it; ``100%`` may be anything but nothing."""
    match = _SIZE.fullmatch(value)
    if match:
        return int(match[1])
    return 0 if _NOTHING.fullmatch(value) else _UNKNOWN


# Property, value and whether it is important.
_Declared = tuple[tuple[str, str, bool], ...]


def _declared(style: str) -> _Declared:
    """Return what filtered declarations say of being seen."""
    return tuple(
        (name, value.strip().lower(), bool(important))
        for name, value, important in _LOOK.findall(style)
    )


def _given(element: etree._Element) -> dict[str, str]:
    """Return what an element's attributes say of it, as declarations."""
    declarations = {axis: str(element.get(axis, "")) for axis in ("width", "height")}
    declarations = {axis: size for axis, size in declarations.items() if size.strip()}
    return declarations if element.get("hidden") is None else declarations | {"display": "none"}


@dataclass
class _Values:
    """The declarations that hold of an element: for each property the value that wins, and any
    other that it may have on another screen or under the pointer."""

    values: dict[str, str] = field(default_factory=dict)
    others: dict[str, set[str]] = field(default_factory=dict)

    def all(self, name: str) -> set[str]:
        return {self.values[name], *self.others.get(name, ())} if name in self.values else set()

    def size(self, axis: str) -> int | None:
        """Width or height in pixels, the largest that it may have; None when none is given."""
        declared = (self.all(axis), self.all(f"max-{axis}"))
        return min((max(map(pixels, values)) for values in declared if values), default=None)

    def is_hidden(self) -> bool:
        return any(all(_hides(name, value) for value in self.all(name)) for name in self.values)

    def cuts(self) -> bool:
        return any(
            self.all(name) <= {"hidden", "clip"}
            for name in self.values
            if name.startswith("overflow")
        )

    def look(self) -> Look:
        sizes = [size for size in (self.size("width"), self.size("height")) if size is not None]
        is_hidden = self.is_hidden()
        is_tiny = bool(sizes) and (
            min(sizes) == 0 or max(sizes) <= (_TINY if len(sizes) == 2 else 1)
        )
        return Look(
            is_hidden=is_hidden,
            is_closed=is_hidden or (bool(sizes) and min(sizes) <= 1 and self.cuts()),
            is_tiny=is_tiny,
            is_dot=len(sizes) == 2 and max(sizes) <= _TINY,
            is_sized=bool(sizes),
        )


@dataclass(frozen=True, slots=True)
class Look:
    """The way an element is seen: not at all (``is_hidden``), with nothing of what is in it
    (``is_closed``), as a dot (``is_dot``), as a dot at most (``is_tiny``: also nothing in one
    direction, or one pixel where only that is given). ``is_sized``: a size is given at all."""

    is_hidden: bool
    is_closed: bool
    is_tiny: bool
    is_dot: bool
    is_sized: bool


def _hides(name: str, value: str) -> bool:
    if name == "display":
        return value == "none"
    if name == "visibility":
        return value in ("hidden", "collapse")
    if name == "opacity":
        number = re.fullmatch(r"\d+(?:\.\d+)?|\.\d+", value)
        return bool(number) and float(value) <= _OPAQUE
    return False


def are_unseen(declarations: str) -> bool:
    """Whether what has these declarations (``css.declarations``) shows no background."""
    look = _Values({name: value for name, value, _ in _declared(declarations)}).look()
    # Nothing in one direction may be a box that its padding opens.
    return look.is_hidden or look.is_dot


# --- what a style sheet says of an element ---

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
    declared: _Declared
    is_sure: bool

    @property
    def may_hide(self) -> bool:
        return self.is_sure and any(name not in _OF_SIZE for name, _, _ in self.declared)

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
            if _LOOK.search(text):
                yield selectors, text, queries[-1]
            selectors = ""


def _rules(blocks: Iterable[_Block]) -> Iterator[_Rule]:
    for selectors, text, is_sure in blocks:
        declared = _declared(text)
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
        self._looks: dict[tuple[str, ...], tuple[Look, Look | None]] = {}
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

    def look(self, element: etree._Element) -> Look:
        """The attributes of an element, its style and its classes taken together."""
        key = (str(element.tag), *(element.get(name, "?") for name in _OF_LOOK))
        alone, whole = self._looks.get(key) or (_alone(element), None)
        if whole is None:
            whole = self._with_rules(element, alone)
            is_lasting = whole is alone or not self._of(element).have_inside
            self._looks[key] = alone, whole if is_lasting else None
        return whole

    def _with_rules(self, element: etree._Element, alone: Look) -> Look:
        if alone.is_tiny or (alone.is_hidden and not _is_named(element)):
            return alone
        # Without a rule that makes things small, rules only show what is hidden by itself.
        is_unsure = alone.is_hidden or alone.is_closed or self._makes_small
        return self._look(element, alone) if is_unsure else alone

    def is_sized(self, element: etree._Element) -> bool:
        """Whether anything says how large an element is."""
        return self._look(element, _alone(element)).is_sized

    def _look(self, element: etree._Element, alone: Look) -> Look:
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


def _own(element: etree._Element) -> _Declared:
    return _declared(css.declarations(element.get("style", "")))


def _alone(element: etree._Element) -> Look:
    """Return the look that an element's own declarations give it."""
    own = {name: value for name, value, _ in _own(element)}
    return _Values(_given(element) | own).look()


def _cascade(rules: list[_Rule], element: etree._Element) -> _Values:
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
    winning = _Values(_given(element))
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


# --- addresses ---

# Services that count who opens mail: their hosts, where these do nothing else, and the paths of
# their images, which are on their customers' hosts as well.
_HOSTS = frozenset(
    """
    bl-1.com contactmonkey.com didtheyreadit.com emltrk.com getnotify.com google-analytics.com
    mailfoogae.appspot.com mailstat.us mailtrack.io mltrk.io mixmax.com pixel.app.returnpath.net
    readnotify.com r.superhuman.com t.signaux.com t.yesware.com tr.cloudmagic.com
    track.hubspot.com track.customer.io tracking.cirrusinsight.com whoreadme.com
    """.split()
)
_PATHS = re.compile(
    r"""
    /track/open\.php\?                  # Mailchimp, Mandrill
    | /(?:mpss/|ss/|wf/)o(?:pen)?[/?]   # SendGrid
    | /tr/op/                           # Brevo
    | /oo/[\w-]+/                       # Mailjet
    | /e[23]t/o/ | /__pt[qc]\.gif       # HubSpot
    | /open\.(?:aspx|php|ashx|jsp|cgi)\? | /on\.jsp\?  # Salesforce, Constant Contact
    | /I0/[\w-]+/                       # Amazon SES
    | /open/log/                        # Acoustic
    | /lt\.php\?(?:[^\#&?]*+&)*l=open  # ActiveCampaign
    | /(?:piwik|matomo)\.php\?
    | /ddm/(?:ad|trackimp)/             # Campaign Manager
    | ^www\.facebook\.com/tr[/?]
    | ^pstmrk\.it/open | /e/o/[\w=-]{20,}
    """,
    re.VERBOSE,
)
# What such images are called elsewhere. Less sure: to be asked of what has no size and no words.
_CALLED = re.compile(
    r"""
    /(?:e?mail[-_]?)?(?:open(?:s|ed)?|track(?:er|ing)?|track[-_]?open|open[-_]?track(?:er|ing)?
        |pixels?|beacons?|impressions?|read[-_]?receipt|webbug)
    (?:\.(?:gif|png|aspx|ashx|php|cgi|jsp))?
    (?:/(?=[\w=~-]*\d)[\w=~-]{12,}(?:/|\.gif)?)?(?:\?|$)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_host(name: str) -> bool:
    """Whether a host does nothing but count readers."""
    labels = name.lower().rstrip(".").split(".")
    return any(".".join(labels[start:]) in _HOSTS for start in range(len(labels) - 1))


def is_known(address: str) -> bool:
    """Whether an absolute address is that of a service's tracking image, whatever its size."""
    place = _place(address)
    return is_host(re.split("[/?]", place, maxsplit=1)[0]) or bool(_PATHS.search(place))


def is_suspect(address: str) -> bool:
    """Whether an address is called like a tracking image."""
    return bool(_CALLED.search(_place(address)))


_PLACE = re.compile(r"https?://(?:[^/?#@]*@)?([^/?#:]*)[^/?#]*([^#]*)", re.IGNORECASE)


def _place(address: str) -> str:
    """Host, path and query: ``x.fr/a?b``; ``""`` if there is no host in it."""
    match = _PLACE.match(address)
    return match[1].lower() + match[2] if match else ""
