"""Style of mail: what is kept, and what nothing gets through."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webmail.mime import css

KEPT = {
    "several": ("COLOR: Red; font-size:12PX", "color:Red;font-size:12PX"),
    "important": ("width:100% !IMPORTANT", "width:100% !important"),
    "functions": ("color:rgba(0,0,0,.5);width:calc(100% - 20px)",) * 2,
    "gradient": ("background-image:linear-gradient(90deg, #fff, #000)",) * 2,
    "quoted font": ('font-family:"Segoe UI", Arial', "font-family:'Segoe UI', Arial"),
    "comment": ("color:/* x */red", "color:red"),
    "one bad among good": ("color:red;position:fixed;width:1px", "color:red;width:1px"),
    "positive margin": ("margin:0 auto",) * 2,
}


@pytest.mark.parametrize(("source", "expected"), KEPT.values(), ids=KEPT)
def test_harmless_declarations_are_kept(source: str, expected: str) -> None:
    assert css.declarations(source) == expected


DROPPED = """
background:url(http://x/)
background:URL("x")
background:\\75 rl(http://x/)
background:u\\72l(x)
background-image:image-set(url(x) 2x)
background-image:image-set("http://x" 2x)
background-image:cross-fade(url(x), red)
background-image:image("x")
background:var(--x,url(x))
--u:url(x)
color:var(--u)
cursor:url(x),pointer
list-style-image:url(x)
content:"\\0026quot;"
position:fixed
position:sticky
position:absolute !important
z-index:9999
top:0
width:expression(alert(1))
behavior:url(x)
-moz-binding:url(x)
filter:progid:x
margin-top:-500px
margin:calc(0px - -5px)
font-family:"</style><script>"
font-family:'a"b'
color:"
color:<!--
width:1px\\9
color:attr(x)
""".strip().split("\n")


@pytest.mark.parametrize("source", DROPPED)
def test_a_dangerous_declaration_is_dropped(source: str) -> None:
    kept = css.declarations(f"width:1px;{source}") + css.sheet(f"b{{{source}}}")
    assert re.fullmatch(r"(?:width:1px)?", kept)


SHEETS = {
    "media": ("@media (max-width:600px){.a{width:100%}}",) * 2,
    "nested media": ("@media screen{@media print{p{color:red}}}",) * 2,
    "ids prefixed": ("#a > b, c#d{color:red}", "#m-a > b,c#m-d{color:red}"),
    "attribute": ('[class~="x"]{color:red}', "[class~='x']{color:red}"),
    "import": ("@import url(http://x/);p{color:red}", "p{color:red}"),
    "import without semicolon": ("@import 'x'", ""),
    "font": ("@font-face{font-family:z;src:url(x)}", ""),
    "keyframes": ("@keyframes z{from{color:red}}", ""),
    "generated": ("p::after{color:red}", ""),
    "escape in selector": (".sm\\:x, p{color:red}", "p{color:red}"),
    "end of style": ("p{color:red}</style><script>", "p{color:red}"),
    "html comment": ("<!-- p{color:red} -->", "p{color:red}"),
    "no brace": (".a{position:fixed;top:0", ""),
    "unfinished": ("p{color:red", "p{color:red}"),
    "deep": ("p{color:" + "(" * 5000, ""),
}


@pytest.mark.parametrize(("source", "expected"), SHEETS.values(), ids=SHEETS)
def test_a_sheet_keeps_its_rules_and_media(source: str, expected: str) -> None:
    assert css.sheet(source) == expected


PIECES = st.sampled_from(
    [
        *DROPPED,
        "{",
        "}",
        "(",
        ")",
        ";",
        ":",
        "p",
        "@media x",
        "color:red",
        "url(",
        "\\",
        '"',
        "'",
        "/*",
        "*/",
        "<",
        "</style>",
        "@import ",
        "\x00",
        "�",
        "!",
        "#a",
        ",",
        "[",
        "]",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), max_size=20).map(" ".join))
def test_nothing_that_loads_escapes_or_ends_the_style_comes_out(source: str) -> None:
    for out in (css.sheet(source), css.declarations(source)):
        assert not re.search(r"url|expression|@(?!media)|\\|<|position|content|var\(|/\*", out)
        assert out.count("{") == out.count("}")
