"""What tests cost, in seconds of the processor: ``--costs=FILE`` prints the most expensive files
and tests at the end of a run, and writes all tests to the file.

The time on a wall tells how busy the machine is; this tells what a test has done. It counts the
process of the tests, the servers and browsers that it started, and their children. What a fixture
costs that many tests share stands with the first test that needs it. Loaded as a plugin of pytest.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

MOST_TOLD: Final = 25
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


def used_by_children(pid: int) -> float:
    """Return the seconds that the running children of a process have used, and theirs."""
    return sum(_used_by(child) + used_by_children(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    children: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # a thread that has just ended has none
            children += map(int, file.read_text().split())
    return children


def _used_by(pid: int) -> float:
    """The seconds of a process, and of those of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS_PER_S


class Costs:
    """Measures each phase of a test where it runs, and sums up where the run is told of."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.by_test: defaultdict[str, float] = defaultdict(float)
        self.by_phase: defaultdict[str, float] = defaultdict(float)
        self._before = 0.0

    @staticmethod
    def used() -> float:
        """Return the seconds of this process and of all its children."""
        return sum(os.times()[:4]) + used_by_children(os.getpid())

    def pytest_runtest_logstart(self) -> None:
        self._before = self.used()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        report = yield
        now = self.used()
        # A child that nobody waits for takes its seconds along.
        report.processor_s = max(0.0, now - self._before)
        self._before = now
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        cost = getattr(report, "processor_s", 0.0)
        self.by_test[report.nodeid] += cost
        self.by_phase[report.when] += cost

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        by_file: defaultdict[str, float] = defaultdict(float)
        for test, cost in self.by_test.items():
            by_file[test.partition("::")[0]] += cost
        phases = ", ".join(f"{phase} {cost:.0f}" for phase, cost in self.by_phase.items())
        terminalreporter.section(f"{sum(by_file.values()):.0f} processor seconds: {phases}")
        for costs in (by_file, self.by_test):
            most = sorted(costs.items(), key=lambda pair: -pair[1])[:MOST_TOLD]
            for name, cost in most:
                terminalreporter.write_line(f"{cost:8.1f}  {name}")
            terminalreporter.write_line("")
        lines = (f"{cost:.2f}\t{test}\n" for test, cost in self.by_test.items())
        self.file.write_text("".join(lines), encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--costs",
        type=Path,
        metavar="FILE",
        help="print which files and tests used the processor most, and write all to this file",
    )


def pytest_configure(config: pytest.Config) -> None:
    if file := config.getoption("costs"):
        config.pluginmanager.register(Costs(file), "costs of tests")
