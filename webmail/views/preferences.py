"""The preferences page."""

from __future__ import annotations

from django.contrib import messages as toasts
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts import session
from accounts.http import SignedInRequest, login_required
from webmail.forms.preferences import PreferencesForm
from webmail.views.page import read_folders


@require_http_methods(["GET", "POST"])
@login_required
def preferences(request: SignedInRequest) -> HttpResponse:
    """Each preference as a field; what administrators locked is shown and cannot be changed."""
    form = PreferencesForm(request.POST or None, preferences=request.preferences)
    if request.method == "POST" and form.is_valid():
        request.user.preferences = {**request.user.preferences, **form.cleaned_data}
        request.user.save(update_fields=["preferences"])
        with translation.override(form.cleaned_data.get("language", request.preferences.language)):
            toasts.success(request, gettext("Preferences saved."))
        return redirect("mail:preferences")
    with session.imap(request) as imap:
        sides = read_folders(imap, "")
    context = {"form": form, "folders": sides.shown}
    status = 422 if form.is_bound else 200
    return render(request, "webmail/preferences/preferences.html", context, status=status)
