"""Body structure: the tree of a message's parts, and what of it to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """One node of BODYSTRUCTURE (RFC 9051 section 7.5.2), every string decoded.

    ``number`` is the IMAP part specifier: ``"1"`` for a message of one part, ``""`` for a multipart root,
    ``"2.1"`` below. ``size`` counts encoded bytes. ``file_name`` is safe to show and to save: no path, no
    control or bidirectional character; ``""`` when the part has none.
    """

    number: str
    media_type: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    content_id: str = ""
    description: str = ""
    encoding: str = "7bit"
    size: int = 0
    disposition: str = ""
    file_name: str = ""
    location: str = ""
    children: tuple[Part, ...] = ()

    @property
    def is_multipart(self) -> bool:
        return self.media_type.startswith("multipart/")

    @property
    def charset(self) -> str:
        return self.parameters.get("charset", "")

    def walk(self) -> Iterator[Part]:
        """This part and all below it, in the order of the message."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Shown:
    """What of a message is shown: the text, its HTML twin, the images inside it, and the attachments."""

    text: tuple[Part, ...]
    html: tuple[Part, ...]
    inline: tuple[Part, ...]
    attachments: tuple[Part, ...]
