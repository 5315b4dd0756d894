"""The version: on the command line, and in the list of changes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.version import VERSION
from tests.waiting import LONGEST_S

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("argument", ["version", "--version"])
def test_the_command_line_tells_the_version_without_any_setting(argument: str) -> None:
    told = subprocess.run(  # noqa: S603  our own command
        [sys.executable, ROOT / "manage.py", argument],
        env={},
        capture_output=True,
        text=True,
        check=True,
        timeout=LONGEST_S,
    )
    assert told.stdout == f"{VERSION}\n"


def test_the_list_of_changes_begins_with_this_version() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changes, re.MULTILINE)[0] == VERSION
