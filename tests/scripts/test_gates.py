"""The gates of the scripts name a script whose types or form are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo.environment import SCRIPTS
from tests.scripts.__main__ import browsers, form, strictly_wrong, types

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


TOO_YOUNG = {
    "a method of arrays": ("js", "export const sorted = [2, 1].toSorted();", "Array.toSorted"),
    "a function of an interface": ("js", 'URL.canParse("a");', "URL.canParse"),
    "a method of forms": ("js", "document.forms[0].requestSubmit();", "requestSubmit"),
    "a selector of a script": ("js", 'document.querySelector("a:has(b)");', ":has()"),
    "a pattern": ("js", "export const found = /(?<=a)b/;", "(?<=a)b"),
    "a value alone": ("css", ".a { color: color-mix(in srgb, red, blue); }", "color-mix"),
    "a unit alone": ("css", ".a { height: 100dvh; }", "dvh"),
    "a selector in a list": ("css", ".a, .b:user-invalid { color: red; }", ":user-invalid"),
    "a question of a sheet": ("css", "@media (scripting: none) { a { top: 0; } }", "scripting"),
    "a range in a sheet": ("css", "@media (width < 60em) { a { top: 0; } }", "range"),
    "a nested rule": ("css", ".a { & b { color: red; } }", "&"),
}


@pytest.mark.parametrize(("kind", "text", "named"), TOO_YOUNG.values(), ids=TOO_YOUNG)
def test_what_a_promised_browser_lacks_is_named(
    kind: str, text: str, named: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"young.{kind}"
    file.write_text(f"// @ts-check\n{text}\n" if kind == "js" else text, encoding="utf-8")
    assert browsers([file]) != 0
    assert named in capfd.readouterr().out


def test_what_is_asked_for_first_is_no_fault(tmp_path: Path) -> None:
    script, sheet = tmp_path / "asked.js", tmp_path / "asked.css"
    script.write_text('// @ts-check\nexport const parsed = URL.canParse?.("a");\n')
    sheet.write_text(".a { height: 100vh; height: 100dvh; }\n")
    assert browsers([script, sheet]) == 0


def test_all_scripts_and_sheets_hold_in_the_promised_browsers() -> None:
    assert browsers() == 0


def test_a_module_that_says_its_types_goes_on_to_say_them() -> None:
    fault = "webmail/static/webmail/js/dom.js(38,25): error TS7006: Parameter 'event' is any."
    assert strictly_wrong(f"{fault}\n", []) == [fault]
    assert strictly_wrong(f"{fault}\n", ["dom.js"]) == []
    (said,) = strictly_wrong("", ["dom.js"])
    assert said.startswith("dom.js has its types")
