"""What a mail server of the tests offers to those who submit, and how it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from demo.servers.dovecot import MailAccount

SIZE_LIMIT, MOST_RECIPIENTS = 20_000, 3


@dataclass(frozen=True)
class Offers:
    """``tls`` is the certificate of a server that takes nothing before STARTTLS; ``hourly`` is how
    many messages an hour it takes, 0 for any number."""

    utf8: bool = False
    eight_bits: bool = True
    tls: Path | None = None
    hourly: int = 0


USUAL = Offers()


class Submitting(Protocol):
    """A server that takes mail of those who sign in and sends none. It refuses nobody@… for good,
    puts off full@…, and greylisted@… between `greylist` and `recognise`; of a message to
    infected@… or scanned@… alone it takes all, then refuses it or puts it off."""

    port: int
    accounts: Sequence[MailAccount]

    @property
    def taken(self) -> list[str]:
        """The numbers of the messages in its queue."""
        ...

    def content(self, number: str) -> bytes:
        """The text of a message in its queue, as it came and without its header."""
        ...

    def greylist(self) -> None: ...

    def recognise(self) -> None: ...
