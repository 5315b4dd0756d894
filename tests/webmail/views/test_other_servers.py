"""A mailbox that has INBOX alone, as a new user's, on servers other than Dovecot: everything that
is filed finds its folder."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import MailDomain
from demo.servers.submission import SubmissionServer
from tests.servers.courier import Courier
from tests.servers.cyrus import Cyrus
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.webmail.views.composer.test_begin import sent
from tests.webmail.views.mail import fields, folder_links, letter, page, ref, words

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ACT = "/mail/INBOX/act/"
SERVERS = ("cyrus", "cyrus_alternative", "courier")


@pytest.fixture(autouse=True)
def spool(settings: Settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Cyrus | Courier:
    """One in which Alice has INBOX alone."""
    made: Cyrus | Courier = request.getfixturevalue(request.param)
    made.make_anew(ALICE.login)
    return made


@pytest.fixture
def box(server: Cyrus | Courier) -> Iterator[Mailbox]:
    mailbox = server.mailbox(ALICE)
    yield mailbox
    mailbox.close()


@pytest.fixture
def prefix(box: Mailbox) -> str:
    """With which the names of her folders begin."""
    return "INBOX." if b'(("INBOX."' in (box.imap.namespace()[1][0] or b"") else ""


@pytest.fixture
def reader(
    server: Cyrus | Courier,
    box: Mailbox,
    mail_domain: MailDomain,
    signed_in: Callable[..., Client],
) -> Client:
    return opened(server, mail_domain, signed_in)


def subscribed(box: Mailbox) -> str:
    return str(box.imap.lsub()[1])


@pytest.mark.parametrize(
    ("verb", "folder"), [("trash", "Trash"), ("archive", "Archive"), ("junk", "Junk")]
)
def test_what_is_filed_makes_its_folder_and_comes_back(
    reader: Client, box: Mailbox, prefix: str, verb: str, folder: str
) -> None:
    uid = box.append(letter("À ranger"))
    done = page(reader.post(ACT, {"verb": verb, "refs": [ref(box, uid)]}, headers=HTMX))
    place = prefix + folder
    if verb == "archive":
        place += f"{'.' if prefix else '/'}{date.today().year}"
    assert len(box.messages(place)) == 1 and box.uids() == []
    assert prefix + folder in subscribed(box)
    reader.post(ACT, dict(fields(done.split('id="toast"')[1])))
    assert len(box.uids()) == 1 and box.uids(place) == []


def test_a_draft_and_the_copy_of_what_was_sent_are_kept(
    reader: Client, box: Mailbox, prefix: str, submission: SubmissionServer
) -> None:
    written = {"to": "bob@ac-exemple.fr", "subject": "Réunion", "body": "Bonjour", "revision": "0"}
    headers = {"X-Requested-With": "fetch"}
    saved = reader.post(f"/drafts/{uuid.uuid4()}/save/", written | {"do": "save"}, headers=headers)
    assert saved.json()["copied"]
    sent(reader, {"to": "bob@ac-exemple.fr", "subject": "Envoi", "body": "Voilà", "kind": "new"})
    assert len(box.messages(f"{prefix}Drafts")) == 1
    (copy,) = box.messages(f"{prefix}Sent")
    assert b"Subject: Envoi" in copy


def test_folders_of_the_user_stand_at_the_top(reader: Client, box: Mailbox, prefix: str) -> None:
    reader.post("/folders/change/", {"verb": "create", "name": "Élèves & parents"})
    assert f"{prefix}Élèves & parents" in box.folders()
    assert "Élèves & parents" in folder_links(reader.get("/mail/INBOX/"))


def test_a_folder_is_called_what_users_call_it(reader: Client, box: Mailbox, prefix: str) -> None:
    def change(**asked: str) -> str:
        return words(reader.post("/folders/change/", asked, follow=True))

    assert "INBOX." not in change(verb="create", name="Printemps")
    assert "Printemps" in change(verb="throw", folder=f"{prefix}Printemps")
    gone = f"{prefix}Trash{'.' if prefix else '/'}Printemps"
    said = change(verb="remove", folder=gone)
    assert "INBOX." not in said, said[max(0, said.find("INBOX.") - 150) :][:300]
    assert "Printemps" in said
    assert gone not in box.folders()


# What each refuses in a name; all take the others. The first is the sign between levels.
REFUSED = {
    "cyrus": (".", "/", "%", "\\", "|", "!", "`"),
    "cyrus_alternative": ("/", "^", "%", "\\", "|", "!", "`"),
    "courier": (".", "/", "🎉"),
}
SIGNS = "./%\\|!`^*🎉~&:#-"


def test_a_name_that_the_server_refuses_is_refused_in_our_words(
    request: pytest.FixtureRequest, reader: Client, box: Mailbox, prefix: str
) -> None:
    delimiter, *refused = REFUSED[request.node.callspec.params["server"]]
    for number, sign in enumerate(SIGNS):
        name = f"Été {number}{sign}a"
        said = words(reader.post("/folders/change/", {"verb": "create", "name": name}))
        if sign == delimiter:
            assert f"Le signe « {sign} » ne peut pas figurer" in unspaced(said), said
        elif sign in refused:
            assert f"refusé ce nom, peut-être à cause du signe « {sign} »" in unspaced(said), said
        assert (prefix + name in box.folders()) == (sign not in (delimiter, *refused))


def test_a_name_is_as_long_as_the_server_takes_it(
    reader: Client, box: Mailbox, prefix: str
) -> None:
    for length in (100, 200, 245, 300):
        name = "x" * length
        said = words(reader.post("/folders/change/", {"verb": "create", "name": name}))
        assert (prefix + name in box.folders()) != ("Ce nom est trop long" in said), (length, said)
    assert prefix + "x" * 100 in box.folders()


def unspaced(text: str) -> str:
    """With usual spaces beside quotes."""
    return text.replace("\u202f", " ").replace("\xa0", " ")


def opened(
    server: Cyrus | Courier, mail_domain: MailDomain, signed_in: Callable[..., Client]
) -> Client:
    """Alice's browser, with her mailbox there."""
    mail_domain.imap_port = server.imap_port
    mail_domain.save()
    return signed_in(ALICE)


