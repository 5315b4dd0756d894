"""Sentences about failures: each stands in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from webmail.presentation import failures

HOME = Path(failures.__file__)
ROOT = HOME.parent.parent.parent


def texts(source: Path) -> Iterator[str]:
    """The strings of a module, or the whole of a template with its breaks of lines taken out."""
    content = source.read_text(encoding="utf-8")
    if source.suffix == ".html":
        yield " ".join(content.split())
        return
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_a_sentence_about_a_failure_stands_in_one_place() -> None:
    """Two that say the same drift apart when one of them is changed."""
    sentences = {text for text in texts(HOME) if text.endswith(".") and text[0].isupper()}
    sentences -= {ast.get_docstring(node, clean=False) for node in _documented()}
    assert "The file is empty." in sentences
    sources = [*(ROOT / "webmail").rglob("*.py"), *(ROOT / "templates/webmail").rglob("*.html")]
    sources += (ROOT / "templates/errors").glob("*.html")
    again = [
        f"{source.relative_to(ROOT)}: {sentence}"
        for source in sources
        if source != HOME
        for text in texts(source)
        for sentence in sentences
        if (sentence in text if source.suffix == ".html" else sentence == text)
    ]
    assert not again


def _documented() -> Iterator[ast.Module | ast.FunctionDef]:
    for node in ast.walk(ast.parse(HOME.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.FunctionDef):
            yield node
