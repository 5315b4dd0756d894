"""The words about a search without results: where and how it searched, and what to try next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext, ngettext

from mail.mailbox import rephrasing
from mail.mailbox.search import ALL, BELOW, HERE
from webmail.presentation.results import Asked

_MOST_NAMED = 4
_MOST_FEWER = 4
_LONGEST = 40  # characters of a piece on a button


@dataclass(frozen=True)
class Try:
    """Another search, one click away."""

    label: str
    url: str


@dataclass(frozen=True)
class NothingFound:
    """A search without results. ``where`` is the sentence about the searched folders; ``pieces``
    are the parts of the search, as its line writes them; ``tries`` are other searches."""

    where: str
    pieces: tuple[str, ...]
    tries: tuple[Try, ...]


def nothing_found(asked: Asked, names: Sequence[str], labels: Mapping[str, str]) -> NothingFound:
    """Return the words about a search without results. ``names`` are the searched folders,
    ``labels`` their labels."""
    return NothingFound(
        where=_where(asked, [labels.get(name, name) for name in names], labels),
        pieces=tuple(rephrasing.piece(term) for term in rephrasing.parts(asked.wanted.term)),
        tries=_tries(asked),
    )


def _where(asked: Asked, shown: Sequence[str], labels: Mapping[str, str]) -> str:
    if not asked.wanted.folders and asked.folder and asked.reach in {HERE, BELOW}:
        folder = {"folder": labels.get(asked.folder, asked.folder)}
        if asked.reach == HERE:
            return gettext("“%(folder)s” was searched.") % folder
        return gettext("“%(folder)s” and the folders inside it were searched.") % folder
    if not shown:
        return gettext("No folder was searched: none of this name holds a message.")
    if not asked.wanted.folders or len(shown) > _MOST_NAMED:
        words = ngettext(
            "%(number)s folder was searched.", "%(number)s folders were searched.", len(shown)
        )
        return words % {"number": len(shown)}
    quoted = ", ".join(gettext("“%(folder)s”") % {"folder": label} for label in shown)
    words = ngettext("%(folders)s was searched.", "%(folders)s were searched.", len(shown))
    return words % {"folders": quoted}


def _tries(asked: Asked) -> tuple[Try, ...]:
    """Yield other searches, from the same words elsewhere to fewer words."""
    wanted = asked.wanted
    tries = []
    if wanted.folders and (line := rephrasing.line(replace(wanted, folders=()))):
        tries.append(Try(gettext("In all folders"), _url(asked, line, ALL)))
    if line := rephrasing.unquoted(wanted):
        tries.append(Try(gettext("Without the quotes"), _url(asked, line)))
    if line := rephrasing.wider(wanted):
        tries.append(Try(gettext("Anywhere in the messages"), _url(asked, line)))
    return (*tries, *_fewer(asked))


def _fewer(asked: Asked) -> list[Try]:
    fewer = rephrasing.fewer(asked.wanted)
    if len(fewer) == 2:
        # One word of two less is the other word alone.
        (first, second_alone), (second, first_alone) = fewer
        lines = [(first, first_alone), (second, second_alone)]
        words = gettext("Only %(piece)s")
    else:
        lines, words = fewer[:_MOST_FEWER], gettext("Without %(piece)s")
    return [
        Try(words % {"piece": _short(rephrasing.piece(term))}, _url(asked, line))
        for term, line in lines
    ]


def _short(piece: str) -> str:
    return piece if len(piece) <= _LONGEST else f"{piece[: _LONGEST - 1]}…"


def _url(asked: Asked, line: str, reach: str = "") -> str:
    return replace(asked, text=line, reach=reach or asked.reach, number=1, place=None).url
