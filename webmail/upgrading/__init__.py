"""The upgrade of an installation to the version whose code is there, while the former one serves.

Every step leaves a state in which the processes of both versions work: static files and
translations of the new version come beside those of the old one, then the database gets what the
new version needs, then the services are told to start anew. `bin/manage upgrade` runs the steps.
"""

from webmail.upgrading.steps import STEPS, Options, UpgradeStopped, wait_for_services

__all__ = ["STEPS", "Options", "UpgradeStopped", "wait_for_services"]
