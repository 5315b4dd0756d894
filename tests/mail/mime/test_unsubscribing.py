"""The ways in which a mailing lets one go, as its fields say."""

from __future__ import annotations

import pytest

from mail.mime import headers, unsubscribing
from mail.mime.unsubscribing import UnsubscribeWays


def ways(*lines: str) -> UnsubscribeWays:
    return unsubscribing.unsubscribe_ways(headers.parse("\r\n".join([*lines, "", ""]).encode()))


def test_one_click_needs_both_fields() -> None:
    assert ways(
        "List-Unsubscribe: <https://x.example/u>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ) == UnsubscribeWays("https://x.example/u", "https://x.example/u")
    assert ways("List-Unsubscribe: <https://x.example/u>").one_click == ""


def test_http_without_s_is_no_way() -> None:
    assert not ways(
        "List-Unsubscribe: <http://x.example/u>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    )


def test_a_letter_has_one_recipient_and_no_line_ends() -> None:
    offered = ways(
        "List-Unsubscribe: <mailto:u@x.example?subject=a%0D%0ABcc:b@x.example&cc=c@x.example>"
    )
    assert (offered.mail, offered.subject, offered.body) == ("u@x.example", "a Bcc:b@x.example", "")


@pytest.mark.parametrize(
    "value",
    [
        "<mailto:u@x.example,v@x.example>",
        "<mailto:u@x.example%0Av>",
        "<javascript:alert(1)>",
        "https://x.example/u",
        "<https:// x>",
        "<mailto:[>",
        "",
    ],
)
def test_what_is_no_place_is_passed_over(value: str) -> None:
    assert not ways(f"List-Unsubscribe: {value}")


def test_a_folded_field_with_both_kinds_is_read() -> None:
    offered = ways("List-Unsubscribe: <mailto:u@x.example>,", " <https://x.example/u?t=1>")
    assert (offered.mail, offered.web) == ("u@x.example", "https://x.example/u?t=1")
