"""Icons as HTML."""

from __future__ import annotations

from webmail.presentation.icons import icon, icon_button


def test_a_name_that_a_page_computed_is_escaped() -> None:
    assert "<b>" not in icon("<b>", "<b>", "<b>")


def test_a_button_is_called_by_its_words_and_tells_its_keys() -> None:
    button = icon_button("bold", "Gras & <b>", "data-format", "Ctrl+B")
    assert 'aria-label="Gras &amp; &lt;b&gt;"' in button
    assert 'title="Gras &amp; &lt;b&gt; (Ctrl+B)" aria-keyshortcuts="Control+B"' in button
    assert "aria-keyshortcuts" not in icon_button("bold", "Gras", "data-format")
