"""``bin/manage sbom``: a bill of materials that names everything with its licence."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).parents[2]


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("sbom", *arguments, stdout=out)
    return out.getvalue()


def test_the_bill_names_what_is_pinned_and_what_browsers_load() -> None:
    bill = json.loads(printed())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    urls = [one["purl"] for one in bill["components"]]
    assert len(set(urls)) == len(urls)
    pinned = dict(
        re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    )
    assert f"pkg:pypi/django@{pinned['django']}" in urls
    files = {path.name for path in (ROOT / "webmail/static/webmail/vendor").iterdir()}
    for url in ("pkg:npm/dompurify@", "pkg:npm/squire-rte@", "pkg:npm/pdfjs-dist@"):
        (version,) = [one.rpartition("@")[2] for one in urls if one.startswith(url)]
        assert any(version in name for name in files)


def test_every_licence_is_stated() -> None:
    lines = printed("--licences").splitlines()
    assert len(lines) > 60
    assert not [line for line in lines if "not stated" in line]


@pytest.mark.parametrize("file", ["ldap", "mysql", "sentry"])
def test_the_bill_names_the_extras_whether_installed_or_not(file: str) -> None:
    bill = json.loads(printed())
    known = {one["purl"]: one["scope"] for one in bill["components"]}
    always = (ROOT / "requirements.txt").read_text()
    lines = (ROOT / f"requirements-{file}.txt").read_text()
    pinned = re.findall(r"^([\w.-]+)==(\S+)", lines, re.MULTILINE)
    assert pinned
    for name, version in pinned:
        scope = "required" if f"\n{name}==" in always else "optional"
        assert known[f"pkg:pypi/{name}@{version}"] == scope
