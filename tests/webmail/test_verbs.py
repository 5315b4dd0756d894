"""What is said of the verbs elsewhere than in their table."""

import re
from pathlib import Path

import pytest

from webmail.mailbox.verbs import VERBS
from webmail.presentation.tools import tools_of_picked

SCRIPT = Path("webmail/static/webmail/js/selection.js")


@pytest.mark.parametrize(("constant", "field"), [("GOING", "leaves"), ("ASKING", "asks")])
def test_the_script_names_the_same_verbs(constant: str, field: str) -> None:
    listed = re.search(rf"^const {constant} = \[(.*)\];$", SCRIPT.read_text(), re.M)
    assert listed is not None
    named = set(re.findall(r'"(\w+)"', listed[1]))
    assert named == {verb.name for verb in VERBS.values() if getattr(verb, field)}


@pytest.mark.parametrize("here", ["", "archive", "trash", "junk", "advert"])
def test_the_buttons_name_verbs_of_the_table(here: str) -> None:
    shown = tools_of_picked("", here, marks_adverts=True)
    named = {tool.verb for tool in shown.menu}
    assert "tags" in named
    assert named <= set(VERBS)
