"""The pages of “My account”: the second factor, and the open sessions."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit, devices, second_factor, session, sessions, wire_log
from accounts.http import SignedInRequest, person_required
from accounts.middleware import seconds_left
from accounts.models import AuditEvent, User, UserSession
from core import clock

ENDED = "sessions_ended"
RECENT = 10
# Actions of administrators and support on an account, which its user is told of.
_BY_OTHERS = (
    Q(
        kind__in=[
            AuditEvent.Kind.MAIL_TRACED,
            AuditEvent.Kind.LIMITS_LIFTED,
            AuditEvent.Kind.DATA_DELETED,
        ]
    )
    | Q(kind=AuditEvent.Kind.WIRE_LOGGED, detail__change="log begun")
    | Q(kind=AuditEvent.Kind.SECOND_FACTOR, detail__change="reset")
)


def account(request: HttpRequest) -> HttpResponse:
    """Redirect to the first tab, which for users without a mailbox is the second factor."""
    user = request.user
    local = isinstance(user, User) and user.is_local_administrator
    return redirect("accounts:security" if local else "accounts:password")


@require_safe
@never_cache
@person_required
def security(request: SignedInRequest) -> HttpResponse:
    """Show the second factors, with a link to each change."""
    factors = list(Authenticator.objects.filter(user=request.user).order_by("created_at"))
    codes = next(
        (factor for factor in factors if factor.type == Authenticator.Type.RECOVERY_CODES), None
    )
    context = {
        "totp": next(
            (factor for factor in factors if factor.type == Authenticator.Type.TOTP), None
        ),
        "passkeys": [factor for factor in factors if factor.type == Authenticator.Type.WEBAUTHN],
        "has_codes": codes is not None,
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "is_set_up": any(factor.type != Authenticator.Type.RECOVERY_CODES for factor in factors),
        "is_required": second_factor.is_required(request.user),
        "is_waited_for": bool(second_factor.missing_step(request, request.user)),
        "may_have_passkeys": _is_trustworthy(request),
    }
    return _page(request, "security", context)


def _is_trustworthy(request: HttpRequest) -> bool:
    """Return whether browsers offer passkeys here: over https, and on this machine itself."""
    return request.is_secure() or settings.HTTPS or request.get_host().split(":")[0] == "localhost"


@require_safe
@never_cache
@person_required
def open_sessions(request: SignedInRequest) -> HttpResponse:
    """Show the open sessions of the account, and the latest sign-ins and attempts."""
    now = clock.now()
    current = request.session.get(sessions.ROW)
    listed = [
        {
            "own": own,
            "device": devices.Device(own.browser, own.system),
            "is_current": own.pk == current,
        }
        for own in sessions.live(request.user, now)
    ]
    listed.sort(key=lambda entry: not entry["is_current"])
    target = str(request.user).lower()
    events = AuditEvent.objects.filter(
        target=target,
        kind__in=[AuditEvent.Kind.SIGNED_IN, AuditEvent.Kind.SIGN_IN_FAILED],
    )[:RECENT]
    recent = [
        {
            "event": event,
            "done": event.kind == AuditEvent.Kind.SIGNED_IN,
            "device": devices.Device(
                event.detail.get("browser", ""), event.detail.get("system", "")
            ),
            "cause": event.detail.get("cause", ""),
        }
        for event in events
    ]
    context = {
        "listed": listed,
        "others": sum(not entry["is_current"] for entry in listed),
        "recent": recent,
        "by_others": AuditEvent.objects.filter(_BY_OTHERS, target=target)[:RECENT],
        "ended": request.session.pop(ENDED, 0),
    }
    return _page(request, "sessions", context)


@require_http_methods(["POST"])
@person_required
def end_session(request: SignedInRequest, pk: int) -> HttpResponse:
    """End another session of the user. The current one is ended by signing out."""
    other = UserSession.objects.of(request.user).filter(pk=pk).first()
    if other is None or other.pk == request.session.get(sessions.ROW):
        raise Http404
    sessions.end(other)
    session.close(request)
    _note_ended(request, 1)
    return redirect("accounts:sessions")


@require_POST
@person_required
def end_other_sessions(request: SignedInRequest) -> HttpResponse:
    """End all sessions of the user except the current one."""
    if ended := sessions.end_others(request, request.user):
        session.close(request)
        _note_ended(request, ended)
    return redirect("accounts:sessions")


def _note_ended(request: SignedInRequest, ended: int) -> None:
    request.session[ENDED] = ended
    audit.record(AuditEvent.Kind.SESSION_ENDED, request, sessions=ended)


@require_safe
@never_cache
@person_required
def session_left(request: SignedInRequest) -> HttpResponse:
    """Return how long this session may still idle: ``{"seconds": n}``. With ``X-Background`` the
    request only asks; without it, it counts as activity."""
    return JsonResponse({"seconds": seconds_left(request)})


def _page(request: SignedInRequest, tab: str, context: dict[str, Any]) -> HttpResponse:
    """Render in the frame of the mail if the user has a mailbox that may already be opened."""
    alone = request.user.is_local_administrator or context.get("is_waited_for")
    layout = "accounts/account/account_plain.html" if alone else "accounts/account/account.html"
    frame = {"layout": layout, "tab": tab, "logged_until": wire_log.lasts_until(request.user)}
    return render(request, f"accounts/account/account_{tab}.html", context | frame)
