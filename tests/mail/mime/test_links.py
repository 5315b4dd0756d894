"""The hosts that links really lead to, and which links say otherwise."""

from __future__ import annotations

import re

import pytest

from mail.mime import links
from mail.mime.hypertext import html
from tests.cases import each

TURNED = [
    '<a href="https://evil.example/"><bdo dir="rtl">rf.euqnab//:sptth</bdo></a>',
    '<a href="https://evil.example/" style="unicode-bidi:bidi-override">rf.euqnab</a>',
    "<style>a{unicode-bidi:isolate-override;direction:rtl}</style>"
    '<a href="https://evil.example/">rf.euqnab</a>',
    '<a href="https://evil.example/">\u202erf.euqnab\u202c</a>',
    '<a href="https://evil.example/">&#8238;rf.euqnab</a>',
]


@pytest.mark.parametrize("source", TURNED)
def test_the_words_of_a_link_are_not_turned_around(source: str) -> None:
    safe = html.sanitise(source)
    assert not re.search("bdo|bidi-override|isolate-override|\u202d|\u202e", safe.body + safe.style)
    assert "rf.euqnab" in safe.body


QUIET = [
    ("https://www.ac-exemple.fr/a?b=c", "www.ac-exemple.fr"),
    ("https://ac-exemple.fr/", "Voir https://www.ac-exemple.fr/page"),
    ("https://click.ac-exemple.fr/x", "ac-exemple.fr"),
    ("https://x.example/", "cliquez ici"),
    ("https://x.example/", "rapport.pdf"),
    ("https://x.example/", "M.Dupont, 12.50 euros. Fin.Le reste"),
    ("https://x.example/", "Node.js et main.py"),
    ("https://X.EXAMPLE:8443/", "https://x.example"),
    ("mailto:a@x.fr", "a@x.fr"),
    ("mailto:a@x.fr?subject=b", "Écrire à A"),
    ("tel:+33322823740", "03 22 82 37 40"),
]


@pytest.mark.parametrize(("address", "words"), QUIET)
def test_nothing_is_said_of_a_link_that_leads_where_it_says(address: str, words: str) -> None:
    assert links.note(address, words) is None


TOLD = [
    ("https://evil.example/", "www.banque.fr", "evil.example", False),
    ("https://evil.example/", "https://banque.example/compte", "evil.example", False),
    ("https://banque.fr.evil.example/", "banque.fr", "banque.fr.evil.example", False),
    ("https://evilbanque.fr/", "banque.fr", "evilbanque.fr", False),
    ("https://evil.example/", "contact@banque.fr", "evil.example", False),
    ("https://evil.example/", "BANQUE.FR", "evil.example", False),
    ("https://evil.example/?www.banque.fr", "www.banque.fr", "evil.example", False),
    ("https://www.banque.fr@evil.example/", "ici", "evil.example", True),
    ("https://www.banque.fr:x@evil.example", "ici", "evil.example", True),
    ("https://evil.example\\@banque.fr/", "banque.fr", "evil.example", False),
    ("http://192.0.2.1/x", "ici", "192.0.2.1", True),
    ("http://3232235777/", "ici", "3232235777", True),
    ("http://0x7f.1/", "ici", "0x7f.1", True),
    ("http://[2001:db8::1]/", "ici", "[2001:db8::1]", True),
    ("http://%31%39%32.0.2.1/", "ici", "192.0.2.1", True),
    ("https://école.example/", "ici", "école.example (xn--cole-9oa.example)", False),
    ("https://xn--cole-9oa.example/", "ici", "école.example (xn--cole-9oa.example)", False),
    ("https://p\u0430ypal.example/", "ici", "p\u0430ypal.example (xn--pypal-4ve.example)", True),
    ("https://xn--pypal-4ve.example/", "ici", "p\u0430ypal.example (xn--pypal-4ve.example)", True),
    (
        "https://\u0430\u0440\u0440\u04cf\u0435.example/",
        "ici",
        "\u0430\u0440\u0440\u04cf\u0435.example (xn--80ak6aa92e.example)",
        True,
    ),
    ("https://gooġle.example/", "ici", "gooġle.example (xn--goole-y1a.example)", True),
    ("https://日本.example/", "ici", "日本.example (xn--wgv71a.example)", False),
    ("https://\uff45vil。example/", "banque.fr", "evil.example", False),
    ("https://evil.example/", "banque.\u200bfr", "evil.example", False),
    ("https://evil.example/", "ban\u00adque\u2060.fr", "evil.example", False),
    ("https://evil.example/", "banque\uff0efr", "evil.example", False),
    ("https://evil.example/", "banque\u2024fr", "evil.example", False),
    ("https://evil.example/", "www\u3002banque\u3002fr", "evil.example", False),
    ("mailto:b@evil.example", "a@banque.fr", "b@evil.example", False),
]


@each(("address", "words", "shown", "is_alarming"), TOLD)
def test_the_true_host_is_told(address: str, words: str, shown: str, is_alarming: bool) -> None:
    assert links.note(address, words) == links.LinkWarning(shown, is_alarming)


def notes(body: str) -> list[str]:
    return re.findall(r'<small class="(m-host[^"]*)" title="([^"]*)"[^>]*>([^<]*)</small>', body)


def test_the_note_stands_after_the_link_and_in_its_title() -> None:
    body = html.sanitise('<a href="http://evil.example/a" title="b">www.<b>banque</b>.fr</a>c').body
    assert notes(body) == [("m-host", "http://evil.example/a", "→ evil.example")]
    assert re.search(r'<a [^>]*title="http://evil.example/a"', body)
    assert body.endswith("</small>c")


