"""The file of settings, read as systemd reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from core.environment import file

TEXT = """\
# a comment
; another

PLAIN=a b
QUOTED="à la $HOME"
SINGLE='a "b" \\ $c'
ESCAPED="a \\"b\\" \\\\ \\$c \\n"
BARE=a\\ b$
EMPTY=
  INDENTED="x"
TWICE=1
TWICE=2
EQUALS=a=b
"""


def test_values_are_as_systemd_gives_them_to_a_service() -> None:
    assert file.parsed(TEXT) == {
        "PLAIN": "a b",
        "QUOTED": "à la $HOME",
        "SINGLE": 'a "b" \\ $c',
        "ESCAPED": 'a "b" \\ $c \\n',
        "BARE": "a b$",
        "EMPTY": "",
        "INDENTED": "x",
        "TWICE": "2",
        "EQUALS": "a=b",
    }


@pytest.mark.parametrize("line", ["export A=b", "A", "1A=b", 'A="b', "A='", 'A="', "=b", "é=b"])
def test_a_line_that_is_none_is_named(line: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="line 2"):
        file.parsed(f"A=b\n{line}\n")


def test_what_the_environment_says_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "environment").write_text('A="file"\nB="file"\n', encoding="utf-8")
    environ = {"A": "environment"}
    file.load(str(tmp_path / "environment"), environ)
    assert environ == {"A": "environment", "B": "file"}


def test_without_a_file_nothing_changes() -> None:
    environ = {"A": "b"}
    file.load("", environ)
    assert environ == {"A": "b"}


@pytest.mark.parametrize("content", [None, b"A=\xff"])
def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "environment"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match=file.NAME):
        file.load(str(path), {})
