"""`bin/manage import_contacts --dry-run`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.waiting import LONGEST_S

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "data" / "addressbook"
# Nothing answers there, and no secret is given.
NOWHERE = {
    "DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


def dry_run(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    manage = str(ROOT / "manage.py")
    command = [sys.executable, manage, "import_contacts", str(path), "--dry-run", *options]
    return subprocess.run(  # noqa: S603  our own command
        command,
        env=kept | NOWHERE,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )


def test_a_dry_run_prints_one_object_and_needs_no_server() -> None:
    name = "10_sun_piserverdb.ldif"
    done = dry_run(SAMPLES / name, "--json", "--by-owner")
    expected = json.loads((SAMPLES / f"{name}.expected.json").read_text(encoding="utf-8"))
    printed = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (printed["contacts"], printed["groups"]) == (expected["contacts"], expected["groups"])


def test_a_refused_file_ends_with_1_and_says_why(tmp_path: Path) -> None:
    page = tmp_path / "contacts.csv"
    page.write_text("\n<!DOCTYPE html><html><body>Votre session a expiré</body></html>")
    done = dry_run(page, "--json", "--owner", "personne@exemple.invalid")
    assert done.returncode == 1
    assert json.loads(done.stdout)["reject_code"] == "html"


def test_some_rows_left_out_is_no_failure(tmp_path: Path) -> None:
    table = tmp_path / "contacts.csv"
    table.write_text("Nom;Prénom;Mail\nMartin;Paul;paul@exemple.invalid\na;b;c;d;e\n")
    done = dry_run(table, "--json")
    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (0, "partial")


def test_without_json_it_tells_counts_and_reasons_but_no_cells(tmp_path: Path) -> None:
    table = tmp_path / "contacts.csv"
    table.write_text("Nom;Prénom;Mail\nMartin;Paul;paul@exemple.invalid\nlulu;b;c;d;e\n")
    done = dry_run(table)
    assert "1 contacts" in done.stdout and "line 3" in done.stdout
    assert "Martin" not in done.stdout and "lulu" not in done.stdout


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = dry_run(tmp_path / "none.csv", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "none.csv" in done.stderr
