"""An import from its files to the address book, by each policy, and again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEvent, User
from addressbook import contacts, imports, vcard
from addressbook.contact_data import ContactData, Email, Phone
from addressbook.contacts import groups
from addressbook.imports import grouping
from addressbook.models import Contact, Group, ImportJob
from addressbook.presentation import imports as import_presentation
from mail.errors import AddressBookFull
from tests.addressbook.imports.conftest import Import

SAMPLES = Path(__file__).parents[2] / "data" / "addressbook"
HEAD = "Nom;Prénom;Mail;Mobile;Société;Groupe\n"
CLAIRE = "Martin;Claire;claire.martin@exemple.invalid;06 11 22 33 44;Collège;3A\n"
PAUL = "Lenoir;Paul;famille@exemple.invalid;;;\n"
ROSE = "Lenoir;Rose;famille@exemple.invalid;;;\n"
DAMAGED = "a;b;c;d;e;f;g;h;i\n"


def names(user: User) -> list[str]:
    return list(Contact.objects.of(user).values_list("display_name", flat=True))


def decisions(job: ImportJob) -> Counter[str]:
    return Counter(job.rows.values_list("decision", flat=True))


def card_of(user: User, name: str) -> ContactData:
    return contacts.data_of(Contact.objects.of(user).get(display_name=name))


# --- checked ---


def test_nothing_is_written_before_the_person_has_seen_it(claire: User, checked: Import) -> None:
    job = checked(claire, HEAD + CLAIRE)
    assert (job.state, job.new, job.total) == ("ready", 1, 1)
    assert not Contact.objects.exists()


def test_every_row_is_new_to_merge_unchanged_or_refused(claire: User, checked: Import) -> None:
    contacts.create(
        claire, ContactData("Claire Martin", emails=(Email("Claire.Martin@exemple.invalid"),))
    )
    contacts.create(
        claire,
        ContactData(
            "Rose Lenoir",
            first_name="Rose",
            last_name="Lenoir",
            emails=(Email("famille@exemple.invalid"),),
        ),
    )
    job = checked(claire, HEAD + CLAIRE + PAUL + ROSE + DAMAGED)
    assert decisions(job) == {"new": 1, "merge": 1, "unchanged": 1, "refused": 1}
    assert (job.new, job.merged, job.unchanged, job.refused) == (1, 1, 1, 1)


def test_a_row_that_is_merged_shows_what_is_there_and_what_becomes_of_it(
    claire: User, checked: Import
) -> None:
    contacts.create(
        claire, ContactData("C. Martin", emails=(Email("claire.martin@exemple.invalid"),))
    )
    (row,) = imports.preview(checked(claire, HEAD + CLAIRE), "merge").rows
    assert row.mine and row.result
    assert (row.mine.display_name, row.mine.organization) == ("C. Martin", "")
    assert (row.result.display_name, row.result.organization) == ("Claire Martin", "Collège")
    assert (row.line, row.file) == (2, "1.txt")


def test_a_refused_row_tells_its_line_and_why(claire: User, checked: Import) -> None:
    job = checked(claire, HEAD + CLAIRE + DAMAGED)
    (row,) = imports.preview(job, "refused").rows
    assert (row.line, bool(row.reason)) == (3, True)


def test_refused_rows_can_be_had_as_a_table_without_formulas(claire: User, checked: Import) -> None:
    job = checked(claire, HEAD + CLAIRE + "=cmd();b;c;d;e;f;g;h;i\n")
    table = "".join(imports.refused_csv(job))
    assert table.startswith("\ufeff")
    assert "'=cmd();b;c" in table
    assert ";3;" in table


def test_a_file_that_is_none_fails_with_its_reason(
    claire: User, checked: Import, spool: Path
) -> None:
    job = checked(claire, "<!DOCTYPE html><html><body>Session expirée</body></html>")
    assert (job.state, job.reject_code) == ("failed", "html")
    assert not list(spool.iterdir())


def test_of_several_files_the_good_ones_are_taken(claire: User, checked: Import) -> None:
    job = checked(claire, HEAD + CLAIRE, "%PDF-1.7 …", HEAD + PAUL)
    assert (job.state, job.new) == ("ready", 2)
    assert [file.reject_code for file in job.files.all()] == ["", "pdf", ""]


def test_the_file_lies_sealed_in_the_spool_and_goes_at_the_end(
    claire: User, checked: Import, spool: Path
) -> None:
    job = checked(claire, HEAD + CLAIRE)
    (file,) = spool.iterdir()
    assert b"Martin" not in file.read_bytes()
    imports.start(job)
    imports.run(job.pk)
    assert not list(spool.iterdir())
    assert not job.rows.exists()


def test_files_of_more_than_fifty_megabytes_together_are_refused_beyond_them(
    claire: User, checked: Import, monkeypatch: pytest.MonkeyPatch, spool: Path
) -> None:
    monkeypatch.setattr("addressbook.imports.jobs.LARGEST_FILE", 160)
    job = checked(claire, HEAD + CLAIRE, HEAD + PAUL, HEAD)
    codes = [file.reject_code for file in job.files.all()]
    assert (job.new, codes) == (1, ["", "too_large", "header_only"])
    assert len(list(spool.iterdir())) == 2


def test_files_of_more_than_the_most_contacts_together_are_refused_beyond_them(
    claire: User, checked: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("addressbook.importers.MOST_RECORDS", 2)
    job = checked(claire, HEAD + PAUL + ROSE, HEAD + CLAIRE)
    codes = [file.reject_code for file in job.files.all()]
    assert (job.new, codes) == (2, ["", "too_many_records"])


# --- columns ---


def test_columns_are_shown_with_examples_and_can_be_chosen_anew(
    claire: User, checked: Import
) -> None:
    job = checked(claire, HEAD + CLAIRE)
    assert [(one.header, one.field) for one in imports.columns(job)][4] == (
        "Société",
        "organization",
    )
    assert imports.columns(job)[0].examples == ("Martin",)
    assert imports.choose_columns(job, {4: "department", 5: "", 99: "email", 0: "_owner"})
    imports.run(job.pk)
    job.refresh_from_db()
    (row,) = imports.preview(job, "new").rows
    assert row.data
    assert (row.data.department, row.data.organization, row.data.last_name) == (
        "Collège",
        "",
        "Martin",
    )
    assert job.groups == 0


def test_a_table_of_which_no_column_is_known_waits_for_the_person(
    claire: User, checked: Import
) -> None:
    job = checked(claire, "Nom;Prénom;Mail\nMartin;Claire;c@exemple.invalid\n")
    imports.choose_columns(job, dict.fromkeys(range(3), ""))
    imports.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.reject_code) == ("ready", "unknown_columns")
    assert not imports.start(job)
    imports.choose_columns(job, {0: "last_name", 1: "first_name", 2: "email:work"})
    imports.run(job.pk)
    job.refresh_from_db()
    assert (job.reject_code, job.new) == ("", 1)


# --- duplicates ---


def test_two_who_share_an_address_are_two_people(claire: User, brought: Import) -> None:
    brought(claire, HEAD + PAUL + ROSE)
    assert names(claire) == ["Paul Lenoir", "Rose Lenoir"]


def test_who_stands_in_the_file_twice_becomes_one(claire: User, brought: Import) -> None:
    brought(claire, HEAD + ROSE + "Lenoir;Rose;FAMILLE@exemple.invalid;0322000001;;\n")
    assert names(claire) == ["Rose Lenoir"]
    assert card_of(claire, "Rose Lenoir").phones == (Phone("0322000001", "mobile"),)


def test_the_other_parent_with_the_address_of_a_contact_is_somebody_new(
    claire: User, brought: Import
) -> None:
    brought(claire, HEAD + ROSE)
    job = brought(claire, HEAD + PAUL)
    assert (job.new, job.merged) == (1, 0)
    assert sorted(names(claire)) == ["Paul Lenoir", "Rose Lenoir"]


def test_the_uid_of_a_contact_under_another_name_is_somebody_new(
    claire: User, brought: Import
) -> None:
    card = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:1\r\nFN:{}\r\nTEL:{}\r\nEND:VCARD\r\n"
    brought(claire, card.format("Rose Lenoir", "06 11 22 33 44"))
    job = brought(claire, card.format("Zoé Petit", "06 55 66 77 88"))
    assert (job.new, job.merged) == (1, 0)


def test_two_rows_never_change_one_contact(claire: User, brought: Import) -> None:
    """The second would undo what the first adds: both begin with what was there."""
    contacts.create(
        claire,
        ContactData(
            "Claire Martin",
            first_name="Claire",
            last_name="Martin",
            emails=(Email("claire.martin@exemple.invalid"), Email("c.martin@exemple.invalid")),
        ),
    )
    table = HEAD + CLAIRE + "Martin;Claire;c.martin@exemple.invalid;06 55 66 77 88;;\n"
    job = brought(claire, table)
    assert (job.merged, job.new) == (1, 1)
    found = [contacts.data_of(one) for one in Contact.objects.of(claire)]
    numbers = sorted(phone.number for data in found for phone in data.phones)
    assert numbers == ["06 11 22 33 44", "06 55 66 77 88"]
    again = brought(claire, table)
    assert (again.merged, again.new, again.unchanged) == (0, 0, 2)


def test_an_unchanged_file_writes_nothing_again(claire: User, brought: Import) -> None:
    text = HEAD + CLAIRE + PAUL + ROSE + "Sans;Adresse;;0611111111;;\nNu;Nom;;;;\n"
    brought(claire, text)
    before = list(Contact.objects.order_by("pk").values())
    for policy in ImportJob.Policy.values:
        again = brought(claire, text, policy=policy)
        assert (again.new, again.merged, again.unchanged) == (0, 0, 5), policy
        assert not again.traces.exists()
    assert list(Contact.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("[0-9]*[!n]")))
def test_each_sample_brought_again_changes_nothing(
    claire: User, brought: Import, checked: Import, name: str
) -> None:
    content = (SAMPLES / name).read_bytes()
    brought(claire, content)
    again = checked(claire, content)
    assert (again.new, again.merged) == (0, 0)
    changes = imports.group_changes(again)
    assert not sum(change.added + change.moved for change in changes)


def test_merging_adds_and_loses_nothing(claire: User, brought: Import) -> None:
    contacts.create(
        claire,
        ContactData(
            "Claire Martin",
            first_name="Claire",
            last_name="Martin",
            emails=(Email("claire.martin@exemple.invalid"), Email("autre@exemple.invalid")),
            organization="Lycée",
            notes="Collègue",
        ),
    )
    brought(
        claire,
        "Nom;Prénom;Mail;Société;Notes\nMartin;Claire;claire.martin@exemple.invalid;Collège;Chorale\n",
    )
    data = card_of(claire, "Claire Martin")
    assert len(data.emails) == 2
    assert (data.organization, data.notes) == ("Lycée", "Collègue\n\nChorale")


def test_keeping_both_makes_a_second_contact(claire: User, brought: Import) -> None:
    contacts.create(
        claire, ContactData("Claire Martin", emails=(Email("claire.martin@exemple.invalid"),))
    )
    job = brought(claire, HEAD + CLAIRE, policy="keep")
    assert (job.new, names(claire)) == (1, ["Claire Martin", "Claire Martin"])


def test_skipping_leaves_the_contact_as_it_is(claire: User, brought: Import) -> None:
    contacts.create(
        claire, ContactData("Claire Martin", emails=(Email("claire.martin@exemple.invalid"),))
    )
    job = brought(claire, HEAD + CLAIRE + PAUL, policy="skip")
    assert (job.new, job.merged, job.unchanged) == (1, 0, 1)
    assert card_of(claire, "Claire Martin").organization == ""


def test_replacing_takes_what_the_file_says(claire: User, brought: Import) -> None:
    old = ContactData(
        "Claire Martin",
        emails=(Email("claire.martin@exemple.invalid"), Email("vieux@exemple.invalid")),
        notes="Ancien",
    )
    contacts.create(claire, old)
    brought(claire, HEAD + CLAIRE, policy="replace")
    data = card_of(claire, "Claire Martin")
    assert ([email.address for email in data.emails], data.notes) == (
        ["claire.martin@exemple.invalid"],
        "",
    )


def test_another_policy_is_counted_without_the_file(
    claire: User, checked: Import, spool: Path
) -> None:
    contacts.create(
        claire, ContactData("Claire Martin", emails=(Email("claire.martin@exemple.invalid"),))
    )
    job = checked(claire, HEAD + CLAIRE + PAUL)
    for file in spool.iterdir():
        file.unlink()
    for policy, counts in (("skip", (1, 0, 1)), ("keep", (2, 0, 0)), ("replace", (1, 1, 0))):
        assert imports.choose_policy(job, policy)
        assert (job.new, job.merged, job.unchanged) == counts, policy


def test_who_was_deleted_is_made_anew(claire: User, brought: Import) -> None:
    brought(claire, HEAD + CLAIRE)
    contacts.delete(claire, Contact.objects.values_list("pk", flat=True))
    assert brought(claire, HEAD + CLAIRE).new == 1
    assert (names(claire), Contact.objects.in_bin(claire).count()) == (["Claire Martin"], 1)


def test_what_changed_between_preview_and_start_is_seen(claire: User, checked: Import) -> None:
    job = checked(claire, HEAD + CLAIRE + PAUL)
    contacts.create(
        claire, ContactData("Claire Martin", emails=(Email("claire.martin@exemple.invalid"),))
    )
    imports.start(job)
    imports.run(job.pk)
    job.refresh_from_db()
    assert (job.new, job.merged) == (1, 1)
    assert names(claire) == ["Paul Lenoir", "Claire Martin"]


def test_nobody_elses_contact_is_touched(claire: User, paul: User, brought: Import) -> None:
    theirs = contacts.create(
        paul, ContactData("Claire Martin", emails=(Email("claire.martin@exemple.invalid"),))
    )
    assert brought(claire, HEAD + CLAIRE).new == 1
    theirs.refresh_from_db()
    assert vcard.read_one(theirs.vcard).organization == ""


def test_too_many_for_the_address_book_are_refused_before_anything_is_written(
    claire: User, checked: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = checked(claire, HEAD + CLAIRE + PAUL)
    monkeypatch.setattr("addressbook.contacts.keeping.MOST_CONTACTS", 1)
    with pytest.raises(AddressBookFull):
        imports.start(job)
    assert not Contact.objects.exists()


# --- groups ---


def test_groups_are_brought_up_to_date(claire: User, brought: Import, checked: Import) -> None:
    line = "{0};{0};{0}@exemple.invalid;;;{1}\n"
    brought(
        claire,
        HEAD
        + "".join(
            line.format(*one)
            for one in (("Anne", "3A"), ("Bea", "3A"), ("Cleo", "3A"), ("Dora", "3B"))
        ),
    )
    text = HEAD + "".join(
        line.format(*one) for one in (("Anne", "3A"), ("Bea", "3B"), ("Dora", "3B"), ("Eva", "3A"))
    )
    shown = {
        one.name: (one.added, one.moved, one.to_check)
        for one in imports.group_changes(checked(claire, text))
    }
    assert shown == {"3A": (1, 0, 1), "3B": (0, 1, 0)}
    job = brought(claire, text)
    assert (job.added, job.moved, job.to_check) == (1, 1, 1)
    assert members(claire, "3A") == ["Anne Anne", "Cleo Cleo", "Eva Eva"]
    assert members(claire, "3B") == ["Bea Bea", "Dora Dora"]


def test_who_has_no_room_in_a_group_is_left_out_of_it_and_that_is_said(
    claire: User, brought: Import, checked: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "MOST_ADDRESSES", 2)
    line = "{0};{0};{0}@exemple.invalid;;;3A\n"
    text = HEAD + "".join(line.format(name) for name in ("Anne", "Bea", "Cleo", "Dora"))
    (change,) = imports.group_changes(checked(claire, text))
    assert (change.added, change.to_check, change.beyond) == (2, 0, 2)
    words = import_presentation.group_words(
        change.added, change.moved, change.to_check, change.beyond
    )
    assert words.replace("\xa0", " ") == (
        "2 contacts ajoutés, 2 laissés hors d’un groupe qui est plein."
    )
    job = brought(claire, text)
    assert (job.new, job.added, job.to_check) == (4, 2, 0)
    assert job.warnings == {"group_full": 2}
    assert len(members(claire, "3A")) == 2


def members(user: User, name: str) -> list[str]:
    group = Group.objects.of(user).get(name=name)
    return list(group.contacts.filter(deleted=None).values_list("display_name", flat=True))


def test_who_is_in_one_group_more_leaves_none(claire: User, brought: Import) -> None:
    brought(claire, HEAD + CLAIRE)
    job = brought(claire, HEAD + CLAIRE.replace(";3A", ';"3A;4B"'))
    (contact,) = Contact.objects.of(claire)
    assert sorted(group.name for group in contact.groups.all()) == ["3A", "4B"]
    assert (job.added, job.moved, job.to_check) == (1, 0, 0)


def test_a_group_of_the_same_name_is_that_group(claire: User, brought: Import) -> None:
    groups.create(claire, "3a")
    brought(claire, HEAD + CLAIRE)
    assert Group.objects.of(claire).count() == 1
    assert members(claire, "3a") == ["Claire Martin"]


# --- jobs ---


def test_counts_alone_go_into_the_audit_log(claire: User, brought: Import) -> None:
    brought(claire, HEAD + CLAIRE + DAMAGED)
    event = AuditEvent.objects.get(kind="contacts.imported")
    assert (event.actor, event.detail["created"], event.detail["refused"]) == (claire, 1, 1)
    assert "Martin" not in str(event.detail)


def test_another_persons_import_is_not_there(claire: User, paul: User, checked: Import) -> None:
    job = checked(claire, HEAD + CLAIRE)
    assert imports.find_import(paul, job.pk) is None
    assert imports.find_import(claire, job.pk) == job


def test_cancelled_before_it_is_written_it_leaves_nothing(
    claire: User, checked: Import, spool: Path
) -> None:
    job = checked(claire, HEAD + CLAIRE)
    assert imports.cancel(job)
    assert (job.state, job.rows.count(), list(spool.iterdir())) == ("cancelled", 0, [])
    assert not imports.start(job)


def test_two_imports_of_one_person_are_written_one_after_the_other(
    claire: User, checked: Import
) -> None:
    first, second = checked(claire, HEAD + CLAIRE), checked(claire, HEAD + CLAIRE)
    for job in (first, second):
        assert imports.start(job)
    imports.run(second.pk)
    second.refresh_from_db()
    assert (second.state, second.runner, names(claire)) == ("writing", "", [])
    imports.run(first.pk)
    imports.run(second.pk)
    second.refresh_from_db()
    assert (second.state, second.new, names(claire)) == ("done", 0, ["Claire Martin"])


def test_a_second_run_changes_nothing(claire: User, brought: Import) -> None:
    job = brought(claire, HEAD + CLAIRE)
    imports.run(job.pk)
    imports.run(job.pk)
    assert names(claire) == ["Claire Martin"]


def test_a_file_that_is_gone_is_said(claire: User, spool: Path) -> None:
    job = imports.accept(claire, [SimpleUploadedFile("a.csv", HEAD.encode())], uploaded_by=claire)
    for file in spool.iterdir():
        file.unlink()
    imports.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.failure) == ("failed", "gone")
