"""The faults, each of which is made and mended."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import redis

from demo.servers.process import Server
from tools.faults import ways
from tools.faults.site import FAKETIME, Part, Site, quietly, send_all, tree

Act = Callable[[Site], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """``make`` it, wait ``seconds``, ``mend`` it."""

    name: str
    make: Act
    mend: Act = lambda _site: None
    seconds: float = 20
    is_possible: Callable[[Site], bool] = lambda _site: True


def _of(name: str, find: Callable[[Site], Server]) -> list[Fault]:
    """What happens to a mail server: it is restarted, hangs, refuses."""

    def stop(site: Site) -> None:
        below = tree(pid(site))[1:]
        find(site).stop()
        # Dovecot's own may go on for the connections that are open.
        for one in below:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)

    def restart(site: Site) -> None:
        stop(site)
        find(site).start()

    def pid(site: Site) -> int:
        child = find(site).child
        assert child is not None
        return child.pid

    return [
        Fault(f"{name} restarted", restart, seconds=0),
        Fault(
            f"{name} hangs for 30 s",
            lambda site: send_all(pid(site), signal.SIGSTOP),
            lambda site: send_all(pid(site), signal.SIGCONT),
            30,
        ),
        Fault(
            f"{name} refuses for 20 s",
            stop,
            lambda site: find(site).start(),
        ),
    ]


def _read_only(site: Site, word: str) -> None:
    site.ask(f"ALTER SYSTEM SET default_transaction_read_only = {word}")
    site.ask("SELECT pg_reload_conf()")


def _flush(site: Site) -> None:
    with redis.Redis.from_url(site.redis.url) as client:
        client.flushall()


def _fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


def _fill_redis(site: Site) -> None:
    with redis.Redis.from_url(site.redis.url) as client:
        client.config_set("maxmemory", 1)
        client.config_set("maxmemory-policy", "noeviction")


def _empty_redis(site: Site) -> None:
    with redis.Redis.from_url(site.redis.url) as client:
        client.config_set("maxmemory", 0)


def _raise_postgresql(site: Site) -> None:
    """With room again; it ends by itself where its log of transactions found none."""
    (site.postgresql.folder / "filler").unlink()
    site.postgresql.go_down()
    site.postgresql.go_up()


def _slow_down(site: Site) -> None:
    site.door.delay = 2.0


def _cut(*names: str) -> Act:
    """The second machine's ways to these servers."""

    def cut(site: Site) -> None:
        for name in names:
            site.ways[name].cut()

    return cut


def _mend_ways(site: Site) -> None:
    for way in site.ways.values():
        way.mend()


def _slow_submission(greeting: float = 0, verdict: float = 0, one_in: int = 1) -> Act:
    def slow_down(site: Site) -> None:
        assert site.submission_way is not None
        way = site.submission_way
        way.greeting, way.verdict, way.one_in = greeting, verdict, one_in

    return slow_down


def _mend_submission(site: Site) -> None:
    assert site.submission_way is not None
    site.submission_way.mend()


def _spool_is_writable(site: Site, word: str) -> None:
    """For all but the worker with beat, whose open file forbids it."""
    for part in (*site.nodes, site.workers[1]):
        assert part.child is not None
        inside = ("nsenter", "-t", str(part.child.pid), "-m")
        assert quietly(*inside, "mount", "-o", f"remount,bind,{word}", str(site.spool))


def _kill(*parts: Callable[[Site], Part]) -> Act:
    def kill(site: Site) -> None:
        for find in parts:
            find(site).kill()

    return kill


def _kill_process(site: Site) -> None:
    os.kill(site.nodes[0].children()[0], signal.SIGKILL)


def _with_clock(word: str) -> Act:
    """The second machine's clock is wrong."""

    def start(site: Site) -> None:
        preload = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": word, "DONT_FAKE_MONOTONIC": "1"}
        for part in (site.nodes[1], site.workers[1]):
            part.stop()
            part.start(preload if word else {})
        site.nodes[1].wait_for_port()

    return start


