"""The content of an editor as it leaves: an allow-list, and a plain-text twin that is worth
reading."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import composed, text
from mail.mime.hypertext import html
from tests.cases import each
from tests.examples import up_to
from tests.mail.mime import hostile

WORD = """
<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{margin:0}</style>
<!--[if gte mso 9]><xml><o:OfficeDocumentSettings>réglages</o:OfficeDocumentSettings></xml>
<![endif]--></head><body lang=FR><!--StartFragment-->
<p class=MsoNormal style='margin:0cm;font-size:11.0pt;font-family:"Calibri",sans-serif;
mso-fareast-language:EN-US'><b><span style='color:red;mso-style-textfill-type:solid'>Rouge</span>
</b><span style='mso-spacerun:yes'> suite</span><o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'>
<![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span
style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp; </span></span></span><![endif]>Un</p>
<p class=MsoListParagraphCxSpMiddle style='mso-list:l0 level2 lfo1'><![if !supportLists]><span
style='mso-list:Ignore'>1.<span>&nbsp; </span></span><![endif]>Deux</p>
<p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='mso-list:Ignore'>·</span><![endif]>Trois</p>
<table class=MsoTableGrid border=1 style='border-collapse:collapse;mso-yfti-tbllook:1184'>
<tr style='mso-yfti-irow:0'><td width=96 style='width:72.0pt;padding:0cm 5.4pt'><p>Élève</p></td>
<td><p>Note</p></td></tr><tr><td><p>Zoé</p></td><td><p>15</p></td></tr></table>
<!--EndFragment--></body></html>
"""


def test_what_word_pastes_keeps_its_words_colours_lists_and_tables_and_nothing_of_word() -> None:
    cleaned = composed.clean(WORD)
    for word in ("mso", "Mso", "o:p", "xml", "réglages", "class", "<style", "<!"):
        assert word not in cleaned
    assert '<span style="color:red">Rouge</span>' in cleaned
    assert "<ul><li>" in cleaned and "<ol><li>Deux</li></ol>" in cleaned
    assert cleaned.count("<li>") == 3 and "·" not in cleaned and ">1." not in cleaned
    assert 'border="1"' in cleaned and "border-collapse:collapse" in cleaned
    assert "<span>" not in cleaned


def test_what_word_pastes_reads_well_as_text() -> None:
    assert composed.to_text(composed.clean(WORD)).split("\n") == [
        "Rouge suite",
        "",
        "- Un",
        "  1. Deux",
        "- Trois",
        "",
        "Élève | Note",
        "Zoé   | 15",
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<div>a</div><div><br></div><div>b<br>c</div>", "a\n\nb\nc"),
        ('<a href="https://x.fr/a">là</a>', "là <https://x.fr/a>"),
        ('<a href="https://x.fr/">x.fr</a>', "x.fr"),
        (
            '<a href="mailto:a@x.fr">Zoé</a> <a href="mailto:a@x.fr">a@x.fr</a>',
            "Zoé <a@x.fr> a@x.fr",
        ),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>> b\nc"),
        ('<ol start="3"><li>a</li><li>b<ul><li>c</li></ul></li></ol>', "3. a\n4. b\n   - c"),
        ('<img src="cid:1@x" alt="plan"> fin', "plan fin"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c"),
        ('<div>a</div><div class="signature">Bob<br>prof</div>', "a\n\n-- \nBob\nprof"),
        ("<div>Bonjour !</div>", "Bonjour !"),
        ("<table><tr><td>un<br>deux</td><td>trois</td></tr></table>", "un\ndeux\n\ntrois"),
        (
            f"<table><tr><td>{'a' * 50}</td><td>{'b' * 50}</td></tr></table>",
            f"{'a' * 50} | {'b' * 50}",
        ),
        ("<b>a</b> <i>b</i>\n   c", "a b c"),
    ],
)
def test_the_text_says_what_the_html_says(source: str, expected: str) -> None:
    assert composed.to_text(composed.clean(source, {"cid:1@x": "cid:1@x"})) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<script>alert(1)</script>a", "a"),
        ("<b onclick=x id=y class=z>a</b>", "<b>a</b>"),
        ('<div style="position:fixed;top:0;color:red">a</div>', '<div style="color:red">a</div>'),
        (
            '<span style="background:yellow">a</span>',
            '<span style="background-color:yellow">a</span>',
        ),
        ('<span style="background:url(//x/y)">a</span>', "a"),
        ('<a href="javascript:alert(1)">a</a>', "a"),
        ('<a href="//x.fr">a</a>', "a"),
        ('<a href="jav\tascript:x">a</a>', "a"),
        ('<img src="https://x.fr/pixel.gif" alt="un logo">', "un logo"),
        ('<img src="../../etc/passwd">', ""),
        ("<h4>a</h4><del>b</del>", "<h3>a</h3><s>b</s>"),
        ("<center>a</center>", '<div align="center">a</div>'),
        ("<font><span><b></b>a</span></font>", "a"),
        ('<div class="signature big">a</div>', '<div class="signature">a</div>'),
        ('<details class="quote"><summary>…</summary><div>a</div></details>', "<div>a</div>"),
        ("<iframe src=x>a</iframe><form><input>b</form>", "b"),
        ("a\x00b\u202ec", "abc"),
    ],
)
def test_only_what_is_on_the_list_stays(source: str, expected: str) -> None:
    assert composed.clean(source) == expected


NAMED = composed.ImageWords("[image : %(words)s]", "[image]")
IMAGES_IN_WORDS = {
    '<img src="cid:1@x" alt="rouge"> fin': "[image : rouge] fin",
    '<img src="cid:1@x" alt="50 % {x}">': "[image : 50 % {x}]",
    '<img src="cid:1@x" alt=" du\n plan ">': "[image : du plan]",
    '<img src="cid:1@x">': "[image]",
    '<img src="cid:1@x" alt="">': "[image]",
    '<a href="https://x.fr/a"><img src="cid:1@x" alt="plan"></a>': "[image : plan] <https://x.fr/a>",
    '<div>a</div><div class="signature"><img src="cid:1@x" alt="">Bob</div>': "a\n\n-- \nBob",
    '<div>a</div><div class="signature"><a href="https://x.fr/"><img src="cid:1@x" alt="logo"></a>'
    ' <a href="https://x.fr/b">Blog</a></div>': (
        "a\n\n-- \n[image : logo] <https://x.fr/> Blog <https://x.fr/b>"
    ),
    '<blockquote><img src="cid:1@x" alt=""><img src="cid:1@x" alt="plan"></blockquote>': (
        "> [image : plan]"
    ),
    "<blockquote>a</blockquote><table><tr><td><img src='cid:1@x'></td><td>b</td></tr></table>": (
        "> a\n\n[image] | b"
    ),
}


@each("source", list(IMAGES_IN_WORDS))
def test_plain_text_names_images(source: str) -> None:
    made = composed.write(source, {"cid:1@x": "cid:1@x"}, NAMED)
    assert made.text == IMAGES_IN_WORDS[source]


def test_an_image_has_the_address_that_it_is_given() -> None:
    known = {"/drafts/1/files/2": "cid:2@x.fr"}
    cleaned = composed.clean(
        '<img src="/drafts/1/files/2" width="40" style="position:fixed;width:40px"><img src="/x">',
        known,
    )
    assert cleaned == '<img width="40" style="width:40px" alt="" src="cid:2@x.fr">'


class Judge(HTMLParser):
    """A parser that has no part in the cleaning, and a list of its own."""

    TAGS = frozenset(
        """
        a b blockquote br caption code col colgroup div em font h1 h2 h3 hr i li ol p pre s span
        strong sub sup table tbody td tfoot th thead tr u ul
        """.split()
    )
    NAMES = frozenset(
        """
        align bgcolor border cellpadding cellspacing class color colspan dir face height href lang
        rowspan size span start style title type valign value width
        """.split()
    )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.TAGS
        for name, value in attrs:
            assert name in self.NAMES
            if name == "href":
                assert re.match(r"(?:https?://|mailto:|tel:)", value or "", re.IGNORECASE)
            if name == "class":
                assert value == "signature"
            if name == "style":
                assert not re.search(r"url|expression|position|@|\\\\|<|mso|/\*", value or "")

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment came out")


@each("piece", hostile.PIECES, ids=str)
def test_hostile_html_is_reduced_to_the_list_and_stays_as_it_is(piece: hostile.Piece) -> None:
    cleaned = composed.clean(piece.source)
    Judge().feed(cleaned)
    assert composed.clean(cleaned) == cleaned
    composed.to_text(cleaned)


def test_what_is_too_complex_leaves_as_its_text() -> None:
    cleaned = composed.clean("<div>" * 5000 + "au fond" + "</div>" * 5000)
    assert "au fond" in cleaned and cleaned.count("<div>") < 3


def test_a_quote_has_nothing_of_the_readers_page() -> None:
    source = (
        '<p style="color:red">Bonjour <a href="https://x.fr/a">x.com</a>'
        '<img src="https://x.fr/logo.png" alt="logo" width="200" height="99"><img src="cid:a@x">'
        '<blockquote type="cite">' + "<p>vieux</p>" * 200 + "</blockquote>"
        '<div class="moz-signature">Bob, professeur</div>'
    )
    safe = html.sanitise(source)
    quoted = composed.write_quote(safe.body, {"inline/0": "/image"}, is_signed=False).html
    assert "details" not in quoted and "m-host" not in quoted and "class" not in quoted
    assert "→" not in quoted and "…" not in quoted and "Bob" not in quoted
    assert "logo" in quoted and "https://x.fr/logo.png" not in quoted
    assert 'src="/image"' in quoted and 'style="color:red"' in quoted
    assert "Bob" in composed.write_quote(safe.body, {}, is_signed=True).html


LINES = st.text(st.sampled_from("ab é>-\n&<"), max_size=200)


@up_to(300)
@given(LINES)
def test_a_text_is_the_same_through_html_and_back(words: str) -> None:
    normal = "\n".join(
        (">" * marks + " " if marks else "") + line[count:].rstrip()
        for line in words.strip("\n").split("\n")
        for count in [len(line) - len(line.lstrip("> ")) if line.startswith(">") else 0]
        for marks in [min(line[:count].count(">"), 20)]
    )
    back = composed.to_text(composed.clean(composed.from_text(words)))
    assert [line.strip() for line in back.split("\n")] == [
        line.strip() for line in normal.strip("\n").split("\n")
    ] or back.replace(">", "").split() == words.replace(">", "").split()


def normal(line: str) -> str:
    """A line with its quote marks as `unflow` writes them, and no blanks at its end."""
    marks = re.match(r"(?:> ?)+(?=\S|\Z)|>+", line)
    content = line[marks.end() :] if marks else line
    depth = marks[0].count(">") if marks else 0
    kept = content if content == "-- " else content.rstrip(" ")
    return ">" * depth + (" " if depth else "") + kept


@up_to(500)
@given(st.text(st.sampled_from("ab >-F\nrom é"), max_size=300))
def test_a_flowed_text_is_the_text_again(words: str) -> None:
    flowed = text.flow(words)
    assert text.unflow(flowed) == "\n".join(map(normal, words.split("\n")))
    assert not any(line.startswith("From ") for line in flowed.split("\n"))
