"""``bin/manage migrate_roundcube --database URL``: move the users of Roundcube here."""

from __future__ import annotations

from webmail.migrating import roundcube
from webmail.migrating.command import MoveCommand


class Command(MoveCommand):
    help = (
        "Move the users of Roundcube 1.4 to 1.7 with their identities, signatures, contacts,"
        " groups, collected recipients, trusted senders, canned responses and preferences. Each"
        " user is one transaction. Data that were moved before, and settings made here, do not"
        " change. Exit status: 0 all users were moved; 1 the command could not begin, or ended"
        " early; 3 some users were left out, the others were moved."
    )
    reader = roundcube
