"""The permissions of each role. The table is in the code, so that no row of the database can extend
it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

ADMINISTRATOR, SUPPORT, AUDITOR = "administrator", "support", "auditor"
ROLES: Final = (ADMINISTRATOR, SUPPORT, AUDITOR)

# Allows finding out why something does not work for a user, lifting limits, and resetting second
# factors.
HELP_PEOPLE: Final = "accounts.help_people"
EXPORT_AUDIT: Final = "accounts.export_auditevent"

# An administrator has all permissions, and is not listed here.
_GRANTED: Final[dict[str, frozenset[str]]] = {
    SUPPORT: frozenset(
        {
            HELP_PEOPLE,
            "accounts.view_user",
            "accounts.view_staffrecord",
            "mfa.view_authenticator",
        }
    ),
    AUDITOR: frozenset({"accounts.view_auditevent", EXPORT_AUDIT}),
}


def may(roles: Iterable[str], permission: str) -> bool:
    """Return whether one of the roles has the permission, named ``app.verb_model`` as in Django."""
    return any(
        role == ADMINISTRATOR or permission in _GRANTED.get(role, frozenset()) for role in roles
    )


def may_enter(roles: Iterable[str], app_label: str) -> bool:
    """Return whether one of the roles has any permission in the app."""
    return any(
        role == ADMINISTRATOR
        or any(word.startswith(f"{app_label}.") for word in _GRANTED.get(role, frozenset()))
        for role in roles
    )
