"""Compare the pinned dependencies with known vulnerabilities.

    python -m tests.advisories                       # fails if one is known
    python -m tests.advisories --refresh CHECKOUT    # take the kept copy anew

Where pip-audit is installed and its service answers, that says what is known today. Otherwise the
kept copy of the PyPA Advisory Database (CC BY 4.0) does, whose date is told. ``CHECKOUT`` is a
checkout of that database.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
KEPT = Path(__file__).parent / "data" / "advisories.json"
LISTS = ("requirements*.txt", "tests/requirements.txt", "demo/requirements.txt")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Known:
    """A vulnerability of a version that is pinned."""

    package: str
    version: str
    advisory: str


def pinned() -> dict[str, str]:
    """Return the version of each package that is installed anywhere."""
    files = [path for pattern in LISTS for path in ROOT.glob(pattern)]
    return {
        canonicalize_name(name): version
        for path in files
        for name, version in PIN.findall(path.read_text("utf-8"))
    }


def known(pins: dict[str, str], kept: dict[str, Any]) -> list[Known]:
    """Return the vulnerabilities of these versions in the kept copy."""
    return [
        Known(name, version, advisory["id"])
        for name, version in pins.items()
        for advisory in kept["advisories"].get(name, ())
        if any(_is_in(Version(version), spans) for spans in advisory["ranges"])
    ]


def _is_in(version: Version, span: list[str]) -> bool:
    """Return whether the version is in the span from its first element up to its second, which is
    "" if there is no end yet."""
    first, end = span
    return Version(first) <= version and (not end or version < Version(end))


def online() -> list[Known] | None:
    """Return what pip-audit knows today; None if it is not installed or its service is not
    reached. A package that was skipped was not looked up."""
    program = shutil.which("pip-audit")
    if program is None:
        return None
    lists = [str(path) for pattern in LISTS for path in ROOT.glob(pattern)]
    files = [word for path in lists for word in ("-r", path)]
    command = [program, "--disable-pip", "--format", "json", *files]
    try:
        done = subprocess.run(command, capture_output=True, timeout=300, check=False)  # noqa: S603
        answered = json.loads(done.stdout)["dependencies"]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        return None
    if any("skip_reason" in dependency for dependency in answered):
        return None
    return [
        Known(dependency["name"], dependency["version"], vulnerability["id"])
        for dependency in answered
        for vulnerability in dependency["vulns"]
    ]


def refresh(checkout: Path) -> None:
    """Take the advisories about our packages from a checkout of the database."""
    import yaml

    command = ["git", "-C", str(checkout), "log", "-1", "--format=%cs"]
    taken = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)  # noqa: S603
    found: dict[str, list[dict[str, Any]]] = {}
    for name in sorted(pinned()):
        for path in sorted(checkout.glob(f"vulns/{name}/*.yaml")):
            advisory = yaml.safe_load(path.read_text("utf-8"))
            if not advisory.get("withdrawn"):
                entry = {"id": advisory["id"], "ranges": list(_spans(advisory, name))}
                found.setdefault(name, []).append(entry)
    kept = {"taken": taken.stdout.strip(), "source": "PyPA Advisory Database", "advisories": found}
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _spans(advisory: dict[str, Any], name: str) -> Iterator[list[str]]:
    for affected in advisory.get("affected", ()):
        if canonicalize_name(affected["package"]["name"]) != name:
            continue
        for span in affected.get("ranges", ()):
            if span["type"] == "ECOSYSTEM":
                yield from _pairs(span["events"])


def _pairs(events: list[dict[str, str]]) -> Iterator[list[str]]:
    first = ""
    for event in events:
        try:
            Version(next(iter(event.values())))
        except InvalidVersion:
            continue
        if "introduced" in event:
            if first:
                yield [first, ""]
            first = event["introduced"]
        elif "fixed" in event and first:
            yield [first, event["fixed"]]
            first = ""
    if first:
        yield [first, ""]


def main() -> int:
    if sys.argv[1:2] == ["--refresh"]:
        refresh(Path(sys.argv[2]))
        return 0
    found, source = online(), "pip-audit, today"
    if found is None:
        kept = json.loads(KEPT.read_text("utf-8"))
        found = known(pinned(), kept)
        source = f"the kept copy of {kept['taken']}: pip-audit or its service is not there"
    print(f"Advisories by {source}. Known: {len(found)}.")  # noqa: T201
    for vulnerability in found:
        print(f"{vulnerability.package} {vulnerability.version}: {vulnerability.advisory}")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
