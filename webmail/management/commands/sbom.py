"""``bin/manage sbom``: what others made that is installed here, as CycloneDX or as a table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from importlib import metadata
from typing import Any, Final, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from webmail import version

_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
_NPM: Final = re.compile(r"npm `([^`]+)`")
_VENDOR_LIST: Final = "webmail/static/webmail/vendor/README.md"
_LONGEST_NAME: Final = 60
"""Characters: what is longer in the field "License" is the licence's whole text."""


@dataclass(frozen=True, slots=True)
class Component:
    """``licence`` is the maker's own words, ``kind`` that of a package URL."""

    name: str
    version: str
    licence: str
    kind: str

    @property
    def purl(self) -> str:
        name = self.name.lower() if self.kind == "pypi" else self.name.replace("@", "%40")
        return f"pkg:{self.kind}/{name}@{self.version}"


def components() -> list[Component]:
    """Return the pinned Python packages that are installed, and the files for browsers."""
    return sorted([*_packages(), *_vendored()], key=lambda one: one.name.lower())


def _packages() -> Iterator[Component]:
    for name in _PINNED.findall((settings.BASE_DIR / "requirements.txt").read_text()):
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # for another system or Python
            continue
        yield Component(name, found.version, _licence(cast(Message, found.metadata)), "pypi")


def _licence(about: Message) -> str:
    classifiers = [
        one.rpartition(" :: ")[2]
        for one in about.get_all("Classifier") or []
        if one.startswith("License ::")
    ]
    stated = (about.get("License-Expression") or about.get("License") or "").strip()
    if stated and "\n" not in stated and len(stated) <= _LONGEST_NAME:
        return stated
    if classifiers:
        return ", ".join(classifiers)
    file = about.get("License-File")
    return f"see {file}" if file else "not stated"


def _vendored() -> Iterator[Component]:
    """Yield what the rows of its table name: files, where they are from, version, licence."""
    for line in (settings.BASE_DIR / _VENDOR_LIST).read_text().splitlines():
        cells = line.strip("| ").split(" | ")
        if len(cells) == 4 and (found := _NPM.match(cells[1])):
            yield Component(found[1], cells[2], cells[3].partition(": `")[0], "npm")


def as_cyclonedx(found: list[Component]) -> dict[str, Any]:
    """Return a bill of materials of CycloneDX 1.6."""
    own = {"type": "application", "name": "webmail", "version": version.VERSION}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": own},
        "components": [
            {
                "type": "library",
                "bom-ref": one.purl,
                "name": one.name,
                "version": one.version,
                "purl": one.purl,
                "licenses": [{"license": {"name": one.licence}}],
            }
            for one in found
        ],
    }


class Command(BaseCommand):
    help = "Print what others made that is installed here, as a bill of materials (CycloneDX 1.6)."
    requires_system_checks: list[str] = []  # noqa: RUF012  as Django declares it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--licences", action="store_true", help="As a table of licences.")

    def handle(self, *args: Any, licences: bool, **options: Any) -> None:
        found = components()
        if not licences:
            self.stdout.write(json.dumps(as_cyclonedx(found), ensure_ascii=False, indent=2))
            return
        for one in found:
            self.stdout.write(f"{one.name:32} {one.version:14} {one.licence}")
