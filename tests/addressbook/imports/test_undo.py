"""Imports taken back: undone, or cancelled while they were written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.claims import Lost
from accounts.models import AuditEvent, User
from addressbook import contacts, imports
from addressbook.contact_data import ContactData, Email, Photo
from addressbook.contacts import groups
from addressbook.imports import writing
from addressbook.models import Contact, Group, ImportJob
from tests.addressbook.imports.conftest import Import
from tests.addressbook.imports.pictures import card, png

HEAD = "Nom;Prénom;Mail;Société;Groupe\n"
CLAIRE = "Martin;Claire;claire.martin@exemple.invalid;Collège;3A\n"
PAUL = "Lenoir;Paul;paul@exemple.invalid;;3A\n"
BEFORE = ContactData("Claire Martin", emails=(Email("claire.martin@exemple.invalid"),))


def undone(job: ImportJob) -> ImportJob:
    assert imports.undo(job)
    imports.run(job.pk)
    job.refresh_from_db()
    assert job.state == "undone"
    return job


def seen(user: User) -> list[tuple[str, str]]:
    return list(Contact.objects.of(user).values_list("vcard", "display_name"))


def test_undo_restores_what_was_and_puts_what_was_made_into_the_bin(
    claire: User, brought: Import
) -> None:
    contacts.create(claire, BEFORE)
    before = seen(claire)
    job = undone(brought(claire, HEAD + CLAIRE + PAUL))
    assert seen(claire) == before
    assert Contact.objects.in_bin(claire).get().display_name == "Paul Lenoir"
    assert not Group.objects.of(claire).exists()
    assert job.kept == 0
    assert AuditEvent.objects.filter(kind="contacts.undone").exists()


def test_what_was_changed_by_hand_since_is_kept_and_said(claire: User, brought: Import) -> None:
    job = brought(claire, HEAD + CLAIRE + PAUL)
    paul = Contact.objects.get(display_name="Paul Lenoir")
    contacts.update(paul, ContactData("Paul Lenoir", nickname="Polo"))
    undone(job)
    assert [contact.display_name for contact in imports.kept(job).contacts] == ["Paul Lenoir"]
    assert [name for _card, name in seen(claire)] == ["Paul Lenoir"]
    assert job.kept == 1


def test_a_group_that_was_used_since_is_kept(claire: User, brought: Import) -> None:
    job = brought(claire, HEAD + PAUL)
    anne = contacts.create(claire, ContactData("Anne"))
    groups.add(Group.objects.get(name="3A"), [anne.pk])
    undone(job)
    assert [group.name for group in imports.kept(job).groups] == ["3A"]
    assert Group.objects.of(claire).get().contacts.filter(deleted=None).get() == anne


def test_members_of_a_group_are_again_as_they_were(claire: User, brought: Import) -> None:
    anne = contacts.create(claire, ContactData("Anne", emails=(Email("anne@exemple.invalid"),)))
    claires = contacts.create(claire, BEFORE)
    old, new = groups.create(claire, "3B"), groups.create(claire, "3A")
    groups.add(old, [claires.pk, anne.pk])
    job = brought(claire, HEAD + CLAIRE + ";Anne;anne@exemple.invalid;;3B\n")
    assert list(new.contacts.all()) == [claires] and list(old.contacts.all()) == [anne]
    undone(job)
    assert not new.contacts.exists()
    assert set(old.contacts.all()) == {anne, claires}


def test_a_picture_comes_back_too(claire: User, brought: Import) -> None:
    kept = contacts.create(
        claire,
        ContactData(
            "Claire Martin",
            emails=(Email("claire.martin@exemple.invalid"),),
            photo=Photo("image/png", png("red")),
        ),
    )
    before = contacts.data_of(kept)
    job = brought(
        claire,
        card("Claire Martin", "claire.martin@exemple.invalid", png("blue")),
        policy="replace",
    )
    kept.refresh_from_db()
    assert contacts.data_of(kept).photo != before.photo
    undone(job)
    kept.refresh_from_db()
    assert contacts.data_of(kept) == before


def test_after_thirty_days_it_is_too_late(claire: User, brought: Import) -> None:
    job = brought(claire, HEAD + PAUL + "a;b;c;d;e;f;g\n")
    ImportJob.objects.update(undo_until=timezone.now() - timedelta(minutes=1))
    job.refresh_from_db()
    assert not imports.undo(job)
    imports.tidy()
    assert not job.traces.exists()
    assert [(row.line, row.value) for row in job.rows.all()] == [(3, "")]


def test_an_undone_import_can_be_brought_again(claire: User, brought: Import) -> None:
    undone(brought(claire, HEAD + PAUL))
    assert brought(claire, HEAD + PAUL).new == 1


def test_cancelled_while_it_is_written_nothing_of_it_stays(
    claire: User, checked: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BATCH", 1)
    contacts.create(claire, BEFORE)
    before = seen(claire)
    job = checked(claire, HEAD + CLAIRE + PAUL)
    imports.start(job)
    running = ImportJob.objects.claim(job.pk)
    assert running and writing._write_batch(running) and writing._write_batch(running)
    assert len(seen(claire)) == 2
    assert imports.cancel(job)
    with pytest.raises(Lost):
        writing._write_batch(running)
    imports.run(job.pk)
    job.refresh_from_db()
    assert (job.state, seen(claire)) == ("cancelled", before)
    assert not Contact.objects.in_bin(claire).exists()


def test_what_breaks_while_it_is_written_leaves_no_half_import(
    claire: User, checked: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BATCH", 1)
    job = checked(claire, HEAD + CLAIRE + PAUL)
    imports.start(job)
    whole = contacts.create_many
    calls = []

    def breaks(user: User, datas: list[ContactData]) -> list[Contact]:
        calls.append(datas)
        if len(calls) > 1:
            raise RuntimeError
        return whole(user, datas)

    monkeypatch.setattr("addressbook.contacts.keeping.create_many", breaks)
    with pytest.raises(RuntimeError):
        imports.run(job.pk)
    imports.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.failure, seen(claire)) == ("failed", "broken", [])
