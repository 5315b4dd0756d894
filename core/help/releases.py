"""The changes of each version, in the user's words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from markdown_it import MarkdownIt

_HERE = Path(__file__).resolve().parent
_parser = MarkdownIt("commonmark", {"html": False})


def releases() -> SafeString:
    """Return one section for each version, the newest first; in French where there is no
    translation."""
    language = (get_language() or "").partition("-")[0]
    return _read(language if (_HERE / f"releases.{language}.md").exists() else "fr")


@cache
def _read(language: str) -> SafeString:
    text = (_HERE / f"releases.{language}.md").read_text(encoding="utf-8")
    return mark_safe(_parser.render(text))  # noqa: S308  the project's own file, without HTML
