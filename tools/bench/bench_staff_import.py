"""How long an import of staff records takes, and how much memory: into an empty database, the same
file again, and with everybody changed. On SQLite and, where it is installed, on PostgreSQL.

python -m tools.bench.bench_staff_import [ROWS]

Each database has a process of its own, whose largest resident size is printed at its end.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tools.bench.databases import measure_on_each

ROWS = 200_000
DOMAIN = "ac-exemple.fr"
_HEADINGS = (
    "NUMEN;Nom;Prénom;Date de naissance;Identifiant;Adresse;UAI;Nom de l’établissement;"
    "Discipline;Fonction;Actif"
)
_LAST_NAMES = ["Martin", "Durand", "Lefèvre", "Moreau", "Garçon", "Guérin", "Benoît", "Roussel"]
_FIRST_NAMES = ["Françoise", "Élodie", "Noël", "Hélène", "Zoé", "Maëlle", "Thomas", "Karim"]


def lines(count: int, function: str) -> Iterator[str]:
    """A staff file that is the same each time, but for the function."""
    yield _HEADINGS
    for n in range(count):
        numen = f"20E{5 + n % 20:02}{n // 17576 % 100000:05}{_letters(n)}"
        born = f"{n % 28 + 1:02}/{n % 12 + 1:02}/{1960 + n % 40}"
        yield (
            f"{numen};{_LAST_NAMES[n % 8]};{_FIRST_NAMES[n // 8 % 8]};{born};agent{n};"
            f"prenom.nom{n}@{DOMAIN};{n % 900:07}A;Collège numéro {n % 900};Mathématiques;"
            f"{function};oui"
        )


def _letters(n: int) -> str:
    return "".join(chr(65 + n // 26**place % 26) for place in (2, 1, 0))


def measure(rows: int) -> None:
    """In a process whose DATABASE_URL is a database of its own."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from accounts import numen, staff_import
    from accounts.models import MailDomain, StaffImport, StaffRecord

    call_command("migrate", verbosity=0)
    settings.NUMEN_KEYS = numen.parse_keys(f"bench:{'7' * 64}")
    MailDomain.objects.create(
        name=DOMAIN,
        is_default=True,
        login_form=MailDomain.LoginForm.LOCAL,
        imap_host="imap.example",
    )
    with tempfile.TemporaryDirectory() as folder:
        settings.SPOOL = Path(folder)
        for name, function in (("new", "Certifié"), ("the same", "Certifié"), ("all", "Agrégé")):
            file = Path(folder) / "staff.csv"
            file.write_text("\n".join(lines(rows, function)), encoding="utf-8")
            start, worked = time.perf_counter(), time.process_time()
            with file.open("rb") as content:
                job = staff_import.begin(
                    "staff.csv", iter(lambda: content.read(65536), b""), staff_import.Options()
                )
            staff_import.run(job.pk)
            seconds, worked = time.perf_counter() - start, time.process_time() - worked
            job.refresh_from_db()
            assert job.state == StaffImport.State.DONE, (job.state, job.failure, job.refusals[:3])
            assert StaffRecord.objects.count() == rows
            print(  # noqa: T201
                f"  {name:<9} {seconds:6.1f} s, of which processor {worked:5.1f} s:"
                f" {job.created} new, {job.updated} changed, {job.unchanged} unchanged"
            )
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  largest resident size {size:.0f} MB")  # noqa: T201


if __name__ == "__main__":
    if "--here" in sys.argv:
        measure(int(sys.argv[-1]))
    else:
        rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
        measure_on_each("bench_staff_import", rows, label=f"{rows} rows, ")
