"""HTML mail: what is kept, what is dropped, and that nothing dangerous comes out."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.hypertext import css, html
from mail.mime.structure import Part
from tests.cases import each
from tests.examples import up_to
from tests.mail.mime.judge import judge

LINK = 'target="_blank" rel="noopener noreferrer"'

BODIES = {
    "formatting": ("<p>Été <b>gras</b></p>",) * 2,
    "unclosed": ("<p>un<p><b>deux", "<p>un</p><p><b>deux</b></p>"),
    "script": ("a<script>b</script>c", "ac"),
    "title and style": ("<title>a</title><style>p{}</style>b", "b"),
    "foster parent": (
        "<table><p>a</p><tr><td>b</table>",
        "<p>a</p><table><tbody><tr><td>b</td></tr></tbody></table>",
    ),
    "entities stay": ("&lt;script&gt; &amp;lt; &nbsp;é", "&lt;script&gt; &amp;lt; \xa0é"),
    "web link": (
        '<a href="https://x.fr/?a=1&amp;b=2">x</a>',
        f'<a href="https://x.fr/?a=1&amp;b=2" {LINK}>x</a>',
    ),
    "mail link": ('<a href="MAILTO:a@x.fr">x</a>', f'<a href="MAILTO:a@x.fr" {LINK}>x</a>'),
    "phone link": ('<a href="tel:+33322823740">x</a>', f'<a href="tel:+33322823740" {LINK}>x</a>'),
    "link without scheme": ('<a href="//x.fr/">x</a>', f'<a href="https://x.fr/" {LINK}>x</a>'),
    "own target": (
        '<a href="http://x.fr" target="_top" rel="opener" ping="http://y">x</a>',
        f'<a href="http://x.fr" {LINK}>x</a>',
    ),
    "relative link": ('<a href="/accounts/logout/">x</a>', "<a>x</a>"),
    "script link": ('<a href="java&#10;script:x()">x</a>', "<a>x</a>"),
    "data link": ('<a href="data:text/html,x">x</a>', "<a>x</a>"),
    "anchors prefixed": (
        '<a href="#a">x</a><a name="a"></a><p id="a">y</p>',
        '<a href="#m-a">x</a><a name="m-a"></a><p id="m-a">y</p>',
    ),
    "handlers": (
        '<p onclick="x()" ONLOAD=y style="color:red;position:fixed">a</p>',
        '<p style="color:red">a</p>',
    ),
    "form": ("<form action=x><input name=a><button>ok</button></form>", "ok"),
    "svg": ("a<svg><a xlink:href=javascript:x><text>b</text></a></svg>c", "ac"),
    "frame": ("a<iframe src=http://x/>b</iframe>", "a"),
    "comment": ("a<!-- b --!>c", "ac"),
    "table attributes": (
        '<table width="600" bgcolor="#fff" cellpadding="0" role="presentation"></table>',
    )
    * 2,
    "role": ('<table role="alert"></table>', "<table></table>"),
    "nul": ("<scr\x00ipt>a</scr\x00ipt>b", "b"),
    "htmx": ('<div hx-get="/x" data-x="y" class="c">a</div>', '<div class="c">a</div>'),
}


@each(("source", "expected"), BODIES.values(), ids=BODIES)
def test_a_body_keeps_what_is_safe(source: str, expected: str) -> None:
    def by_attribute(body: str) -> list[str]:
        return sorted(re.findall(r'[^\s<>"=]+="[^"]*"|<[^\s>]+|[^<>]+', body))

    assert by_attribute(html.sanitise(source).body) == by_attribute(expected)


def test_inline_images_are_numbered_in_their_order() -> None:
    safe = html.sanitise(
        '<img src="cid:a%40x"><img src="CID:b@x"><img src="cid:a@x"><img src="plan.png">',
        locations=["plan.png"],
    )
    assert safe.inline == ("a@x", "b@x", "plan.png")
    assert re.findall('src="([^"]*)"', safe.body) == [
        "inline/0",
        "inline/1",
        "inline/0",
        "inline/2",
    ]


REMOTE = """<img src="http://x/a.png"><img src="//x/b.png"><table background=" https://x/c&#10;.png"></table>
<img src="HTTP&#58;//x/a.png" srcset="http://x/d.png 2x, cid:z 3x"><img src="http://x/a.png">"""


def test_remote_images_are_counted_and_not_loaded() -> None:
    safe = html.sanitise(REMOTE)
    assert "x/" not in safe.body
    assert "remote/" not in safe.body
    assert safe.remote[:3] == ("http://x/a.png", "https://x/b.png", "https://x/c.png")
    assert safe.images_blocked == 5


def test_allowed_remote_images_are_loaded_by_number() -> None:
    safe = html.sanitise(REMOTE, remote=True)
    assert "x/" not in safe.body
    assert re.findall(' (?:src|background)="([^"]*)"', safe.body)[:3] == [
        "remote/0",
        "remote/1",
        "remote/2",
    ]
    assert safe.images_blocked == 0


@pytest.mark.parametrize(
    "address",
    [
        "absent.png",
        "/mail/",
        "data:image/svg+xml,x",
        "file:///x",
        "http:x",
        "\\\\x\\y",
        "javascript:x",
        "blob:x",
        "http:///x",
        "ftp://x/",
        "inline/0",
        "remote/0",
    ],
)
def test_other_images_are_not_loaded(address: str) -> None:
    assert (
        html.sanitise(f'<img src="{address}" srcset="{address} 2x">', remote=True).body == "<img>"
    )


def test_style_sheets_go_into_the_head_and_the_body_has_its_colours() -> None:
    safe = html.sanitise(
        '<html><head><style media="screen">.a{color:red;background:url(x)}</style>'
        "<!--[if mso]><style>p{color:blue}"
        "</style><![endif]--></head>"
        '<body bgcolor=f0f0f0 text="#333" link=red style="margin:0"><p class=a>x</p>'
    )
    assert safe.style.split("\n") == [
        "body{background-color:#f0f0f0;color:#333;margin:0}",
        "a:link{color:red}",
        "@media screen{.a{color:red}}",
    ]
    assert safe.body == '<p class="a">x</p>'


TRACKERS = [
    '<img src="http://x/t" width="1" height="1">',
    '<img src="http://x/t" width=0>',
    '<img src="//x/t" height=" 1px " width=" 2px">',
    '<img src="http://x/t" style="width:1px;height:1px!important">',
    '<img src="http://x/t" style="max-height:0">',
    '<img src="http://x/t" width="0%">',
    '<img src="http://x/t" style="display: NONE">',
    '<img src="http://x/t" style="opacity:0.0;">',
    '<img srcset="http://x/t 2x" width=1 height=1>',
    '<div style="display:none"><p><b><img src="http://x/t"></b></p></div>',
    '<div style="visibility:hidden;color:red"><img src="http://x/t" width=100></div>',
    '<div class="phone" style="display:none"><img src="http://x/t"></div>',
    '<div hidden><img src="http://x/t"></div>',
    '<div style="max-height:0;overflow:hidden"><p><img src="http://x/t"></p></div>',
    '<span style="width:1px;overflow:hidden"><img src="http://x/t"></span>',
    '<style>.t{width:1px;height:1px}</style><img class="t" src="http://x/t">',
    "<style>.m-t,#m-t{width:1px!important;max-height:2px}</style>"
    '<img class="a m-t" src="http://x/t" width=90 height=90 style="width:90px">',
    '<style>img{max-width:100%;height:auto}</style><img src="http://x/t" width=1 height=1>',
    '<style>#a .b img{display:none}</style><p id=a><b class=b><i><img src="http://x/t"></i></b></p>',
    '<style>.a{opacity:0}</style><div class="a"><p><img src="http://x/t"></p></div>',
    '<style>@media screen{.a{visibility:hidden}}</style><p class="a"><img src="http://x/t"></p>',
    "<style>.t{height:0}@media(max-width:9px){.t{height:0!important}}</style>"
    '<img class="t" src="http://x/t">',
    '<img src="https://u1.ct.sendgrid.net/wf/open?upn=abc" width=100 alt="Logo">',
    '<img src="https://x.us1.list-manage.com/track/open.php?u=1&amp;id=2">',
    '<img src="https://abc.emltrk.com/abc?d=1" width=300 height=200>',
    '<img src="https://mailing.example/pixel.gif?u=1">',
    '<img src="https://mailing.example/t/open/3f2a9c81d0e74b55" alt="">',
    '<img src="http://x/track" srcset="http://x/t 2x" style="border:0">',
]


@each("source", TRACKERS)
@each("remote", [False, True])
def test_an_image_that_nobody_can_see_is_never_loaded(source: str, remote: bool) -> None:
    safe = html.sanitise(f"a{source}b", remote=remote)
    assert (safe.trackers, safe.remote, safe.images_blocked) == (1, (), 0)
    assert "<img" not in safe.body
    assert (safe.body[0], safe.body[-1]) == ("a", "b")


SEEN = [
    '<img src="http://x/t">',
    '<img src="http://x/t" width="100%" height="1">',
    '<img src="http://x/t" width="600" height="1">',
    '<img src="http://x/t" style="width:100%;height:1px">',
    '<img src="http://x/t" width="1" height="20">',
    '<img src="http://x/t" style="width:100px;opacity:0.5;max-width:100%">',
    "<style>@media(max-width:600px){.phone{display:block!important}}</style>"
    '<div class="phone" style="display:none"><img src="http://x/t"></div>',
    "<style>.phone{display:none;max-height:0;overflow:hidden}@media(max-width:600px)"
    "{div.phone{display:block!important;max-height:none!important}}</style>"
    '<div class="phone"><img src="http://x/t"></div>',
    "<style>.t{width:1px;height:1px}.t.u{width:90px;height:90px}</style>"
    '<img class="t u" src="http://x/t">',
    '<style>.a .t{display:none}</style><p class="b"><img class="t" src="http://x/t"></p>',
    "<style>.t{display:none}.a:hover .t{display:inline}</style>"
    '<p class="a"><img class="t" src="http://x/t"></p>',
    '<style>.t{display:none}</style><img class="t" style="display:block" src="http://x/t">',
    '<style>.t{display:none;content:"\\7d"}.t[a="}"]{display:none}</style><img src="http://x/t">',
    '<div style="max-height:0"><img src="http://x/t"></div>',
    '<div style="overflow:hidden;width:50px"><img src="http://x/t"></div>',
    '<div style="display:none">a</div><img src="http://x/t">',
]


@pytest.mark.parametrize("source", SEEN)
def test_an_image_that_can_be_seen_is_no_tracker(source: str) -> None:
    safe = html.sanitise(source, remote=True)
    assert (safe.trackers, safe.remote) == (0, ("http://x/t",))


@pytest.mark.parametrize(
    "address",
    [
        "https://cdn.example/tracking/logo.png",
        "https://cdn.example/open-day/affiche-2026-portes-ouvertes.jpg",
        "https://opentrack.example/images/banniere.png",
        "https://images.example/track/en-tete-2026-12345.png",
        "https://lh3.example/a3f2a9c81d0e74b553f2a9c81d0e74b55",
        "https://x.fr/pixels-art.gif",
        "https://emltrk.com.example/a.png",
    ],
)
def test_a_picture_on_a_host_that_sounds_like_a_tracker_is_shown(address: str) -> None:
    safe = html.sanitise(f'<img src="{address}">', remote=True)
    assert (safe.trackers, safe.remote) == (0, (address,))


def test_a_picture_with_a_size_or_words_is_shown_whatever_it_is_called() -> None:
    source = 'src="https://x.fr/pixel.gif?u=1"'
    safe = html.sanitise(f'<img {source} alt="Logo"><img {source} width="80">', remote=True)
    assert safe.trackers == 0


UNSEEN_BACKGROUNDS = [
    '<td width="1" height="1" background="http://x/t">',
    '<td style="width:1px;height:1px;background:url(http://x/t)">a',
    '<td style="display:none" background="//x/t">a',
    '<p style="background:#fff url(http://x/t);opacity:0">a',
    '<p style="visibility:hidden"><b style="background-image:url(http://x/t)">a',
    "<style>.t{background:url(http://x/t);height:1px;width:1px}</style>a",
    "<style>@media print{#_t{background-image:url(https://abc.emltrk.com/abc?p)}}</style>a",
    '<body background="https://abc.emltrk.com/abc">a',
]


@pytest.mark.parametrize("source", UNSEEN_BACKGROUNDS)
@pytest.mark.parametrize("remote", [False, True])
def test_a_background_that_nobody_can_see_is_never_loaded(source: str, remote: bool) -> None:
    safe = html.sanitise(f"<table><tr>{source}</table>", remote=remote)
    assert (safe.trackers, safe.remote, safe.images_blocked) == (1, (), 0)
    assert "remote/" not in safe.body + safe.style


def test_the_background_of_a_box_that_its_padding_opens_is_shown() -> None:
    source = '<div style="height:0;padding-bottom:50%;background:url(http://x/t)">'
    assert html.sanitise(source, remote=True).remote == ("http://x/t",)


def test_an_inline_image_however_small_is_no_tracker() -> None:
    safe = html.sanitise('<img src="cid:a" width=1 height=1>')
    assert (safe.trackers, safe.inline) == (0, ("a",))


BACKGROUNDS = """<style>.a{background:#123456 url("http://x/a.png") no-repeat}
.b{background-image:url(cid:b),url(javascript:x)}.c{background:url(data:image/png,x)}</style>
<body background="http://x/body.png"><p style="color:red;background:url('http://x/a.png')">a</p>
<p style='background-image:url("http://x/c.png?a=1&amp;b=)")'>b</p>"""


def test_backgrounds_are_loaded_by_number() -> None:
    safe = html.sanitise(BACKGROUNDS, remote=True)
    assert safe.remote == ("http://x/body.png", "http://x/a.png", "http://x/c.png?a=1&b=)")
    assert safe.inline == ("b",)
    assert safe.style.split("\n") == [
        "body{background-image:url(remote/0)}",
        ".a{background:#123456 url(remote/1) no-repeat}",
        ".b{background-image:url(inline/0),none}",
    ]
    assert "background:url(remote/1)" in safe.body
    assert "background-image:url(remote/2)" in safe.body


def test_backgrounds_from_elsewhere_are_counted_and_leave_their_colour() -> None:
    safe = html.sanitise(BACKGROUNDS)
    assert safe.images_blocked == 4
    assert len(safe.remote) == 3
    assert ".a{background:#123456 none no-repeat}" in safe.style
    assert "x/" not in safe.style + safe.body
    assert 'style="color:red"' in safe.body


@pytest.mark.parametrize("remote", [False, True])
def test_the_numbers_of_addresses_do_not_depend_on_what_is_allowed(remote: bool) -> None:
    safe = html.sanitise(BACKGROUNDS + REMOTE, remote=remote)
    assert safe.remote == html.sanitise(BACKGROUNDS + REMOTE).remote


LIGHT = [
    '<p style="color:#fff;background:url(http://x/a) no-repeat">a',
    "<style>.a{background-image:url(data:image/png,x)}.a b{color:white}</style><p class=a><b>a",
    '<table background="http://x/a"><tr><td><font color="#FFFFFF">a',
    '<body style="background:url(http://x/a);color:rgb(255, 255, 255)">a',
]


@pytest.mark.parametrize("source", LIGHT)
def test_white_words_are_read_while_the_picture_behind_them_is_not_shown(source: str) -> None:
    safe = html.sanitise(source)
    assert css.BACKDROP in safe.body + safe.style
    assert safe.designed


@pytest.mark.parametrize(
    "source",
    [
        '<p style="color:#000;background:url(http://x/a)">a',
        '<p style="color:#fff;background:navy url(http://x/a)">a',
        '<p style="color:#fff;background-image:url(http://x/a);background-color:#123">a',
        '<table background="http://x/a" bgcolor="#123456"><tr><td><font color="white">a',
        '<p style="background-color:#fff;background-image:url(http://x/a)">a',
    ],
)
def test_nothing_stands_for_a_picture_that_is_not_missed(source: str) -> None:
    safe = html.sanitise(source)
    assert css.BACKDROP not in safe.body + safe.style


def test_a_picture_that_is_shown_has_nothing_in_its_place() -> None:
    for source in (LIGHT[0], LIGHT[2], LIGHT[3]):
        safe = html.sanitise(source, remote=True)
        assert css.BACKDROP not in safe.body + safe.style


def test_a_message_cannot_name_a_number_itself() -> None:
    url = "url(remote/0) url('inline/0')"
    safe = html.sanitise(
        f'<style>p{{background:{url};list-style:{url}}}</style><img src="http://x/a.png">'
        f'<img src="remote/0" srcset="remote/0 2x"><p style="background:{url};list-style:{url}">',
        remote=True,
    )
    assert safe.body.count("remote/0") == 1
    assert "/0" not in safe.style


def test_media_queries_stay_for_narrow_screens() -> None:
    query = "@media only screen and (max-width:600px){.c{display:block !important}}"
    assert html.sanitise(f"<style>{query}</style>").style == query


PLAIN = [
    "<p>a</p>",
    '<p style="color:black;background:#FFFFFF;margin:0">a</p>',
    '<span style="color:#333">a</span><font color="#000000">b</font>',
    '<p style="color:rgb(34, 34, 34)">a</p>',
    '<style>a:link{color:#0563C1}p{font-family:Calibri}</style><body bgcolor="white">a',
    '<table bgcolor="#ffffff"><tr><td>a</table>',
    '<p style="color:#999">a</p><p style="color:#1a2233">b</p><font color="#808080">c</font>',
]
DESIGNED = [
    '<p style="color:#e0e0e0">a</p>',
    '<p style="color:#800000">a</p>',
    '<p style="color:red">a</p>',
    '<p style="background:#eee">a</p>',
    '<p style="background-image:linear-gradient(red,blue)">a</p>',
    '<table bgcolor="#eef1f5"><tr><td>a</table>',
    '<font color="#ff0000">a</font>',
    "<style>@media screen{.a{background-color:navy}}</style>a",
    '<body bgcolor="#eef1f5">a',
    '<table background="http://x/a.png"></table>',
    '<p>a</p><img src="http://x/a.png" alt="Affiche">',
    '<p>a</p><img src="cid:logo@x" alt="">',
]


@pytest.mark.parametrize("source", PLAIN)
def test_black_on_white_is_no_design(source: str) -> None:
    assert html.sanitise(source).designed is False


@pytest.mark.parametrize("source", DESIGNED)
def test_colours_are_a_design(source: str) -> None:
    assert html.sanitise(source).designed is True


def test_the_result_goes_through_json() -> None:
    safe = html.sanitise(BACKGROUNDS + REMOTE)
    assert html.SafeHtml.from_dict(json.loads(json.dumps(safe.to_dict()))) == safe


TEXTS = {
    "paragraphs": ("<p>un</p><p>deux<br>trois</p>", "un\n\ndeux\ntrois"),
    "blanks": ("<div>un \n deux</div>\n<div>trois</div>", "un deux\ntrois"),
    "list": ("<ul><li>un<li>deux</ul>", "- un\n- deux"),
    "cells": ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    "quote": ("Oui<blockquote>un<br>deux</blockquote>", "Oui\n\n> un\n> deux"),
    "image": ('<img alt="Logo &lt;a&gt;">', "Logo <a>"),
    "unseen": ("<head><title>t</title><style>p{}</style></head>a<script>b</script>", "a"),
    "entities": ("caf&eacute;&nbsp;: 15&euro; &lt;b&gt;", "café\u00a0: 15€ <b>"),
    "preformatted": ("<pre>a\n  b</pre>", "a\n  b"),
}


@pytest.mark.parametrize(("source", "expected"), TEXTS.values(), ids=TEXTS)
def test_the_text_of_html(source: str, expected: str) -> None:
    assert html.to_text(source) == expected


def test_the_text_of_html_too_deep_for_a_parser() -> None:
    assert html.to_text("<div>" * 5000 + "caf&eacute;<script>x</script>") == "café"


def test_a_charset_is_read_from_the_source_when_mail_names_none() -> None:
    source = '<meta http-equiv=x content="text/html; charset=koi8-r"><p>привет'
    assert "привет" in html.decode(source.encode("koi8-r"), "8bit", "")
    assert "привет" in html.decode(source.encode(), "8bit", "utf-8")


def test_parts_of_both_kinds_become_one() -> None:
    pieces = [(Part("1", "text/plain"), "1 < 2"), (Part("2", "text/html"), "<b>pied</b>")]
    assert html.sanitise(html.join(pieces)).body == "<div>1 &lt; 2</div>\n<b>pied</b>"
    assert html.join_text(pieces) == "1 < 2\n\npied"


# Beginnings and ends of what HTML attacks are made of.
HOSTILE = st.sampled_from(
    sorted(
        frozenset(
            """
            <script> </script> <style> </style> <svg> </svg> <math> <mtext> <table> <tr> <td>
            </table> <p> </p> <b> </b> <a <img <div > / " ' = ` <!-- --> --!> <![CDATA[ ]]> <?
            <!DOCTYPE <noscript> </noscript> <textarea> </textarea> <title> </title> <xmp>
            <plaintext> <template> <select> <form <input <iframe <object <body href= src=
            srcset= style= onerror= onload=x id= name= class= background= javascript:x http://x/
            //x cid:a data:image/png;base64,AA url(http://x/) color:red position:fixed \\75 &lt;
            &#x3c; &quot; &colon; &NewLine; \x00 \ud800 \x0c <details> <summary> <mglyph>
            <foreignObject> <annotation-xml encoding= <desc> <frameset> <noembed> <map <area
            usemap=#a <blockquote type=cite> </blockquote> class=m-host class=gmail_quote width=1
            display:none <small <summary> </a>
            """.split()
        )
    )
)


@up_to(400)
@given(
    st.lists(HOSTILE | st.text(max_size=4), max_size=30), st.sampled_from(["", " "]), st.booleans()
)
def test_nothing_dangerous_comes_out_of_anything(
    pieces: list[str], between: str, remote: bool
) -> None:
    source = between.join(pieces)
    safe = html.sanitise(source, remote=remote)
    judge(safe)
    again = html.sanitise(
        safe.body, locations=[f"{kind}/{n}" for kind in ("inline", "remote") for n in range(9)]
    )
    assert len(again.body) <= len(safe.body) + 200
    html.to_text(source).encode()
