"""``bin/manage migrate_horde --database URL``: move the users of Horde here."""

from __future__ import annotations

from webmail.migrating import horde
from webmail.migrating.command import MoveCommand


class Command(MoveCommand):
    help = (
        "Move the users of Horde 3 to 5 (IMP and Turba) with their identities, signatures,"
        " contacts, lists, recipients, trusted senders and preferences. Each user is one"
        " transaction. Data that were moved before, and settings made here, do not change. Exit"
        " status: 0 all users were moved; 1 the command could not begin, or ended early; 3 some"
        " users were left out, the others were moved."
    )
    reader = horde.Reader()
