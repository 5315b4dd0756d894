"""`bin/manage import_staff`: what it says, and how it ends."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts import numen, staff_import
from accounts.management.commands.import_staff import SOME_REFUSED, TO_CONFIRM
from accounts.models import MailDomain, StaffImport, StaffRecord
from tests.accounts import staff_files as staff
from tests.accounts.staff_files import bring_in, colleague, colleagues, csv

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def academy(settings, tmp_path: Path) -> None:
    settings.NUMEN_KEYS = numen.parse_keys(f"2026:{'a' * 64}")
    settings.SPOOL = tmp_path / "spool"
    MailDomain.objects.create(
        name="ac-exemple.fr", is_default=True, login_form="local", imap_host="imap.example"
    )


class Ran:
    """The output of the command, and the status it ended with."""

    def __init__(self, tmp_path: Path, content: bytes, *options: str) -> None:
        path = tmp_path / "agents.csv"
        path.write_bytes(content)
        out, err = io.StringIO(), io.StringIO()
        self.status, self.refusal = 0, ""
        try:
            call_command("import_staff", str(path), *options, stdout=out, stderr=err)
        except CommandError as error:
            self.status, self.refusal = error.returncode, str(error)
        self.out, self.err = out.getvalue(), err.getvalue()


def test_a_good_file_is_imported_and_counted(tmp_path: Path) -> None:
    ran = Ran(tmp_path, colleagues(1, 2))
    assert (ran.status, StaffRecord.objects.count()) == (0, 2)
    assert "created 2" in ran.out


def test_refused_rows_are_listed_without_what_they_hold(tmp_path: Path) -> None:
    ran = Ran(tmp_path, csv([colleague(1), colleague(2, naissance="31/02/1981")]))
    assert (ran.status, StaffRecord.objects.count()) == (SOME_REFUSED, 1)
    assert ran.err.startswith("line 3: ")
    assert staff.numen(2) not in ran.err + ran.out + ran.refusal
    assert "1981" not in ran.err + ran.out + ran.refusal


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    ran = Ran(tmp_path, colleagues(1), "--dry-run")
    assert (ran.status, StaffRecord.objects.exists()) == (0, False)
    assert "created 1" in ran.out


def test_many_deactivations_want_a_word(tmp_path: Path) -> None:
    bring_in(colleagues(1, 2))
    ran = Ran(tmp_path, colleagues(1), "--deactivate-missing")
    assert (ran.status, StaffRecord.objects.active().count()) == (TO_CONFIRM, 2)
    ran = Ran(tmp_path, colleagues(1), "--deactivate-missing", "--confirm")
    assert (ran.status, StaffRecord.objects.active().count()) == (0, 1)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    ran = Ran(tmp_path, b"NUMEN;Nom;Adresse\nx;y;z\n")
    assert ran.status == 1
    assert str(StaffImport.objects.get().missing_words[0]) in ran.refusal


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no file"):
        call_command("import_staff", str(tmp_path / "nothing.csv"))
    assert not StaffImport.objects.exists()


def test_it_does_not_wait_for_another_import(tmp_path: Path) -> None:
    running = staff_import.begin("x.csv", None, staff_import.Options())
    assert StaffImport.objects.claim(running.pk)
    assert Ran(tmp_path, colleagues(1)).status == 1
    assert StaffImport.objects.latest("pk").state == StaffImport.State.CANCELLED


def test_ctrl_c_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(staff_import, "_settle_claims", interrupted)
    ran = Ran(tmp_path, colleagues(1))
    assert ran.status == 1
    assert StaffImport.objects.get().state == StaffImport.State.CANCELLED
    assert not StaffRecord.objects.exists()
