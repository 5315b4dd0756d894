"""“Why does it not work?”: the pages of the support desk in the administration."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import audit, diagnosis, limits, notices, roles, tasks, tending, wire_log
from accounts.http import asked_here
from accounts.models import AuditEvent, User
from core import clock
from webmail.administration import sends

LONGEST = 254
View = Callable[[HttpRequest], HttpResponse]


def for_helpers(view: View) -> View:
    """Allow only users who may help others."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not (isinstance(request.user, User) and request.user.has_perm(roles.HELP_PEOPLE)):
            raise PermissionDenied
        return view(request)

    return guarded


@require_safe
@never_cache
@asked_here
@for_helpers
def why(request: HttpRequest) -> HttpResponse:
    """Show everything that is known about a login or an address, in sentences."""
    typed = typed_name(request.GET.get("q", ""))
    context = {
        **admin.site.each_context(request),
        "title": gettext("Why does it not work?"),
        "typed": typed,
        "diagnosis": None,
        "may_log": _is_administrator(request) and wire_log.is_offered(),
    }
    if typed:
        diagnosed = diagnosis.diagnose(
            diagnosis.find_diagnosed(typed), is_administrator=_is_administrator(request)
        )
        context["diagnosis"] = diagnosed
        context["sends"] = sends.last_sent(diagnosed.person.user)
        context["limits"] = [
            (diagnosis.limit_words(state.limit), state) for state in diagnosed.in_force
        ]
    return TemplateResponse(request, "admin/support/why.html", context)


@require_POST
@for_helpers
def lift(request: HttpRequest) -> HttpResponse:
    """Reset all counters of this user's limits."""
    person = _person(request)
    if not diagnosis.may_lift(person, is_administrator=_is_administrator(request)):
        raise PermissionDenied
    events = diagnosis.events_of(person, clock.now())
    counted = [state for state in limits.state(diagnosis.limits_of(person, events)) if state.count]
    limits.lift([state.limit for state in counted])
    if counted:
        kinds = ", ".join(dict.fromkeys(state.limit.kind for state in counted))
        audit.record(AuditEvent.Kind.LIMITS_LIFTED, request, target=person.shown, limits=kinds)
        messages.success(request, gettext("The limits are lifted: the person may try again now."))
    return _back(person)


@require_POST
@for_helpers
def reset(request: HttpRequest) -> HttpResponse:
    """Remove the user's second factors, and send the user a notice."""
    person = _person(request)
    if not diagnosis.may_reset(person.user, is_administrator=_is_administrator(request)):
        raise PermissionDenied
    if request.POST.get("sure") != "on":
        messages.error(request, gettext("Tick first that you know who asks for it."))
        return _back(person)
    deleted, _kinds = Authenticator.objects.filter(user=person.user).delete()
    if deleted:
        event = audit.record(
            AuditEvent.Kind.SECOND_FACTOR, request, target=person.shown, change="reset"
        )
        if notices.are_configured():
            tending.hand_over(tasks.tell_of_reset, event.pk)
        messages.success(
            request, gettext("The second factor is reset: the password alone opens the mail.")
        )
    return _back(person)


def typed_name(text: str) -> str:
    """Return the text cut to the length of an address and without unprintable characters
    (PostgreSQL accepts no NUL)."""
    return "".join(character for character in text.strip()[:LONGEST] if character.isprintable())


def _person(request: HttpRequest) -> diagnosis.DiagnosedUser:
    person = diagnosis.find_diagnosed(typed_name(request.POST.get("q", "")))
    if not person.typed:
        raise Http404
    return person


def _back(person: diagnosis.DiagnosedUser) -> HttpResponse:
    return redirect(f"{reverse('admin:support_why')}?{urlencode({'q': person.typed})}")


def _is_administrator(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_administrator
