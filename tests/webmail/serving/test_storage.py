"""Static files as they are served: few, small, and under names that change with their content."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from graphlib import CycleError
from pathlib import Path

import brotli
import pytest
from django.templatetags.static import static
from django.test import Client

from webmail.serving.storage import joined_scripts, joined_styles


def scripts(**modules: str) -> dict[str, str]:
    """Return what modules become, by their names; `common` exports those that it is given to."""
    texts = {f"webmail/js/{name}.js": text for name, text in modules.items()}
    return {
        name.removeprefix("webmail/js/").removesuffix(".js"): text
        for name, text in joined_scripts(texts).items()
    }


def test_a_sheet_has_in_itself_what_it_imports() -> None:
    texts = {
        "webmail/css/app.css": '/* All */\n@import "first.css";\n@import "second.css";\na {}\n',
        "webmail/css/first.css": '@import "tokens.css";\nb {}\n',
        "webmail/css/second.css": "c {}\n",
        "webmail/css/tokens.css": ":root {}\n",
    }
    assert joined_styles(texts) == {
        "webmail/css/app.css": "/* All */\n:root {}\nb {}\nc {}\na {}\n",
        "webmail/css/first.css": ":root {}\nb {}\n",
    }


def test_modules_stand_in_one_file_each_behind_what_it_needs() -> None:
    served = scripts(
        common='export * as idle from "./idle.js";\nexport * as dom from "./dom.js";\n',
        idle='import { on as hears } from "./dom.js";\nexport function start() {\n  hears();\n}\n',
        dom="export const on = () => {};\nexport async function off() {}\n",
    )
    assert served == {
        "common": (
            "const $dom = (() => {\nconst on = () => {};\nasync function off() {}\n\n"
            "return { on, off };\n})();\n"
            "const $idle = (() => {\nconst { on: hears } = $dom;\n"
            "function start() {\n  hears();\n}\n\nreturn { start };\n})();\n"
            "export { $idle as idle, $dom as dom };\n"
        )
    }


def test_the_others_import_from_that_file_and_from_each_other() -> None:
    served = scripts(
        common='export * as dom from "./dom.js";\n',
        dom="export const on = 1;\n",
        rules='import { on } from "./dom.js";\nimport * as dom from "./dom.js";\n'
        'import { read } from "./addresses.js";\non(read);\n',
        addresses="export const read = 1;\n",
    )
    assert set(served) == {"common", "rules"}
    assert served["rules"] == (
        'import { dom as $dom } from "./common.js"; const { on } = $dom;\n'
        'import { dom as $dom } from "./common.js"; const dom = $dom;\n'
        'import { read } from "./addresses.js";\non(read);\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "export default function () {}\n",
        "export let count = 0;\n",
        "export { on };\n",
        'import "./effects.js";\n',
        'import Squire from "../vendor/squire-2.4.8.mjs";\n',
        'const later = () => import("./pdf.js");\n',
    ],
)
def test_what_cannot_be_joined_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"dom\.js cannot be a part"):
        scripts(common='export * as dom from "./dom.js";\n', dom=text)


@pytest.mark.parametrize(
    "text", ['import {\n  on,\n} from "./dom.js";\n', 'const later = () => import("./dom.js");\n']
)
def test_a_module_is_not_served_twice(text: str) -> None:
    with pytest.raises(ValueError, match=r"rules\.js cannot import dom\.js"):
        scripts(
            common='export * as dom from "./dom.js";\n', dom="export const on = 1;\n", rules=text
        )


def test_modules_that_need_each_other_are_refused() -> None:
    with pytest.raises(CycleError):
        scripts(
            common='export * as one from "./one.js";\nexport * as other from "./other.js";\n',
            one='import { b } from "./other.js";\nexport const a = 1;\n',
            other='import { a } from "./one.js";\nexport const b = 1;\n',
        )


def served(collected: Path, name: str) -> str:
    """The text of the file under its name with the hash."""
    folder, _, file = name.rpartition("/")
    stem, _, ending = file.rpartition(".")
    paths = [
        path
        for path in (collected / folder).iterdir()
        if re.fullmatch(rf"{stem}\.[0-9a-f]{{12}}\.{ending}", path.name)
    ]
    return max(paths, key=lambda path: path.stat().st_mtime_ns).read_text("utf-8")


def test_the_pages_of_the_mail_have_two_sheets_that_import_nothing(collected: Path) -> None:
    ground, app = (served(collected, f"webmail/css/{name}.css") for name in ("base", "app"))
    assert "--accent:" in ground
    assert ".row.is-new" in app
    assert "@import" not in ground + app
    assert "/*" not in ground + app
    for font in re.findall(r'url\("\.\./(vendor/[^"]+\.woff2)"\)', ground):
        assert re.search(r"\.[0-9a-f]{12}\.woff2$", font)
        assert (collected / "webmail" / font).is_file()


def test_modules_import_files_with_a_hash_that_are_there(collected: Path) -> None:
    folder = collected / "webmail" / "js"
    brought = [
        (path, name)
        for path in folder.glob("*.????????????.js")
        for name in re.findall(r'(?:from ?|import\()"([^"]+)"', path.read_text("utf-8"))
    ]
    assert brought
    assert [
        (path.name, name)
        for path, name in brought
        if not re.search(r"\.[0-9a-f]{12}\.m?js$", name) or not (path.parent / name).is_file()
    ] == []


@pytest.mark.django_db  # at the end of a request Django looks at its connections
@pytest.mark.parametrize(
    ("accepted", "encoding", "read"),
    [
        ("gzip, deflate, br, zstd", "br", brotli.decompress),
        ("gzip, deflate", "gzip", gzip.decompress),
        ("", None, bytes),
    ],
)
def test_a_browser_is_given_the_smallest_that_it_reads(
    client: Client,
    as_installed: Path,
    accepted: str,
    encoding: str | None,
    read: Callable[[bytes], bytes],
) -> None:
    answer = client.get(static("webmail/css/app.css"), HTTP_ACCEPT_ENCODING=accepted)
    body = answer.getvalue()
    answer.close()
    assert answer.status_code == 200
    assert read(body).decode() == served(as_installed, "webmail/css/app.css")
    assert answer.get("Content-Encoding") == encoding
    assert answer["Vary"] == "Accept-Encoding"
    assert "immutable" in answer["Cache-Control"]
