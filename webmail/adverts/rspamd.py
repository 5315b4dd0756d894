"""Ask rspamd for its verdict, and teach it, where an installation has one.

This uses the HTTP interface of its controller (https://docs.rspamd.com/developers/protocol/). The
URL comes from the settings, so the guard of `mail.remote` is not needed.
"""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from mail.errors import ServerUnavailable

_LONGEST_ANSWER = 1024 * 1024
_SPAM = frozenset({"reject", "add header", "rewrite subject"})


@dataclass(frozen=True, slots=True)
class RspamdServer:
    """The server of rspamd. ``url`` is the controller's, such as ``http://127.0.0.1:11334``;
    ``timeout`` is in seconds."""

    url: str
    password: str = field(default="", repr=False)
    timeout: float = 2.0


@dataclass(frozen=True, slots=True)
class RspamdVerdict:
    """The answer of rspamd: whether the message is spam, its score, and the score from which
    messages are rejected."""

    is_spam: bool
    score: float
    required: float


def check(server: RspamdServer, raw: bytes, person: str) -> RspamdVerdict:
    """Return rspamd's verdict on a message or its beginning. ``person`` is the user's address, for
    installations with words learnt for each user. Raises ServerUnavailable for any failure."""
    answer = _ask(server, "/checkv2", raw, person)
    action, score, required = (
        answer.get("action"),
        answer.get("score"),
        answer.get("required_score"),
    )
    if not isinstance(action, str) or not isinstance(score, int | float):
        raise ServerUnavailable("rspamd did not answer as it must.")
    limit = float(required) if isinstance(required, int | float) else 15.0
    return RspamdVerdict(action in _SPAM, float(score), limit)


def learn(server: RspamdServer, raw: bytes, person: str, *, is_spam: bool) -> None:
    """Teach rspamd a message. It is no failure if rspamd knows the message already or finds too few
    words in it. Raises ServerUnavailable for all other failures."""
    _ask(server, "/learnspam" if is_spam else "/learnham", raw, person)


def _ask(server: RspamdServer, path: str, raw: bytes, person: str) -> dict[str, Any]:
    parts = urlsplit(server.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=server.timeout)
    headers = {"Deliver-To": re.sub(r"[^\x21-\x7e]", "", person)[:254]}
    if server.password:
        headers["Password"] = server.password
    try:
        connection.request("POST", f"{parts.path.rstrip('/')}{path}", raw, headers)
        answer = connection.getresponse()
        text = answer.read(_LONGEST_ANSWER)
        if answer.status >= 400:
            raise ServerUnavailable(f"rspamd answered {answer.status}.")
        values = json.loads(text) if text else {}
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ServerUnavailable("rspamd does not answer.") from error
    finally:
        connection.close()
    if not isinstance(values, dict):
        raise ServerUnavailable("rspamd did not answer as it must.")
    return values
