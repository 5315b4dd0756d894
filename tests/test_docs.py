"""What the documents name exists, and what exists is in them: settings, rooms, files, links."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
# The readers of webmail/settings.py: their first argument names a variable of the environment.
READERS = {"env_text", "env_int", "env_bool", "env_list", "env_networks", "env_by_domain"}


def section(heading: str) -> str:
    """The text below ``## heading``, up to the next one."""
    return README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def rows(heading: str) -> Iterator[list[str]]:
    """The cells of the section's table, without its head."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


def code_words(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def settings_read() -> set[str]:
    tree = ast.parse((ROOT / "webmail" / "settings.py").read_text(encoding="utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in READERS
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def settings_documented() -> list[str]:
    return [word for row in rows("Settings") for word in code_words(row[0])]


def test_every_setting_is_in_the_table_once_and_no_other() -> None:
    documented = settings_documented()
    assert len(documented) == len(set(documented))
    assert set(documented) == settings_read()


def test_the_defaults_of_numbers_are_those_of_the_code() -> None:
    source = (ROOT / "webmail" / "settings.py").read_text(encoding="utf-8")
    found = re.findall(r'env_int\("(\w+)", ([0-9* ]+)(?:, minimum=\d+)?\)', source)
    in_code = {name: str(_product(number)) for name, number in found}
    table = {code_words(row[0])[0]: row[1].strip("`") for row in rows("Settings") if "`" in row[0]}
    assert in_code
    assert {name: table[name] for name in in_code} == in_code


def _product(text: str) -> int:
    result = 1
    for factor in text.split("*"):
        result *= int(factor)
    return result


def rooms() -> list[str]:
    """Every path in the plan; a file named behind a folder lies in it."""
    paths = []
    for row in rows("The plan"):
        named = code_words(row[0])
        paths += named
        if len(named) == 1 and named[0].endswith("/"):
            paths += [
                named[0] + word
                for word in code_words(" | ".join(row[1:]))
                if re.fullmatch(r"\w+(\.py|/)", word)
            ]
    return paths


@pytest.mark.parametrize("path", rooms())
def test_the_plan_names_rooms_that_exist(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_room_of_the_mail_layers_is_in_the_plan() -> None:
    named = set(rooms())
    for folder in ("mime", "imap", "mailbox", "views"):
        modules = (ROOT / "webmail" / folder).glob("[!_]*.py")
        missing = {f"webmail/{folder}/{module.name}" for module in modules} - named
        assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
    files = [target.partition("#")[0] for target in targets if "://" not in target]
    assert [file for file in files if not (document.parent / file).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_settings_named_in_a_document_exist(document: Path) -> None:
    named = set(re.findall(r"\bWEBMAIL_[A-Z_]+[A-Z]\b", document.read_text(encoding="utf-8")))
    assert named <= settings_read() | {f"{name}_FILE" for name in settings_read()}


def test_every_document_is_in_the_plan() -> None:
    for document in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{document.name})" in section("The plan")
