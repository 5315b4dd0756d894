"""`bin/manage import_contacts` where it writes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import MailDomain, User
from addressbook.models import Contact, ImportJob

BOOK = "Nom;Prénom;Mail\nMartin;Claire;claire.martin@exemple.invalid\nlulu;b;c;d;e\n"
SAMPLES = Path(__file__).parents[2] / "data" / "addressbook"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    file = tmp_path / "carnet.csv"
    file.write_text(BOOK, encoding="utf-8")
    return file


def told(*options: str) -> str:
    out = io.StringIO()
    call_command("import_contacts", *options, stdout=out)
    return out.getvalue()


def test_it_writes_into_one_persons_address_book(claire: User, book: Path, spool: Path) -> None:
    report = json.loads(told(str(book), "--owner", "claire@ac-exemple.fr", "--json"))
    assert Contact.objects.of(claire).get().display_name == "Claire Martin"
    assert (report["outcome"], report["new"], report["refused"]) == ("partial", 1, 1)
    assert report["refused_rows"] == [{"file": "carnet.csv", "line": 3, "reason": "column_count"}]
    assert not list(spool.iterdir())


def test_it_tells_counts_and_reasons_by_owner_and_no_cell(claire: User, book: Path) -> None:
    text = told(str(book), "--owner", "claire")
    assert "claire@ac-exemple.fr: 1 new" in text
    assert "line 3" in text
    assert "Martin" not in text and "lulu" not in text


def test_an_owner_who_never_signed_in_is_made(claire: User, book: Path) -> None:
    told(str(book), "--owner", "nouveau@ac-exemple.fr")
    made = User.objects.get(address="nouveau@ac-exemple.fr")
    assert Contact.objects.of(made).count() == 1
    assert not made.has_usable_password()


def test_the_file_may_say_whose_they_are(claire: User) -> None:
    report = json.loads(
        told(
            str(SAMPLES / "08_horde_turba_objects.csv"), "--by-owner", "--source", "horde", "--json"
        )
    )
    assert {"hlefevre", "nlhopital"} <= {part["owner"] for part in report["owners"]}
    assert Contact.objects.count() == report["new"] > 0


def test_an_owner_of_another_domain_is_refused(claire: User, book: Path) -> None:
    with pytest.raises(CommandError, match="unknown_domain"):
        told(str(book), "--owner", "quelqu.un@ailleurs.example")


def test_without_an_owner_nothing_is_written(db: None, book: Path) -> None:
    with pytest.raises(CommandError, match="--owner"):
        told(str(book))
    assert not ImportJob.objects.exists()


def test_a_refused_file_ends_with_1(claire: User, tmp_path: Path) -> None:
    page = tmp_path / "contacts.csv"
    page.write_text("<!DOCTYPE html><html><body>Votre session a expiré</body></html>")
    with pytest.raises(SystemExit) as ended:
        told(str(page), "--owner", "claire")
    assert ended.value.code == 1


def test_the_policy_is_the_one_that_is_told(claire: User, book: Path) -> None:
    told(str(book), "--owner", "claire")
    Contact.objects.update(vcard=Contact.objects.get().vcard.replace("END:", "NOTE:x\nEND:"))
    told(str(book), "--owner", "claire", "--policy", "keep")
    assert Contact.objects.of(claire).count() == 2


def test_a_domain_decides_what_a_login_is(db: None) -> None:
    from addressbook.imports import owners

    MailDomain.objects.create(
        name="ac-exemple.fr", is_default=True, login_form=MailDomain.LoginForm.LOCAL
    )
    assert owners.find_owner("hlefevre").login == "hlefevre"
    assert owners.find_owner("hlefevre@ac-exemple.fr").login == "hlefevre"
