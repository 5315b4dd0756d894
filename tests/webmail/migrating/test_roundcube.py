"""Users of Roundcube, brought here."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from accounts.models import AuditEvent, MailDomain, MovedUser, StaffRecord, User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups
from addressbook.models import CollectedRecipient, Contact, ContactPhoto, Group
from tests.addressbook.imports.pictures import noise, png
from tests.webmail.migrating.installations import (
    DATA,
    Installation,
    postgresql_without_charset,
    serialised,
)
from webmail.migrating import source
from webmail.models import (
    CACHE_KEY,
    AllowedSender,
    CannedAnswer,
    FolderChoice,
    Identity,
    PreferenceDefault,
)
from webmail.presentation import first_steps

CARD = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lefèvre;Anaïs;;;\r\nFN:Anaïs Lefèvre\r\n"
    "EMAIL;TYPE=INTERNET,HOME:anais@courriel.example\r\nTEL;TYPE=CELL:06 39 98 41 27\r\n"
    "X-SPOUSE:Camille\r\nEND:VCARD"
)


def move(installation: Installation, **options: Any) -> str:
    """What the command says."""
    out, err = StringIO(), StringIO()
    call_command("migrate_roundcube", database=installation.url, stdout=out, stderr=err, **options)
    return out.getvalue()


def table(report: Path) -> list[dict[str, str]]:
    lines = report.read_text(encoding="utf-8-sig").splitlines()
    return list(csv.DictReader(lines, delimiter=";"))


def staff_record(domain: MailDomain, login: str, address: str) -> StaffRecord:
    return StaffRecord.objects.create(
        mail_domain=domain,
        login=login,
        address=address,
        last_name="Durand",
        key_id="2026",
        numen_digest=b"n" * 32,
        lookup_digest=b"l" * 32,
    )


def add_user(installation: Installation, login: str = "fdurand", **preferences: object) -> int:
    return installation.add(
        "users",
        username=login,
        mail_host="imap.ac-exemple.fr",
        language="fr_FR",
        preferences=serialised(preferences).decode(),
    )


def add_contact(
    installation: Installation, user: int, vcard: str | None = CARD, **more: str
) -> int:
    columns = {"name": "", "email": "", "firstname": "", "surname": ""} | more
    return installation.add("contacts", user_id=user, vcard=vcard, **columns)


def add_group(installation: Installation, user: int, name: str, *members: int) -> int:
    key = installation.add("contactgroups", user_id=user, name=name)
    for member in members:
        installation.add("contactgroupmembers", contactgroup_id=key, contact_id=member)
    return key


def francoise() -> User:
    return User.objects.get(login="fdurand")


@pytest.fixture
def user(roundcube: Installation) -> int:
    """Françoise's number there."""
    return add_user(roundcube)


# --- what is brought ---


def test_a_user_who_was_never_here_is_made_and_shown_around(
    roundcube: Installation, user: int
) -> None:
    move(roundcube)
    made = francoise()
    assert made.address == "fdurand@ac-exemple.fr"
    assert not made.has_usable_password()
    assert made.preferences == {"language": "fr", "first_steps": "on"}


def test_an_identity_comes_with_name_reply_to_and_a_sanitised_signature(
    roundcube: Installation, user: int
) -> None:
    roundcube.add(
        "identities",
        user_id=user,
        email="fdurand@ac-exemple.fr",
        name="Françoise Durand",
        organization="Collège Jules-Verne",
        bcc="ailleurs@courriel.example",
        signature='<p onclick="x()">Cordialement<script>alert(1)</script>, <b>F. D.</b></p>',
        html_signature=1,
        standard=1,
        **{"reply-to": "secretariat@ac-exemple.fr"},
    )
    words = move(roundcube)
    (identity,) = Identity.objects.of(francoise())
    assert (identity.name, identity.reply_to) == ("Françoise Durand", "secretariat@ac-exemple.fr")
    assert identity.is_default
    assert "<b>F. D.</b>" in identity.signature
    assert "script" not in identity.signature
    assert "onclick" not in identity.signature
    assert "organisation" in words
    assert "Bcc" in words


