"""The page of the password: change it, see the strength of a new one, and get a proposal."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit, limits
from accounts.http import SignedInRequest, login_required, safe_next
from accounts.models import AuditEvent
from accounts.passwords import change, drivers, forms, generator, policy, reminder, words
from core import htmx
from mail.errors import TooManyTries

logger = logging.getLogger(__name__)

OUTCOME = "password_outcome"
# A fast typist pauses twice a second.
STRENGTHS_PER_MINUTE = 150


@sensitive_post_parameters("old", "new", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def password(request: SignedInRequest) -> HttpResponse:
    """Show the form if the domain has a driver, else where the password is changed. htmx gets
    another passphrase."""
    way = _way(request)
    if request.method != "POST" or way != "here":
        context = _context(request, way, forms.ChangeForm(request=request))
        context["outcome"] = request.session.pop(OUTCOME, "")
        return htmx.render(
            request,
            "accounts/password/password.html",
            context,
            partial="accounts/password/_password_phrase.html",
        )
    form = forms.ChangeForm(request.POST, request=request)
    if form.is_valid():
        data = form.cleaned_data
        outcome = change.change(request, request.user, data["old"], data["new"])
        if outcome in change.DONE:
            request.session[OUTCOME] = outcome.value
            return redirect("accounts:password")
        form.refuse(outcome)
    elif form.refused:
        audit.record(AuditEvent.Kind.PASSWORD_REFUSED, request, code=form.refused)
    response = render(
        request,
        "accounts/password/password.html",
        _context(request, way, form),
        status=form.failure_status,
    )
    if form.retry_after:
        response["Retry-After"] = str(form.retry_after)
    return response


@sensitive_post_parameters("new")
@require_POST
@never_cache
@login_required
def strength(request: SignedInRequest) -> HttpResponse:
    """Return the guidance for the password that is being typed. The password is not stored."""
    limit = limits.Limit("strength", str(request.user.pk), STRENGTHS_PER_MINUTE, 60)
    if seconds := limits.reserve([limit]):
        raise TooManyTries(retry_after=seconds)
    typed = request.POST.get("new", "")[: policy.MAXIMUM]
    context = {"guide": forms.PasswordGuidance.of(typed, request.user)}
    return render(request, "accounts/password/_password_guide.html", context)


@require_POST
@login_required
def later(request: SignedInRequest) -> HttpResponse:
    """Put off the reminder, and return to the page on which it was shown."""
    reminder.put_off(request, request.user)
    return HttpResponseRedirect(safe_next(request) or reverse("home"))


def _way(request: SignedInRequest) -> str:
    """Return ``here``, ``elsewhere``, or ``closed`` if the driver lacks its settings."""
    domain = request.user.mail_domain
    assert domain is not None  # noqa: S101  login_required saw to it
    try:
        return "here" if drivers.driver_of(domain) else "elsewhere"
    except ImproperlyConfigured as error:
        logger.error("passwords cannot be changed: %s", error)
        return "closed"


def _context(request: SignedInRequest, way: str, form: forms.ChangeForm) -> dict[str, Any]:
    return {
        "way": way,
        "form": form,
        "domain": request.user.mail_domain,
        "guide": forms.PasswordGuidance.empty(),
        "phrase": _phrase(request),
        "changed": reminder.last_change(request.user),
        "longest": policy.MAXIMUM,
    }


def _phrase(request: SignedInRequest) -> generator.Passphrase | None:
    """Return a passphrase that the form would accept; None if the policy accepts none."""
    rules, person = forms.policy_in_force(), forms.person_of(request.user)
    try:
        return generator.passphrase(
            words.words(), lambda text: not policy.broken(text, rules, person)
        )
    except ValueError:
        return None
