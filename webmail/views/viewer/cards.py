"""Add the people of an attached vCard to the user's contacts."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.http import SignedInRequest, login_required
from addressbook.contacts import received
from core.htmx import TOAST
from mail.previews.detect import Kind
from webmail.views.viewer.answers import whole
from webmail.views.viewer.places import Place, at_place


@require_POST
@login_required
@at_place
def add_contacts(request: SignedInRequest, place: Place) -> HttpResponse:
    """Add the people of a file to the user's contacts; existing contacts stay as they are."""
    attachment = whole(request, place, Kind.VCARD)
    made, known = received.add(request.user, attachment.content)
    words = ngettext("%(count)d contact added.", "%(count)d contacts added.", len(made))
    words %= {"count": len(made)}
    if known:
        already = ngettext(
            "%(count)d was there already.", "%(count)d were there already.", len(known)
        )
        words = f"{words} {already % {'count': len(known)}}"
    request.session[TOAST] = {"message": words, "undo": None}
    several = [*made, *known]
    if len(several) == 1:
        return redirect("addressbook:contact", several[0].pk)
    return redirect("addressbook:contacts")
