"""Guardians and pupils in cards: RELATED of RFC 6350, section 6.6.6.

The types of the RFC say less than an address book knows; what it knows besides stands in parameters
of this product's, by which it takes its own cards back.
"""

from __future__ import annotations

from dataclasses import dataclass

from addressbook.vcard.cards import Card
from addressbook.vcard.escaping import escape, to_caret

_MARK = "X-WEBMAIL-"
_POSITION, _MAIL, _LEGAL = f"{_MARK}POSITION", f"{_MARK}MAIL", f"{_MARK}LEGAL"
_RELATION, _PUPIL = f"{_MARK}RELATION", f"{_MARK}PUPIL"
CLASS = f"{_MARK}CLASS"
"""Property of a group's card: the school year of a class."""
AUDIENCE = f"{_MARK}AUDIENCE"
"""Parameter of a member that is a class: the part of its people."""
_TYPES = {"mother": "parent", "father": "parent", "grandparent": "kin", "sibling": "sibling"}
# Of RFC 6350: who may act on behalf of the person.
_OTHER = "agent"


@dataclass(frozen=True, slots=True)
class Tie:
    """A guardian of the person of a card, by the UID of the guardian's card."""

    uid: str
    relation: str = ""
    receives_mail: bool = True
    is_legal: bool = True
    position: int = 0


def guardian_line(tie: Tie) -> str:
    """The line of a guardian on the card of a pupil."""
    kind = _TYPES.get(tie.relation, _OTHER)
    relation = f';{_RELATION}="{to_caret(tie.relation)}"' if tie.relation else ""
    return (
        f"RELATED;TYPE={kind};{_POSITION}={tie.position};{_MAIL}={int(tie.receives_mail)}"
        f";{_LEGAL}={int(tie.is_legal)}{relation}:{escape(_uri(tie.uid))}"
    )


def pupil_line(uid: str) -> str:
    """The line of a pupil on the card of a guardian."""
    return f"RELATED;TYPE=child;{_PUPIL}=1:{escape(_uri(uid))}"


def _uri(uid: str) -> str:
    return uid if uid.startswith("urn:") else f"urn:uuid:{uid}"


def is_own_line(line: str) -> bool:
    """Whether a line of a card is one of these."""
    return line.startswith("RELATED;") and _MARK in line.partition(":")[0]


def ties(card: Card) -> tuple[Tie, ...]:
    """The guardians that a card of this product names."""
    guardians = []
    for line in card.all("RELATED"):
        parameters = {name: ",".join(values) for name, values in line.parameters.items() if values}
        if _POSITION in parameters:
            place = parameters[_POSITION]
            guardians.append(
                Tie(
                    card.text(line),
                    parameters.get(_RELATION, "")[:60],
                    parameters.get(_MAIL) != "0",
                    parameters.get(_LEGAL) != "0",
                    int(place) if place.isascii() and place.isdigit() and len(place) < 3 else 0,
                )
            )
    return tuple(guardians)
