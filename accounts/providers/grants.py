"""The tokens of a sign-in: kept sealed, refreshed once, and given wherever a password would be.

What the session seals, and what is lent to jobs, is not a token but the key of a `TokenGrant`. So
a refreshed token reaches every session, job and pooled connection at once, and a provider that
gives each refresh token for one use (RFC 9700, 4.14.2) is never shown an old one.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import MailDomain, SignInProvider, TokenGrant, User, UserSession
from accounts.providers import asking, checking, proxied
from accounts.providers.asking import Tokens
from accounts.providers.failures import Failure, ProviderError
from webmail import clock
from webmail.bearer import AccessToken
from webmail.errors import ServerUnavailable, SignInNeeded

SESSION_KEY: Final = "token_grant"
"""Under which the number of the grant stands in the session, for sign-out alone."""

PROVIDER_KEY: Final = "token_provider"
"""Under which the number of the provider stands there, for pages that ask for another sign-in."""

# No password begins so: the forms take no control characters.
_MARK: Final = "\0grant\0"
# Seconds before its end at which a token is refreshed, of one that lives for minutes.
_EARLY: Final = 60
# How long a refresh is waited for that another worker has begun.
_PATIENCE: Final = 15.0
# How long a refresh that failed is not tried again while the token lives.
_AGAIN: Final = 10.0
_NONCE: Final = 12


@dataclass(frozen=True, slots=True)
class _Opened:
    """A grant and what lies sealed in it."""

    grant: TokenGrant
    key: bytes
    tokens: Tokens


def start_address(session: Mapping[str, Any]) -> str:
    """Return the address at which the person of a session signs in again; "" where it is by a
    password."""
    by = session.get(PROVIDER_KEY)
    if by == proxied.BUTTON:
        return reverse("accounts:proxied")
    return reverse("accounts:provider_start", args=[by]) if by else ""


def is_grant(credential: str) -> bool:
    """Whether what was sealed is the key of a grant, and no password."""
    return credential.startswith(_MARK)


def make(user: User, provider: SignInProvider, tokens: Tokens, claims: dict[str, Any]) -> str:
    """Keep the tokens of a sign-in; the credential that opens them."""
    key = AESGCM.generate_key(256)
    number = uuid.uuid4()
    scope = tokens.scope.split() if tokens.scope else provider.scopes.split()
    TokenGrant.objects.create(
        id=number,
        user=user,
        provider=provider,
        subject=claims["sub"],
        sid=claims.get("sid", ""),
        sealed=_sealed(number, key, tokens),
        made=clock.now(),
        expires=clock.now() + timedelta(seconds=tokens.seconds),
        is_offline="offline_access" in scope and bool(tokens.refresh),
    )
    return f"{_MARK}{number}\0{base64.urlsafe_b64encode(key).decode()}"


def number_of(credential: str) -> uuid.UUID:
    return uuid.UUID(credential.split("\0")[2])


def of_credential(credential: str) -> TokenGrant | None:
    """The row that the credential opens; None for a password."""
    if not is_grant(credential):
        return None
    return TokenGrant.objects.filter(pk=number_of(credential)).first()


def way_in(user: User, credential: str) -> tuple[str, str]:
    """Return login and password, or access token, for the mail servers of this user.

    Raises SignInNeeded when the grant is over, and ServerUnavailable when its token is over and
    the provider is not to be reached.
    """
    if proxied.is_proxied(credential):
        if user.mail_domain is None or not proxied.is_of(user, credential):
            raise SignInNeeded("The word of the proxy is over.")
        return master(user.mail_domain, user.login)
    if not is_grant(credential):
        return user.login, credential
    opened = _open(user, credential)
    provider = opened.grant.provider
    if provider.way == SignInProvider.Way.MASTER:
        return master(provider.mail_domain, user.login)
    return user.login, AccessToken(_fresh(opened).access)


def master(domain: MailDomain, login: str) -> tuple[str, str]:
    """Return the login and password by which the master user opens somebody's mailbox. Raises
    ServerUnavailable where the environment has none."""
    own = re.sub(r"[.-]", "_", domain.name).upper()
    name, password, separator = (
        values.get(own) or values.get("") or ""
        for values in (settings.MASTER_USER, settings.MASTER_PASSWORD, settings.MASTER_SEPARATOR)
    )
    separator = separator or "*"
    if not name or not password:
        raise ServerUnavailable("WEBMAIL_MASTER_USER and WEBMAIL_MASTER_PASSWORD are not set.")
    if separator in login:
        raise SignInNeeded("The login holds the separator of the master user.")
    return f"{login}{separator}{name}", password


def id_token(user: User, credential: str) -> str:
    """Return the ID token, as a hint at sign-out; "" where there is none any more."""
    try:
        return _open(user, credential).tokens.id_token
    except SignInNeeded:
        return ""


def bind(request: HttpRequest, row: int) -> None:
    """The sign-in is complete: the grant belongs to this session, and the former one of the session
    to nobody."""
    number = request.session.get(SESSION_KEY)
    if not number:
        return
    forget(TokenGrant.objects.filter(session=row).exclude(pk=number))
    TokenGrant.objects.filter(pk=number).update(session=row)


def forget(grants: Any) -> None:
    """Delete those that no job needs; the others lose their session."""
    grants.filter(lentcredential=None).delete()
    grants.update(session=None)


def leave(request: HttpRequest) -> None:
    """Leave the grant, at sign-out and where a password takes the place of the tokens."""
    request.session.pop(PROVIDER_KEY, None)
    if number := request.session.pop(SESSION_KEY, ""):
        forget(TokenGrant.objects.filter(pk=number))


def forget_unneeded() -> int:
    """Delete the grants whose sessions and jobs are over. Returns how many."""
    before = clock.now() - TokenGrant.UNBOUND
    return TokenGrant.objects.unneeded().filter(made__lt=before).delete()[0]


def revoke(provider: SignInProvider, *, subject: str, sid: str) -> list[UserSession]:
    """A provider says that a session there is over: return the sessions here that lived by it.

    Grants that outlive the session (offline_access) stay for the jobs that they were lent to
    (Back-Channel Logout 1.0, 2.7); the others are worth nothing from now on.
    """
    grants = TokenGrant.objects.filter(provider=provider)
    if subject:
        grants = grants.filter(subject=subject)
    if sid:
        grants = grants.filter(sid=sid)
    sessions = list(UserSession.objects.filter(pk__in=grants.values("session")))
    numbers = list(grants.values_list("pk", flat=True))
    offline = TokenGrant.objects.filter(pk__in=numbers, is_offline=True)
    TokenGrant.objects.filter(pk__in=numbers, is_offline=False).delete()
    forget(offline)
    return sessions


def _open(user: User, credential: str) -> _Opened:
    """Raises SignInNeeded."""
    try:
        _empty, _word, number, coded = credential.split("\0")
        key = base64.urlsafe_b64decode(coded)
        grants = TokenGrant.objects.select_related("provider__mail_domain")
        grant = grants.filter(pk=uuid.UUID(number), user=user.pk).first()
    except ValueError as error:
        raise SignInNeeded from error
    if grant is None or not grant.provider.is_on:
        raise SignInNeeded("The provider's word is over.")
    if grant.provider.mail_domain_id != user.mail_domain_id:
        raise SignInNeeded("The provider is of another mail domain.")
    try:
        data = bytes(grant.sealed)
        text = AESGCM(key).decrypt(data[:_NONCE], data[_NONCE:], grant.pk.bytes)
        return _Opened(grant, key, Tokens(**json.loads(text)))
    except (ValueError, TypeError, InvalidTag) as error:
        raise SignInNeeded from error


def _sealed(number: uuid.UUID, key: bytes, tokens: Tokens) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    text = json.dumps(asdict(tokens)).encode()
    return nonce + AESGCM(key).encrypt(nonce, text, number.bytes)


def _fresh(opened: _Opened) -> Tokens:
    """The tokens, refreshed where the access token is about to end."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        left = (opened.grant.expires - clock.now()).total_seconds()
        if left > min(_EARLY, opened.tokens.seconds / 4):
            return opened.tokens
        if not opened.tokens.refresh:
            if left > 0:
                return opened.tokens
            raise SignInNeeded("The access token is over, and there is none to refresh it.")
        if runner := _claimed(opened.grant):
            return _refreshed(opened, runner, has_time=left > 0)
        if left > 0:
            return opened.tokens
        if time.monotonic() > deadline:
            raise ServerUnavailable("Another worker is refreshing the access token.")
        time.sleep(0.1)
        opened = _again(opened)


