"""The invented staff: a file that the import takes whole."""

from __future__ import annotations

import io
from datetime import date

import pytest

from accounts import numen, staff_import
from accounts.models import MailDomain, StaffImport, StaffRecord, User
from demo import academy, staff
from demo.set_up import _staff

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]
KEY = f"demo:{'c' * 64}"


@pytest.fixture(autouse=True)
def domain(settings) -> MailDomain:
    settings.NUMEN_KEYS = numen.parse_keys(KEY)
    return MailDomain.objects.create(
        name=academy.DOMAIN, is_default=True, login_form="local", imap_host="imap.example"
    )


def test_every_line_is_taken() -> None:
    job = staff_import.begin("agents.csv", None, staff_import.Options())
    staff_import.run(job.pk, lambda: io.BytesIO(staff.csv_file()))
    job.refresh_from_db()
    assert (job.state, job.refused, job.created) == (StaffImport.State.DONE, 0, staff.SIZE)
    assert not job.ignored_headings


def test_set_up_brings_them_in_once_for_each_key(settings) -> None:
    _staff()
    _staff()
    assert (StaffRecord.objects.count(), StaffImport.objects.count()) == (staff.SIZE, 1)
    settings.NUMEN_KEYS = numen.parse_keys(f"next:{'d' * 64},{KEY}")
    _staff()
    assert StaffImport.objects.count() == 1


@pytest.mark.parametrize("person", academy.PEOPLE, ids=lambda person: person.login)
def test_who_signs_in_has_a_record(domain: MailDomain, person: academy.Person) -> None:
    _staff()
    user = User(mail_domain=domain, login=person.login)
    record = StaffRecord.objects.of(user)
    assert record is not None
    assert (record.name, record.address) == (person.name, person.address)
    member = staff.of(person)
    digests = numen.digests_of_person(numen.parse_keys(KEY), member.numen, member.born)
    assert StaffRecord.objects.get(lookup_digest__in=digests) == record


def test_the_file_is_the_same_at_each_start() -> None:
    assert tuple(staff._members()) == staff.STAFF
    assert staff.of(academy.PEOPLE[0]).born == date(1980, 5, 12)
