"""The demo's second mail domain."""

from __future__ import annotations

import pytest

from accounts.looks import themes
from accounts.models import DomainTheme, MailDomain
from demo import domains

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]


def test_it_is_made_once_and_follows_the_servers(mail_domain: MailDomain) -> None:
    domains.set_up()
    second = MailDomain.objects.get(name=domains.NAME)
    assert (second.imap_port, second.is_default) == (mail_domain.imap_port, False)
    assert themes.of_domain(second.pk).logo
    mail_domain.imap_port = 4143
    mail_domain.save()
    domains.set_up()
    second.refresh_from_db()
    assert second.imap_port == 4143
    assert MailDomain.objects.count() == 2
    assert DomainTheme.objects.count() == 1
    assert MailDomain.objects.get(is_default=True) == mail_domain
