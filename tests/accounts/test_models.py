"""The mail domain that the environment names."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.models import MailDomain

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def environment(settings) -> None:
    settings.MAIL_DOMAIN = "Ac-Exemple.FR"
    settings.IMAP_URL = "imaps://imap.exemple.fr"
    settings.LOGIN_FORM = "local"


def test_it_stays_the_default_however_often_it_is_made() -> None:
    for _time in range(2):
        domain = MailDomain.objects.all().make_from_environment()
        assert (domain.name, domain.is_default) == ("ac-exemple.fr", True)
    assert MailDomain.objects.count() == 1


def test_another_default_is_left_alone() -> None:
    MailDomain.objects.create(name="autre.fr", is_default=True, imap_host="imap.autre.fr")
    assert not MailDomain.objects.all().make_from_environment().is_default


def test_a_login_form_that_is_none_is_said(settings) -> None:
    settings.LOGIN_FORM = "adress"
    with pytest.raises(ImproperlyConfigured, match="WEBMAIL_LOGIN_FORM"):
        MailDomain.objects.all().make_from_environment()


def test_programs_form_a_login_as_the_domain_says() -> None:
    domain = MailDomain(name="ac-exemple.fr")
    formed = []
    for login_form in ("address", "local", "typed"):
        for program_login in ("", "address", "local", "none"):
            domain.login_form, domain.program_login = login_form, program_login
            formed.append(domain.formed_login)
    by_form = ["address", "local", ""]
    assert formed == ["address", *by_form, "local", *by_form, "", *by_form]