def test_a_plain_signature_loses_the_mark_above_it(roundcube: Installation, user: int) -> None:
    roundcube.add(
        "identities",
        user_id=user,
        email="fdurand@ac-exemple.fr",
        signature="-- \nF. Durand\n<prof>",
    )
    move(roundcube)
    (identity,) = Identity.objects.of(francoise())
    assert identity.signature == "<div>F. Durand</div><div>&lt;prof&gt;</div>"


def test_a_long_signature_comes_with_its_small_picture_and_nothing_from_elsewhere(
    roundcube: Installation, user: int
) -> None:
    picture = f"data:image/png;base64,{base64.b64encode(png('red')).decode()}"
    lines = "".join(f"<div>Ligne {number} de la signature</div>" for number in range(1_000))
    signature = f'<img src="{picture}"><img src="https://pisteur.example/x.png">{lines}'
    roundcube.add(
        "identities",
        user_id=user,
        email="fdurand@ac-exemple.fr",
        signature=signature,
        html_signature=1,
    )
    move(roundcube)
    kept = Identity.objects.get().signature
    assert picture in kept
    assert "pisteur" not in kept
    assert "Ligne 999 de la signature" in kept


def test_the_order_of_lists_comes_for_the_inbox(roundcube: Installation) -> None:
    add_user(roundcube, message_sort_col="fromto", message_sort_order="ASC")
    move(roundcube)
    order = FolderChoice.objects.order_of(francoise(), "INBOX")
    assert order == ("from", True, False)


def test_contacts_come_with_all_that_their_cards_say(roundcube: Installation, user: int) -> None:
    add_contact(roundcube, user)
    move(roundcube)
    (contact,) = Contact.objects.of(francoise())
    data = contacts.data_of(contact)
    assert data.display_name == "Anaïs Lefèvre"
    assert data.emails == (Email("anais@courriel.example", "home"),)
    assert data.phones[0].number == "06 39 98 41 27"
    assert data.others == ("X-SPOUSE:Camille",)


def test_a_contact_comes_with_its_picture(roundcube: Installation, user: int) -> None:
    content = base64.b64encode(noise(300)).decode()
    assert len(content) > 50_000
    photo = f"PHOTO;ENCODING=b;TYPE=PNG:{content}\r\nEND:"
    add_contact(roundcube, user, CARD.replace("END:", photo))
    add_contact(roundcube, user, None, name="Marc Petit", email="marc@a.example")
    move(roundcube)
    shown = ContactPhoto.objects.get()
    assert shown.contact.display_name == "Anaïs Lefèvre"
    assert Contact.objects.of(francoise()).count() == 2


def test_a_contact_without_a_card_is_made_of_its_columns(
    roundcube: Installation, user: int
) -> None:
    add_contact(roundcube, user, None, name="Marc Petit", email="marc@a.example, petit@b.example")
    move(roundcube)
    (contact,) = Contact.objects.of(francoise())
    data = contacts.data_of(contact)
    assert data.display_name == "Marc Petit"
    assert [email.address for email in data.emails] == ["marc@a.example", "petit@b.example"]


def test_a_contact_without_a_name_is_shown_by_its_address(
    roundcube: Installation, user: int
) -> None:
    add_contact(roundcube, user, None, email="seule@courriel.example")
    move(roundcube)
    (contact,) = Contact.objects.of(francoise())
    assert contact.display_name == "seule@courriel.example"


def test_a_card_that_was_cut_gives_what_is_left_of_it_and_is_told(
    roundcube: Installation, user: int
) -> None:
    add_contact(roundcube, user, CARD[:100])
    words = move(roundcube)
    (contact,) = Contact.objects.of(francoise())
    assert contact.display_name == "Anaïs Lefèvre"
    assert "1 × contact: its card was cut there already" in words


def test_a_contact_with_nothing_in_it_and_one_that_was_deleted_stay(
    roundcube: Installation, user: int
) -> None:
    add_contact(roundcube, user, "")
    key = add_contact(roundcube, user)
    roundcube.run("UPDATE contacts SET del = 1 WHERE contact_id = %s", (key,))
    words = move(roundcube)
    assert not Contact.objects.of(francoise()).exists()
    assert "1 × contact: there is nothing in it" in words


