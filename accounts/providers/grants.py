"""The tokens of a sign-in: stored sealed, refreshed by one worker, and used wherever a password
would be.

The session and the loans to jobs do not contain a token but the key of a `TokenGrant`. So a
refreshed token reaches every session, job and pooled connection at once, and a provider that
rotates refresh tokens (RFC 9700, 4.14.2) never receives an old one.
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
from accounts.providers.failures import ProviderError, ProviderFailure
from core import clock
from mail.bearer import AccessToken
from mail.errors import ServerUnavailable, SignInNeeded

SESSION_KEY: Final = "token_grant"
"""The key in the session under which the grant's number is stored, for sign-out alone."""

PROVIDER_KEY: Final = "token_provider"
"""The key in the session under which the provider's number is stored, for pages that ask for
another sign-in."""

# No password begins like this, since the forms refuse control characters.
_MARK: Final = "\0grant\0"
# Seconds before its expiry at which a token that lives for minutes is refreshed.
_EARLY: Final = 60
# Seconds to wait for a refresh by another worker.
_PATIENCE: Final = 15.0
# Seconds until a failed refresh is tried again while the token is still valid.
_AGAIN: Final = 10.0
_NONCE: Final = 12


@dataclass(frozen=True, slots=True)
class _OpenGrant:
    """A grant with its unsealed tokens."""

    grant: TokenGrant
    key: bytes
    tokens: Tokens


def start_address(session: Mapping[str, Any]) -> str:
    """Return the address at which the session's user can sign in again; "" for a sign-in by
    password."""
    by = session.get(PROVIDER_KEY)
    if by == proxied.BUTTON:
        return reverse("accounts:proxied")
    return reverse("accounts:provider_start", args=[by]) if by else ""


def is_grant(credential: str) -> bool:
    """Return whether a sealed credential is the key of a grant instead of a password."""
    return credential.startswith(_MARK)


def make(user: User, provider: SignInProvider, tokens: Tokens, claims: dict[str, Any]) -> str:
    """Store the tokens of a sign-in, and return the credential that opens them."""
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
    """Return the grant that the credential opens; None for a password."""
    if not is_grant(credential):
        return None
    return TokenGrant.objects.filter(pk=number_of(credential)).first()


def way_in(user: User, credential: str) -> tuple[str, str]:
    """Return the login for the mail servers, with the password or the access token of this user.

    Raises SignInNeeded when the grant is over, and ServerUnavailable when its token has expired and
    the provider cannot be reached.
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
    return user.login, AccessToken(_valid_tokens(opened).access)


def master(domain: MailDomain, login: str) -> tuple[str, str]:
    """Return the login and password by which the master user opens a mailbox. Raises
    ServerUnavailable if the settings have none."""
    suffix = re.sub(r"[.-]", "_", domain.name).upper()
    name, password, separator = (
        values.get(suffix) or values.get("") or ""
        for values in (settings.MASTER_USER, settings.MASTER_PASSWORD, settings.MASTER_SEPARATOR)
    )
    separator = separator or "*"
    if not name or not password:
        raise ServerUnavailable("WEBMAIL_MASTER_USER and WEBMAIL_MASTER_PASSWORD are not set.")
    if separator in login:
        raise SignInNeeded("The login holds the separator of the master user.")
    return f"{login}{separator}{name}", password


def id_token(user: User, credential: str) -> str:
    """Return the ID token, as a hint at sign-out; "" if the grant is over."""
    try:
        return _open(user, credential).tokens.id_token
    except SignInNeeded:
        return ""


def bind(request: HttpRequest, row: int) -> None:
    """Give the grant to this session when its sign-in is complete, and forget the session's former
    grant."""
    number = request.session.get(SESSION_KEY)
    if not number:
        return
    forget(TokenGrant.objects.filter(session=row).exclude(pk=number))
    TokenGrant.objects.filter(pk=number).update(session=row)


def forget(grants: Any) -> None:
    """Delete the grants that no job needs, and separate the others from their session."""
    grants.filter(lentcredential=None).delete()
    grants.update(session=None)


def leave(request: HttpRequest) -> None:
    """Forget the session's grant, at sign-out and when a password replaces the tokens."""
    request.session.pop(PROVIDER_KEY, None)
    if number := request.session.pop(SESSION_KEY, ""):
        forget(TokenGrant.objects.filter(pk=number))


