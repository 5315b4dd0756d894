"""The keys of the environment, compared with the marks that they once left in the database."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Final

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from accounts.models import KeyMark, SignInProvider

SECRET: Final = "WEBMAIL_SECRET_KEY"  # noqa: S105  the name of a setting
LENDING: Final = "WEBMAIL_LENDING_KEY"
_SEALED_IN_FACTORS: Final = ("secret", "seed")


def _keys() -> dict[str, list[bytes]]:
    """Return the keys by setting, the one in use first."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return {
        SECRET: [secret.encode() for secret in secrets],
        LENDING: [settings.LENDING_KEY, *settings.LENDING_KEY_FALLBACKS],
    }


def _mark(key: bytes) -> str:
    return hmac.digest(key, b"webmail canary", "sha256").hex()[:32]


def plant() -> None:
    """Leave the marks that are missing. Existing marks stay, also those of another key."""
    for setting, (key, *_former) in _keys().items():
        KeyMark.objects.get_or_create(setting=setting, defaults={"mark": _mark(key)})


def changed() -> Iterator[tuple[str, bool]]:
    """Yield each setting whose key is another one than the mark's, and whether the former key is
    still listed and opens what it sealed."""
    marks = dict(KeyMark.objects.values_list("setting", "mark"))
    for setting, keys in _keys().items():
        own = [_mark(key) for key in keys]
        if marks.get(setting, own[0]) != own[0]:
            yield setting, marks[setting] in own


@transaction.atomic
def adopt() -> int:
    """Seal second factors and the secrets of sign-in providers with the keys in use, and renew the
    marks. Return the number of rows that were sealed again. Raises InvalidToken or BrokenSeal, with
    nothing changed, when no listed key opens a row."""
    sealed = 0
    for factor in Authenticator.objects.select_for_update().order_by("pk"):
        for name in _SEALED_IN_FACTORS:
            if text := factor.data.get(name):
                factor.data[name] = get_adapter().encrypt(get_adapter().decrypt(text))
                sealed += 1
        factor.save(update_fields=["data"])
    for provider in SignInProvider.objects.select_for_update().exclude(sealed_secret=b""):
        provider.secret = provider.secret
        provider.save(update_fields=["sealed_secret"])
        sealed += 1
    for setting, (key, *_former) in _keys().items():
        KeyMark.objects.update_or_create(setting=setting, defaults={"mark": _mark(key)})
    return sealed
