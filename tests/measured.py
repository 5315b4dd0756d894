"""How much memory and processor time a reader takes for a file, in a process of its own."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Cost:
    """``outcome`` is what was raised, or what the result is; ``megabytes`` the peak above what the
    process held before; ``seconds`` of the processor, its threads' included."""

    outcome: str
    megabytes: float
    seconds: float


def costs(content: bytes, *calls: str) -> dict[str, Cost]:
    """What each function of ``calls`` costs, one after the other. A call names module, function and
    arguments behind the content: ``"mail.previews.archives:extract:[0]"``."""
    done = subprocess.run(  # noqa: S603  # our own words
        (sys.executable, "-m", "tests.measured", *calls),
        input=content,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        timeout=300,
        check=True,
    )
    return {call: Cost(**cost) for call, cost in json.loads(done.stdout).items()}


def _cost(content: bytes, call: str) -> Cost:
    module, name, *arguments = call.split(":")
    function = getattr(importlib.import_module(module), name)
    values = [json.loads(argument) for argument in arguments]
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    before, begun = _kilobytes("VmRSS"), time.process_time()
    try:
        outcome = type(function(content, *values)).__name__
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the outcome
        outcome = f"{type(error).__name__}: {error}"
    return Cost(outcome, (_kilobytes("VmHWM") - before) / 1024, time.process_time() - begun)


def _kilobytes(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    given = sys.stdin.buffer.read()
    found = {call: asdict(_cost(given, call)) for call in sys.argv[1:]}
    sys.stdout.write(json.dumps(found))
