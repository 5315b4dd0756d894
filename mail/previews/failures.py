"""The reasons why an attachment is not shown."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The reason that the user is told."""

    DAMAGED = "damaged"
    """The file is damaged."""
    TOO_LARGE = "too_large"
    """The file exceeds a limit of size, pixels or number."""
    BOMB = "bomb"
    """The file is small but expands enormously, or is made to deceive a program that reads it."""
    ENCRYPTED = "encrypted"
    """The file is protected by a password."""
    UNSUPPORTED = "unsupported"
    """This installation cannot show files of this kind."""
    NO_OFFICE = "no_office"
    """The file needs LibreOffice, which is not installed or cannot be isolated."""
    TOO_SLOW = "too_slow"
    """The conversion exceeded its time limit."""
    BUSY = "busy"
    """Another file is being converted; the user may try again."""
    DOWN = "down"
    """The conversion's worker cannot be reached; the user may try again."""


class NoPreview(Exception):
    """The attachment cannot be shown, only downloaded. ``reason`` is for the user. The message is
    for the log and contains nothing of the file's content."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(reason, message)
        self.reason = Reason(reason)

    def __str__(self) -> str:
        return str(self.args[1] or self.reason.value)
