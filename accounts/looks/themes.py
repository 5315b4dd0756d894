"""The theme of a page, read from the cache, so that it costs no query."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.urls import reverse

from accounts.looks import colours
from accounts.models import DomainTheme, User

TYPED: Final = "theme_domain"
"""The key in the session for the mail domain of a user who has given the password, until the second
factor is given."""
_HEIGHT: Final = 30
_WIDEST: Final = 120


@dataclass(frozen=True, slots=True)
class Theme:
    """The theme of a page. ``domain`` is the primary key of its mail domain; ``logo`` and ``sheet``
    are addresses, "" for the webmail's own."""

    product: str
    authority: str
    domain: int | None = None
    logo: str = ""
    logo_width: int = 0
    logo_height: int = 0
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class _ThemeRow:
    domain: int | None
    domain_name: str
    name: str
    authority: str
    hosts: list[str]
    accent: str
    accent_dark: str
    logo_digest: str
    logo_width: int
    logo_height: int


_last: list[_ThemeRow] = []
"""The themes that this process has read last."""


def theme_of(request: HttpRequest) -> Theme:
    """Return the theme of the user's mail domain; before the sign-in that of the host name, else
    that of the typed address's domain."""
    rows = _rows()
    user = getattr(request, "user", None)
    if isinstance(user, User):
        return _theme(_of_domain(rows, user.mail_domain_id), user.mail_domain_id)
    row = _of_host(rows, request) or _of_typed(rows, request)
    return _theme(row or _of_domain(rows, None), row.domain if row else _typed(request))


def of_domain(domain: int | None) -> Theme:
    """Return the theme of a mail domain, for notices and documents."""
    return _theme(_of_domain(_rows(), domain), domain)


def at_hand(request: HttpRequest) -> Theme:
    """Return the theme for an error page when a server is down. It uses only the themes that this
    process has read, and the user that this request has loaded, else the host name. Neither
    database nor cache is queried."""
    user = getattr(request, "_cached_user", None)
    if isinstance(user, User):
        return _theme(_of_domain(_last, user.mail_domain_id), user.mail_domain_id)
    row = _of_host(_last, request) or _of_domain(_last, None)
    return _theme(row, row.domain if row else None)


def type_in(request: HttpRequest, domain: int) -> None:
    """Note for this request that an address of the domain was typed."""
    request.theme_domain = domain  # type: ignore[attr-defined]


def sheet(digest: str) -> str:
    """Return the style sheet of this digest; "" if no theme has it."""
    return next(
        (
            colours.sheet(row.accent, row.accent_dark)
            for row in _rows()
            if row.accent and _digest(row) == digest
        ),
        "",
    )


def forget() -> None:
    """Clear the cache after a change of a theme."""
    cache.delete(DomainTheme.CACHE_KEY)


def _rows() -> list[_ThemeRow]:
    global _last
    rows: list[list[Any]] | None = cache.get(DomainTheme.CACHE_KEY)
    if rows is None:
        fields = (
            *("mail_domain_id", "mail_domain__name", "name", "authority", "hosts"),
            *("accent", "accent_dark", "logo_digest", "logo_width", "logo_height"),
        )
        rows = [
            [*row[:4], row[4].lower().split(), *row[5:]]
            for row in DomainTheme.objects.values_list(*fields)
        ]
        cache.set(DomainTheme.CACHE_KEY, rows, DomainTheme.CACHE_SECONDS)
    _last = [_ThemeRow(*row) for row in rows]
    return _last


def _of_domain(rows: list[_ThemeRow], domain: int | None) -> _ThemeRow | None:
    own = [row for row in rows if row.domain == domain]
    return next(iter([*own, *(row for row in rows if row.domain is None)]), None)


def _of_host(rows: list[_ThemeRow], request: HttpRequest) -> _ThemeRow | None:
    if not any(row.hosts for row in rows):
        return None
    try:
        host = request.get_host().rpartition(":")[0] or request.get_host()
    except DisallowedHost:
        return None
    return next((row for row in rows if host.lower() in row.hosts), None)


def _typed(request: HttpRequest) -> int | None:
    typed: int | None = getattr(request, TYPED, None)
    if typed is None and (session := getattr(request, "session", None)) is not None:
        typed = session.get(TYPED)
    return typed


def _of_typed(rows: list[_ThemeRow], request: HttpRequest) -> _ThemeRow | None:
    typed = _typed(request)
    return next((row for row in rows if typed is not None and row.domain == typed), None)


def _theme(row: _ThemeRow | None, domain: int | None) -> Theme:
    if row is None:
        return Theme(settings.PRODUCT_NAME, settings.AUTHORITY_NAME, domain)
    return Theme(
        product=row.name or settings.PRODUCT_NAME,
        authority=row.authority or settings.AUTHORITY_NAME,
        domain=domain,
        logo=reverse("accounts:theme_logo", args=[row.logo_digest]) if row.logo_digest else "",
        logo_width=_width(row),
        logo_height=_HEIGHT if row.logo_digest else 0,
        sheet=reverse("accounts:theme_sheet", args=[_digest(row)]) if row.accent else "",
    )


def _width(row: _ThemeRow) -> int:
    """Return the width of the logo in the header at the height of the webmail's own."""
    return min(round(_HEIGHT * row.logo_width / row.logo_height), _WIDEST) if row.logo_height else 0


def _digest(row: _ThemeRow) -> str:
    return hashlib.sha256(f"1 {row.accent} {row.accent_dark}".encode()).hexdigest()[:16]
