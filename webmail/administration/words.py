"""Phrases of Django's admin that our catalogue translates anew: Django's own French puts an article
or a preposition before each model's name, whatever its gender and first letter are."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop

PHRASES: Final = (
    gettext_noop("Add %s"),
    gettext_noop("Change %s"),
    gettext_noop("View %s"),
    gettext_noop("Select %s"),
    gettext_noop("Select %s to change"),
    gettext_noop("Select %s to view"),
    gettext_noop("Add %(name)s"),
    gettext_noop("Add another %(verbose_name)s"),
)
