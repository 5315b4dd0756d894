"""``bin/manage create_oidc_key``: make a key that signs ID tokens for other services."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts.oidc import keys

_HOW = """\
This key signs what services are told about people who sign in to them. Keep it secret, in a file
that only the webmail may read, and name the file in WEBMAIL_OIDC_PRIVATE_KEY_FILE.

To replace a key without interrupting anybody:
 1. append the new key to the file of WEBMAIL_OIDC_OLD_KEYS_FILE, restart: it is published;
 2. an hour later, when every service has seen it, make it the one of WEBMAIL_OIDC_PRIVATE_KEY_FILE,
    put the former one in the file of old keys, restart: it signs, the former one stays published;
 3. after another hour, take the former one out, restart.
After a theft, skip the waiting: services then refuse sign-ins until they have read the new key.
"""


class Command(BaseCommand):
    help = "Print a new private key (PEM) for signing in to other services."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(keys.create(), ending="")
        self.stderr.write(_HOW)
