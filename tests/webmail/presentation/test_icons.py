"""Icons as HTML."""

from __future__ import annotations

from webmail.presentation.icons import icon


def test_a_name_that_a_page_computed_is_escaped() -> None:
    assert "<b>" not in icon("<b>", "<b>", "<b>")