def _claimed(grant: TokenGrant) -> str:
    """A word for the one worker that refreshes; "" for all others, which wait for it.

    By the row's state, and no lock of the database: the provider is asked meanwhile.
    """
    now, runner = clock.now(), secrets.token_hex(16)
    rows = TokenGrant.objects.filter(pk=grant.pk, expires=grant.expires)
    free = rows.filter(refreshing=None) | rows.filter(refreshing__lt=now)
    until = now + timedelta(seconds=_PATIENCE)
    return runner if free.update(refresher=runner, refreshing=until) else ""


def _refreshed(opened: _Opened, runner: str, *, has_time: bool) -> Tokens:
    grant = opened.grant
    rows = TokenGrant.objects.filter(pk=grant.pk, refresher=runner)
    try:
        new = asking.refresh(grant.provider, opened.tokens.refresh)
        checking.check_audience(grant.provider, new.access)
    except ProviderError as error:
        if error.failure in (Failure.EXPIRED, Failure.AUDIENCE):
            rows.delete()
            raise SignInNeeded(str(error)) from error
        if has_time:
            # Tried again in a moment, and not by every request until the token is over.
            later = clock.now() + timedelta(seconds=_AGAIN)
            rows.update(refresher="", refreshing=later)
            return opened.tokens
        rows.update(refresher="", refreshing=None)
        raise ServerUnavailable(str(error)) from error
    tokens = Tokens(
        new.access,
        new.seconds,
        new.refresh or opened.tokens.refresh,
        new.id_token or opened.tokens.id_token,
        new.scope or opened.tokens.scope,
    )
    rows.update(
        sealed=_sealed(grant.pk, opened.key, tokens),
        expires=clock.now() + timedelta(seconds=tokens.seconds),
        refresher="",
        refreshing=None,
    )
    return tokens


def _again(opened: _Opened) -> _Opened:
    credential = f"{_MARK}{opened.grant.pk}\0{base64.urlsafe_b64encode(opened.key).decode()}"
    return _open(opened.grant.user, credential)
