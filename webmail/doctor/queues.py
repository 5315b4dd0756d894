"""Redis, and the workers that take jobs from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import redis
from django.conf import settings
from django.utils.translation import gettext

from accounts.health import installation, jobs
from accounts.health.findings import Finding, bad, ok, warn
from core.sizes import size
from webmail.doctor.database import first_line


def redis_findings() -> Iterator[Finding]:
    """Yield findings on whether each Redis answers, can be written to, and drops nothing important
    when its memory is full."""
    if settings.REDIS_URL:
        yield from _findings(settings.REDIS_URL, "Redis", "REDIS_URL", has_jobs=True)
    else:
        yield warn(
            gettext("There is no Redis: no message is sent later, and jobs run while pages wait."),
            gettext("Set REDIS_URL, and run the workers (docs/install.md)."),
        )
    if settings.CACHE_URL != settings.REDIS_URL:
        name = gettext("The Redis of the cache")
        yield from _findings(settings.CACHE_URL, name, "WEBMAIL_CACHE_URL", has_jobs=False)


def _findings(url: str, name: str, setting: str, *, has_jobs: bool) -> Iterator[Finding]:
    """Yield the findings about one Redis. ``name`` begins the sentences; ``has_jobs`` says that it
    holds jobs besides caches."""
    words = {"redis": name, "setting": setting}
    try:
        with redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3) as client:
            # A Redis that cannot save to disk refuses even this.
            client.ping()
            client.set("webmail:doctor", 1, ex=10)
            facts: Mapping[str, Any] = client.info()
    except redis.ResponseError as error:
        yield bad(
            gettext("%(redis)s takes nothing: %(error)s") % (words | {"error": first_line(error)}),
            gettext("It says why. Make room, on its disk or in its memory (docs/install.md)."),
        )
        return
    except (redis.RedisError, OSError) as error:
        yield bad(
            gettext("%(redis)s does not answer: %(error)s")
            % (words | {"error": first_line(error)}),
            gettext("Is %(setting)s right, with its password, and does the server run?") % words,
        )
        return
    yield _memory(facts, name, has_jobs=has_jobs)
    if installation.lets_everybody_in(url):
        yield warn(
            gettext("%(redis)s lets in everybody on its network without a password.") % words,
            gettext(
                "Whoever writes there can take over sessions. Set requirepass, and the password in"
                " %(setting)s (docs/install.md, “Database”)."
            )
            % words,
        )


def _memory(facts: Mapping[str, Any], name: str, *, has_jobs: bool) -> Finding:
    used, most = int(facts.get("used_memory", 0)), int(facts.get("maxmemory", 0))
    policy = str(facts.get("maxmemory_policy", ""))
    words = {"redis": name, "used": size(used), "most": size(most), "policy": policy}
    if has_jobs and policy.startswith("allkeys"):
        return bad(
            gettext("%(redis)s may throw jobs away when it is full (maxmemory-policy %(policy)s).")
            % words,
            gettext(
                "Set maxmemory-policy to volatile-ttl: caches have a time of life and go first,"
                " jobs have none and stay."
            ),
        )
    if not most:
        return warn(
            gettext("%(redis)s has no limit of memory; it uses %(used)s.") % words,
            gettext("Set maxmemory, and maxmemory-policy to volatile-ttl (docs/install.md)."),
        )
    if policy == "noeviction":
        return warn(
            gettext("%(redis)s refuses to write when its %(most)s are full; it uses %(used)s.")
            % words,
            gettext("Set maxmemory-policy to volatile-ttl: caches then give way to what is new."),
        )
    return ok(gettext("%(redis)s answers, and uses %(used)s of %(most)s.") % words)


def job_findings() -> Iterator[Finding]:
    """Yield findings on whether each queue has its worker, and whether beat is alive."""
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
