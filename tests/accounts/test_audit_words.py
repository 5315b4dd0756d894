"""Details of the audit log in words."""

from __future__ import annotations

from django.utils import translation

from accounts.audit_words import in_words


def test_what_is_empty_or_no_is_left_out_and_a_yes_is_its_name() -> None:
    detail = {"browser": "Firefox", "second_factor": "", "shared": True, "new_device": False}
    with translation.override("en"):
        assert in_words(detail) == "browser: Firefox, shared computer"


def test_known_values_have_words_and_unknown_ones_stand_as_they_are() -> None:
    with translation.override("en"):
        assert in_words({"cause": "server"}) == "cause: mail server not reached"
        assert in_words({"cause": "new", "rows": 3}) == "cause: new, rows: 3"
