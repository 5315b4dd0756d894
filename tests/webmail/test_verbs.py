"""What is said of the verbs elsewhere than in their table."""

import re
from pathlib import Path

import pytest

from webmail.mailbox.verbs import VERBS

SCRIPT = Path("webmail/static/webmail/js/selection.js")


@pytest.mark.parametrize(("constant", "field"), [("GOING", "leaves"), ("ASKING", "asks")])
def test_the_script_names_the_same_verbs(constant: str, field: str) -> None:
    listed = re.search(rf"^const {constant} = \[(.*)\];$", SCRIPT.read_text(), re.M)
    assert listed is not None
    named = set(re.findall(r'"(\w+)"', listed[1]))
    assert named == {verb.name for verb in VERBS.values() if getattr(verb, field)}


def test_the_buttons_name_verbs_of_the_table() -> None:
    text = Path("templates/webmail/list/_bulk.html").read_text()
    named = set(re.findall(r'name="verb" value="(\w+)', text))
    assert "archive" in named
    assert named <= set(VERBS)
