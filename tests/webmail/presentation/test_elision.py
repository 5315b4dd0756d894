"""Names after a preposition."""

from __future__ import annotations

import pytest
from django.utils import translation

from webmail.presentation.elision import preceded_by_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Académie d’Amiens", "de l’académie d’Amiens"),
        ("Rectorat de Lille", "du rectorat de Lille"),
        ("Éducation nationale", "d’Éducation nationale"),
        ("Canopé", "de Canopé"),
        ("", "de "),
    ],
)
def test_a_name_takes_the_preposition_that_french_wants(name: str, words: str) -> None:
    with translation.override("fr"):
        assert preceded_by_of(name) == words


def test_english_names_stay_as_they_are() -> None:
    with translation.override("en"):
        assert preceded_by_of("Académie d’Amiens") == "of Académie d’Amiens"
