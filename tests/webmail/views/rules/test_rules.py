"""Rules through the pages: written to a real Pigeonhole, and mail delivered with nobody there."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import lxml.html
import pytest
from django.test import Client

from accounts.models import AuditEvent, MailDomain
from demo.servers.dovecot import MailAccount
from mail.sieve import writing
from mail.sieve.reading import read_script
from mail.sieve.values import Condition, ConditionGroup, RawPiece, Rule, Script
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE, BOB
from tests.servers.scripted import READ_LITERAL, ScriptedServer
from tests.servers.scripts import Scripts
from tests.webmail.views.mail import letter, page, ref
from webmail.jobs import mail_jobs
from webmail.models import MailJob

pytestmark = pytest.mark.django_db
TITLE = r'class="rule-words">\s*<h2>(?:<a href="/rules/\d+/">)?([^<]+)'
LARGE = letter(body="y\n" * 20_000)
MONDAY = letter(date="Mon, 02 Mar 2026 23:00:00 +0100")
WEDNESDAY = letter(date="Wed, 04 Mar 2026 01:00:00 +0100")


@pytest.fixture
def scripts(sieve_port: int, mail_domain: MailDomain) -> Scripts:
    """Alice's, none at first; the mail domain keeps rules."""
    mail_domain.sieve_host = "127.0.0.1"
    mail_domain.sieve_port = sieve_port
    mail_domain.sieve_security = MailDomain.Security.NONE
    mail_domain.save()
    Scripts(sieve_port, BOB).empty()
    found = Scripts(sieve_port, ALICE)
    found.empty()
    return found


def digest(reader: Client, address: str = "/rules/new/") -> str:
    found = re.search(r'name="digest" value="(\w+)"', page(reader.get(address)))
    assert found is not None
    return found[1]


def a_rule(reader: Client, **more: str) -> dict[str, str]:
    """Mail from parents goes to a folder of theirs."""
    return {
        "digest": digest(reader),
        "do": "save",
        "name": "Parents",
        "enabled": "on",
        "stop": "on",
        "g0-match": "all",
        "g0-0-test": "from:contains",
        "g0-0-value": "@parents.fr",
        "a0-kind": "move",
        "a0-folder": "Parents",
    } | more


def save(reader: Client, **more: str) -> None:
    answer = reader.post("/rules/new/", a_rule(reader, **more))
    assert answer.status_code == 302, page(answer)


def names(reader: Client) -> list[str]:
    """The titles of the rules, in their order."""
    return [unescape(name.strip()) for name in re.findall(TITLE, page(reader.get("/rules/")))]


def do(reader: Client, what: str, number: int = 0, **more: str) -> int:
    data = {"do": what, "number": str(number), "digest": digest(reader)} | more
    status: int = reader.post("/rules/", data).status_code
    return status


def subjects(mailbox: Mailbox, folder: str) -> list[str]:
    if folder not in mailbox.folders():
        return []
    found = [re.search(rb"^Subject: (.*)\r$", one, re.M) for one in mailbox.messages(folder)]
    return [one[1].decode() for one in found if one]


