"""Banners: what a page says above its content, or a message above its text."""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from webmail.presentation.icons import icon

# A kind is told by its icon too, so that colour is not all.
_ICONS = {
    "bad": "circle-alert",
    "warn": "triangle-alert",
    "ok": "circle-check",
    "info": "info",
    "": "info",
}


def banner(content: str, kind: str = "", **attributes: str | bool) -> SafeString:
    """``{% banner "bad" role="alert" %}<p>…</p>{% endbanner %}``: a banner with its kind's icon.

    ``icon`` names another one; a ``class`` is added. Other names become attributes,
    ``data_stays=True`` is ``data-stays``; those that are false or empty are left out.
    """
    shown = str(attributes.pop("icon", "") or _ICONS[kind])
    classes = " ".join(filter(None, ("banner", kind, str(attributes.pop("class", "")))))
    told = [
        format_html(" {}" if value is True else ' {}="{}"', name.replace("_", "-"), value)
        for name, value in attributes.items()
        if value
    ]
    attrs = format_html_join("", "{}", ((attribute,) for attribute in told))
    return format_html('<div class="{}"{}>{}{}</div>', classes, attrs, icon(shown), content)
