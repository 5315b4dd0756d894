"""What a composer's form carries is kept as typed; what is none of its fields' values is not."""

from __future__ import annotations

from django.http import QueryDict

from mail.imap.values import MessageRef
from webmail.writing import posted
from webmail.writing.content import Content

FILE = "6f1c4f0e-53a5-4e0e-9d8c-0d7a2a4f3b11"


def form(**fields: str | list[str]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in fields.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def test_an_empty_form_is_a_new_message_in_plain_text() -> None:
    assert posted.content(form()) == Content(is_html=False)


def test_half_an_address_is_kept_as_it_stands() -> None:
    assert posted.content(form(to="zoe@, Paul <", bcc="x\r\ny")).to == "zoe@, Paul <"
    assert posted.content(form(bcc="x\r\ny")).bcc == "x\r\ny"


def test_all_fields_are_read() -> None:
    read = posted.content(
        form(
            kind="forward",
            identity="alice@ac-exemple.fr",
            subject="Été",
            format="html",
            html="<p>Voilà",
            body="Voilà\r\n",
            priority="high",
            wants_receipt="on",
            wants_notice="on",
            delivery="bcc",
            origin_folder="Classes/4e B",
            origin_ref="7-12",
            files=[FILE, FILE],
            keep=["2", "whole", "2~1.3"],
        )
    )
    assert read == Content(
        kind="forward",
        identity="alice@ac-exemple.fr",
        subject="Été",
        html="<p>Voilà",
        text="Voilà\n",
        priority="high",
        wants_receipt=True,
        wants_notice=True,
        delivery="bcc",
        origin=MessageRef("Classes/4e B", 7, 12),
        files=(FILE,),
        keep=("2", "whole", "2~1.3"),
    )


def test_nonsense_is_left_out() -> None:
    read = posted.content(
        form(
            kind="bomb",
            priority="urgent\r\nX: y",
            delivery="all",
            subject="a\r\nBcc: x@y.example",
            origin_folder="INBOX\r\nA1 DELETE INBOX",
            origin_ref="7-12",
            files=["../../etc/passwd", "1"],
            keep=["BODY[]", "1\r\n"],
        )
    )
    assert read == Content(is_html=False, subject="a  Bcc: x@y.example")
    assert posted.content(form(origin_folder="INBOX", origin_ref="0-0")).origin is None


def test_a_revision_is_a_number() -> None:
    assert [posted.revision(form(revision=text)) for text in ("", "7", "-1", "x", "٣")] == [
        0, 7, 0, 0, 0,
    ]  # fmt: skip
