"""List, card and form, and what is done from them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email, Phone, Photo, PostalAddress
from addressbook.contacts import groups
from addressbook.models import Contact, ContactPhoto
from addressbook.presentation import contacts as presentation
from tests.addressbook.conftest import SOPHIE
from tests.addressbook.contacts.test_keeping import picture

pytestmark = pytest.mark.django_db

LIST = "/contacts/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def visitor(browser_of: Callable[[User], Client], claire: User) -> Client:
    return browser_of(claire)


def fields(**more: str) -> dict[str, str]:
    """An empty form, as a browser posts it, with ``more``."""
    totals = {f"{kind}-TOTAL_FORMS": "1" for kind in ("emails", "phones", "addresses")}
    starts = {f"{kind}-INITIAL_FORMS": "0" for kind in ("emails", "phones", "addresses")}
    return {**totals, **starts, **{name.replace("__", "-"): text for name, text in more.items()}}


def posted_back(page: str) -> dict[str, str]:
    """Return what a browser would post of the form on this page."""
    from lxml import html

    (form,) = html.fromstring(page).xpath("//form[@enctype]")
    return {name: value or "" for name, value in form.form_values()}


def test_the_list_shows_contacts_by_letter(visitor: Client, sophie: Contact) -> None:
    page = visitor.get(LIST).content.decode()
    assert 'id="letter-L"' in page
    assert 'href="/contacts/?page=1' not in page
    assert 'href="/contacts/#letter-L"' in page
    assert "Sophie Lambert-Petit" in page
    assert "Déléguée des parents, Mairie de Valmont" in page


def test_five_thousand_contacts_cost_as_many_queries_as_one(
    visitor: Client, claire: User, django_assert_num_queries
) -> None:
    contacts.create(claire, ContactData(display_name="Un"))
    visitor.get(LIST)
    with django_assert_num_queries(11):
        visitor.get(LIST)
    datas = [ContactData(display_name=f"Nom {n}") for n in range(5000)]
    contacts.create_many(claire, datas)
    for name in ("4e A", "4e B", "4e C"):
        groups.create(claire, name)
    with django_assert_num_queries(11):
        page = visitor.get(LIST).content.decode()
    assert page.count('class="row person"') == 100


def test_scrolling_brings_the_rows_that_come_next(visitor: Client, claire: User) -> None:
    contacts.create_many(claire, [ContactData(display_name=f"N{n:03}") for n in range(150)])
    first = visitor.get(LIST).content.decode()
    assert 'id="more" href="/contacts/?page=2"' in first
    more = visitor.get(f"{LIST}?page=2", headers={**HTMX, "HX-Target": "more"}).content.decode()
    assert more.count('class="row person"') == 50
    assert "<html" not in more
    assert 'id="more"' not in more


def test_search_as_one_types_answers_with_what_was_found(visitor: Client, sophie: Contact) -> None:
    headers = {**HTMX, "HX-Target": "found"}
    partial = visitor.get(f"{LIST}?q=delegu+lamb", headers=headers).content.decode()
    assert partial.lstrip().startswith('<div class="contacts-found" id="found">')
    assert f"/contacts/{sophie.pk}/?q=delegu+lamb" in partial
    assert "Sophie" not in visitor.get(f"{LIST}?q=martin").content.decode()


def test_what_people_wrote_is_never_markup(visitor: Client, claire: User) -> None:
    evil = "<script>alert(1)</script>"
    data = ContactData(display_name=evil, notes=evil, urls=("javascript:alert(1)",))
    contact = contacts.create(claire, data)
    page = visitor.get(f"/contacts/{contact.pk}/").content.decode()
    assert evil not in page
    assert 'href="javascript:' not in page


def test_the_card_shows_everything(visitor: Client, sophie: Contact) -> None:
    page = visitor.get(f"/contacts/{sophie.pk}/").content.decode()
    for text in (
        "s.lambert@courriel.example",
        "+33 6 39 98 41 27",
        "14, rue des Saules",
        "12/05",
        "18 h",
    ):
        assert text in page
    assert "tel:+33639984127" in page
    assert "/compose/?to=Sophie+Lambert-Petit+%3Cs.lambert%40courriel.example%3E" in page
    part = visitor.get(f"/contacts/{sophie.pk}/", headers=HTMX).content.decode()
    assert 'id="contact"' in part
    assert "<html" not in part


def test_the_card_knows_how_to_find_its_mail(sophie: Contact) -> None:
    card = presentation.card(sophie, contacts.data_of(sophie), (), "")
    assert card.messages_query == (
        "de:s.lambert@courriel.example OR à:s.lambert@courriel.example"
        " OR de:sophie@mairie.example OR à:sophie@mairie.example"
    )


def test_the_card_opens_on_the_page_of_its_list(visitor: Client, claire: User) -> None:
    made = contacts.create_many(claire, [ContactData(display_name=f"N{n:03}") for n in range(150)])
    page = visitor.get(f"/contacts/{made[120].pk}/").content.decode()
    assert re.search(rf'href="/contacts/{made[120].pk}/\?page=2"[^>]* aria-current', page)


def test_a_contact_is_made_with_all_its_lines(visitor: Client, claire: User) -> None:
    data = fields(
        first_name="Zoé", last_name="Roux", birthday="12/05/1980", categories="4e B, Parents",
        emails__TOTAL_FORMS="2", emails__0__address="zoe@perso.example", emails__0__type="home",
        emails__1__address="zoe@bureau.example", emails__1__type="work",
        preferred__emails="1", phones__0__number="06 12 34 56 78", phones__0__type="mobile",
        addresses__0__city="Valmont", addresses__0__type="home",
    )  # fmt: skip
    answer = visitor.post("/contacts/new/", data)
    made = Contact.objects.get()
    assert answer["Location"] == f"/contacts/{made.pk}/"
    assert contacts.data_of(made) == ContactData(
        display_name="Zoé Roux", first_name="Zoé", last_name="Roux", birthday="1980-05-12",
        categories=("4e B", "Parents"),
        emails=(Email("zoe@bureau.example", "work"), Email("zoe@perso.example", "home")),
        phones=(Phone("06 12 34 56 78", "mobile"),),
        addresses=(PostalAddress("home", city="Valmont"),), uid=made.uid,
    )  # fmt: skip


def test_saving_the_form_untouched_changes_nothing(visitor: Client, claire: User) -> None:
    formatted = PostalAddress("work", formatted="Mairie\nValmont")
    data = ContactData(
        display_name="Prudhomme (Julie)", prefix="Dr", middle_name="Anne", suffix="Jr",
        emails=SOPHIE.emails, phones=SOPHIE.phones, others=SOPHIE.others,
        addresses=(formatted, PostalAddress("home", street="a\nb", po_box="BP 3", region="Nord")),
        urls=("https://x.example", "https://y.example"), notes="un\ndeux", categories=("A", "B"),
        birthday="--02-29", photo=Photo("image/jpeg", picture(40)),
    )  # fmt: skip
    contact = contacts.create(claire, data)
    before = contacts.data_of(contact)
    page = visitor.get(f"/contacts/{contact.pk}/edit/").content.decode()
    answer = visitor.post(f"/contacts/{contact.pk}/edit/", posted_back(page))
    assert answer.status_code == 302, answer.content.decode()
    assert contacts.data_of(Contact.objects.get(pk=contact.pk)) == before


def test_an_emptied_line_goes(visitor: Client, sophie: Contact) -> None:
    data = posted_back(visitor.get(f"/contacts/{sophie.pk}/edit/").content.decode())
    data["emails-0-address"] = ""
    visitor.post(f"/contacts/{sophie.pk}/edit/", data)
    after = contacts.data_of(Contact.objects.get(pk=sophie.pk))
    assert after.emails == SOPHIE.emails[1:]


def test_a_new_last_name_changes_what_is_shown(visitor: Client, sophie: Contact) -> None:
    data = posted_back(visitor.get(f"/contacts/{sophie.pk}/edit/").content.decode())
    visitor.post(f"/contacts/{sophie.pk}/edit/", {**data, "last_name": "Martin"})
    assert Contact.objects.get(pk=sophie.pk).display_name == "Sophie Martin"


def test_one_more_line_without_a_script_keeps_what_was_typed(visitor: Client) -> None:
    data = fields(first_name="Zoé", emails__0__address="zoe@x.example", more="emails")
    answer = visitor.post("/contacts/new/", data)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'name="emails-1-address"' in page
    assert "zoe@x.example" in page
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"emails__0__address": "zoe@", "notes": "Texte gardé"},
        {"first_name": "Zoé", "birthday": "31/02/2000", "notes": "Texte gardé"},
        {"first_name": "Z" * 301, "notes": "Texte gardé"},
    ],
)
def test_mistakes_come_back_with_the_text(visitor: Client, wrong: dict[str, str]) -> None:
    answer = visitor.post("/contacts/new/", fields(**wrong))
    assert answer.status_code == 422
    assert wrong.get("notes", "") in answer.content.decode()
    assert not Contact.objects.exists()


def test_a_picture_is_taken_shown_and_removed(visitor: Client, sophie: Contact) -> None:
    url = f"/contacts/{sophie.pk}/edit/"
    data = posted_back(visitor.get(url).content.decode())
    photo = SimpleUploadedFile("moi.jpg", picture(), "image/jpeg")
    assert visitor.post(url, {**data, "photo": photo}).status_code == 302
    kept = ContactPhoto.objects.get(contact=sophie)
    shown = visitor.get(f"/contacts/{sophie.pk}/photo/{kept.digest}")
    assert shown["Content-Type"] == "image/webp"
    assert shown.content == bytes(kept.content)
    assert f"/contacts/{sophie.pk}/photo/{kept.digest}" in visitor.get(LIST).content.decode()
    bad = SimpleUploadedFile("moi.jpg", b"\xff\xd8\xff rubbish", "image/jpeg")
    assert visitor.post(url, {**data, "photo": bad}).status_code == 422
    visitor.post(url, {**data, "remove_photo": "on"})
    assert not ContactPhoto.objects.exists()


def test_another_persons_picture_is_not_shown(
    browser_of: Callable[[User], Client], paul: User, claire: User
) -> None:
    data = ContactData(display_name="Zoé", photo=Photo("image/jpeg", picture(40)))
    kept = ContactPhoto.objects.get(contact=contacts.create(claire, data))
    url = f"/contacts/{kept.pk}/photo/{kept.digest}"
    assert browser_of(claire).get(url).status_code == 200
    assert browser_of(paul).get(url).status_code == 404


def test_deleting_offers_to_undo_it(visitor: Client, sophie: Contact) -> None:
    visitor.post("/contacts/act/", {"verb": "delete", "contacts": sophie.pk})
    page = visitor.get(LIST).content.decode()
    assert 'name="verb" value="undelete"' in page
    assert "Sophie" not in page
    visitor.post("/contacts/act/", {"verb": "undelete", "contacts": sophie.pk})
    assert "Sophie" in visitor.get(LIST).content.decode()


def test_thousands_are_counted_as_a_reader_expects_it(visitor: Client, claire: User) -> None:
    datas = [ContactData(display_name=f"Nom {n}") for n in range(1284)]
    contacts.create_many(claire, datas)
    many = "1\N{NO-BREAK SPACE}284"
    # Beside the list, and above it.
    assert visitor.get(LIST).content.decode().count(many) == 2
    pks = list(Contact.objects.of(claire).values_list("pk", flat=True))
    done = visitor.post("/contacts/act/", {"verb": "delete", "contacts": pks}, follow=True)
    assert f"{many} contacts supprimés" in done.content.decode()


def test_a_selection_goes_into_a_group_and_gets_a_category(
    visitor: Client, sophie: Contact, claire: User
) -> None:
    zoe = contacts.create(claire, ContactData(display_name="Zoé"))
    group = groups.create(claire, "Parents 4e B")
    chosen = {"contacts": [sophie.pk, zoe.pk], "group": group.pk}
    visitor.post("/contacts/act/", {"verb": "group", **chosen})
    assert set(group.contacts.all()) == {sophie, zoe}
    visitor.post("/contacts/act/", {"verb": "fill", "value": "4e B", **chosen})
    assert contacts.data_of(Contact.objects.get(pk=zoe.pk)).categories == ("4e B",)
    visitor.post("/contacts/act/", {"verb": "ungroup", **chosen})
    assert not group.contacts.exists()


def test_several_contacts_get_a_school_at_once_and_lose_it_again(
    visitor: Client, sophie: Contact, claire: User
) -> None:
    zoe = contacts.create(claire, ContactData(display_name="Zoé", school='École: du "Bois"'))
    before = contacts.data_of(zoe)
    chosen = {"contacts": [sophie.pk, zoe.pk], "field": "school", "value": " Collège  Hugo "}
    answer = visitor.post("/contacts/act/", {"verb": "fill", **chosen})
    page = visitor.get(answer["Location"])
    assert contacts.data_of(Contact.objects.get(pk=sophie.pk)).school == "Collège Hugo"
    form = re.search(r'action="/contacts/act/undo/">(.*?)</form>', page.content.decode(), re.S)
    assert form
    undo: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="([^"]*)" value="([^"]*)"', form[1]):
        undo.setdefault(name, []).append(unescape(value))
    assert visitor.post("/contacts/act/undo/", undo).status_code == 302
    assert contacts.data_of(Contact.objects.get(pk=sophie.pk)).school == ""
    assert contacts.data_of(Contact.objects.get(pk=zoe.pk)) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"former": "x:y"}, {"former": "1" * 30 + ":"}, {"field": "notes"}, {"value": ""},
        {"former": ["1:"] * 5001},
    ],
)  # fmt: skip
def test_an_undoing_that_is_none_is_refused(visitor: Client, wrong: dict[str, str]) -> None:
    data = {"field": "school", "value": "x", "former": "1:", **wrong}
    assert visitor.post("/contacts/act/undo/", data).status_code == 404


def test_nothing_is_filled_in_without_a_value(visitor: Client, sophie: Contact) -> None:
    chosen = {"contacts": sophie.pk, "field": "organization", "value": " , "}
    visitor.post("/contacts/act/", {"verb": "fill", **chosen, "value": "  "})
    assert Contact.objects.get(pk=sophie.pk).vcard == sophie.vcard


def test_every_part_of_a_name_and_an_address_can_be_written(visitor: Client, claire: User) -> None:
    data = fields(
        first_name="Zoé", middle_name="Anne", last_name="Roux", suffix="Jr",
        addresses__0__type="home", addresses__0__street="1 rue du Bois",
        addresses__0__po_box="BP 3",
        addresses__0__region="Nord", addresses__0__country="France",
    )  # fmt: skip
    visitor.post("/contacts/new/", data)
    made = contacts.data_of(Contact.objects.get())
    assert (made.middle_name, made.suffix) == ("Anne", "Jr")
    assert made.addresses == (
        PostalAddress("home", "1 rue du Bois", po_box="BP 3", region="Nord", country="France"),
    )


def test_an_address_that_nobody_took_apart_can_be_changed_and_removed(
    visitor: Client, claire: User
) -> None:
    texts = ("Mairie\nValmont", "École\nValmont")
    lines = tuple(PostalAddress("work", formatted=text) for text in texts)
    contact = contacts.create(claire, ContactData(display_name="Zoé", addresses=lines))
    url = f"/contacts/{contact.pk}/edit/"
    page = visitor.get(url).content.decode()
    assert all(f"{text}</textarea>" in page for text in texts)
    data = {**posted_back(page), "addresses-0-street": "", "addresses-1-city": "Valmont"}
    visitor.post(url, {**data, "addresses-1-street": "1, place"})
    after = contacts.data_of(Contact.objects.get(pk=contact.pk)).addresses
    assert after == (PostalAddress("work", "1, place", city="Valmont"),)


def test_nothing_is_done_to_others_contacts(
    browser_of: Callable[[User], Client], paul: User, sophie: Contact
) -> None:
    visitor = browser_of(paul)
    group = groups.create(sophie.user, "Parents")
    groups.add(group, [sophie.pk])
    his = groups.create(paul, "À Paul")
    for verb in ("delete", "undelete", "fill"):
        visitor.post("/contacts/act/", {"verb": verb, "contacts": sophie.pk, "value": "x"})
    undone = {"field": "category", "value": "Parents", "former": f"{sophie.pk}:"}
    visitor.post("/contacts/act/undo/", undone)
    visitor.post("/contacts/act/", {"verb": "group", "contacts": sophie.pk, "group": his.pk})
    got = [
        visitor.post(
            "/contacts/act/", {"verb": "ungroup", "contacts": sophie.pk, "group": group.pk}
        ),
        visitor.post(f"/contacts/{sophie.pk}/edit/", fields(first_name="x")),
        visitor.post(f"/contacts/groups/{group.pk}/edit/", {"name": "x"}),
        visitor.post(f"/contacts/groups/{group.pk}/delete/"),
        visitor.post(f"/contacts/groups/{group.pk}/restore/"),
        visitor.get(f"/contacts/?group={group.pk}&q=sophie"),
    ]
    assert [answer.status_code for answer in got] == [404, 404, 404, 404, 404, 200]
    assert "Sophie" not in got[-1].content.decode()
    same = Contact.objects.get(pk=sophie.pk)
    assert (same.deleted, same.vcard, list(same.groups.all())) == (None, sophie.vcard, [group])


def test_whoever_wrote_is_added_once(visitor: Client, sophie: Contact) -> None:
    data = {"name": "Zoé Roux", "address": "zoe@x.example"}
    first = visitor.post("/contacts/add/", data)
    assert visitor.post("/contacts/add/", data)["Location"] == first["Location"]
    assert Contact.objects.count() == 2
    known = visitor.post("/contacts/add/", {"name": "S", "address": "S.LAMBERT@courriel.example"})
    assert known["Location"] == reverse("addressbook:contact", args=[sophie.pk])


def test_a_new_contact_can_be_begun_by_its_address(visitor: Client) -> None:
    page = visitor.get("/contacts/new/?name=Zo%C3%A9&address=zoe@x.example").content.decode()
    assert 'value="zoe@x.example"' in page
    assert 'value="Zoé"' in page
