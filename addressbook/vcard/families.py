"""Guardians and pupils in cards: RELATED (RFC 6350 section 6.6.6).

The types of the RFC say less than an address book knows. The rest is in parameters of this product,
from which it reads its own cards again.
"""

from __future__ import annotations

from dataclasses import dataclass

from addressbook.vcard.cards import Card
from addressbook.vcard.escaping import escape, to_caret

_MARK = "X-WEBMAIL-"
_POSITION, _MAIL, _LEGAL = f"{_MARK}POSITION", f"{_MARK}MAIL", f"{_MARK}LEGAL"
_RELATION, _PUPIL = f"{_MARK}RELATION", f"{_MARK}PUPIL"
CLASS = f"{_MARK}CLASS"
"""The property for the school year, on the card of a class."""
AUDIENCE = f"{_MARK}AUDIENCE"
"""The parameter for the audience of a member that is a class."""
_TYPES = {"mother": "parent", "father": "parent", "grandparent": "kin", "sibling": "sibling"}
# In RFC 6350, a person who may act on behalf of the card's person.
_OTHER = "agent"


@dataclass(frozen=True, slots=True)
class Tie:
    """A guardian of a card's person, by the UID of the guardian's card."""

    uid: str
    relation: str = ""
    receives_mail: bool = True
    is_legal: bool = True
    position: int = 0


def guardian_line(tie: Tie) -> str:
    """Return the line for a guardian on the card of a pupil."""
    kind = _TYPES.get(tie.relation, _OTHER)
    relation = f';{_RELATION}="{to_caret(tie.relation)}"' if tie.relation else ""
    return (
        f"RELATED;TYPE={kind};{_POSITION}={tie.position};{_MAIL}={int(tie.receives_mail)}"
        f";{_LEGAL}={int(tie.is_legal)}{relation}:{escape(_uri(tie.uid))}"
    )


def pupil_line(uid: str) -> str:
    """Return the line for a pupil on the card of a guardian."""
    return f"RELATED;TYPE=child;{_PUPIL}=1:{escape(_uri(uid))}"


def _uri(uid: str) -> str:
    return uid if uid.startswith("urn:") else f"urn:uuid:{uid}"


def is_own_line(line: str) -> bool:
    """Return whether a line of a card was written by this module."""
    return line.startswith("RELATED;") and _MARK in line.partition(":")[0]


def ties(card: Card) -> tuple[Tie, ...]:
    """Return the guardians that a card of this product names."""
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
