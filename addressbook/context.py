"""The variables of the address book in the context of every page's template."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from addressbook import brought


def page(request: HttpRequest) -> dict[str, Any]:
    """Return the variables. The line is looked up only if the template uses it."""
    return {"brought": SimpleLazyObject(lambda: brought.news(request))}
