"""The way from the screen to a telephone, and to paper: the QR code, the page that it opens, the
profile, and the printed sheet. No browser or proxy may cache them."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit, limits, lookup
from accounts.autoconfig import apple, guides, phone, qr
from accounts.http import SignedInRequest, login_required
from accounts.looks import themes
from accounts.lookup import MailSettings
from accounts.models import AuditEvent, MailDomain, StaffRecord, SupportContact, User

SETTINGS_FETCHED: Final = AuditEvent.Kind.SETTINGS_FETCHED
_FILE: Final = "messagerie.mobileconfig"
# Systems on which no profile can be installed. An iPad claims to be a Mac.
_NO_APPLES: Final = ("Android", "Windows", "Linux", "CrOS")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def code(request: HttpRequest) -> HttpResponse:
    """Show the QR code to a user who has looked up settings."""
    ticket = lookup.ticket(request)
    mail_settings = lookup.open_with(ticket) if ticket else None
    if ticket is None or mail_settings is None:
        return redirect("accounts:lookup_sheet")
    secret = request.COOKIES[lookup.cookie_name()]
    return _code(
        request,
        secret,
        phone.SettingsHolder("record", ticket.record),
        mail_settings,
        "lookup_sheet",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def my_code(request: SignedInRequest) -> HttpResponse:
    """Show the QR code to a signed-in user."""
    mail_settings = lookup.settings_of_user(request.user)
    secret = str(request.session.session_key)
    return _code(
        request, secret, phone.SettingsHolder("user", request.user.pk), mail_settings, "my_settings"
    )


def _code(
    request: HttpRequest,
    secret: str,
    holder: phone.SettingsHolder,
    mail_settings: MailSettings,
    back: str,
) -> HttpResponse:
    """Show the valid code, or make a new one after POST. Raises TooManyTries."""
    if request.method == "POST":
        phone.renew(secret, holder)
        return redirect(request.path)
    link = phone.current(secret, holder)
    context: dict[str, object] = {"found": mail_settings, "link": link, "back": f"accounts:{back}"}
    if link is not None:
        page = reverse("accounts:phone", args=[link.token])
        context |= {
            "page": page,
            "picture": qr.data_uri(settings.BASE_URL.rstrip("/") + page),
            "minutes": -(-link.seconds_left // 60),
        }
    return render(request, "accounts/phone/phone_code.html", context)


def _settings_of(link: phone.PhoneLink | None) -> MailSettings | None:
    """Return the settings that a link opens; None if the link has expired, or if its user or record
    is gone."""
    if link is None:
        return None
    if link.holder.kind == "record":
        records = StaffRecord.objects.active().select_related("mail_domain")
        record = records.filter(pk=link.holder.pk).first()
        return lookup.settings_of(record) if record else None
    people = User.objects.select_related("mail_domain").filter(is_active=True)
    user = people.filter(pk=link.holder.pk).exclude(mail_domain=None).first()
    return lookup.settings_of_user(user) if user else None


def _note_fetched(request: HttpRequest, token: str, mail_settings: MailSettings, way: str) -> None:
    """Write at most one line a minute, because the holder of a link could fill the audit log."""
    if limits.is_first(limits.Limit("settings", f"{way} {token}", 0, 0)):
        audit.record(SETTINGS_FETCHED, request, target=mail_settings.address, way=way)


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/phone/phone_over.html", status=404)


# Only the token in the URL counts. The browser inside a scanner may keep no cookie, and a forged
# form would have to know the token.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page that the QR code opens. GET reveals nothing and uses nothing up, because
    messengers and scanners open a link before the user does. POST shows the values, for telephones
    that do not support profiles."""
    mail_settings = _settings_of(phone.find_phone_link(token))
    if mail_settings is None:
        return _over(request)
    context: dict[str, object] = {
        "found": mail_settings,
        "token": token,
        "masked": audit.masked(mail_settings.address),
        "can_install": apple.can_be_made(mail_settings),
        "is_apple": not any(name in request.headers.get("User-Agent", "") for name in _NO_APPLES),
    }
    if request.method == "POST":
        _note_fetched(request, token, mail_settings, "values")
        values = guides.values_of(mail_settings, None)
        context |= {"values": values, "guide": guides.guide("android", values)}
        return render(request, "accounts/phone/phone_values.html", context)
    return render(request, "accounts/phone/phone.html", context)


@csrf_exempt
@require_POST
@never_cache
def profile(request: HttpRequest, token: str) -> HttpResponse:
    """Return the profile for the telephone's settings. The link remains valid for a minute."""
    mail_settings = _settings_of(phone.fetch(token))
    if mail_settings is None or not apple.can_be_made(mail_settings):
        return _over(request)
    _note_fetched(request, token, mail_settings, "profile")
    content = apple.profile(mail_settings)
    if signer := settings.PROFILE_SIGNER:
        content = signer.sign(content)
    response = HttpResponse(content, content_type=apple.CONTENT_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{_FILE}"'
    return response


@require_safe
@never_cache
def paper(request: HttpRequest) -> HttpResponse:
    """Return the sheet to print to a user who has looked up settings."""
    mail_settings = lookup.opened(request)
    return _paper(mail_settings) if mail_settings else redirect("accounts:lookup_sheet")


@require_safe
@login_required
@never_cache
def my_paper(request: SignedInRequest) -> HttpResponseBase:
    """Return the sheet to print to a signed-in user."""
    return _paper(lookup.settings_of_user(request.user))


def _paper(mail_settings: MailSettings) -> HttpResponse:
    # Imported here, because the PDF library takes 5 MB in every process.
    from accounts.autoconfig import sheet

    domain = (
        MailDomain.objects.filter(name=mail_settings.domain).values_list("pk", flat=True).first()
    )
    support = SupportContact.objects.all().of(domain)
    around = sheet.SheetContext(
        product=themes.of_domain(domain).product,
        guides=settings.BASE_URL.rstrip("/") + reverse("accounts:guides"),
        support_phone=support["phone"],
        support_email=support["email"],
        printed=timezone.localdate(),
    )
    response = HttpResponse(sheet.pdf(mail_settings, around), content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="messagerie.pdf"'
    return response
