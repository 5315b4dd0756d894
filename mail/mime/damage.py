"""The kinds of damage to a message that is shown nevertheless."""

from __future__ import annotations

from enum import Enum


class Damage(Enum):
    """A reason why the shown content of a message may be incomplete or wrong. Values are stable
    names.
    """

    BOUNDARY = "boundary"
    """A multipart whose parts cannot be separated: its boundary is missing or never occurs."""
    NOT_CLOSED = "not-closed"
    """The last boundary is missing: the message was cut on its way."""
    TOO_DEEP = "too-deep"
    """Parts are nested deeper than :data:`structure.DEEPEST`: those below are shown as a file."""
    TOO_MANY_PARTS = "too-many-parts"
    """There are more parts or texts than are read."""
    ENCODING = "encoding"
    """There are bytes that the transfer encoding (base64, uuencode) does not allow."""
    CHARSET = "charset"
    """Characters are lost: the charset is unknown, or the bytes do not match it."""
    CUT = "cut"
    """The text is longer than the limit for showing it."""
    CONTAINER = "container"
    """A winmail.dat or .p7m cannot be opened, or not completely."""
