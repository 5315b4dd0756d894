"""What people leave in Redis, and what becomes of it where memory has a limit.

python -m tools.bench.bench_redis [--people 25000] [--letters 20] [--maxmemory 2gb]

One person signs in, reads letters, half of them HTML, and sends one. What lies in Redis then is
copied for each of the others into a Redis with a limit and the policy of docs/install.md, where
jobs wait already.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import django
import redis

from demo.servers.broker import Broker
from tools.bench import bench_memory
from tools.bench.bench_memory import say
from tools.faults.site import Site

JOBS = 1000
_AT_ONCE = 2000
Copy = tuple[str, int, bytes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=25_000)
    parser.add_argument("--letters", type=int, default=20)
    parser.add_argument("--maxmemory", default="2gb")
    options = parser.parse_args()
    # What makes the messages imports models.
    os.environ |= {"DJANGO_SETTINGS_MODULE": "webmail.settings", "WEBMAIL_SECRET_KEY": "none"}
    django.setup()
    bench_memory.MESSAGES = options.letters
    keys = _of_one_person()
    with TemporaryDirectory() as folder:
        program = shutil.which("redis-server")
        server = Broker(Path(folder), Path(program) if program else None, keep=False)
        server.start()
        try:
            with redis.Redis.from_url(server.url) as client:
                _fill(client, keys, options.people, options.maxmemory)
        finally:
            server.stop()


def _of_one_person() -> list[Copy]:
    """The keys that one person's day adds to those of another's, as names, times of life in
    milliseconds and dumped values."""
    site = Site(2)
    try:
        site.start()
        first, second = site.accounts
        bench_memory._visit(site, first)
        with redis.Redis.from_url(site.redis.url) as client:
            before = set(client.scan_iter(count=1000))
            bench_memory._visit(site, second)
            added = [key for key in client.scan_iter(count=1000) if key not in before]
            kept = [(key, client.pttl(key), client.dump(key)) for key in added]
            found = [(key.decode(), left, value) for key, left, value in kept if left > 0 and value]
            used = sum(int(client.memory_usage(key) or 0) for key in added)
        say(f"One person leaves {len(found)} keys, {used / 1024:.0f} KB.")
        return found
    finally:
        site.stop()


def _fill(client: redis.Redis, keys: list[Copy], people: int, most: str) -> None:
    client.config_set("maxmemory", most)
    client.config_set("maxmemory-policy", "volatile-ttl")
    for number in range(JOBS):
        client.lpush("sending", f"job {number}")
    empty = int(client.info("memory")["used_memory"])
    pipeline = client.pipeline(transaction=False)
    for number in range(people):
        for name, left, value in keys:
            pipeline.restore(f"{number}:{name}", left, value)
        if len(pipeline) >= _AT_ONCE:
            pipeline.execute()
        if number + 1 in {1000, people // 4, people // 2, people}:
            pipeline.execute()
            used = int(client.info("memory")["used_memory"])
            each = (used - empty) / (number + 1) / 1024
            evicted = int(client.info("stats")["evicted_keys"])
            say(
                f"{number + 1} people: {used / 1024**2:.0f} MB, {each:.0f} KB each,"
                f" {evicted} of {(number + 1) * len(keys)} keys gave way,"
                f" {client.llen('sending')} of {JOBS} jobs wait"
            )


if __name__ == "__main__":
    main()
