"""Folders that colleagues are let into, and what they then see and may do."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts import mailboxes, session
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from accounts.providers import grants
from demo.servers.dovecot import Dovecot, MailAccount, has_acl
from demo.servers.dovecot import installed as dovecot_installed
from mail.errors import NotPermitted, ServerUnavailable
from mail.imap import acl, connection
from mail.imap.connection import Connection
from mail.imap.values import ImapServer
from mail.mailbox import actions, sharing
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE, BOB, MASTER, missing
from tests.servers.scripts import Scripts
from tests.webmail.views.mail import commands_sent, letter, page, ref, words
from tests.webmail.views.rules.test_absence import away, kept
from webmail import tasks
from webmail.jobs import mail_jobs
from webmail.models import MailJob
from webmail.views.folders import sharing as views

pytestmark = pytest.mark.django_db
NAME = "Réunions & « tri »"
PAGE = "/folders/share/R%C3%A9unions%20&%20%C2%AB%20tri%20%C2%BB/"
HIS = f"shared/alice/{NAME}"


@pytest.fixture(scope="module")
def sharing_server() -> Iterator[Dovecot]:
    if not (dovecot_installed() and has_acl()):
        pytest.skip(missing("Dovecot with its plug-ins of access lists"))
    folder = Path(tempfile.mkdtemp(prefix="webmail-sharing-"))
    folder.chmod(0o755)
    server = Dovecot(folder / "dovecot", [ALICE, BOB], sharing=True, master=MASTER)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def shared(
    sharing_server: Dovecot,
    mail_domain: MailDomain,
    alice: MailAccount,
    bob: MailAccount,
    imap_moved: Callable[[int], None],
) -> Iterator[Mailbox]:
    """Alice's mailbox with one folder to share, which holds a letter."""
    mailbox, other = Mailbox(sharing_server, ALICE), Mailbox(sharing_server, BOB)
    for one in (mailbox, other):
        one.empty()
    mailbox.create_folder(NAME)
    mailbox.append(letter("Ordre du jour"), folder=NAME)
    imap_moved(sharing_server.imap_port)
    yield mailbox
    for account in ("bob", "$profs"):
        mailbox.imap.deleteacl(mailbox_name(NAME), account)
    for one in (mailbox, other):
        one.close()


def mailbox_name(name: str) -> str:
    return connection.quoted_folder(name).decode()


@pytest.fixture
def owner(shared: Mailbox, signed_in: Callable[..., Client]) -> Client:
    return signed_in(ALICE)


@pytest.fixture
def colleague(shared: Mailbox, signed_in: Callable[..., Client]) -> Client:
    return signed_in(BOB, client=Client())


@pytest.fixture
def his_imap(shared: Mailbox, sharing_server: Dovecot) -> Iterator[Connection]:
    server = ImapServer("127.0.0.1", sharing_server.imap_port, "none", timeout=10)
    opened = connection.open(server, BOB.login, BOB.password)
    yield opened
    opened.close()


def let_in(owner: Client, preset: str = "read", people: str = "bob@ac-exemple.fr") -> str:
    answer = owner.post(PAGE, {"verb": "share", "people": people, "preset": preset})
    # Dovecot's processes believe for half a minute what they have read of access lists.
    session.pool().close_all()
    assert (answer.status_code, answer["Location"]) == (302, PAGE), words(answer)
    return words(owner.get(PAGE))


def test_a_folder_is_shared_seen_by_the_colleague_and_shared_no_more(
    owner: Client, colleague: Client
) -> None:
    assert HIS.rpartition("/")[2] not in words(colleague.get("/mail/INBOX/"))
    said = let_in(owner)
    assert "bob@ac-exemple.fr" in said and "peut désormais utiliser ce dossier" in said
    seen = words(colleague.get("/mail/INBOX/"))
    assert "Dossiers d’autres personnes" in seen and NAME in seen
    assert "Ordre du jour" in words(colleague.get(reverse("mail:folder", args=[HIS])))
    answer = owner.post(PAGE, {"verb": "end", "identifier": "bob"})
    assert answer.status_code == 302
    session.pool().close_all()
    assert "Personne d’autre que vous" in words(owner.get(PAGE))
    assert colleague.get(reverse("mail:folder", args=[HIS])).status_code in (403, 404)


