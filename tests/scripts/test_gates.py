"""The gates of the scripts name a script whose types or form are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo.environment import SCRIPTS
from tests.scripts.__main__ import form, strictly_wrong, types

WRONG = {
    "a listener that reads what its event has not": (
        'document.addEventListener("mail:changed", ({ detail }) => detail.unknown);'
    ),
    "a field that a form has not": 'document.getElementById("act-form").elements.unknown.value;',
    "a number in the data of an element": "document.body.dataset.step = 1;",
    "a misspelt method": "document.body.querySelectr('a');",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_wrong_script_is_refused(text: str, tmp_path: Path) -> None:
    script = tmp_path / "wrong.js"
    script.write_text(f"// @ts-check\n{text}\nexport {{}};\n", encoding="utf-8")
    project = tmp_path / "tsconfig.json"
    included = [str(SCRIPTS / "types.d.ts"), str(script)]
    project.write_text(json.dumps({"extends": str(SCRIPTS / "tsconfig.json"), "include": included}))
    assert types(project) != 0
    script.write_text("// @ts-check\nexport {};\n", encoding="utf-8")
    assert types(project) == 0


def test_another_form_is_refused_and_written_right(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.css"
    sheet.write_text(".row { margin: 0; padding: 0 }\n", encoding="utf-8")
    assert form("--check", [sheet]) != 0
    assert form("--write", [sheet]) == 0
    assert sheet.read_text(encoding="utf-8") == ".row {\n  margin: 0;\n  padding: 0;\n}\n"
    assert form("--check", [sheet]) == 0


def test_a_module_that_says_its_types_goes_on_to_say_them() -> None:
    fault = "webmail/static/webmail/js/dom.js(38,25): error TS7006: Parameter 'event' is any."
    assert strictly_wrong(f"{fault}\n", []) == [fault]
    assert strictly_wrong(f"{fault}\n", ["dom.js"]) == []
    (said,) = strictly_wrong("", ["dom.js"])
    assert said.startswith("dom.js has its types")
