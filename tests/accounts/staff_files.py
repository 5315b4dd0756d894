"""Staff files as tests write them: colleagues by number, and the cells that differ."""

from __future__ import annotations

import io
from collections.abc import Iterable

from accounts import staff_import
from accounts.models import StaffImport
from accounts.staff_import import Options

NAMES = {
    "numen": "NUMEN",
    "nom": "Nom",
    "prenom": "Prénom",
    "naissance": "Date de naissance",
    "identifiant": "Identifiant",
    "adresse": "Adresse",
    "uai": "UAI",
    "actif": "Actif",
}
Cells = dict[str, str]


def numen(n: int) -> str:
    return f"20E05{n:05}AAA"


def colleague(n: int, **cells: str) -> Cells:
    """The cells of the nth colleague's row."""
    return {
        "numen": numen(n),
        "nom": f"Nom{n}",
        "prenom": "Zoé",
        "naissance": f"{n % 28 + 1:02}/05/1980",
        "identifiant": f"agent{n}",
        "adresse": f"agent.{n}@ac-exemple.fr",
        "uai": "0800001X",
        "actif": "oui",
    } | cells


def csv(rows: Iterable[Cells], without: Iterable[str] = ()) -> bytes:
    names = [name for name in NAMES if name not in without]
    lines = [";".join(NAMES[name] for name in names)]
    lines += [";".join(row[name] for name in names) for row in rows]
    return "\n".join(lines).encode()


def colleagues(*numbers: int) -> bytes:
    return csv(colleague(n) for n in numbers)


def bring_in(content: bytes, **options: bool) -> StaffImport:
    """Run an import to where it goes by itself."""
    job = staff_import.begin("agents.csv", None, Options(**options))
    staff_import.run(job.pk, lambda: io.BytesIO(content))
    job.refresh_from_db()
    return job
