"""The variables of the address book that every page's template has."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from addressbook import brought


def page(request: HttpRequest) -> dict[str, Any]:
    """Asked for when a template asks; from the session but once."""
    return {"brought": SimpleLazyObject(lambda: brought.news(request))}