def test_who_may_only_read_moves_nothing_away(
    owner: Client, colleague: Client, shared: Mailbox
) -> None:
    let_in(owner, "read")
    uid = shared.uids(NAME)[0]
    chosen = ref(shared, uid, NAME)
    refused = colleague.post(reverse("mail:act", args=[HIS]), {"verb": "trash", "refs": [chosen]})
    assert refused.status_code in (403, 409)
    assert "Vous n’avez pas le droit" in words(refused)
    assert shared.uids(NAME) == [uid]
    let_in(owner, "sort")
    done = colleague.post(reverse("mail:act", args=[HIS]), {"verb": "trash", "refs": [chosen]})
    assert done.status_code == 302
    assert shared.uids(NAME) == []


def test_the_support_desk_that_looks_for_his_message_sees_nothing_of_her_folder(
    owner: Client, colleague: Client, settings
) -> None:
    let_in(owner, "read")
    settings.ADMIN_NEEDS_TOTP = False
    settings.MASTER_USER, settings.MASTER_PASSWORD = {"": MASTER.login}, {"": MASTER.password}
    User.objects.get(login="alice").groups.add(Group.objects.get(name="support"))
    colleague.get("/mail/INBOX/")
    asked = {"q": "bob", "address": "ac-exemple.fr"}
    shown = words(owner.post("/admin/support/message/", asked))
    assert "Dans la boîte aux lettres" in shown
    assert "Réunions" not in shown


def test_only_who_has_the_right_lets_others_in(owner: Client, colleague: Client) -> None:
    his_page = reverse("mail:folder_share", args=[HIS])
    assert colleague.get(his_page).status_code == 404
    let_in(owner, "sort")
    assert colleague.get(his_page).status_code == 404
    let_in(owner, "all")
    assert colleague.get(his_page).status_code == 200


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"people": "", "preset": "read"}, "Indiquez avec qui"),
        ({"people": "pas une adresse", "preset": "read"}, "n’est pas une adresse"),
        ({"people": "x@ailleurs.fr", "preset": "read"}, "n’a pas de boîte aux lettres"),
        ({"people": "alice@ac-exemple.fr", "preset": "read"}, "est déjà à vous"),
        ({"people": "bob@ac-exemple.fr", "preset": "lrswipekxta"}, "Choisissez ce qu’"),
        ({"people": "bob@ac-exemple.fr\r\nanyone lr", "preset": "read"}, "n’est pas une adresse"),
    ],
)
def test_what_is_refused_changes_nothing(owner: Client, data: dict[str, str], told: str) -> None:
    answer = owner.post(PAGE, {"verb": "share", **data})
    assert answer.status_code == 422 and told in words(answer)
    assert "Personne d’autre que vous" in words(owner.get(PAGE))


@pytest.mark.parametrize("identifier", ["", "bob\r\nA1 LOGOUT", "\x01"])
def test_an_identifier_that_is_none_ends_nothing(owner: Client, identifier: str) -> None:
    let_in(owner)
    assert owner.post(PAGE, {"verb": "end", "identifier": identifier}).status_code == 422
    assert "bob@ac-exemple.fr" in words(owner.get(PAGE))


def test_folders_inside_are_shared_with_it(owner: Client, shared: Mailbox) -> None:
    shared.create_folder(f"{NAME}/Annexes")
    data = {"verb": "share", "people": "bob@ac-exemple.fr", "preset": "read", "inside": "1"}
    assert owner.post(PAGE, data).status_code == 302
    inside = owner.get(reverse("mail:folder_share", args=[f"{NAME}/Annexes"]))
    assert "bob@ac-exemple.fr" in words(inside)


def test_lines_of_other_programs_are_told(owner: Client, shared: Mailbox) -> None:
    shared.imap.setacl(mailbox_name(NAME), "$profs", "lr")
    shared.imap.setacl(mailbox_name(NAME), "bob", "lrw")
    said = words(owner.get(PAGE))
    assert "Groupe profs" in said and "Droits donnés par un autre logiciel" in said


