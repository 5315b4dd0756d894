"""The person whose password a driver changes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owner:
    """``login`` as the mail server is given it, in lower case; ``address`` beside it; ``domain``
    the mail domain's name."""

    login: str
    address: str
    domain: str

    @property
    def values(self) -> dict[str, str]:
        """The words for the owner in paths, statements and names, by placeholder."""
        local = self.login.partition("@")[0]
        return {
            "login": self.login,
            "local": local,
            "address": self.address,
            "domain": self.domain,
        }
