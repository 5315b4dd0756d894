"""Names after a preposition, as the user's language joins them."""

from __future__ import annotations

from django.utils.translation import get_language, gettext

_VOWELS = frozenset("aàâeéèêëiîïoôuùûyœæ")
# Names that begin with a common noun take its article in French; school holidays have their own.
_NOUNS = {
    "académie": "de l’académie",
    "direction": "de la direction",
    "rectorat": "du rectorat",
    "région": "de la région",
    "ascension": "de l’Ascension",
    "toussaint": "de la Toussaint",
    "hiver": "d’hiver",
    "printemps": "de printemps",
    "été": "d’été",
}


def preceded_by_of(name: str) -> str:
    """``{{ authority|of }}``: ``of Académie d’Amiens``, in French ``de l’académie d’Amiens``."""
    if (get_language() or "").partition("-")[0] != "fr":
        return gettext("of %(name)s") % {"name": name}
    first, blank, rest = name.partition(" ")
    if noun := _NOUNS.get(first.lower()):
        return f"{noun}{blank}{rest}"
    return f"d’{name}" if name[:1].lower() in _VOWELS else f"de {name}"