def test_people_are_called_by_their_name_and_written_to_at_their_address(
    owner: Client, colleague: Client, mail_domain: MailDomain
) -> None:
    told = {"name": "Bob Petit", "address": "bob.petit@ac-exemple.fr"}
    User.objects.filter(login="bob").update(**told)
    said = let_in(owner, people="bob.petit@ac-exemple.fr")
    assert "Bob Petit peut désormais" in said and "bob.petit@ac-exemple.fr" in said
    assert "to=bob.petit%40ac-exemple.fr" in page(owner.get(PAGE))
    User.objects.filter(login="alice").update(name="Alice Martin")
    assert "Alice Martin" in words(colleague.get("/mail/INBOX/"))


def test_the_page_says_who_is_told_and_by_which_message(owner: Client) -> None:
    let_in(owner)
    shown = page(owner.get(PAGE))
    assert "/compose/?to=bob%40ac-exemple.fr" in shown


def test_a_server_without_access_lists_offers_nothing(
    signed_in: Callable[..., Client], alice: MailAccount, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Zoo")
    client = signed_in(alice)
    assert "Partager" not in words(client.get("/folders/of/Zoo/"))
    assert client.get("/folders/share/Zoo/").status_code == 404


def test_the_menu_of_a_folder_leads_there(owner: Client) -> None:
    assert PAGE in unescape(page(owner.get(PAGE.replace("/share/", "/of/"))))


def test_a_page_costs_two_commands_more_than_another(owner: Client) -> None:
    owner.get("/folders/of/INBOX/")
    before = commands_sent()
    owner.get(PAGE)
    assert commands_sent() - before <= 4


@pytest.mark.parametrize("rights", ["lrswi", "lr"])
def test_a_copy_of_what_is_sent_for_a_shared_mailbox_lies_there(
    shared: Mailbox, his_imap: Connection, bobs: Mailbox, rights: str
) -> None:
    shared.imap.setacl("Sent", "bob", rights)
    message, known = b"From: alice@ac-exemple.fr\r\nMessage-ID: <a@x.fr>\r\n\r\nJ", "<a@x.fr>"
    actions.file_sent(his_imap, message, "alice@ac-exemple.fr")
    theirs = [len(shared.uids("Sent")), len(bobs.uids("Sent"))]
    assert theirs == ([1, 0] if "i" in rights else [0, 1])
    assert actions.is_filed_sent(his_imap, known, "alice@ac-exemple.fr")
    assert not actions.is_filed_sent(his_imap, "<b@x.fr>", "alice@ac-exemple.fr")
    actions.file_sent(his_imap, message.replace(b"alice", b"bob"), "bob@ac-exemple.fr")
    assert len(bobs.uids("Sent")) == theirs[1] + 1


@pytest.fixture
def bobs(sharing_server: Dovecot, shared: Mailbox) -> Iterator[Mailbox]:
    other = Mailbox(sharing_server, BOB)
    yield other
    shared.imap.deleteacl("Sent", "bob")
    other.close()


def test_rights_are_those_that_were_asked_for(shared: Mailbox, his_imap: Connection) -> None:
    shared.imap.setacl(mailbox_name(NAME), "bob", "lrs")
    assert acl.my_rights(his_imap, HIS) == set("lrs")
    with pytest.raises(NotPermitted):
        sharing.shares(his_imap, HIS, "bob")


@pytest.fixture
def verbs_offered(
    shared: Mailbox, colleague: Client
) -> Iterator[Callable[[str], tuple[set[str], set[str], str]]]:
    """The verbs of the list and of the open message, and the words of the list, by the rights."""
    answered = shared.append(
        letter("Re: Ordre du jour", message_id="<b@x.fr>", references="<a@x.fr>"), folder=NAME
    )
    shared.append(letter("Ordre du jour", message_id="<a@x.fr>"), folder=NAME)
    listed = reverse("mail:folder", args=[HIS])

    def offered(rights: str) -> tuple[set[str], set[str], str]:
        shared.imap.setacl(mailbox_name(NAME), "bob", rights)
        session.pool().close_all()
        message = f"{listed}{ref(shared, answered, NAME)}/?threads=1"
        alone = colleague.get(message, headers={"HX-Request": "true"})
        seen = colleague.get(f"{listed}?threads=0")
        return _verbs(page(seen)), _verbs(page(alone)), words(seen)

    yield offered


def _verbs(html: str) -> set[str]:
    return set(re.findall(r'<button[^>]* name="verb"\s+value="(\w+)"', html))


READING, MARKS = {"choose", "download"}, {"flag", "unflag", "seen", "unseen", "tags"}
MOVES = {"archive", "trash", "junk", "advert"}


@pytest.mark.parametrize(
    ("rights", "allowed", "said"),
    [
        ("lr", set(), "Vous pouvez seulement lire ce dossier"),
        ("lrs", {"seen", "unseen"}, "Vous pouvez seulement lire ce dossier"),
        ("lrsw", MARKS, "lire et marquer les messages de ce dossier"),
        ("lrste", {"seen", "unseen"} | MOVES, "lire et classer les messages de ce dossier"),
        ("lrswite", MARKS | MOVES, ""),
    ],
)
def test_only_what_the_rights_allow_is_offered(
    verbs_offered: Callable[[str], tuple[set[str], set[str], str]],
    rights: str,
    allowed: set[str],
    said: str,
) -> None:
    of_list, of_message, words_of_list = verbs_offered(rights)
    assert of_list == READING | allowed
    assert of_message == ({"choose"} | allowed) - {"seen", "unflag"}
    assert said in words_of_list
    assert ("Vous pouvez" in words_of_list) == bool(said)


def test_what_may_only_be_read_is_copied(shared: Mailbox, colleague: Client, bobs: Mailbox) -> None:
    shared.imap.setacl(mailbox_name(NAME), "bob", "lrs")
    session.pool().close_all()
    (uid,) = shared.uids(NAME)
    url, refs = reverse("mail:act", args=[HIS]), ref(shared, uid, NAME)
    listed = page(colleague.get(reverse("mail:folder", args=[HIS])))
    assert " data-copies" in listed and re.search(r'class="flag"[^>]* disabled', listed)
    asked = page(colleague.post(url, {"verb": "choose", "refs": refs}))
    assert "copy" in _verbs(asked) and "move" not in _verbs(asked)
    assert "Copier 1 message vers" in asked
    everything = _verbs(page(colleague.get(reverse("mail:selection", args=[HIS]))))
    assert everything == {"choose", "download", "seen", "unseen"}
    colleague.post(url, {"verb": "copy", "refs": refs, "to": "INBOX"})
    assert len(bobs.uids()) == 1 == len(shared.uids(NAME))


def test_a_login_is_found_by_record_user_or_rule(mail_domain: MailDomain) -> None:
    host = mail_domain.imap_host
    assert mailboxes.login_of("Zoe.Petit@AC-exemple.fr", host) == "zoe.petit"
    assert mailboxes.login_of("zoe@ailleurs.fr", host) == ""
    assert mailboxes.login_of("zoe.petit@ac-exemple.fr", "imap.ailleurs.fr") == ""
    User.objects.create(mail_domain=mail_domain, login="zpetit", address="zoe.petit@ac-exemple.fr")
    assert mailboxes.login_of("zoe.petit@ac-exemple.fr", host) == "zpetit"
    mail_domain.login_form = MailDomain.LoginForm.TYPED
    mail_domain.save()
    assert mailboxes.login_of("paul@ac-exemple.fr", host) == ""
    StaffRecord.objects.create(
        mail_domain=mail_domain,
        login="ppaul",
        address="paul@ac-exemple.fr",
        numen_digest=b"1" * 32,
        lookup_digest=b"2" * 32,
    )
    assert mailboxes.login_of("paul@ac-exemple.fr", host) == "ppaul"


# --- many folders inside ---


@pytest.mark.whole
@pytest.mark.slow
def test_three_hundred_folders_inside_are_shared_and_shared_no_more_by_a_job(
    owner: Client, shared: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{NAME}/Élève {number:03} é" for number in range(300)]
    for name in names:
        shared.create_folder(name)
    session.pool().close_all()
    monkeypatch.setattr(views, "SECONDS", 0.2)
    monkeypatch.setattr(tasks.do_mail_job, "delay", lambda _pk: None)  # a worker does it
    asked = {"verb": "share", "people": "bob@ac-exemple.fr", "preset": "read", "inside": "1"}
    assert owner.post(PAGE, asked).status_code == 302
    job = MailJob.objects.get()
    assert 0 < job.done < job.total == 301
    assert "Partage de 301 dossiers" in words(owner.get(PAGE))
    assert "sur 301 dossiers" in words(owner.get(reverse("mail:job", args=[job.pk])))
    mail_jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.gone) == (MailJob.State.DONE, 301, 0)
    # Not by the one above: each has a list of its own.
    for name in (names[0], names[199], names[299]):
        _, (line, *_) = shared.imap.getacl(mailbox_name(name))
        assert re.search(rb" \"?bob\"? \"?l", line), line
    assert "301 dossiers sont partagés" in words(owner.get(reverse("mail:job", args=[job.pk])))
    mail_jobs.run(job.pk)  # once
    owner.post(PAGE, {"verb": "end", "identifier": "bob", "inside": "1"})
    mail_jobs.run(MailJob.objects.exclude(pk=job.pk).get().pk)
    for name in (names[0], names[299]):
        _, (line, *_) = shared.imap.getacl(mailbox_name(name))
        assert b"bob" not in line


def test_a_job_of_sharing_that_died_goes_on_where_it_was(
    owner: Client, shared: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{NAME}/{number}" for number in range(4)]
    for name in names:
        shared.create_folder(name)
    session.pool().close_all()
    monkeypatch.setattr(views, "SECONDS", 0.0)
    monkeypatch.setattr(tasks.do_mail_job, "delay", lambda _pk: None)
    told: list[str] = []
    put = acl.put

    def counted(imap: Connection, name: str, *more: Any) -> None:
        told.append(name)
        if len(told) == 3:
            raise ServerUnavailable("dropped")
        put(imap, name, *more)

    monkeypatch.setattr(acl, "put", counted)
    asked = {"verb": "share", "people": "bob@ac-exemple.fr", "preset": "read", "inside": "1"}
    owner.post(PAGE, asked)
    job = MailJob.objects.get()
    mail_jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (MailJob.State.WAITING, 2)
    mail_jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (MailJob.State.DONE, 5)
    assert told == [NAME, names[0], names[1], names[1], *names[2:]]


def test_a_job_of_sharing_is_stopped(
    owner: Client, shared: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        shared.create_folder(f"{NAME}/{number}")
    session.pool().close_all()
    monkeypatch.setattr(views, "SECONDS", 0.0)
    monkeypatch.setattr(tasks.do_mail_job, "delay", lambda _pk: None)
    asked = {"verb": "share", "people": "bob@ac-exemple.fr", "preset": "read", "inside": "1"}
    owner.post(PAGE, asked)
    job = MailJob.objects.get()
    owner.post(reverse("mail:job_cancel", args=[job.pk]))
    mail_jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (MailJob.State.CANCELLED, 1)
    _, (line, *_) = shared.imap.getacl(mailbox_name(f"{NAME}/2"))
    assert b"bob" not in line


def test_a_folder_inside_that_is_gone_meanwhile_is_told(
    owner: Client, shared: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        shared.create_folder(f"{NAME}/{number}")
    put = acl.put

    def late(imap: Connection, name: str, *more: Any) -> None:
        if name.endswith("/1"):
            shared.delete_folder(name)
        put(imap, name, *more)

    monkeypatch.setattr(acl, "put", late)
    asked = {"verb": "share", "people": "bob@ac-exemple.fr", "preset": "read", "inside": "1"}
    assert owner.post(PAGE, asked).status_code == 302
    said = words(owner.get(PAGE))
    assert "2 dossiers à l’intérieur" in said and "refusé" in said


# --- the absence of a shared mailbox ---

BOX = "/rules/absence/of/alice/"


@pytest.fixture
def box(
    shared: Mailbox, sharing_server: Dovecot, mail_domain: MailDomain, settings: Any
) -> Iterator[Scripts]:
    """Alice's mailbox, which Bob manages: the scripts in it."""
    if sharing_server.sieve_port is None:
        pytest.skip(missing("Pigeonhole"))
    mail_domain.sieve_host, mail_domain.sieve_port = "127.0.0.1", sharing_server.sieve_port
    mail_domain.sieve_security = MailDomain.Security.NONE
    mail_domain.save()
    settings.MASTER_USER = {"": MASTER.login}
    settings.MASTER_PASSWORD = {"": MASTER.password}
    for account in (ALICE, BOB):
        Scripts(sharing_server.sieve_port, account).empty()
    shared.imap.setacl("INBOX", "bob", "lrswitekxpa")
    yield Scripts(sharing_server.sieve_port, ALICE)
    shared.imap.deleteacl("INBOX", "bob")


def test_who_manages_a_mailbox_sets_its_absence(
    box: Scripts, shared: Mailbox, colleague: Client, sharing_server: Dovecot
) -> None:
    User.objects.filter(login="alice").update(name="Secrétariat")
    assert f'href="{BOX}"' in page(colleague.get("/rules/absence/"))
    shown = colleague.get(BOX)
    assert 'aria-current="page">' in page(shown) and "alice@ac-exemple.fr" in words(shown)
    assert "Tous ceux qui écrivent à cette boîte" in words(shown)
    assert "Autres adresses de cette boîte" in words(shown)
    assert "m’écrivent" not in words(shown) and "vos adresses" not in words(shown)
    assert "m’écrivent" in words(colleague.get("/rules/absence/"))
    answer = colleague.post(BOX, away(colleague, BOX, text="Le secrétariat est fermé."))
    assert (answer.status_code, answer["Location"]) == (302, BOX), words(answer)
    said = words(colleague.get(BOX))
    assert "La boîte alice@ac-exemple.fr répond jusqu’au" in said
    assert "Votre réponse d’absence" not in said
    absence = kept(box)
    assert absence.text == "Le secrétariat est fermé."
    assert absence.addresses == ("alice@ac-exemple.fr",)
    assert "Le secrétariat est fermé." in page(colleague.get(BOX))
    assert Scripts(sharing_server.sieve_port or 0, BOB).all() == {}
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.RULES_CHANGED)
    assert event.detail["mailbox"] == "alice" and event.actor == User.objects.get(login="bob")
    assert "Le secrétariat est fermé." not in page(colleague.get("/rules/absence/"))


def test_who_may_only_sort_sets_no_absence(
    box: Scripts, shared: Mailbox, colleague: Client
) -> None:
    data = away(colleague, BOX)
    shared.imap.setacl("INBOX", "bob", "lrswite")
    session.pool().close_all()
    assert BOX not in page(colleague.get("/rules/absence/"))
    assert colleague.get(BOX).status_code == 404
    assert colleague.post(BOX, data).status_code == 404
    assert box.all() == {}
    assert colleague.get("/rules/absence/of/carol/").status_code == 404


@pytest.mark.parametrize("why", ["no master user", "refused", "another mailbox"])
def test_where_the_server_gives_no_way_the_page_says_so(
    box: Scripts, colleague: Client, settings: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = away(colleague, BOX)
    if why == "no master user":
        settings.MASTER_USER = {}
    elif why == "refused":
        settings.MASTER_PASSWORD = {"": "autre"}
    else:
        # The server's folders name a mailbox by a word that is the login of another one.
        monkeypatch.setattr(
            grants, "master", lambda _domain, _login: (f"bob*{MASTER.login}", MASTER.password)
        )
    for answer in (colleague.get(BOX), colleague.post(BOX, data)):
        assert answer.status_code == 200
        assert "ne peuvent pas être réglées d’ici" in words(answer)
    assert box.all() == {}
    assert colleague.get("/rules/absence/").status_code == 200
