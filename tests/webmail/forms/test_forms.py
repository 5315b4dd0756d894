"""What browsers send, checked where it enters."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from mail.imap.values import MessageRef
from webmail.forms.compose import ComposeForm
from webmail.forms.messages import ActForm, ListForm


@pytest.mark.parametrize(
    ("query", "number", "uidvalidity", "after"),
    [
        ("", 1, None, None),
        ("page=3&after=7-42", 3, 7, 42),
        ("page=x&after=7-42", 1, 7, 42),
        ("page=3&after=x", 3, None, None),
        ("page=3&after=42", 3, None, None),
        ("page=0", 1, None, None),
        ("page=1&page=2", 2, None, None),
    ],
)
def test_a_lists_query(query: str, number: int, uidvalidity: int | None, after: int | None) -> None:
    place = ListForm(QueryDict(query)).place
    assert (place.number, place.uidvalidity, place.after) == (number, uidvalidity, after)


def test_an_action_names_its_messages() -> None:
    form = ActForm(QueryDict("verb=move&refs=7-1&refs=7-2&to= B "))
    assert form.is_valid()
    assert form.cleaned_data["refs"] == [("", 7, 1), ("", 7, 2)]
    assert form.cleaned_data["to"] == " B "  # a folder's name may begin with a blank


@pytest.mark.parametrize(
    "query", ["verb=move&refs=7-1", "verb=flag", "verb=flag&refs=7-1&refs=x", "verb=x&refs=7-1"]
)
def test_half_an_action_is_none(query: str) -> None:
    assert not ActForm(QueryDict(query)).is_valid()


def test_a_messages_origin_needs_both_halves() -> None:
    def origin(query: str) -> MessageRef | None:
        form = ComposeForm(QueryDict(f"to=a@b.fr&kind=reply&{query}"))
        assert form.is_valid(), form.errors
        return form.origin

    assert origin("origin_folder=INBOX&origin_ref=7-1") == MessageRef("INBOX", 7, 1)
    assert origin("origin_folder=INBOX") is origin("origin_ref=7-1") is None


@pytest.mark.parametrize("query", ["origin_ref=x", "origin_folder=a%0Ab", "keep=x", "kind=odd"])
def test_hidden_fields_are_checked_too(query: str) -> None:
    data = QueryDict(f"to=a@b.fr&{query}" + ("" if "kind" in query else "&kind=new"))
    form = ComposeForm(data)
    assert not form.is_valid()


def test_a_subject_is_one_line() -> None:
    form = ComposeForm(QueryDict("to=a@b.fr&kind=new&subject=a%0D%0AX: b%07"))
    assert form.is_valid()
    assert form.cleaned_data["subject"] == "a  X: b"
