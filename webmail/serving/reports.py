"""Report errors of the server to Sentry, where WEBMAIL_SENTRY_DSN names one.

A report is made anew from a few fields that cannot identify anybody: the class of each error, the
lines of code in its traceback, the logger, the route and the id of the request. It contains neither
the text of an error nor the arguments of a log line, since both may hold an address, a subject or a
server's words; nor variables, URLs, headers, cookies or forms. The id leads to the log line with
the details.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from core import logs, version

MISSING: Final = (
    "WEBMAIL_SENTRY_DSN needs its SDK: pip install --require-hashes -r requirements-sentry.txt"
)
_FRAME: Final = ("filename", "module", "function", "lineno", "in_app")
_MOST_ERRORS: Final = 10


def begin(dsn: str) -> None:
    """Report every log line of an error from now on. Raises ImproperlyConfigured."""
    try:
        # An optional dependency, imported only where it is used.
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
    """Return the event that is sent in place of the SDK's."""
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
        # The log line without its arguments.
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
