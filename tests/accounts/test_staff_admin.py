"""The admin of staff records and of their imports: who may, and what is shown of whom."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts import numen, staff_import
from accounts.models import MailDomain, StaffImport, StaffRecord, User
from accounts.roles import SUPPORT
from accounts.staff import file as staff_file
from accounts.staff.terms import TEMPLATE, StaffColumn, StaffImportFailure
from tests.accounts import staff_files as staff
from tests.accounts.staff_files import bring_in, colleague, colleagues, csv

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]
UPLOAD = "/admin/accounts/staffimport/add/"
State = StaffImport.State


@pytest.fixture(autouse=True)
def academy(settings, tmp_path: Path, celery_now: None) -> MailDomain:
    settings.NUMEN_KEYS = numen.parse_keys(f"2026:{'a' * 64}")
    settings.SPOOL = tmp_path / "spool"
    settings.ADMIN_NEEDS_TOTP = False
    return MailDomain.objects.create(
        name="ac-exemple.fr", is_default=True, login_form="local", imap_host="imap.example"
    )


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    return client


@pytest.fixture
def administrator() -> Client:
    return signed_in(User.objects.create_administrator("patronne", "Une-Craie-Verte-2026"))


@pytest.fixture
def support(academy: MailDomain) -> Client:
    """With every right that groups can give: the import asks for the role."""
    user = User.objects.create(mail_domain=academy, login="aide")
    group = Group.objects.get(name=SUPPORT)
    group.permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    user.groups.add(group)
    return signed_in(user)


def upload(client: Client, content: bytes, **options: str) -> StaffImport:
    file = SimpleUploadedFile("agents de l’académie.csv", content, "text/csv")
    answer = client.post(UPLOAD, {"file": file, **options})
    job = StaffImport.objects.latest("pk")
    assert answer.status_code == 302
    assert answer["Location"] == page_of(job)
    return job


def page_of(job: StaffImport) -> str:
    return reverse("admin:accounts_staffimport_change", args=[job.pk])


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_uploaded_file_is_imported_and_its_page_tells_what_was_done(
    administrator: Client, settings
) -> None:
    job = upload(administrator, csv([colleague(1), colleague(2, uai="x"), colleague(3)]))
    assert (job.state, str(job.by), StaffRecord.objects.count()) == (State.DONE, "patronne", 2)
    page = shown(administrator, page_of(job))
    assert "agents de l’académie.csv" in page
    assert "<td>3</td>" in page  # the line that was refused
    assert staff.numen(2) not in page
    assert not list(settings.SPOOL.iterdir())


def test_a_trial_and_a_whole_file_are_what_one_ticks(administrator: Client) -> None:
    bring_in(colleagues(*range(1, 21)))
    job = upload(administrator, colleagues(*range(1, 20)), is_trial="on", deactivate_missing="on")
    assert (job.state, job.deactivated) == (State.TRIED, 1)
    assert StaffRecord.objects.active().count() == 20


def test_too_many_deactivations_are_confirmed_on_the_page(administrator: Client) -> None:
    bring_in(colleagues(1, 2))
    job = upload(administrator, colleagues(1), deactivate_missing="on")
    confirm = reverse("admin:accounts_staffimport_confirm", args=[job.pk])
    assert confirm in shown(administrator, page_of(job))
    assert StaffRecord.objects.active().count() == 2
    assert administrator.get(confirm).status_code == 405
    administrator.post(confirm)
    job.refresh_from_db()
    assert (job.state, StaffRecord.objects.active().count()) == (State.DONE, 1)
    assert confirm not in shown(administrator, page_of(job))
    administrator.post(confirm)  # twice does no harm
    job.refresh_from_db()
    assert job.state == State.DONE


def test_what_waits_can_be_cancelled(administrator: Client) -> None:
    bring_in(colleagues(1, 2))
    job = upload(administrator, colleagues(1), deactivate_missing="on")
    cancel = reverse("admin:accounts_staffimport_cancel", args=[job.pk])
    administrator.post(cancel)
    job.refresh_from_db()
    assert job.state == State.CANCELLED
    assert cancel not in shown(administrator, page_of(job))


def test_a_file_that_is_none_is_said_on_the_jobs_page(administrator: Client) -> None:
    job = upload(administrator, b"PK\x03\x04xl/workbook.xml")
    with translation.override("fr"):
        assert str(StaffImportFailure.SPREADSHEET.label) in shown(administrator, page_of(job))


def test_missing_columns_are_named_on_the_jobs_page(administrator: Client) -> None:
    job = upload(administrator, b"Nom;Adresse\nx;y\n")
    with translation.override("fr"):
        assert f"<li>{StaffColumn.BORN.label}</li>" in shown(administrator, page_of(job))


def test_a_staff_file_may_be_larger_than_a_message(
    administrator: Client, support: Client, settings
) -> None:
    large = {"Content-Length": str(settings.MESSAGE_LIMIT * 3)}
    assert staff_file.LARGEST == settings.STAFF_FILE_LIMIT > settings.MESSAGE_LIMIT * 3
    assert administrator.get(UPLOAD, headers=large).status_code == 200
    assert administrator.get("/admin/", headers=large).status_code == 413
    for other in (support, Client()):
        assert other.get(UPLOAD, headers=large).status_code == 413
    too_large = {"Content-Length": str(settings.STAFF_FILE_LIMIT * 2)}
    assert administrator.get(UPLOAD, headers=too_large).status_code == 413


def test_no_file_and_an_empty_one_are_told_in_the_form(administrator: Client) -> None:
    assert administrator.post(UPLOAD).status_code == 422
    empty = SimpleUploadedFile("vide.csv", b"")
    assert administrator.post(UPLOAD, {"file": empty}).status_code == 422
    assert not StaffImport.objects.exists()


def test_the_page_asks_for_news_until_the_job_ends(administrator: Client) -> None:
    job = staff_import.begin("agents.csv", [colleagues(1)], staff_import.Options())
    progress = reverse("admin:accounts_staffimport_progress", args=[job.pk])
    assert f'hx-get="{progress}"' in shown(administrator, page_of(job))
    by_htmx = {"HX-Request": "true"}
    assert administrator.get(progress, headers=by_htmx).status_code == 200
    assert administrator.get(progress)["Location"] == page_of(job)
    staff_import.run(job.pk)
    answer = administrator.get(progress, headers=by_htmx)
    assert answer.status_code == 286
    assert progress not in answer.content.decode()
    assert progress not in shown(administrator, page_of(job))


def test_a_job_is_found_again_in_the_list(administrator: Client) -> None:
    job = upload(administrator, colleagues(1))
    assert page_of(job) in shown(administrator, "/admin/accounts/staffimport/")


def test_the_template_is_a_file_that_is_understood(administrator: Client) -> None:
    content = administrator.get("/admin/accounts/staffimport/template/").content
    file = staff_file.open_file(lambda: io.BytesIO(content + b"x\r\n"))
    assert set(file.columns) == set(TEMPLATE)
    assert file.ignored == ()


def test_every_column_is_explained(administrator: Client) -> None:
    page = shown(administrator, UPLOAD)
    assert all(heading in page for heading in TEMPLATE.values())


def test_without_a_key_the_page_says_so(administrator: Client, settings) -> None:
    settings.NUMEN_KEYS = ()
    assert "WEBMAIL_NUMEN_KEYS" in shown(administrator, UPLOAD)


def test_records_that_still_have_an_older_key_are_counted(administrator: Client, settings) -> None:
    bring_in(colleagues(1, 2))
    assert " 2026" not in shown(administrator, UPLOAD)
    settings.NUMEN_KEYS = numen.parse_keys(f"2027:{'b' * 64},2026:{'a' * 64}")
    assert " 2026" in shown(administrator, UPLOAD)


@pytest.mark.parametrize("page", ["", "template/", "add/", "{pk}/change/", "{pk}/progress/"])
def test_support_sees_no_import_whatever_its_rights(support: Client, page: str) -> None:
    job = staff_import.begin("agents.csv", [colleagues(1)], staff_import.Options())
    address = f"/admin/accounts/staffimport/{page}".format(pk=job.pk)
    assert support.get(address).status_code == 403


@pytest.mark.parametrize("verb", ["confirm", "cancel"])
def test_support_decides_nothing_about_imports(support: Client, verb: str) -> None:
    job = staff_import.begin("agents.csv", [colleagues(1)], staff_import.Options())
    assert support.post(f"/admin/accounts/staffimport/{job.pk}/{verb}/").status_code == 403
    file = SimpleUploadedFile("agents.csv", colleagues(1))
    assert support.post(UPLOAD, {"file": file}).status_code == 403
    job.refresh_from_db()
    assert job.state == State.WAITING


@pytest.mark.parametrize("pk", ["999", "x", "9" * 30])
def test_an_import_that_is_none_is_not_found(administrator: Client, pk: str) -> None:
    assert administrator.get(f"/admin/accounts/staffimport/{pk}/change/").status_code == 404


def test_a_record_shows_the_person_and_no_digest(administrator: Client) -> None:
    bring_in(colleagues(1))
    record = StaffRecord.objects.get()
    page = shown(administrator, f"/admin/accounts/staffrecord/{record.pk}/change/")
    assert "agent.1@ac-exemple.fr" in page
    assert bytes(record.numen_digest).hex() not in page
    assert "digest" not in page
    assert 'name="last_name"' not in page
    assert "Zoé Nom1" in shown(administrator, "/admin/accounts/staffrecord/?q=0800001X")


def test_of_a_record_only_whether_it_is_active_can_be_changed(administrator: Client) -> None:
    bring_in(colleagues(1))
    record = StaffRecord.objects.get()
    address = f"/admin/accounts/staffrecord/{record.pk}/change/"
    administrator.post(address, {"last_name": "Autre", "login": "autre"})
    record.refresh_from_db()
    assert (record.last_name, record.login, record.is_active) == ("Nom1", "agent1", False)
    assert administrator.get("/admin/accounts/staffrecord/add/").status_code == 403


@pytest.mark.parametrize("state", [State.DONE, State.CHECKING, State.TO_CONFIRM])
def test_thousands_are_set_apart_in_what_is_counted(administrator: Client, state: str) -> None:
    job = upload(administrator, colleagues(1))
    counts = {"rows": 12345, "total": 23456, "refused": 3456, "deactivated": 4567}
    StaffImport.objects.update(state=state, **counts)
    page = shown(administrator, page_of(job))
    listed = shown(administrator, reverse("admin:accounts_staffimport_changelist"))
    jobs = shown(administrator, reverse("admin:jobs"))
    grouped = re.compile(r"\d\s\d{3}\b")
    for name in ("rows", "refused", "deactivated"):
        assert re.search(rf'class="field-{name}[^"]*">\d+\xa0\d{{3}}<', listed)
    assert re.search(r"<td>3\xa0456</td>", jobs)
    assert grouped.search(page)
    for page_text in (page, listed, jobs):
        assert not re.search("12345|23456|3456|4567", page_text)
    # What names something is no count.
    assert f"/{job.pk}/" in listed
