"""Icons and drawings as HTML. Their shapes are in two sprites, below `webmail/static/webmail/`."""

from __future__ import annotations

from functools import cache, lru_cache

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

ICONS = "webmail/vendor/lucide-1.62.0.svg"
DRAWINGS = "webmail/img/art.svg"


def icon(name: str, classes: str = "", attributes: str = "") -> SafeString:
    """``{% icon "reply" %}``; ``{% icon "x" "s" %}`` adds a class, ``s`` is the small size.

    ``attributes`` are names of attributes without values, such as ``hidden``.
    """
    return _icon(sprite(), name, classes, attributes)


@cache
def sprite() -> str:
    """Return the URL of the icons, which is the same for all users until the next start."""
    return static(ICONS)


@lru_cache(maxsize=512)
def _icon(sprite: str, name: str, classes: str, attributes: str) -> SafeString:
    return format_html(
        '<svg class="{}" aria-hidden="true"{}><use href="{}#{}"/></svg>',
        f"i {classes}" if classes else "i",
        f" {attributes}" if attributes else "",
        sprite,
        name,
    )


def icon_button(name: str, words: str, attributes: str, keys: str = "") -> SafeString:
    """``{% icon_button "bold" words 'data-format="bold"' "Ctrl+B" %}``: a button of a tool bar that
    shows its icon alone. ``words`` are its name; a script hears its ``keys``."""
    return _icon_button(icon(name), words, attributes, keys)


@lru_cache(maxsize=256)
def _icon_button(shown: SafeString, words: str, attributes: str, keys: str) -> SafeString:
    title = f"{words} ({keys})" if keys else words
    heard = format_html(' aria-keyshortcuts="{}"', keys.replace("Ctrl", "Control")) if keys else ""
    return format_html(
        '<button class="btn icon" type="button" {} aria-label="{}" title="{}"{}>{}</button>',
        attributes,
        words,
        title,
        heard,
        shown,
    )


def drawing(name: str) -> SafeString:
    """Return the picture of a page that has nothing else to show."""
    return format_html(
        '<svg class="art" width="132" height="96" aria-hidden="true"><use href="{}#{}"/></svg>',
        static(DRAWINGS),
        name,
    )
