"""The user whose password a driver changes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PasswordOwner:
    """``login`` is the login on the mail server, in lower case; ``address`` is the user's address,
    ``domain`` the name of the mail domain."""

    login: str
    address: str
    domain: str

    @property
    def values(self) -> dict[str, str]:
        """Return the values for placeholders in paths, statements and distinguished names."""
        local = self.login.partition("@")[0]
        return {
            "login": self.login,
            "local": local,
            "address": self.address,
            "domain": self.domain,
        }
