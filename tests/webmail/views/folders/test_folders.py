"""The pages on which a person arranges his folders."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import session
from accounts.models import User
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import ScriptedServer, imap_script, ok
from tests.webmail.views.mail import commands_sent, fields, folder_links, letter, page, words
from webmail.models import FolderChoice

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def change(reader: Client, verb: str, folder: str = "", **more: str):
    return reader.post("/folders/change/", {"verb": verb, "folder": folder, **more})


def undo(reader: Client, answer) -> None:
    """Press the button of the toast."""
    form = re.search(r'(?s)<div class="toast" data-toast>.*?</form>', page(answer))
    assert form, "there is no toast that can be taken back"
    reader.post("/folders/change/", dict(fields(form[0])))


def test_a_folder_is_made_and_shown_with_what_it_holds(reader: Client, mailbox: Mailbox) -> None:
    answer = change(reader, "create", name="Conseil de classe")
    assert answer["Location"] == "/folders/"
    mailbox.append(letter(), "Conseil de classe")
    shown = reader.get("/folders/")
    assert "Conseil de classe" in folder_links(shown)
    row = re.search(r"(?s)<tr><th[^>]*><a[^>]*>.{0,200}?Conseil de classe.*?</tr>", page(shown))
    assert row and '<td class="number">1</td>' in row[0]


def test_the_page_takes_two_commands_and_one_for_the_quota(
    reader: Client, mailbox: Mailbox
) -> None:
    reader.get("/folders/")
    before = commands_sent()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        reader.get("/folders/")
    assert commands_sent() - before == 2
    assert len(queries) <= 2


def test_a_folder_is_renamed_and_that_is_taken_back(reader: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Zoo")
    mailbox.append(letter(), "Zoo")
    answer = change(reader, "rename", "Zoo", name="Musée & parc", next="/mail/Zoo/?only=unread")
    assert unescape(answer["Location"]) == "/mail/Mus%C3%A9e%20&%20parc/"
    undo(reader, reader.get(answer["Location"]))
    assert mailbox.uids("Zoo")
    assert "Musée & parc" not in mailbox.folders()


def test_a_folder_is_thrown_away_with_its_content_and_comes_back(
    reader: Client, mailbox: Mailbox
) -> None:
    for name in ("Zoo", "Zoo/Singes"):
        mailbox.create_folder(name)
    mailbox.append(letter(), "Zoo/Singes")
    answer = change(reader, "throw", "Zoo", next="/mail/Zoo/")
    assert answer["Location"] == "/mail/INBOX/"
    assert mailbox.uids("Trash/Zoo/Singes")
    undo(reader, reader.get("/mail/INBOX/"))
    assert mailbox.uids("Zoo/Singes")


def test_a_folder_is_moved_into_another_and_out_of_it(reader: Client, mailbox: Mailbox) -> None:
    for name in ("Zoo", "Sorties"):
        mailbox.create_folder(name)
    change(reader, "move", "Zoo", to="Sorties")
    assert "Sorties/Zoo" in mailbox.folders()
    change(reader, "move", "Sorties/Zoo", to="")
    assert "Zoo" in mailbox.folders()


@pytest.mark.parametrize(
    ("verb", "folder", "more"),
    [
        ("create", "", {"name": "a/b"}),
        ("create", "", {"name": "a\r\nA1 DELETE Zoo"}),
        ("create", "", {"name": ""}),
        ("create", "", {"name": "Zoo"}),
        ("create", "", {"name": "x", "to": "a\nb"}),
        ("rename", "Zoo", {"name": "Sent"}),
        ("rename", "INBOX", {"name": "x"}),
        ("move", "Zoo", {"to": "Zoo"}),
        ("throw", "Trash", {}),
        ("remove", "Zoo", {}),
        ("undo", "Zoo", {"name": "Sent"}),
        ("use", "INBOX", {"use": "\\Sent"}),
        ("use", "Zoo", {"use": "\\Nothing"}),
        ("explode", "Zoo", {}),
        ("rename", "", {"name": "x"}),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_happens(
    reader: Client, mailbox: Mailbox, verb: str, folder: str, more: dict[str, str]
) -> None:
    mailbox.create_folder("Zoo")
    before = mailbox.folders()
    answer = change(reader, verb, folder, **more)
    assert answer.status_code == 422
    notice = re.search(
        r'(?s)<div class="notices" id="notices" role="alert">(.*?)</div>', page(answer)
    )
    assert notice and len(re.sub(r"<[^>]*>", "", notice[1]).strip()) > 30
    assert mailbox.folders() == before


def test_what_was_typed_comes_back(reader: Client, mailbox: Mailbox) -> None:
    assert 'value="4e/B &lt;"' in page(change(reader, "create", name="4e/B <"))


@pytest.mark.parametrize("verb", ["rename", "move", "throw", "undo", "use", "remove"])
def test_a_folder_that_another_program_removed_is_not_found(
    reader: Client, mailbox: Mailbox, verb: str
) -> None:
    answer = change(reader, verb, "Disparu", name="x", use="\\Sent")
    assert answer.status_code == 404


def test_names_are_shown_as_text(reader: Client, mailbox: Mailbox) -> None:
    change(reader, "create", name="<img src=x onerror=alert(1)>")
    for address in ("/folders/", "/folders/of/%3Cimg%20src=x%20onerror=alert(1)%3E/"):
        shown = page(reader.get(address))
        assert "<img src=x" not in shown
        assert "&lt;img src=x" in shown


def test_a_folder_has_a_page_with_its_actions(reader: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Zoo")
    mailbox.create_folder("Zoo/Singes")
    shown = page(reader.get("/folders/of/Zoo/?next=/mail/Zoo/"))
    for verb in ("rename", "move", "create", "favour", "unsubscribe", "throw"):
        assert f'value="{verb}"' in shown
    assert 'href="/mail/Zoo/export/"' in shown
    # Not inside itself.
    places = re.findall(r'<option value="([^"]*)"', shown)
    assert "Sent" in places
    assert not {"Zoo", "Zoo/Singes"} & set(places)
    dialog = reader.get("/folders/of/Zoo/", headers=HTMX)
    assert page(dialog).startswith("<dialog")
    special = page(reader.get("/folders/of/Sent/"))
    assert 'value="rename"' not in special
    assert 'value="throw"' not in special


def test_favourites_stand_first_and_follow_their_folder(reader: Client, mailbox: Mailbox) -> None:
    for name in ("Zoo", "Abri"):
        mailbox.create_folder(name)
    change(reader, "favour", "Zoo")
    shown = page(reader.get("/mail/INBOX/"))
    favourites = re.search(r'(?s)<ul class="folders favourites">(.*?)</ul>', shown)
    assert favourites and "Zoo" in favourites[1] and "Abri" not in favourites[1]
    change(reader, "rename", "Zoo", name="Parc")
    favourites = re.search(
        r'(?s)<ul class="folders favourites">(.*?)</ul>', page(reader.get("/mail/INBOX/"))
    )
    assert favourites and "Parc" in favourites[1]
    change(reader, "unfavour", "Parc")
    assert "folders favourites" not in page(reader.get("/mail/INBOX/"))


def test_how_a_folder_is_sorted_follows_it(reader: Client, mailbox: Mailbox) -> None:
    for name in ("Zoo", "Zoo/Singes", "Zoologie"):
        mailbox.create_folder(name)
        reader.get(f"/mail/{name.replace('/', '~2F')}/?sort=subject&up=1")
    change(reader, "rename", "Zoo", name="Parc")
    kept = set(FolderChoice.objects.values_list("folder", flat=True))
    assert kept == {"Parc", "Parc/Singes", "Zoologie"}
    user = User.objects.get(login="alice")
    assert FolderChoice.objects.all().order_of(user, "Parc/Singes")[:2] == ("subject", True)


def test_a_folder_is_chosen_for_a_use_and_used(reader: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Poubelle")
    uid = mailbox.append(letter())
    change(reader, "use", "Poubelle", use="\\Trash")
    reader.post("/mail/INBOX/act/", {"verb": "trash", "refs": f"{mailbox.uidvalidity()}-{uid}"})
    assert mailbox.uids("Poubelle")
    assert not mailbox.uids("Trash")
    labels = folder_links(reader.get("/mail/INBOX/"))
    assert labels["Corbeille"] == "/mail/Poubelle/"
    assert labels["Trash"] == "/mail/Trash/"
    # It goes with its folder, which has a use and stays; the old one is free.
    assert change(reader, "rename", "Poubelle", name="x").status_code == 422


def test_another_person_has_his_own_favourites(
    reader: Client, mailbox: Mailbox, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    change(reader, "favour", "Sent")
    assert "folders favourites" not in page(signed_in(bob).get("/mail/INBOX/"))


def test_subscriptions_change(reader: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Zoo")
    change(reader, "unsubscribe", "Zoo")
    _, lines = mailbox.imap.lsub()
    assert not any(line.endswith(b" Zoo") for line in lines)
    assert 'value="subscribe"' in page(reader.get("/folders/of/Zoo/"))
    change(reader, "subscribe", "Zoo")
    _, lines = mailbox.imap.lsub()
    assert any(line.endswith(b" Zoo") for line in lines)


def test_what_is_in_the_trash_is_removed_for_good_after_a_question(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Zoo")
    change(reader, "throw", "Zoo")
    shown = page(reader.get("/folders/of/Trash~2FZoo/"))
    assert re.search(r'(?s)<details class="folder-remove">.*value="remove"', shown)
    assert 'value="throw"' not in shown
    change(reader, "remove", "Trash/Zoo")
    assert "Trash/Zoo" not in mailbox.folders()


# How full the mailbox is.


def test_a_page_of_the_account_asks_for_its_folders(reader: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Conseil")
    assert 'hx-get="/folders/column/"' in page(reader.get("/account/security/"))
    column = page(reader.get("/folders/column/"))
    assert 'id="folder-list"' in column and 'href="/mail/Conseil/"' in column


def test_a_page_of_the_account_has_no_folders_where_the_mail_server_is_away(
    reader: Client, mailbox: Mailbox, imap_moved: Callable[[int], None]
) -> None:
    imap_moved(1)
    assert reader.get("/folders/column/").status_code == 204


def test_the_quota_is_told(reader: Client, mailbox: Mailbox) -> None:
    answer = reader.get("/folders/quota/")
    assert re.search(
        r'<meter min="0" max="100" low="89" high="99" optimum="0" value="\d+"', page(answer)
    )
    assert "1,1 Go" in words(answer)


@pytest.mark.parametrize(
    ("used", "level"), [(89, ""), (90, "warn"), (99, "warn"), (100, "bad"), (130, "bad")]
)
def test_a_mailbox_that_is_almost_full_is_told_of(
    reader: Client, imap_moved: Callable[[int], None], used: int, level: str
) -> None:
    line = b"* QUOTAROOT INBOX a b\r\n* QUOTA a (STORAGE 1 100)\r\n* QUOTA b (STORAGE %d 100)\r\n"
    script = imap_script(("GETQUOTAROOT", ok(line % used)), capabilities="IMAP4rev1 QUOTA")
    with ScriptedServer(script) as server:
        imap_moved(server.port)
        shown = page(reader.get("/folders/quota/"))
        session.pool().close_all()
    found = re.search(r'class="quota ?([a-z]*)"', shown)
    assert found and found[1] == level


def test_a_server_without_quotas_shows_no_bar(
    reader: Client, imap_moved: Callable[[int], None]
) -> None:
    with ScriptedServer(imap_script(capabilities="IMAP4rev1")) as server:
        imap_moved(server.port)
        assert "<meter" not in page(reader.get("/folders/quota/"))
        session.pool().close_all()


# Folders of others.


def test_folders_of_others_stand_apart(reader: Client, imap_moved: Callable[[int], None]) -> None:
    told = b'* NAMESPACE (("" "/")) (("Autres/" "/")) (("Communs/" "/"))\r\n'
    listed = (
        b'* LIST () "/" INBOX\r\n* LIST () "/" Zoo\r\n* LIST (\\Noselect) "/" Communs\r\n'
        b'* LIST (\\Sent) "/" Communs/Sent\r\n* LIST () "/" Autres/bob/Notes\r\n'
    )
    able = "IMAP4rev1 NAMESPACE LIST-EXTENDED LIST-STATUS"
    script = imap_script(("NAMESPACE", ok(told)), ("LIST", ok(listed)), capabilities=able)
    with ScriptedServer(script) as server:
        imap_moved(server.port)
        shown = page(reader.get("/folders/"))
        session.pool().close_all()
    side = shown[: shown.index("<main")]
    titles = [part.split("</h2>")[0] for part in side.split("<h2")[1:]]
    assert len(titles) == 3
    parts = re.split(r"<h2", side)
    assert "Communs" not in parts[0]  # among those with a use of their own
    assert "Zoo" in parts[1] and "Communs" not in parts[1]
    assert "Sent" in parts[2] and "bob" not in parts[2]
    assert "bob" in parts[3] and "Notes" in parts[3]


# Many.


def test_two_thousand_folders_are_one_page(
    reader: Client, imap_moved: Callable[[int], None]
) -> None:
    listed = b"".join(
        b'* LIST () "/" "d%d/e%d"\r\n* STATUS "d%d/e%d" (MESSAGES 3 UNSEEN 1)\r\n'
        % (n // 40, n, n // 40, n)
        for n in range(2000)
    )
    able = "IMAP4rev1 LIST-EXTENDED LIST-STATUS"
    script = imap_script(("LIST", ok(listed)), capabilities=able)
    with ScriptedServer(script) as server:
        imap_moved(server.port)
        shown = page(reader.get("/folders/"))
        session.pool().close_all()
    assert shown.count("<tr>") == 2051
