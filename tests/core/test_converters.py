"""Folder names, messages and parts in addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.converters import CONTROLS, FolderConverter, MessageConverter, PartConverter


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("INBOX", "INBOX"),
        ("\u0131nbox", "\u0131nbox"),
        ("Classes/4e B", "Classes~2F4e B"),
        ("~", "~7E"),
        ("..", "~2E~2E"),
        (".", "~2E"),
        ("...", "..."),
        ("100 %", "100 %"),
    ],
)
def test_a_name_and_its_segment(name: str, segment: str) -> None:
    assert FolderConverter().to_url(name) == segment
    assert FolderConverter().to_python(segment) == name


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_every_name_comes_back_from_its_segment(name: str) -> None:
    segment = FolderConverter().to_url(name)
    assert "/" not in segment and segment not in {".", ".."}
    assert FolderConverter().to_python(segment) in {name, "INBOX"}


@pytest.mark.parametrize("segment", ["a~0D~0Ab", "~00", "a~7F", "~2f", "~41", "~", "..", "."])
def test_a_segment_that_we_never_write_is_none(segment: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        FolderConverter().to_python(segment)


@pytest.mark.parametrize("name", ["a\rb", "a\nb", "a\0b", "\x7f", "\x1f"])
def test_a_control_character_has_no_segment(name: str) -> None:
    assert CONTROLS.search(name)
    with pytest.raises(ValueError, match=r"."):
        FolderConverter().to_url(name)


def test_a_message_is_two_32_bit_numbers() -> None:
    assert MessageConverter().to_python("1-4294967295") == (1, 4294967295)
    assert MessageConverter().to_url((7, 42)) == "7-42"
    with pytest.raises(ValueError, match="4294967296"):
        MessageConverter().to_python("4294967296-1")


@pytest.mark.parametrize(
    "text", ["", "1", "1-", "a-b", "0-1", "+1-2", "1_0-2", "\u0661-\u0662", "1-2-3"]
)
def test_a_form_names_messages_no_otherwise_than_an_address(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        MessageConverter().to_python(text)


def test_a_part_is_its_own_segment() -> None:
    assert PartConverter().to_python("2.1") == PartConverter().to_url("2.1") == "2.1"
