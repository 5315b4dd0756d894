"""The words to an administrator about second factors that another login might go around."""

from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.checks import run_checks
from django.utils import timezone

from accounts.checks import second_factors
from accounts.models import MailDomain, User

pytestmark = pytest.mark.django_db


def make(domain: MailDomain, login: str, number: str = "", *, secured: bool = False) -> User:
    user = User.objects.create(
        mail_domain=domain, login=login, mailbox_id=number, last_login=timezone.now()
    )
    if secured:
        TOTP.activate(user, generate_totp_secret())
    return user


def test_a_server_that_tells_no_mailbox_is_named_where_it_matters(
    mail_domain: MailDomain, settings
) -> None:
    make(mail_domain, "alice")
    assert second_factors() == []
    make(mail_domain, "bob", secured=True)
    (warning,) = second_factors()
    assert warning.id == "accounts.W001" and "ac-exemple.fr" in warning.msg
    assert warning in run_checks(include_deployment_checks=True)
    settings.ONE_LOGIN_PER_MAILBOX = True
    assert second_factors() == []


def test_who_has_not_come_back_is_counted(mail_domain: MailDomain) -> None:
    bob = make(mail_domain, "bob", secured=True)
    make(mail_domain, "alice", "a" * 32)
    (warning,) = second_factors()
    assert warning.id == "accounts.W002" and warning.msg.startswith("1 utilisateur de")
    User.objects.filter(pk=bob.pk).update(mailbox_id="b" * 32)
    assert second_factors() == []
