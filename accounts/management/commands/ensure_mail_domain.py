"""``bin/manage ensure_mail_domain``: create the default mail domain from the environment."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import MailDomain


class Command(BaseCommand):
    help = "Create or update the mail domain WEBMAIL_DOMAIN from WEBMAIL_IMAP_URL and so on."

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.MAIL_DOMAIN and settings.IMAP_URL):
            raise CommandError("Set WEBMAIL_DOMAIN and WEBMAIL_IMAP_URL.")
        domain = MailDomain.objects.all().make_from_environment()
        self.stderr.write(f"{domain}: {domain.imap_host}:{domain.imap_port}")
