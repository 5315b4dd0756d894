"""``bin/manage migrate_roundcube --database URL``: the users of Roundcube, brought here."""

from __future__ import annotations

from webmail.migrating import roundcube
from webmail.migrating.command import MoveCommand


class Command(MoveCommand):
    help = (
        "Bring the users of Roundcube 1.4 to 1.7 with their identities, signatures, contacts,"
        " groups, collected recipients, trusted senders, canned responses and preferences. Each"
        " user is one transaction; what was brought before, or chosen here, stays as it is. Exit"
        " status: 0 all users are in; 1 it could not begin, or ended early; 3 some users were left"
        " out, the others are in."
    )
    reader = roundcube
