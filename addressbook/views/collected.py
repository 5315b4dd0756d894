"""People that the user wrote to and who are no contacts: made contacts, forgotten, brought back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core import signing
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.http import SignedInRequest, login_required, safe_next
from addressbook.contacts import collected
from addressbook.forms.contacts import CollectedForm, ListForm
from addressbook.models import CollectedRecipient
from addressbook.presentation import contacts as presentation
from addressbook.views.pages import Undo, go, page
from mail.errors import NotFound

PAGE_SIZE = 50
_SALT = "addressbook.collected"
_A_DAY = 24 * 60 * 60


@require_GET
@login_required
def collected_list(request: SignedInRequest) -> HttpResponse:
    """The latest first, or with ``?q=`` those with all of its words."""
    form = ListForm(request.GET)
    query = form.value("q") or ""
    pages = Paginator(collected.matching(request.user, query), PAGE_SIZE)
    recipients = pages.get_page(form.value("page") or 1)
    context = {
        "query": query,
        "found": recipients,
        "rows": [(row, presentation.write_url(row.name, row.address)) for row in recipients],
        "here": request.get_full_path(),
    }
    return page(request, "contacts/collected.html", context, current="collected")


@require_POST
@login_required
def act(request: SignedInRequest) -> HttpResponse:
    """Forget those that are ticked, or bring back what was forgotten last."""
    form = CollectedForm(request.POST)
    back = safe_next(request) or reverse("addressbook:collected")
    if not form.is_valid():
        return go(request, back, gettext("Nothing was done: choose at least one person."))
    if form.cleaned_data["former"]:
        return _put_back(request, form.cleaned_data["former"], back)
    gone = collected.delete(request.user, form.cleaned_data["people"])
    words = ngettext("%(count)s person forgotten.", "%(count)s people forgotten.", len(gone))
    fields = [("former", _sealed(request, gone)), ("next", back)]
    undo = Undo(reverse("addressbook:act_collected"), fields) if gone else None
    return go(request, back, words % {"count": intcomma(len(gone))}, undo)


def _sealed(request: SignedInRequest, rows: Sequence[CollectedRecipient]) -> str:
    """Seal what there was, for the toast's button: signed, since the browser gives it back."""
    former = [(row.name, row.address, row.times, row.last.isoformat(), row.weight) for row in rows]
    return signing.dumps([request.user.pk, former], salt=_SALT, compress=True)


def _put_back(request: SignedInRequest, sealed: str, back: str) -> HttpResponse:
    try:
        owner, former = signing.loads(sealed, salt=_SALT, max_age=_A_DAY)
    except (signing.BadSignature, json.JSONDecodeError) as error:
        raise NotFound from error
    if owner != request.user.pk:
        raise NotFound
    rows = [
        CollectedRecipient(
            name=name,
            address=address,
            times=times,
            last=datetime.fromisoformat(last),
            weight=weight,
        )
        for name, address, times, last, weight in former
    ]
    count = collected.put_back(request.user, rows)
    words = ngettext("%(count)s person remembered.", "%(count)s people remembered.", count)
    return go(request, back, words % {"count": intcomma(count)})
