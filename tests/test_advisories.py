"""Known vulnerabilities of the pinned dependencies."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from tests import advisories

KEPT = json.loads(advisories.KEPT.read_text("utf-8"))


def test_no_pinned_version_is_known_to_be_vulnerable() -> None:
    assert advisories.known(advisories.pinned(), KEPT) == []


def test_the_kept_copy_is_of_a_day_and_about_our_packages() -> None:
    assert date.fromisoformat(KEPT["taken"]) < date.today()
    assert set(KEPT["advisories"]) <= set(advisories.pinned())
    assert len(KEPT["advisories"]["django"]) > 50


@pytest.mark.parametrize(
    ("version", "is_known"),
    [("5.0.7", True), ("5.0.8", False), ("4.2.14", True), ("4.2.15", False), ("3.0", False)],
)
def test_a_version_is_held_against_its_spans(version: str, is_known: bool) -> None:
    spans = [["5.0", "5.0.8"], ["4.2", "4.2.15"]]
    kept = {"advisories": {"django": [{"id": "PYSEC-2024-70", "ranges": spans}]}}
    found = advisories.known({"django": version}, kept)
    assert [one.advisory for one in found] == ["PYSEC-2024-70"] * is_known


def test_a_program_that_skips_packages_has_said_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with success where its service is not reached."""
    program = tmp_path / "pip-audit"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for said, known in (
        ({"name": "django", "skip_reason": "not found"}, None),
        ({"name": "django", "version": "5.0", "vulns": []}, []),
    ):
        program.write_text(f"#!/bin/sh\necho '{json.dumps({'dependencies': [said]})}'\n")
        program.chmod(0o755)
        assert advisories.online() == known
