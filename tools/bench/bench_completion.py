"""How long completion takes on the server, with 10,000 contacts and a directory of 200,000 people,
and how long that directory takes to fill from the staff records. On SQLite and, where it is
installed, on PostgreSQL.

python -m tools.bench.bench_completion [PEOPLE] [CONTACTS]

Names are as frequent as in France: a few first names that many have, last names of a long tail,
and a hundredth of all people called Martin, Bernard or Thomas. Each text is asked for in random
order, five times; a time is that of `search.complete`, queries and all. On a
busy machine the processor time says more: on SQLite it holds everything, on PostgreSQL this process
alone.
"""

from __future__ import annotations

import os
import random
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Sequence

from tools.bench.databases import measure_on_each

PEOPLE, CONTACTS = 200_000, 10_000
TIMES = 5
DOMAIN = "ac-exemple.fr"
_FIRST_NAMES = (
    "Marie Jean Michel Philippe Nathalie Isabelle Catherine Sylvie Alain Patrick Christophe "
    "Sandrine Stéphane Christine Pierre Nicolas Martine Valérie Laurent Thierry Céline Julien "
    "Sophie Éric Frédéric Stéphanie Daniel Thomas Aurélie Véronique Christian Monique Françoise "
    "David Julie Pascal Laurence Sébastien Anne Camille Émilie Olivier Bruno Dominique Bernard "
    "Marion Brigitte Élodie Virginie Alexandre Chantal Maxime Corinne Antoine Mathieu Hélène "
    "Jacques Karine Delphine Pauline Florence Guillaume Jérôme Laura Marc François Vincent "
    "Gilles"
)
_LAST_NAMES = (
    "Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel "
    "Lefebvre Leroy Roux David Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine "
    "Rousseau Vincent Muller Lefèvre Faure André Mercier Blanc Guérin Boyer Garnier Chevalier "
    "François"
)
_SYLLABLES = (
    "ba be bi bo bou cha che cor da de del do du fa fer fo ga gau ger gui ha hen ja jo la lau "
    "le lem li lo ma mar mau me mo mon mor na ni no pa pe per pi po pou ra re ri ro rou sa sau "
    "se si so ta te ti to tou va vas ve vi wa"
)
_ENDS = "rd ux lle t nt in on eau ier et ot ez el is as aud"
_PROVIDERS = ("gmail.com", "orange.fr", "laposte.net", "wanadoo.fr", DOMAIN)
# From the second letter to the whole; several words; domains; nobody; a mistake.
ASKED: dict[str, tuple[str, ...]] = {
    "2 letters": ("ma", "je", "du", "le", "fr", "ac", "gm", "so", "be", "th"),
    "3 letters": ("mar", "jea", "ber", "dup", "sop", "exe", "ora", "cha", "fra", "mor"),
    "4 letters": ("mart", "jean", "mari", "dubo", "exem", "gmai", "laur", "fran", "roux", "chri"),
    "whole words": ("martin", "marie", "bernard", "sophie", "gmail", "exemple", "dominique"),
    "two words": ("ma du", "marie du", "mar ber", "jean-marc", "sophie.b", "martin exem", "th la"),
    "nobody": ("zz", "xyz", "qwxz", "ma zw", "martin xq", "li zo"),
    "a mistake": ("mratin", "brenard", "sohpie", "matrin du", "marei durand", "fransois", "dupnot"),
}


def _names(draw: random.Random) -> Iterator[tuple[str, str]]:
    first_names, last_names = _FIRST_NAMES.split(), _LAST_NAMES.split()
    syllables, ends = _SYLLABLES.split(), _ENDS.split()
    rare = [
        "".join(draw.choice(syllables) for _ in range(draw.choice((1, 2, 2, 3))))
        + draw.choice(ends)
        for _ in range(20_000)
    ]
    weights = [1 / (place + 3) for place in range(len(first_names))]
    while True:
        first = draw.choices(first_names, weights)[0]
        if draw.random() < 0.1:
            first += f"-{draw.choice(first_names)}"
        last = draw.choice(last_names) if draw.random() < 0.12 else draw.choice(rare).title()
        yield first, last


