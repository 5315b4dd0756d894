"""The words besides the name by which a colleague is found: those of the function and the
school."""

from __future__ import annotations

from addressbook.folding import words

_SHORT = {
    "aed": "assistant d'éducation",
    "aesh": "accompagnant des élèves en situation de handicap",
    "cpe": "conseiller principal d'éducation",
    "dasen": "directeur académique",
    "ecogestion": "économie gestion",
    "emc": "enseignement moral et civique",
    "eps": "éducation physique et sportive",
    "hg": "histoire géographie",
    "ia": "inspecteur d'académie",
    "ien": "inspecteur de l'éducation nationale",
    "maths": "mathématiques",
    "nsi": "numérique et sciences informatiques",
    "pc": "physique chimie",
    "pp": "professeur principal",
    "psyen": "psychologue de l'éducation nationale",
    "ses": "sciences économiques et sociales",
    "svt": "sciences de la vie et de la terre",
    "tice": "informatique",
    "ulis": "unité localisée pour l'inclusion scolaire",
}
"""The abbreviations of schools, with the words that they stand for."""
_LITTLE = frozenset("d de des du et en l la le les pour".split())
_LONG = {
    short: frozenset(word for word in words(long) if word not in _LITTLE)
    for short, long in _SHORT.items()
}


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a function, a discipline or a school. An abbreviation adds the words that
    it stands for, and these add the abbreviation: ``svt`` is found by ``terre``,
    ``Histoire-géographie`` by ``hg``."""
    plain = [word for word in words(text) if word not in _LITTLE]
    there = frozenset(plain)
    role_words = dict.fromkeys(plain)
    for short, long in _LONG.items():
        if short in there:
            role_words |= dict.fromkeys(sorted(long))
        elif long <= there:
            role_words[short] = None
    return tuple(role_words)
