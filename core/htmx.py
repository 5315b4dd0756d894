"""Renders a page or its partial. No other module asks whether htmx made the request."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_template
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

TOAST = "toast"  # session key: the toast of the next whole page, with its undo


def wants_partial(request: HttpRequest) -> bool:
    """Return whether htmx swaps a part. It needs the page when it restores history or boosts."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not (htmx.history_restore_request or htmx.boosted)


def part_for(request: HttpRequest, template: str, partial: str = "") -> str:
    """Return the template of the part that htmx swaps in, or nothing where the request gets the
    whole page: any program may say that it is htmx, of pages that have no part too."""
    if not wants_partial(request):
        return ""
    folder, _slash, name = template.rpartition("/")
    part = partial or f"{folder}/_{name}"
    return part if _exists(part) else ""


def _exists(template: str) -> bool:
    try:
        get_template(template)
    except TemplateDoesNotExist:
        return False
    return True


def render(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    partial: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render ``reader/message.html``, or for htmx ``reader/_message.html`` (or ``partial``)."""
    shown = part_for(request, template, partial) or template
    response = render_template(request, shown, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
