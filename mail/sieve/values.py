"""The content of a user's script as values: rules, commands that are no such rule, and
the absence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

ALL, ANY = "all", "any"

# The subjects of a condition. FROM and TO (with Cc) compare names and addresses; HEADER has a name.
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
# The comparisons for each subject.
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
"""The actions in the order in which they must be written: marks apply to copies filed after them.
FORWARD also keeps the message here, REDIRECT does not.
"""

MOST_RULES: Final = 500
_HEADER_NAME: Final = re.compile(r"[!-9;-~]{1,76}")
_LINE_END: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Condition:
    """A condition. ``negated`` inverts it. ``value`` is a text; for SIZE bytes in decimal digits,
    for DATE an ISO day, for EXISTS empty. ``header`` is the header's name in lower case, if one is
    compared.
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
class ConditionGroup:
    """Conditions of which ``match`` (ALL or ANY) must hold."""

    match: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class RuleAction:
    """An action. ``value`` is the folder, the keyword or the address; empty for READ and FLAG.
    ``mailbox_id`` is the server's identifier of the folder (RFC 9042), where its name alone may be
    misread.
    """

    kind: str
    value: str = ""
    mailbox_id: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.kind not in ACTIONS or (self.kind in {READ, FLAG}) == bool(self.value):
            raise ValueError("This is no action.")


@dataclass(frozen=True)
class Rule:
    """One rule: its actions apply to messages for which ``match`` of the groups hold, to all if
    there are no groups. ``stop`` keeps later rules from the message. ``comments`` are other lines
    of the script before it, unchanged.
    """

    name: str
    groups: tuple[ConditionGroup, ...] = ()
    actions: tuple[RuleAction, ...] = ()
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
class RawPiece:
    """A piece of a script that cannot be shown as a rule, unchanged. ``name`` is the one in its
    comments; ``answers`` says that it sends answers of absence.
    """

    text: str
    name: str = ""
    answers: bool = False


@dataclass(frozen=True)
class Absence:
    """Automatic answers during an absence, from ``first`` to ``last`` inclusive. These are days in
    ``zone_first`` and ``zone_last``, offsets such as +0200, or "" for the mail server's own zone.

    ``days`` is the time between two answers to one sender. ``addresses`` are the user's own besides
    the login's. ``domains`` are those of senders who get ``text``; others get ``other_text``, or
    nothing if it is empty. Without domains, all get ``text``.
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


Item = Rule | RawPiece


@dataclass(frozen=True)
class Script:
    """A user's script. ``included`` is another script of the user that runs before the rules, ""
    for none. ``adverts`` is the part that files adverts, unchanged. ``requires`` are the extensions
    of those ``items`` that the webmail did not write.
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
        """Whether a piece that is kept unchanged sends answers of absence."""
        return any(isinstance(item, RawPiece) and item.answers for item in self.items)
