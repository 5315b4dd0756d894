"""``bin/manage write_settings_docs``: write docs/settings.md from the declarations."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand

from core.environment.page import page


class Command(BaseCommand):
    help = "Write docs/settings.md from the declarations in core/environment/declared.py."
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        (settings.BASE_DIR / "docs" / "settings.md").write_text(page(), encoding="utf-8")
