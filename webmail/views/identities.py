"""Preferences: the addresses that a person writes from, with name, Reply-To and signature."""

from __future__ import annotations

import re

from django.contrib import messages as toasts
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts import session
from accounts.http import SignedInRequest, login_required
from webmail.errors import NotFound
from webmail.models import Identity
from webmail.views.page import read_folders
from webmail.writing import identities
from webmail.writing.signing import IdentityForm


@require_http_methods(["GET", "POST"])
@login_required
def all_identities(request: SignedInRequest) -> HttpResponse:
    """One form for each of the person's addresses; ``address`` says which was posted. Another's
    address: 404."""
    mine = identities.of(request.user)
    posted = request.POST.get("address")
    forms = [_form(request, identity, is_posted=identity.address == posted) for identity in mine]
    bound = next((form for form in forms if form.is_bound), None)
    if request.method == "POST":
        if bound is None:
            raise NotFound("This is none of the person's addresses.")
        if bound.is_valid():
            bound.save()
            toasts.success(request, gettext("Identity saved."))
            return redirect("mail:identities")
    with session.imap(request) as imap:
        sides = read_folders(imap, "")
    context = {
        "forms": forms,
        "bound": bound,
        "folders": sides.shown,
    }
    status = 422 if bound else 200
    return render(request, "webmail/preferences/identities.html", context, status=status)


def _form(request: SignedInRequest, identity: Identity, *, is_posted: bool) -> IdentityForm:
    prefix = re.sub(r"[^a-z0-9]+", "-", identity.address.casefold())
    if is_posted:
        return IdentityForm(identity, request.POST, request.FILES, auto_id=f"{prefix}-%s")
    return IdentityForm(identity, auto_id=f"{prefix}-%s")
