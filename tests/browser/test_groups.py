"""Groups in a browser: one in another, shared with a colleague, from the directory, to the message
that leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from addressbook import contacts
from addressbook.completion import index
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups
from addressbook.models import DirectoryEntry, Group, GroupShare
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests import parts
from tests.browser.conformity import violations
from webmail.models import OutboxMessage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATIENCE = 60_000


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


@pytest.fixture
def directory(db: None) -> None:
    """Teachers, and the colleague to share with."""
    cache.clear()
    people = (("Aline Vidal", "SVT"), ("Bruno Petit", "SVT"), ("David Roy", "Allemand"))
    entries = []
    for name, discipline in (*people, ("Robert Bob", "")):
        address = f"{name.split()[0].lower()}@ac-exemple.fr" if discipline else "bob@ac-exemple.fr"
        entries.append(
            DirectoryEntry(
                source="staff", source_id=name, name=name, sort_key=name.lower(),
                address=address, folded=address, discipline=discipline, function="Professeur",
                school_uai="0800101A", school_name="Collège Les Aubépines", filled=timezone.now(),
            )
        )  # fmt: skip
    index.save_entries(entries)


def group_of(login: str, name: str, *people: str) -> Group:
    mine = User.objects.get(login=login)
    made = groups.create(mine, name)
    datas = [
        ContactData(display_name=one, emails=(Email(f"{one.lower()}@courriel.example"),))
        for one in people
    ]
    groups.add(made, [one.pk for one in contacts.create_many(mine, datas)])
    return made


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_from_groups_to_the_message_of_a_colleague(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    bob: MailAccount,
    submission: SubmissionServer,
    directory: None,
    faults: list[str],
    width: int,
) -> None:
    page = open_page(width=width)
    sign_in(page, alice, opens=False)
    found: list[str] = []

    # A group in a group, by keyboard alone.
    group_of("alice", "Sciences", "Zoe", "Marc")
    team = group_of("alice", "Équipe", "Zelda")
    page.goto(f"/contacts/groups/{team.pk}/edit/")
    page.locator("#id_inner").select_option(label="Sciences")
    page.locator("#id_inner").press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".group-parts")).to_contain_text("Sciences", timeout=PATIENCE)
    expect(page.locator(".group-parts")).to_contain_text("3 personnes reçoivent le message")
    found += violations(page)

    # One from the directory, looked at before it is made, and put in too.
    page.goto("/contacts/groups/directory/")
    page.locator("#id_discipline").fill("svt")
    page.get_by_role("button", name="Voir de qui il s’agit").click()
    expect(page.locator(".audience")).to_contain_text("2 personnes aujourd’hui", timeout=PATIENCE)
    found += violations(page)
    page.locator("#id_name").fill("Collègues de SVT")
    page.get_by_role("button", name="Créer").click()
    expect(page.locator(".group-filter")).to_contain_text("SVT", timeout=PATIENCE)
    page.goto(f"/contacts/groups/{team.pk}/edit/")
    page.locator("#id_inner").select_option(label="Collègues de SVT")
    page.get_by_role("button", name="Mettre dans ce groupe").click()
    expect(page.locator(".group-parts")).to_contain_text("5 personnes", timeout=PATIENCE)

    # Shared with a colleague, who is completed.
    page.get_by_role("link", name="Partager le groupe").click()
    people = page.locator("#id_people")
    expect(people).to_be_visible(timeout=PATIENCE)
    people.press_sequentially("robert")
    page.locator(".suggestion", has_text="Robert Bob").first.click(timeout=PATIENCE)
    page.locator("[name=may][value=edit]").check()
    found += violations(page)
    page.get_by_role("button", name="Partager", exact=True).click()
    expect(page.locator(".share-rows")).to_contain_text("Robert Bob", timeout=PATIENCE)
    assert GroupShare.objects.get().may_edit

    # The colleague: its members, one more, and a message to all of them.
    colleague = open_page(width=width)
    sign_in(colleague, bob, opens=False)
    colleague.goto(f"/contacts/shared/{team.pk}/")
    expect(colleague.locator("main")).to_contain_text("Alice", ignore_case=True)
    colleague.locator("#id_addresses").fill("neuf@courriel.example")
    colleague.get_by_role("button", name="Ajouter au groupe").click()
    expect(colleague.locator("#members-title")).to_contain_text("6 membres", timeout=PATIENCE)
    found += violations(colleague)
    colleague.goto("/compose/")
    to = colleague.locator("#id_to")
    to.press_sequentially("équi")
    expect(colleague.locator(".suggestion").first).to_contain_text("6 adresses", timeout=PATIENCE)
    expect(colleague.locator(".suggestion").first).to_contain_text("partagé par")
    to.press("Enter")
    expect(colleague.locator(".recipient.is-group")).to_contain_text("Équipe", timeout=PATIENCE)
    # A teacher of the directory leaves before the message does.
    DirectoryEntry.objects.filter(name="Bruno Petit").delete()
    colleague.locator("#id_subject").fill("Réunion")
    editor = colleague.locator("[contenteditable=true]")
    editor.click()
    colleague.keyboard.insert_text("À lundi.")
    colleague.locator("[data-send]").click()
    dialog = colleague.locator("dialog.sending-choice")
    expect(dialog.locator("[name=members]")).to_have_count(5, timeout=PATIENCE)
    dialog.locator("[data-choice-send]").click()
    colleague.wait_for_url("**/mail/**", timeout=PATIENCE)
    assert OutboxMessage.objects.get().recipients == 5
    assert found + faults == []


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_the_ways_to_write_to_a_group_are_whole_in_sight(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    bob: MailAccount,
    faults: list[str],
    width: int,
) -> None:
    page = open_page(width=width)
    sign_in(page, bob)
    theirs = group_of("bob", "Conseil", "Zelda")
    sign_in(page, alice)
    mine = group_of("alice", "Équipe", "Marc")
    GroupShare.objects.create(group=theirs, address=User.objects.get(login="alice").address)
    for address in (f"/contacts/groups/{mine.pk}/", f"/contacts/shared/{theirs.pk}/"):
        page.goto(address)
        page.locator("main summary").filter(has_text="Écrire").click()
        panel, around = page.locator("main [open] .menu-panel"), page.locator("main")
        expect(panel.get_by_text("En copie cachée")).to_be_visible(timeout=PATIENCE)
        box, room = panel.bounding_box(), around.bounding_box()
        assert box is not None and room is not None
        assert room["x"] <= box["x"] and box["x"] + box["width"] <= room["x"] + room["width"]
        assert violations(page) == []
    assert faults == []
