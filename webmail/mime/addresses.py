"""Mail addresses (RFC 5322 section 3.4)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address list: decoded display name and ``local@domain``; either may be empty."""

    name: str
    address: str

    @property
    def shown(self) -> str:
        """The name where there is one, else the address."""
        return self.name or self.address
