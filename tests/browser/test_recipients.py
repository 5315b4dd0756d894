"""Recipients completed in the composer: by keyboard, by touch, on a telephone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups
from demo.servers.dovecot import MailAccount
from tests import parts
from tests.browser.conformity import violations
from tests.browser.test_compose import chips, posted

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def writing(
    open_page: Callable[..., Page], sign_in: Callable[..., None], alice: MailAccount
) -> Callable[..., Page]:
    """`writing(375)`: a new message of Alice's, who knows Zoé, Zacharie and a group."""

    def begin(width: int = 1440, **options: bool) -> Page:
        page = open_page(width=width, **options)
        sign_in(page, alice, opens=False)
        mine = User.objects.get(login="alice")
        zoe = ContactData(
            display_name="Zoé Roux",
            job_title="Déléguée",
            emails=(Email("zoe@x.example"), Email("zroux@y.example")),
        )
        zacharie = ContactData(display_name="Roux, Zacharie", emails=(Email("z@x.example"),))
        made = contacts.create_many(mine, [zoe, zacharie])
        groups.add(groups.create(mine, "Parents 4e B"), [one.pk for one in made])
        page.goto("/compose/")
        if options.get("java_script_enabled", True):
            expect(page.locator("[data-tools]")).to_be_visible()
        return page

    return begin


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_two_letters_arrows_and_enter_write_the_address(
    writing: Callable[..., Page], faults: list[str], width: int
) -> None:
    page = writing(width)
    line = page.locator("#id_to")
    line.focus()
    page.keyboard.type("ro")
    options = page.locator("#id_to-list [role=option]")
    expect(options).to_have_count(3)
    expect(line).to_have_attribute("aria-expanded", "true")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(page.locator("#id_to-list-status")).to_contain_text("3")
    assert violations(page) == []
    page.keyboard.press("ArrowDown")
    expect(line).to_have_attribute("aria-activedescendant", "id_to-list-1")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(line).to_have_value("")
    assert posted(page) == '"Roux, Zacharie" <z@x.example>'
    expect(line).to_have_attribute("aria-expanded", "false")
    page.keyboard.type("zoé")
    # Whose address stands in the line already is not offered again.
    expect(options).to_have_count(2)
    page.keyboard.press("Tab")
    assert posted(page) == '"Roux, Zacharie" <z@x.example>, Zoé Roux <zoe@x.example>'
    expect(line).to_be_focused()
    assert faults == []


def test_an_address_that_ends_as_one_in_the_line_is_offered_all_the_same(
    writing: Callable[..., Page],
) -> None:
    page = writing()
    page.locator("#id_to").focus()
    page.keyboard.type("jean-z@x.example,zacharie")
    expect(page.locator("#id_to-list [role=option]")).to_contain_text(["Roux, Zacharie"])


def test_a_press_of_the_finger_takes_a_group_with_all_its_people(
    writing: Callable[..., Page],
) -> None:
    page = writing(375, has_touch=True)
    page.locator("#id_to").tap()
    page.keyboard.type("parents")
    page.locator("#id_to-list [role=option]").tap()
    expect(chips(page)).to_have_count(1)
    assert posted(page) == (
        'Parents 4e B: "Roux, Zacharie" <z@x.example>, Zoé Roux <zoe@x.example>;'
    )


def test_escape_closes_and_an_address_typed_to_its_end_is_left_alone(
    writing: Callable[..., Page],
) -> None:
    page = writing()
    line = page.locator("#id_to")
    line.focus()
    page.keyboard.type("zo")
    expect(page.locator("#id_to-list")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#id_to-list")).to_be_hidden()
    expect(line).to_have_value("zo")
    line.fill("")
    page.keyboard.type("zoe@x.ex")
    expect(page.locator("#id_to-list")).to_be_visible()
    page.keyboard.type(",")
    expect(line).to_have_value("")
    assert posted(page) == "zoe@x.ex"


def test_what_is_known_is_not_asked_for_again(writing: Callable[..., Page]) -> None:
    page = writing()
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "complete" in sent.url else None)
    line = page.locator("#id_to")
    options = page.locator("#id_to-list [role=option]")
    line.focus()
    page.keyboard.type("ro")
    expect(options).to_have_count(3)
    page.keyboard.type("u")
    page.keyboard.type("x zo")
    expect(options).to_have_count(2)
    for _letter in "ux zo":
        page.keyboard.press("Backspace")
    expect(options).to_have_count(3)
    assert [url.rpartition("=")[2] for url in asked] == ["ro"]


def test_an_older_answer_does_not_replace_a_newer_one(writing: Callable[..., Page]) -> None:
    page = writing()

    def late(route: Route) -> None:
        page.wait_for_timeout(600)
        route.continue_()

    page.route("**/complete/?q=ro", late)
    line = page.locator("#id_to")
    line.focus()
    page.keyboard.type("ro")
    page.wait_for_timeout(150)
    line.fill("")
    page.keyboard.type("pa")
    expect(page.locator("#id_to-list [role=option]")).to_have_count(1)
    page.wait_for_timeout(900)
    expect(page.locator("#id_to-list [role=option]")).to_contain_text("Parents 4e B")


def test_without_a_script_it_is_a_line_of_text(writing: Callable[..., Page]) -> None:
    page = writing(java_script_enabled=False)
    line = page.locator("#id_to")
    line.fill("zoe@x.example")
    expect(line).not_to_have_attribute("role", "combobox")
    expect(page.locator("#id_to-list")).to_be_hidden()


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_more_recipients_than_a_message_may_have_are_said_while_they_are_named(
    writing: Callable[..., Page], settings, width: int, faults: list[str]
) -> None:
    settings.RECIPIENTS_PER_MESSAGE = 3
    page = writing(width)
    said = page.locator("[data-most]")
    expect(said).to_have_attribute("role", "status")
    line = page.locator("#id_to")
    line.fill("a@x.example, b@x.example, c@x.example,")
    expect(page.locator("[data-line=to] .recipient")).to_have_count(3)
    expect(said).to_be_empty()
    # Who stands in two fields is one person.
    page.locator(".copies summary").click()
    page.locator("#id_cc").fill("A@x.example,")
    expect(page.locator("[data-line=cc] .recipient")).to_have_count(1)
    expect(said).to_be_empty()
    page.locator("#id_cc").fill("d@x.example,")
    expect(said).to_be_visible()
    expect(said).to_contain_text("4")
    expect(said).to_contain_text("3")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    page.locator("[data-line=cc] .recipient-x").last.click()
    expect(said).to_be_empty()
    assert faults == []


def test_without_a_limit_nothing_is_said_of_it(writing: Callable[..., Page], settings) -> None:
    settings.RECIPIENTS_PER_MESSAGE = 0
    expect(writing().locator("[data-most]")).to_have_count(0)


def test_the_members_of_a_large_group_are_counted_with_their_thousands_apart(
    writing: Callable[..., Page],
) -> None:
    page = writing()
    mine = User.objects.get(login="alice")
    people = [
        ContactData(display_name=f"Parent {n}", emails=(Email(f"p{n}@x.example"),))
        for n in range(1100)
    ]
    group = groups.create(mine, "Tous les parents")
    groups.add(group, [one.pk for one in contacts.create_many(mine, people)])
    page.goto(f"/compose/?group={group.pk}")
    counted = re.compile(r"^1\s100$")
    expect(page.locator("[data-line=to] .recipient-count")).to_have_text(counted)
    expect(page.locator("[data-most]")).to_contain_text(re.compile(r"1\s100"))
