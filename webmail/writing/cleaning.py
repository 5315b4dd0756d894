"""Clean the HTML of a message that is being written. Quotes and pasted text are hostile, and large
texts are cleaned in helper processes."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext

from mail import sandbox
from mail.errors import ContentTooCostly
from mail.mime import composed
from mail.mime.composed import ComposedText, Images, ImageWords
from mail.mime.hypertext import html as html_mail

SMALL = 20_000
"""The number of characters that cannot cost much, whatever they are. Most texts have fewer."""

Place = Callable[[str, str], str | None]
"""A function that returns the address of an image in the message that leaves, by its address in the
editor and its ``alt``. For None, the ``alt`` replaces the image."""


def no_image(_address: str, _words: str) -> str | None:
    """Return None: the text has no images."""
    return None


def any_image(address: str, _words: str) -> str | None:
    """Return the address itself: the text keeps its images."""
    return address


def written(source: str, place: Place = no_image) -> ComposedText:
    """Return the content of an editor, cleaned by `composed.clean`. Raises ContentTooCostly."""
    images = _images(source, place) if "<img" in source.lower() else {}
    if len(source) <= SMALL:
        return composed.write(source, images, _image_words())
    return sandbox.call(composed.write, sandbox.HTML, source, images, _image_words())


def quoted(body: str, images: Images, *, is_signed: bool) -> ComposedText:
    """Return the sanitised HTML of a message in the form in which it may be quoted. Raises
    ContentTooCostly."""
    if len(body) <= SMALL:
        return composed.write_quote(body, images, is_signed, _image_words())
    return sandbox.call(composed.write_quote, sandbox.HTML, body, images, is_signed, _image_words())


def own(source: str) -> str:
    """Return `composed.own`. Raises ContentTooCostly."""
    if len(source) <= SMALL:
        return composed.own(source)
    return sandbox.call(composed.own, sandbox.HTML, source)


def own_text(source: str) -> str:
    """Return the words of an editor's content that the writer wrote, without signature and quotes,
    with the writer's own images named. A text that takes too long to clean is taken as a whole."""
    try:
        images = _images(source, any_image) if "<img" in source.lower() else {}
        if len(source) <= SMALL:
            return composed.own_text(source, images, _image_words())
        return sandbox.call(composed.own_text, sandbox.HTML, source, images, _image_words())
    except ContentTooCostly:
        return rough(source).text


def text(source: str) -> str:
    """Return the content of an editor as plain text, as it leaves beside the HTML; without its
    layout if that takes too long."""
    try:
        return written(source, any_image).text
    except ContentTooCostly:
        return rough(source).text


def rough(source: str) -> ComposedText:
    """Return only the words of a text that takes too long to clean."""
    return composed.from_words(html_mail.rough_text(source))


def _image_words() -> ImageWords:
    # Translators: in plain text, in the place of an image that the formatted text shows.
    return ImageWords(gettext("[image: %(words)s]"), gettext("[image]"))


def _images(source: str, place: Place) -> Images:
    if len(source) <= SMALL:
        sources = composed.image_addresses(source)
    else:
        sources = sandbox.call(composed.image_addresses, sandbox.HTML, source)
    placed = {address: place(address, words) for address, words in sources.items()}
    return {address: there for address, there in placed.items() if there is not None}
