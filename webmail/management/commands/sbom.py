"""``bin/manage sbom``: list the third-party components of the webmail, as CycloneDX or as a
table."""

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

from core import version

_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([A-Za-z0-9.+!_-]+)", re.MULTILINE)
_NPM: Final = re.compile(r"npm `([^`]+)`")
_VENDOR_LIST: Final = "webmail/static/webmail/vendor/README.md"
_EXTRAS: Final = {
    "requirements-ldap.txt": {
        "pyasn1": "BSD-2-Clause",
        "pyasn1-modules": "BSD",
        "python-ldap": "Python Software Foundation License",
    },
    "requirements-mysql.txt": {"pymysql": "MIT"},
    "requirements-sentry.txt": {"certifi": "MPL-2.0", "sentry-sdk": "MIT", "urllib3": "MIT"},
}
"""Optional requirements, with the licences of their packages, which cannot be read where they are
not installed."""
_LONGEST_NAME: Final = 60
"""Limit in characters: a longer field "License" holds the whole text of the licence."""


@dataclass(frozen=True, slots=True)
class Component:
    """A component. ``licence`` is in its maker's words, ``kind`` is the type of its package URL.
    ``extra`` is the requirements file of an optional component."""

    name: str
    version: str
    licence: str
    kind: str
    extra: str = ""

    @property
    def purl(self) -> str:
        name = self.name.lower() if self.kind == "pypi" else self.name.replace("@", "%40")
        return f"pkg:{self.kind}/{name}@{self.version}"


def components() -> list[Component]:
    """Return the pinned Python packages that are installed, the optional ones, and the files for
    browsers."""
    always = list(_packages())
    names = {component.name for component in always}
    extras = {component.name: component for component in _extras() if component.name not in names}
    return sorted(
        [*always, *extras.values(), *_vendored()], key=lambda component: component.name.lower()
    )


def _packages() -> Iterator[Component]:
    for name, _version in _pinned("requirements.txt"):
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # a package for another system or Python
            continue
        yield Component(
            name, distribution.version, _licence(cast(Message, distribution.metadata)), "pypi"
        )


def _extras() -> Iterator[Component]:
    for file, licences in _EXTRAS.items():
        for name, pinned in _pinned(file):
            yield Component(name, pinned, licences.get(name, "not stated"), "pypi", file)


def _pinned(file: str) -> list[tuple[str, str]]:
    """Return the names and versions in a requirements file."""
    pinned: list[tuple[str, str]] = _PINNED.findall((settings.BASE_DIR / file).read_text())
    return pinned


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
    """Yield the components in the table of vendored files, whose columns are files, origin, version
    and licence."""
    for line in (settings.BASE_DIR / _VENDOR_LIST).read_text().splitlines():
        cells = line.strip("| ").split(" | ")
        if len(cells) == 4 and (match := _NPM.match(cells[1])):
            yield Component(match[1], cells[2], cells[3].partition(": `")[0], "npm")


def as_cyclonedx(packages: list[Component]) -> dict[str, Any]:
    """Return a bill of materials in CycloneDX 1.6."""
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
                "scope": "optional" if component.extra else "required",
                "licenses": [{"license": {"name": component.licence}}],
            }
            for component in packages
        ],
    }


class Command(BaseCommand):
    help = "Print the third-party components of the webmail, as CycloneDX 1.6."
    requires_system_checks: list[str] = []  # noqa: RUF012  as Django declares it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--licences", action="store_true", help="As a table of licences.")

    def handle(self, *args: Any, licences: bool, **options: Any) -> None:
        packages = components()
        if not licences:
            self.stdout.write(json.dumps(as_cyclonedx(packages), ensure_ascii=False, indent=2))
            return
        for component in packages:
            extra = f" ({component.extra})" if component.extra else ""
            licence = f"{component.licence}{extra}"
            self.stdout.write(f"{component.name:32} {component.version:14} {licence}")
