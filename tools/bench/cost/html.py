"""HTML bodies: what the sanitiser, the finder of quotes and the judge of links read."""

import base64

from tools.bench.cost.attacks import mailed
from tools.bench.cost.letters import html, letter, multipart, part

LONGEST = 990_000  # characters: just below what the sanitiser takes


def filled(piece: str, size: int = LONGEST) -> bytes:
    """A body of so many characters of ``piece``."""
    return html(piece * (size // len(piece)))


@mailed
def deep() -> bytes:
    """Elements in one another, 90,000 deep."""
    return filled("<div>")


@mailed
def deep_below_limit() -> bytes:
    """Many chains of 190 elements in one another."""
    return filled("<div>" * 190 + "a" + "</div>" * 190)


@mailed
def attributes() -> bytes:
    """One element with 100,000 attributes."""
    return html("<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">a</p>")


@mailed
def same_attributes() -> bytes:
    """One attribute, again and again."""
    return html("<p " + "title=a " * 120_000 + ">a</p>")


@mailed
def tables() -> bytes:
    """Tables begun in cells of tables."""
    return filled("<table><tr><td>")


@mailed
def misplaced_in_tables() -> bytes:
    """Text where a table has none, which is moved before it."""
    return html("<table>" + "<b>a<tr>" * 100_000)


@mailed
def formatting() -> bytes:
    """Formatting elements closed in the wrong order: each is made anew in each paragraph."""
    return filled("<b><i><u><p>a</b></i></u>")


@mailed
def fonts() -> bytes:
    """Formatting elements that differ, which a parser keeps all open."""
    many = "".join(f"<font color=#{n:06x}>" for n in range(20_000))
    return html(many + "<p>a" * 20_000)


@mailed
def anchors() -> bytes:
    """Links begun and never closed."""
    return filled("<a href=https://exemple.fr/>a")


@mailed
def entities() -> bytes:
    """Nothing but entities."""
    return filled("&notin;&amp&#0;&#x110000;")


@mailed
def comments() -> bytes:
    """Comments, the last one open."""
    return filled("<!--->-->" + "<!-- a --!> ")


@mailed
def unclosed_comments() -> bytes:
    """Beginnings of comments."""
    return filled("<!-- <")


@mailed
def angles() -> bytes:
    """Nothing but opening angle brackets."""
    return filled("<")


@mailed
def long_attribute() -> bytes:
    """An attribute of 900,000 characters."""
    return html(f'<a href="https://exemple.fr/{"a%20" * 225_000}">a</a>')


@mailed
def one_text() -> bytes:
    """One word of a megabyte."""
    return filled("a")


@mailed
def blanks() -> bytes:
    """A megabyte of blanks."""
    return filled(" ")


@mailed
def no_break_spaces() -> bytes:
    """Half a million no-break spaces in paragraphs."""
    return filled("<p>&nbsp;</p>\n")


@mailed
def breaks() -> bytes:
    """Line breaks alone."""
    return filled("<br>")


@mailed
def images() -> bytes:
    """20,000 images on other servers."""
    return html("".join(f"<img src=https://i{n}.exemple.fr/a.png>" for n in range(20_000)))


@mailed
def srcset() -> bytes:
    """An image with 50,000 candidates."""
    return html("<img srcset='" + "https://i.exemple.fr/a 1x," * 30_000 + "' src=cid:a>")


@mailed
def data_addresses() -> bytes:
    """Images in data: addresses."""
    pixel = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(60)).decode()
    return filled(f"<img src='data:image/png;base64,{pixel}'>")


@mailed
def quotes() -> bytes:
    """Quotes in quotes, each with a line that introduces it."""
    return filled("<p>Le 12 mai 2026 à 10:00, Paul a écrit :</p><blockquote type=cite>")


@mailed
def quotes_beside() -> bytes:
    """Quotes one after the other."""
    return filled("<p>Le 12 mai 2026, Paul a écrit :</p><blockquote>a</blockquote>")


@mailed
def signatures() -> bytes:
    """Signatures without a word."""
    return filled("<div class=signature></div>")


@mailed
def introductions() -> bytes:
    """Lines that nearly introduce a quote."""
    return filled("<div>Le " * 20 + "12 mai 2026 à 10:00, </div>")


@mailed
def base() -> bytes:
    """Relative addresses below a base of 500 kB."""
    return html(f"<base href='https://exemple.fr/{'a/' * 200_000}'>" + "<a href=b>a</a>" * 3_000)


@mailed
def links() -> bytes:
    """As many links as there is room for."""
    return html("".join(f"<a href=https://a{n}.fr/>b{n}.fr</a>" for n in range(27_000)))


@mailed
def links_with_long_hosts() -> bytes:
    """500 links with long host names in their words."""
    words = "a-" * 900 + "a." + "x" * 50
    return html("".join(f"<a href=https://a{n}.fr/>{words}</a>" for n in range(500)))


@mailed
def links_with_dots() -> bytes:
    """Links with words of dots, digits and at signs."""
    return html("".join(f"<a href=https://a{n}.fr/>{'a.1@' * 400}</a>" for n in range(500)))


@mailed
def tracking() -> bytes:
    """Links with 1,000 parameters each."""
    query = "&amp;".join(f"utm_{n}=a" for n in range(1_000))
    return html(f"<a href='https://exemple.fr/?{query}'>a</a>" * 60)


@mailed
def wrapped_links() -> bytes:
    """Addresses in addresses, percent-encoded again and again."""
    inner = "https://exemple.fr/?url=" * 5_000
    return html(f"<a href='https://eur01.safelinks.protection.outlook.com/?url={inner}'>a</a>" * 7)


@mailed
def lists() -> bytes:
    """Lists in lists."""
    return filled("<ul><li>")


@mailed
def selects() -> bytes:
    """Elements that parsers treat apart, all open."""
    return filled("<select><template><svg><math><noscript><plaintext>"[:40])


@mailed
def templates() -> bytes:
    """Templates in one another."""
    return filled("<template>")


@mailed
def foreign() -> bytes:
    """SVG and MathML in one another."""
    return filled("<svg><foreignObject><math><mi>")


@mailed
def many_parts() -> bytes:
    """200 HTML parts of 100 kB, all to be shown."""
    one = part("<p>a" * 25_000, "text/html", "Content-Disposition: inline")
    return multipart([one] * 200)


@mailed
def large() -> bytes:
    """20 MB of HTML, which is shown as text."""
    return html("<p>Bonjour à tous</p>\n" * 900_000)


@mailed
def wide_charset() -> bytes:
    """A body in UTF-7 and one that names a charset of 5,000 letters."""
    return letter("+ADw-p+AD4-" * 90_000, f'text/html; charset="utf-7{" " * 5000}"')
