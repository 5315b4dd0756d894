"""The findings about this machine itself: settings, files, LibreOffice."""

from __future__ import annotations

import os
import shutil
import ssl
from collections.abc import Iterator
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core import checks
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from accounts.health import installation
from accounts.health.findings import Finding, bad, ok, warn
from core.environment.declared import DECLARED, TOOLS, setting_of
from core.sizes import size
from mail.judgement import institutions
from mail.previews import office
from mail.sandbox import walls

_YEAR: Final = timedelta(days=366)
# Bytes that must be free in the spool: a morning's attachments of a few thousand users.
_ROOM: Final = 2 * 1024**3
# Other parts report these in more detail.
_SAID_ELSEWHERE: Final = frozenset(
    {"webmail.W003", "webmail.W005", "webmail.W006", "accounts.E001"}
)


def settings_findings() -> Iterator[Finding]:
    """Yield findings about unknown variables, and those of Django's and of this project's
    checks."""
    yield from _unknown_variables()
    yield from _tls_file()
    yield from signing_list(timezone.localdate())
    messages = [
        message
        for message in checks.run_checks(include_deployment_checks=True)
        if not message.is_silenced() and _counts(str(message.id))
    ]
    if not settings.HTTPS:
        yield warn(
            gettext("Users come by http: passwords and mail cross the network readable."),
            gettext("Put a proxy with https before it, and set WEBMAIL_BASE_URL to https://…"),
        )
    for message in messages:
        make = bad if message.is_serious(checks.ERROR) else warn
        yield make(str(message.msg), str(message.hint or ""))
    if not messages:
        yield ok(gettext("The checks of the settings find nothing."))


def signing_list(today: date) -> Iterator[Finding]:
    """Yield a finding where the list of institutions that sign their mail is older than a year."""
    renewed = institutions.signing_renewed()
    if today - renewed > _YEAR:
        yield warn(
            gettext("The list of institutions that sign all of their mail is from %(day)s.")
            % {"day": date_format(renewed)},
            gettext(
                "Update the webmail. An old list can hold an institution’s own mail for a fraud."
            ),
        )


def _counts(check: str) -> bool:
    is_of_https = check.startswith("security.")
    return check not in _SAID_ELSEWHERE and (settings.HTTPS or not is_of_https)


def _unknown_variables() -> Iterator[Finding]:
    for variable in sorted(os.environ):
        is_ours = variable.startswith("WEBMAIL_") and variable not in TOOLS
        if not is_ours or setting_of(variable):
            continue
        name = variable.removesuffix("_FILE").partition("__")[0]
        close = get_close_matches(name, DECLARED, 1)
        advice = gettext("Is %(name)s meant?") % {"name": close[0]} if close else ""
        yield bad(
            gettext("No setting is called %(name)s: it is not read.") % {"name": variable},
            advice or gettext("docs/settings.md names all settings."),
        )


def _tls_file() -> Iterator[Finding]:
    if not settings.TLS_CA_FILE:
        return
    try:
        ssl.create_default_context(cafile=settings.TLS_CA_FILE)
    except (OSError, ssl.SSLError) as error:
        words = {"file": settings.TLS_CA_FILE, "error": error.strerror or str(error)}
        yield bad(
            gettext("The certificates in %(file)s (WEBMAIL_TLS_CA_FILE) cannot be used: %(error)s")
            % words,
            gettext("It must be a file of certificates in PEM that this account may read."),
        )


def file_findings() -> Iterator[Finding]:
    """Yield the findings about the spool, the static files and the translations."""
    yield from _spool(settings.SPOOL)
    yield from _static_files()
    yield _walls()
    if not list(settings.BASE_DIR.glob("locale/*/LC_MESSAGES/django.mo")):
        yield bad(
            gettext("The translations are not compiled: pages are in English."),
            "pybabel compile --domain django --directory locale",
        )


def _spool(folder: Path) -> Iterator[Finding]:
    try:
        installation.write_to_spool(65_536)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        words = {"folder": folder, "error": error.strerror or error}
        yield bad(
            gettext("Nothing can be written to the spool %(folder)s: %(error)s") % words,
            gettext(
                "Give the account of the webmail this folder (WEBMAIL_SPOOL), or make room. Until"
                " then no file can be attached and no message sent."
            ),
        )
        return
    words = {"folder": folder, "free": size(free)}
    if free < _ROOM:
        yield warn(
            gettext("The spool %(folder)s has %(free)s left.") % words,
            gettext("Attachments and messages that wait lie there: make room."),
        )
    else:
        yield ok(gettext("The spool %(folder)s can be written to, and has %(free)s left.") % words)
    if folder.stat().st_mode & 0o007:
        yield warn(
            gettext("Everybody on this machine can open the spool %(folder)s.") % words,
            f"chmod 750 {folder}",
        )


def _static_files() -> Iterator[Finding]:
    storage = staticfiles_storage
    if settings.DEBUG or not isinstance(storage, ManifestFilesMixin):
        return
    if storage.read_manifest() is None:
        yield bad(
            gettext("The static files are not there: pages answer with an error."),
            "bin/manage collectstatic --no-input",
        )
    else:
        yield ok(gettext("The static files are there."))


def _walls() -> Finding:
    if walls.is_whole():
        return ok(gettext("Programs that read files of strangers run inside bubblewrap’s walls."))
    return warn(
        gettext(
            "Programs that read messages and files of strangers run without walls: one that is"
            " taken over reads all that the account of the webmail can read."
        ),
        gettext(
            "Install bubblewrap, and allow this account to make namespaces of users"
            " (docs/install.md, “Programs and code”)."
        ),
    )


def office_findings() -> Iterator[Finding]:
    """Yield a finding on whether LibreOffice can show office files as they are printed."""
    if settings.OFFICE == "off":
        yield ok(gettext("Office files are shown as text and tables (WEBMAIL_OFFICE)."))
    elif office.is_available():
        yield ok(gettext("LibreOffice shows office files as they are printed."))
    else:
        yield warn(
            gettext("LibreOffice is missing, or may not be shut in: files are shown as text."),
            gettext("docs/install.md, “Programs and code”, names the packages."),
        )
