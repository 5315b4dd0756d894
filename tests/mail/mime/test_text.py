"""Transfer encodings, charsets, flowed text, and plain text as HTML."""

from __future__ import annotations

import base64
import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import text
from tests.cases import each
from tests.examples import up_to
from tests.waiting import cheap

TRANSFER = {
    "base64": (b"w6l0\r\nw6k=\r\n", "base64", "été".encode()),
    "base64 with rubbish": (b"w6l0!!\x00w6k", "BASE64 ", "été".encode()),
    "base64 in two runs": (b"w6k=w6k=", "base64", "éé".encode()),
    "base64 one letter too many": (b"w6l0w6k=A", "base64", "été".encode()),
    "quoted-printable": (b"=C3=A9t=C3=A9 =\r\nfin", "quoted-printable", "été fin".encode()),
    "soft break with blanks": (b"un=  \r\ndeux", "quoted-printable", b"undeux"),
    "bad escape": (b"2+2=4 =ZZ =", "quoted-printable", b"2+2=4 =ZZ "),
    "uuencode": (b"begin 644 a\n#0V%T\n`\nend\n", "x-uuencode", b"Cat"),
    "8bit": (b"\xe9", "8bit", b"\xe9"),
    "unknown": (b"=C3", "x-rien", b"=C3"),
}


@pytest.mark.parametrize(("data", "encoding", "expected"), TRANSFER.values(), ids=TRANSFER)
def test_a_transfer_encoding_is_undone(data: bytes, encoding: str, expected: bytes) -> None:
    assert text.decode_transfer(data, encoding) == expected


@up_to(300)
@given(
    st.sampled_from(["base64", "quoted-printable", "x-uuencode", "8bit"]),
    st.lists(
        st.binary(max_size=12) | st.text(alphabet="=AB C3\r\n\t", max_size=12).map(str.encode),
        max_size=8,
    ),
)
def test_decoding_piece_by_piece_gives_the_same_bytes(encoding: str, pieces: list[bytes]) -> None:
    decoder = text.TransferDecoder(encoding)
    streamed = b"".join([*map(decoder.feed, pieces), decoder.close()])
    assert streamed == text.decode_transfer(b"".join(pieces), encoding)


@each("strange", [b"A", b"=", b"==", b"*", b"\r", b"\n", b" ", b"\r\n", b""])
@each("place", [0, 1, 2, 3, 75, 76, 77, 78, 154, 155, 233])
def test_what_stands_in_whole_lines_is_seen(strange: bytes, place: int) -> None:
    """They are decoded in another way than what begins within a line."""
    lines = base64.encodebytes(bytes(range(171))).replace(b"\n", b"\r\n")
    sent = lines[:place] + strange + lines[place + len(strange) :]
    whole, parted = text.TransferDecoder("base64"), text.TransferDecoder("base64")
    decoded = whole.feed(sent) + whole.close()
    assert decoded == parted.feed(sent[:41]) + parted.feed(sent[41:]) + parted.close()
    assert whole.is_damaged == parted.is_damaged


