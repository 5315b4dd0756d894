"""What the processes of an installation take: processor time and memory, children included."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

INTERVAL = 0.04
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
# To this file, "5" makes the kernel's peak (VmHWM) begin anew: proc(5).
_RESET_PEAK = "5"


@dataclass(frozen=True)
class Process:
    """One process at one moment: parent, and processor seconds with those of reaped children."""

    pid: int
    parent: int
    seconds: float


@dataclass(frozen=True)
class Used:
    """Processor seconds of all; megabytes above rest of the worst web process and of the worst
    other one: a worker, or a child of either."""

    seconds: float
    web: float
    helper: float


class Watch:
    """Samples the trees below ``web`` and ``workers``, from `begin` to `end`."""

    def __init__(self, web: Iterable[int], workers: Iterable[int]) -> None:
        self._web, self._workers = tuple(web), tuple(workers)
        self._at_rest: dict[int, int] = {}
        self._peaks: dict[int, int] = {}
        self._web_pids: set[int] = set()
        self._seconds = 0.0
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        found = self._tree()
        for process in found:
            _reset_peak(process.pid)
            self._at_rest[process.pid] = resident(process.pid)
        self._seconds = sum(process.seconds for process in found)
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def end(self) -> Used:
        self._over.set()
        if self._thread:
            self._thread.join()
        self._look()
        seconds = sum(process.seconds for process in self._tree()) - self._seconds
        above = {pid: peak - self._at_rest.get(pid, 0) for pid, peak in self._peaks.items()}
        web = max((above[pid] for pid in above.keys() & self._web_pids), default=0)
        helper = max((above[pid] for pid in above.keys() - self._web_pids), default=0)
        return Used(max(seconds, 0.0), web / 1e6, helper / 1e6)

    def resident(self) -> int:
        """Bytes of the largest process now."""
        return max((resident(process.pid) for process in self._tree()), default=0)

    def _sample(self) -> None:
        while not self._over.wait(INTERVAL):
            self._look()

    def _look(self) -> None:
        for process in self._tree():
            self._peaks[process.pid] = max(self._peaks.get(process.pid, 0), _peak(process.pid))

    def _tree(self) -> list[Process]:
        """The roots and whatever descends from them; web processes are a root of ``web`` and its
        children that answer pages."""
        children: dict[int, list[Process]] = {}
        for process in _all_processes():
            children.setdefault(process.parent, []).append(process)
            if process.pid in self._web or process.pid in self._workers:
                children.setdefault(-1, []).append(process)
        self._web_pids |= {*self._web}
        for root in self._web:
            self._web_pids |= {one.pid for one in children.get(root, ())}
        found: list[Process] = []
        waiting = list(children.get(-1, ()))
        while waiting:
            process = waiting.pop()
            found.append(process)
            waiting += children.get(process.pid, ())
        return found


def resident(pid: int) -> int:
    """Bytes in memory; 0 of a process that is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _peak(pid: int) -> int:
    """Bytes at most since the last reset (VmHWM)."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    return 0


def _reset_peak(pid: int) -> None:
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)


def _all_processes() -> Iterable[Process]:
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            fields = Path(f"/proc/{entry.name}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        seconds = sum(map(int, fields[11:15])) / _TICK
        yield Process(int(entry.name), int(fields[1]), seconds)


def sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
