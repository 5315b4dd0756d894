"""What is said of the verbs elsewhere than in their table."""

import pytest
from django.utils.html import format_html

from mail.mailbox.verbs import VERBS
from webmail.presentation.tools import tools_of_picked, verbs_for_scripts


@pytest.mark.parametrize("field", ["leaves", "asks"])
def test_scripts_learn_the_verbs_from_the_table(field: str) -> None:
    named = " ".join(verb.name for verb in VERBS.values() if getattr(verb, field))
    assert named
    assert format_html('data-{}="{}"', field, named) in verbs_for_scripts()


@pytest.mark.parametrize("here", ["", "archive", "trash", "junk", "advert"])
def test_the_buttons_name_verbs_of_the_table(here: str) -> None:
    shown = tools_of_picked("", here, marks_adverts=True)
    named = {tool.verb for tool in shown.menu}
    assert "tags" in named
    assert named <= set(VERBS)
