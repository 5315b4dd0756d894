"""An import with thousands of groups or classes costs as much as they are, not the square of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from addressbook import imports
from addressbook.models import Contact, Group, ImportGroup, ImportJob
from tests.addressbook.imports.conftest import Import
from tests.waiting import cheap

pytestmark = pytest.mark.django_db

MANY = 4_000


@pytest.fixture
def moved(claire: User, checked: Import) -> Callable[..., ImportJob]:
    """A checked import with so many contacts and groups. Each contact is in a group of the address
    book, and in the file in the next one."""

    def make(**values: object) -> ImportJob:
        job = checked(claire, "Nom;Mail\nA;a@b.fr\n")
        part, row = job.parts.get(), job.rows.get()
        contacts = Contact.objects.bulk_create(
            Contact(user=claire, uid=f"u{n}", display_name=f"A{n}", sort_key=f"a{n:05}", vcard="")
            for n in range(MANY)
        )
        groups = Group.objects.bulk_create(
            Group(user=claire, name=f"G{n}", folded=f"g{n}") for n in range(MANY)
        )
        through: Any = Group.contacts.through
        through.objects.bulk_create(
            through(group=group, contact=contact)
            for group, contact in zip(groups, contacts, strict=True)
        )
        rows = []
        for n, contact in enumerate(contacts):
            row.pk, row.number, row.contact, row.decision = None, n + 1, contact, "unchanged"
            rows.append(type(row)(**{f.attname: getattr(row, f.attname) for f in row._meta.fields}))
        type(row).objects.bulk_create(rows)
        ImportGroup.objects.bulk_create(
            ImportGroup(
                job=job, part=part, number=n, name=f"G{n}", folded=f"g{n}",
                members=[(n - 1) % MANY + 1], added=[contacts[n - 1].pk],
                removed=[contacts[n].pk], **values,
            )
            for n in range(MANY)
        )  # fmt: skip
        return job

    return make


def test_contacts_who_move_between_many_groups(moved: Callable[..., ImportJob]) -> None:
    job = moved()
    with cheap(1):
        changes = imports.group_changes(job)
    assert {(change.moved, len(change.removed)) for change in changes} == {(1, 1)}


def test_pupils_who_moved_between_many_classes(moved: Callable[..., ImportJob]) -> None:
    job = moved(is_class=True, is_written=True)
    job.state = ImportJob.State.DONE
    with cheap(1):
        classes, _others = imports.class_outcomes(job)
    assert len(classes) == MANY
    assert [(name, origin) for _pk, name, origin in classes[5].moved] == [("A4", "G4")]
