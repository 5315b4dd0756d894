"""The rules of the house: who may import whom, and how code, templates and tests are written."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.cases import each
from tests.waiting import LONGEST_S

ROOT = Path(__file__).parent.parent
OURS = ("core", "mail", "webmail", "accounts", "addressbook", "demo")

# Pure modules: no Django, no I/O, no clock, no settings.
PURE = (
    "mail.folding",
    "core.preferences.hours",
    "addressbook.importers.php",
    "mail.zips",
    "mail.mime",
    "mail.judgement",
    "accounts.numen",
    "addressbook.contact_data",
    "addressbook.folding",
    "addressbook.charsets",
    "addressbook.vcard",
    "addressbook.importers",
)
IMPURE_LIBRARIES = {
    "django", "accounts", "os", "io", "socket", "ssl", "subprocess", "tempfile", "pathlib", "time",
    "threading", "random", "secrets", "requests", "urllib.request", "http", "shutil", "logging",
}  # fmt: skip


def modules() -> Iterator[tuple[str, Path]]:
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                parts = path.relative_to(ROOT).with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path, module: str, *, top: bool = False) -> Iterator[str]:
    """Dotted names imported anywhere in the file, functions included; or at its ``top`` alone."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*up, base] if base else up)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def below(name: str, tops: set[str] | tuple[str, ...]) -> bool:
    return any(name == top or name.startswith(f"{top}.") for top in tops)


MODULES = list(modules())


