"""Files that take long to make: one of the processes of pytest-xdist makes them, for all."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest


def made(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The file or folder that ``make`` writes to the path that it is given. Tests read and copy
    it, and change nothing there."""
    own = factory.getbasetemp()
    place = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    with place.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            unfinished = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=place.parent)) / name
            make(unfinished)
            unfinished.rename(place)
    return place
