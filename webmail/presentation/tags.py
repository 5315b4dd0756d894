"""Tags as the pages show them: keywords of messages under the names that the user gave them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy

COLOURS = (
    (1, gettext_lazy("Blue")),
    (2, gettext_lazy("Turquoise")),
    (3, gettext_lazy("Orange")),
    (4, gettext_lazy("Pink")),
    (5, gettext_lazy("Olive green")),
    (6, gettext_lazy("Purple")),
)


@dataclass(frozen=True)
class Chip:
    """A tag. ``colour`` is 1 to 6, as for avatars."""

    keyword: str
    name: str
    colour: int


def chips(flags: Collection[str], known: Iterable[Chip]) -> tuple[Chip, ...]:
    """Return the tags among a message's flags, in the order of ``known``. Keywords of other
    programs that the user did not name are not shown."""
    if not flags:
        return ()
    keywords = {
        flag.lower() for flag in flags
    }  # their case does not count (RFC 9051 section 2.3.2)
    return tuple(chip for chip in known if chip.keyword.lower() in keywords)


def keyword_for(name: str, taken: Collection[str]) -> str:
    """Return a keyword that every server accepts: ``Réunion parents`` -> ``reunion_parents``, with
    a number appended while it is one of ``taken``."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    bare = re.sub(r"[^a-z0-9]+", "_", folded).strip("_")[:40] or "tag"
    used = {keyword.lower() for keyword in taken}
    numbered = (bare if n == 1 else f"{bare}_{n}" for n in range(1, len(used) + 2))
    return next(keyword for keyword in numbered if keyword not in used)
