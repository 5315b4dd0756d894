"""The audit of the pinned packages: what the service says, and what the kept copy knows."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

from tests import advisories
from tests.advisories import Finding
from tests.waiting import LONGEST_S

# As pip-audit prints it.
REPORT = """{"dependencies": [
  {"name": "Django", "version": "4.2.15", "vulns": [{"id": "PYSEC-2024-102",
    "fix_versions": ["4.2.16"], "aliases": ["CVE-2024-45230"], "description": "urlize"}]},
  {"name": "nh3", "version": "0.3.2", "vulns": []},
  {"name": "private-package", "skip_reason": "Dependency not found"}], "fixes": []}"""
URLIZE = Finding("django", "4.2.15", "PYSEC-2024-102", ("CVE-2024-45230",))
WITHOUT_SERVICE = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}

Audit = Callable[..., tuple[int, str]]


@pytest.fixture
def audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Audit:
    """The audit of one line of requirements, where the service cannot be reached."""
    for name, value in WITHOUT_SERVICE.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "requirements.txt"

    def start(line: str, **accepted: str) -> tuple[int, str]:
        file.write_text(f"{line} \\\n    --hash=sha256:{'0' * 64}\n")
        reasons = {number.replace("_", "-"): reason for number, reason in accepted.items()}
        return advisories.audit([file], reasons), capsys.readouterr().err

    return start


def test_a_weak_version_fails_where_the_service_is_not_reached(audit: Audit) -> None:
    status, words = audit("django==4.2.15")
    assert status == 1
    assert "answered about 0 of 1" in words and "days old" in words
    assert "django 4.2.15: PYSEC-2024-102, CVE-2024-45230: NOT ACCEPTED" in words


def test_a_reason_accepts_an_advisory_by_any_of_its_names(audit: Audit) -> None:
    """Ten advisories are about this version, and each is to be accepted."""
    by_number = {found.advisory for found in _of_copy("django", "4.2.10")}
    reasons = {number.replace("-", "_"): "no urlize here" for number in by_number}
    status, words = audit("django==4.2.10", **reasons)
    assert status == 0
    assert words.count("accepted: no urlize here") == len(by_number) > 1
    assert advisories.unexcused([URLIZE], {"CVE-2024-45230": "not called"}) == []
    assert advisories.unexcused([URLIZE], {"CVE-2024-45231": "another"}) == [URLIZE]


def test_being_without_an_answer_is_said_and_fails_nothing(audit: Audit) -> None:
    status, words = audit("nothing-by-this-name==1.0")
    assert status == 0
    assert "The copy was made without nothing-by-this-name." in words


def test_what_the_service_says_goes_before_the_copy() -> None:
    answer = advisories.read_report(REPORT)
    assert answer.findings == {URLIZE}
    assert answer.packages == {"django", "nh3"}


@pytest.mark.parametrize("report", ["", "Traceback (most recent call last)", "{}"])
def test_no_report_is_no_answer(report: str) -> None:
    assert advisories.read_report(report) == advisories.Answer()


@pytest.mark.parametrize(
    ("version", "is_affected"),
    [("4.2", True), ("4.2.15", True), ("4.2.16", False), ("5.0.8", True), ("5.0.9", False)],
)
def test_a_range_ends_before_the_version_that_mends_it(version: str, is_affected: bool) -> None:
    events = [{"introduced": "4.2"}, {"fixed": "4.2.16"}, {"introduced": "5.0"}, {"fixed": "5.0.9"}]
    told = {"ranges": advisories.spans(events), "versions": []}
    assert advisories.is_affected(version, told) is is_affected


def test_without_an_end_every_later_version_is_weak() -> None:
    told = {"ranges": advisories.spans([{"introduced": "0"}]), "versions": []}
    assert advisories.is_affected("99", told)


def test_a_copy_is_made_of_a_checkout(tmp_path: Path) -> None:
    folder = tmp_path / "vulns" / "django"
    folder.mkdir(parents=True)
    spans = [{"type": "ECOSYSTEM", "events": [{"introduced": "4.2"}, {"fixed": "4.2.16"}]}]
    told = {"id": "PYSEC-2024-102", "aliases": ["CVE-2024-45230"], "affected": [{"ranges": spans}]}
    (folder / "one.yaml").write_text(yaml.safe_dump(told))
    (folder / "two.yaml").write_text(yaml.safe_dump(told | {"withdrawn": "2024-10-09T00:00:00Z"}))
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@x.fr", "-C", str(tmp_path)]
    when = os.environ | {"GIT_COMMITTER_DATE": "2024-10-10T12:00:00Z"}
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "one"]):
        subprocess.run([*git, *words], env=when, check=True, timeout=LONGEST_S)  # noqa: S603
    copy = advisories.keep(tmp_path, ["django", "nh3"])
    assert copy["date"] == "2024-10-10" and copy["packages"] == ["django", "nh3"]
    assert list(advisories.look_up({("django", "4.2.15")}, copy)) == [URLIZE]
    assert not list(advisories.look_up({("django", "4.2.16"), ("nh3", "1")}, copy))


def test_the_kept_copy_can_be_read() -> None:
    kept = json.loads(advisories.KEPT.read_text(encoding="utf-8"))
    assert date.fromisoformat(kept["date"])
    assert {"django", "pillow", "cryptography", "lxml"} <= set(kept["advisories"])
    assert URLIZE in _of_copy("django", "4.2.15")


def test_every_file_of_requirements_is_audited() -> None:
    written = {
        path for path in advisories.ROOT.rglob("requirements*.txt") if ".venv" not in path.parts
    }
    assert set(advisories.requirement_files()) == written
    pinned = advisories.pins(advisories.requirement_files())
    assert {"django", "nh3", "pip-audit", "sentry-sdk"} <= {name for name, _version in pinned}


def test_every_accepted_advisory_has_its_reason() -> None:
    assert all(len(reason) > 20 for reason in advisories.ACCEPTED.values())


def _of_copy(package: str, version: str) -> set[Finding]:
    kept = json.loads(advisories.KEPT.read_text(encoding="utf-8"))
    return set(advisories.look_up({(package, version)}, kept))
