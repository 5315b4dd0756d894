"""The files that browsers are given: nothing from elsewhere, nothing inline, colours that can be
read."""

from __future__ import annotations

import re
from pathlib import Path

from core.preferences import BY_NAME
from tests.cases import each
from webmail.serving.storage import joined_scripts

ROOT = Path(__file__).resolve().parents[3]
STATIC = ROOT / "webmail" / "static" / "webmail"
VENDOR = STATIC / "vendor"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = sorted((STATIC / "css").glob("*.css"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
FRAME = "message_frame.html"  # its style is inline by design, under a policy of its own


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def symbols(sprite: Path) -> set[str]:
    return set(re.findall(r'<symbol id="([^"]+)"', sprite.read_text(encoding="utf-8")))


def test_every_vendored_file_is_listed_with_its_licence() -> None:
    listed = (VENDOR / "README.md").read_text(encoding="utf-8")
    missing = [
        path.name
        for path in VENDOR.iterdir()
        if path.name != "README.md" and path.name not in listed
    ]
    assert missing == []


def test_vendored_names_carry_their_version() -> None:
    nameless = [
        path.name
        for path in VENDOR.iterdir()
        if path.name != "README.md" and not re.search(r"-\d+\.\d+\.\d+", path.name)
    ]
    assert nameless == []


@each("path", TEMPLATES, ids=relative)
def test_templates_hold_no_inline_style_or_script(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|\son[a-z]+=[\"']|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert path.name == FRAME or "<style" not in text


@each("path", [*TEMPLATES, *STYLES, *SCRIPTS], ids=relative)
def test_nothing_comes_from_another_server(path: Path) -> None:
    assert not re.search(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", path.read_text(encoding="utf-8"))


@each("path", TEMPLATES, ids=relative)
def test_every_icon_named_is_in_the_sprite(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r'\{% icon(?:_button)? "([^"]+)"', text))
    assert named <= symbols(next(VENDOR.glob("lucide-*.svg")))
    drawings = set(re.findall(r'\{% drawing "([^"]+)"', text))
    assert drawings <= symbols(STATIC / "img" / "art.svg")
    assert "<svg" not in text, "an icon is written by its tag"


@each("path", TEMPLATES, ids=relative)
def test_every_static_file_named_is_there(path: Path) -> None:
    named = re.findall(r"\{% static \"(webmail/[^\"]+)\"", path.read_text(encoding="utf-8"))
    missing = [name for name in named if not (STATIC.parent / name).is_file()]
    assert missing == []


@each("path", STYLES, ids=relative)
def test_style_sheets_name_files_and_tokens_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"(?:url\(|@import )\"([^\"]+)\"", text):
        assert (path.parent / target).is_file()
    defined = set(
        re.findall(r"(--[a-z0-9-]+):", "".join(style.read_text("utf-8") for style in STYLES))
    )
    scripts = "".join(script.read_text("utf-8") for script in SCRIPTS)
    defined |= set(re.findall(r"setProperty\(\"(--[a-z-]+)\"", scripts))
    assert set(re.findall(r"var\((--[a-z0-9-]+)", text)) <= defined


@each("path", SCRIPTS, ids=relative)
def test_modules_import_modules_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"(?:from |import\()\"([^\"]+)\"", text):
        assert (path.parent / target).is_file()
    assert not re.search(r"\beval\(|new Function\(", text)
    # One module reads and writes HTML: into documents that run nothing, and what DOMPurify let by.
    assert ("innerHTML" in text) == (path.name == "pasting.js")


def test_the_modules_of_every_page_can_be_served_in_one_file() -> None:
    texts = {f"webmail/js/{path.name}": path.read_text("utf-8") for path in SCRIPTS}
    common = joined_scripts(texts)["webmail/js/common.js"]
    assert common.count("(() => {\n") >= 15


def test_four_modules_use_the_browsers_storage_and_never_on_a_shared_computer() -> None:
    users = [
        path.name
        for path in SCRIPTS
        if re.search(r"(local|session)Storage(?!\.clear\()|indexedDB", path.read_text("utf-8"))
    ]
    # The tree of folders, panes to come back, words and files that the server has not got yet.
    assert users == ["dock.js", "folders.js", "local.js", "pending.js"]
    for name in users:
        assert (STATIC / "js" / name).read_text("utf-8").count("isShared()") >= 2


# Colours

TOKENS = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")


ACCENTS = (STATIC / "css" / "accents.css").read_text(encoding="utf-8")


def rules(selector: str, sheet: str = TOKENS) -> dict[str, str]:
    """The custom properties of the one rule with this selector."""
    _before, _selector, after = " ".join(sheet.split()).partition(f"{selector} {{")
    return dict(re.findall(r"--([a-z0-9-]+): ([^;]+);", after.partition("}")[0]))


LIGHT = rules(":root, .island")
DARK = rules(':root[data-theme="dark"]')


def test_the_dark_colours_are_the_same_by_system_and_by_choice() -> None:
    assert rules(':root:not([data-theme="light"])') == DARK
    assert LIGHT.keys() - DARK.keys() == {
        "toast",
        "on-toast",
        "toast-act",
    }  # a toast is dark in both


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of ``#rrggbb``."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink: str, paper: str) -> float:
    high, low = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (high + 0.05) / (low + 0.05)


GROUNDS = ("bg", "app", "sunken", "hover", "selected", "raised")
TEXTS = ("text", "text-2", "text-3", "accent-text", "danger", "warn", "success")
PAIRS = [(text, ground, 4.5) for text in TEXTS for ground in GROUNDS]
PAIRS += [(mark, ground, 3.0) for mark in ("control", "focus", "flag") for ground in GROUNDS]
PAIRS += [("on-accent", "accent", 4.5), ("on-accent", "accent-hover", 4.5)]
PAIRS += [("accent-text", "accent-soft", 4.5), ("text-2", "accent-soft", 4.5)]
PAIRS += [(level, f"{level}-soft", 4.5) for level in ("danger", "warn", "success")]
PAIRS += [("text-3", f"{level}-soft", 4.5) for level in ("danger", "warn", "success")]
PAIRS += [(f"h{n}-fg", f"h{n}-bg", 4.5) for n in range(1, 7)]


def themes() -> dict[str, dict[str, str]]:
    """The colours of each accent, light and dark."""
    found = {"light": LIGHT, "dark": {**LIGHT, **DARK}}
    for name, _words in BY_NAME["accent"].options():
        if name != BY_NAME["accent"].default:
            found[f"{name}-light"] = {**LIGHT, **rules(f':root[data-accent="{name}"]', ACCENTS)}
            dark = rules(f':root[data-theme="dark"][data-accent="{name}"]', ACCENTS)
            found[f"{name}-dark"] = {**found["dark"], **dark}
    return found


def test_each_accent_has_its_own_colours_in_each_theme() -> None:
    names = [name for name, _words in BY_NAME["accent"].options() if name != "blue"]
    assert len(names) == 5
    for name in names:
        by_choice = rules(f':root[data-theme="dark"][data-accent="{name}"]', ACCENTS)
        by_system = rules(f':root:not([data-theme="light"])[data-accent="{name}"]', ACCENTS)
        assert by_choice == by_system
        assert by_choice.keys() == rules(f':root[data-accent="{name}"]', ACCENTS).keys() != set()


@each("theme", themes().values(), ids=themes())
@each(("mark", "ground", "least"), PAIRS)
def test_colours_can_be_told_apart(
    theme: dict[str, str], mark: str, ground: str, least: float
) -> None:
    assert contrast(theme[mark], theme[ground]) >= least
