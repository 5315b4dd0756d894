"""The reasons why an attachment is not shown."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The reason that the person is told."""

    DAMAGED = "damaged"
    """The file cannot be read as what it is."""
    TOO_LARGE = "too_large"
    """It is beyond a limit of size, pixels or number."""
    BOMB = "bomb"
    """It is small and would unfold into something huge, or is made to deceive its reader."""
    ENCRYPTED = "encrypted"
    """It asks for a password."""
    UNSUPPORTED = "unsupported"
    """This installation cannot show files of this kind."""
    NO_OFFICE = "no_office"
    """It needs LibreOffice, which is not installed or cannot be shut in."""
    TOO_SLOW = "too_slow"
    """It took longer than it may."""
    BUSY = "busy"
    """Another file is being converted; it may be tried again."""
    DOWN = "down"
    """The worker that would convert it cannot be told; it may be tried again."""


class NoPreview(Exception):
    """The attachment cannot be shown, only downloaded. ``reason`` is for the person, the message
    for the log: it holds nothing of the file's content."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(reason, message)
        self.reason = Reason(reason)

    def __str__(self) -> str:
        return str(self.args[1] or self.reason.value)