def test_a_room_imports_only_those_below_it() -> None:
    """The contracts stand in pyproject.toml."""
    answer = subprocess.run(  # noqa: S603
        (Path(sys.executable).parent / "lint-imports", "--no-cache", "--no-logo"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    assert answer.returncode == 0, answer.stdout


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports at the top of modules alone: one inside a function waits until it is called."""
    known = dict(MODULES)

    def target(name: str) -> str:
        return name if name in known else name.rpartition(".")[0]

    above = {
        module: {target(name) for name in imports(path, module)} & known.keys()
        for module, path in known.items()
    }
    try:
        tuple(TopologicalSorter(above).static_order())
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


@pytest.mark.parametrize("app", ["webmail", "addressbook"])
def test_no_view_imports_a_view(app: str) -> None:
    """A module that ``urls.py`` names. What several views share is a module beside them."""
    views = f"{app}.views"
    urls = f"{app}.urls"
    known = dict(MODULES)
    routed = {name for name in imports(known[urls], urls) if below(name, (views,))}
    assert routed <= known.keys()
    wrong = [
        (module, name)
        for module, path in MODULES
        if module != urls
        for name in imports(path, module)
        if any(below(name, (view,)) for view in routed if view != module)
    ]
    assert not wrong


def test_pure_modules_touch_nothing_outside_themselves() -> None:
    wrong = [
        (module, name)
        for module, path in MODULES
        if below(module, PURE)
        for name in imports(path, module)
        if below(name, IMPURE_LIBRARIES) and name != "io.BytesIO"  # memory alone
    ]
    assert not wrong


def test_no_module_is_a_drawer_for_anything() -> None:
    names = {"utils", "helpers", "common", "services", "managers", "misc"}
    assert not [module for module, _path in MODULES if module.rpartition(".")[2] in names]


CLOCK_OF_ONE_MACHINE = {"core.clock", "webmail.doctor.address", "webmail.doctor.database"}
"""Modules that ask for the machine's own time: beside the database's, and for certificates."""


def test_all_but_the_doctor_go_by_the_clock_that_machines_share() -> None:
    own = re.compile(r"\btimezone\.now\b|\bdatetime\.(?:now|utcnow|today)\b")
    asking = {module for module, path in MODULES if own.search(path.read_text(encoding="utf-8"))}
    rooms = ("core", "accounts", "addressbook", "webmail")
    assert {module for module in asking if below(module, rooms)} == CLOCK_OF_ONE_MACHINE


LOWER = (
    *("mail.imap", "mail.mailbox", "mail.mime", "mail.sandbox", "mail.sieve"),
    *("webmail.jobs", "webmail.models", "webmail.outbox"),
)
"""Rooms whose classes are imported by name in many others."""


def test_a_public_class_of_the_lower_floors_has_a_name_of_its_own() -> None:
    modules_by_name: dict[str, list[str]] = {}
    for module, path in MODULES:
        if module.startswith(tuple(f"{room}." for room in LOWER)):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    modules_by_name.setdefault(node.name, []).append(module)
    assert not {name: places for name, places in modules_by_name.items() if len(places) > 1}


# A local is named after what it holds: these say only how it came.
SAYS_NOTHING = {"found", "one", "said"}


def locals_of(path: Path) -> Iterator[tuple[str, int]]:
    """Names of variables and parameters, each with its line; not the fields of classes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    fields = {
        target
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign | ast.Assign)
        for target in (
            statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        )
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node not in fields:
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.MatchAs | ast.MatchStar | ast.ExceptHandler) and node.name:
            yield node.name, node.lineno


def test_locals_are_named_after_what_they_hold() -> None:
    wrong = [
        f"{module}:{line} {name}"
        for module, path in MODULES
        for name, line in locals_of(path)
        if name in SAYS_NOTHING
    ]
    assert not wrong


# Measures and walks of hours, and a proxy whose connections last as long as both sides like.
PATIENT = ("demo_walk.py", "deploy/containers", "deploy/machine.py", "deploy/walk.py")
CLIENTS = {"IMAP4", "SMTP", "LMTP", "HTTPConnection"}
"""Of the standard library: without a timeout they wait for a server for ever."""


def unlimited_waits(path: Path) -> Iterator[int]:
    """Lines with a wait that may never end, in the code of tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or id(call) in awaited:
            continue
        words = ast.unparse(call.func).rpartition(".")
        has_limit = any(keyword.arg in ("timeout", None) for keyword in call.keywords)
        if has_limit or (words[2] in CLIENTS and len(call.args) > 2):
            continue
        is_bare = bool(words[1]) and not call.args and not call.keywords
        if (
            words[2] in CLIENTS
            or (words[0], words[2]) == ("subprocess", "run")
            or (is_bare and words[2] in {"wait", "join", "communicate", "acquire"})
        ):
            yield call.lineno


def test_no_test_waits_for_ever() -> None:
    """One that does is a run that never ends, and says nothing."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if not str(path.relative_to(ROOT / "tests")).startswith(PATIENT)
        for line in unlimited_waits(path)
    ]
    assert not found, "give it a limit (tests/waiting.py)"


def test_no_test_runs_a_loop_in_the_thread_of_the_browsers() -> None:
    """Playwright's own runs there from the first browser on: such a test fails after it."""
    run = re.compile(r"\basyncio\.(?:run|Runner)\b|\brun_until_complete\b")
    running = {
        str(path.relative_to(ROOT / "tests"))
        for path in (ROOT / "tests").rglob("*.py")
        if path != Path(__file__) and run.search(path.read_text(encoding="utf-8"))
    }
    assert running == {"waiting.py"}, "take run_apart (tests/waiting.py)"


def test_templates_hold_no_inline_script_or_style() -> None:
    wrong = []
    for path in (ROOT / "templates").rglob("*.html"):
        if path.name == "message_frame.html":
            continue  # a document of its own: its policy runs no script and allows styles
        text = path.read_text(encoding="utf-8")
        for mark in (' style="', " onclick=", " onload=", " onsubmit=", "<style", "javascript:"):
            if mark in text:
                wrong.append((path.name, mark))
    assert not wrong


def test_templates_load_nothing_from_elsewhere() -> None:
    wrong = [
        path.name
        for path in (ROOT / "templates").rglob("*.html")
        for mark in ('src="http', 'href="http', "src='http", 'src="//', 'href="//')
        if mark in path.read_text(encoding="utf-8")
    ]
    assert not wrong


