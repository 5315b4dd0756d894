"""Who may import whom: every import in the project is held against the table."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.cases import each

ROOT = Path(__file__).parent.parent
OURS = ("core", "mail", "webmail", "accounts", "addressbook", "demo")

# A module and all below it may import these of ours (itself always); None: nothing but the standard
# library and the named libraries.
ALLOWED: dict[str, set[str]] = {
    # The ground: any other app may import these.
    "core.accessibility": set(),
    "mail.errors": set(),
    "core.environment": set(),
    "core.version": set(),
    "mail.folding": set(),
    "core.avatars": set(),
    "mail.bearer": set(),
    "core.clock": set(),
    "core.unwritable": set(),
    "core.converters": set(),
    "core.dates": set(),
    "core.sizes": set(),
    "mail.tls": set(),
    "core.help": {"mail.folding"},
    "core.htmx": set(),
    "core.ldap_server": {"mail.errors"},
    "core.preferences.hours": set(),
    "core.preferences": {"core.converters", "mail.folding"},
    "webmail.probing": {
        "accounts.models",
        "accounts.session",
        "core.clock",
        "mail.errors",
        "mail.imap",
        "mail.mailbox",
        "webmail.models",
        "mail.smtp",
    },
    "webmail.enforcing": {
        "accounts.membership",
        "accounts.models",
        "webmail.models",
        "core.preferences",
    },
    "mail.remote": {"mail.errors"},
    "mail.spreadsheets": set(),
    "mail.zips": set(),
    "mail.smtp": {"mail.bearer", "mail.errors", "mail.mime", "mail.tls"},
    # The lower floors: bytes, protocols, mailboxes.
    "mail.mime": set(),
    "mail.imap": {
        "mail.bearer",
        "mail.errors",
        "webmail.serving.measures",
        "mail.mime",
        "mail.tls",
    },
    "mail.sieve": {
        "mail.bearer",
        "mail.errors",
        "mail.folding",
        "mail.mime",
        "mail.tls",
    },
    "mail.sandbox": {"mail.errors"},
    "mail.mailbox": {
        "mail.errors",
        "mail.folding",
        "mail.imap",
        "mail.mime",
        "mail.sandbox",
        "mail.sieve",
    },
    "mail.previews": {
        "mail.errors",
        "mail.mime",
        "mail.sandbox",
        "mail.zips",
    },
    "addressbook.vcard.preview": {
        "addressbook.contact_data",
        "addressbook.vcard",
        "mail.previews",
    },
    # The upper floors: what people and pages need.
    "webmail.models": {
        "accounts.claims",
        "accounts.models.prepared",
        "core.clock",
        "core.preferences",
    },
    "webmail.adverts.correspondence": {
        "accounts.models",
        "addressbook.contacts",
        "mail.judgement",
        "mail.mime",
        "webmail.models",
        "mail.sandbox",
    },
    "webmail.adverts.learning": {
        "core.clock",
        "accounts.models",
        "mail.judgement",
        "webmail.models",
    },
    "webmail.adverts.rspamd": {"mail.errors"},
    "webmail.adverts.judging": {
        "core.clock",
        "accounts.http",
        "mail.judgement",
        "webmail.adverts.correspondence",
        "webmail.adverts.learning",
        "webmail.adverts.rspamd",
        "mail.errors",
        "mail.imap",
        "mail.mailbox",
        "mail.mime",
        "webmail.models",
    },
    "webmail.adverts.teaching": {
        "accounts.http",
        "mail.judgement",
        "webmail.adverts.judging",
        "webmail.adverts.learning",
        "webmail.adverts.rspamd",
        "mail.errors",
        "mail.imap",
        "mail.mailbox",
        "mail.mime",
        "webmail.models",
    },
    "webmail.adverts.unsubscribing": {
        "core.clock",
        "accounts.models",
        "mail.errors",
        "webmail.models",
        "mail.remote",
    },
    "webmail.adverts.campaigns": {
        "mail.judgement",
        "webmail.adverts.correspondence",
        "mail.folding",
        "mail.mailbox",
        "mail.mime",
        "webmail.models",
    },
    "webmail.adverts.pulling": {
        "core.clock",
        "accounts.audit",
        "accounts.claims",
        "accounts.http",
        "accounts.models",
        "accounts.session",
        "webmail.adverts.campaigns",
        "webmail.adverts.judging",
        "mail.errors",
        "mail.imap",
        "mail.mailbox",
        "mail.mime",
        "webmail.models",
    },
    "webmail.adverts.reporting": {
        "accounts.http",
        "accounts.models",
        "accounts.session",
        "webmail.adverts.campaigns",
        "webmail.adverts.judging",
        "mail.errors",
        "mail.imap",
        "mail.mailbox",
        "mail.mime",
        "webmail.models",
        "mail.smtp",
    },
    "mail.judgement": {"mail.folding", "mail.mime"},
    "webmail.presentation": {
        "core.avatars",
        "core.converters",
        "core.dates",
        "mail.errors",
        "mail.imap.quota",
        "mail.imap.values",
        "mail.mailbox",
        "mail.mime",
        "mail.sieve",
        "core.sizes",
    },
    "webmail.presentation.away": {"core.clock", "webmail.presentation", "mail.sieve"},
    "webmail.presentation.failures": {
        "mail.errors",
        "webmail.presentation",
        "webmail.writing.files",
    },
    "webmail.presentation.marks": {"mail.folding"},
    "webmail.presentation.first_steps": {"accounts.models", "webmail.models"},
    "webmail.presentation.rest": {
        "core.dates",
        "core.preferences",
        "webmail.writing.working_hours",
    },
    "webmail.presentation.settings": {"mail.folding", "core.preferences"},
    "webmail.presentation.transfers": {
        "webmail.models",
        "webmail.presentation.words",
        "webmail.transfer.tallies",
    },
    "webmail.presentation.sending": {
        "core.dates",
        "webmail.outbox.awaited",
        "webmail.presentation.words",
    },
    "webmail.presentation.tracing": {
        "core.dates",
        "mail.imap.values",
        "mail.mailbox",
        "webmail.models",
        "webmail.presentation",
    },
    "webmail.forms.transfers": {"webmail.forms", "webmail.models"},
    "webmail.forms.search": {
        "core.converters",
        "mail.mailbox.query",
        "mail.mailbox.search",
        "webmail.presentation",
    },
    "webmail.forms.rules": {
        "core.converters",
        "mail.imap.connection",
        "webmail.presentation",
        "mail.sieve",
    },
    "webmail.forms": {
        "core.converters",
        "mail.imap.connection",
        "mail.imap.values",
        "mail.mailbox",
        "mail.mime",
        "core.preferences",
        "webmail.presentation",
        "webmail.writing",
    },
    "webmail.writing": {
        "accounts.http",
        "accounts.models",
        "accounts.sealed_files",
        "accounts.sealed_rows",
        "accounts.session",
        "addressbook.contacts",
        "core.clock",
        "core.converters",
        "core.dates",
        "mail.errors",
        "mail.imap",
        "mail.mailbox",
        "mail.mime",
        "webmail.models",
        "core.preferences",
        "webmail.presentation",
        "mail.previews",
        "webmail.reader.html",
        "mail.sandbox",
        "mail.smtp",
        "mail.zips",
    },
    "webmail.writing.fields": {"mail.folding"},
    "webmail.writing.matching": {"mail.folding"},
    "webmail.writing.roster_reading": {
        "addressbook.charsets",
        "addressbook.importers",
        "mail.mime",
        "mail.previews",
        "webmail.writing.fields",
    },
    "webmail.reader.image_proxy": {
        "mail.errors",
        "mail.mime",
        "webmail.models",
        "mail.remote",
    },
    "webmail.reader.attachments": {
        "mail.errors",
        "mail.imap",
        "mail.mailbox",
        "mail.mime",
        "mail.previews",
    },
    "webmail.reader.conversions": {
        "core.clock",
        "accounts.credentials",
        "accounts.models",
        "accounts.sealed_files",
        "mail.errors",
        "webmail.models",
        "mail.previews",
    },
    "webmail.reader.events": {
        "core.clock",
        "accounts.models",
        "mail.imap.values",
        "mail.mime",
        "webmail.models",
        "mail.previews",
    },
    "webmail.reader.invitations": {"core.dates", "mail.previews"},
    "webmail.reader.html": {
        "accounts.http",
        "accounts.session",
        "accounts.session_cache",
        "addressbook.contacts",
        "webmail.adverts.judging",
        "webmail.forms.messages",
        "mail.imap",
        "mail.mailbox",
        "mail.mime",
        "webmail.models",
        "webmail.presentation",
        "webmail.reader.image_proxy",
        "mail.sandbox",
    },
    "webmail.reader.streaming": {
        "mail.imap",
        "mail.mailbox.reading",
        "mail.mime",
        "mail.zips",
    },
    "webmail.reader.thumbnails": {"accounts.session_cache", "mail.previews"},
    "webmail.outbox": {
        "accounts.claims",
        "accounts.http",
        "accounts.lending",
        "accounts.models",
        "accounts.sealed_files",
        "accounts.session",
        "core.clock",
        "mail.errors",
        "mail.imap",
        "mail.mailbox",
        "mail.mime",
        "webmail.models",
        "mail.smtp",
        "webmail.writing",
    },
    "webmail.jobs.forking": {"webmail.celery"},
    "webmail.jobs.running": {"webmail.celery", "webmail.jobs.forking", "core.queues"},
    "webmail.jobs.threads": {"webmail.jobs.forking", "core.queues"},
    "webmail.jobs.mail_jobs": {
        "accounts.audit",
        "accounts.claims",
        "accounts.http",
        "accounts.lending",
        "accounts.models",
        "accounts.session",
        "core.clock",
        "mail.errors",
        "mail.imap",
        "webmail.jobs.share_jobs",
        "mail.mailbox",
        "webmail.models",
    },
    "webmail.jobs.share_jobs": {
        "accounts.claims",
        "accounts.http",
        "accounts.lending",
        "core.clock",
        "mail.imap",
        "mail.mailbox",
        "webmail.models",
    },
    "webmail.personal": {
        "core.clock",
        "accounts.claims",
        "accounts.kept",
        "accounts.models",
        "accounts.sealed_files",
        "accounts.sealed_rows",
        "accounts.sessions",
        "addressbook.contacts",
        "addressbook.imports.jobs",
        "addressbook.models",
        "mail.errors",
        "webmail.models",
        "webmail.outbox",
        "webmail.transfer.jobs",
        "webmail.writing",
        "mail.zips",
    },
    "webmail.views.own_data": {
        "accounts.audit",
        "accounts.http",
        "accounts.kept",
        "accounts.models",
        "accounts.session",
        "webmail",
    },
    # Bytes to messages and back.
    "webmail.transfer.mbox": {"mail.imap.values", "mail.mime"},
    "webmail.transfer.maildir": {"mail.imap.values"},
    "webmail.transfer.names": set(),
    "webmail.transfer.tallies": set(),
    "webmail.transfer.beside": {"webmail.transfer.maildir"},
    "webmail.transfer.zipping": set(),
    "webmail.transfer.tarring": set(),
    "webmail.transfer.writing": {
        "webmail.transfer.beside",
        "mail.errors",
        "mail.imap.values",
        "mail.mime",
        "webmail.transfer.maildir",
        "webmail.transfer.mbox",
        "webmail.transfer.names",
        "webmail.transfer.tarring",
        "webmail.transfer.zipping",
    },
    "webmail.transfer.store": {"accounts.sealed_files"},
    "webmail.transfer": {
        "accounts.claims",
        "accounts.http",
        "accounts.lending",
        "accounts.limits",
        "accounts.models",
        "accounts.sealed_files",
        "accounts.sealed_rows",
        "accounts.session",
        "core.clock",
        "mail.errors",
        "mail.imap",
        "webmail.jobs.mail_jobs",
        "mail.mailbox",
        "mail.mime",
        "webmail.models",
        "mail.remote",
        "mail.sandbox",
        "mail.zips",
    },
    "webmail.serving.reports": {"core.logs", "core.version"},
    "webmail.serving.bodies": {"accounts.network", "mail.errors"},
    "webmail.serving.shares": {
        "accounts.session",
        "mail.errors",
        "webmail.serving.bodies",
        "webmail.serving.origins",
    },
    "webmail.serving.health": {
        "accounts.installation",
        "accounts.jobs",
        "accounts.network",
        "webmail.models",
        "mail.sandbox",
    },
    "webmail.serving.headers": set(),
    "webmail.serving.origins": {"accounts.http"},
    "webmail.serving.templating": {"webmail.presentation.icons"},
    "webmail.serving.measures": set(),
    "webmail.serving.metrics": {
        "webmail.backups",
        "core.clock",
        "webmail.administration.dashboard",
        "accounts.jobs",
        "webmail.serving.measures",
        "webmail.models",
        "webmail.probing",
        "mail.sandbox.walls",
        "webmail.serving.health",
    },
    "webmail.serving.processes": {
        "accounts.providers.proof",
        "core.queues",
        "webmail.jobs.running",
        "webmail.serving.warming",
    },
    "webmail.serving.warming": {
        "accounts.providers",
        "mail.judgement",
        "core.dates",
        "mail.sandbox",
        "webmail.serving.health",
    },
    "webmail.serving.push": {
        "accounts.session",
        "mail.errors",
        "mail.imap",
        "webmail.serving.measures",
        "webmail.presentation",
    },
    "webmail.serving.checks": {
        "accounts.installation",
        "accounts.jobs",
        "mail.previews.office",
        "mail.sandbox.walls",
    },
    "webmail.views": {
        "accounts.audit",
        "accounts.binding",
        "accounts.forms",
        "accounts.http",
        "accounts.mailboxes",
        "accounts.models",
        "accounts.session",
        "accounts.session_cache",
        "accounts.themes",
        "addressbook.completion",
        "addressbook.contacts",
        "addressbook.directory.lists",
        "webmail",
    },
    "webmail.views.support": {
        "accounts.audit",
        "accounts.diagnosis",
        "accounts.models",
        "accounts.session",
        "webmail.administration.views.support",
        "webmail",
    },
    "webmail.templatetags": {
        "core.help",
        "webmail.presentation",
        "core.logs",
        "core.sizes",
    },
    "webmail.upgrading": {
        "webmail.doctor",
        "accounts.installation",
        "webmail.backups",
        "core.version",
    },
    "webmail.management.commands.upgrade": {"webmail.upgrading"},
    "addressbook.importers.php": set(),
    "webmail.migrating": {
        "accounts.audit",
        "accounts.models",
        "addressbook.charsets",
        "addressbook.contact_data",
        "addressbook.contacts",
        "addressbook.importers",
        "addressbook.imports.bringing",
        "addressbook.imports.owners",
        "addressbook.vcard",
        "mail.imap.names",
        "mail.mailbox.query",
        "mail.mime",
        "webmail.models",
        "addressbook.importers.php",
        "core.preferences",
        "mail.spreadsheets",
        "webmail.writing",
    },
    "webmail.management.commands.migrate_horde": {"webmail.migrating"},
    "webmail.management.commands.migrate_roundcube": {"webmail.migrating"},
    "webmail.management.commands.sbom": {"core.version"},
    "webmail.management.commands.backup": {"webmail.backups"},
    "webmail.management.commands.restore": {"webmail.backups"},
    "webmail.management.commands.classify_message": {
        "mail.judgement",
        "webmail.presentation.adverts",
    },
    "webmail.management.commands.train_adverts": {"mail.judgement"},
    "webmail.management.commands.write_settings_docs": {"core.environment"},
    "webmail.management.commands.run_workers": {"core.queues", "webmail.jobs.running"},
    "webmail.management.commands.write_accents": {"mail.folding", "mail.mailbox.accents"},
    # Django's plumbing.
    "webmail.settings": {
        "core.environment",
        "accounts.autoconfig.signing",
        "accounts.numen",
        "accounts.oidc.keys",
        "core.queues",
        "core.logs",
    },
    "webmail.apps": {
        "webmail.celery",
        "mail.sandbox",
        "webmail.serving",
    },
    "webmail.asgi": {"webmail.serving", "webmail.wsgi"},
    "webmail.urls": {"core.converters", "webmail.views"},
    "webmail.admin": {
        "accounts.admin_pages",
        "webmail.models",
        "core.preferences",
        "webmail.presentation",
        "core.sizes",
    },
    "webmail.context": {
        "webmail.migrating.telling",
        "webmail.outbox.awaited",
        "webmail.outbox.counting",
        "core.preferences",
        "accounts.models",
        "accounts.themes",
        "webmail.presentation.away",
        "webmail.presentation.first_steps",
        "webmail.presentation.panes",
        "webmail.presentation.rest",
        "webmail.presentation.sending",
        "webmail.writing",
    },
    "webmail.backups": {
        "accounts.models",
        "core.clock",
        "core.dates",
        "webmail.outbox",
        "core.version",
    },
    "webmail.middleware": {
        "accounts.arrival",
        "mail.errors",
        "core.htmx",
        "webmail.serving.measures",
        "webmail.models",
        "core.preferences",
        "mail.sandbox",
        "webmail.serving.bodies",
        "webmail.serving.health",
        "core.logs",
        "webmail.serving.metrics",
    },
    "webmail.celery": {"core.logs"},
    "webmail.tasks": {
        "addressbook.contacts",
        "webmail.adverts.judging",
        "webmail.adverts.pulling",
        "webmail.adverts.unsubscribing",
        "webmail.jobs.mail_jobs",
        "webmail.models",
        "webmail.outbox",
        "webmail.personal",
        "core.preferences",
        "webmail.probing",
        "webmail.reader.conversions",
        "webmail.transfer.jobs",
        "webmail.writing",
    },
    # The other apps.
    "accounts.numen": {"mail.folding"},
    "accounts.passwords.policy": {"accounts.numen", "mail.folding"},
    "webmail.administration.dashboard": {
        "accounts",
        "webmail.models",
        "webmail.serving.health",
    },
    "webmail.doctor": {
        "webmail.backups",
        "core.clock",
        "accounts",
        "core.environment",
        "mail.errors",
        "mail.previews.office",
        "webmail.probing",
        "mail.sandbox.walls",
        "core.sizes",
    },
    "accounts.providers.proof": {"accounts.own_address", "core.logs"},
    "accounts.logos": {"mail.previews", "mail.sandbox"},
    "webmail.administration.sends": {"accounts", "webmail.models"},
    "accounts": {
        "core.accessibility",
        "core.avatars",
        "mail.bearer",
        "core.clock",
        "core.dates",
        "mail.errors",
        "mail.folding",
        "core.help",
        "core.htmx",
        "mail.imap",
        "core.queues",
        "core.ldap_server",
        "core.preferences",
        "mail.remote",
        "mail.sieve",
        "mail.smtp",
        "mail.spreadsheets",
        "mail.tls",
        "core.unwritable",
        "core.version",
    },
    "addressbook.contact_data": set(),
    "addressbook.folding": {"mail.folding"},
    "addressbook.charsets": set(),
    "addressbook.vcard": {"addressbook.charsets", "addressbook.contact_data"},
    # Attachments and address books come in the same zips: one reader that no bomb deceives.
    "addressbook.importers": {
        "addressbook.charsets",
        "addressbook.contact_data",
        "addressbook.folding",
        "addressbook.vcard",
        "addressbook.importers.php",
        "mail.previews.converters",
        "mail.spreadsheets",
        "mail.zips",
    },
    "addressbook": {
        "core.clock",
        "accounts.admin_columns",
        "accounts.admin_pages",
        "accounts.audit",
        "accounts.claims",
        "accounts.http",
        "accounts.models",
        "accounts.sealed_files",
        "core.avatars",
        "mail.errors",
        "mail.folding",
        "core.htmx",
        "core.ldap_server",
        "core.preferences",
        "mail.sandbox",
        "mail.spreadsheets",
    },
    "demo": {
        "accounts",
        "addressbook",
        "webmail",
    },
}
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
NO_DJANGO = (
    "mail.errors",
    "mail.tls",
    "mail.folding",
    "mail.zips",
    "core.ldap_server",
    "mail.mime",
    "mail.judgement",
    "mail.imap",
    "mail.bearer",
    "mail.smtp",
    "webmail.adverts.rspamd",
    "mail.sandbox",
    "mail.sieve",
    "mail.mailbox",
    "webmail.reader.attachments",
    "mail.previews",
    "mail.remote",
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


@each(("module", "path"), MODULES, ids=[name for name, _path in MODULES])
def test_a_module_imports_only_what_stands_below_it(module: str, path: Path) -> None:
    ours = [name for name in imports(path, module) if below(name, OURS)]
    if not ours:
        return
    rules = [top for top in ALLOWED if below(module, (top,))]
    assert rules, f"{module} has no rule in ALLOWED"
    top = max(rules, key=len)
    assert not [name for name in ours if not below(name, ALLOWED[top] | {top})]


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


def test_only_the_imap_layer_knows_imap_tools() -> None:
    users = {
        module
        for module, path in MODULES
        if any(
            below(name, ("imap_tools", "imapclient", "imaplib")) for name in imports(path, module)
        )
    }
    assert all(below(module, ("mail.imap", "demo")) for module in users), users


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


LOWER = ("imap", "jobs", "mailbox", "mime", "models", "outbox", "sandbox", "sieve")
"""Rooms of the webmail whose classes are imported by name in many others."""


def test_a_public_class_of_the_lower_floors_has_a_name_of_its_own() -> None:
    modules_by_name: dict[str, list[str]] = {}
    for module, path in MODULES:
        if module.startswith(tuple(f"webmail.{room}." for room in LOWER)):
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
PATIENT = (
    *("bench", "demo_walk.py", "faults/ways.py"),
    *("deploy/containers", "deploy/machine.py", "deploy/walk.py"),
)
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
