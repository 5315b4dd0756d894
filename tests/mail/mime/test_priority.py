"""The urgency that a message claims."""

from __future__ import annotations

import pytest

from mail.mime import headers, priority


@pytest.mark.parametrize(
    ("field", "urgent"),
    [
        (b"X-Priority: 1 (Highest)", True),
        (b"X-Priority: 2", True),
        (b"x-priority: High", True),
        (b"X-Priority: 3", False),
        (b"X-Priority: 5", False),
        (b"Importance: high", True),
        (b"Importance: Low", False),
        (b"Priority: urgent", True),
        (b"Priority: normal", False),
        (b"", False),
    ],
)
def test_the_three_fields_are_understood(field, urgent):
    assert priority.is_urgent(headers.parse(field)) is urgent
