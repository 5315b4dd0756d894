"""Where a mail domain's rules may send mail: the ban holds on every way in, and what stood before
is named and left alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import MailDomain, User
from tests.servers.scripts import Scripts
from tests.webmail.views.mail import page
from tests.webmail.views.rules.test_rules import a_rule, do, save, scripts, write
from webmail.models import ForwardPolicy, StandingForward

__all__ = ["scripts"]

pytestmark = pytest.mark.django_db
OUT = 'redirect "dehors@x.fr";\n'
LISTED = ForwardPolicy.Allowed.LISTED
STATE = "/rules/state/"


@pytest.fixture
def policy(mail_domain: MailDomain, clean_cache: None) -> ForwardPolicy:
    """The academy's, and the office of one school elsewhere."""
    return ForwardPolicy.objects.create(
        mail_domain=mail_domain, allowed=LISTED, places="ac-exemple.fr\nsecretariat@lycee.example"
    )


def forward(address: str) -> dict[str, str]:
    return {"a0-kind": "forward", "a0-address": address}


def test_a_rule_forwards_to_what_is_listed_and_nowhere_else(
    reader: Client, scripts: Scripts, policy: ForwardPolicy
) -> None:
    save(reader, **forward("x@lycee.ac-exemple.fr"))
    save(reader, **forward("secretariat@lycee.example"))
    assert scripts.get("webmail").count("redirect :copy") == 2
    assert "ac-exemple.fr, secretariat@lycee.example" in page(reader.get("/rules/1/"))
    for address in ("dehors@x.fr", "autre@lycee.example", "x@ac-exemple.fr.x.fr"):
        answer = reader.post("/rules/new/", a_rule(reader, **forward(address)))
        assert answer.status_code == 422
        assert "seules les adresses de ac-exemple.fr, secretariat@lycee.example" in page(answer)
    assert scripts.get("webmail").count("redirect") == 2


@pytest.mark.parametrize(
    "text",
    [
        OUT,
        'if true { redirect "dehors@x.fr"; }\n',
        'redirect "DEHORS@X.FR";\n',
        "redirect text:\ndehors@x.fr\n.\n;\n",
        '/* x */ ReDiReCt/**/"dehors@x.fr";\n',
        'require "enotify";\nnotify "mailto:dehors@x.fr";\n',
        'require "variables";\nset "a" "x.fr";\nredirect "dehors@${a}";\n',
        'require "encoded-character";\nredirect "dehors${hex:40}x.fr";\n',
        'redirect "dehors@x.fr, a@ac-exemple.fr";\n',
    ],
)
def test_the_text_of_a_script_is_held_to_the_list(
    reader: Client, scripts: Scripts, policy: ForwardPolicy, text: str
) -> None:
    assert write(reader, text).status_code == 422
    assert scripts.all() == {}


def test_copies_and_included_scripts_are_held_to_the_list(
    reader: Client, scripts: Scripts, policy: ForwardPolicy
) -> None:
    write(reader, "keep;\n")
    scripts.put("webmail-backup-2026-01-01-120000", OUT)
    scripts.put("dehors", OUT)
    assert do(reader, "restore", backup="webmail-backup-2026-01-01-120000") == 422
    assert write(reader, 'require "include";\ninclude "dehors";\n').status_code == 422
    assert do(reader, "put-back", 1, text=OUT, requires="") == 422
    assert scripts.get("webmail") == "keep;\n"


def test_the_settings_stay_as_they_are_where_there_is_no_policy(
    reader: Client, scripts: Scripts, settings, clean_cache: None
) -> None:
    assert write(reader, OUT).status_code == 422
    settings.RULES_FORWARD = True
    assert write(reader, OUT).status_code == 302


def test_a_policy_goes_before_the_settings_and_before_that_of_all(
    reader: Client, scripts: Scripts, policy: ForwardPolicy, settings
) -> None:
    settings.RULES_FORWARD = True
    ForwardPolicy.objects.create(allowed=ForwardPolicy.Allowed.ANYWHERE)
    assert write(reader, OUT).status_code == 422
    policy.delete()
    ForwardPolicy.objects.filter(mail_domain=None).update(allowed="nowhere")
    _forget()
    assert write(reader, OUT).status_code == 422
    assert "forward" not in page(reader.get("/rules/new/"))
    ForwardPolicy.objects.filter(mail_domain=None).update(allowed="anywhere")
    _forget()
    assert write(reader, OUT).status_code == 302