def forget_unneeded() -> int:
    """Delete the grants whose sessions and jobs are over. Return the number deleted."""
    before = clock.now() - TokenGrant.UNBOUND
    return TokenGrant.objects.unneeded().filter(made__lt=before).delete()[0]


def revoke(provider: SignInProvider, *, subject: str, sid: str) -> list[UserSession]:
    """End the grants of a session that the provider reports as over, and return the sessions here
    that used them.

    Grants that outlive the session (offline_access) stay for the jobs that they were lent to
    (Back-Channel Logout 1.0, 2.7); the others are deleted.
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


def _open(user: User, credential: str) -> _OpenGrant:
    """Return the grant of a credential with its tokens. Raises SignInNeeded."""
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
        return _OpenGrant(grant, key, Tokens(**json.loads(text)))
    except (ValueError, TypeError, InvalidTag) as error:
        raise SignInNeeded from error


def _sealed(number: uuid.UUID, key: bytes, tokens: Tokens) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    text = json.dumps(asdict(tokens)).encode()
    return nonce + AESGCM(key).encrypt(nonce, text, number.bytes)


def _valid_tokens(opened: _OpenGrant) -> Tokens:
    """Return the tokens, refreshed if the access token is about to expire."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        seconds_left = (opened.grant.expires - clock.now()).total_seconds()
        if seconds_left > min(_EARLY, opened.tokens.seconds / 4):
            return opened.tokens
        if not opened.tokens.refresh:
            if seconds_left > 0:
                return opened.tokens
            raise SignInNeeded("The access token is over, and there is none to refresh it.")
        if runner := _claim_refresh(opened.grant):
            return _refresh(opened, runner, has_time=seconds_left > 0)
        if seconds_left > 0:
            return opened.tokens
        if time.monotonic() > deadline:
            raise ServerUnavailable("Another worker is refreshing the access token.")
        time.sleep(0.1)
        opened = _reload(opened)


def _claim_refresh(grant: TokenGrant) -> str:
    """Return a random word for the one worker that refreshes, and "" for all others, which wait for
    it.

    The claim is a state of the row, not a lock of the database, because the provider is asked
    meanwhile.
    """
    now, runner = clock.now(), secrets.token_hex(16)
    rows = TokenGrant.objects.filter(pk=grant.pk, expires=grant.expires)
    free = rows.filter(refreshing=None) | rows.filter(refreshing__lt=now)
    until = now + timedelta(seconds=_PATIENCE)
    return runner if free.update(refresher=runner, refreshing=until) else ""


def _refresh(opened: _OpenGrant, runner: str, *, has_time: bool) -> Tokens:
    grant = opened.grant
    rows = TokenGrant.objects.filter(pk=grant.pk, refresher=runner)
    try:
        new = asking.refresh(grant.provider, opened.tokens.refresh)
        checking.check_audience(grant.provider, new.access)
    except ProviderError as error:
        if error.failure in (ProviderFailure.EXPIRED, ProviderFailure.AUDIENCE):
            rows.delete()
            raise SignInNeeded(str(error)) from error
        if has_time:
            # Wait before the next attempt, so that not every request tries until the token expires.
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


def _reload(opened: _OpenGrant) -> _OpenGrant:
    credential = f"{_MARK}{opened.grant.pk}\0{base64.urlsafe_b64encode(opened.key).decode()}"
    return _open(opened.grant.user, credential)