def test_a_rule_files_mail_with_nobody_signed_in(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Parents")
    save(reader)
    assert scripts.all() == {"webmail": True}
    reader.logout()
    mailbox.receive(letter("Absence de Lea", sender="Mme Durand <d@parents.fr>"))
    mailbox.receive(letter("Circulaire", sender="chef@ac-exemple.fr"))
    assert subjects(mailbox, "Parents") == ["Absence de Lea"]
    assert subjects(mailbox, "INBOX") == ["Circulaire"]


@pytest.mark.parametrize(
    ("test", "more", "fits", "does_not"),
    [
        ("from:is", {"value": "a@b.fr"}, letter(sender="A <A@B.fr>"), letter(sender="aa@b.fr")),
        ("to:is:not", {"value": "alice@ac-exemple.fr"}, letter(to="x@y.fr"), letter()),
        ("subject:is", {"value": 'a "b" \\c'}, letter('a "b" \\c'), letter('a "b" c')),
        ("subject:contains", {"value": "élève"}, letter("Les élèves"), letter("Les eleves")),
        ("subject:contains", {"value": "l'été"}, letter("Fin de l’été"), letter("Été")),
        ("body:contains", {"value": "d’été"}, letter(body="Fin d'été\n"), letter()),
        ("subject:matches", {"value": "Sortie*"}, letter("Sortie 4e"), letter("La sortie")),
        ("header:exists", {"header": "X-Ecole"}, letter(x_ecole="1"), letter()),
        ("header:is", {"header": "X-Ecole:", "value": "2"}, letter(x_ecole="2"), letter()),
        ("list:contains", {"value": "profs.ac"}, letter(list_id="<profs.ac.fr>"), letter()),
        ("list:exists:not", {}, letter(), letter(list_id="<profs.ac.fr>")),
        ("size:over", {"size": "20", "unit": "K"}, LARGE, letter()),
        ("body:contains", {"value": "rendez-vous"}, letter(), letter(body="rien\n")),
        ("date:since", {"day": "2026-03-03"}, letter(), MONDAY),
        ("date:is", {"day": "2026-03-03"}, letter(), WEDNESDAY),
        ("attachment:exists", {}, letter(files=(("a.txt", "text/plain", b"x"),)), letter()),
    ],
)  # fmt: skip
def test_each_condition_means_the_same_to_the_server_and_to_the_trial(
    reader: Client,
    scripts: Scripts,
    mailbox: Mailbox,
    test: str,
    more: dict[str, str],
    fits: bytes,
    does_not: bytes,
) -> None:
    mailbox.create_folder("Parents")
    for one in (fits, does_not, fits):
        mailbox.append(one)
    line = {"g0-0-test": test, "g0-0-value": ""} | {f"g0-0-{k}": v for k, v in more.items()}
    save(reader, **line)
    shown = page(reader.get("/rules/1/apply/"))
    assert re.search(r'rule-found" role="status"><b>2 ', shown), shown
    mailbox.receive(fits)
    mailbox.receive(does_not)
    assert len(mailbox.uids("Parents")) == 1
    assert len(mailbox.uids()) == 4


def test_groups_are_joined_as_the_form_says(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Parents")
    save(
        reader,
        **{
            "match": "any",
            "g0-1-test": "subject:contains",
            "g0-1-value": "4e",
            "g1-match": "any",
            "g1-0-test": "subject:is",
            "g1-0-value": "Urgent",
            "g1-1-test": "subject:is",
            "g1-1-value": "Tout de suite",
        },
    )
    for subject, sender in (
        ("Classe de 4e", "d@parents.fr"),
        ("Classe de 5e", "d@parents.fr"),
        ("Urgent", "x@y.fr"),
        ("Tout de suite", "x@y.fr"),
    ):
        mailbox.receive(letter(subject, sender=sender))
    assert subjects(mailbox, "Parents") == ["Classe de 4e", "Urgent", "Tout de suite"]


def test_every_action_is_done_by_the_server(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Parents")
    mailbox.create_folder("Été/A & B")
    more = {
        "a1-kind": "copy",
        "a1-folder": "Été/A & B",
        "a2-kind": "read",
        "a3-kind": "flag",
        "a4-kind": "tag",
        "a4-tag": "$label1",
    }
    save(reader, **more)
    mailbox.receive(letter(sender="d@parents.fr"))
    wanted = {"\\Seen", "\\Flagged", "$label1"}
    for folder in ("Parents", "Été/A & B"):
        (uid,) = mailbox.uids(folder)
        assert {flag.replace("$Label1", "$label1") for flag in mailbox.flags(uid, folder)} == wanted
    assert mailbox.uids() == []


def test_what_is_deleted_lies_in_the_trash(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    save(reader, **{"a0-kind": "trash", "a0-folder": ""})
    mailbox.receive(letter("Adieu", sender="d@parents.fr"))
    assert subjects(mailbox, "Trash") == ["Adieu"]
    assert "discard" not in scripts.get("webmail")


def test_the_first_rule_that_stops_is_the_last(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    for folder in ("Parents", "Tout"):
        mailbox.create_folder(folder)
    save(reader)
    save(reader, **{"name": "Tout", "g0-0-value": "@", "a0-folder": "Tout"})
    mailbox.receive(letter("Un", sender="d@parents.fr"))
    assert do(reader, "up", 2) == 302
    assert names(reader) == ["Tout", "Parents"]
    mailbox.receive(letter("Deux", sender="d@parents.fr"))
    assert (subjects(mailbox, "Parents"), subjects(mailbox, "Tout")) == (["Un"], ["Deux"])


def test_rules_are_ordered_turned_off_removed_and_put_back(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    for name in "abc":
        save(reader, name=name)
    assert do(reader, "order", order="3,1,2") == 302
    assert names(reader) == ["c", "a", "b"]
    assert do(reader, "off", 2) == 302
    assert "allof (false" in scripts.get("webmail")
    assert do(reader, "on", 2) == 302
    assert "allof (false" not in scripts.get("webmail")
    assert do(reader, "remove", 2) == 302
    shown = page(reader.get("/rules/"))
    text = re.search(r'name="text" value="([^"]*)"', shown)
    assert text is not None
    assert names(reader) == ["c", "b"]
    assert do(reader, "put-back", 2, text=unescape(text[1])) == 302
    assert names(reader) == ["c", "a", "b"]


def undo_in(shown: str) -> tuple[str, dict[str, str]]:
    """The form of the toast as a browser posts it: lines end with CR LF."""
    toast = shown.partition('id="toast"')[2].partition("</form>")[0]
    address = re.search(r'action="([^"]+)"', toast)
    assert address is not None, toast
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', toast)
    posted = {name: unescape(value).replace("\n", "\r\n") for name, value in fields}
    return address[1], {name: posted[name] for name in posted if name != "csrfmiddlewaretoken"}


def test_a_removed_rule_is_put_back_by_the_toasts_button(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    for name in "abc":
        save(reader, name=name)
    before = scripts.get("webmail")
    assert do(reader, "remove", 2) == 302
    address, fields = undo_in(page(reader.get("/rules/")))
    assert reader.post(address, fields).status_code == 302
    assert names(reader) == ["a", "b", "c"] and scripts.get("webmail") == before


def test_a_removed_rule_is_not_put_back_among_rules_that_changed_since(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    save(reader, name="a")
    assert do(reader, "remove", 1) == 302
    address, fields = undo_in(page(reader.get("/rules/")))
    save(reader, name="b")
    assert reader.post(address, fields).status_code == 422
    assert names(reader) == ["b"]


@pytest.mark.parametrize("order", ["1", "1,1", "1,2,3", "x", "", "2,1,0"])
def test_an_order_that_is_none_changes_nothing(
    reader: Client, scripts: Scripts, mailbox: Mailbox, order: str
) -> None:
    for name in "ab":
        save(reader, name=name)
    assert do(reader, "order", order=order) == 422
    assert names(reader) == ["a", "b"]


def test_two_sessions_do_not_overwrite_each_other(
    reader: Client, scripts: Scripts, mailbox: Mailbox, signed_in: Callable[..., Client]
) -> None:
    mine = a_rule(reader, name="Le mien")
    other = signed_in(ALICE)
    save(other, name="Celui d’ailleurs")
    answer = reader.post("/rules/new/", mine)
    assert answer.status_code == 422
    assert 'value="Le mien"' in page(answer)
    assert names(other) == ["Celui d’ailleurs"]
    # What was typed is still there, with what the server has now: saved again, both stay.
    found = re.search(r'name="digest" value="(\w+)"', page(answer))
    assert found is not None
    assert reader.post("/rules/new/", mine | {"digest": found[1]}).status_code == 302
    assert names(reader) == ["Celui d’ailleurs", "Le mien"]


def test_lines_are_added_and_taken_away_without_a_script(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    form = a_rule(reader)
    for what, tests, actions in (
        ("add-0", 2, 1),
        ("add-group", 2, 1),
        ("drop-0-0", 0, 1),
        ("drop-group-0", 0, 1),
        ("add-action", 1, 2),
        ("drop-action-0", 1, 0),
        ("nonsense-9-9", 1, 1),
    ):
        shown = page(reader.post("/rules/new/", form | {"do": what}))
        assert len(re.findall(r'id="g\d+-\d+-test"', shown)) == tests, what
        assert len(re.findall(r'id="a\d+-kind"', shown)) == actions, what
        assert 'value="Parents"' in shown
    assert not scripts.all()


def test_a_rule_begins_with_a_message(reader: Client, scripts: Scripts, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(sender="Bob Petit <bob@ac-exemple.fr>"))
    opened = page(reader.get(f"/mail/INBOX/{ref(mailbox, uid)}/"))
    link = re.search(r'href="(/rules/new/\?from=[^"]*)"', opened)
    assert link is not None
    shown = page(reader.get(unescape(link[1])))
    assert 'value="from:is" selected' in shown
    assert 'value="bob@ac-exemple.fr"' in shown
    for wrong in ("INBOX/1-1", "x", "../../1-1", "INBOX/0-0"):
        assert reader.get("/rules/new/", {"from": wrong}).status_code in {404, 409}


@pytest.mark.parametrize(
    "more",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"g0-0-value": ""},
        {"g0-0-test": "from:regex"},
        {"g0-0-test": "header:is", "g0-0-header": "a b"},
        {"g0-0-test": "size:over", "g0-0-size": "-1"},
        {"g0-0-test": "date:is", "g0-0-day": "demain"},
        {"a0-kind": "discard"},
        {"a0-kind": "forward", "a0-address": "x@y.fr"},
        {"a0-folder": ""},
        {"a0-kind": "tag", "a0-tag": "not a flag"},
    ],
)
def test_what_is_no_rule_is_not_saved(
    reader: Client, scripts: Scripts, mailbox: Mailbox, more: dict[str, str]
) -> None:
    assert reader.post("/rules/new/", a_rule(reader, **more)).status_code == 422
    assert not scripts.all()


def test_names_and_texts_stay_what_they_are(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    save(
        reader,
        **{
            "name": 'x]\r\nredirect "evil@example.org";',
            "g0-0-value": '"]) { discard; } # text:\r\n.\r\n',
            "a0-folder": 'a"; redirect "evil@example.org',
        },
    )
    mailbox.receive(letter("Reste", sender="d@parents.fr"))
    assert subjects(mailbox, "INBOX") == ["Reste"]
    assert names(reader) == ['x]  redirect "evil@example.org";']
    written = re.sub(r'"(?:[^"\\]|\\.)*"|#[^\n]*', "", scripts.get("webmail"))
    assert "redirect" not in written
    assert "discard" not in written


def test_forwarding_is_the_administrators_to_allow(
    reader: Client, scripts: Scripts, mailbox: Mailbox, settings
) -> None:
    settings.RULES_FORWARD = True
    save(reader, **{"a0-kind": "forward", "a0-address": "x@y.fr"})
    assert 'redirect :copy "x@y.fr"' in scripts.get("webmail")


REDIRECT = 'redirect "dehors@x.fr";\n'
RAW = "/rules/raw/"


def write(reader: Client, text: str):
    return reader.post(RAW, {"text": text, "digest": digest(reader, RAW)})


def forwards_noted() -> list[tuple[str, str, str]]:
    lines = AuditEvent.objects.filter(kind=AuditEvent.Kind.RULES_CHANGED).order_by("pk")
    return [
        (line.detail["change"], line.detail["forwards"], line.detail["forwards_no_more"])
        for line in lines
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"keep;\n{REDIRECT}", 2),
        ('require "copy";\nif true {\n  redirect :copy "dehors@x.fr";\n}\n', 3),
        ('require "enotify";\nnotify "mailto:dehors@x.fr";\n', 2),
        ('require "variables";\nset "a" "dehors@x.fr";\nredirect "${a}";\n', 3),
    ],
)
def test_the_text_of_a_script_forwards_nothing_where_that_is_not_allowed(
    reader: Client, scripts: Scripts, text: str, line: int
) -> None:
    answer = write(reader, text)
    assert answer.status_code == 422
    assert f"La ligne {line} du script" in page(answer)
    assert scripts.all() == {}
    assert not forwards_noted()


def test_a_forward_in_a_copy_or_an_included_script_comes_in_by_no_way(
    reader: Client, scripts: Scripts
) -> None:
    scripts.put("webmail-backup-2026-01-01-120000", REDIRECT)
    write(reader, "keep;\n")
    assert do(reader, "restore", backup="webmail-backup-2026-01-01-120000") == 422
    for name in ("webmail-backup-2026-01-01-120000", "relais"):
        if name == "relais":
            scripts.put(name, 'require "include";\ninclude "webmail-backup-2026-01-01-120000";\n')
        answer = write(reader, f'require "include";\n\ninclude :personal "{name}";\n')
        assert answer.status_code == 422
        assert "La ligne 3 du script" in page(answer)
    assert scripts.get("webmail") == "keep;\n"
    removed = {"text": REDIRECT, "requires": ""}
    assert do(reader, "put-back", 1, **removed) == 422


def test_a_forward_from_before_stays_until_it_is_taken_out(
    reader: Client, scripts: Scripts, settings
) -> None:
    settings.RULES_FORWARD = True
    save(reader, **{"a0-kind": "forward", "a0-address": "dehors@x.fr"})
    settings.RULES_FORWARD = False
    save(reader, name="Une autre")
    assert names(reader) == ["Parents", "Une autre"]
    assert write(reader, scripts.get("webmail") + f"# ligne\n{REDIRECT}").status_code == 302
    answer = write(reader, scripts.get("webmail") + 'redirect "autre@x.fr";\n')
    assert answer.status_code == 422
    assert "autre@x.fr" in page(answer)
    assert do(reader, "off", 1) == 302
    assert write(reader, "keep;\n").status_code == 302
    assert write(reader, REDIRECT).status_code == 422
    assert forwards_noted() == [
        ("rule", "d•••@x.fr", ""),
        ("rule", "", ""),
        ("script", "", ""),
        ("switched", "", ""),
        ("script", "", "d•••@x.fr"),
    ]


def test_a_forward_that_was_switched_off_is_not_switched_on(
    reader: Client, scripts: Scripts, settings
) -> None:
    settings.RULES_FORWARD = True
    save(reader, **{"a0-kind": "redirect", "a0-address": "dehors@x.fr"})
    assert do(reader, "off", 1) == 302
    settings.RULES_FORWARD = False
    assert do(reader, "on", 1) == 422
    assert "allof (false" in scripts.get("webmail")


def test_forwards_go_to_the_domains_that_are_named(
    reader: Client, scripts: Scripts, settings
) -> None:
    settings.RULES_FORWARD = True
    settings.RULES_FORWARD_DOMAINS = frozenset({"ac-exemple.fr"})
    save(reader, **{"a0-kind": "forward", "a0-address": "x@lycee.ac-exemple.fr"})
    answer = reader.post(
        "/rules/new/", a_rule(reader, **{"a0-kind": "forward", "a0-address": "x@y.fr"})
    )
    assert answer.status_code == 422
    assert "seules les adresses de ac-exemple.fr sont permises" in page(answer)
    assert write(reader, scripts.get("webmail") + REDIRECT).status_code == 422
    assert forwards_noted() == [("rule", "x•••@lycee.ac-exemple.fr", "")]


def test_a_script_that_cannot_be_read_is_not_written_past_the_ban(
    reader: Client, scripts: Scripts
) -> None:
    """Whatever the server would make of it."""
    assert write(reader, "redirect § {").status_code == 422
    assert scripts.all() == {}


def test_a_rule_is_applied_to_what_is_there_and_taken_back(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Parents")
    for n in range(3):
        mailbox.append(letter(f"n{n}", sender="d@parents.fr"))
    mailbox.append(letter("autre"))
    save(reader)
    address = "/rules/1/apply/"
    stale = {"digest": "0" * 32, "folder": "INBOX"}
    assert reader.post(address, stale).status_code == 409
    assert len(mailbox.uids()) == 4
    data = {"digest": digest(reader, address), "folder": "INBOX"}
    assert reader.post(address, data).status_code == 302
    assert subjects(mailbox, "Parents") == ["n0", "n1", "n2"]
    assert subjects(mailbox, "INBOX") == ["autre"]
    undo, fields = undo_in(page(reader.get("/rules/")))
    assert reader.post(undo, fields)["Location"] == "/rules/"
    assert sorted(subjects(mailbox, "INBOX")) == ["autre", "n0", "n1", "n2"]
    assert mailbox.uids("Parents") == []
    assert reader.get(address, {"folder": "Nulle part"}).status_code == 404
    assert reader.get(address, {"folder": "a\r\nb"}).status_code == 404


def test_many_messages_are_left_to_a_job(
    reader: Client, scripts: Scripts, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webmail.jobs.mail_jobs.SECONDS", -1)
    mailbox.create_folder("Parents")
    for n in range(3):
        mailbox.append(letter(f"n{n}", sender="d@parents.fr"))
    save(reader, **{"a1-kind": "read"})
    data = {"digest": digest(reader, "/rules/1/apply/"), "folder": "INBOX"}
    assert reader.post("/rules/1/apply/", data).status_code == 302
    mail_jobs.run(MailJob.objects.get().pk)
    job = MailJob.objects.get()
    assert (job.verb, job.state) == ("rule", MailJob.State.DONE)
    assert len(mailbox.uids("Parents")) == 3
    assert mailbox.flags(mailbox.uids("Parents")[0], "Parents") == {"\\Seen"}


def test_500_rules_are_shown_and_one_more_is_refused(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    some = Rule(
        "x", (ConditionGroup("all", (Condition("from", "contains", "a@b.fr"),)),), stop=True
    )
    scripts.put("webmail", writing.write(Script((some,) * 500)), active=True)
    assert len(names(reader)) == 500
    assert reader.post("/rules/new/", a_rule(reader)).status_code == 422
    assert do(reader, "down", 1) == 302
    assert do(reader, "remove", 500) == 302
    save(reader)
    assert names(reader)[-1] == "Parents"


# --- scripts of other software ---

ROUNDCUBE = """require ["fileinto"];
# rule:[Syndicat]
if header :contains "from" "syndicat"
{
    fileinto "Syndicat";
    stop;
}
# rule:[Rare]
if header :contains :comparator "i;octet" "subject" "X"
{
    fileinto "Rare";
}
"""


def test_another_programs_rules_go_on_beside_ours(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    for folder in ("Parents", "Syndicat"):
        mailbox.create_folder(folder)
    scripts.put("roundcube", ROUNDCUBE, active=True)
    assert "Syndicat" in page(reader.get("/rules/"))
    save(reader)
    assert scripts.all() == {"roundcube": False, "webmail": True}
    assert scripts.get("roundcube") == ROUNDCUBE
    mailbox.receive(letter("Un", sender="le@syndicat.fr"))
    mailbox.receive(letter("Deux", sender="d@parents.fr"))
    assert (subjects(mailbox, "Syndicat"), subjects(mailbox, "Parents")) == (["Un"], ["Deux"])


def test_when_the_other_script_is_deleted_mail_comes_in_and_rules_run_again(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Parents")
    scripts.put("roundcube", ROUNDCUBE, active=True)
    save(reader)
    mailbox.receive(letter("Un", sender="d@parents.fr"))
    scripts.delete("roundcube")
    mailbox.receive(letter("Deux", sender="d@parents.fr"))
    assert subjects(mailbox, "INBOX") == ["Deux"]
    reader.post("/rules/state/")
    mailbox.receive(letter("Trois", sender="d@parents.fr"))
    assert subjects(mailbox, "Parents") == ["Un", "Trois"]


@pytest.mark.parametrize("first", [True, False])
def test_another_programs_rules_are_brought_here_with_what_can_not_be_shown(
    reader: Client, scripts: Scripts, mailbox: Mailbox, first: bool
) -> None:
    mailbox.create_folder("Rare")
    scripts.put("roundcube", ROUNDCUBE, active=True)
    if not first:
        save(reader)
    assert do(reader, "bring" if first else "take-apart") == 302
    assert names(reader)[:2] == ["Syndicat", "Rare"]
    assert scripts.get("roundcube") == ROUNDCUBE
    assert 'if header :contains :comparator "i;octet" "subject" "X"' in scripts.get("webmail")
    assert "include" not in scripts.get("webmail")
    mailbox.receive(letter("X"))
    assert subjects(mailbox, "Rare") == ["X"]
    assert reader.get("/rules/2/").headers["Location"] == "/rules/raw/"
    assert do(reader, "off", 2) == 404


ACTIONS = """require ["fileinto", "copy", "imap4flags", "vacation", "date", "relational"];
# rule:[Urgent]
if allof (header :contains "subject" "urgent")
{
\taddflag "\\\\Flagged";
\tredirect :copy "archive@ac-exemple.fr";
}
# rule:[Syndicat]
if false # allof (header :contains "from" "syndicat")
{
\tfileinto "Syndicat";
\tstop;
}
# rule:[Absence]
if allof (currentdate :zone "+0100" :value "ge" "iso8601" "2026-07-01T00:00:00+01:00")
{
\tvacation :days 7 :subject "Absent" "Je suis en vacances.";
}
"""


def shown_form(reader: Client, address: str) -> dict[str, str]:
    """The fields of a rule's page as a browser posts them, with the button that saves."""
    (form,) = lxml.html.fromstring(page(reader.get(address))).xpath(
        "//form[.//*[@name='g0-match']]"
    )
    return {**dict(form.form_values()), "do": "save"}


def test_flags_copies_and_rules_that_are_off_come_from_roundcube_and_stay(
    reader: Client, scripts: Scripts, mailbox: Mailbox, settings
) -> None:
    settings.RULES_FORWARD = True
    scripts.put("roundcube", ACTIONS, active=True)
    assert do(reader, "bring") == 302
    assert names(reader) == ["Urgent", "Syndicat", "Absence"]
    for number, name in enumerate(("Très urgent", "Syndicats"), 1):
        form = shown_form(reader, f"/rules/{number}/") | {"name": name}
        assert reader.post(f"/rules/{number}/", form).status_code == 302
    assert names(reader)[:2] == ["Très urgent", "Syndicats"]
    written = scripts.get("webmail")
    urgent, off, absence = read_script(written).items
    assert isinstance(urgent, Rule) and isinstance(off, Rule)
    assert [(one.kind, one.value) for one in urgent.actions] == [
        ("flag", ""),
        ("forward", "archive@ac-exemple.fr"),
    ]
    assert urgent.enabled and not off.enabled and off.stop
    assert isinstance(absence, RawPiece) and absence.answers
    assert 'addflag "\\\\Flagged";' in written
    assert 'redirect :copy "archive@ac-exemple.fr";' in written
    assert scripts.get("roundcube") == ACTIONS and scripts.all()["webmail"]


def test_a_script_of_our_name_that_we_did_not_write_is_not_overwritten_unasked(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    scripts.put("webmail", ROUNDCUBE, active=True)
    assert names(reader) == ["Syndicat", "Rare"]
    assert reader.post("/rules/new/", a_rule(reader)).status_code == 422
    assert do(reader, "off", 1) == 422
    reader.post("/rules/state/")
    assert scripts.get("webmail") == ROUNDCUBE
    assert do(reader, "adopt") == 302
    (copy,) = scripts.all().keys() - {"webmail"}
    assert scripts.get(copy) == ROUNDCUBE
    save(reader)
    assert names(reader) == ["Syndicat", "Rare", "Parents"]
    assert do(reader, "restore", backup=copy) == 302
    assert scripts.get("webmail") == ROUNDCUBE
    assert do(reader, "restore", backup="roundcube") == 404


def test_copies_do_not_pile_up(reader: Client, scripts: Scripts, mailbox: Mailbox) -> None:
    for n in range(12):
        scripts.put(f"webmail-backup-2026-01-{n + 1:02}-000000", "# old\nkeep;\n")
    save(reader, name="a")
    save(reader, name="b")
    kept = sorted(name for name in scripts.all() if name.startswith("webmail-backup-"))
    assert len(kept) == 8
    assert kept[-2] == "webmail-backup-2026-01-12-000000"


# --- the script as text ---


def test_the_text_is_saved_and_the_servers_error_stands_at_its_line(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    save(reader)
    text = '# mine\r\nkeep;\r\nfileinto "x";\r\n'
    data = {"digest": digest(reader, "/rules/raw/"), "text": text}
    answer = reader.post("/rules/raw/", data)
    assert answer.status_code == 422
    assert '<span class="wrong">3  fileinto &quot;x&quot;;' in page(answer)
    assert "fileinto" in page(answer)
    assert "Parents" in scripts.get("webmail")
    assert scripts.all() == {"webmail": True}
    data["text"] = 'require ["fileinto"];\r\n' + text
    assert reader.post("/rules/raw/", data).status_code == 302
    assert scripts.get("webmail") == data["text"].replace("\r\n", "\n")
    assert any(name.startswith("webmail-backup-") for name in scripts.all())


def test_a_text_of_more_than_100_kb_is_refused(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    data = {"digest": digest(reader, "/rules/raw/"), "text": "# é\n" * 25_000}
    assert reader.post("/rules/raw/", data).status_code == 422
    assert not scripts.all()


# --- other people, other servers ---


def test_nobody_sees_or_changes_the_rules_of_another(
    reader: Client,
    scripts: Scripts,
    mailbox: Mailbox,
    signed_in: Callable[..., Client],
    bob: MailAccount,
) -> None:
    save(reader)
    other = signed_in(bob)
    assert "Parents" not in page(other.get("/rules/"))
    assert other.get("/rules/1/").status_code == 404
    assert other.get("/rules/1/apply/").status_code == 404
    assert do(other, "remove", 1) == 404
    assert reader.get("/rules/2/").status_code == 404
    assert reader.get("/rules/0/").status_code == 404
    assert names(reader) == ["Parents"]


def test_without_manage_sieve_the_pages_say_so(reader: Client, mailbox: Mailbox) -> None:
    for address in ("/rules/", "/rules/new/", "/rules/raw/", "/rules/absence/"):
        answer = reader.get(address)
        assert answer.status_code == 200
        assert 'name="digest"' not in page(answer)
    assert reader.get("/rules/1/").status_code == 404
    assert reader.post("/rules/state/").status_code == 200
    assert "/rules/state/" not in page(reader.get("/mail/INBOX/"))


def test_a_server_that_is_not_there_is_said_to_be_so(
    reader: Client, mailbox: Mailbox, mail_domain: MailDomain
) -> None:
    mail_domain.sieve_host, mail_domain.sieve_port = "127.0.0.1", 1
    mail_domain.sieve_security = MailDomain.Security.NONE
    mail_domain.save()
    for address in ("/rules/", "/rules/1/", "/rules/absence/"):
        assert reader.get(address).status_code == 503
    assert reader.get("/mail/INBOX/").status_code == 200
    assert reader.post("/rules/state/").status_code == 200


def test_a_full_or_refusing_server_leaves_what_was_typed(
    reader: Client, mailbox: Mailbox, mail_domain: MailDomain
) -> None:
    greeting = b'"SIEVE" "fileinto"\r\n"SASL" "PLAIN"\r\nOK\r\n'
    for refusal in (b'NO (QUOTA/MAXSIZE) "zu <gross>"\r\n', b'NO "line 2: error: nie <b>"\r\n'):
        script = [
            ("", greeting),
            ("AUTHENTICATE", b"OK\r\n"),
            ("CAPABILITY", greeting),
            ("LISTSCRIPTS", b"OK\r\n"),
            ("PUTSCRIPT", READ_LITERAL, refusal),
        ]
        opened = script[:4]
        with ScriptedServer(opened, script) as server:
            mail_domain.sieve_host, mail_domain.sieve_port = "127.0.0.1", server.port
            mail_domain.sieve_security = MailDomain.Security.NONE
            mail_domain.save()
            answer = reader.post("/rules/new/", a_rule(reader))
        assert answer.status_code == 422
        assert 'value="Parents"' in page(answer)
        assert "&lt;" in page(answer)