# Neither a tag of Django nor a text that also stands in an attribute can be broken.
LONGER = {
    "webmail/compose/_title.html": "a text without any whitespace around it",
    "webmail/search/_found_words.html": "one condition",
    "webmail/compose/compose.html": "one condition",
}


def test_lines_of_templates_have_at_most_120_characters() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "templates").rglob("*.html")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 120
        and not (
            path.relative_to(ROOT / "templates").as_posix() in LONGER
            and line.lstrip().startswith("{%")
        )
    }
    assert not long


def test_what_is_said_to_screen_readers_alone_stands_in_plain_sections() -> None:
    """Orca passes over a status bar whose text changes while other texts do."""
    bars = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "templates").rglob("*.html")
        for tag in re.findall(r"<\w+[^>]*>", path.read_text(encoding="utf-8"))
        if 'class="sr"' in tag and 'role="status"' in tag
    ]
    assert not bars, 'write <div class="sr" aria-live="polite">'


# One has no icon; the class of the other, its address and its icon depend on two things each.
OWN_BANNERS = {"webmail/compose/_sending.html", "webmail/adverts/_advert_notice.html"}


def test_banners_are_written_by_their_tag() -> None:
    """``{% banner %}`` gives each kind its icon. Forms that are banners themselves have a class."""
    by_hand = {
        path.relative_to(ROOT / "templates").as_posix()
        for path in (ROOT / "templates").rglob("*.html")
        if '<div class="banner"' in (text := path.read_text(encoding="utf-8"))
        or '<div class="banner ' in text
    }
    assert by_hand == OWN_BANNERS


# The frames of pages, which pages in several folders extend.
FRAMES = {
    "webmail": {"bare.html", "frame.html"},
    "accounts": {"plain.html"},
    "addressbook": {"frame.html"},
}


@each("app", FRAMES)
def test_pages_stand_in_folders(app: str) -> None:
    """Flat in the folder of an app are only frames, and partials of pages in several folders."""
    flat = {path.name for path in (ROOT / "templates" / app).glob("*.html")}
    pages = {name for name in flat if not name.startswith("_")}
    assert pages == FRAMES[app]
    folders: dict[str, set[Path]] = {name: set() for name in flat - pages}
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for name in folders:
            if f'"{app}/{name}"' in text:
                folders[name].add(path.parent)
    assert not {name for name, users in folders.items() if len(users) < 2}


def test_the_types_of_every_script_are_read() -> None:
    """TypeScript reads a script that asks for it in its first line, and believes what is told to
    ignore."""
    for path in sorted((ROOT / "webmail/static/webmail/js").glob("*.js")):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("// @ts-check\n"), path.name
        assert not re.search(r"@ts-(?:ignore|nocheck|expect-error)|\{(?:any|\*)\}", text), path.name


def test_no_script_moves_more_scrollers_than_its_own() -> None:
    """The browser's `scrollIntoView` scrolls every ancestor, also those that users cannot scroll
    back. `js/scrolling.js` moves the nearest one."""
    bare = [
        f"{path.name}:{number}"
        for path in sorted((ROOT / "webmail/static/webmail/js").glob("*.js"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "scrollIntoView" in line and not line.lstrip().startswith("//")
    ]
    assert bare == []


# Rooms whose public functions are found by searching for their names.
SEARCHED = (
    *("accounts", "addressbook", "core"),
    *("webmail/presentation", "webmail/reader", "webmail/adverts", "webmail/migrating"),
    *("webmail/backups", "webmail/personal", "webmail/administration"),
)
BARE = {"read", "of", "find", "each", "last", "inside"}


def test_public_functions_have_names_that_can_be_searched() -> None:
    bare = {
        f"{path.relative_to(ROOT)}:{node.name}"
        for room in SEARCHED
        for path in (ROOT / room).rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name in BARE
    }
    assert not bare
