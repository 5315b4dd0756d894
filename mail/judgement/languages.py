"""The language of a text, told by its commonest words.

A verdict knows the turns of phrase of two languages. A message in one that its reader never gets is
a sign, and where judgement is measured the languages are told apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

UNKNOWN = "other"
WORDLESS = "none"
"""Of a text with too few words: its language is nobody's guess."""
_LEAST_WORDS = 12
_MOST_WORDS = 600
# The share of a text that the commonest words of its language have at least.
_LEAST_SHARE = 0.06


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Words without accents, as `phrases.fold` writes them, that few other languages have.
_COMMON: Mapping[str, frozenset[str]] = {
    "fr": _listed(
        "le les des une et est vous votre vos nous pour dans sur avec pas cette ce il sont par aux"
        " ete etre ou afin qui bonjour merci ici du au"
    ),
    "en": _listed(
        "the and of to you your is for this that with are have from our will be we by it was here"
        " not has if please can been on in as at"
    ),
    "de": _listed(
        "der die das und ist sie ihr ihre ihren wir fur nicht mit auf ein eine den von dem zu im"
        " werden wurde haben sich bei oder hier um konnen bitte"
    ),
    "pt": _listed(
        "o os da do dos das voce seu sua em um uma nao com para por foi sao mais ao na no e sera"
        " pelo pela clique aqui ate"
    ),
    "es": _listed(
        "el los las una y es su sus usted por con para del se ha no en al lo mas este esta ser aqui"
        " hacer como si"
    ),
    "it": _listed(
        "il gli di che una e per non con del della sono il suo sua suoi nel alla questo questa ha"
        " piu qui sara stato clicca"
    ),
    "nl": _listed(
        "de het een en van is u uw je op te niet met voor dat aan zijn om deze wij door hier naar"
        " ons bij kunt"
    ),
}
LANGUAGES = (*_COMMON, UNKNOWN, WORDLESS)
NAMED = frozenset(_COMMON)
"""The languages that can be told."""
_CODES: Mapping[str, tuple[str, ...]] = {
    word: tuple(code for code, common in _COMMON.items() if word in common)
    for word in frozenset().union(*_COMMON.values())
}


def language(words: Sequence[str]) -> str:
    """Return the code of the language of folded words, `UNKNOWN` or `WORDLESS`."""
    looked_at = words[:_MOST_WORDS]
    if len(looked_at) < _LEAST_WORDS:
        return WORDLESS
    counts = Counter(chain.from_iterable(_CODES.get(word, ()) for word in looked_at))
    best = max(_COMMON, key=lambda code: counts[code])
    return best if counts[best] >= _LEAST_SHARE * len(looked_at) else UNKNOWN
