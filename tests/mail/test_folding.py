"""Accents and capitals do not count."""

from __future__ import annotations

import pytest

from mail import folding


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Éléa", "elea"),
        ("ELE\u0301A", "elea"),
        ("Straße", "strasse"),
        ("Œuvre", "œuvre"),
        ("ﬁn №", "fin no"),
        ("ÇA, là !", "ca, la !"),
        ("PLAIN", "plain"),
        ("L’été d\u2018ici", "l'ete d'ici"),
        ("", ""),
    ],
)
def test_accents_and_capitals_go(text: str, folded: str) -> None:
    assert folding.fold(text) == folded


def test_without_accents_capitals_stay() -> None:
    assert folding.without_accents("Éléa ÇA") == "Elea CA"
