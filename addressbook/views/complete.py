"""Suggestions for the line of recipients while the user types."""

from __future__ import annotations

from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import JsonResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from accounts.http import SignedInRequest, login_required
from addressbook.completion import search
from addressbook.completion.search import Suggestion
from addressbook.contacts import groups, recipient
from addressbook.forms.classes import AudienceForm
from addressbook.views.pages import group_of


@require_GET
@login_required
@cache_control(private=True, no_store=True)
def complete(request: SignedInRequest) -> JsonResponse:
    """JSON: whom ``?q=`` may mean, and whether these are all of them. A browser then finds those of
    a longer text by itself."""
    suggestions = search.complete(request.user, request.GET.get("q", "")[: search.LONGEST])
    return JsonResponse(
        {
            "suggestions": [_shown(suggestion) for suggestion in suggestions],
            "all": len(suggestions) < search.LIMIT,
        }
    )


def _shown(suggestion: Suggestion) -> dict[str, Any]:
    """``text`` is what goes into the line; of a group, ``members`` says where that is asked for."""
    shown: dict[str, Any] = {
        "source": suggestion.source,
        "name": suggestion.name or suggestion.address,
        "address": suggestion.address,
        "detail": " · ".join(filter(None, (suggestion.function, suggestion.school))),
        "words": suggestion.words,
    }
    is_list = suggestion.source == "list"
    if suggestion.group is None:
        detail = gettext("list of the directory") if is_list else shown["detail"]
        text = recipient(suggestion.name, suggestion.address)
        return {**shown, "detail": detail, "text": text}
    count = ngettext("%(count)s address", "%(count)s addresses", suggestion.size)
    count %= {"count": intcomma(suggestion.size)}
    owner = gettext("from %(owner)s") % {"owner": suggestion.owner} if suggestion.owner else ""
    from_directory = gettext("list of the directory") if is_list else ""
    page = {"shared": "shared_recipients", "list": "list_recipients"}.get(
        suggestion.source, "recipients"
    )
    return {
        **shown,
        "detail": " · ".join(filter(None, (count, owner, from_directory))),
        "members": reverse(f"addressbook:{page}", args=[suggestion.group])
        + (f"?who={suggestion.audience}" if suggestion.audience else ""),
    }


@require_GET
@login_required
@cache_control(private=True, no_store=True)
def recipients(request: SignedInRequest, group: int) -> JsonResponse:
    """JSON: everybody in a group, as one writes to them; with ``?who=`` a part of a class."""
    audience = AudienceForm(request.GET).value()
    return JsonResponse({"recipients": groups.recipients(group_of(request, group), audience)})
