"""Prove that the proxy lets nobody but itself name the user of a sign-in (`proxied`).

Whoever can send the header of WEBMAIL_REMOTE_USER_HEADER through the proxy opens any mailbox. So
the webmail sends it to itself through its public address, with a random value, and learns from the
answer whether the value came through. Until a proxy has been seen to drop it, sign-ins by the
header stay closed; a process whose proxy lets it through ends.
"""

from __future__ import annotations

import http.client
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from accounts.health import own_address
from accounts.health.own_address import OwnAnswer
from core import logs

logger = logging.getLogger(__name__)

EXIT_STATUS: Final = 3
_PARAMETER: Final = "probe"
_SECONDS: Final = 60
_SOON_S: Final = 5
_LATER_S: Final = 300
_GUARDED: Final = frozenset((301, 302, 303, 307, 308, 401, 403))
_signer = signing.TimestampSigner(salt="accounts.providers.proof")


class Passage(StrEnum):
    """What became of the header on its way through the proxy."""

    DROPPED = "dropped"
    LET_THROUGH = "let through"
    UNKNOWN = "unknown"


def _end() -> None:
    os._exit(EXIT_STATUS)


class _State:
    """What this process knows, and how it ends."""

    passage = Passage.UNKNOWN
    has_begun = False
    end: Callable[[], object] = staticmethod(_end)


_state = _State()
_lock = threading.Lock()


def is_given() -> bool:
    """Return whether a proxy has been seen to drop the header. Ask again later, if not."""
    if _state.passage is Passage.UNKNOWN:
        begin()
    return _state.passage is Passage.DROPPED


def begin() -> None:
    """Ask in a thread of this process, now and every few minutes."""
    with _lock:
        if _state.has_begun:
            return
        _state.has_begun = True
    threading.Thread(target=_watch, name="proof of the proxy", daemon=True).start()


def _watch() -> None:
    while settings.REMOTE_USER_HEADER:
        try:
            note(ask())
        except Exception:
            logger.exception("The header of the sign-in by a proxy could not be tried.")
        time.sleep(_LATER_S if _state.passage is Passage.DROPPED else _SOON_S)
    _state.has_begun = False


def note(passage: Passage) -> None:
    """Open or close the sign-ins. End the process where the proxy lets the header through. An
    unknown result changes nothing: a proxy that is away for a moment is still the same."""
    before = _state.passage
    if passage is Passage.LET_THROUGH:
        _state.passage = passage
        logger.critical(
            "%s lets browsers send the header %s of WEBMAIL_REMOTE_USER_HEADER: anybody could open"
            " any mailbox. The webmail ends. Let the proxy drop it (docs/sign-in.md).",
            settings.BASE_URL,
            settings.REMOTE_USER_HEADER,
        )
        _state.end()
    elif passage is Passage.DROPPED:
        _state.passage = passage
        if before is not passage:
            logger.info("The proxy drops the header %s of browsers.", settings.REMOTE_USER_HEADER)
    elif before is Passage.UNKNOWN:
        logger.warning(
            "Sign-ins by a proxy stay closed: %s has not shown yet that browsers cannot send the"
            " header %s. It is tried again in some seconds.",
            settings.BASE_URL,
            settings.REMOTE_USER_HEADER,
        )


def when_refused(end: Callable[[], object]) -> None:
    """Call ``end`` where the proxy lets the header through, in place of ending this process."""
    _state.end = end


# --- the question ---


def ask() -> Passage:
    """Send the header through the public address, in each of its spellings."""
    passages = {_asked(name) for name in _spellings(settings.REMOTE_USER_HEADER)}
    for passage in (Passage.LET_THROUGH, Passage.UNKNOWN):
        if passage in passages:
            return passage
    return Passage.DROPPED


def _spellings(header: str) -> Iterator[str]:
    """Yield the header as it is set, and with the underscores that CGI and WSGI take for the
    same."""
    yield header
    if "-" in header:
        yield header.replace("-", "_")


def _asked(name: str) -> Passage:
    nonce = secrets.token_hex(16)
    address = reverse("accounts:proxied")
    query = urlencode({_PARAMETER: _signer.sign(nonce)})
    try:
        answer = own_address.ask(f"{address}?{query}", [(name, nonce)])
    except (OSError, UnicodeError, http.client.HTTPException):
        return Passage.UNKNOWN
    return _passage(answer, nonce, address)


def _passage(answer: OwnAnswer, nonce: str, address: str) -> Passage:
    signed = str((answer.body or {}).get(_PARAMETER, ""))
    for passage in (Passage.DROPPED, Passage.LET_THROUGH):
        if secrets.compare_digest(signed, _signed(nonce, passage)):
            return passage
    is_a_webmails = logs.HEADER in answer.headers
    leads_back = urlsplit(answer.headers.get("Location", "")).path == address
    # The proxy lets nobody come to the address whom it has not signed in.
    is_guarded = answer.status in _GUARDED and not (is_a_webmails or leads_back)
    return Passage.DROPPED if is_guarded else Passage.UNKNOWN


# --- the answer ---


def answer(request: HttpRequest) -> dict[str, str] | None:
    """Return the answer to a question of this installation; None for every other request. It says
    no more than whether the question's own random value came through."""
    try:
        nonce = _signer.unsign(request.GET.get(_PARAMETER, ""), max_age=_SECONDS)
    except signing.BadSignature:
        return None
    values = [value for name, value in request.headers.items() if _is_the_header(name)]
    came = any(nonce in value for value in values)
    return {_PARAMETER: _signed(nonce, Passage.LET_THROUGH if came else Passage.DROPPED)}


def _is_the_header(name: str) -> bool:
    return _plain(name) == _plain(settings.REMOTE_USER_HEADER)


def _plain(name: str) -> str:
    return name.replace("_", "-").lower()


def _signed(nonce: str, passage: Passage) -> str:
    return signing.Signer(salt="accounts.providers.proof.answer").signature(f"{nonce} {passage}")