def _forget() -> None:
    from django.core.cache import cache

    cache.delete(ForwardPolicy.CACHE_KEY)


def test_a_forward_that_is_allowed_again_is_told_to_nobody(
    reader: Client, scripts: Scripts, policy: ForwardPolicy
) -> None:
    scripts.put("webmail", OUT, active=True)
    reader.get("/rules/")
    assert StandingForward.objects.exists()
    ForwardPolicy.objects.update(allowed=ForwardPolicy.Allowed.ANYWHERE, places="")
    _forget()
    assert 'id="standing-forwards"' not in page(reader.get("/rules/"))
    assert not StandingForward.objects.exists()


def test_a_forward_that_stands_is_named_to_its_user_and_told_to_the_administrators(
    reader: Client, scripts: Scripts, policy: ForwardPolicy
) -> None:
    scripts.put("webmail", OUT, active=True)
    rules = page(reader.get("/rules/"))
    assert 'id="standing-forwards"' in rules
    assert "<li>dehors@x.fr</li>" in rules
    told = StandingForward.objects.get()
    assert (told.address, told.user) == ("d•••@x.fr", User.objects.get(login="alice"))
    assert scripts.get("webmail") == OUT  # nothing was taken out
    assert 'href="/rules/"' in page(reader.post(STATE))
    reader.get("/rules/")
    assert StandingForward.objects.count() == 1
    # Other rules can be changed beside it, and it is not told once it is out.
    assert write(reader, f"{OUT}# une ligne\n").status_code == 302
    assert write(reader, "keep;\n").status_code == 302
    assert 'id="standing-forwards"' not in page(reader.get("/rules/"))
    assert not StandingForward.objects.exists()
    assert 'href="/rules/"' not in page(reader.post(STATE))
    assert write(reader, OUT).status_code == 422


def test_what_another_webmail_left_is_told_and_brought_in_as_it_ran(
    reader: Client, scripts: Scripts, policy: ForwardPolicy
) -> None:
    """Its script lies on the mail server already when its users move here."""
    theirs = '# rule:[Perso]\nif true\n{\n  redirect "dehors@x.fr";\n}\n'
    scripts.put("roundcube", theirs, active=True)
    assert "<li>dehors@x.fr</li>" in page(reader.get("/rules/"))
    assert StandingForward.objects.get().address == "d•••@x.fr"
    assert do(reader, "bring") == 302
    assert "dehors@x.fr" in scripts.get("webmail")
    assert 'id="standing-forwards"' in page(reader.get("/rules/"))
    assert write(reader, scripts.get("webmail") + 'redirect "neuf@x.fr";\n').status_code == 422


def test_a_variable_address_that_stands_is_told_without_one(
    reader: Client, scripts: Scripts, policy: ForwardPolicy
) -> None:
    scripts.put(
        "webmail", 'require "variables";\nset "a" "d@x.fr";\nredirect "${a}";\n', active=True
    )
    assert 'id="standing-forwards"' in page(reader.get("/rules/"))
    assert StandingForward.objects.get().address == "…"


@pytest.mark.parametrize(
    ("allowed", "places"),
    [
        ("listed", ""),
        ("nowhere", "ac-exemple.fr"),
        ("anywhere", "ac-exemple.fr"),
        ("listed", "*"),
        ("listed", "a@b@c.fr"),
        ("listed", "<a@b.fr>"),
        ("listed", "ac exemple,fr"),
        ("listed", "@ac-exemple.fr"),
        ("listed", "\n".join(f"d{n}.fr" for n in range(501))),
    ],
)
def test_a_list_that_would_not_hold_is_refused(allowed: str, places: str) -> None:
    with pytest.raises(ValidationError):
        ForwardPolicy(allowed=allowed, places=places).full_clean()
    assert not ForwardPolicy.objects.exists()


def test_a_list_is_kept_in_lower_case_and_once() -> None:
    policy = ForwardPolicy(allowed=LISTED, places=" AC-Exemple.fr \nac-exemple.fr\nA@B.fr\n")
    policy.full_clean()
    assert policy.places == "ac-exemple.fr\na@b.fr"


def test_a_page_of_mail_costs_no_query_more(
    reader: Client, scripts: Scripts, policy: ForwardPolicy, django_assert_max_num_queries: Any
) -> None:
    for _warm in range(2):
        reader.get("/mail/INBOX/")
    with django_assert_max_num_queries(3):
        reader.get("/mail/INBOX/")
    assert ForwardPolicy.objects.all().of(None) is None
