"""The content of a user's script as values: rules, commands that are no such rule, the absence."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

ALL, ANY = "all", "any"

# What a condition looks at. FROM and TO (with Cc) know names and addresses; HEADER has its name.
FROM, TO, SUBJECT, HEADER, LIST = "from", "to", "subject", "header", "list"
SIZE, BODY, DATE, ATTACHMENT = "size", "body", "date", "attachment"
HEADER_FIELDS: Final = {
    FROM: ("from",),
    TO: ("to", "cc"),
    SUBJECT: ("subject",),
    LIST: ("list-id",),
}

CONTAINS, IS, MATCHES, ADDRESS, EXISTS = "contains", "is", "matches", "address", "exists"
OVER, UNDER, SINCE, UNTIL = "over", "under", "since", "until"
# Which comparisons go with what is looked at.
COMPARISONS: Final[dict[str, tuple[str, ...]]] = {
    FROM: (CONTAINS, IS, ADDRESS, MATCHES),
    TO: (CONTAINS, IS, ADDRESS, MATCHES),
    SUBJECT: (CONTAINS, IS, MATCHES),
    HEADER: (CONTAINS, IS, MATCHES, EXISTS),
    LIST: (CONTAINS, IS, EXISTS),
    SIZE: (OVER, UNDER),
    BODY: (CONTAINS,),
    DATE: (SINCE, UNTIL, IS),
    ATTACHMENT: (EXISTS,),
}

MOVE, COPY, TAG, READ, FLAG = "move", "copy", "tag", "read", "flag"
FORWARD, REDIRECT = "forward", "redirect"
ACTIONS: Final = (READ, FLAG, TAG, COPY, MOVE, FORWARD, REDIRECT)
"""In the order in which they must be written: marks go with the copies that are filed after them.
FORWARD keeps the message here as well, REDIRECT does not."""

MOST_RULES: Final = 500
_HEADER_NAME: Final = re.compile(r"[!-9;-~]{1,76}")
_LINE_END: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Condition:
    """``negated``: the contrary. ``value``: text, for SIZE bytes in decimal digits, for DATE an ISO
    day, nothing for EXISTS. ``header``: its name in lower case, where one is looked at.
    """

    field: str
    comparison: str
    value: str = ""
    negated: bool = False
    header: str = ""

    def __post_init__(self) -> None:
        if self.comparison not in COMPARISONS.get(self.field, ()):
            raise ValueError(f"{self.field} can't be compared so: {self.comparison}")
        if (self.field == HEADER) != bool(self.header):
            raise ValueError("A header's name goes with a header.")
        if self.header and not _HEADER_NAME.fullmatch(self.header):
            raise ValueError("This is no name of a header.")
        if self.field == SIZE and not re.fullmatch("[0-9]{1,12}", self.value):
            raise ValueError("A size is a number.")
        if self.field == DATE:
            date.fromisoformat(self.value)
        if self.comparison == EXISTS and self.value:
            raise ValueError("Nothing is compared.")


@dataclass(frozen=True)
class Group:
    """Conditions of which ``match`` (ALL or ANY) must hold."""

    match: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Action:
    """``value``: the folder, the keyword, the address; nothing for READ and FLAG."""

    kind: str
    value: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ACTIONS or (self.kind in {READ, FLAG}) == bool(self.value):
            raise ValueError("This is no action.")


@dataclass(frozen=True)
class Rule:
    """One rule: what is done to messages for which ``match`` of the groups hold; to all where there
    are none. ``stop``: no later rule sees the message. ``comments``: other lines of the script that
    stand before it, as they are written.
    """

    name: str
    groups: tuple[Group, ...] = ()
    actions: tuple[Action, ...] = ()
    match: str = ALL
    enabled: bool = True
    stop: bool = False
    comments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if _LINE_END.search(self.name):
            raise ValueError("A name is one line.")

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return tuple(condition for group in self.groups for condition in group.conditions)


@dataclass(frozen=True)
class Raw:
    """A piece of a script that can't be shown as a rule, word for word. ``name``: that it calls
    itself; ``answers``: it sends answers of absence.
    """

    text: str
    name: str = ""
    answers: bool = False


@dataclass(frozen=True)
class Absence:
    """Answers while somebody is away, from ``first`` to ``last`` with both, in days of
    ``zone_first`` and ``zone_last``, offsets such as +0200. ``days`` between two answers to one
    sender. ``addresses``: own ones besides the login's. ``domains``: of those who get ``text``;
    others get ``other_text``, nothing where that is empty. Without domains everybody gets ``text``.
    """

    text: str
    first: date
    last: date
    enabled: bool = True
    subject: str = ""
    days: int = 7
    addresses: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    other_text: str = ""
    zone_first: str = "+0000"
    zone_last: str = "+0000"

    def is_on(self, today: date) -> bool:
        return self.enabled and self.first <= today <= self.last

    def is_coming(self, today: date) -> bool:
        return self.enabled and today < self.first


Item = Rule | Raw


@dataclass(frozen=True)
class Script:
    """A person's script. ``included``: another script of his that runs before the rules, "" for
    none; ``adverts``: the part that puts adverts aside, as it is written; ``requires``: what the
    pieces in ``items`` need that were not written here.
    """

    items: tuple[Item, ...] = ()
    absence: Absence | None = None
    included: str = ""
    adverts: str = ""
    requires: frozenset[str] = field(default_factory=frozenset)

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(item for item in self.items if isinstance(item, Rule))

    @property
    def answers_elsewhere(self) -> bool:
        """Whether a piece that is kept as it is sends answers of absence of its own."""
        return any(isinstance(item, Raw) and item.answers for item in self.items)
