"""Quoted messages folded, signatures marked."""

from __future__ import annotations

import re

import pytest

from mail.mime.hypertext import html

FOLDED = {
    "Gmail": '<div>Oui</div><div class="gmail_quote"><div>Le 3, A a écrit :</div>'
    "<blockquote>cité</blockquote></div>",
    "Thunderbird": '<p>Oui</p><div class="moz-cite-prefix">Le 3, A a écrit :</div>'
    '<blockquote type="cite" cite="mid:x">cité</blockquote>',
    "Apple Mail": "<div>Oui<br><div><blockquote type=cite>cité</blockquote></div></div>",
    "attribution above a plain blockquote": "Oui"
    "<p>Le 3, A a écrit :</p><blockquote>cité</blockquote>",
    "Outlook on the web": '<div>Oui</div><hr><div id="divRplyFwdMsg">De : A</div><div>cité</div>',
    "Outlook": '<div class=WordSection1><p>Oui</p><div><div style="border:none;border-top:solid '
    '#E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p><b>De :</b> A</p></div></div><p>cité</p></div>',
    "old Outlook": "<p>Oui</p><p>-----Message d'origine-----</p><p>cité</p>",
    "old Outlook with line breaks": "<div>Oui<br>-----Original Message-----<br>cité</div>",
    "Zimbra": '<div>Oui<hr id="zwchr"><div>cité</div></div>',
    "Yahoo": '<div>Oui</div><div class="yahoo_quoted">cité</div>',
    "below": f"<blockquote type=cite>{'cité ' * 300}</blockquote><p>Oui</p>",
    "a signature after it": "<p>Oui</p><blockquote type=cite>cité</blockquote>"
    '<div class="moz-signature">A</div>',
}


@pytest.mark.parametrize("source", FOLDED.values(), ids=FOLDED)
def test_a_quoted_message_is_folded(source: str) -> None:
    body = html.sanitise(source, quote_label="Afficher <le> texte").body
    (quote,) = re.findall(r'<details class="m-quote">.*?</details>', body, re.DOTALL)
    assert '<summary class="m-label">Afficher &lt;le&gt; texte</summary>' in quote
    assert "cité" in quote
    assert "Oui" not in quote
    assert "cité" not in body.replace(quote, "")


OPEN = {
    "forwarded by Gmail": '<div>Voir</div><div class="gmail_quote">---------- Forwarded message'
    " ---------<br>cité</div>",
    "forwarded by Gmail in French": '<div>Voir</div><div class="gmail_quote"><div>---------- '
    "Message transféré ---------</div>cité</div>",
    "nothing but a quote": '<div class="gmail_quote"><blockquote>cité</blockquote></div>',
    "nothing but Outlook's": '<hr><div id="divRplyFwdMsg">De : A</div><div>cité</div>',
    "answer between the lines": "<p>Voir</p><blockquote type=cite>cité</blockquote><p>Oui</p>",
    "indented": "<p>Voir</p><blockquote>cité</blockquote>",
    "a line above": '<p>a</p><div style="border-top:solid #E1E1E1 1pt">cité</div>',
}


@pytest.mark.parametrize("source", OPEN.values(), ids=OPEN)
def test_what_is_to_be_read_is_not_folded(source: str) -> None:
    assert "<details" not in html.sanitise(source).body


def test_a_quote_in_a_quote_is_folded_once() -> None:
    source = "a<blockquote type=cite>b<blockquote type=cite>c</blockquote></blockquote>"
    assert html.sanitise(source).body.count("<details") == 1


def test_nothing_is_lost_by_folding() -> None:
    source = "a<div>b<blockquote type=cite>c</blockquote> \n</div> "
    body = html.sanitise(source).body
    assert re.sub(r"<summary.*?</summary>|<[^>]*>", "", body) == "abc \n "


SIGNATURES = {
    "Gmail": '<p>a</p><div class="gmail_signature">A</div>',
    "Thunderbird": '<p>a</p><div class="moz-signature">A</div>',
    "Outlook": '<p>a</p><div id="Signature"><p>A</p></div>',
    "dashes": "<div>a<br>-- <br>A<br><b>B</b></div>",
    "dashes in a division": "<p>a</p><div>--&nbsp;<br>A</div>",
}


@pytest.mark.parametrize("source", SIGNATURES.values(), ids=SIGNATURES)
def test_a_signature_is_marked(source: str) -> None:
    body = html.sanitise(source).body
    match = re.search(r'<(div|span) [^>]*class="[^"]*m-signature".*</\1>', body)
    assert match
    assert "A" in match[0]
    assert ">a" not in match[0]


def test_dashes_in_a_text_are_no_signature() -> None:
    assert "m-signature" not in html.sanitise("<p>a -- b</p><p>--</p><p>c</p>").body


def test_the_message_has_no_class_of_ours() -> None:
    body = html.sanitise('<p class="m-quote m-signature m-0 x">a</p>').body
    assert body == '<p class="m-m-quote m-m-signature m-m-0 x">a</p>'
