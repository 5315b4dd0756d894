"""Administrators import for others: who may, what they see, what they can do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group as Role
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import SUPPORT
from addressbook.models import Contact, ImportJob
from tests.addressbook.imports.conftest import Import

SAMPLES = Path(__file__).parents[2] / "data" / "addressbook"
LIST = "/admin/addressbook/importjob/"
BOOK = "Nom;Prénom;Mail\nMartin;Claire;claire.martin@exemple.invalid\nlulu;b;c;d;e\n"


@pytest.fixture(autouse=True)
def jobs_run_at_once(settings) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    settings.CELERY_TASK_ALWAYS_EAGER = True


@pytest.fixture
def admin(claire: User) -> Client:
    return signed_in(User.objects.create_administrator("patronne", "Une-Craie-Verte-2026"))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    return client


def upload(client: Client, content: bytes, **options: str) -> ImportJob:
    file = SimpleUploadedFile("arbre.ldif", content)
    options = {"source": "auto", "policy": "merge", "owner": "", **options}
    answer = client.post(f"{LIST}add/", {"file": file, **options})
    assert answer.status_code == 302, answer.content.decode()
    return ImportJob.objects.latest("pk")


def test_a_file_of_many_people_is_reported_by_owner_before_anything_is_written(
    admin: Client,
) -> None:
    job = upload(admin, (SAMPLES / "08_horde_turba_objects.csv").read_bytes())
    assert (job.state, Contact.objects.count()) == ("ready", 0)
    page = admin.get(f"{LIST}{job.pk}/change/").content.decode()
    assert "hlefevre" in page and f"{LIST}{job.pk}/start/" in page
    assert "Carpentier" not in page and "brigitte" not in page
    table = b"".join(admin.get(f"{LIST}{job.pk}/report.csv")).decode()
    assert "hlefevre;2;0;0;0;" in table and "Carpentier" not in table


def test_it_is_started_and_undone_from_its_page(admin: Client) -> None:
    job = upload(admin, BOOK.encode(), owner="claire")
    admin.post(f"{LIST}{job.pk}/start/")
    job.refresh_from_db()
    assert (job.state, Contact.objects.filter(deleted=None).count()) == ("done", 1)
    assert f"{LIST}{job.pk}/undo/" in admin.get(f"{LIST}{job.pk}/change/").content.decode()
    admin.post(f"{LIST}{job.pk}/undo/")
    job.refresh_from_db()
    assert (job.state, Contact.objects.filter(deleted=None).count()) == ("undone", 0)


def test_it_is_cancelled_from_its_page(admin: Client) -> None:
    job = upload(admin, BOOK.encode(), owner="claire")
    admin.post(f"{LIST}{job.pk}/cancel/")
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_refused_records_are_told_by_line_and_reason_alone(admin: Client) -> None:
    job = upload(admin, BOOK.encode(), owner="claire")
    page = admin.get(f"{LIST}{job.pk}/change/").content.decode()
    assert "lulu" not in page and "claire.martin" not in page
    assert "<td>3</td>" in page


def test_an_owner_of_no_domain_of_ours_is_refused_in_the_form(admin: Client) -> None:
    file = SimpleUploadedFile("a.csv", BOOK.encode())
    answer = admin.post(
        f"{LIST}add/",
        {"file": file, "source": "auto", "policy": "merge", "owner": "x@autre.example"},
    )
    assert (answer.status_code, ImportJob.objects.count()) == (422, 0)


def test_what_a_person_brought_himself_is_only_looked_at(
    admin: Client, claire: User, checked: Import
) -> None:
    job = checked(claire, BOOK)
    page = admin.get(f"{LIST}{job.pk}/change/").content.decode()
    assert "/start/" not in page and "lulu" not in page
    for verb in ("start", "cancel", "undo"):
        assert admin.post(f"{LIST}{job.pk}/{verb}/").status_code == 403
    assert "1.txt" in admin.get(LIST).content.decode()


def test_the_page_is_refreshed_until_nothing_moves(admin: Client, checked: Import) -> None:
    job = upload(admin, BOOK.encode(), owner="claire")
    address = f"{LIST}{job.pk}/progress/"
    assert admin.get(address, headers={"HX-Request": "true"}).status_code == 286
    ImportJob.objects.update(state="writing")
    assert admin.get(address, headers={"HX-Request": "true"}).status_code == 200
    assert admin.get(address).status_code == 302


def test_the_support_desk_sees_nothing_of_it(claire: User, checked: Import) -> None:
    job = checked(claire, BOOK)
    claire.groups.add(Role.objects.get(name=SUPPORT))
    client = signed_in(claire)
    pages = (LIST, f"{LIST}add/", f"{LIST}{job.pk}/change/", f"{LIST}{job.pk}/report.csv")
    assert {client.get(page).status_code for page in pages} == {403}


def test_the_page_of_jobs_tells_which_imports_are_stuck(
    admin: Client, claire: User, checked: Import
) -> None:
    job = checked(claire, BOOK)
    ImportJob.objects.update(state="writing", changed=timezone.now() - timedelta(hours=1))
    page = admin.get("/admin/jobs/").content.decode()
    assert f"{LIST}{job.pk}/change/" in page
    ImportJob.objects.update(state="done", finished=timezone.now())
    assert f"{LIST}{job.pk}/change/" not in admin.get("/admin/jobs/").content.decode()
    job.state, job.changed = "writing", timezone.now() - timedelta(hours=1)
    assert job.is_stuck