def test_groups_come_with_their_members(roundcube: Installation, user: int) -> None:
    first = add_contact(roundcube, user)
    second = add_contact(roundcube, user, None, email="b@courriel.example")
    add_group(roundcube, user, "Parents 6eB", first, second)
    add_group(roundcube, user, "Vide")
    move(roundcube)
    parents, empty = Group.objects.of(francoise())
    assert parents.contacts.count() == 2
    assert (empty.name, empty.contacts.count()) == ("Vide", 0)


def test_collected_recipients_and_trusted_senders_come(roundcube: Installation, user: int) -> None:
    for kind, address in ((1, "Parent@courriel.example"), (2, "lettre@mairie.example"), (1, "x")):
        roundcube.add(
            "collected_addresses",
            user_id=user,
            email=address,
            name="Un Parent",
            type=kind,
            changed="2024-03-01 10:00:00",
        )
    move(roundcube)
    (recipient,) = CollectedRecipient.objects.of(francoise())
    assert (recipient.address, recipient.name) == ("Parent@courriel.example", "Un Parent")
    assert recipient.last.date().isoformat() == "2024-03-01"
    assert AllowedSender.objects.allows(francoise(), "lettre@mairie.example")
    assert not AllowedSender.objects.allows(francoise(), "parent@courriel.example")


def test_preferences_that_are_alike_come_and_others_are_named(roundcube: Installation) -> None:
    add_user(
        roundcube,
        mail_pagesize=100,
        timezone="Indian/Reunion",
        message_threading={"INBOX": True, "Envoy&AOk-s": True, "Brouillons": False},
        skin="elastic",
    )
    words = move(roundcube)
    assert francoise().preferences["page_size"] == "100"
    assert francoise().preferences["time_zone"] == "Indian/Reunion"
    folders = FolderChoice.objects.of(francoise()).values_list("folder", "threads")
    assert set(folders) == {("INBOX", True), ("Envoyés", True)}
    assert "1 × preference skin: no like here" in words


def test_canned_responses_come_from_their_table(roundcube: Installation, user: int) -> None:
    roundcube.add("responses", user_id=user, name="Bien reçu", data="<p>Merci</p>", is_html=1)
    roundcube.add("responses", user_id=user, name="bien reçu", data="Merci\nbien", is_html=0)
    roundcube.add("responses", user_id=user, name="Vide", data=" ", is_html=0)
    words = move(roundcube)
    names = sorted(answer.name for answer in CannedAnswer.objects.of(francoise()))
    assert names == ["Bien reçu", "bien reçu (2)"]
    assert "1 × canned answer" in words


def test_roundcube_1_4_has_neither_collected_addresses_nor_a_table_of_responses(
    roundcube: Installation,
) -> None:
    roundcube.run("DROP TABLE collected_addresses")
    roundcube.run("DROP TABLE responses")
    add_user(
        roundcube,
        compose_responses=[{"key": "ab12", "name": "Absent", "text": "Je suis absente."}, "x"],
    )
    move(roundcube)
    (answer,) = CannedAnswer.objects.of(francoise())
    assert (answer.name, answer.html) == ("Absent", "<div>Je suis absente.</div>")


# --- what was here before, and a second run ---


def everything() -> list[Any]:
    tables = (Contact, Group, Identity, CannedAnswer, CollectedRecipient, AllowedSender, MovedUser)
    rows = [list(table.objects.order_by("pk").values()) for table in tables]
    return [*rows, list(User.objects.values_list("pk", "preferences")), AuditEvent.objects.count()]


@pytest.fixture
def whole(roundcube: Installation) -> Installation:
    """Françoise with some of everything."""
    user = add_user(roundcube, mail_pagesize=25, message_threading={"INBOX": True})
    first = add_contact(roundcube, user)
    second = add_contact(roundcube, user, None, name="Marc Petit", email="marc@a.example")
    add_group(roundcube, user, "Parents", first, second)
    roundcube.add("identities", user_id=user, email="fdurand@ac-exemple.fr", signature="F. D.")
    roundcube.add("responses", user_id=user, name="Merci", data="Merci")
    for kind in (1, 2):
        roundcube.add("collected_addresses", user_id=user, email="a@b.example", type=kind)
    return roundcube


