"""A person's settings, as the pure modules are given them."""

from __future__ import annotations

import pytest

from accounts.lookup import MailSettings, ServerSetting


@pytest.fixture
def francoise() -> MailSettings:
    """Her login does not show in her address; sending is by STARTTLS."""
    return MailSettings(
        name="Françoise Durand",
        address="francoise.durand@ac-exemple.fr",
        login="fdurand",
        servers=(
            ServerSetting("imap", "imap.ac-exemple.fr", 993, "tls"),
            ServerSetting("smtp", "smtp.ac-exemple.fr", 587, "starttls"),
            ServerSetting("pop", "pop.ac-exemple.fr", 995, "tls"),
        ),
        webmail_url="https://webmail.ac-exemple.fr",
        domain="ac-exemple.fr",
        authority="Académie d’Exemple",
    )
