"""Convert the text of administrators from a little Markdown to safe HTML."""

from __future__ import annotations

from functools import lru_cache

import bleach
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

LONGEST = 20_000
_TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "hr", "li", "ol", "p", "strong", "ul",
}  # fmt: skip
_INLINE_TAGS = {"a", "br", "em", "p", "strong"}
_PROTOCOLS = {"https", "http", "mailto", "tel"}
_parser = MarkdownIt("commonmark", {"html": False, "breaks": True})


def html(text: str) -> SafeString:
    """Return HTML with paragraphs, headings, lists, emphasis and links. Text after the first 20,000
    characters is ignored.

    A heading of the first level becomes one of the second, since the page has its own.
    """
    rendered = _parser.render(text[:LONGEST]).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    return _cleaned(rendered, _TAGS)


@lru_cache(maxsize=64)
def short_html(text: str) -> SafeString:
    """Return HTML with paragraphs, emphasis and links only, for a banner. The result is cached,
    because banners are on every page and a conversion takes most of a millisecond."""
    return _cleaned(_parser.render(text[:LONGEST]), _INLINE_TAGS)


def _cleaned(rendered: str, tags: set[str]) -> SafeString:
    cleaned = bleach.clean(
        rendered, tags=tags, attributes={"a": ["href"]}, protocols=_PROTOCOLS, strip=True
    )
    return mark_safe(cleaned.strip())  # noqa: S308  bleach left what is allowed
