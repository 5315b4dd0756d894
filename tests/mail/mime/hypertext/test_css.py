"""Style of mail: what is kept, and what nothing gets through."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.hypertext import css
from tests.cases import each
from tests.examples import up_to

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


@each("source", DROPPED)
def test_a_dangerous_declaration_is_dropped(source: str) -> None:
    kept = css.declarations(f"width:1px;{source}") + css.sheet(f"b{{{source}}}")
    assert re.fullmatch(r"(?:width:1px)?", kept)


SHEETS = {
    "media": ("@media (max-width:600px){.a{width:100%}}",) * 2,
    "nested media": ("@media screen{@media print{p{color:red}}}",) * 2,
    "ids prefixed": ("#a > b, c#d{color:red}", "#m-a > b,c#m-d{color:red}"),
    "ids and classes in not": (
        ":not(#a):not(.m-b){color:red}",
        ":not(#m-a):not(.m-m-b){color:red}",
    ),
    "classes of ours": (".m-host.a, .m-0{color:red}", ".m-m-host.a,.m-m-0{color:red}"),
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


IMAGES = {
    "address": ("background:url(http://x/)", "background:url(remote/7)"),
    "string": ("background:#fff URL( 'x' ) no-repeat", "background:#fff url(remote/7) no-repeat"),
    "several": ("background-image:url(x),url(y)", "background-image:url(remote/7),url(remote/7)"),
    "escape": ("background:\\75 rl(x)", ""),
    "escape in the address": ("background:url(x\\29 )", ""),
    "other property": ("list-style-image:url(x)", ""),
    "list": ("list-style:url(x)", ""),
    "number of the message's own": ("list-style:url(remote/7)", ""),
    "number in a border": ("border:1px solid url(inline/0)", ""),
    "in a function": ("background-image:image-set(url(x) 2x)", ""),
    "bad": ("background:url(x y)", ""),
}


@pytest.mark.parametrize(("source", "expected"), IMAGES.values(), ids=IMAGES)
def test_an_address_becomes_a_number(source: str, expected: str) -> None:
    assert css.declarations(source, lambda *_: "remote/7") == expected
    assert css.sheet(f"b{{{source}}}", lambda *_: "remote/7") == (expected and f"b{{{expected}}}")


@pytest.mark.parametrize("answer", ["http://x/", "remote/1)", "remote/", "../remote/1", "", None])
def test_nothing_but_a_number_stands_in_an_address(answer: str | None) -> None:
    assert css.declarations("background:url(x)", lambda *_: answer) == ""
    assert css.declarations("background:red url(x)", lambda *_: answer) == "background:red none"


SHEET_PIECES = st.sampled_from(
    [
        *"a .b #c .m-d * [e] [f^=g] [h='i'] :hover ::x > + ~ , { } { } ; @media @import".split(),
        *"screen (max-width:600px) and color:red; margin:-1px width:50%!important; // u".split(),
        *"background:url(x) content:'{' /*x*/ <!-- --> ' \" ( ) [ ] url(/* é @page \\ }".split(),
        "a{color:red}",
        "@media screen{.b{width:1px}}",
        ";/* ; { */",
        " ",
        "\n",
    ]
)


@up_to(1500)
@given(st.lists(SHEET_PIECES, max_size=14), st.sampled_from(["", " "]))
def test_plain_rules_are_read_as_by_the_tokenizer(pieces: list[str], between: str) -> None:
    source = between.join(pieces)
    for image in (None, lambda *_: "remote/7"):
        assert list(css._quick_rules(source, image)) == list(css._all_rules(source, image))


PLAIN_PIECES = st.sampled_from(
    [
        *"color COLOR margin margin-top position background width none red 1 12px 1.5em".split(),
        *"-5px -.5em ! !important #fff # . , ; : - % 50% a1-b 1e5 1e 1E em --".split(),
        "\n",
        " ",
    ]
)


@up_to(500)
@given(st.lists(PLAIN_PIECES, max_size=12).map("".join))
def test_plain_declarations_are_read_as_by_the_tokenizer(source: str) -> None:
    plain = css._plain_declarations(source)
    # A comment is nothing to the tokenizer, and too much for the short way.
    assert plain is None or ";".join(plain) == css._declared(f"/**/{source}", None)


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


@up_to(300)
@given(st.lists(PIECES | st.text(max_size=5), max_size=20).map(" ".join))
def test_nothing_that_loads_escapes_or_ends_the_style_comes_out(source: str) -> None:
    for out in (css.sheet(source), css.declarations(source)):
        assert not re.search(r"url|expression|@(?!media)|\\|<|position|content|var\(|/\*", out)
        assert out.count("{") == out.count("}")
