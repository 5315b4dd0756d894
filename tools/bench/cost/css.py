"""Style sheets and style attributes."""

from tools.bench.cost.attacks import mailed
from tools.bench.cost.letters import html

WORDS = "<p class=a>Bonjour</p>"


@mailed
def harmless() -> bytes:
    """A short message, to compare the others with."""
    return html(WORDS, "p { color: red }")


@mailed
def blanks() -> bytes:
    """A rule without a brace after 40,000 blanks."""
    return html(WORDS, "p { color: red }" + " " * 40_000 + ";")


@mailed
def blanks_in_media() -> bytes:
    """An unfinished @media with many blanks."""
    return html(WORDS, "@media print {" + "p{color:red} " * 5_000 + " " * 40_000 + "@")


@mailed
def selectors() -> bytes:
    """A rule with 100,000 selectors."""
    return html(WORDS, ",".join(["p.a > b[c]:hover"] * 50_000) + "{color:red}")


@mailed
def long_selector() -> bytes:
    """One selector of 200,000 parts that ends badly."""
    return html(WORDS, "p " * 200_000 + "!{color:red}")


@mailed
def rules() -> bytes:
    """60,000 short rules."""
    return html(WORDS, "p{color:red}" * 60_000)


@mailed
def brackets() -> bytes:
    """Opened brackets that are never closed."""
    return html(WORDS, "p{color:" + "([{" * 100_000)


@mailed
def comments() -> bytes:
    """Comments between all rules, and one that is never closed."""
    return html(WORDS, ("/**/;" * 60_000) + "/*" + "/* " * 60_000)


@mailed
def comments_after_blanks() -> bytes:
    """Semicolons, each before a long run of blanks."""
    return html(WORDS, (";" + " " * 400) * 2_000)


@mailed
def nested_media() -> bytes:
    """50,000 @media in one another."""
    return html(WORDS, "@media all{" * 50_000 + "p{color:red}" + "}" * 50_000)


@mailed
def escapes() -> bytes:
    """Escaped characters alone."""
    return html(WORDS, "p{" + r"\63\6f\6c " * 100_000 + ":red}")


@mailed
def strings() -> bytes:
    """Quotes that are never closed, line after line."""
    return html(WORDS, "p{content:" + "\"a\n'b\n" * 100_000)


@mailed
def digits() -> bytes:
    """Numbers of more digits than Python turns into an int."""
    long = "9" * 4_400
    return html(WORDS, f"p{{width:{long}px;margin:{long}e{long}px;color:rgb({long},0,0)}}" * 40)


@mailed
def declarations() -> bytes:
    """An attribute with 100,000 declarations."""
    return html(f'<p style="{"color:red;" * 95_000}">Bonjour</p>')


@mailed
def attributes() -> bytes:
    """20,000 elements with a style each."""
    return html('<p style="color:red; margin: 0 1px">a</p>' * 20_000)


@mailed
def shorthand() -> bytes:
    """A shorthand with 200,000 values."""
    return html(f'<p style="font: {"a, " * 200_000}b">Bonjour</p>')
