"""Contacts made, changed, binned: the columns say what the vCard says."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email, Photo
from addressbook.contacts import finding, groups, keeping
from addressbook.models import Contact, ContactAddress, ContactPhoto
from mail.errors import AddressBookFull
from tests.addressbook.conftest import SOPHIE

pytestmark = pytest.mark.django_db


def picture(side: int = 900) -> bytes:
    made = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "Chez Sophie"
    Image.new("RGB", (side, side // 2), "teal").save(made, "JPEG", exif=exif)
    return made.getvalue()


def test_a_contact_comes_back_as_it_was_given(sophie: Contact) -> None:
    expected = replace(SOPHIE, uid=sophie.uid, display_name="Sophie Lambert-Petit")
    assert contacts.data_of(Contact.objects.get(pk=sophie.pk)) == expected


def test_columns_and_addresses_follow_the_vcard(sophie: Contact) -> None:
    assert (sophie.sort_key, sophie.initial) == ("lambert-petit sophie", "L")
    assert sophie.organization == "Mairie de Valmont"
    rows = ContactAddress.objects.filter(contact=sophie).values_list("position", "folded", "type")
    assert list(rows) == [
        (0, "s.lambert@courriel.example", "home"),
        (1, "sophie@mairie.example", "work"),
    ]


def test_a_change_replaces_all_of_it_and_keeps_the_uid(sophie: Contact) -> None:
    uid = sophie.uid
    contacts.update(
        sophie, ContactData(display_name="Zoé", emails=(Email("zoe@x.example"),), uid="other")
    )
    again = Contact.objects.get(pk=sophie.pk)
    assert (again.uid, again.display_name, again.initial) == (uid, "Zoé", "Z")
    assert [row.folded for row in again.addresses.all()] == ["zoe@x.example"]
    assert "lambert" not in again.search


def test_a_uid_that_is_taken_is_replaced(sophie: Contact, claire: User, paul: User) -> None:
    twin = ContactData(display_name="Une autre", uid=sophie.uid)
    assert contacts.create(claire, twin).uid != sophie.uid
    assert contacts.create(paul, twin).uid == sophie.uid
    both = contacts.create_many(paul, [replace(twin, uid="a"), replace(twin, uid="a")])
    assert len({contact.uid for contact in both}) == 2


def test_many_contacts_are_made_in_their_order_with_few_statements(
    claire: User, django_assert_max_num_queries
) -> None:
    datas = [
        ContactData(display_name=f"N{n}", emails=(Email(f"n{n}@x.example"),)) for n in range(1200)
    ]
    with django_assert_max_num_queries(30):
        made = contacts.create_many(claire, datas)
    assert [contact.display_name for contact in made] == [data.display_name for data in datas]
    assert ContactAddress.objects.filter(user=claire).count() == 1200


def test_nothing_is_made_beyond_the_limit(claire: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_CONTACTS", 2)
    with pytest.raises(AddressBookFull):
        contacts.create_many(claire, [ContactData(display_name="x")] * 3)
    assert not Contact.objects.exists()


def test_a_picture_is_encoded_anew_and_small(claire: User) -> None:
    data = ContactData(display_name="Zoé", photo=Photo("image/jpeg", picture()))
    contact = contacts.create(claire, data)
    kept = bytes(ContactPhoto.objects.get(contact=contact).content)
    with Image.open(io.BytesIO(kept)) as image:
        assert (image.format, image.size) == ("WEBP", (512, 256))
        assert not image.getexif()
    assert b"Sophie" not in kept
    assert "PHOTO" not in contact.vcard
    kept_data = contacts.data_of(contact)
    assert kept_data.photo == Photo("image/webp", kept)
    contacts.update(contact, replace(kept_data, notes="x"))
    assert bytes(ContactPhoto.objects.get(contact=contact).content) == kept
    contacts.update(contact, replace(kept_data, photo=None))
    assert not ContactPhoto.objects.exists()


def test_what_is_no_picture_or_too_many_pixels_is_left_out(claire: User) -> None:
    bomb = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(bomb, "PNG")
    for content in (b"\x89PNG\r\n\x1a\nrubbish", picture()[:300], bomb.getvalue()):
        contacts.create(claire, ContactData(display_name="x", photo=Photo("image/png", content)))
    assert not ContactPhoto.objects.exists()


def test_deleted_contacts_come_back_into_their_groups(sophie: Contact, claire: User) -> None:
    group = groups.create(claire, "Parents 4e B")
    groups.add(group, [sophie.pk])
    assert contacts.delete(claire, [sophie.pk]) == [sophie.pk]
    assert groups.counted(claire) == [(group, 0)]
    assert contacts.restore(claire, [sophie.pk]) == 1
    assert groups.counted(claire) == [(group, 1)]


def test_another_persons_contacts_are_out_of_reach(sophie: Contact, paul: User) -> None:
    assert contacts.delete(paul, [sophie.pk]) == []
    contacts.delete(sophie.user, [sophie.pk])
    assert contacts.restore(paul, [sophie.pk]) == 0
    assert contacts.erase(paul, [sophie.pk]) == 0
    assert Contact.objects.filter(pk=sophie.pk).exists()


def test_only_what_is_in_the_bin_is_erased(sophie: Contact, claire: User) -> None:
    assert contacts.erase(claire, [sophie.pk]) == 0
    contacts.delete(claire, [sophie.pk])
    assert contacts.erase(claire, [sophie.pk]) == 1
    assert not Contact.objects.exists()


def test_the_bin_is_emptied_after_thirty_days(sophie: Contact, claire: User) -> None:
    fresh = contacts.create(claire, ContactData(display_name="Zoé"))
    contacts.delete(claire, [sophie.pk, fresh.pk])
    old = timezone.now() - timedelta(days=31)
    Contact.objects.filter(pk=sophie.pk).update(deleted=old)
    contacts.expire()
    assert list(Contact.objects.all()) == [fresh]


def test_a_category_is_added_once(sophie: Contact, claire: User) -> None:
    assert contacts.fill(claire, [sophie.pk], "category", "4e B") == {sophie.pk: ""}
    assert contacts.fill(claire, [sophie.pk], "category", "4E b") == {}
    assert contacts.data_of(Contact.objects.get(pk=sophie.pk)).categories == ("Parents", "4e B")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Zoé Roux", "Zoé Roux <z@x.example>"),
        ('Roux, "Zoé"', '"Roux, \\"Zoé\\"" <z@x.example>'),
        ("Zoé\r\nBcc: a@b", '"Zoé Bcc: a@b" <z@x.example>'),
        ("", "z@x.example"),
    ],
)
def test_a_recipient_is_written_as_one_would_type_it(name: str, expected: str) -> None:
    assert contacts.recipient(name, "z@x.example") == expected


@pytest.mark.parametrize("field", ["category", "organization", "school"])
def test_filling_in_many_costs_as_many_queries_as_few(
    claire: User, field: contacts.FillableField, django_assert_num_queries
) -> None:
    photo = Photo("image/jpeg", picture(40))
    emails = (Email("a@x.example"),)
    datas = [ContactData(display_name=f"N{n}", photo=photo, emails=emails) for n in range(60)]
    pks = [contact.pk for contact in contacts.create_many(claire, datas)]
    digests = set(ContactPhoto.objects.values_list("contact", "digest"))
    for several in (pks[:1], pks):
        with django_assert_num_queries(2):
            contacts.fill(claire, several, field, f"Valmont {len(several)}")
    assert set(ContactPhoto.objects.values_list("contact", "digest")) == digests
    assert finding.matching(claire, "valmont 60").count() == 60


def test_what_was_filled_in_goes_again_where_nobody_wrote_since(
    claire: User, sophie: Contact
) -> None:
    whole = contacts.data_of(sophie)
    zoe = contacts.create(claire, ContactData(display_name="Zoé", organization="Rectorat"))
    before = contacts.fill(claire, [sophie.pk, zoe.pk], "organization", "Collège")
    assert before == {sophie.pk: "Mairie de Valmont", zoe.pk: "Rectorat"}
    zoe.refresh_from_db()
    assert zoe.organization == "Collège"
    contacts.update(zoe, replace(contacts.data_of(zoe), organization="Lycée"))
    assert contacts.unfill(claire, "organization", "Collège", before) == 1
    after = Contact.objects.get(pk=sophie.pk)
    assert (contacts.data_of(after), after.organization) == (whole, "Mairie de Valmont")
    assert contacts.data_of(Contact.objects.get(pk=zoe.pk)).organization == "Lycée"


def test_a_category_that_was_there_stays(claire: User, sophie: Contact) -> None:
    zoe = contacts.create(claire, ContactData(display_name="Zoé"))
    before = contacts.fill(claire, [sophie.pk, zoe.pk], "category", "Parents")
    assert before == {zoe.pk: ""}
    contacts.unfill(claire, "category", "Parents", before)
    assert contacts.data_of(Contact.objects.get(pk=sophie.pk)).categories == ("Parents",)
    assert contacts.data_of(Contact.objects.get(pk=zoe.pk)).categories == ()


def test_nobody_fills_in_others_contacts(paul: User, sophie: Contact) -> None:
    assert contacts.fill(paul, [sophie.pk], "school", "Lycée") == {}
    assert contacts.unfill(paul, "organization", "Mairie de Valmont", {sophie.pk: "x"}) == 0
    assert Contact.objects.get(pk=sophie.pk).vcard == sophie.vcard
