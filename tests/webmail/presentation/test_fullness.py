"""How full a mailbox is, in words."""

from __future__ import annotations

import pytest

from mail.imap.quota import Quota
from webmail.presentation.folders import fullness


@pytest.mark.parametrize(
    ("quota", "words", "percent", "level"),
    [
        (Quota(512_000, 1_024_000), "(50 %)", 50, ""),
        (Quota(1_024_000, 1_024_000), "(100 %)", 100, "bad"),
        (Quota(50_280_000, 1_000_000), "permis", 100, "bad"),
        (Quota(50, 10, is_storage=False), "50 messages, pour 10 permis", 100, "bad"),
    ],
)
def test_more_than_all_is_told_without_a_percentage(
    quota: Quota, words: str, percent: int, level: str
) -> None:
    full = fullness(quota)
    assert full and words in full.words.replace("\N{NO-BREAK SPACE}", " ")
    assert (full.percent, full.level) == (percent, level)
    assert "5028" not in full.words
