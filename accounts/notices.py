"""Notices that the webmail itself sends to users about their accounts."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.db.models import Exists, OuterRef, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts import devices
from accounts.looks import themes
from accounts.models import AuditEvent, StaffRecord, SupportContact, User
from core import clock, dates
from core.preferences import Preferences
from mail import tls

_ONCE_SECONDS = 24 * 60 * 60
_DAY = timedelta(days=1)
_PAUSE = timedelta(minutes=15)
_NEWS_KEPT = timedelta(days=7)
"""The time in which a notice of new devices is tried."""
_MOST_DEVICES = 50


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


def tell_of_devices(user: User) -> None:
    """Send one notice of all sign-ins on new devices since the last one. At least `_PAUSE` lies
    between two notices, and a day if all sign-ins were on shared computers: on those the network is
    the device, and a school has many. What comes sooner waits for `users_with_news`. Raises OSError
    as `send` does; the notice is then sent later."""
    if not user.address:
        return
    now, told = clock.now(), user.devices_told
    since = max(told, now - _NEWS_KEPT) if told else now - _DAY
    events = list(_on_new_devices(since).filter(actor=user).order_by("when", "pk")[:_MOST_DEVICES])
    pause = _DAY if all(event.detail.get("shared") for event in events) else _PAUSE
    if not events or (told and told > now - pause):
        return
    rows = User.objects.filter(pk=user.pk)
    if not rows.filter(devices_told=told).update(devices_told=now):
        return  # another worker tells of them
    notice = _of_devices(user, events)
    try:
        send(notice.to, notice.subject, notice.text)
    except OSError:
        rows.update(devices_told=since)
        raise


def users_with_news() -> Iterator[User]:
    """Yield the users who signed in on new devices since their last notice, which is at least
    `_PAUSE` old."""
    now = clock.now()
    news = _on_new_devices(now - _NEWS_KEPT).filter(actor=OuterRef("pk"))
    news = news.filter(when__gt=OuterRef("devices_told"))
    yield from User.objects.filter(Exists(news), devices_told__lte=now - _PAUSE).iterator(200)


def _on_new_devices(since: datetime) -> QuerySet[AuditEvent]:
    """Return the sign-ins on new devices after a moment."""
    events = AuditEvent.objects.filter(kind=AuditEvent.Kind.SIGNED_IN, when__gt=since)
    return events.filter(detail__new_device=True)


def _of_devices(user: User, events: Sequence[AuditEvent]) -> Notice:
    preferences = Preferences.combine(user.preferences, {})
    with (
        translation.override(preferences.language),
        timezone.override(ZoneInfo(preferences.time_zone)),
    ):
        sign_ins = [_sign_in(event) for event in events]
    subject = gettext_lazy("Sign-in from a new device")
    if len(events) > 1:
        subject = gettext_lazy("Sign-ins from new devices")
    name, address = user.display_name, user.address
    return _notice("device", subject, events[-1], user, name, address, sign_ins=sign_ins)


def _sign_in(event: AuditEvent) -> dict[str, object]:
    """Return a sign-in for the template, in the language and time zone in force."""
    device = devices.Device(event.detail.get("browser", ""), event.detail.get("system", ""))
    return {
        "when": dates.written(timezone.localtime(event.when), "d MMMM y, HH:mm"),
        "device": device.words,
        "network": event.network,
        "is_shared": event.detail.get("shared"),
    }


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
