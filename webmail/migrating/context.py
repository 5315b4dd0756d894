"""What templates know of the move."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from webmail.migrating import telling


def page(request: HttpRequest) -> dict[str, object]:
    """Return the counts of the notice, which are looked up if a page shows it."""
    return {"moved": SimpleLazyObject(lambda: telling.news(request))}
