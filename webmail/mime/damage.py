"""Everything that can be wrong with a message that is shown all the same."""

from __future__ import annotations

from enum import Enum


class Damage(Enum):
    """A reason why what is shown of a message may not be all, or not right. Values are stable
    names."""

    BOUNDARY = "boundary"
    """A multipart whose parts can't be told apart: it has no boundary, or one never seen."""
    NOT_CLOSED = "not-closed"
    """The last boundary is missing: the message was cut on its way."""
    TOO_DEEP = "too-deep"
    """Parts inside parts beyond :data:`structure.DEEPEST`: what is below is a file, not text."""
    TOO_MANY_PARTS = "too-many-parts"
    """More parts, or more texts, than are taken apart."""
    ENCODING = "encoding"
    """Bytes that the transfer encoding (base64, uuencode) doesn't allow."""
    CHARSET = "charset"
    """Characters lost: the charset is unknown, or the bytes are none of it."""
    CUT = "cut"
    """A text longer than what is shown."""
    CONTAINER = "container"
    """A winmail.dat or .p7m that can't be opened, or not to its end."""
