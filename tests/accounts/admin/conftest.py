"""People with a role, in browsers of their own; the second factor is another test's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import MailDomain, User

BACKEND = "accounts.backends.LocalAdministratorBackend"


@pytest.fixture(autouse=True)
def without_codes(settings, clean_cache: None) -> None:
    settings.ADMIN_NEEDS_TOTP = False


@pytest.fixture
def domain(db: None) -> MailDomain:
    """Nobody asks its servers: nothing listens on port 1."""
    return MailDomain.objects.create(
        name="ac-exemple.fr",
        is_default=True,
        login_form=MailDomain.LoginForm.LOCAL,
        imap_host="127.0.0.1",
        imap_port=1,
        imap_security=MailDomain.Security.NONE,
    )


@pytest.fixture
def person(domain: MailDomain) -> Callable[..., User]:
    """`person("aide", "support")`: a mail user with these roles."""

    def make(login: str, *roles: str) -> User:
        user, _new = User.objects.get_or_create(
            mail_domain=domain, login=login, defaults={"address": f"{login}.martin@ac-exemple.fr"}
        )
        user.groups.set(Group.objects.filter(name__in=roles))
        return user

    return make


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


@pytest.fixture
def administrator(person: Callable[..., User]) -> Client:
    return browser(person("patronne", "administrator"))


@pytest.fixture
def support(person: Callable[..., User]) -> Client:
    return browser(person("aide", "support"))


@pytest.fixture
def auditor(person: Callable[..., User]) -> Client:
    return browser(person("controle", "auditor"))


@pytest.fixture
def teacher(person: Callable[..., User]) -> Client:
    return browser(person("prof"))
