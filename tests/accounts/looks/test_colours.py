"""An accent that is taken can be read everywhere; one that cannot is told apart before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.looks import colours
from tests.webmail.serving import test_static as tokens

channel = st.integers(0, 255)
colour = st.builds("#{:02x}{:02x}{:02x}".format, channel, channel, channel)
PAIRS = [pair for pair in tokens.PAIRS if {pair[0], pair[1]} & colours.light("#000000").keys()]


def test_the_grounds_are_those_of_the_style_sheet() -> None:
    for ground, tokens_of in (
        (colours.LIGHT, tokens.LIGHT),
        (colours.DARK, {**tokens.LIGHT, **tokens.DARK}),
    ):
        papers = {tokens_of[name] for name in tokens.GROUNDS if name != "selected"}
        assert set(ground.papers) == papers
        inks = ("text", "text-2", "text-3", "danger", "warn", "success")
        assert ground.inks == tuple(tokens_of[name] for name in inks)


@given(colour, st.one_of(st.just(""), colour))
def test_what_follows_from_an_accent_can_be_read(accent: str, words: str) -> None:
    if colours.of_buttons(accent) < colours.LEAST:
        return
    light = {**tokens.LIGHT, **colours.light(accent)}
    dark = {**tokens.LIGHT, **tokens.DARK, **colours.dark(accent, words)}
    for theme in (light, dark):
        for mark, ground, least in PAIRS:
            assert tokens.contrast(theme[mark], theme[ground]) >= least, (mark, ground)


@pytest.mark.parametrize(("accent", "ratio"), [("#000000", 21.0), ("#ffffff", 1.0)])
def test_contrast_is_wcags(accent: str, ratio: float) -> None:
    assert round(colours.of_buttons(accent), 3) == ratio


@pytest.mark.parametrize("text", ["", "#fff", "#GGGGGG", "#12345", "red", "#123456;}", "#1234567"])
def test_nothing_but_a_colour_is_one(text: str) -> None:
    assert not colours.is_colour(text)
    assert colours.is_colour("#04602f")


def test_the_sheet_holds_nothing_but_custom_properties() -> None:
    sheet = colours.sheet("#04602f", "#93d4a4")
    assert sheet.count("{") == sheet.count("}") == 4
    assert "--accent: #04602f;" in sheet
    assert "--accent-text: #93d4a4;" in sheet
