"""Who may import whom: every import in the project is held against the table."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("webmail", "accounts", "addressbook", "demo")

# A module and all below it may import these of ours (itself always); None: nothing but the standard
# library and the named libraries.
ALLOWED: dict[str, set[str]] = {
    "webmail.errors": set(),
    "webmail.folding": set(),
    "webmail.avatars": set(),
    "webmail.ldap_server": {"webmail.errors"},
    "webmail.spreadsheets": set(),
    "webmail.mime": set(),
    "webmail.adverts": {"webmail.folding", "webmail.mime"},
    "webmail.imap": {"webmail.mime", "webmail.errors"},
    "webmail.smtp": {"webmail.mime", "webmail.errors"},
    "webmail.sieve": {"webmail.mime", "webmail.errors"},
    "webmail.sandbox": {"webmail.errors"},
    "webmail.mailbox": {
        "webmail.sandbox",
        "webmail.folding",
        "webmail.imap",
        "webmail.sieve",
        "webmail.mime",
        "webmail.errors",
    },
    "webmail.previews": {"webmail.mime", "webmail.errors", "webmail.sandbox", "webmail.zips"},
    "webmail.previews.vcards": {
        "webmail.previews",
        "addressbook.contact_data",
        "addressbook.vcard",
    },
    "webmail.zips": set(),
    "webmail.remote": {"webmail.errors"},
    "webmail.preferences": set(),
    "webmail.converters": set(),
    "webmail.htmx": set(),
    "webmail.cache": set(),
    "webmail.storage": set(),
    "webmail.outbox": {
        "webmail.mailbox",
        "webmail.imap",
        "webmail.smtp",
        "webmail.mime",
        "webmail.models",
        "webmail.writing",
        "webmail.errors",
        "accounts.http",
        "accounts.lending",
        "accounts.models",
        "accounts.sealed_files",
        "accounts.session",
    },
    "webmail.writing": {
        "webmail.converters",
        "webmail.dates",
        "webmail.errors",
        "webmail.imap",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.models",
        "webmail.preferences",
        "webmail.presentation",
        "webmail.previews",
        "webmail.rendering",
        "webmail.sandbox",
        "webmail.smtp",
        "accounts.http",
        "accounts.models",
        "accounts.sealed_files",
        "accounts.sealed_rows",
        "accounts.session",
        "addressbook.contacts",
    },
    "webmail.image_proxy": {"webmail.mime", "webmail.remote", "webmail.models", "webmail.errors"},
    "webmail.models": {"webmail.preferences", "accounts.models.prepared"},
    "webmail.forms": {
        "webmail.converters",
        "webmail.imap.connection",
        "webmail.imap.values",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.preferences",
        "webmail.presentation",
        "webmail.writing",
    },
    "webmail.search_forms": {
        "webmail.converters",
        "webmail.mailbox.query",
        "webmail.mailbox.search",
        "webmail.presentation",
    },
    "webmail.rule_forms": {
        "webmail.converters",
        "webmail.imap.connection",
        "webmail.presentation",
        "webmail.sieve",
    },
    "webmail.dates": set(),
    "webmail.presentation": {
        "webmail.avatars",
        "webmail.dates",
        "webmail.converters",
        "webmail.errors",
        "webmail.imap.quota",
        "webmail.imap.values",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.sieve",
    },
    "webmail.attachments": {
        "webmail.mailbox",
        "webmail.imap",
        "webmail.mime",
        "webmail.previews",
        "webmail.errors",
    },
    "webmail.conversions": {
        "webmail.previews",
        "webmail.models",
        "webmail.errors",
        "accounts.credentials",
        "accounts.models",
        "accounts.sealed_files",
    },
    "webmail.invitations": {"webmail.previews", "webmail.dates"},
    "webmail.jobs": {
        "webmail.mailbox",
        "webmail.imap",
        "webmail.models",
        "webmail.errors",
        "accounts.audit",
        "accounts.http",
        "accounts.lending",
        "accounts.models",
        "accounts.session",
    },
    "webmail.correspondence": {
        "webmail.adverts",
        "webmail.mime",
        "webmail.models",
        "accounts.models",
        "addressbook.contacts",
    },
    "webmail.learning": {"webmail.adverts", "webmail.models", "accounts.models"},
    "webmail.rspamd": {"webmail.errors"},
    "webmail.judging": {
        "webmail.adverts",
        "webmail.correspondence",
        "webmail.learning",
        "webmail.rspamd",
        "webmail.imap",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.models",
        "webmail.errors",
        "accounts.http",
    },
    "webmail.teaching": {
        "webmail.adverts",
        "webmail.judging",
        "webmail.learning",
        "webmail.rspamd",
        "webmail.imap",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.models",
        "webmail.errors",
        "accounts.http",
    },
    "webmail.tasks": {
        "webmail.conversions",
        "webmail.jobs",
        "webmail.judging",
        "webmail.models",
        "webmail.outbox",
        "webmail.preferences",
        "webmail.unsubscribing",
        "webmail.writing",
        "addressbook.contacts",
    },
    "webmail.unsubscribing": {
        "webmail.models",
        "webmail.remote",
        "webmail.errors",
        "accounts.models",
    },
    "webmail.reporting": {
        "webmail.imap",
        "webmail.mime",
        "webmail.models",
        "webmail.smtp",
        "webmail.errors",
        "accounts.http",
        "accounts.session",
    },
    "webmail.away": {"webmail.presentation", "webmail.sieve"},
    "webmail.context": {
        "webmail.away",
        "webmail.outbox.counting",
        "webmail.preferences",
        "webmail.writing",
    },
    "webmail.queues": set(),
    "webmail.bodies": {"webmail.errors", "accounts.network"},
    "webmail.health": {"webmail.models", "webmail.sandbox", "accounts.jobs"},
    "webmail.warming": {"webmail.dates", "webmail.health", "webmail.sandbox"},
    "webmail.middleware": {
        "webmail.bodies",
        "webmail.health",
        "webmail.errors",
        "webmail.htmx",
        "webmail.models",
        "webmail.preferences",
    },
    "webmail.rendering": {
        "webmail",
        "accounts.session",
        "accounts.session_cache",
        "accounts.http",
        "addressbook.contacts",
    },
    "webmail.streaming": {"webmail"},
    "webmail.push": {"webmail", "accounts.session"},
    "webmail.thumbnails": {"webmail.previews", "accounts.session_cache"},
    "webmail.views": {
        "webmail",
        "addressbook.completion",
        "addressbook.contacts",
        "accounts.audit",
        "accounts.session",
        "accounts.session_cache",
        "accounts.http",
        "accounts.models",
        "accounts.forms",
    },
    "accounts.numen": {"webmail.folding"},
    "accounts.passwords.policy": {"accounts.numen", "webmail.folding"},
    "accounts.dashboard": {"accounts", "webmail.health", "webmail.models"},
    "accounts.sends": {"accounts", "webmail.models"},
    "addressbook.contact_data": set(),
    "addressbook.folding": {"webmail.folding"},
    "addressbook.charsets": set(),
    "addressbook.vcard": {"addressbook.charsets", "addressbook.contact_data"},
    "addressbook.importers": {
        "addressbook.charsets",
        "addressbook.contact_data",
        "addressbook.vcard",
        "addressbook.folding",
        # Attachments and address books come in the same zips: one reader that no bomb deceives.
        "webmail.zips",
    },
    "addressbook": {
        "webmail.avatars",
        "webmail.errors",
        "webmail.folding",
        "webmail.htmx",
        "webmail.ldap_server",
        "webmail.preferences",
        "webmail.sandbox",
        "webmail.spreadsheets",
        "accounts.admin_columns",
        "accounts.models",
        "accounts.audit",
        "accounts.http",
        "accounts.sealed_files",
    },
    "accounts": {
        "webmail.imap",
        "webmail.smtp",
        "webmail.sieve",
        "webmail.avatars",
        "webmail.dates",
        "webmail.errors",
        "webmail.folding",
        "webmail.htmx",
        "webmail.ldap_server",
        "webmail.preferences",
        "webmail.queues",
        "webmail.spreadsheets",
    },
}
# Pure modules: no Django, no I/O, no clock, no settings.
PURE = (
    "webmail.folding",
    "webmail.zips",
    "webmail.mime",
    "webmail.adverts",
    "accounts.numen",
    "addressbook.contact_data",
    "addressbook.folding",
    "addressbook.charsets",
    "addressbook.vcard",
    "addressbook.importers",
)
NO_DJANGO = (
    "webmail.errors",
    "webmail.folding",
    "webmail.zips",
    "webmail.ldap_server",
    "webmail.mime",
    "webmail.adverts",
    "webmail.imap",
    "webmail.smtp",
    "webmail.rspamd",
    "webmail.sandbox",
    "webmail.sieve",
    "webmail.mailbox",
    "webmail.attachments",
    "webmail.previews",
    "webmail.remote",
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


def imports(path: Path, module: str) -> Iterator[str]:
    """Dotted names imported anywhere in the file, also inside functions."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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