def test_a_second_run_changes_nothing(whole: Installation) -> None:
    move(whole)
    before = everything()
    words = move(whole)
    assert everything() == before
    assert "1 users: 1 unchanged" in words


def test_what_its_owner_changed_or_deleted_since_stays_so(whole: Installation) -> None:
    move(whole)
    user = francoise()
    marc = Contact.objects.get(user=user, display_name="Marc Petit")
    contacts.update(marc, ContactData(display_name="Marc Grand"))
    anais = Contact.objects.get(user=user, display_name="Anaïs Lefèvre")
    contacts.delete(user, [anais.pk])
    groups.delete(Group.objects.get(user=user))
    Identity.objects.of(user).update(signature="<div>Autre</div>")
    CannedAnswer.objects.of(user).delete()
    AllowedSender.objects.forget(user, "a@b.example")
    user.preferences["page_size"] = "50"
    user.save()
    before = everything()
    move(whole)
    assert everything() == before


def test_what_is_new_there_since_comes_with_the_next_run(whole: Installation) -> None:
    move(whole)
    user = 1
    new = add_contact(whole, user, None, name="Zoé Noël", email="zoe@a.example")
    whole.add("contactgroupmembers", contactgroup_id=4, contact_id=new)
    words = move(whole)
    assert "contacts 1, groups 0" in words
    group = Group.objects.get(user=francoise())
    assert group.contacts.filter(display_name="Zoé Noël").exists()
    assert MovedUser.objects.get().contacts == 3


def test_a_contact_that_was_here_before_is_completed_and_not_doubled(
    roundcube: Installation, academy: MailDomain, user: int
) -> None:
    mine = User.objects.create(mail_domain=academy, login="fdurand", address="f@ac-exemple.fr")
    kept = contacts.create(
        mine,
        ContactData(display_name="Anaïs Lefèvre", emails=(Email("ANAIS@courriel.example"),)),
    )
    add_group(roundcube, user, "Parents", add_contact(roundcube, user))
    move(roundcube)
    (contact,) = Contact.objects.of(mine)
    assert contact.pk == kept.pk
    assert contacts.data_of(contact).phones[0].number == "06 39 98 41 27"
    assert Group.objects.get(user=mine).contacts.get() == contact


def test_a_preference_or_identity_chosen_here_goes_first(
    roundcube: Installation, academy: MailDomain
) -> None:
    mine = User.objects.create(
        mail_domain=academy,
        login="fdurand",
        address="fdurand@ac-exemple.fr",
        preferences={"page_size": "50"},
    )
    Identity.objects.create(
        user=mine, address="fdurand@ac-exemple.fr", source="sign_in", signature="<div>Ici</div>"
    )
    user = add_user(roundcube, mail_pagesize=100)
    roundcube.add("identities", user_id=user, email="fdurand@ac-exemple.fr", signature="Là")
    move(roundcube)
    assert francoise().preferences["page_size"] == "50"
    assert Identity.objects.get(user=mine).signature == "<div>Ici</div>"


