"""The account lookup: NUMEN and date of birth lead to the mail settings, for ten minutes.

No browser or proxy may cache these pages. The referrer policy stays ``same-origin``: it tells other
servers nothing, and no URL here contains a secret. With ``no-referrer``, browsers would send the
forms with ``Origin: null``, which looks like a forgery.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages as toasts
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import lookup, notices
from accounts.forms import LookupForm
from accounts.http import SignedInRequest, login_required


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("numen", "birth")
def ask(request: HttpRequest) -> HttpResponse:
    """Show the form, and redirect to the sheet after a success. Return 404 if no key is
    configured."""
    if not settings.NUMEN_KEYS:
        return render(request, "accounts/lookup/lookup_closed.html", status=404)
    form = LookupForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        record = lookup.look_up(request, form.cleaned_data["numen"], form.cleaned_data["birth"])
        if record:
            response = redirect("accounts:lookup_sheet")
            lookup.hand_out_ticket(response, record)
            return response
        form.add_error(None, form.nobody)
    tells = settings.LOOKUP_NOTICES and notices.are_configured()
    context = {"form": form, "tells": tells, "minutes": lookup.OPEN_SECONDS // 60}
    return render(
        request, "accounts/lookup/lookup.html", context, status=422 if form.is_bound else 200
    )


@require_safe
@never_cache
def sheet(request: HttpRequest) -> HttpResponse:
    """Show the settings that the lookup found, while the ticket is valid; return 410 afterwards."""
    ticket = lookup.ticket(request)
    mail_settings = lookup.open_with(ticket) if ticket else None
    if ticket is None or mail_settings is None:
        return render(request, "accounts/lookup/lookup_gone.html", status=410)
    minutes, seconds = divmod(ticket.seconds_left, 60)
    context = {
        "found": mail_settings,
        "seconds_left": ticket.seconds_left,
        "minutes": minutes,
        "seconds": f"{seconds:02}",
    }
    return render(request, "accounts/lookup/lookup_sheet.html", context)


@require_POST
@never_cache
def close(request: HttpRequest) -> HttpResponse:
    """Forget the lookup's result at once."""
    toasts.success(request, gettext("Closed. Nothing of it is kept on this computer."))
    response = redirect("accounts:lookup")
    lookup.forget(request, response)
    return response


@require_safe
@login_required
@never_cache
def my_settings(request: SignedInRequest) -> HttpResponse:
    """Show a signed-in user the user's own settings, for which no NUMEN is needed."""
    mail_settings = lookup.settings_of_user(request.user)
    return render(request, "accounts/lookup/my_settings.html", {"found": mail_settings})
