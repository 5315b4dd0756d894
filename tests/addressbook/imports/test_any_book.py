"""Whatever is in an address book and in a file: an import brought again changes nothing, and one
that is undone leaves what was there before."""

from __future__ import annotations

import random

import pytest

from accounts.models import User
from addressbook import contacts, imports
from addressbook.contact_data import ContactData, Email, Phone
from addressbook.contacts import groups
from addressbook.models import Contact, Group, ImportJob
from tests.addressbook.imports.conftest import Import

NAMES = ("Anne Petit", "A. Petit", "Jean Petit", "Mme Anne Petit", "Zoé", "", "Petit Anne")
ADDRESSES = ("petit@exemple.invalid", "PETIT@exemple.invalid", "zoe@exemple.invalid", "")
PHONES = ("0611111111", "0322000001", "", "")
GROUPS = ("Chorale", "3A", "", "")
NOTES = ("", "Soprano", "Alto")


def seen(user: User) -> tuple[object, ...]:
    """What the person sees of her address book."""
    there = Contact.objects.of(user)
    members = [
        (group.name, sorted(group.contacts.filter(deleted=None).values_list("pk", flat=True)))
        for group in Group.objects.of(user)
    ]
    return sorted(there.values_list("pk", "vcard", "search")), sorted(members)


def fill(user: User, dice: random.Random) -> None:
    made = contacts.create_many(user, [one(dice) for _n in range(dice.randrange(6))])
    for name in ("Chorale", "3B"):
        if dice.random() < 0.5:
            groups.add(groups.create(user, name), [each.pk for each in made if dice.random() < 0.5])


def one(dice: random.Random) -> ContactData:
    address, phone = dice.choice(ADDRESSES), dice.choice(PHONES)
    return ContactData(
        dice.choice(NAMES) or "Sans nom",
        emails=(Email(address),) if address else (),
        phones=(Phone(phone, "mobile"),) if phone else (),
        notes=dice.choice(NOTES),
    )


def table(dice: random.Random) -> str:
    rows = [
        ";".join(dice.choice(cells) for cells in (NAMES, ADDRESSES, PHONES, GROUPS, NOTES))
        for _n in range(1 + dice.randrange(7))
    ]
    return "\n".join(["Nom complet;Mail;Mobile;Groupe;Notes", *rows, "Lui;lui@exemple.invalid;;;"])


@pytest.mark.parametrize("policy", ImportJob.Policy.values)
@pytest.mark.parametrize("seed", range(8))
def test_brought_again_it_changes_nothing_and_undone_it_leaves_nothing(
    claire: User, brought: Import, policy: str, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311  no secret
    fill(claire, dice)
    text = table(dice)
    before = seen(claire)
    job = brought(claire, text, policy=policy)
    after = seen(claire)
    again = brought(claire, text, policy=policy)
    assert (seen(claire), again.new, again.merged) == (after, 0, 0)
    assert imports.undo(job)
    imports.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.kept, seen(claire)) == ("undone", 0, before)
