"""Notices that the webmail itself sends to users about their accounts."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts import devices, themes
from accounts.models import AuditEvent, StaffRecord, SupportContact, User
from core import dates
from core.preferences import Preferences
from mail import tls

_ONCE_SECONDS = 24 * 60 * 60


class Backend(EmailBackend):
    """Django's backend with the certificate authorities that all our mail connections trust."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        return tls.context(settings.TLS_CA_FILE)


@dataclass(frozen=True, slots=True)
class Notice:
    to: str
    subject: str
    text: str


def are_configured() -> bool:
    """Return whether a server and a sender for notices are configured."""
    return bool(settings.EMAIL_HOST and settings.NOTICES_FROM)


def send(to: str, subject: str, text: str) -> None:
    """Hand a notice of plain text to the server. This is slow, so only jobs may call it.

    The headers mark the notice as automatic (RFC 3834), so that no absence notice answers it.
    Raises OSError (the base of SMTPException) when the server does not accept it.
    """
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    sender = settings.NOTICES_FROM
    EmailMessage(subject, text, from_email=sender, to=[to], headers=headers).send()


def send_once(key: str, notice: Notice) -> None:
    """Send a notice as `send` does, unless an earlier run has sent the notice of this key."""
    mark = f"notice:{key}"
    if not cache.add(mark, 1, _ONCE_SECONDS):
        return
    try:
        send(notice.to, notice.subject, notice.text)
    except OSError:
        cache.delete(mark)
        raise


def of_lookup(event: AuditEvent) -> Notice | None:
    """Return the notice to the person whom the audit event is about; None when no staff record has
    that address any more."""
    record = StaffRecord.objects.filter(address=event.target).first()
    if record is None:
        return None
    user = User.objects.filter(mail_domain=record.mail_domain_id, login=record.login).first()
    subject = gettext_lazy("Your mail settings were looked up")
    return _notice("lookup", subject, event, user, record.name, record.address)


def of_password(event: AuditEvent) -> Notice | None:
    """Return the notice to the user who changed the password; None when the user is gone or has no
    address."""
    return _to_actor("password", gettext_lazy("Your password was changed"), event)


def of_device(event: AuditEvent) -> Notice | None:
    """Return the notice to the user who signed in on a new device; None as in `of_password`."""
    device = devices.Device(event.detail.get("browser", ""), event.detail.get("system", ""))
    subject = gettext_lazy("Sign-in from a new device")
    return _to_actor("device", subject, event, device=device, shared=event.detail.get("shared"))


def of_second_factor(event: AuditEvent) -> Notice | None:
    """Return the notice to the user whose second factor was changed; None as in `of_password`."""
    subject = gettext_lazy("Your two-step sign-in was changed")
    return _to_actor("second-factor", subject, event, change=event.detail.get("change", ""))


def of_reset(event: AuditEvent) -> Notice | None:
    """Return the notice to the user whose second factor the support desk has reset; None as in
    `of_password`."""
    user = User.objects.filter(address=event.target).first() if event.target else None
    if user is None:
        return None
    subject = gettext_lazy("Your two-step sign-in was reset")
    return _notice("reset", subject, event, user, user.display_name, user.address)


def _to_actor(kind: str, subject: Promise, event: AuditEvent, **more: object) -> Notice | None:
    user = event.actor
    if user is None or not user.address:
        return None
    return _notice(kind, subject, event, user, user.display_name, user.address, **more)


def _notice(
    kind: str,
    subject: Promise,
    event: AuditEvent,
    user: User | None,
    name: str,
    to: str,
    **more: object,
) -> Notice:
    """Return the notice of ``kind`` about the event, in the language and time zone of the user."""
    preferences = Preferences.combine(user.preferences if user else {}, {})
    with (
        translation.override(preferences.language),
        timezone.override(ZoneInfo(preferences.time_zone)),
    ):
        theme = themes.of_domain(user.mail_domain_id if user else None)
        context = {
            "name": name,
            "when": dates.written(timezone.localtime(event.when), "d MMMM y, HH:mm"),
            "network": event.network,
            **more,
            "product": theme.product,
            "authority": theme.authority,
            "webmail_url": settings.BASE_URL,
            "support": _support_desk(user),
        }
        return Notice(to, str(subject), render_to_string(f"accounts/notices/{kind}.txt", context))


def _support_desk(user: User | None) -> str:
    """Return the desk's telephone, address and page in one line; "" without any."""
    contact = SupportContact.objects.all().of(user.mail_domain_id if user else None)
    return ", ".join(filter(None, (contact["phone"], contact["email"], contact["link"])))
