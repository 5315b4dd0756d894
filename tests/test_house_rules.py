"""Who may import whom: every import in the project is held against the table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.cases import each

ROOT = Path(__file__).parent.parent
OURS = ("webmail", "accounts", "addressbook", "demo")

# A module and all below it may import these of ours (itself always); None: nothing but the standard
# library and the named libraries.
ALLOWED: dict[str, set[str]] = {
    # The ground: any other app may import these.
    "webmail.accessibility": set(),
    "webmail.errors": set(),
    "webmail.environment": set(),
    "webmail.version": set(),
    "webmail.folding": set(),
    "webmail.avatars": set(),
    "webmail.bearer": set(),
    "webmail.clock": set(),
    "webmail.unwritable": set(),
    "webmail.converters": set(),
    "webmail.dates": set(),
    "webmail.sizes": set(),
    "webmail.tls": set(),
    "webmail.help": {"webmail.folding"},
    "webmail.htmx": set(),
    "webmail.ldap_server": {"webmail.errors"},
    "webmail.preferences.hours": set(),
    "webmail.preferences": {"webmail.converters", "webmail.folding"},
    "webmail.probing": {
        "accounts.models",
        "accounts.session",
        "webmail.clock",
        "webmail.errors",
        "webmail.imap",
        "webmail.mailbox",
        "webmail.models",
        "webmail.smtp",
    },
    "webmail.preferences.enforcing": {
        "accounts.membership",
        "accounts.models",
        "webmail.models",
        "webmail.preferences",
    },
    "webmail.remote": {"webmail.errors"},
    "webmail.spreadsheets": set(),
    "webmail.zips": set(),
    "webmail.smtp": {"webmail.bearer", "webmail.errors", "webmail.mime", "webmail.tls"},
    # The lower floors: bytes, protocols, mailboxes.
    "webmail.mime": set(),
    "webmail.imap": {
        "webmail.bearer",
        "webmail.errors",
        "webmail.serving.measures",
        "webmail.mime",
        "webmail.tls",
    },
    "webmail.sieve": {
        "webmail.bearer",
        "webmail.errors",
        "webmail.folding",
        "webmail.mime",
        "webmail.tls",
    },
    "webmail.sandbox": {"webmail.errors"},
    "webmail.mailbox": {
        "webmail.errors",
        "webmail.folding",
        "webmail.imap",
        "webmail.mime",
        "webmail.sandbox",
        "webmail.sieve",
    },
    "webmail.previews": {
        "webmail.errors",
        "webmail.mime",
        "webmail.sandbox",
        "webmail.zips",
    },
    "webmail.previews.vcards": {
        "addressbook.contact_data",
        "addressbook.vcard",
        "webmail.previews",
    },
    # The upper floors: what people and pages need.
    "webmail.models": {
        "accounts.claims",
        "accounts.models.prepared",
        "webmail.clock",
        "webmail.preferences",
    },
    "webmail.adverts.correspondence": {
        "accounts.models",
        "addressbook.contacts",
        "webmail.adverts.classify",
        "webmail.mime",
        "webmail.models",
        "webmail.sandbox",
    },
    "webmail.adverts.learning": {
        "webmail.clock",
        "accounts.models",
        "webmail.adverts.classify",
        "webmail.models",
    },
    "webmail.adverts.rspamd": {"webmail.errors"},
    "webmail.adverts.judging": {
        "webmail.clock",
        "accounts.http",
        "webmail.adverts.classify",
        "webmail.adverts.correspondence",
        "webmail.adverts.learning",
        "webmail.adverts.rspamd",
        "webmail.errors",
        "webmail.imap",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.models",
    },
    "webmail.adverts.teaching": {
        "accounts.http",
        "webmail.adverts.classify",
        "webmail.adverts.judging",
        "webmail.adverts.learning",
        "webmail.adverts.rspamd",
        "webmail.errors",
        "webmail.imap",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.models",
    },
    "webmail.adverts.unsubscribing": {
        "webmail.clock",
        "accounts.models",
        "webmail.errors",
        "webmail.models",
        "webmail.remote",
    },
    "webmail.adverts.campaigns": {
        "webmail.adverts.classify",
        "webmail.adverts.correspondence",
        "webmail.folding",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.models",
    },
    "webmail.adverts.pulling": {
        "webmail.clock",
        "accounts.audit",
        "accounts.claims",
        "accounts.http",
        "accounts.models",
        "accounts.session",
        "webmail.adverts.campaigns",
        "webmail.adverts.judging",
        "webmail.errors",
        "webmail.imap",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.models",
    },
    "webmail.adverts.reporting": {
        "accounts.http",
        "accounts.models",
        "accounts.session",
        "webmail.adverts.campaigns",
        "webmail.adverts.judging",
        "webmail.errors",
        "webmail.imap",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.models",
        "webmail.smtp",
    },
    "webmail.adverts.classify": {"webmail.folding", "webmail.mime"},
    "webmail.presentation": {
        "webmail.avatars",
        "webmail.converters",
        "webmail.dates",
        "webmail.errors",
        "webmail.imap.quota",
        "webmail.imap.values",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.sieve",
        "webmail.sizes",
    },
    "webmail.presentation.away": {"webmail.clock", "webmail.presentation", "webmail.sieve"},
    "webmail.presentation.failures": {
        "webmail.errors",
        "webmail.presentation",
        "webmail.writing.files",
    },
    "webmail.presentation.marks": {"webmail.folding"},
    "webmail.presentation.first_steps": {"accounts.models", "webmail.models"},
    "webmail.presentation.rest": {
        "webmail.dates",
        "webmail.preferences",
        "webmail.writing.working_hours",
    },
    "webmail.presentation.settings": {"webmail.folding", "webmail.preferences"},
    "webmail.presentation.transfers": {
        "webmail.models",
        "webmail.presentation.words",
        "webmail.transfer.tallies",
    },
    "webmail.presentation.sending": {
        "webmail.dates",
        "webmail.outbox.awaited",
        "webmail.presentation.words",
    },
    "webmail.presentation.tracing": {
        "webmail.dates",
        "webmail.imap.values",
        "webmail.mailbox",
        "webmail.models",
        "webmail.presentation",
    },
    "webmail.forms.transfers": {"webmail.forms", "webmail.models"},
    "webmail.forms.search": {
        "webmail.converters",
        "webmail.mailbox.query",
        "webmail.mailbox.search",
        "webmail.presentation",
    },
    "webmail.forms.rules": {
        "webmail.converters",
        "webmail.imap.connection",
        "webmail.presentation",
        "webmail.sieve",
    },
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
    "webmail.writing": {
        "accounts.http",
        "accounts.models",
        "accounts.sealed_files",
        "accounts.sealed_rows",
        "accounts.session",
        "addressbook.contacts",
        "webmail.clock",
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
        "webmail.reader.html",
        "webmail.sandbox",
        "webmail.smtp",
        "webmail.zips",
    },
    "webmail.writing.fields": {"webmail.folding"},
    "webmail.writing.matching": {"webmail.folding"},
    "webmail.writing.roster_reading": {
        "addressbook.charsets",
        "addressbook.importers",
        "webmail.mime",
        "webmail.previews",
        "webmail.writing.fields",
    },
    "webmail.reader.image_proxy": {
        "webmail.errors",
        "webmail.mime",
        "webmail.models",
        "webmail.remote",
    },
    "webmail.reader.attachments": {
        "webmail.errors",
        "webmail.imap",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.previews",
    },
    "webmail.reader.conversions": {
        "webmail.clock",
        "accounts.credentials",
        "accounts.models",
        "accounts.sealed_files",
        "webmail.errors",
        "webmail.models",
        "webmail.previews",
    },
    "webmail.reader.events": {
        "webmail.clock",
        "accounts.models",
        "webmail.imap.values",
        "webmail.mime",
        "webmail.models",
        "webmail.previews",
    },
    "webmail.reader.invitations": {"webmail.dates", "webmail.previews"},
    "webmail.reader.html": {
        "accounts.http",
        "accounts.session",
        "accounts.session_cache",
        "addressbook.contacts",
        "webmail.adverts.judging",
        "webmail.forms.messages",
        "webmail.imap",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.models",
        "webmail.presentation",
        "webmail.reader.image_proxy",
        "webmail.sandbox",
    },
    "webmail.reader.streaming": {
        "webmail.imap",
        "webmail.mailbox.reading",
        "webmail.mime",
        "webmail.zips",
    },
    "webmail.reader.thumbnails": {"accounts.session_cache", "webmail.previews"},
    "webmail.outbox": {
        "accounts.claims",
        "accounts.http",
        "accounts.lending",
        "accounts.models",
        "accounts.sealed_files",
        "accounts.session",
        "webmail.clock",
        "webmail.errors",
        "webmail.imap",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.models",
        "webmail.smtp",
        "webmail.writing",
    },
    "webmail.jobs.forking": {"webmail.celery"},
    "webmail.jobs.running": {"webmail.celery", "webmail.jobs.forking", "webmail.jobs.queues"},
    "webmail.jobs.threads": {"webmail.jobs.forking", "webmail.jobs.queues"},
    "webmail.jobs.mail_jobs": {
        "accounts.audit",
        "accounts.claims",
        "accounts.http",
        "accounts.lending",
        "accounts.models",
        "accounts.session",
        "webmail.clock",
        "webmail.errors",
        "webmail.imap",
        "webmail.jobs.share_jobs",
        "webmail.mailbox",
        "webmail.models",
    },
    "webmail.jobs.share_jobs": {
        "accounts.claims",
        "accounts.http",
        "accounts.lending",
        "webmail.clock",
        "webmail.imap",
        "webmail.mailbox",
        "webmail.models",
    },
    "webmail.personal": {
        "webmail.clock",
        "accounts.claims",
        "accounts.kept",
        "accounts.models",
        "accounts.sealed_files",
        "accounts.sealed_rows",
        "accounts.sessions",
        "addressbook.contacts",
        "addressbook.imports.jobs",
        "addressbook.models",
        "webmail.errors",
        "webmail.models",
        "webmail.outbox",
        "webmail.transfer.jobs",
        "webmail.writing",
        "webmail.zips",
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
    "webmail.transfer.mbox": {"webmail.imap.values", "webmail.mime"},
    "webmail.transfer.maildir": {"webmail.imap.values"},
    "webmail.transfer.names": set(),
    "webmail.transfer.tallies": set(),
    "webmail.transfer.beside": {"webmail.transfer.maildir"},
    "webmail.transfer.zipping": set(),
    "webmail.transfer.tarring": set(),
    "webmail.transfer.writing": {
        "webmail.transfer.beside",
        "webmail.errors",
        "webmail.imap.values",
        "webmail.mime",
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
        "webmail.clock",
        "webmail.errors",
        "webmail.imap",
        "webmail.jobs.mail_jobs",
        "webmail.mailbox",
        "webmail.mime",
        "webmail.models",
        "webmail.remote",
        "webmail.sandbox",
        "webmail.zips",
    },
    "webmail.serving.reports": {"webmail.serving.logs", "webmail.version"},
    "webmail.serving.bodies": {"accounts.network", "webmail.errors"},
    "webmail.serving.shares": {
        "accounts.session",
        "webmail.errors",
        "webmail.serving.bodies",
        "webmail.serving.origins",
    },
    "webmail.serving.errands": {"webmail.errors", "webmail.remote", "webmail.serving.shares"},
    "webmail.serving.health": {
        "accounts.installation",
        "accounts.jobs",
        "accounts.network",
        "webmail.models",
        "webmail.sandbox",
    },
    "webmail.serving.headers": set(),
    "webmail.serving.origins": {"accounts.http"},
    "webmail.serving.templating": {"webmail.presentation.icons"},
    "webmail.serving.measures": set(),
    "webmail.serving.metrics": {
        "webmail.backups",
        "webmail.clock",
        "accounts.dashboard",
        "accounts.jobs",
        "webmail.serving.measures",
        "webmail.models",
        "webmail.probing",
        "webmail.sandbox.walls",
        "webmail.serving.health",
    },
    "webmail.serving.processes": {
        "accounts.providers.proof",
        "webmail.jobs.queues",
        "webmail.jobs.running",
        "webmail.serving.warming",
    },
    "webmail.serving.warming": {
        "accounts.providers",
        "webmail.adverts.classify",
        "webmail.dates",
        "webmail.sandbox",
        "webmail.serving.health",
    },
    "webmail.serving.push": {
        "accounts.session",
        "webmail.errors",
        "webmail.imap",
        "webmail.serving.measures",
        "webmail.presentation",
    },
    "webmail.serving.checks": {
        "accounts.installation",
        "accounts.jobs",
        "webmail.previews.office",
        "webmail.sandbox.walls",
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
        "accounts.views.support",
        "webmail",
    },
    "webmail.templatetags": {
        "webmail.help",
        "webmail.presentation",
        "webmail.serving.logs",
        "webmail.sizes",
    },
    "webmail.upgrading": {
        "accounts.doctor",
        "accounts.installation",
        "webmail.backups",
        "webmail.version",
    },
    "webmail.management.commands.upgrade": {"webmail.upgrading"},
    "webmail.php": set(),
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
        "webmail.imap.names",
        "webmail.mailbox.query",
        "webmail.mime",
        "webmail.models",
        "webmail.php",
        "webmail.preferences",
        "webmail.spreadsheets",
        "webmail.writing",
    },
    "webmail.management.commands.migrate_horde": {"webmail.migrating"},
    "webmail.management.commands.migrate_roundcube": {"webmail.migrating"},
    "webmail.management.commands.sbom": {"webmail.version"},
    "webmail.management.commands.backup": {"webmail.backups"},
    "webmail.management.commands.restore": {"webmail.backups"},
    "webmail.management.commands.classify_message": {
        "webmail.adverts.classify",
        "webmail.presentation.adverts",
    },
    "webmail.management.commands.train_adverts": {"webmail.adverts.classify"},
    "webmail.management.commands.write_settings_docs": {"webmail.environment"},
    "webmail.management.commands.run_workers": {"webmail.jobs.queues", "webmail.jobs.running"},
    "webmail.management.commands.write_accents": {"webmail.folding", "webmail.mailbox.accents"},
    # Django's plumbing.
    "webmail.settings": {
        "webmail.environment",
        "accounts.autoconfig.signing",
        "accounts.numen",
        "accounts.oidc.keys",
        "webmail.jobs.queues",
        "webmail.serving.logs",
    },
    "webmail.apps": {
        "webmail.celery",
        "webmail.sandbox",
        "webmail.serving",
    },
    "webmail.asgi": {"webmail.serving", "webmail.wsgi"},
    "webmail.urls": {"webmail.converters", "webmail.views"},
    "webmail.admin": {
        "accounts.admin_pages",
        "webmail.models",
        "webmail.preferences",
        "webmail.presentation",
        "webmail.sizes",
    },
    "webmail.context": {
        "webmail.migrating.telling",
        "webmail.outbox.awaited",
        "webmail.outbox.counting",
        "webmail.preferences",
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
        "webmail.clock",
        "webmail.dates",
        "webmail.outbox",
        "webmail.version",
    },
    "webmail.middleware": {
        "accounts.arrival",
        "webmail.errors",
        "webmail.htmx",
        "webmail.serving.measures",
        "webmail.models",
        "webmail.preferences",
        "webmail.sandbox",
        "webmail.serving.bodies",
        "webmail.serving.health",
        "webmail.serving.logs",
        "webmail.serving.metrics",
    },
    "webmail.celery": {"webmail.serving.logs"},
    "webmail.tasks": {
        "addressbook.contacts",
        "webmail.adverts.judging",
        "webmail.adverts.pulling",
        "webmail.adverts.unsubscribing",
        "webmail.jobs.mail_jobs",
        "webmail.models",
        "webmail.outbox",
        "webmail.personal",
        "webmail.preferences",
        "webmail.probing",
        "webmail.reader.conversions",
        "webmail.transfer.jobs",
        "webmail.writing",
    },
    # The other apps.
    "accounts.numen": {"webmail.folding"},
    "accounts.passwords.policy": {"accounts.numen", "webmail.folding"},
    "accounts.dashboard": {
        "accounts",
        "webmail.models",
        "webmail.serving.health",
    },
    "accounts.doctor": {
        "webmail.backups",
        "webmail.clock",
        "accounts",
        "webmail.environment",
        "webmail.errors",
        "webmail.previews.office",
        "webmail.probing",
        "webmail.sandbox.walls",
        "webmail.sizes",
    },
    "accounts.doctor.keys": {
        "accounts",
        "webmail.errors",
        "webmail.models",
        "webmail.writing.sealing",
    },
    "accounts.providers.proof": {"accounts.own_address", "webmail.serving.logs"},
    "accounts.logos": {"webmail.previews", "webmail.sandbox"},
    "accounts.sends": {"accounts", "webmail.models"},
    "accounts": {
        "webmail.accessibility",
        "webmail.avatars",
        "webmail.bearer",
        "webmail.clock",
        "webmail.dates",
        "webmail.errors",
        "webmail.folding",
        "webmail.help",
        "webmail.htmx",
        "webmail.imap",
        "webmail.jobs.queues",
        "webmail.ldap_server",
        "webmail.preferences",
        "webmail.remote",
        "webmail.sieve",
        "webmail.smtp",
        "webmail.spreadsheets",
        "webmail.tls",
        "webmail.unwritable",
        "webmail.version",
    },
    "addressbook.contact_data": set(),
    "addressbook.folding": {"webmail.folding"},
    "addressbook.charsets": set(),
    "addressbook.vcard": {"addressbook.charsets", "addressbook.contact_data"},
    # Attachments and address books come in the same zips: one reader that no bomb deceives.
    "addressbook.importers": {
        "addressbook.charsets",
        "addressbook.contact_data",
        "addressbook.folding",
        "addressbook.vcard",
        "webmail.php",
        "webmail.previews.converters",
        "webmail.spreadsheets",
        "webmail.zips",
    },
    "addressbook": {
        "webmail.clock",
        "accounts.admin_columns",
        "accounts.admin_pages",
        "accounts.audit",
        "accounts.claims",
        "accounts.http",
        "accounts.models",
        "accounts.sealed_files",
        "webmail.avatars",
        "webmail.errors",
        "webmail.folding",
        "webmail.htmx",
        "webmail.ldap_server",
        "webmail.preferences",
        "webmail.sandbox",
        "webmail.spreadsheets",
    },
    "demo": {
        "accounts",
        "addressbook",
        "webmail",
    },
}
# Pure modules: no Django, no I/O, no clock, no settings.
PURE = (
    "webmail.folding",
    "webmail.preferences.hours",
    "webmail.php",
    "webmail.zips",
    "webmail.mime",
    "webmail.adverts.classify",
    "accounts.numen",
    "addressbook.contact_data",
    "addressbook.folding",
    "addressbook.charsets",
    "addressbook.vcard",
    "addressbook.importers",
)
NO_DJANGO = (
    "webmail.errors",
    "webmail.tls",
    "webmail.folding",
    "webmail.zips",
    "webmail.ldap_server",
    "webmail.mime",
    "webmail.adverts.classify",
    "webmail.imap",
    "webmail.bearer",
    "webmail.smtp",
    "webmail.adverts.rspamd",
    "webmail.sandbox",
    "webmail.sieve",
    "webmail.mailbox",
    "webmail.reader.attachments",
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
