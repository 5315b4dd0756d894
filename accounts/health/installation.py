"""The services that an installation needs, tested for the health check of a load balancer and for
the self-check."""

from __future__ import annotations

import ipaddress
import os
import tempfile
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def missing_migrations() -> int:
    """Return the number of migrations of this version that the database lacks. Raises
    DatabaseError."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def write_to_spool(size: int = 1) -> None:
    """Write ``size`` bytes to a file in the spool, flush them to disk, and remove the file. Raises
    OSError."""
    settings.SPOOL.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.SPOOL) as file:
        file.write(b"\0" * size)
        file.flush()
        os.fsync(file.fileno())


# --- Redis ---

_SECONDS: Final = 3


def lets_everybody_in(url: str) -> bool:
    """Return whether the Redis of a URL can be read and written without a password from another
    machine. Raises RedisError, OSError or ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss"} or not _needs_no_password(url):
        return False
    return not _is_own(parts.hostname or "localhost") or _listens_elsewhere(url)


def _needs_no_password(url: str) -> bool:
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    with _client(bare) as stranger:
        try:
            stranger.ping()
        except redis.AuthenticationError:
            return False
        except redis.ResponseError as error:
            return not str(error).startswith(("NOAUTH", "WRONGPASS", "NOPERM", "DENIED"))
    return True


def _listens_elsewhere(url: str) -> bool:
    """Return whether a Redis of this machine also answers at other addresses. One that does not
    tell is taken to answer here alone."""
    with _client(url) as client, suppress(redis.ResponseError):
        if client.config_get("protected-mode").get("protected-mode") == "yes":
            return False
        names = str(client.config_get("bind").get("bind", "")).split()
        return not names or not all(_is_own(name.removeprefix("-")) for name in names)
    return False


def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS, decode_responses=True
    )


def _is_own(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
