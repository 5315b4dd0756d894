"""Redis, and the workers that take jobs from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext

from accounts import jobs
from accounts.doctor.database import first_line
from accounts.findings import Finding, bad, ok, warn
from webmail.sizes import size


def redis_findings() -> Iterator[Finding]:
    """Whether it answers and takes something, and what happens when its memory is full."""
    if not settings.REDIS_URL:
        yield warn(
            gettext("There is no Redis: no message is sent later, and jobs run while pages wait."),
            gettext("Set REDIS_URL, and run the workers (docs/install.md)."),
        )
        return
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=3, socket_connect_timeout=3
        ) as client:
            # One that cannot save refuses this already.
            client.ping()
            cache.set("doctor", 1, 10)
            facts: Mapping[str, Any] = client.info()
    except redis.ResponseError as error:
        yield bad(
            gettext("Redis takes nothing: %(error)s") % {"error": first_line(error)},
            gettext("It says why. Make room, on its disk or in its memory (docs/install.md)."),
        )
        return
    except (redis.RedisError, OSError) as error:
        yield bad(
            gettext("Redis does not answer: %(error)s") % {"error": first_line(error)},
            gettext("Is REDIS_URL right, with its password, and does the server run?"),
        )
        return
    yield from _memory(facts)


def _memory(facts: Mapping[str, Any]) -> Iterator[Finding]:
    used, most = int(facts.get("used_memory", 0)), int(facts.get("maxmemory", 0))
    policy = str(facts.get("maxmemory_policy", ""))
    words = {"used": size(used), "most": size(most), "policy": policy}
    if policy.startswith("allkeys"):
        yield bad(
            gettext("Redis may throw jobs away when it is full (maxmemory-policy %(policy)s).")
            % words,
            gettext(
                "Set maxmemory-policy to volatile-ttl: caches have a time of life and go first,"
                " jobs have none and stay."
            ),
        )
    elif not most:
        yield warn(
            gettext("Redis has no limit of memory; it uses %(used)s.") % words,
            gettext("Set maxmemory, and maxmemory-policy to volatile-ttl (docs/install.md)."),
        )
    elif policy == "noeviction":
        yield warn(
            gettext("Redis refuses to write when its %(most)s are full; it uses %(used)s.") % words,
            gettext("Set maxmemory-policy to volatile-ttl: caches then give way to what is new."),
        )
    else:
        yield ok(gettext("Redis answers, and uses %(used)s of %(most)s.") % words)


def job_findings() -> Iterator[Finding]:
    """Whether each queue has its worker, and beat is alive."""
    health = jobs.health()
    if health.is_eager:
        yield ok(gettext("Jobs are done at once: there is no queue."))
        return
    if health.waiting is None:
        yield bad(
            gettext("The queues of jobs cannot be read."), gettext("Redis must answer first.")
        )
        return
    for name in health.without_worker:
        yield bad(
            gettext("No worker takes jobs from the queue %(name)s: they wait.") % {"name": name},
            f"systemctl start webmail-worker@{name}",
        )
    if not health.has_beat:
        yield bad(
            gettext("Nothing was done at its time for three minutes."),
            gettext("beat runs beside the worker of the queue upkeep: start it, on one machine."),
        )
    if health.is_well:
        yield ok(
            gettext("All workers live. Jobs that wait: %(count)s.") % {"count": health.waiting}
        )
