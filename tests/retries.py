"""The tests that failed where everything ran, once more and one by one: a machine that runs several
browsers and servers at once stalls for seconds.

.venv/bin/python -m tests.retries FILE    # runs the tests that FILE names; 1 where one fails again
.venv/bin/python -m tests.retries         # says which tests have needed it in this checkout

A test that passes then is noted in `var/retries.tsv`. Whoever sees it named twice mends it.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
NOTES: Final = ROOT / "var" / "retries.tsv"
MOST: Final = 10
"""More failures than these are not the machine's."""


def _passes(test: str) -> bool:
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", test]
    # A test that hangs ends after ten minutes, by its faulthandler.
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, timeout=900)  # noqa: S603
    return done.returncode == 0


def again(
    tests: Sequence[str], notes: Path = NOTES, passes: Callable[[str], bool] = _passes
) -> bool:
    """Run the tests again, and note those that pass now. Return whether all did."""
    if not 0 < len(tests) <= MOST:
        return False
    sys.stdout.write(f"\n== once more, one by one: {len(tests)} tests that failed\n")
    passed = [test for test in tests if passes(test)]
    notes.parent.mkdir(exist_ok=True)
    with notes.open("a", encoding="utf-8") as kept:
        kept.writelines(f"{datetime.now(UTC):%Y-%m-%d}\t{test}\n" for test in passed)
    return len(passed) == len(tests)


def told(notes: Path = NOTES) -> Iterator[str]:
    """Yield a line for each test that has needed a second run, the most frequent first."""
    if not notes.exists():
        return
    lines = [line.split("\t", 1) for line in notes.read_text(encoding="utf-8").splitlines()]
    last = {test: date for date, test in lines}
    for test, times in Counter(test for _date, test in lines).most_common():
        mend = ": to be mended" if times > 1 else ""
        yield f"{times} x, last on {last[test]}: {test}{mend}"


def main(arguments: Sequence[str]) -> int:
    match arguments:
        case [file]:
            return 0 if again(Path(file).read_text(encoding="utf-8").splitlines()) else 1
        case _:
            lines = [*told()]
            sys.stdout.writelines(f"{line}\n" for line in (f"{len(lines)} tests", *lines))
            return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
