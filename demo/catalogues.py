"""Compile the message catalogues with Babel, since gettext's own msgfmt is absent on most
machines."""

from __future__ import annotations

from pathlib import Path

from babel.messages import mofile, pofile

from demo.environment import catalogue_is_stale, catalogues


def compile_catalogue(po: Path) -> None:
    """Write the .mo file beside `po`. Fuzzy entries are left out, as by msgfmt."""
    with po.open("rb") as source:
        catalogue = pofile.read_po(source)
    finished = po.with_suffix(".mo.new")
    with finished.open("wb") as target:
        mofile.write_mo(target, catalogue)
    finished.replace(po.with_suffix(".mo"))


def main() -> None:
    for po in catalogues():
        if catalogue_is_stale(po):
            compile_catalogue(po)


if __name__ == "__main__":
    main()
