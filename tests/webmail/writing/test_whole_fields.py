"""The placeholders of a written text, however an editor cut them."""

from __future__ import annotations

import time

import pytest

from mail.errors import FieldsLeft
from tests.cases import each
from webmail.writing import whole_fields
from webmail.writing.content import Content
from webmail.writing.fields import OF_CONTACTS

ONE_PLACEHOLDER = {
    "{prénom}": "{prénom}",
    "{<b>pré</b>nom}": "{prénom}<b></b>",
    "<i>{</i>prénom<i>}</i>": "<i>{prénom}</i><i></i>",
    "{pré<span style='color:red'>nom</span>}": "{prénom}<span style='color:red'></span>",
    "{pr<o:p></o:p>énom}": "{prénom}<o:p></o:p>",
    "{pré<!-- x -->nom}": "{prénom}<!-- x -->",
    "&#123;prénom&#125;": "{prénom}",
    "&lbrace;pr&eacute;nom&rcub;": "{pr&eacute;nom}",
    "&#x7B;prénom&#x7d;": "{prénom}",
    "{first\n  name}": "{first name}",
    "{PRE\u0301NOM}": "{PRE\u0301NOM}",
    "{pré\u200bnom}": "{pré\u200bnom}",
    "{pr&shy;énom}": "{pr&shy;énom}",
    "{{prénom}}": "{{prénom}}",
}
NO_PLACEHOLDER = [
    "{ x | <i>x</i> > 0 }",
    "{prénom",
    "{pré<br>nom}",
    "<p>{pré</p><p>nom}</p>",
    "{<b>salle</b>}",
    "<p>12 &lt; 13</p>",
]


@each("source", list(ONE_PLACEHOLDER))
def test_a_placeholder_in_pieces_becomes_whole(source: str) -> None:
    assert whole_fields.joined(source, OF_CONTACTS) == ONE_PLACEHOLDER[source]
    with pytest.raises(FieldsLeft):
        whole_fields.check_filled("", "", source, OF_CONTACTS)


@each("source", NO_PLACEHOLDER)
def test_other_braces_stay_and_may_leave(source: str) -> None:
    assert whole_fields.joined(source, OF_CONTACTS) == source
    whole_fields.check_filled(source, source, source, OF_CONTACTS)


@each("place", ["subject", "text", "html"])
def test_a_placeholder_may_leave_nowhere(place: str) -> None:
    parts = {"subject": "", "text": "", "html": ""} | {place: "Bonjour {Prenom}"}
    with pytest.raises(FieldsLeft) as caught:
        whole_fields.check_filled(**parts, known=OF_CONTACTS)
    assert caught.value.fields == ("{Prenom}",)
    whole_fields.check_filled(**parts, known=())


def test_the_line_ends_of_a_subject_cut_no_placeholder() -> None:
    content = Content(subject="Pour {first\r\nname}")
    assert whole_fields.settled(content, OF_CONTACTS).subject == "Pour {first  name}"


@pytest.mark.parametrize(
    "piece", ["{", "{<b>", "{<b ", "&#000", "{a", "<b>{", '{<a title="{">', "{}", "{<b></b>"]
)
def test_a_text_of_any_length_is_read_in_a_moment(piece: str) -> None:
    begun = time.process_time()
    whole_fields.joined(piece * 50_000, OF_CONTACTS)
    assert time.process_time() - begun < 2
