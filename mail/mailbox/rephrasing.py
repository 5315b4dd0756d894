"""Wider searches to try when a search finds nothing. Pure functions.

A query is written back as a line of text with one piece for each condition, so that it can be
shown, and repeated without one of the pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mail.folding import fold
from mail.mailbox.query import (
    BARE_STATES,
    And,
    HasSize,
    HasState,
    Not,
    Or,
    OwnAddress,
    Query,
    Received,
    Tagged,
    Term,
    Text,
    quoted,
)

_TEXTS = {
    "TEXT": "", "BODY": "corps:", "SUBJECT": "objet:", "FROM": "de:", "TO": "à:", "CC": "cc:",
    "BCC": "cci:",
}  # fmt: skip
_DAYS = {"BEFORE": "avant:", "SINCE": "depuis:", "ON": "le:"}
_SIZES = {"LARGER": "taille>", "SMALLER": "taille<"}
_STATES = {
    "UNSEEN": "nonlu", "SEEN": "est:lu", "FLAGGED": "est:suivi", "UNFLAGGED": "est:nonsuivi",
    "ANSWERED": "est:répondu", "UNANSWERED": "est:nonrépondu",
}  # fmt: skip
_UNITS = ((1_000_000, "M"), (1_000, "k"), (1, "o"))


def parts(term: Term | None) -> tuple[Term, ...]:
    """Return the conditions that must all hold."""
    if isinstance(term, And):
        return tuple(part for inner in term.terms for part in parts(inner))
    return () if term is None else (term,)


def line(query: Query, terms: Sequence[Term] | None = None) -> str:
    """Return the text of a query, or of ``terms`` in the query's folders."""
    asked = parts(query.term) if terms is None else terms
    return " ".join([*map(piece, asked), *folders(query)])


def folders(query: Query) -> list[str]:
    """Return the pieces that name the folders of a query."""
    within = [f"dossier:{quoted(name)}" for name in query.folders]
    return within + [f"-dossier:{quoted(name)}" for name in query.not_folders]


def piece(term: Term) -> str:
    """Return the text of a term, with French operators."""
    match term:
        case Text(where, text):
            return _TEXTS[where] + (_word(text) if where == "TEXT" else _value(text))
        case OwnAddress(where):
            return f"{_TEXTS[where]}moi"
        case Received(relation, day):
            return f"{_DAYS[relation]}{day:%d/%m}/{day.year:04}"
        case HasSize(relation, octets):
            return _SIZES[relation] + _size(octets)
        case HasState(key):
            return _STATES[key]
        case Tagged(name):
            return f"étiquette:{quoted(name)}"
        case Not(inner):
            return f"-{_close(inner)}"
        case And(terms):
            return " ".join(_close(inner) for inner in terms)
        case Or(terms):
            return " OU ".join(_close(inner) for inner in terms)
        case _:
            return "a:pièce"


def _close(term: Term) -> str:
    """Return the text of a term as one piece, in parentheses if needed."""
    return f"({piece(term)})" if isinstance(term, And | Or) else piece(term)


def _word(text: str) -> str:
    """Return a word, in quotes if it would otherwise mean a state."""
    return f'"{text}"' if fold(text) in BARE_STATES else _value(text)


def _value(text: str) -> str:
    """Return a text, in other quotes if it has straight ones. Where it has all of them, straight
    ones go.
    """
    others = [(opening, closing) for opening, closing in ("«»", "“”") if closing not in text]
    if '"' in text and others:
        opening, closing = others[0]
        return f"{opening}{text}{closing}"
    return quoted(text)


def _size(octets: int) -> str:
    """Return the text of an exact number of octets. Gigabytes are not used, since no message has
    that size.
    """
    most = 10**9
    return next(
        f"{octets // unit}{name}"
        for unit, name in _UNITS
        if (octets % unit == 0 and octets) or unit == 1 or (unit == 1_000 and octets >= most)
    )


def unquoted(query: Query) -> str:
    """Return the query with each quoted text split into words; "" if nothing is quoted."""
    return _changed(query, lambda text: [replace(text, text=word) for word in text.text.split()])


def wider(query: Query) -> str:
    """Return the query with subject and body texts searched for in whole messages; "" if it has
    none.
    """

    def anywhere(text: Text) -> list[Text]:
        return [replace(text, where="TEXT") if text.where in {"SUBJECT", "BODY"} else text]

    return _changed(query, anywhere)


def _changed(query: Query, change: Callable[[Text], Sequence[Term]]) -> str:
    before = parts(query.term)
    after: list[Term] = []
    for term in before:
        after += change(term) if isinstance(term, Text) else [term]
    return line(query, after) if tuple(after) != before else ""


def fewer(query: Query) -> list[tuple[Term, str]]:
    """Return each condition of a query with the query without it; nothing for a single
    condition.
    """
    terms = parts(query.term)
    if len(terms) < 2:
        return []
    return [
        (term, line(query, [*terms[:index], *terms[index + 1 :]]))
        for index, term in enumerate(terms)
    ]
