"""Backups of an installation: database and spool in one folder, restored into an empty
installation.

The keys are not included, so a backup alone cannot be read (docs/install.md).
"""

from webmail.backups.contents import BackupRefused, last_backup
from webmail.backups.making import make
from webmail.backups.restoring import restore
from webmail.backups.rotating import Kept
from webmail.backups.rotating import make as make_in_turn

__all__ = ["BackupRefused", "Kept", "last_backup", "make", "make_in_turn", "restore"]
