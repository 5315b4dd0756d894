"""What a run has of the tests that cost most and find least, which are marked ``whole``.

Each of them belongs to one of the seven days of a week, by its name. `bin/test` without names of
tests takes none of them, `.ci/run` those of its day (``--day``, counted from 1970), and ``--whole``
all, and all cases of the series of which others try a sample. Tests marked ``alone`` need the
machine to themselves: no run of the suite has them, and they run by name. Loaded as a plugin of
pytest.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Final

import pytest

DAYS: Final = 7
NO_DAY: Final = -1
_LEFT_OUT: Final = pytest.StashKey[int]()


def day(text: str) -> int:
    """Read a day as it is given to ``--day``: a number, or "none"."""
    return NO_DAY if text == "none" else int(text)


def day_of(test: str) -> int:
    """Return the day of the week, from 0, on which a test runs that is marked ``whole``. All
    processes and all machines agree, and tests that come or go do not move others."""
    return zlib.crc32(test.encode()) % DAYS


def runs(test: str, today: int | None) -> bool:
    """Return whether a test that is marked ``whole`` runs: each does where there are no days."""
    return today is None or (today != NO_DAY and day_of(test) == today % DAYS)


def first_of(*values: Any) -> list[Any]:
    """Return values for ``pytest.mark.parametrize``, such as widths of a window: each change is
    tried with the first one, and the others are marked ``whole``. A tuple is one value for each of
    several names."""
    return [
        values[0],
        *(
            pytest.param(
                *(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.whole
            )
            for value in values[1:]
        ),
    ]


def told(today: int | None, *, is_whole: bool) -> str:
    """Return which of these tests a run has, in the words of its first lines."""
    if is_whole:
        return "all tests, and all cases of long series"
    if today is None:
        return "all tests, and samples of long series"
    if today == NO_DAY:
        return "no test marked `whole`, and samples of long series"
    return f"the tests marked `whole` of day {today % DAYS + 1} of {DAYS}: --day={today}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole",
        action="store_true",
        help="try every hostile piece and every moment to be killed at, where a sample is usual",
    )
    parser.addoption(
        "--day",
        type=day,
        help="of the tests marked `whole`, run those of this day (a number), or `none`",
    )
    parser.addoption(
        "--failures-to",
        type=Path,
        help="write the names of the tests that failed to this file",
    )


def pytest_report_header(config: pytest.Config) -> str:
    return f"run: {told(config.getoption('day'), is_whole=config.getoption('whole'))}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are marked and not of the day, and those that need the machine to
    themselves, unless they are named."""
    is_whole, today = config.getoption("whole"), config.getoption("day")
    is_suite = is_whole or today is not None

    def is_left_out(item: pytest.Item) -> bool:
        if item.get_closest_marker("alone"):
            return is_suite
        has_day = item.get_closest_marker("whole") and not is_whole
        return bool(has_day) and not runs(item.nodeid, today)

    left_out = [item for item in items if is_left_out(item)]
    if left_out:
        without = set(left_out)
        items[:] = [item for item in items if item not in without]
        config.hook.pytest_deselected(items=left_out)
        config.stash[_LEFT_OUT] = len(left_out)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of pytest-xdist says what it has left out: each collects all."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash.get(_LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    if not error:
        node.config.stash[_LEFT_OUT] = node.workeroutput["left_out"]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if count := config.stash.get(_LEFT_OUT, 0):
        terminalreporter.write_line(
            f"left out: {count} tests: those marked `whole` run on other days, by name, and with"
            " --whole; those marked `alone` by name"
        )
    if file := config.getoption("failures_to"):
        reports = [*terminalreporter.getreports("failed"), *terminalreporter.getreports("error")]
        names = dict.fromkeys(getattr(report, "nodeid", "") for report in reports)
        file.write_text("".join(f"{name}\n" for name in names if name), encoding="utf-8")
