"""``bin/manage update_catalogue``: update the catalogues of ``locale/`` from the sources.

Django's makemessages needs GNU gettext, which many machines lack; Babel reads the same sources.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation.template import templatize

KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
APPS = ("core", "mail", "webmail", "accounts", "addressbook")


def _sources() -> Iterator[tuple[Path, str]]:
    """Yield each file that may contain translatable texts, as Python source."""
    for app in APPS:
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, path.read_text(encoding="utf-8")
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.*")):
        source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
        # The indentation of a template would be an error in Python.
        yield path, "\n".join(line.lstrip() for line in source.splitlines())


def extracted() -> Catalog:
    """Return a catalogue of all messages in the sources, without translations."""
    catalogue = Catalog(project="webmail", charset="utf-8")
    for path, source in _sources():
        place = str(path.relative_to(settings.BASE_DIR))
        messages = extract(
            "python",
            io.BytesIO(source.encode()),
            KEYWORDS,
            ["Translators:"],
            strip_comment_tags=True,
        )
        for _line, message, comments, context in messages:
            # Line numbers are left out: they change with every edit and do not help translators.
            catalogue.add(message, None, [(place, 1)], auto_comments=comments, context=context)
    return catalogue


class Command(BaseCommand):
    help = "Update the message catalogues from the sources."

    def handle(self, *args: Any, **options: Any) -> None:
        fresh = extracted()
        for path in sorted((settings.BASE_DIR / "locale").glob("*/LC_MESSAGES/django.po")):
            with path.open("rb") as file:
                catalogue = read_po(file)
            catalogue.update(fresh, no_fuzzy_matching=True)
            catalogue.obsolete.clear()
            with path.open("wb") as file:
                write_po(file, catalogue, width=100, include_lineno=False, sort_output=True)
            missing = len(
                [1 for message in catalogue if message.id and not is_translated(message.string)]
            )
            self.stderr.write(f"{path}: {len(catalogue)} messages, {missing} to translate")


def is_translated(string: str | tuple[str, ...] | list[str] | None) -> bool:
    """Return whether a translation, or each of its plural forms, is present."""
    return all(string) if isinstance(string, (tuple, list)) else bool(string)
