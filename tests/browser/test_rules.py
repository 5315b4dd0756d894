"""Rules in Chromium: lines added in place, the order dragged, all of it without a script too."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import MailDomain, User
from addressbook.contacts import holidays
from addressbook.models import SchoolHoliday
from demo.servers.dovecot import MailAccount
from mail.sieve import reading, writing
from mail.sieve.values import Condition, ConditionGroup, Rule, RuleAction, Script
from tests import parts
from tests.browser.conformity import axe
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.servers.scripts import Scripts
from tests.webmail.views.mail import letter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def a_rule(name: str) -> Rule:
    group = ConditionGroup("all", (Condition("from", "contains", "@parents.fr"),))
    return Rule(name, (group,), (RuleAction("move", "Parents"),), stop=True)


@pytest.fixture
def scripts(sieve_port: int, mail_domain: MailDomain, mailbox: Mailbox) -> Scripts:
    """Alice has three rules, and a folder for parents."""
    mail_domain.sieve_host, mail_domain.sieve_port = "127.0.0.1", sieve_port
    mail_domain.sieve_security = MailDomain.Security.NONE
    mail_domain.save()
    mailbox.create_folder("Parents")
    found = Scripts(sieve_port, ALICE)
    found.empty()
    three = Script(tuple(a_rule(name) for name in "ABC"))
    found.put("webmail", writing.write(three), active=True)
    return found


def names(scripts: Scripts) -> str:
    return "".join(rule.name for rule in reading.read_script(scripts.get("webmail")).rules)


def test_rules_are_dragged_and_moved_by_keys(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    scripts: Scripts,
    faults: list[str],
) -> None:
    page = open_page()
    sign_in(page, alice, opens=False)
    page.goto("/rules/")
    assert axe(page) == []
    rows = page.locator("[data-rule]")
    rows.nth(2).locator(".rule-grip").drag_to(rows.nth(0), target_position={"x": 200, "y": 4})
    expect(page.locator(".toast")).to_be_visible()
    assert names(scripts) == "CAB"
    page.locator("#rule-1 button[value=down]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/rules/#rule-2")
    expect(page.locator("#rule-2")).to_be_focused()
    assert names(scripts) == "ACB"
    assert not faults


def test_a_rule_is_made_from_a_message_in_place(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    scripts: Scripts,
    mailbox: Mailbox,
    faults: list[str],
) -> None:
    mailbox.append(letter("Réunion"))
    page = open_page()
    sign_in(page, alice)
    page.locator(".row > a").first.click()
    page.locator("#open-form .menu summary").click()
    page.locator('#open-form a[href^="/rules/new/"]').click()
    assert axe(page) == []
    assert page.locator("#g0-0-test").input_value() == "from:is"
    expect(page.locator('[name="g0-0-size"]')).to_be_hidden()
    page.locator("button[value=add-0]").click()
    page.locator("#g0-1-test").select_option("size:over")
    expect(page.locator('[name="g0-1-size"]')).to_be_visible()
    expect(page.locator('[name="g0-1-value"]')).to_be_hidden()
    page.locator('button[value="drop-0-1"]').click()
    expect(page.locator("#g0-1-test")).to_have_count(0)
    page.locator("button[value=try]").click()
    expect(page.locator(".rule-tried")).to_have_text(re.compile(r"^\s*1 "))
    page.locator('[name="a0-folder"]').select_option("Parents")
    page.locator(".rule-foot button[value=save]").click()
    expect(page).to_have_url(re.compile("/rules/#rule-4$"))
    assert len(names(scripts)) > 3
    assert not faults


@pytest.mark.parametrize("width", parts.first_of(375, 1440))
def test_without_a_script_a_rule_is_made_and_somebody_is_away(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    scripts: Scripts,
    width: int,
) -> None:
    page = open_page(width=width, java_script_enabled=False)
    sign_in(page, alice, opens=False)
    page.goto("/rules/new/")
    page.locator("#id_name").fill("D")
    page.locator("button[value=add-0]").click()
    page.locator('[name="g0-0-value"]').fill("@parents.fr")
    page.locator("#g0-1-test").select_option("attachment:exists")
    page.locator('[name="a0-folder"]').select_option("Parents")
    page.locator(".rule-foot button[value=save]").click()
    assert names(scripts) == "ABCD"
    page.locator("#rule-4 button[value=up]").click()
    assert names(scripts) == "ABDC"
    page.goto("/rules/absence/")
    page.locator("#id_enabled").check()
    page.locator("#id_first").fill("2026-01-01")
    page.locator("#id_last").fill("2099-01-01")
    page.locator("#id_text").fill("Absente")
    page.locator(".rule-foot button.primary").click()
    page.goto("/mail/INBOX/")
    assert page.locator("#absence-line a").count() == 1
    scroll = page.locator("html").evaluate("e => e.scrollWidth <= e.clientWidth")
    assert scroll


@pytest.mark.whole
def test_the_absence_and_the_text_have_no_axe_faults(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    scripts: Scripts,
    faults: list[str],
) -> None:
    page = open_page()
    sign_in(page, alice)
    for address in ("/rules/absence/", "/rules/raw/", "/rules/1/", "/rules/1/apply/"):
        page.goto(address)
        assert axe(page) == []
    assert not faults


def test_holidays_fill_the_absence_as_it_is_typed_and_widen_no_phone(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    scripts: Scripts,
) -> None:
    page = open_page(width=375)
    sign_in(page, alice, opens=False)
    begins = timezone.localdate() + timedelta(days=20)
    holiday = SchoolHoliday.objects.create(
        zone="B",
        begins=begins,
        resumes=begins + timedelta(days=16),
        school_year=begins.year,
        name="Toussaint et des jours d’avant et d’après",
    )
    User.objects.update(preferences={"school_zone": "B"})
    page.goto("/rules/absence/")
    offer = page.locator(".absence-offers a")
    expect(offer).to_contain_text("Toussaint")
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    page.wait_for_load_state("networkidle")
    page.locator("[name=subject]").fill("Je reviens")
    offer.click()
    expect(page.locator("[name=first]")).to_have_value(holidays.first_day(holiday).isoformat())
    expect(page.locator("[name=subject]")).to_have_value("Je reviens")
