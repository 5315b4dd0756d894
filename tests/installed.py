"""An installation of other settings than those of the tests, asked in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.waiting import LONGEST_S

ROOT: Final = Path(__file__).resolve().parent.parent


def printed(code: str, **variables: str) -> Any:
    """Run Python under these environment variables, and return the JSON that it prints."""
    own = {
        "DJANGO_SETTINGS_MODULE": "webmail.settings",
        "DATABASE_URL": "sqlite:///:memory:",
        "WEBMAIL_SECRET_KEY": "x" * 50,
    }
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | own | variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=LONGEST_S,
    )
    return json.loads(done.stdout)