def fill(people: int, contacts_wanted: int) -> None:
    from accounts.models import MailDomain, StaffRecord, User
    from addressbook import contacts
    from addressbook.contact_data import ContactData, Email
    from addressbook.contacts import collected, groups
    from addressbook.directory import filling
    from addressbook.folding import fold

    names = _names(random.Random(2026))  # noqa: S311  invented people, always the same
    domain = MailDomain.objects.create(name=DOMAIN, is_default=True, imap_host="imap.example")
    for start in range(0, people, 5_000):
        StaffRecord.objects.bulk_create(
            StaffRecord(
                mail_domain=domain,
                login=f"agent{n}",
                first_name=first,
                last_name=last,
                address=f"{fold(first)}.{fold(last)}{n}@{DOMAIN}".replace(" ", "-"),
                school_uai=f"{n % 900:07}A",
                school_name=f"Collège numéro {n % 900}",
                discipline="Mathématiques",
                function="Professeur",
                numen_digest=n.to_bytes(32, "big"),
                lookup_digest=n.to_bytes(32, "little"),
            )
            for n, (first, last) in zip(
                range(start, min(start + 5_000, people)), names, strict=False
            )
        )
    for what in ("filled", "filled again"):
        begun, busy = time.perf_counter(), time.process_time()
        filled = filling.fill_from_staff()
        spent, worked = time.perf_counter() - begun, time.process_time() - busy
        print(  # noqa: T201
            f"  {what} in {spent:.1f} s, of which processor {worked:.1f} s: {filled}", flush=True
        )
    user = User.objects.create(
        mail_domain=domain, login="agent7", address=f"agent7@{DOMAIN}", name="Agent"
    )
    datas = [
        ContactData(
            first_name=first,
            last_name=last,
            emails=(Email(f"{fold(first)[0]}{fold(last)}{n}@{_PROVIDERS[n % 5]}"),),
        )
        for n, (first, last) in zip(range(contacts_wanted), names, strict=False)
    ]
    begun = time.perf_counter()
    made = contacts.create_many(user, datas)
    print(f"  {len(made)} contacts made in {time.perf_counter() - begun:.1f} s", flush=True)  # noqa: T201
    for n in range(40):
        group = groups.create(user, f"Parents {n}e {'ABCD'[n % 4]}")
        groups.add(group, [one.pk for one in made[n * 30 : n * 30 + 30]])
    written_to = [(data.display_name, data.emails[0].address) for data in datas[::3]]
    collected.record(user, written_to)
    families = [
        (f"Famille {last}", f"famille{n}@x.example")
        for n, (_first, last) in zip(range(2_000), names, strict=False)
    ]
    collected.record(user, families)


def measure(people: int, contacts_wanted: int) -> None:
    """In a process whose DATABASE_URL is a database of its own."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from accounts.models import User
    from addressbook.completion import search

    call_command("migrate", verbosity=0)
    fill(people, contacts_wanted)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as PostgreSQL does by itself within a minute
    user = User.objects.get(login="agent7")
    search.complete(user, "ma")
    tried = [(kind, text) for kind, texts in ASKED.items() for text in texts for _ in range(TIMES)]
    random.Random(1).shuffle(tried)  # noqa: S311
    times: dict[str, list[float]] = {kind: [] for kind in ASKED}
    worked: list[float] = []
    slowest = (0.0, "")
    for kind, text in tried:
        begun, busy = time.perf_counter(), time.process_time()
        search.complete(user, text)
        spent = (time.perf_counter() - begun) * 1000
        worked.append((time.process_time() - busy) * 1000)
        times[kind].append(spent)
        slowest = max(slowest, (spent, text))
    for kind, spent_ms in times.items():
        _print(kind, spent_ms)
    _print("all", [one for spent_ms in times.values() for one in spent_ms])
    _print("processor", worked)
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(  # noqa: T201
        f"  slowest “{slowest[1]}”; largest resident size {size:.0f} MB;"
        f" load of the machine {os.getloadavg()[0]:.1f}"
    )


def _print(kind: str, spent_ms: Sequence[float]) -> None:
    p95 = statistics.quantiles(spent_ms, n=20)[18]
    print(  # noqa: T201
        f"  {kind:<12} p50 {statistics.median(spent_ms):5.1f}  p95 {p95:5.1f}"
        f"  max {max(spent_ms):5.1f} ms",
        flush=True,
    )


if __name__ == "__main__":
    numbers = [word for word in sys.argv[1:] if word.isdigit()]
    if "--here" in sys.argv:
        people, contacts, *_more = [*map(int, numbers), *(PEOPLE, CONTACTS)[len(numbers) :]]
        measure(people, contacts)
    else:
        measure_on_each("bench_completion", *numbers)
