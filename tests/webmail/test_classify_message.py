"""`bin/manage classify_message` and `train_adverts`, as another program calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import LONGEST_S
from tests.webmail.adverts.samples import message
from webmail.presentation.adverts import REASONS

ROOT = Path(__file__).parents[2]
SHOP = "promo@boutique.example"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command without a database, a secret key or anything else from the environment."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("WEBMAIL_", "DATABASE_", "REDIS_", "DJANGO_"))
    }
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST_S
    )


@pytest.fixture
def advert(tmp_path: Path) -> Path:
    file = tmp_path / "publicité.eml"
    body = "Profitez de -40 % sur tout le site, livraison offerte jusqu'à dimanche. Je commande."
    file.write_bytes(message("bulk", SHOP, "Boutique", "Soldes", body, "plain"))
    return file


def test_each_file_is_one_line_of_json(advert: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "lettre.eml"
    wanted.write_bytes(b"From: a@b.fr\nSubject: Absence\n\nBonjour, ma fille est malade.")
    done = run("classify_message", str(advert), str(wanted), "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["verdict"] for line in lines] == ["advert", "wanted"]
    assert [line["file"] for line in lines] == [str(advert), str(wanted)]
    assert set(lines[0]) == {"file", "verdict", "score", "reasons"}
    assert 0 <= lines[1]["score"] < lines[0]["score"] <= 1
    assert {reason["code"] for reason in lines[0]["reasons"]} >= {"offer_words"}
    assert all(reason["text"] for reason in lines[0]["reasons"])


@pytest.mark.parametrize("known", [SHOP, "boutique.example", "@boutique.example"])
def test_a_known_senders_message_is_wanted(advert: Path, known: str) -> None:
    done = run("classify_message", str(advert), "--known", "x@y.fr", known, "--json")
    assert json.loads(done.stdout)["verdict"] == "wanted"


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_judged(advert: Path) -> None:
    done = run("classify_message", str(advert.parent / "absent.eml"), str(advert), "--json")
    assert done.returncode == 1
    assert "absent.eml" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["verdict"] == "advert"


def test_without_json_a_person_can_read_it(advert: Path) -> None:
    done = run("classify_message", str(advert))
    assert done.stdout.startswith(f"{advert}: advert (")


def test_every_reason_that_the_code_gives_has_its_words() -> None:
    import re

    given = set()
    for name in (
        "signs",
        "approach",
        "circumstances",
        "attachments",
        "verdict",
        "fraud",
        "structure",
    ):
        source = (ROOT / "mail" / "judgement" / f"{name}.py").read_text("utf-8")
        codes = r'(?:Sign\(|yield |return |_Scale\(|else |in \(\(|, \()\s*"([a-z_]+)"'
        given |= set(re.findall(codes, source))
        given |= set(re.findall(r'^    "([a-z_]+)": -?\d', source, re.MULTILINE))
    lists = ROOT / "mail" / "judgement" / "data" / "turns.txt"
    given |= set(re.findall(r"^\[(\w+)\]$", lists.read_text("utf-8"), re.MULTILINE))
    # What a user or an administrator decided, and what learnt words did.
    given |= {"blocked_sender", "nothing_found", "pulled", "words", "fraud", "no_link"}
    assert given - {"wanted", "advert", "junk"} == set(REASONS)
