"""Static files under names with a hash of their content, so that browsers may cache them for ever.

The styles and scripts that every page needs are bundled: each request has its cost in headers and
latency, and larger files compress better. The sources define the bundles in the browser's own
language, and also run unbundled in development:

- a style sheet includes the sheets that it imports at its head;
- ``common.js`` includes the modules that it exports; other modules then import them from there.

Comments and indentation are removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from graphlib import TopologicalSorter
from pathlib import PurePosixPath
from re import Match
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from rcssmin import cssmin
from rjsmin import jsmin
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

Paths = dict[str, tuple[Storage, str]]

STYLES, SCRIPTS = "webmail/css/", "webmail/js/"
COMMON = f"{SCRIPTS}common.js"
PDFJS = "webmail/vendor/pdfjs-"

_SHEET = re.compile(r'^@import "([\w-]+\.css)";\n', re.MULTILINE)
_NAMESPACE = re.compile(r'^export \* as (\w+) from "\./\1\.js";$', re.MULTILINE)
_IMPORT = re.compile(r'^import (?:\{ (.+) \}|\* as (\w+)) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*|\bimport\(.*", re.MULTILINE)


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Also renames the modules that an ES module imports."""

    support_js_module_import_aggregation = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._urls: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:
        """Return the URL, cached: a page has forty, and they do not change while a server runs."""
        if name not in self._urls or force:
            self._urls[name] = super().url(name, force)
        return self._urls[name]

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[Match[str]], str]:
        """Convert our own modules only: htmx's extensions mention types in comments in the form of
        imports."""
        if name.endswith(".js") and not name.startswith("webmail/"):
            return lambda match: match[0]
        convert: Callable[[Match[str]], str] = super().url_converter(name, hashed_files, template)
        return convert

    def post_process(self, paths: Paths, **options: Any) -> Iterator[tuple[str, str, bool]]:
        yield from super().post_process({**paths, **_rewritten(paths)}, **options)

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress only the file name that browsers request, since Brotli's best level is slow:
        pages use the hashed name, PDF.js a folder of plain names."""
        hashed = set(self.hashed_files.values())
        requested = {path for path in paths if (path in hashed) != path.startswith(PDFJS)}
        yield from super().compress_files(requested)

    def create_compressor(self, **options: Any) -> Compressor:
        """Skip files that are compact already: PDF.js's character maps, fonts and colour
        profiles."""
        compact = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "bcmap", "pfb", "icc")
        return Compressor(**{**options, "extensions": compact})


def _rewritten(paths: Paths) -> Paths:
    """Return our style sheets and modules, bundled and minified."""
    memory = InMemoryStorage()
    styles, scripts = _texts(paths, STYLES), _texts(paths, SCRIPTS)
    served = {
        **{name: cssmin(text) for name, text in {**styles, **joined_styles(styles)}.items()},
        **{name: jsmin(text) for name, text in {**scripts, **joined_scripts(scripts)}.items()},
    }
    for name, text in served.items():
        memory.save(name, ContentFile(text))
    return {name: (memory, name) for name in served}


def _texts(paths: Paths, folder: str) -> dict[str, str]:
    texts = {}
    for name, (storage, path) in paths.items():
        if name.startswith(folder):
            with storage.open(path) as file:
                texts[name] = file.read().decode()
    return texts


def joined_styles(texts: dict[str, str]) -> dict[str, str]:
    """Return the style sheets that import others, with these included, by their names."""

    def whole(name: str) -> str:
        return _SHEET.sub(lambda match: whole(STYLES + match[1]), texts[name])

    return {name: whole(name) for name in texts if _SHEET.search(texts[name])}


def joined_scripts(texts: dict[str, str]) -> dict[str, str]:
    """Return ``common.js`` with its modules included, and the modules that import one of these, by
    their names. Raises ValueError for syntax that is not supported."""
    if COMMON not in texts:
        return {}
    names = _NAMESPACE.findall(texts[COMMON])
    parts = {name: texts[f"{SCRIPTS}{name}.js"] for name in names}
    served = {
        name: _from_common(name, text, set(names))
        for name, text in texts.items()
        if PurePosixPath(name).stem not in {"common", *names}
    }
    needs = {name: {match[2] for match in _IMPORT.findall(text)} for name, text in parts.items()}
    served[COMMON] = "".join(
        _part(name, parts[name]) for name in TopologicalSorter(needs).static_order()
    ) + _export(names)
    return {name: text for name, text in served.items() if text != texts[name]}


def _export(names: list[str]) -> str:
    return f"export {{ {', '.join(f'${name} as {name}' for name in names)} }};\n"


def _part(name: str, text: str) -> str:
    """Return a module as a constant: an object of its exports."""
    exported = ", ".join(_EXPORT.findall(text))
    text = _EXPORT.sub("", _IMPORT.sub(lambda match: _local(match, match[3]), text))
    if left := _LEFT.search(text):
        raise ValueError(f"{name}.js cannot be a part of {COMMON}: {left[0]}")
    return f"const ${name} = (() => {{\n{text}\nreturn {{ {exported} }};\n}})();\n"


def _from_common(module: str, text: str, names: set[str]) -> str:
    def moved(match: Match[str]) -> str:
        name = match[3]
        if name not in names:
            return match[0]
        return f'import {{ {name} as ${name} }} from "./common.js"; {_local(match, name)}'

    text = _IMPORT.sub(moved, text)
    if left := next((name for name in names if f"./{name}.js" in text), None):
        raise ValueError(f"{module} cannot import {left}.js so: it would be there twice")
    return text


def _local(match: Match[str], name: str) -> str:
    """Return a declaration from the module's constant in place of an import."""
    if match[1]:
        return f"const {{ {match[1].replace(' as ', ': ')} }} = ${name};"
    return f"const {match[2]} = ${name};"