def test_a_trial_tells_all_and_writes_nothing(whole: Installation, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    words = move(whole, dry_run=True, report=report)
    assert "Tried, nothing written." in words
    assert "contacts 2, groups 1, identities 1" in words
    assert not User.objects.filter(login="fdurand").exists()
    assert not MovedUser.objects.exists()
    assert not AuditEvent.objects.exists()
    rows = table(report)
    assert rows[0]["login"] == "fdurand"
    assert (rows[0]["outcome"], rows[0]["contacts"]) == ("moved", "2")


def test_the_report_as_json_has_an_object_a_user_and_no_cell(
    whole: Installation, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    move(whole, report=report)
    text = report.read_text(encoding="utf-8")
    (row,) = [json.loads(line) for line in text.splitlines()]
    assert row["counts"]["contacts"] == 2
    assert "courriel.example" not in text
    assert report.stat().st_mode & 0o077 == 0


def test_each_user_who_is_brought_has_a_line_in_the_audit_log(whole: Installation) -> None:
    move(whole)
    event = AuditEvent.objects.get()
    assert event.kind == AuditEvent.Kind.USER_MOVED
    assert event.target == "fdurand@ac-exemple.fr"
    assert event.detail["contacts"] == 2
    assert event.detail["source"] == "roundcube"


def test_the_first_steps_of_a_user_who_was_brought_ask_for_no_old_address_book(
    whole: Installation,
) -> None:
    move(whole)
    done = [step.icon for step in first_steps.steps(francoise()) if step.is_done]
    assert done == ["pencil", "contact-round"]


# --- addresses that are somebody else's ---


def add_identity(roundcube: Installation, user: int, address: str, signature: str = "S") -> None:
    roundcube.add("identities", user_id=user, email=address, signature=signature)


def addresses() -> set[str]:
    return {identity.address for identity in Identity.objects.of(francoise())}


def test_an_address_that_nobody_vouches_for_is_no_identity_but_its_signature_is_kept(
    roundcube: Installation, user: int
) -> None:
    add_identity(roundcube, user, "recteur@ac-exemple.fr", "La signature")
    words = move(roundcube)
    assert addresses() == {"fdurand@ac-exemple.fr"}
    assert Identity.objects.get().signature == "<div>La signature</div>"
    assert "an address of ac-exemple.fr that is not known" in words


def test_a_domain_that_administrators_vouch_for_gives_identities(
    roundcube: Installation, user: int
) -> None:
    add_identity(roundcube, user, "fdurand@ac-exemple.fr")
    add_identity(roundcube, user, "Francoise.Durand@ac-exemple.fr")
    add_identity(roundcube, user, "f@ailleurs.example")
    move(roundcube, vouch=["AC-exemple.fr"])
    assert addresses() == {"fdurand@ac-exemple.fr", "francoise.durand@ac-exemple.fr"}


def test_an_address_that_was_left_out_comes_once_administrators_vouch_for_it(
    roundcube: Installation, user: int
) -> None:
    add_identity(roundcube, user, "francoise.durand@ac-exemple.fr", "La signature")
    move(roundcube)
    assert addresses() == {"fdurand@ac-exemple.fr"}
    assert "1 unchanged" in move(roundcube)
    move(roundcube, vouch=["ac-exemple.fr"])
    assert addresses() == {"fdurand@ac-exemple.fr", "francoise.durand@ac-exemple.fr"}
    before = everything()
    move(roundcube, vouch=["ac-exemple.fr"])
    assert everything() == before


@pytest.mark.parametrize("whose", ["user", "login", "staff", "identity", "there", "login there"])
def test_nobody_is_vouched_for_with_the_address_of_another(
    roundcube: Installation, academy: MailDomain, user: int, whose: str
) -> None:
    theirs = "recteur@ac-exemple.fr"
    match whose:
        case "user":
            User.objects.create(mail_domain=academy, login="x", address=theirs)
        case "login":
            User.objects.create(mail_domain=academy, login="recteur")
        case "staff":
            staff_record(academy, "x", theirs)
        case "identity":
            other = User.objects.create(mail_domain=academy, login="x", address="x@ac-exemple.fr")
            Identity.objects.create(user=other, address=theirs)
        case "there":
            add_identity(roundcube, add_user(roundcube, "zoe"), theirs)
        case "login there":
            add_user(roundcube, "recteur")
    add_identity(roundcube, user, "fdurand@ac-exemple.fr")
    add_identity(roundcube, user, theirs)
    move(roundcube, vouch=["ac-exemple.fr"])
    assert addresses() == {"fdurand@ac-exemple.fr"}


def test_a_second_identity_of_an_address_leaves_its_signature_as_a_canned_answer(
    roundcube: Installation, user: int
) -> None:
    for signature in ("Première", "Deuxième"):
        add_identity(roundcube, user, "fdurand@ac-exemple.fr", signature)
    move(roundcube)
    assert Identity.objects.get().signature == "<div>Première</div>"
    assert CannedAnswer.objects.get().html == "<div>Deuxième</div>"


# --- damage ---


def test_preferences_that_are_broken_stay_and_the_rest_comes(roundcube: Installation) -> None:
    user = add_user(roundcube)
    broken = 'a:1:{s:13:"mail_pagesize";O:8:"stdClass":0:{}}'
    roundcube.run("UPDATE users SET preferences = %s", (broken,))
    add_contact(roundcube, user)
    words = move(roundcube)
    assert "1 × preferences cannot be read" in words
    assert Contact.objects.of(francoise()).count() == 1


def test_texts_whose_charset_was_mistaken_are_read_as_they_were_meant(
    roundcube: Installation,
) -> None:
    user = add_user(roundcube)
    kept = serialised({"layout": "list", "x": "é"}, "latin-1").decode("latin-1")
    roundcube.run("UPDATE users SET preferences = %s", (kept,))
    add_contact(roundcube, user, CARD.encode().decode("latin-1"))
    add_group(roundcube, user, "Ã‰lÃ¨ves de 6áµ‰")
    move(roundcube)
    assert francoise().preferences["panes"] == "none"
    assert Contact.objects.get(user=francoise()).display_name == "Anaïs Lefèvre"
    assert Group.objects.get(user=francoise()).name.startswith("Élèves")


def test_huge_values_are_left_where_they_are(roundcube: Installation) -> None:
    user = add_user(roundcube, x="é" * 1_100_000)
    add_contact(roundcube, user, CARD.replace("END:", f"NOTE:{'x' * 9_000_000}\r\nEND:"))
    roundcube.add(
        "identities", user_id=user, email="fdurand@ac-exemple.fr", name="F", signature="y" * 400_000
    )
    words = move(roundcube)
    assert "preferences cannot be read: too large" in words
    assert "signature: too large" in words
    assert "contact: its card is too large, and was cut" in words
    assert Contact.objects.get(user=francoise()).display_name == "Anaïs Lefèvre"
    assert Identity.objects.get().signature == ""


def test_bytes_that_are_no_utf_8_in_a_database_without_charset(academy: MailDomain) -> None:
    with postgresql_without_charset() as url, psycopg.connect(url) as opened:
        opened.execute((DATA / "roundcube.sql").read_text(encoding="utf-8"))
        opened.execute("INSERT INTO users VALUES (1, 'fdurand', 'h', 'fr_FR', 'a:0:{}')")
        opened.execute(
            "INSERT INTO contacts (contact_id, user_id, name, email)"
            " VALUES (1, 1, E'Zo\\351 No\\353l', 'zoe@a.example')"
        )
        opened.commit()
        words = move(Installation("postgresql", url, opened))
    assert "1 moved" in words
    assert Contact.objects.get(user=francoise()).display_name == "Zoé Noël"


# --- who, and what goes wrong ---


def test_the_failure_of_one_user_stops_nobody(roundcube: Installation, tmp_path: Path) -> None:
    for login in ("anne", "fdurand", "zoe"):
        add_user(roundcube, login)
    # A view that fails for the second user alone.
    fault = "1 / (user_id - 2)" if roundcube.kind == "postgresql" else "json('{')"
    roundcube.run("DROP TABLE responses")
    roundcube.run(
        "CREATE VIEW responses AS SELECT CASE WHEN user_id = 2 THEN"  # noqa: S608
        f" {fault} ELSE 1 END AS response_id, user_id, 0 AS del, 'a' AS name, 'b' AS data,"
        " 0 AS is_html FROM users"
    )
    report = tmp_path / "report.csv"
    with pytest.raises(CommandError) as raised:
        move(roundcube, report=report)
    assert raised.value.returncode == 3
    rows = table(report)
    assert [row["outcome"] for row in rows] == ["moved", "failed", "moved"]
    assert "Error" in rows[1]["reason"]
    assert sorted(User.objects.values_list("login", flat=True)) == ["anne", "zoe"]


def test_many_failures_in_a_row_are_the_databases_and_end_the_run(
    roundcube: Installation,
) -> None:
    for number in range(40):
        add_user(roundcube, f"agent{number}")
    fault = "1 / (user_id - user_id)" if roundcube.kind == "postgresql" else "json('{')"
    roundcube.run("DROP TABLE responses")
    roundcube.run(
        f"CREATE VIEW responses AS SELECT {fault} AS response_id, user_id, 0 AS del,"  # noqa: S608
        " 'a' AS name, 'b' AS data, 0 AS is_html FROM users"
    )
    with pytest.raises(CommandError, match="ended early") as raised:
        move(roundcube)
    assert raised.value.returncode == 1
    assert not User.objects.exists()


def test_a_login_of_no_mail_domain_is_left_out(roundcube: Installation, user: int) -> None:
    add_user(roundcube, "x@ailleurs.example")
    with pytest.raises(CommandError) as raised:
        move(roundcube)
    assert raised.value.returncode == 3
    assert list(User.objects.values_list("login", flat=True)) == ["fdurand"]


def test_a_template_makes_the_login_here_and_a_file_chooses_whom(
    roundcube: Installation, tmp_path: Path
) -> None:
    add_user(roundcube, "Fdurand@ancien.example")
    add_user(roundcube, "bpetit@ancien.example")
    only = tmp_path / "only.txt"
    only.write_text("\ufefffdurand@ac-exemple.fr\r\n\r\n", encoding="utf-8")
    move(roundcube, login="{local}@ac-exemple.fr", only=only)
    assert list(User.objects.values_list("login", flat=True)) == ["fdurand"]


def test_a_staff_record_says_the_login_of_an_address(
    roundcube: Installation, academy: MailDomain
) -> None:
    staff_record(academy, "fdurand", "francoise.durand@ac-exemple.fr")
    user = add_user(roundcube, "francoise.durand@ac-exemple.fr")
    add_identity(roundcube, user, "francoise.durand@ac-exemple.fr")
    move(roundcube)
    assert addresses() == {"francoise.durand@ac-exemple.fr"}


def test_the_database_is_read_only(roundcube: Installation, user: int) -> None:
    with source.opened(roundcube.url) as opened, pytest.raises(DatabaseError):
        opened.rows("DELETE FROM users RETURNING user_id")


def test_a_prefix_of_the_tables_is_put_before_their_names(
    roundcube: Installation, user: int
) -> None:
    for table in ("users", "identities", "contacts", "contactgroups", "contactgroupmembers"):
        roundcube.run(f"ALTER TABLE {table} RENAME TO rc_{table}")
    move(roundcube, prefix="rc_")
    assert francoise().preferences["language"] == "fr"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("oracle://x/y", "--database is"),
        ("postgresql://u:geheim@127.0.0.1:1/x", "not reached"),
        ("postgresql://u:p@127.0.0.1:port/x", "port is no number"),
        ("sqlite:////nowhere/at/all.sqlite3", "not reached"),
    ],
)
def test_a_database_that_is_not_there_is_said_in_words(db: None, url: str, words: str) -> None:
    with pytest.raises(CommandError) as raised:
        call_command("migrate_roundcube", database=url)
    assert words in str(raised.value)
    assert "geheim" not in str(raised.value)


def test_a_database_of_another_program_is_said_in_words(horde: Installation) -> None:
    with pytest.raises(CommandError, match="There is no table users"):
        move(horde)


@pytest.fixture
def without_driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without PyMySQL and mysqlclient."""
    for name in ("MySQLdb", "pymysql"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    yield


def test_without_a_driver_of_mysql_the_command_says_which_to_install(
    db: None, without_driver: None
) -> None:
    with pytest.raises(CommandError, match=r"requirements-mysql\.txt"):
        call_command("migrate_roundcube", database="mysql://u:p@127.0.0.1/x")


def test_a_preference_that_administrators_locked_is_left_out(roundcube: Installation) -> None:
    add_user(roundcube, timezone="Indian/Reunion", mail_pagesize=100)
    PreferenceDefault.objects.create(name="time_zone", value="Europe/Paris", locked=True)
    cache.delete(CACHE_KEY)
    said = move(roundcube)
    assert "preference: set by the administrators" in said
    assert francoise().preferences["page_size"] == "100"
    assert "time_zone" not in francoise().preferences