def _hosts(site: Site, *, has_mail: bool) -> None:
    """In the same file, which is mounted."""
    lines = site.known_hosts.splitlines(keepends=True)
    site.hosts.write_text("".join(line for line in lines if has_mail or "faults" not in line))


def _node(number: int) -> Callable[[Site], Part]:
    return lambda site: site.nodes[number]


def _worker(number: int) -> Callable[[Site], Part]:
    return lambda site: site.workers[number]


FAULTS = (
    *_of("IMAP server", lambda site: site.dovecot),
    *_of("submission server", lambda site: site.submission),
    Fault(
        "submission server slow for 60 s: 60 s until it greets",
        _slow_submission(greeting=60),
        _mend_submission,
        60,
    ),
    Fault(
        "submission server slow for 60 s: 60 s after the dot",
        _slow_submission(verdict=60),
        _mend_submission,
        60,
    ),
    Fault(
        "submission server slow for 210 s: 200 s after the dot of one message in eight",
        _slow_submission(verdict=200, one_in=8),
        _mend_submission,
        210,
    ),
    Fault(
        "IMAP server slow for 30 s: 2 s an answer",
        _slow_down,
        lambda site: site.door.mend(),
        30,
        is_possible=lambda site: site.has_own_hosts,
    ),
    Fault(
        "certificate of the IMAP server expired for 20 s",
        lambda site: site.door.expire(),
        lambda site: site.door.mend(),
        is_possible=lambda site: site.has_own_hosts,
    ),
    Fault(
        "PostgreSQL restarted, 5 s down",
        lambda site: site.postgresql.go_down(),
        lambda site: site.postgresql.go_up(),
        5,
    ),
    Fault(
        "PostgreSQL read-only for 20 s",
        lambda site: _read_only(site, "on"),
        lambda site: _read_only(site, "off"),
    ),
    Fault(
        "PostgreSQL full for 20 s",
        lambda site: _fill(site.postgresql.folder),
        _raise_postgresql,
        is_possible=lambda site: site.has_small_database,
    ),
    Fault(
        "Redis restarted, 10 s down",
        lambda site: site.redis.stop(),
        lambda site: site.redis.start(),
        10,
    ),
    Fault("Redis loses its memory", _flush, seconds=0),
    Fault("Redis full for 20 s", _fill_redis, _empty_redis),
    Fault(
        "spool full for 20 s",
        lambda site: _fill(site.spool),
        lambda site: (site.spool / "filler").unlink(),
        is_possible=lambda site: site.has_small_spool,
    ),
    Fault(
        "spool read-only for 20 s",
        lambda site: _spool_is_writable(site, "ro"),
        lambda site: _spool_is_writable(site, "rw"),
        is_possible=lambda site: site.has_small_spool and site.has_own_hosts,
    ),
    Fault("web process killed", _kill_process, seconds=5),
    Fault("web node killed", _kill(_node(0)), seconds=5),
    Fault("worker of sending killed", _kill(_worker(1)), seconds=5),
    Fault("worker with beat killed", _kill(_worker(0)), seconds=5),
    Fault("all of both nodes killed", _kill(_node(0), _node(1), _worker(0), _worker(1)), seconds=5),
    Fault(
        "clock of a node a day ahead",
        _with_clock("+1d"),
        _with_clock(""),
        is_possible=lambda _site: FAKETIME.exists(),
    ),
    Fault(
        "clock of a node a day behind",
        _with_clock("-1d"),
        _with_clock(""),
        is_possible=lambda _site: FAKETIME.exists(),
    ),
    *(
        Fault(
            f"network between a node and {' and '.join(names)} cut for 60 s",
            _cut(*names),
            _mend_ways,
            60,
            is_possible=lambda _site: ways.can_be_cut(),
        )
        for names in (("PostgreSQL",), ("Redis",), ("PostgreSQL", "Redis"))
    ),
    Fault(
        "names of the mail servers gone for 20 s",
        lambda site: _hosts(site, has_mail=False),
        lambda site: _hosts(site, has_mail=True),
        is_possible=lambda site: site.has_own_hosts,
    ),
)
