"""``bin/audit``: known weaknesses of the pinned packages.

    bin/audit                 fails at a weakness that ACCEPTED does not excuse
    bin/audit --keep FOLDER   makes the kept copy anew of a checkout of the PyPA Advisory Database

pip-audit asks the service of the package index. Packages that it gives no answer about, as where
there is no network, are looked up in `tests/data/advisories.json`, a copy with a date. Being
without an answer never fails, and is said.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import yaml
from packaging.version import Version

from demo.words import say

ROOT: Final = Path(__file__).resolve().parent.parent
KEPT: Final = ROOT / "tests" / "data" / "advisories.json"
ACCEPTED: Final[Mapping[str, str]] = {}
"""Advisories that concern a pinned version and are accepted, each with its reason."""
LONGEST_S: Final = 180
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]\n]*\])?==([A-Za-z0-9.+!_-]+)", re.MULTILINE)

Pins = set[tuple[str, str]]


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """An advisory that concerns a pinned version."""

    package: str
    version: str
    advisory: str
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.advisory, *self.aliases)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said: the findings, and the packages that it answered about."""

    findings: frozenset[Finding] = frozenset()
    packages: frozenset[str] = frozenset()


def requirement_files() -> list[Path]:
    """Return the files of pinned requirements."""
    beside = (ROOT / "demo" / "requirements.txt", ROOT / "tests" / "requirements.txt")
    return [*sorted(ROOT.glob("requirements*.txt")), *beside]


def pins(files: Iterable[Path]) -> Pins:
    """Return the normal name and the version of each pinned package."""
    return {
        (normal(name), version)
        for file in files
        for name, version in _PIN.findall(file.read_text(encoding="utf-8"))
    }


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def ask(files: Iterable[Path]) -> Answer:
    """Ask the service of the package index by pip-audit."""
    requirements = [word for file in files for word in ("--requirement", str(file))]
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps"]
        command += ["--format", "json", "--progress-spinner", "off", "--timeout", "15"]
        try:
            done = subprocess.run(  # noqa: S603  a command of ours
                [*command, "--cache-dir", cache, *requirements],
                capture_output=True,
                text=True,
                check=False,
                timeout=LONGEST_S,
            )
        except subprocess.TimeoutExpired:
            return Answer()
    return read_report(done.stdout)


def read_report(report: str) -> Answer:
    """Read the report of pip-audit. Without a report, nothing was answered."""
    try:
        dependencies = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        return Answer()
    answered = [known for known in dependencies if "skip_reason" not in known]
    found = (
        Finding(normal(known["name"]), known["version"], told["id"], tuple(told["aliases"]))
        for known in answered
        for told in known["vulns"]
    )
    return Answer(frozenset(found), frozenset(normal(known["name"]) for known in answered))


def look_up(pinned: Pins, kept: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the findings of a kept copy."""
    for package, version in sorted(pinned):
        for told in kept["advisories"].get(package, []):
            if is_affected(version, told):
                yield Finding(package, version, told["id"], tuple(told["aliases"]))


def is_affected(version: str, advisory: Mapping[str, Any]) -> bool:
    """Return whether an advisory concerns a version: by its ranges, from the first bad version to
    the first good one, or by its list of versions."""
    wanted = Version(version)
    return version in advisory["versions"] or any(
        Version(first) <= wanted and (fixed is None or wanted < Version(fixed))
        for first, fixed in advisory["ranges"]
    )


def unexcused(findings: Iterable[Finding], accepted: Mapping[str, str]) -> list[Finding]:
    return sorted(found for found in findings if not accepted.keys() & set(found.names))


def keep(checkout: Path, packages: Iterable[str]) -> dict[str, Any]:
    """Return a copy of the advisories about ``packages`` in a checkout of the database."""
    names = sorted(packages)
    advisories = {name: list(_read_all(checkout / "vulns" / name)) for name in names}
    return {
        "source": "PyPA Advisory Database (CC BY 4.0): numbers and versions, without the words",
        "date": _date_of(checkout),
        "packages": names,
        "advisories": {name: told for name, told in advisories.items() if told},
    }


def _date_of(checkout: Path) -> str:
    """Return the day of the last commit."""
    words = ["git", "-C", str(checkout), "log", "-1", "--format=%cs"]
    done = subprocess.run(words, capture_output=True, check=True, timeout=LONGEST_S)  # noqa: S603
    return done.stdout.decode().strip()


def _read_all(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.yaml")):
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
        if "withdrawn" not in told:
            yield _short(told)


def _short(told: Mapping[str, Any]) -> dict[str, Any]:
    ranges = [
        span
        for affected in told["affected"]
        for known in affected.get("ranges", [])
        if known["type"] == "ECOSYSTEM"
        for span in spans(known["events"])
    ]
    listed = [str(name) for affected in told["affected"] for name in affected.get("versions", [])]
    return {
        "id": told["id"],
        "aliases": told.get("aliases", []),
        "ranges": ranges,
        "versions": [] if ranges else listed,
    }


def spans(events: Iterable[Mapping[str, Any]]) -> list[list[str | None]]:
    """Return the pairs of first bad and first good version, without the latter where it is bad
    until now."""
    found: list[list[str | None]] = []
    for event in events:
        if "introduced" in event:
            found.append([str(event["introduced"]), None])
        elif "fixed" in event:
            found[-1][1] = str(event["fixed"])
    return found


def audit(files: Iterable[Path], accepted: Mapping[str, str] = ACCEPTED) -> int:
    """Print what is known of the pinned packages. Return 1 if a finding is not accepted."""
    files = list(files)
    pinned, answer = pins(files), ask(files)
    unanswered = {pin for pin in pinned if pin[0] not in answer.packages}
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    findings = {*answer.findings, *look_up(unanswered, kept)}
    answered = len(pinned) - len(unanswered)
    say(f"The service of the package index answered about {answered} of {len(pinned)} packages.")
    if unanswered:
        _tell_of_copy(kept, unanswered)
    bad = unexcused(findings, accepted)
    for found in sorted(findings):
        reason = next((accepted[name] for name in found.names if name in accepted), "")
        words = f"accepted: {reason}" if reason else "NOT ACCEPTED"
        say(f"{found.package} {found.version}: {', '.join(found.names)}: {words}")
    say(f"{len(findings)} known weaknesses, {len(bad)} of them not accepted.")
    return 1 if bad else 0


def _tell_of_copy(kept: Mapping[str, Any], unanswered: Pins) -> None:
    age = (datetime.now(UTC).date() - date.fromisoformat(kept["date"])).days
    say(
        f"{len(unanswered)} were not asked about: they were compared with the kept copy of"
        f" {kept['date']}, which is {age} days old. Later advisories are unknown here."
    )
    unknown = sorted({name for name, _version in unanswered} - set(kept["packages"]))
    if unknown:
        say(f"The copy was made without {', '.join(unknown)}.")


def main(words: list[str]) -> int:
    files = requirement_files()
    match words:
        case []:
            return audit(files)
        case ["--keep", folder]:
            copy = keep(Path(folder), {name for name, _version in pins(files)})
            KEPT.write_text(json.dumps(copy, indent=1) + "\n", encoding="utf-8")
            say(f"The copy of {copy['date']} has {sum(map(len, copy['advisories'].values()))}.")
            return 0
    say(__doc__ or "")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