CHARSETS = {
    "utf-8": ("été €".encode(), "UTF-8", "été €"),
    "utf-8 with mark": (b"\xef\xbb\xbf\xc3\xa9", "utf-8", "é"),
    "utf-8 cut off": ("abc é".encode()[:-1], "utf-8", "abc "),
    "latin-1 said utf-8": (b"\xe9crit en latin-1", "utf-8", "écrit en latin-1"),
    "utf-8 said latin-1": ("élève".encode(), "iso-8859-1", "élève"),
    "utf-8 with bytes that are none": (
        "été ".encode() + b"\xff\xe9 fin",
        "utf-8",
        "été \ufffd\ufffd fin",
    ),
    "utf-8 with a letter of latin-1": (
        "l’été à No".encode() + b"\xebl",
        "utf-8",
        "l’été à No\ufffdl",
    ),
    "as much of both": ("é ".encode() + b"\xe8 x", "utf-8", "é \ufffd x"),
    "utf-8 with such bytes and no charset": ("été ".encode() + b"\xe9 fin", "", "été \ufffd fin"),
    "as much of both and no charset": ("é ".encode() + b"\xe8 x", "", "Ã© è x"),
    "windows-1252 said latin-1": (b"l\x92\xe9cole \x80", "ISO-8859-1", "l’école €"),
    "windows-1252 said latin-9": (b"l\x92\xe9cole \xa4", "iso-8859-15", "l’école €"),
    "8 bits said ascii": (b"\xe9t\xe9", "us-ascii", "été"),
    "unknown": (b"\xe9t\xe9", "x-nimporte", "été"),
    "none": ("été".encode(), "", "été"),
    "hostile": (b"\xe9t\xe9", "<" * 5000, "été"),
    "no charset of mail": (b"abc-\xe9", "punycode", "abc-é"),
    "odd spelling": (b"\xe9", "ISO_8859-1:1987", "é"),
    "cyrillic": ("привет".encode("koi8-r"), "koi8-r", "привет"),
    "gbk said gb2312": ("会议鎔".encode("gb18030"), "gb2312", "会议鎔"),
    "japanese": ("会議".encode("iso2022_jp"), "iso-2022-jp", "会議"),
    "japanese unsaid": ("会議".encode("iso2022_jp"), "", "会議"),
    "utf-7": (b"+AOk-t+AOk-", "utf-7", "été"),
    "utf-7 is never guessed": (b"+ADw-script+AD4-", "", "+ADw-script+AD4-"),
    "utf-16": ("été".encode("utf-16"), "utf-16", "été"),
    "utf-16 without mark": ("Texte été".encode("utf-16-le"), "utf-16", "Texte été"),
    "line ends": (b"a\r\nb\rc\n", "", "a\nb\nc\n"),
    "controls": (b"a\x00b\x1bc\x07\td", "utf-8", "abc\td"),
}


def test_letters_are_not_turned_around() -> None:
    turned = "https://\u202erf.euqnab\u202c".encode()
    assert text.decode(turned, "8bit", "utf-8") == "https://rf.euqnab\u202c"
    assert "\u202e" not in text.to_html("https://a.fr/\u202egpj.exe")


@each(("data", "charset", "expected"), CHARSETS.values(), ids=CHARSETS)
def test_a_charset_is_believed_as_far_as_the_bytes_allow(
    data: bytes, charset: str, expected: str
) -> None:
    assert text.decode(data, "8bit", charset) == expected


NAMES = st.sampled_from(
    [
        "utf-8",
        "utf-7",
        "utf-16",
        "utf-32",
        "iso-2022-jp",
        "iso-2022-kr",
        "hz",
        "gb18030",
        "big5",
        "euc-kr",
        "shift_jis",
        "cp1252",
        "iso-8859-15",
        "johab",
        "idna",
        "unicode_escape",
        "hex",
        "",
        "\x00",
        "ü",
    ]
)


@up_to(300)
@given(
    st.binary(max_size=100),
    st.sampled_from(["base64", "quoted-printable", "uue", "7bit", "x"]),
    NAMES,
)
def test_decoding_never_raises(data: bytes, encoding: str, charset: str) -> None:
    text.decode(data, encoding, charset).encode()


FLOWED = {
    "joined": ("Un \ndeux\ntrois", False, "Un deux\ntrois"),
    "delsp": ("Un \ndeux", True, "Undeux"),
    "stuffed": (" From\n >x", False, "From\n>x"),
    "quotes": ("> a \n> b\n>> c \n> d", False, "> a b\n>> c \n> d"),
    "signature": ("fin \n-- \nAlice", False, "fin \n-- \nAlice"),
}


@pytest.mark.parametrize(("source", "delsp", "expected"), FLOWED.values(), ids=FLOWED)
def test_flowed_text_is_joined(source: str, delsp: bool, expected: str) -> None:
    assert text.unflow(source, delsp) == expected


def test_a_line_is_wrapped_in_time_that_grows_with_its_length() -> None:
    line = "mot " * 500_000
    with cheap(2):
        wrapped = text.flow(line)
    assert text.unflow(wrapped, False) == line.rstrip(" ")


def test_a_paragraph_of_many_lines_is_joined_in_time_that_grows_with_it() -> None:
    def seconds(lines: int) -> float:
        begun = time.process_time()
        text.unflow("a \n" * lines)
        return time.process_time() - begun

    assert seconds(200_000) < 10 * seconds(50_000) + 0.5


def link(target: str, shown: str = "") -> str:
    return f'<a href="{target}" target="_blank" rel="noopener noreferrer">{shown or target}</a>'


