"""``bin/manage migrate_horde --database URL``: the users of Horde, brought here."""

from __future__ import annotations

from webmail.migrating import horde
from webmail.migrating.command import MoveCommand


class Command(MoveCommand):
    help = (
        "Bring the users of Horde 3 to 5 (IMP and Turba) with their identities, signatures,"
        " contacts, lists, recipients, trusted senders and preferences. Each user is one"
        " transaction; what was brought before, or chosen here, stays as it is. Exit status: 0 all"
        " users are in; 1 it could not begin, or ended early; 3 some users were left out, the"
        " others are in."
    )
    reader = horde.Reader()
