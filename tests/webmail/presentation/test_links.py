"""Addresses of a message are put together, not asked for: they must be those of the pages."""

from __future__ import annotations

import pytest
from django.urls import NoReverseMatch, get_script_prefix, reverse, set_script_prefix

from mail.imap.values import MessageRef
from webmail.presentation.links import folder_address, message_url


@pytest.mark.parametrize(
    "folder", ["INBOX", "Classes/4e B", "Été & co", "日本語/テスト", "100%~2F"]
)
def test_what_stands_below_a_message_is_its_own(folder: str) -> None:
    ref = MessageRef(folder, 7, 42)
    for view in ("message", "message_frame", "print", "reply", "unsubscribe", "zip", "receipt"):
        assert message_url(ref, view) == reverse(f"mail:{view}", args=[folder, "7-42"])
    for number in ("1", "2.1"):
        wanted = reverse("mail:view", args=[folder, "7-42", number])
        assert message_url(ref, "view", number) == wanted


def test_an_address_begins_as_the_request_does() -> None:
    before, ref = get_script_prefix(), MessageRef("INBOX", 7, 42)
    message_url(ref, "reply")
    set_script_prefix("/courrier/")
    try:
        assert message_url(ref, "reply") == "/courrier/mail/INBOX/7-42/reply/"
    finally:
        set_script_prefix(before)


def test_a_name_that_no_address_can_say_has_none() -> None:
    with pytest.raises(NoReverseMatch):
        message_url(MessageRef("", 7, 42))


def test_the_page_of_a_folder_is_found_below_any_prefix() -> None:
    before = get_script_prefix()
    set_script_prefix("/mail/")
    try:
        address = folder_address(get_script_prefix(), "Classes/4e B", "folder_menu")
        assert address == reverse("mail:folder_menu", args=["Classes/4e B"])
        assert address.startswith("/mail/folders/of/")
    finally:
        set_script_prefix(before)
