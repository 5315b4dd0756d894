"""Errors of the server, reported to Sentry where WEBMAIL_SENTRY_DSN names one.

What leaves is made anew of a few things that are known to name nobody: the kind of each error, the
lines of code that it came through, the logger, the route and the id of the request. Neither the
text of an error nor arguments of a line of the log are among them, since both may hold an address,
a subject or a server's words; nor variables, addresses of pages, headers, cookies or forms. The id
leads to the line of the log that has the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from webmail import version
from webmail.serving import logs

MISSING: Final = (
    "WEBMAIL_SENTRY_DSN needs its SDK: pip install --require-hashes -r requirements-sentry.txt"
)
_FRAME: Final = ("filename", "module", "function", "lineno", "in_app")
_MOST_ERRORS: Final = 10


def begin(dsn: str) -> None:
    """Report from now on, each line of the log that is an error. Raises ImproperlyConfigured."""
    try:
        # An extra, imported where it is asked for.
        import sentry_sdk
        from sentry_sdk.integrations.logging import LoggingIntegration
        from sentry_sdk.utils import BadDsn
    except ImportError as error:
        raise ImproperlyConfigured(MISSING) from error
    try:
        sentry_sdk.init(
            dsn,
            release=version.VERSION,
            before_send=_only_known,
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[LoggingIntegration(level=None, event_level=logging.ERROR)],
            max_breadcrumbs=0,
            include_local_variables=False,
            include_source_context=False,
            auto_session_tracking=False,
            send_client_reports=False,
        )
    except BadDsn as error:
        raise ImproperlyConfigured(f"WEBMAIL_SENTRY_DSN: {error}") from error


def _only_known(event: Any, hint: Mapping[str, Any]) -> Any:
    """The event that leaves in place of the SDK's."""
    record = hint.get("log_record")
    request = getattr(record, "request", None)
    errors = event.get("exception", {}).get("values", [])[-_MOST_ERRORS:]
    return {
        "event_id": event["event_id"],
        "timestamp": event["timestamp"],
        "platform": "python",
        "level": event.get("level", "error"),
        "release": event.get("release"),
        "logger": event.get("logger"),
        # A line of the log without what was put into it.
        "logentry": {"message": str(record.msg) if record and not errors else ""},
        "tags": {
            "request_id": getattr(request, "request_id", None) or logs.request_id(),
            "route": logs.route(request),
        },
        "exception": {"values": [_error(error) for error in errors]},
    }


def _error(value: Mapping[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames", [])
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "stacktrace": {"frames": [{name: frame.get(name) for name in _FRAME} for frame in frames]},
    }
