"""Upgrade an installation to the version of the installed code, while the former version serves.

After every step the processes of both versions work: static files and translations of the new
version are added to those of the old one, then the database is migrated, then the services restart.
`bin/manage upgrade` runs the steps.
"""

from webmail.upgrading.steps import STEPS, UpgradeOptions, UpgradeStopped, wait_for_services

__all__ = ["STEPS", "UpgradeOptions", "UpgradeStopped", "wait_for_services"]
