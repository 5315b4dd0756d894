"""The permissions of each role: one table, in code, so that no row of the database can widen it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

ADMINISTRATOR, SUPPORT, AUDITOR = "administrator", "support", "auditor"
ROLES: Final = (ADMINISTRATOR, SUPPORT, AUDITOR)

# May find out why something does not work for somebody, lift limits, reset a second factor.
HELP_PEOPLE: Final = "accounts.help_people"
EXPORT_AUDIT: Final = "accounts.export_auditevent"

# An administrator may do everything, and so stands not here.
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
    """Whether one of the roles has the permission, an ``app.verb_model`` as Django names them."""
    return any(
        role == ADMINISTRATOR or permission in _GRANTED.get(role, frozenset()) for role in roles
    )


def may_enter(roles: Iterable[str], app_label: str) -> bool:
    """Whether one of the roles has any permission in the app."""
    return any(
        role == ADMINISTRATOR
        or any(word.startswith(f"{app_label}.") for word in _GRANTED.get(role, frozenset()))
        for role in roles
    )
