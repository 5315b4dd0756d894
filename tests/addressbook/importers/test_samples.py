"""Every sample of `tests/data/addressbook`, exactly as its `.expected.json` says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from addressbook import importers
from addressbook.importers import codes
from addressbook.importers.describe import describe
from tests.cases import each

SAMPLES = Path(__file__).parents[2] / "data" / "addressbook"
REELS = Path(__file__).parents[4] / "shared" / "formats" / "samples" / "reels"
ANSWERS = sorted(SAMPLES.glob("*.expected.json"))
# About the file, not of a reading; `lenient` says where another result is right too.
ABOUT = {"file", "note", "lenient"}


@pytest.mark.parametrize("answer", ANSWERS, ids=[path.name[:2] for path in ANSWERS])
def test_a_sample_gives_exactly_what_is_expected(answer: Path) -> None:
    expected = json.loads(answer.read_text(encoding="utf-8"))
    content = (SAMPLES / answer.name.removesuffix(".expected.json")).read_bytes()
    described = describe(importers.read_address_book(content))
    assert described == {name: value for name, value in expected.items() if name not in ABOUT}


def test_all_samples_are_there() -> None:
    assert len(ANSWERS) == 18


@each("answer", ANSWERS, ids=[path.name[:2] for path in ANSWERS])
@each("source", ["sun", "horde", "other"])
def test_what_the_file_is_said_to_be_changes_no_contact(answer: Path, source: str) -> None:
    content = (SAMPLES / answer.name.removesuffix(".expected.json")).read_bytes()
    told = importers.read_address_book(content, source=source)
    assert told.contacts == importers.read_address_book(content).contacts


REAL = {
    "ezvcard_John_Doe_LOTUS_NOTES.vcf": ("Mr. Doe John I Johny", "john.doe@ibm.com", 1),
    "ezvcard_John_Doe_MS_OUTLOOK.vcf": ("Mr. John Richter James Doe Sr.", "john.doe@ibm.cm", 1),
    "horde_turba_bug_6518.ldif": ("John Püblic", "john@example.com", 1),
    "horde_turba_export.ldif": ("John Smith", "js23@school.edu", 2),
    "horde_turba_import.ldif": ("John Smith", "js23@school.edu", 2),
    "horde_turba_importCRLF.ldif": ("John Smith", "js23@school.edu", 2),
    "roundcube_gmail.csv": ("Prefix Firstname Middle Lastname Suffix", "home@aaa.pl", 1),
    "roundcube_outlook.csv": ("test1@domain.tld", "test1@domain.tld", 1),
    "roundcube_tb_plain.csv": ("Displayname", "test@domain.tld", 1),
}


@pytest.mark.skipif(not REELS.is_dir(), reason="the files of other projects are not beside us")
@pytest.mark.parametrize("name", sorted(REAL))
def test_a_file_of_another_project_is_read(name: str) -> None:
    reading = importers.read_address_book((REELS / name).read_bytes())
    first = reading.contacts[0]
    assert (first.display_name, first.emails[0].address, len(reading.contacts)) == REAL[name]


def test_every_reason_that_is_given_has_its_words() -> None:
    source = Path(importers.__file__).parents[1]
    words = codes.REJECTS | codes.SKIPS | codes.WARNINGS
    assert all(text.endswith(".") for text in words.values())
    used = "".join(path.read_text(encoding="utf-8") for path in source.glob("import*/*.py"))
    assert all(used.count(f'"{code}"') >= 2 for code in words), [
        code for code in words if used.count(f'"{code}"') < 2
    ]
