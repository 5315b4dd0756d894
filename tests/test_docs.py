"""What the documents name exists, and what exists is in them: settings, modules, files, links."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from core.environment import page, readers
from core.environment.declared import DECLARED, GROUPS, TOOLS, Kind, Setting
from tests.cases import each

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [
    ROOT / "README.md",
    *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
LONGEST_CELL = 270
"""Two lines of a page, in characters."""
FOLDERS = (
    "accounts",
    "addressbook",
    "bin",
    "core",
    "demo",
    "docs",
    "locale",
    "mail",
    "templates",
    "tests",
    "tools",
    "webmail",
)


def code_words(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


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


@pytest.mark.parametrize("app", ["core", "mail", "webmail", "accounts", "addressbook", "demo"])
def test_every_setting_that_the_code_names_is_declared(app: str) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / app).rglob("*.py")]
    assert variables("\n".join(sources)) <= set(DECLARED) | TOOLS


def test_the_page_of_settings_is_made_from_the_declarations() -> None:
    """Otherwise: ``bin/manage write_settings_docs``."""
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page.page()


@each("setting", DECLARED.values(), ids=lambda setting: setting.name)
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


@each("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_named_in_a_document_exist(document: Path) -> None:
    """``mail/smtp.py``, ``mail/imap/``; ``mail/smtp.py:submit`` names what it defines."""
    named = re.findall(
        rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*(?::\w+)?)`", document.read_text(encoding="utf-8")
    )
    assert [name for name in named if not defined(name)] == []


def defined(name: str) -> bool:
    path, _colon, member = name.partition(":")
    if not (ROOT / path).exists():
        return False
    source = (ROOT / path).read_text(encoding="utf-8") if member else ""
    return not member or bool(re.search(rf"^(?:(?:def|class) )?{member}\b", source, re.MULTILINE))


@pytest.mark.parametrize("app", ["core", "mail", "webmail", "accounts", "addressbook"])
def test_every_package_and_module_of_an_app_is_in_the_architecture(app: str) -> None:
    named = set(code_words((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")))
    modules = {f"{app}/{path.name}" for path in (ROOT / app).glob("[!_]*.py")}
    packages = {f"{app}/{path.name}/" for path in (ROOT / app).iterdir() if path.is_dir()}
    unnamed = {f"{app}/migrations/", f"{app}/__pycache__/"}
    assert (modules | packages) - unnamed <= named


def test_modules_named_beside_their_room_are_in_it() -> None:
    """In the table of rooms a bare ``push.py`` is a module of the room at the head of its line."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = re.findall(r"(?m)^\| ((?:`(?:core|mail|webmail)/\w+/` ?)+)\| (.*) \|$", text)
    named = [
        (rooms, module)
        for rooms, subject in lines
        for module in code_words(subject)
        if re.fullmatch(r"\w+\.\w+", module)
        and not any((ROOT / room / module).is_file() for room in code_words(rooms))
    ]
    assert lines
    assert not named


@each("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
    wrong = []
    for target in targets:
        file, _hash, anchor = target.partition("#")
        path = document.parent / file if file else document
        if "://" not in target and not (path.exists() and (not anchor or anchor in anchors(path))):
            wrong.append(target)
    assert wrong == []


def anchors(document: Path) -> set[str]:
    """The headings as GitHub links to them: lower case, hyphens for blanks, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each("document", DOCUMENTS, ids=lambda path: path.name)
def test_settings_named_in_a_document_exist(document: Path) -> None:
    assert variables(document.read_text(encoding="utf-8")) <= set(DECLARED) | TOOLS


def test_the_readme_leads_to_every_document() -> None:
    for document in DOCUMENTS[1:]:
        assert f"({document.relative_to(ROOT)})" in README


def test_the_readme_stays_short() -> None:
    assert len(README.encode()) < 6000


@each("document", DOCUMENTS, ids=lambda path: path.name)
def test_cells_of_tables_stay_short(document: Path) -> None:
    cells = [
        cell.strip()
        for line in document.read_text().splitlines()
        if line.startswith("|")
        for cell in re.split(r"(?<!\\)\|", line)
    ]
    assert [cell for cell in cells if len(cell) > LONGEST_CELL] == []
