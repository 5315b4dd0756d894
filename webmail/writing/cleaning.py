"""Clean the HTML of a message that is being written: quotes and pasted text are hostile, and large
texts are read in helper processes."""

from __future__ import annotations

from collections.abc import Callable

from webmail import sandbox
from webmail.errors import ContentTooCostly
from webmail.mime import composed
from webmail.mime import html as html_mail
from webmail.mime.composed import ComposedText, Images

SMALL = 20_000
"""Characters that cannot cost much, whatever they are: most of what people write."""

Place = Callable[[str, str], str | None]
"""Where an image of the text is found in what leaves, by its address in the editor and its ``alt``;
None: nowhere, and what stands for it is its ``alt``."""


def no_image(_address: str, _words: str) -> str | None:
    """The place of an image in a text that has none."""
    return None


def written(source: str, place: Place = no_image) -> ComposedText:
    """The content of an editor, as `composed.clean` makes it. Raises ContentTooCostly."""
    images = _images(source, place) if "<img" in source.lower() else {}
    if len(source) <= SMALL:
        return composed.write(source, images)
    return sandbox.call(composed.write, sandbox.HTML, source, images)


def quoted(body: str, images: Images, *, is_signed: bool) -> ComposedText:
    """The HTML that the sanitiser left of a message, as it may stand in another. Raises
    ContentTooCostly."""
    if len(body) <= SMALL:
        return composed.write_quote(body, images, is_signed)
    return sandbox.call(composed.write_quote, sandbox.HTML, body, images, is_signed)


def own(source: str) -> str:
    """`composed.own`. Raises ContentTooCostly."""
    if len(source) <= SMALL:
        return composed.own(source)
    return sandbox.call(composed.own, sandbox.HTML, source)


def text(source: str) -> str:
    """The content of an editor as plain text; without its order where that takes too long."""
    try:
        return written(source).text
    except ContentTooCostly:
        return rough(source).text


def rough(source: str) -> ComposedText:
    """The words alone, for what takes too long to be cleaned."""
    return composed.from_words(html_mail.rough_text(source))


def _images(source: str, place: Place) -> Images:
    if len(source) <= SMALL:
        sources = composed.image_addresses(source)
    else:
        sources = sandbox.call(composed.image_addresses, sandbox.HTML, source)
    placed = {address: place(address, words) for address, words in sources.items()}
    return {address: there for address, there in placed.items() if there is not None}
