"""``bin/manage adopt_keys``: seal with the new keys what former keys have sealed."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError

from accounts import key_marks
from accounts.sealed.rows import BrokenSeal


class Command(BaseCommand):
    help = (
        "Run this after WEBMAIL_SECRET_KEY or WEBMAIL_LENDING_KEY has become new,old and every"
        " process was restarted. It seals second factors and the secrets of sign-in providers with"
        " the new key."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sealed = key_marks.adopt()
        except (InvalidToken, BrokenSeal) as error:
            raise CommandError(
                "No listed key opens what is stored. Nothing was changed. Put the former key behind"
                " the new one, as new,old; or delete what is lost in the administration."
            ) from error
        self.stdout.write(f"Sealed with the keys in use: {sealed}. Keep the former key listed as")
        self.stdout.write("long as drafts and sessions of before shall open, 90 days at least.")
