"""The way in which a file is shown: a template and its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mail.previews.failures import Reason
from mail.previews.pages import Table
from webmail.reader.attachments import FoundAttachment
from webmail.views.viewer.places import Place


@dataclass(frozen=True)
class Preview:
    """The way in which a file is shown: a template, and its values."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)

    @property
    def zooms(self) -> bool:
        return self.template in ZOOMED

    @property
    def prints(self) -> bool:
        """Whether the page is worth printing; a PDF is printed by its own reader."""
        return self.template not in UNPRINTED


ZOOMED = {f"webmail/viewer/{name}.html" for name in ("image", "text", "table")}
UNPRINTED = {f"webmail/viewer/{name}.html" for name in ("pdf", "media", "none", "office")}


def refused(reason: Reason) -> Preview:
    return Preview("webmail/viewer/none.html", {"reason": reason.value})


def of_tables(tables: Sequence[Table], *, is_truncated: bool = False) -> Preview:
    context = {"tables": tables, "is_truncated": is_truncated}
    return Preview("webmail/viewer/table.html", context)


def framed(place: Place, _attachment: FoundAttachment) -> Preview:
    return Preview("webmail/viewer/frame.html", {"src": place.url("view_frame")})
