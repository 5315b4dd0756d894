"""The driver that changes the passwords of a mail domain.

The kind of driver is a column of the domain; connections and secrets are in the environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from accounts.models import MailDomain
from accounts.passwords.dovecot import PasswdFile
from accounts.passwords.owner import PasswordOwner
from accounts.passwords.sql import PARAMETERS, PasswordTable

Kind = MailDomain.PasswordDriver
Value = TypeVar("Value")


class Driver(Protocol):
    """A way to change a password."""

    def change(self, owner: PasswordOwner, old: str, new: str) -> None:
        """Replace the old password by the new one. Raises SignInNeeded (the old one is refused),
        ServerRefused (the new one is refused) or ServerUnavailable; after any of them, either
        password may be valid."""


def driver_of(domain: MailDomain) -> Driver | None:
    """Return the domain's driver; None when passwords are changed elsewhere. Raises
    ImproperlyConfigured with the variable's name when a setting is missing or wrong."""
    match domain.password_driver:
        case Kind.DOVECOT:
            return _passwd_file(domain)
        case Kind.SQL:
            return _table(domain)
        case Kind.LDAP:
            return _directory(domain)
        case _:
            return None


def _passwd_file(domain: MailDomain) -> Driver:
    path = _setting("WEBMAIL_PASSWORD_DOVECOT_PATH", settings.PASSWORD_DOVECOT_PATH, domain)
    return PasswdFile(Path(path.replace("{domain}", domain.name)), settings.PASSWORD_SCHEME)


def _table(domain: MailDomain) -> Driver:
    database = _setting("WEBMAIL_PASSWORD_SQL_URL", settings.PASSWORD_SQL_DATABASES, domain)
    name = "WEBMAIL_PASSWORD_SQL_STATEMENT"
    statement = _setting(name, settings.PASSWORD_SQL_STATEMENT, domain)
    _check_statement(name, statement)
    return PasswordTable(database, statement, settings.PASSWORD_SCHEME)


def _check_statement(name: str, statement: str) -> None:
    """Check that the statement names the user and the new password. Raises ImproperlyConfigured."""
    used = {parameter for parameter in PARAMETERS if f"%({parameter})s" in statement}
    try:
        statement % dict.fromkeys(PARAMETERS, "")
    except (KeyError, ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error
    is_update = statement.lstrip().upper().startswith("UPDATE ")
    if not (is_update and "password" in used and used & {"login", "local", "address"}):
        raise ImproperlyConfigured(
            f"{name} must be an UPDATE with %(password)s and, to say whose,"
            " %(login)s, %(local)s or %(address)s"
        )


def _directory(domain: MailDomain) -> Driver:
    url = _setting("WEBMAIL_PASSWORD_LDAP_URL", settings.PASSWORD_LDAP_URL, domain)
    name = _setting("WEBMAIL_PASSWORD_LDAP_DN", settings.PASSWORD_LDAP_DN, domain)
    _check_name(name)
    if find_spec("ldap") is None:
        raise ImproperlyConfigured("python-ldap is not installed: requirements-ldap.txt")
    from accounts.passwords.ldap import PasswordDirectory

    return PasswordDirectory(url, name, settings.IMAP_TIMEOUT, settings.TLS_CA_FILE)


def _check_name(name: str) -> None:
    """Check that the distinguished name differs between users. Raises ImproperlyConfigured."""
    people = (PasswordOwner("one", "one@x", "x"), PasswordOwner("two", "two@x", "x"))
    try:
        names = {name.format_map(person.values) for person in people}
    except (KeyError, ValueError, IndexError) as error:
        raise ImproperlyConfigured(f"WEBMAIL_PASSWORD_LDAP_DN: {error!r}") from error
    if len(names) < len(people):
        raise ImproperlyConfigured(
            "WEBMAIL_PASSWORD_LDAP_DN must hold {login}, {local} or {address}"
        )


def _setting(name: str, values: Mapping[str, Value], domain: MailDomain) -> Value:
    """Return the value for this domain, else the value for all domains."""
    suffix = re.sub(r"[.-]", "_", domain.name).upper()
    value = values.get(suffix) or values.get("")
    if not value:
        raise ImproperlyConfigured(f"{name} must be set: {domain.name} changes passwords by it")
    return value
