"""The driver that a domain has, and what is missing for it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.admin.mail_domains import MailDomainForm
from accounts.models import MailDomain
from accounts.passwords import drivers
from accounts.passwords.dovecot import PasswdFile
from accounts.passwords.sql import PasswordTable
from webmail import settings as module

UPDATE = "UPDATE m SET p = %(password)s WHERE l = %(login)s"


def domain(driver: str, name: str = "ac-exemple.fr") -> MailDomain:
    return MailDomain(name=name, password_driver=driver)


def test_a_domain_without_driver_has_none() -> None:
    assert drivers.driver_of(domain("none")) is None


def test_a_value_for_one_domain_goes_before_the_one_for_all(settings) -> None:
    settings.PASSWORD_DOVECOT_PATH = {"": "/etc/{domain}/users", "AC_AUTRE_FR": "/srv/autre"}
    assert drivers.driver_of(domain("dovecot")) == PasswdFile(
        Path("/etc/ac-exemple.fr/users"), "argon2id"
    )
    assert drivers.driver_of(domain("dovecot", "ac-autre.fr")) == PasswdFile(
        Path("/srv/autre"), "argon2id"
    )


@pytest.mark.parametrize(
    ("driver", "variable"),
    [
        ("dovecot", "WEBMAIL_PASSWORD_DOVECOT_PATH"),
        ("sql", "WEBMAIL_PASSWORD_SQL_URL"),
        ("ldap", "WEBMAIL_PASSWORD_LDAP_URL"),
    ],
)
def test_what_is_missing_is_named(driver: str, variable: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=variable):
        drivers.driver_of(domain(driver))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM m WHERE l = %(login)s AND p = %(password)s",
        "UPDATE m SET p = %(password)s",
        "UPDATE m SET p = 'x' WHERE l = %(login)s",
        "UPDATE m SET p = %(password)s WHERE l = %(login)s AND d LIKE '%fr'",
        "UPDATE m SET p = %(password)s WHERE l = %(logni)s",
        "UPDATE m SET p = %(password)s WHERE d = %(domain)s",
    ],
)
def test_a_statement_that_cannot_be_right_is_refused(settings, statement: str) -> None:
    settings.PASSWORD_SQL_DATABASES = {"": module.database("sqlite:////x")}
    settings.PASSWORD_SQL_STATEMENT = {"": statement}
    with pytest.raises(ImproperlyConfigured, match="WEBMAIL_PASSWORD_SQL_STATEMENT"):
        drivers.driver_of(domain("sql"))


def test_a_table_is_made_of_its_settings(settings) -> None:
    settings.PASSWORD_SQL_DATABASES = {"": module.database("sqlite:////x")}
    settings.PASSWORD_SQL_STATEMENT = {"": UPDATE}
    made = drivers.driver_of(domain("sql"))
    assert isinstance(made, PasswordTable)
    assert made.statement == UPDATE


def test_a_directory_without_its_library_is_said(settings, monkeypatch) -> None:
    settings.PASSWORD_LDAP_URL, settings.PASSWORD_LDAP_DN = {"": "ldaps://x"}, {"": "uid={login}"}
    monkeypatch.setattr(drivers, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match="python-ldap"):
        drivers.driver_of(domain("ldap"))


@pytest.mark.parametrize("name", ["uid=x,o=y", "uid={login},o={nothing}", "uid={login", "uid={0}"])
def test_a_name_that_names_nobody_is_refused(settings, name: str) -> None:
    if importlib.util.find_spec("ldap") is None:
        pytest.skip("python-ldap is not installed")
    settings.PASSWORD_LDAP_URL, settings.PASSWORD_LDAP_DN = {"": "ldaps://x"}, {"": name}
    with pytest.raises(ImproperlyConfigured, match="WEBMAIL_PASSWORD_LDAP_DN"):
        drivers.driver_of(domain("ldap"))


def test_the_environment_knows_domains_apart(monkeypatch, tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://mail:x@db/autre\n")
    monkeypatch.setenv("WEBMAIL_PASSWORD_SQL_URL", "postgresql://mail:x@db/mail")
    monkeypatch.setenv("WEBMAIL_PASSWORD_SQL_URL__AC_AUTRE_FR_FILE", str(secret))
    assert module.env_by_domain("WEBMAIL_PASSWORD_SQL_URL") == {
        "": "postgresql://mail:x@db/mail",
        "AC_AUTRE_FR": "postgresql://mail:x@db/autre",
    }


@pytest.mark.django_db
def test_the_administrator_is_told_what_the_environment_lacks(settings) -> None:
    values = {
        "name": "ac-exemple.fr",
        "login_form": "local",
        "imap_host": "imap.ac-exemple.fr",
        "password_driver": "dovecot",
    }
    for prefix, port in MailDomain.DEFAULT_PORTS.items():
        values |= {f"{prefix}_port": str(port), f"{prefix}_security": "tls"}
    form = MailDomainForm(values)
    assert "WEBMAIL_PASSWORD_DOVECOT_PATH" in form.errors["password_driver"][0]
    settings.PASSWORD_DOVECOT_PATH = {"": "/etc/dovecot/users"}
    assert MailDomainForm(values).is_valid()