@pytest.mark.parametrize(("module", "path"), MODULES, ids=[name for name, _path in MODULES])
def test_a_module_imports_only_what_stands_below_it(module: str, path: Path) -> None:
    rules = [top for top in ALLOWED if below(module, (top,))]
    if not rules:
        return
    top = max(rules, key=len)
    wrong = [
        name
        for name in imports(path, module)
        if below(name, OURS) and not below(name, ALLOWED[top] | {top})
    ]
    assert not wrong


def test_only_the_imap_layer_knows_imap_tools() -> None:
    users = {
        module
        for module, path in MODULES
        if any(
            below(name, ("imap_tools", "imapclient", "imaplib")) for name in imports(path, module)
        )
    }
    assert all(below(module, ("webmail.imap", "demo")) for module in users), users


def test_the_floors_below_the_views_do_without_django() -> None:
    wrong = [
        (module, name)
        for module, path in MODULES
        if below(module, NO_DJANGO)
        for name in imports(path, module)
        if below(name, ("django",))
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


def test_nothing_imports_the_demo() -> None:
    wrong = [
        module
        for module, path in MODULES
        if not below(module, ("demo",)) and any(below(n, ("demo",)) for n in imports(path, module))
    ]
    assert not wrong


def test_no_module_is_a_drawer_for_anything() -> None:
    names = {"utils", "helpers", "common", "services", "managers", "misc"}
    assert not [module for module, _path in MODULES if module.rpartition(".")[2] in names]


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