LINKED = {
    "web": ("voir https://x.fr/a?b=1.", f"voir {link('https://x.fr/a?b=1')}."),
    "two arguments": ("https://x.fr/?a&b", link("https://x.fr/?a&amp;b")),
    "brackets": ("(http://x.fr/a_(b))", f"({link('http://x.fr/a_(b)')})"),
    "www": ("www.x.fr,", f"{link('http://www.x.fr', 'www.x.fr')},"),
    "mail": (
        "à claire.morvan@x.fr.",
        f"à {link('mailto:claire.morvan@x.fr', 'claire.morvan@x.fr')}.",
    ),
    "mailto": ("mailto:a@x.fr", link("mailto:a@x.fr", "mailto:a@x.fr")),
    "guillemets": ("«\u00a0http://x.fr\u00a0»", f"«\u00a0{link('http://x.fr')}\u00a0»"),
    "angle brackets": ("<http://x.fr>", f"&lt;{link('http://x.fr')}&gt;"),
    "nothing after": ("http:// et www.", "http:// et www."),
    "javascript": ("javascript:alert(1)", "javascript:alert(1)"),
    "markup": ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
    "markup after an address": (
        'a@a.co?]<img/src="x"/onerror=alert(1)>',
        f"{link('mailto:a@a.co', 'a@a.co')}?]&lt;img/src=&quot;x&quot;/onerror=alert(1)&gt;",
    ),
    "quote in an address": (
        'http://x.fr/"onclick="a',
        f"{link('http://x.fr/')}&quot;onclick=&quot;a",
    ),
    "telephone": ("au 01 23 45 67 89.", f"au {link('tel:0123456789', '01 23 45 67 89')}."),
    "telephone with dots": ("06.12.34.56.78", link("tel:0612345678", "06.12.34.56.78")),
    "telephone in one": ("(0612345678)", f"({link('tel:0612345678', '0612345678')})"),
    "telephone abroad": (
        "+33\u00a0(0)6 12 34 56 78",
        link("tel:+33612345678", "+33\u00a0(0)6 12 34 56 78"),
    ),
    "telephone of another country": (
        "+44 20 7946 0958,",
        link("tel:+442079460958", "+44 20 7946 0958") + ",",
    ),
    "no telephone": (
        "01/02/2025, 01 23 45 67 89 01, 12345012345678, 3-0612345678, +3, +12 34 56, n°00612345678",
        "01/02/2025, 01 23 45 67 89 01, 12345012345678, 3-0612345678, +3, +12 34 56, n°00612345678",
    ),
    "number in an address": ("http://x.fr/0612345678", link("http://x.fr/0612345678")),
    "placeholder": ("##str_replacement_0##", "##str_replacement_0##"),
}


@each(("source", "expected"), LINKED.values(), ids=LINKED)
def test_addresses_in_text_become_links_after_escaping(source: str, expected: str) -> None:
    assert text.to_html(source) == f"<div>{expected}</div>"


def test_a_mail_address_leads_to_our_composer() -> None:
    assert text.to_html("mailto:l'ami+a&b@x.fr", mailto='/compose/?a="&to=') == (
        '<div>mailto:l&#x27;ami+a&amp;<a href="/compose/?a=&quot;&amp;to=b%40x.fr">b@x.fr</a></div>'
    )


def test_a_text_without_end_is_cut_and_says_so() -> None:
    thirteen_megabytes = "Ligne de treize lettres\n" * 600_000
    html = text.to_html(thirteen_megabytes, cut_label="<Suite>")
    assert html.endswith('<div class="cut">&lt;Suite&gt;</div>')
    assert len(html) < 2 * text.MOST_CHARACTERS
    assert "cut" not in text.to_html("Bonjour", cut_label="cut")


ORIGINALS = {
    "French": "-----Message d'origine-----",
    "French with its apostrophe": "  -------- Message d’origine --------",
    "English": "-----Original Message-----",
    "rule": "________________________________\nDe : Paul <p@x.fr>",
    "rule and blank": "________________________________\n\nFrom: Paul <p@x.fr>",
}


@pytest.mark.parametrize("line", ORIGINALS.values(), ids=ORIGINALS)
def test_a_message_below_outlooks_line_is_folded(line: str) -> None:
    html = text.to_html(f"Oui.\n{line}\nDe quoi ?\n> ah", quote_label="Suite")
    assert html.startswith('<div>Oui.</div><details class="quote"><summary>Suite</summary><div>')
    assert html.endswith("<br>De quoi ?</div></details><blockquote>ah</blockquote>")


