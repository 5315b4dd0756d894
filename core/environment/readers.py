"""Read one declared environment variable, or stop the start with an error that names it.

Each reader takes the default from the declaration. ``default`` is passed where it is computed from
another setting or a path.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from core.environment.declared import DECLARED, Kind, Setting

SHORTEST_KEY = 32


def env_text(name: str, default: str | None = None) -> str:
    """Return a text."""
    return _value(_declared(name, Kind.TEXT), default)


def env_keys(name: str) -> list[str]:
    """Return the secret keys, the one in use first: ``new,old``. A comma in a text whose parts are
    shorter than a key belongs to the key."""
    value = env_text(name)
    keys = [key.strip() for key in value.split(",")]
    return keys if all(len(key) >= SHORTEST_KEY for key in keys) else [value]


def env_choice(name: str) -> str:
    """Return one of the declared choices."""
    setting = _declared(name, Kind.CHOICE)
    value = _value(setting)
    if value not in setting.choices:
        raise ImproperlyConfigured(f"{name} must be {_either(setting.choices)}, not {value!r}")
    return value


def env_int(name: str) -> int:
    """Return a whole number within the declared limits."""
    setting = _declared(name, Kind.NUMBER)
    value = _value(setting)
    if not value.isascii() or not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}")
    if int(value) < setting.minimum:
        raise ImproperlyConfigured(f"{name} must be {setting.minimum} or more, not {value}")
    if setting.maximum is not None and int(value) > setting.maximum:
        raise ImproperlyConfigured(f"{name} must be {setting.maximum} or less, not {value}")
    return int(value)


def env_bool(name: str, default: bool | None = None) -> bool:
    """Return whether a switch is on: 1, true, yes, on / 0, false, no, off, in any case."""
    setting = _declared(name, Kind.SWITCH)
    value = _value(setting, None if default is None else "01"[default]).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}")


def env_list(name: str, default: str | None = None) -> list[str]:
    """Return comma-separated words, without blanks around them."""
    return _words(_declared(name, Kind.LIST), default)


def env_networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return comma-separated addresses or networks (``192.0.2.0/24``)."""
    words = _words(_declared(name, Kind.NETWORKS))
    try:
        return [ipaddress.ip_network(word, strict=False) for word in words]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def env_by_domain(name: str) -> dict[str, str]:
    """Return ``NAME`` for every mail domain (under "") and ``NAME__AC_EXEMPLE_FR`` for that domain
    alone (under ``AC_EXEMPLE_FR``). Each may be read from a file."""
    values = {"": _value(_declared(name, Kind.BY_DOMAIN))}
    for variable in os.environ:
        own = variable.removesuffix("_FILE")
        if own.startswith(f"{name}__"):
            values[own.removeprefix(f"{name}__")] = _text(own, "")
    return {domain: value for domain, value in values.items() if value}


def _declared(name: str, kind: Kind) -> Setting:
    setting = DECLARED[name]
    if setting.kind is not kind:
        raise TypeError(f"{name} is declared as {setting.kind}, and read as {kind}")
    return setting


def _value(setting: Setting, default: str | None = None) -> str:
    return _text(setting.name, setting.default if default is None else default)


def _text(name: str, default: str) -> str:
    """Return the variable, or the content of the file that ``NAME_FILE`` names, or the default."""
    if file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: {error}") from error
    return os.environ.get(name, default)


def _words(setting: Setting, default: str | None = None) -> list[str]:
    return [word.strip() for word in _value(setting, default).split(",") if word.strip()]


def _either(choices: tuple[str, ...]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"
