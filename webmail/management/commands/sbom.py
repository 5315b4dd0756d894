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
    return sorted([*_packages(), *_vendored()], key=lambda component: component.name.lower())


def _packages() -> Iterator[Component]:
    for name in _PINNED.findall((settings.BASE_DIR / "requirements.txt").read_text()):
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # for another system or Python
            continue
        yield Component(
            name, distribution.version, _licence(cast(Message, distribution.metadata)), "pypi"
        )


def _licence(about: Message) -> str:
    classifiers = [
        classifier.rpartition(" :: ")[2]
        for classifier in about.get_all("Classifier") or []
        if classifier.startswith("License ::")
    ]
    stated = (about.get("License-Expression") or about.get("License") or "").strip()
    if stated and "\n" not in stated and len(stated) <= _LONGEST_NAME:
        return stated
    if classifiers:
        return ", ".join(classifiers)
    file = about.get("License-File")
    return f"see {file}" if file else "not stated"


def _vendored() -> Iterator[Component]:
    """Yield the components in the table of vendored files, whose columns are the files, their
    origin, version and licence."""
    for line in (settings.BASE_DIR / _VENDOR_LIST).read_text().splitlines():
        cells = line.strip("| ").split(" | ")
        if len(cells) == 4 and (match := _NPM.match(cells[1])):
            yield Component(match[1], cells[2], cells[3].partition(": `")[0], "npm")


def as_cyclonedx(packages: list[Component]) -> dict[str, Any]:
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
                "bom-ref": component.purl,
                "name": component.name,
                "version": component.version,
                "purl": component.purl,
                "licenses": [{"license": {"name": component.licence}}],
            }
            for component in packages
        ],
    }


class Command(BaseCommand):
    help = "Print what others made that is installed here, as a bill of materials (CycloneDX 1.6)."
    requires_system_checks: list[str] = []  # noqa: RUF012  as Django declares it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--licences", action="store_true", help="As a table of licences.")

    def handle(self, *args: Any, licences: bool, **options: Any) -> None:
        packages = components()
        if not licences:
            self.stdout.write(json.dumps(as_cyclonedx(packages), ensure_ascii=False, indent=2))
            return
        for component in packages:
            self.stdout.write(f"{component.name:32} {component.version:14} {component.licence}")