def test_a_title_that_names_another_host_is_found_out() -> None:
    body = html.sanitise('<a href="http://evil.example/" title="https://banque.fr">ici</a>').body
    assert "banque.fr" not in body
    assert notes(body) == [("m-host", "http://evil.example/", "→ evil.example")]


def test_no_style_of_the_message_reaches_the_note() -> None:
    safe = html.sanitise(
        "<style>.m-host, small.m-host{display:none !important}</style>"
        '<a href="http://192.0.2.1/">x</a>'
    )
    assert safe.style == ".m-m-host,small.m-m-host{display:none !important}"
    (style,) = re.findall(r'<small [^>]*style="([^"]*)"', safe.body)
    assert style.startswith("all:initial !important;")
    assert all(declaration.endswith("!important") for declaration in style.rstrip(";").split(";"))


def test_the_message_writes_no_note_itself() -> None:
    body = html.sanitise(
        '<small class="x m-host m-alarm" style="all:initial">→ banque.fr</small>'
    ).body
    assert body == '<small class="x m-m-host m-m-alarm">→ banque.fr</small>'


COMPOSED = {
    "mailto:a@x.fr": "/compose/?to=a%40x.fr",
    "MAILTO:a@x.fr,b@x.fr?subject=Re%3A%20x&body=l1%0D%0Al2": (
        "/compose/?to=a%40x.fr%2Cb%40x.fr&amp;subject=Re%3A%20x&amp;body=l1%0D%0Al2"
    ),
    "mailto:?to=a@x.fr&cc=c@x.fr&bcc=d@x.fr&attach=/etc/passwd": (
        "/compose/?to=a%40x.fr&amp;cc=c%40x.fr"
    ),
    "mailto:a+b@x.fr?subject=1+1": "/compose/?to=a%2Bb%40x.fr&amp;subject=1%2B1",
    "mailto:&quot;&gt;&lt;script&gt;@x.fr": "/compose/?to=%22%3E%3Cscript%3E%40x.fr",
}


@pytest.mark.parametrize(("address", "expected"), COMPOSED.items())
def test_mail_links_open_the_composer(address: str, expected: str) -> None:
    body = html.sanitise(f'<a href="{address}">x</a>', mailto="/compose/?").body
    assert f'href="{expected}"' in body
    assert 'target="_blank" rel="noopener noreferrer"' in body


def test_an_area_says_in_its_title_where_it_leads() -> None:
    body = html.sanitise('<map name=a><area href="http://192.0.2.1/" title="banque.fr"></map>').body
    assert 'title="http://192.0.2.1/"' in body
    assert "<small" not in body


# --- links that are pictures ---

PICTURE = '<img src="http://images.example/a.png" width="90" height="30" alt="{}" title="{}">'


def linked(address: str, alt: str = "", title: str = "", link: str = "") -> str:
    return html.sanitise(f'<a href="{address}"{link}>{PICTURE.format(alt, title)}</a>').body


def titles(body: str) -> list[str]:
    return re.findall(r' title="([^"]*)"', re.sub(r"<small.*?</small>", "", body))


def test_a_link_that_is_a_picture_says_its_host_under_the_pointer() -> None:
    body = linked("https://boutique.example/offre?id=1", alt="Nos offres")
    assert notes(body) == []
    assert titles(body) == ["→ boutique.example"] * 2
    assert 'alt="Nos offres"' in body


def test_no_title_of_the_senders_hides_the_host() -> None:
    body = linked("https://mal.example/", title="Votre compte", link=' title="Offre"')
    assert titles(body) == ["→ mal.example"] * 2


def test_a_picture_whose_words_name_another_host_has_a_note() -> None:
    for words in ({"alt": "www.banque.fr"}, {"title": "https://banque.fr/compte"}):
        body = linked("https://mal.example/a", **words)
        assert notes(body) == [("m-host", "https://mal.example/a", "→ mal.example")]
        assert titles(body) == ["https://mal.example/a"] * 2


def test_a_picture_that_leads_to_a_host_that_alarms_has_a_note() -> None:
    (note,) = notes(linked("https://192.0.2.7/a", alt="Nos offres"))
    assert note[0] == "m-host m-alarm"


def test_forty_pictures_are_forty_titles_and_no_note() -> None:
    source = "".join(
        f'<td><a href="https://s{n}.example/">{PICTURE.format("", "")}</a></td>' for n in range(40)
    )
    body = html.sanitise(f"<table><tr>{source}</tr></table>").body
    assert notes(body) == []
    assert "→ s39.example" in titles(body)


def test_a_link_with_words_beside_its_picture_is_as_any_other() -> None:
    source = f'<a href="https://boutique.example/">{PICTURE.format("Logo", "Logo")} Nos offres</a>'
    body = html.sanitise(source).body
    assert (notes(body), titles(body)) == ([], ["Logo"])


def test_an_area_of_a_picture_says_its_host() -> None:
    source = '<map name="m"><area href="https://mal.example/" alt="Offre" title="Offre"></map>'
    assert titles(html.sanitise(source).body) == ["→ mal.example"]


def test_a_picture_that_writes_mail_or_dials_has_no_host() -> None:
    for address in ("mailto:a@x.example", "tel:+33322823740"):
        assert titles(linked(address, title="Joindre")) == ["Joindre"]
