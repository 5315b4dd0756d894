"""Read the file of settings, ``/etc/webmail/environment``, in the same way as systemd.

A shell that sources the file would expand ``$`` in a password; systemd does not. So commands name
the file in ``WEBMAIL_ENVIRONMENT``, and this module reads it (systemd.exec(5),
``EnvironmentFile=``).
"""

from __future__ import annotations

import os
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

from django.core.exceptions import ImproperlyConfigured

NAME: Final = "WEBMAIL_ENVIRONMENT"
_LINE: Final = re.compile(r"\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def load(path: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Add the variables of the file to the environment, if there is a path. Variables that are
    already set do not change."""
    if not path:
        return
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{NAME}: {error}") from error
    for name, value in parsed(text).items():
        environ.setdefault(name, value)


def parsed(text: str) -> dict[str, str]:
    """Return the variables of a text. Raises ImproperlyConfigured with the number of a line that is
    neither a variable nor a comment."""
    values = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ImproperlyConfigured(f"{NAME}: line {number} is not NAME=value")
        values[match["name"]] = _unquoted(match["value"].strip(), number)
    return values


def _unquoted(value: str, number: int) -> str:
    quote = value[:1]
    if quote not in {'"', "'"}:
        return _ESCAPED.sub(r"\1", value)
    if len(value) < 2 or not value.endswith(quote):
        raise ImproperlyConfigured(f"{NAME}: the quotes of line {number} do not end")
    inner = value[1:-1]
    # Inside double quotes, systemd removes the backslash before these characters only, like a
    # shell.
    return re.sub(r'\\(["\\$`])', r"\1", inner) if quote == '"' else inner
