"""The lines that docs/install.md tells an administrator to type."""

from __future__ import annotations

import re
from pathlib import Path

_INSTALL = Path(__file__).resolve().parents[2] / "docs" / "install.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# LibreOffice, which an installation may do without.
_OPTIONAL = re.compile(r"libreoffice|unshare -rn")
# What the package has done already, by its section.
_BY_THE_PACKAGE = re.compile(r"sudo (mkdir|install|apt-get) ")


def section(heading: str) -> list[str]:
    """The lines of all blocks of the section with this heading."""
    text = _INSTALL.read_text(encoding="utf-8")
    _before, found, rest = text.partition(f"\n## {heading}\n")
    if not found:
        raise LookupError(f"docs/install.md has no section {heading}.")
    body = rest.partition("\n## ")[0]
    return [line for block in _BLOCK.findall(body) for line in block.splitlines() if line.strip()]


def by_hand() -> list[str]:
    """From the first package to https."""
    headings = (
        "1. Programs and code", "2. Database", "3. Settings", "4. First start", "5. Services",
        "6. nginx and https",
    )  # fmt: skip
    return [line for name in headings for line in section(name) if not _OPTIONAL.search(line)]


def by_package() -> list[str]:
    """The same with the Debian package, which replaces section 1 and parts of three others."""
    lines = [*section("As a Debian package"), *section("2. Database")]
    for heading in ("3. Settings", "4. First start", "5. Services"):
        lines += [line for line in section(heading) if not _BY_THE_PACKAGE.match(line)]
    return [*lines, *section("6. nginx and https")]
