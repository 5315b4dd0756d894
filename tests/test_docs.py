"""What the documents name exists, and what exists is in them: settings, rooms, files, links."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from webmail.environment import page, readers
from webmail.environment.declared import DECLARED, GROUPS, Kind, Setting

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


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


def calls_of_readers() -> Iterator[str]:
    """The variables that webmail/settings.py reads."""
    tree = ast.parse((ROOT / "webmail" / "settings.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id.startswith("env_")
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def variables(text: str) -> set[str]:
    """The settings that a text names, without ``_FILE`` and ``__AC_EXEMPLE_FR``."""
    named = set(re.findall(r"\bWEBMAIL_[A-Z_]*[A-Z]\b", text))
    named = {name.partition("__")[0] for name in named}
    return {name if name in DECLARED else name.removesuffix("_FILE") for name in named}


def test_every_declared_setting_is_read() -> None:
    assert set(calls_of_readers()) == set(DECLARED)


def test_no_setting_is_declared_twice() -> None:
    names = [setting.name for group in GROUPS for setting in group.settings]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("app", ["webmail", "accounts", "addressbook", "demo"])
def test_every_setting_that_the_code_names_is_declared(app: str) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / app).rglob("*.py")]
    assert variables("\n".join(sources)) <= set(DECLARED)


def test_the_page_of_settings_is_made_from_the_declarations() -> None:
    """Otherwise: ``bin/manage write_settings_docs``."""
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page.page()


@pytest.mark.parametrize("setting", DECLARED.values(), ids=lambda setting: setting.name)
def test_the_example_of_a_setting_is_taken(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name, _equals, value = setting.example.rpartition("=>")
    if name.endswith("_FILE"):
        (tmp_path / "secret").write_text("secret\n")
        value = str(tmp_path / "secret")
    monkeypatch.setenv(name or setting.name, value)
    reader = {
        Kind.TEXT: readers.env_text,
        Kind.CHOICE: readers.env_choice,
        Kind.NUMBER: readers.env_int,
        Kind.SWITCH: readers.env_bool,
        Kind.LIST: readers.env_list,
        Kind.NETWORKS: readers.env_networks,
        Kind.BY_DOMAIN: readers.env_by_domain,
    }[setting.kind]
    given = reader(setting.name)
    assert setting.kind is Kind.SWITCH or given
    monkeypatch.delenv(name or setting.name)
    assert setting.kind is Kind.LIST or reader(setting.name) != given


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBMAIL_PASSWORD_MINIMUM", "0"),
        ("WEBMAIL_PASSWORD_MINIMUM", "65"),
        ("WEBMAIL_IMAP_TIMEOUT", "-1"),
        ("WEBMAIL_IMAP_TIMEOUT", "²"),
    ],
)
def test_a_number_beyond_its_limits_is_refused_by_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name):
        readers.env_int(name)


def test_a_value_that_is_no_choice_is_refused_with_the_choices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WEBMAIL_RELAY_SECURITY", "ssl")
    with pytest.raises(ImproperlyConfigured, match="RELAY_SECURITY must be tls, starttls or none"):
        readers.env_choice("WEBMAIL_RELAY_SECURITY")


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
    assert variables(document.read_text(encoding="utf-8")) <= set(DECLARED)


def test_every_document_is_in_the_plan() -> None:
    for document in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{document.name})" in section("The plan")
