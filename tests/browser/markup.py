"""Pages held to the standard of HTML by the Nu Html Checker, which `package-lock.json` pins."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from demo.environment import VENV
from tests.servers.plugin import missing
from tests.waiting import LONGEST_S

_CHECKER: Final = VENV / "scripts/node_modules/vnu-jar/build/dist/vnu.jar"
# What the checker may say, as a line of `told` has it, and why it is no fault here. The lists only
# shrink.
ALLOWED: Final = {
    r".*: Attribute “hx-[\w:-]+” not allowed on element “[\w-]+” at this point\..*": (
        "htmx reads its attributes with `data-` before them too, which would cost five bytes more"
        " for each of each row"
    ),
    r".*: CSS: Parse Error\. .*::highlight\(hit\) \{.*": (
        "the checker knows no custom highlights, which mark the words that were searched"
    ),
    r"(?:htmx: )?[^ ]*/frame/: Element “img” is missing .*“src”, “srcset”.*": (
        "images from elsewhere are fetched when the reader asks for them: until then the place and"
        " the words of each are shown"
    ),
}
ALLOWED_OF_PARTS: Final = {
    r".*: The “form” attribute must refer to a form element\..*": "the form is in the page",
    r".*: An element with “role=option” must be contained .*“listbox”\..*": (
        "the list box is in the page"
    ),
}
_WHOLE: Final = re.compile(r"\s*(?:<!doctype|<html)", re.IGNORECASE)
_TITLE: Final = re.compile(r"\s*<title>.*?</title>", re.DOTALL)


def told(pages: Mapping[str, str]) -> list[str]:
    """Return what the checker says of pages, or of parts of pages, by their addresses."""
    with tempfile.TemporaryDirectory() as place:
        addresses = {}
        for number, (address, source) in enumerate(pages.items()):
            file = Path(place, f"{number}.html")
            file.write_text(document(source), encoding="utf-8")
            addresses[file.name] = address
        said = [
            (addresses[message["url"].rpartition("/")[2]], _said(message))
            for message in _messages(place)
        ]
    return [
        f"{address}: {words}"
        for address, words in said
        if not is_allowed(f"{address}: {words}", is_part=not _WHOLE.match(pages[address]))
    ]


def is_allowed(line: str, *, is_part: bool) -> bool:
    """Return whether a list above has the line."""
    allowed = {**ALLOWED, **ALLOWED_OF_PARTS} if is_part else ALLOWED
    return any(re.fullmatch(one, line) for one in allowed)


def document(source: str) -> str:
    """Return the document that a part of a page would be in."""
    if _WHOLE.match(source):
        return source
    body = _TITLE.sub("", source)
    head = '<head><meta charset="utf-8"><title>Partie</title></head>'
    return f'<!doctype html><html lang="fr">{head}<body>{body}</body></html>'


def _messages(place: str) -> list[dict[str, Any]]:
    java = shutil.which("java")
    if java is None:
        pytest.skip(missing("Java"))
    command = [java, "-Xss4m", "-jar", str(_CHECKER), "--format", "json", "--exit-zero-always"]
    run = subprocess.run(  # noqa: S603
        [*command, "--errors-only", place],
        check=True,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    messages: list[dict[str, Any]] = json.loads(run.stderr)["messages"]
    return messages


def _said(message: Mapping[str, Any]) -> str:
    extract = " ".join(message.get("extract", "").split())
    return f"{message['message']} [line {message.get('lastLine', '?')}] {extract}"
