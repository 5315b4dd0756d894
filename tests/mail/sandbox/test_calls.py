"""Calls in helper processes: what they give, and what ends them."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from mail import sandbox
from mail.mime import containers, structure
from mail.mime.hypertext import html
from mail.previews import images
from mail.previews.failures import NoPreview, Reason
from mail.previews.making import make
from mail.sandbox import Budget, CallLimit, Exhausted
from tests.waiting import LONGEST_S, join, next_line

HASTY = Budget(seconds=0.05, wait=5, memory=300_000_000)
"""Processor time that a long newsletter does not get by with."""
NEWSLETTER = "<p style='color:red'>Bonjour <b>à tous</b></p>" * 15_000
MESSAGE = (
    b"Subject: deux\r\nDate: Mon, 12 May 2025 08:00:00 +0200\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\n\r\nun\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: dedans\r\n\r\nBonjour\r\n"
    b"--b--\r\n"
)


def picture(side: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), "navy").save(out, "PNG")
    return out.getvalue()


def family(parent: int) -> list[int]:
    """The processes of Python that serve ``parent``: its nursery, then its helpers. Bubblewrap may
    stand between."""
    found, waiting = [], [parent]
    while waiting:
        pid = waiting.pop(0)
        with suppress(OSError):
            # By the thread that started them.
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                waiting += map(int, children.read_text().split())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if command.startswith(sys.executable.encode()) and b"nursery.main" in command:
                found.append(pid)
    return found


@pytest.fixture
def told() -> Iterator[list[tuple[str, CallLimit]]]:
    """What observers hear."""
    heard: list[tuple[str, CallLimit]] = []

    def hear(name: str, limit: CallLimit) -> None:
        heard.append((name, limit))

    sandbox.observe(hear)
    yield heard
    sandbox.pool._observers.remove(hear)


# --- what a call gives ---


def test_a_call_gives_what_the_function_gives() -> None:
    source = '<p>Bonjour</p><img src="https://example.org/a.png"><script>alert(1)</script>'
    safe = sandbox.call(html.sanitise, sandbox.HTML, source, remote=True, locations={"a"})
    assert safe == html.sanitise(source, remote=True, locations={"a"})
    assert "Bonjour" in safe.body


def test_a_tree_of_parts_comes_back_as_it_was() -> None:
    parsed = sandbox.call(structure.parse, sandbox.FILE, MESSAGE)
    assert parsed == structure.parse(MESSAGE)
    assert parsed.root.children[1].envelope is not None


def test_a_call_that_gives_nothing_gives_nothing() -> None:
    part = structure.Part("1", "image/png")
    assert sandbox.call(containers.unpack, sandbox.FILE, part, b"x") is None


def test_half_a_character_does_not_hinder_a_call() -> None:
    assert "Bonjour" in sandbox.call(html.to_text, sandbox.TEXT, "<p>Bonjour \ud83d</p>")


def test_what_a_function_raises_is_raised() -> None:
    with pytest.raises(html.TooComplex, match="larger than 1 MB"):
        sandbox.call(html.sanitise, sandbox.HTML, "x" * 1_000_001)


def test_a_refused_preview_keeps_its_reason() -> None:
    with pytest.raises(NoPreview) as refusal:
        make(images.picture, b"no picture")
    assert refusal.value.reason is Reason.DAMAGED


def test_only_functions_of_the_parsers_can_be_called(
    told: list[tuple[str, CallLimit]], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Exhausted) as ended:
        sandbox.call(os.path.basename, sandbox.TEXT, "a/b")
    assert ended.value.limit is CallLimit.FAILED
    assert told == [("posixpath:basename", CallLimit.FAILED)]
    assert "LookupError" in caplog.text


# --- what ends it ---


def test_processor_time_ends_a_call(told: list[tuple[str, CallLimit]]) -> None:
    with pytest.raises(Exhausted) as ended:
        sandbox.call(html.sanitise, HASTY, NEWSLETTER)
    assert ended.value.limit is CallLimit.TIME
    assert told == [("mail.mime.hypertext.html:sanitise", CallLimit.TIME)]
    assert sandbox.call(html.to_text, sandbox.TEXT, "<p>Bonjour") == "Bonjour"


def test_waiting_ends_a_call() -> None:
    hurried = Budget(seconds=5, wait=0.05, memory=300_000_000)
    with pytest.raises(Exhausted) as ended:
        sandbox.call(html.sanitise, hurried, NEWSLETTER)
    assert ended.value.limit is CallLimit.BUSY


def test_memory_ends_a_call() -> None:
    small = Budget(seconds=5, wait=10, memory=20_000_000)
    with pytest.raises(NoPreview) as refusal:
        sandbox.call(images.picture, small, picture(4_000))
    assert refusal.value.reason is Reason.TOO_LARGE
    with pytest.raises(Exhausted) as ended:
        sandbox.call(html.to_text, small, NEWSLETTER * 20)
    assert ended.value.limit is CallLimit.MEMORY


def test_calls_beyond_those_at_once_are_told_that_they_wait_in_vain() -> None:
    alone = Budget(seconds=5, wait=0.3, memory=300_000_000, at_once=1)
    assert alone.turns.acquire(timeout=1)
    with pytest.raises(Exhausted) as ended:
        sandbox.call(html.to_text, alone, "<p>x")
    assert ended.value.limit is CallLimit.BUSY
    alone.turns.release()
    assert sandbox.call(html.to_text, alone, "<p>x") == "x"


def test_calls_of_one_page_wait_so_long_in_all() -> None:
    patient = Budget(seconds=5, wait=10, memory=300_000_000)
    jobs = Budget(seconds=5, wait=10, memory=300_000_000, is_jobs=True)
    with sandbox.patience(0.05):
        waited = []
        for _time in range(6):
            began = time.monotonic()
            with pytest.raises(Exhausted) as ended:
                sandbox.call(html.sanitise, patient, NEWSLETTER)
            assert ended.value.limit is CallLimit.BUSY
            waited.append(time.monotonic() - began)
        assert min(waited[1:]) < 0.05, "those behind the first one have waited too"
        assert sandbox.call(html.to_text, jobs, "<p>x") == "x"
    with sandbox.patience(10):
        assert sandbox.call(html.to_text, patient, "<p>x") == "x"
    assert sandbox.call(html.to_text, patient, "<p>x") == "x"


def test_other_threads_go_on_while_a_helper_works() -> None:
    """In this process, each of a few patterns would hold them up for a third of the time."""
    longest, over = 0.0, threading.Event()

    def tick() -> None:
        nonlocal longest
        last = time.monotonic()
        while not over.wait(0.005):
            longest, last = max(longest, time.monotonic() - last), time.monotonic()

    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    began = time.monotonic()
    sandbox.call(html.rough_text, Budget(20, 60, 500_000_000), "<b>a</b> " * 1_000_000)
    took = time.monotonic() - began
    over.set()
    join(ticking)
    assert longest < took / 4


# --- helpers and their nursery ---


def test_a_dead_helper_is_replaced() -> None:
    sandbox.call(html.to_text, sandbox.TEXT, "<p>x")
    _nursery, *helpers = family(os.getpid())
    assert helpers
    for helper in helpers:
        os.kill(helper, signal.SIGKILL)
    assert sandbox.call(html.to_text, sandbox.TEXT, "<p>x") == "x"


def test_a_dead_nursery_is_replaced() -> None:
    sandbox.call(html.to_text, sandbox.TEXT, "<p>x")
    nursery, *helpers = family(os.getpid())
    for pid in (*helpers, nursery):
        os.kill(pid, signal.SIGKILL)
    assert sandbox.call(html.to_text, sandbox.TEXT, "<p>x") == "x"
    assert family(os.getpid())[0] != nursery


def test_helpers_know_no_secret() -> None:
    """Neither in their environment nor in a descriptor of the process that they serve."""
    sandbox.call(html.to_text, sandbox.TEXT, "<p>x")
    for pid in family(os.getpid()):
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        assert {name.partition(b"=")[0] for name in environment} <= {b"", b"LANG", b"PWD"}
        opened = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()}
        assert len([one for one in opened if one.startswith("socket:")]) == 1


def test_many_threads_share_the_helpers() -> None:
    given: list[str] = []

    def ask(number: int) -> None:
        given.append(sandbox.call(html.to_text, HASTY, f"<p>{number}"))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    join(*threads)
    assert sorted(given, key=int) == [str(number) for number in range(30)]
    assert len(family(os.getpid())) <= 1 + sandbox.pool.AT_ONCE


PROGRAM = """
import os, sys, time
from mail import sandbox
from mail.mime.hypertext import html
sandbox.call(html.to_text, sandbox.TEXT, "<p>x")
if "fork" in sys.argv:
    child = os.fork()
    said = sandbox.call(html.to_text, sandbox.TEXT, "<p>y" if child == 0 else "<p>z")
    if child == 0:
        os._exit(0 if said == "y" else 1)
    print(os.waitpid(child, 0)[1], said, flush=True)
else:
    print(os.getpid(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def program() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(  # noqa: S603  our own program
                (sys.executable, "-c", PROGRAM, *arguments),
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[3],
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=LONGEST_S)


def test_helpers_end_with_the_process_that_they_serve(
    program: Callable[..., subprocess.Popen[str]],
) -> None:
    process = program()
    assert next_line(process.stdout)
    everyone = family(process.pid)
    assert len(everyone) > 1
    process.kill()
    until = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in everyone):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_forked_process_has_helpers_of_its_own(
    program: Callable[..., subprocess.Popen[str]],
) -> None:
    process = program("fork")
    assert next_line(process.stdout) == "0 z\n"
