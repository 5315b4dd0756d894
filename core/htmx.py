"""Renders a page or its partial. No other module asks whether htmx made the request."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_template
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

TOAST = "toast"  # session key: the toast of the next whole page, with its undo


def wants_partial(request: HttpRequest) -> bool:
    """Return whether htmx swaps a part. It needs the page when it restores history or boosts."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not (htmx.history_restore_request or htmx.boosted)


def render(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    partial: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render ``reader/message.html``, or for htmx ``reader/_message.html`` (or ``partial``)."""
    if wants_partial(request):
        folder, _slash, name = template.rpartition("/")
        template = partial or f"{folder}/_{name}"
    response = render_template(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