@pytest.mark.parametrize(
    "source",
    [
        "-----Original Message-----\nOui.",
        "Oui\n________________________________\nVoir ci-dessus",
        "Oui\n-------- Forwarded Message --------\nNon",
    ],
)
def test_what_stands_alone_or_is_forwarded_is_not_folded(source: str) -> None:
    assert "<details" not in text.to_html(source)


def test_a_signature_above_the_answered_message_stays_a_signature() -> None:
    html = text.to_html("Oui.\n-- \nAlice\n-----Original Message-----\nNon")
    assert '<div class="signature">-- <br>Alice</div><details' in html


def test_quotes_are_nested() -> None:
    assert text.to_html("Oui.\n> un\n>> deux\n> trois\nfin") == (
        "<div>Oui.</div><blockquote>un<blockquote>deux</blockquote>trois</blockquote><div>fin</div>"
    )


def test_a_long_quote_is_folded() -> None:
    html = text.to_html("Oui.\n" + "> ligne\n" * 30, quote_label="<Citation>")
    assert '<details class="quote"><summary>&lt;Citation&gt;</summary><blockquote>ligne<br>' in html
    assert html.count("<details") == html.count("</details>") == 1


def test_a_signature_stands_apart() -> None:
    assert (
        text.to_html("Bonjour\n-- \nAlice")
        == '<div>Bonjour</div><div class="signature">-- <br>Alice</div>'
    )


class Checker(HTMLParser):
    """Notes every tag and attribute, and checks that each element is closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[str, str]] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {(tag, name) for name, _ in attrs} | {(tag, "")}
        for name, value in attrs:
            assert name != "href" or re.match("https?://|mailto:|tel:", value or "", re.IGNORECASE)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


PIECES = st.sampled_from(
    [
        "> ",
        ">> ",
        "\n",
        "-- \n",
        "<script>",
        "</a>",
        "http://x.fr/",
        "www.a",
        "a@b.fr",
        '"',
        "'",
        "&",
        ")",
        "(",
        " ",
        "onerror=",
        "javascript:",
        "\u202e",
        "mailto:",
        "é",
        "\ud800",
        "\x00",
        "&#x27;",
        ";",
        ".",
        "06 12 34 56 78",
        "+33",
        "-----Original Message-----\n",
        "_" * 30 + "\nDe :",
    ]
)


def test_an_address_that_begins_with_www_never_brings_a_scheme_of_its_own() -> None:
    assert 'href="http://www.a://"' in text.to_html("www.a://")
    assert 'href="HTTPS://a.fr"' in text.to_html("HTTPS://a.fr")


@up_to(300)
@given(st.lists(PIECES | st.text(max_size=8), max_size=25).map("".join))
def test_text_as_html_has_nothing_but_lines_links_and_quotes(source: str) -> None:
    checker = Checker()
    html = text.to_html(source)
    html.encode()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    assert {tag for tag, _ in checker.seen} <= {
        "div",
        "br",
        "a",
        "blockquote",
        "details",
        "summary",
    }
    assert {name for _, name in checker.seen} <= {"", "href", "target", "rel", "class"}


@given(
    content=st.binary(min_size=1, max_size=400),
    width=st.sampled_from([4, 60, 64, 72, 76, 10_000]),
    line_end=st.sampled_from([b"\r\n", b"\n"]),
    behind=st.sampled_from([b"", b"\r\n", b"\r\n\r\n"]),
    seen=st.integers(120, 600),
)
def test_the_size_of_base64_is_known_from_its_ends(
    content: bytes, width: int, line_end: bytes, behind: bytes, seen: int
) -> None:
    letters = base64.b64encode(content)
    lines = [letters[at : at + width] for at in range(0, len(letters), width)]
    sent = line_end.join(lines) + behind
    assert text.base64_size(len(sent), sent[:seen], sent[-seen:]) == len(content)


@pytest.mark.parametrize(
    "sent",
    [
        b"QUJD" * 100 + b"Q",
        b"QUJD\r\n" * 100 + b"QUJDQUJD",
        b"QUJD\r\n" * 100 + b"QUJD\r\n-- \r\nliste",
        b"QUJD\r\nQUJDQUJD\r\n" * 100,
        b"QUJD QUJD",
        b"====",
        b"",
    ],
)
def test_the_size_of_base64_that_is_uneven_is_not_known(sent: bytes) -> None:
    assert not text.base64_size(len(sent), sent[:100], sent[-100:])