def test_a_shared_folder_at_the_top_takes_none_of_ones_own(
    cyrus: Cyrus, mail_domain: MailDomain, signed_in: Callable[..., Client]
) -> None:
    cyrus.make_anew(ALICE.login)
    cyrus.share("Vie-scolaire")
    reader = opened(cyrus, mail_domain, signed_in)
    with closing(cyrus.mailbox(ALICE)) as box:
        uid = box.append(letter())
        reader.post(ACT, {"verb": "trash", "refs": [ref(box, uid)]})
        assert len(box.messages("INBOX.Trash")) == 1
    links = folder_links(reader.get("/mail/INBOX/"))
    assert "Trash" not in links and "Vie-scolaire" in links
    cyrus.make_anew(ALICE.login)


def test_a_folder_that_the_server_refuses_is_named_and_the_message_stays(
    courier: Courier, mail_domain: MailDomain, signed_in: Callable[..., Client]
) -> None:
    courier.make_anew(ALICE.login)
    reader = opened(courier, mail_domain, signed_in)
    maildir = courier.folder / "mail" / ALICE.login / "Maildir"
    with closing(courier.mailbox(ALICE)) as box:
        uid = box.append(letter())
        maildir.chmod(0o500)
        try:
            answer = reader.post(ACT, {"verb": "trash", "refs": [ref(box, uid)]})
        finally:
            maildir.chmod(0o700)
        assert answer.status_code == 502 and "Le dossier « Trash » n’a pas pu" in words(answer)
        assert box.uids() == [uid]
