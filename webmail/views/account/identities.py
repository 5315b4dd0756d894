"""The page of identities: addresses to write from, with name, Reply-To and signature."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from django.contrib import messages as toasts
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts import session
from accounts.http import SignedInRequest, login_required
from mail.errors import NotFound
from webmail.models import Identity
from webmail.views.page import read_folders
from webmail.views.policies import editor_page
from webmail.writing import identities
from webmail.writing.signing import IdentityForm


@require_http_methods(["GET", "POST"])
@editor_page
@login_required
def all_identities(request: SignedInRequest) -> HttpResponse:
    """Show the user's identities, and the form of one: of the one that ``address`` names, else of
    the first. Raises 404 for an address that is not the user's."""
    mine = identities.of(request.user)
    asked = request.POST.get("address") if request.method == "POST" else request.GET.get("address")
    chosen = next((identity for identity in mine if identity.address == asked), None)
    if chosen is None and (asked is not None or request.method == "POST"):
        raise NotFound("This is none of the person's addresses.")
    chosen = chosen or next(iter(mine), None)
    form = _form(request, chosen) if chosen else None
    if form and form.is_bound and form.is_valid():
        form.save()
        toasts.success(request, gettext("Identity saved."))
        query = f"?{urlencode({'address': asked})}" if len(mine) > 1 else ""
        return redirect(reverse("mail:identities") + query)
    with session.imap(request) as imap:
        sides = read_folders(imap, "")
    context = {
        "form": form,
        "mine": mine,
        "chosen": chosen,
        "most_image": identities.LARGEST_IMAGE,
        "bound": form if form and form.is_bound else None,
        "folders": sides.shown,
    }
    status = 422 if context["bound"] else 200
    return render(request, "webmail/preferences/identities.html", context, status=status)


def _form(request: SignedInRequest, identity: Identity) -> IdentityForm:
    prefix = re.sub(r"[^a-z0-9]+", "-", identity.address.casefold())
    if request.method == "POST":
        return IdentityForm(identity, request.POST, request.FILES, auto_id=f"{prefix}-%s")
    return IdentityForm(identity, auto_id=f"{prefix}-%s")
