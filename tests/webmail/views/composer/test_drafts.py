"""What is written is kept, and found again; nobody else finds it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, page, path, ref, words
from webmail.models import Draft, DraftFile, DraftVersion
from webmail.writing import drafts, files
from webmail.writing.content import Content

pytestmark = pytest.mark.django_db
NUMBER = uuid.UUID(int=80)
SAVE = f"/drafts/{NUMBER}/save/"
FILES = f"/drafts/{NUMBER}/files/"
FETCH = {"X-Requested-With": "fetch"}
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")
WRITTEN = {"to": "bob@ac-exemple.fr", "subject": "Réunion", "body": "Bonjour", "revision": "0"}


@pytest.fixture(autouse=True)
def spool(settings: Settings, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path
    return tmp_path / "drafts"


@pytest.fixture
def me(reader: Client) -> User:
    return User.objects.get(login="alice")


def save(client: Client, **fields: str) -> Any:
    return client.post(SAVE, WRITTEN | fields, headers=FETCH)


def send_file(client: Client, content: bytes, name: str = "a.txt", **more: Any) -> Any:
    headers = FETCH | {"X-File-Name": quote(name), "X-File-Type": more.pop("type", "text/plain")}
    return client.post(
        FILES + more.pop("query", ""), content, "application/octet-stream", headers=headers, **more
    )


def test_what_is_posted_is_kept_and_a_sentence_says_when(reader: Client, me: User) -> None:
    told = save(reader).json()
    assert (told["draft"], told["revision"], told["copied"]) == (str(NUMBER), 1, False)
    assert re.search(r"\d\d:\d\d", told["saved"])
    assert drafts.content(drafts.find(me, NUMBER)).subject == "Réunion"


@pytest.mark.parametrize("act", ["save", "close"])
def test_asked_for_a_copy_lies_in_the_drafts_folder(
    reader: Client, me: User, mailbox: Mailbox, act: str
) -> None:
    assert save(reader, do=act, bcc="zoe@x.example").json()["copied"]
    save(reader, do=act, revision="1", body="Bonjour à tous", bcc="zoe@x.example")
    (message,) = mailbox.messages("Drafts")
    assert b"Bcc: zoe@x.example" in message and b"Bonjour =C3=A0 tous" in message
    assert drafts.find(me, NUMBER).is_closed == (act == "close")


def test_a_mail_server_that_is_down_keeps_nobody_from_saving(
    reader: Client, me: User, imap_moved: Callable[[int], None]
) -> None:
    imap_moved(1)
    answer = save(reader, do="save")
    assert (answer.status_code, answer.json()["copied"]) == (200, False)
    assert drafts.find(me, NUMBER).revision == 1


def test_the_composer_and_the_drafts_open_while_the_mail_server_is_down(
    reader: Client, me: User, imap_moved: Callable[[int], None]
) -> None:
    imap_moved(1)
    assert reader.get("/compose/").status_code == 200
    save(reader, body="Pendant la panne")
    assert "Pendant la panne" in words(reader.get(f"/drafts/{NUMBER}/"))
    for more in ("versions/", "versions/1/"):
        assert reader.get(f"/drafts/{NUMBER}/{more}").status_code == 200
    assert reader.get("/drafts/discarded/").status_code == 200


def test_a_window_that_is_behind_hears_of_it(reader: Client, me: User) -> None:
    save(reader, writer="one")
    save(reader, writer="one", revision="1", body="plus")
    answer = save(reader, writer="two", revision="1", body="autre")
    assert (answer.status_code, answer.json()["revision"]) == (409, 2)
    assert save(reader, writer="two", revision="2", body="autre", over="1").status_code == 200
    assert [one.content.text for one in drafts.versions(me, NUMBER)] == ["plus", "Bonjour"]


def test_without_a_session_a_script_is_told_so(reader: Client) -> None:
    reader.logout()
    for answer in (save(reader), send_file(reader, b"x")):
        assert (answer.status_code, answer["X-Session-Over"]) == (401, "1")
    assert not Draft.objects.exists()


def test_a_file_comes_alone_and_is_given_back(reader: Client, me: User, spool: Path) -> None:
    answer = send_file(reader, b"a" * 70_000, "C:\\bulletins\\été.txt")
    told = answer.json()
    assert answer.status_code == 201
    assert (told["name"], told["type"], told["size_bytes"]) == ("été.txt", "text/plain", 70_000)
    got = reader.get(told["url"])
    assert b"".join(got) == b"a" * 70_000
    assert got["Content-Disposition"].startswith("attachment")
    assert got["Content-Type"] == "application/octet-stream"
    assert len(list(spool.iterdir())) == 1


def test_a_page_is_never_shown_as_one(reader: Client) -> None:
    told = send_file(reader, b"<script>alert(1)</script>", "a.html", type="text/html").json()
    got = reader.get(told["url"])
    assert got["Content-Type"] == "application/octet-stream"
    assert "sandbox" in got["Content-Security-Policy"]
    assert b"".join(got).startswith(b"<script>")


def test_an_image_of_the_text_is_shown_and_has_a_content_id(reader: Client) -> None:
    told = send_file(reader, PNG, "a.png", type="image/png", query="?inline=1").json()
    assert told["cid"]
    got = reader.get(told["url"])
    assert (got["Content-Type"], b"".join(got)) == ("image/png", PNG)
    refused = send_file(reader, b"<svg/>", "a.png", type="image/png", query="?inline=1")
    assert refused.status_code == 422


@pytest.mark.parametrize(("content", "length", "status"), [(b"", "0", 422), (b"x", "-1", 422)])
def test_what_does_not_come_whole_is_refused_in_words(
    reader: Client, spool: Path, content: bytes, length: str, status: int
) -> None:
    answer = send_file(reader, content, CONTENT_LENGTH=length)
    assert answer.status_code == status and answer.json()["words"]
    assert not DraftFile.objects.exists() and list(spool.iterdir()) == []


def test_a_file_over_the_limit_is_refused_with_the_room_that_is_left(
    reader: Client, settings: Settings
) -> None:
    settings.MESSAGE_LIMIT = 1_000_000
    answer = send_file(reader, b"x" * 900_000)
    assert answer.status_code == 413 and "683" in answer.json()["words"]


def test_a_file_is_taken_out_and_comes_back_with_a_version(reader: Client, me: User) -> None:
    told = send_file(reader, b"x").json()
    save(reader, files=told["id"])
    assert reader.post(told["remove_url"], headers=FETCH).status_code == 204
    save(reader, revision="1")
    assert files.of(drafts.find(me, NUMBER)) == ()
    reader.post(f"/drafts/{NUMBER}/versions/1/")
    assert len(files.of(drafts.find(me, NUMBER))) == 1


def test_without_script_a_file_is_taken_out_and_the_words_stay(reader: Client, me: User) -> None:
    told = send_file(reader, b"x").json()
    answer = reader.post(told["remove_url"], WRITTEN | {"files": told["id"]})
    assert (answer.status_code, answer["Location"]) == (302, f"/drafts/{NUMBER}/")
    draft = drafts.find(me, NUMBER)
    assert (drafts.content(draft).text, files.of(draft)) == ("Bonjour", ())


def test_at_every_address_another_persons_draft_is_not_there(
    reader: Client, me: User, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    save(reader)
    file = send_file(reader, b"x").json()
    save(reader, revision="1", body="plus", files=file["id"])
    stranger = signed_in(bob)
    for address in (
        f"/drafts/{NUMBER}/",
        f"/drafts/{NUMBER}/versions/",
        f"/drafts/{NUMBER}/versions/1/",
        file["url"],
    ):
        assert stranger.get(address).status_code == 404, address
    for address in (
        SAVE,
        FILES,
        file["remove_url"],
        f"/drafts/{NUMBER}/discard/",
        f"/drafts/{NUMBER}/reopen/",
        f"/drafts/{NUMBER}/versions/1/",
    ):
        assert stranger.post(address, WRITTEN, headers=FETCH).status_code == 404, address
    assert drafts.find(me, NUMBER).revision == 2 and DraftFile.objects.filter(removed=None).exists()
    assert send_file(stranger, b"x").status_code == 404
    mine = f"/drafts/{uuid.uuid4()}/files/{file['id']}"
    assert reader.get(mine).status_code == 404


def test_versions_are_read_and_one_comes_back(reader: Client, me: User) -> None:
    save(reader, format="html", html="<p>Un</p><script>alert(1)</script>", bcc="zoe@x.example")
    save(reader, revision="1", format="html", html="<p>Deux</p>")
    listed = page(reader.get(f"/drafts/{NUMBER}/versions/"))
    assert f"/drafts/{NUMBER}/versions/1/" in listed
    shown = page(reader.get(f"/drafts/{NUMBER}/versions/1/"))
    assert "zoe@x.example" in shown and ">Un" in shown and "alert(1)" not in shown
    answer = reader.post(f"/drafts/{NUMBER}/versions/1/")
    assert answer["Location"] == f"/drafts/{NUMBER}/"
    draft = drafts.find(me, NUMBER)
    assert "Un" in drafts.content(draft).html
    assert drafts.version(me, NUMBER, 2).content.html == "<p>Deux</p>"


def test_what_was_discarded_has_no_copy_and_comes_back(
    reader: Client, me: User, mailbox: Mailbox
) -> None:
    save(reader, do="save")
    assert len(mailbox.uids("Drafts")) == 1
    reader.post(f"/drafts/{NUMBER}/discard/")
    assert mailbox.uids("Drafts") == []
    listed = page(reader.get("/drafts/discarded/"))
    assert "Réunion" in listed and f"/drafts/{NUMBER}/reopen/" in listed
    assert save(reader, revision="1", body="trop tard").status_code == 404
    answer = reader.post(f"/drafts/{NUMBER}/reopen/")
    assert answer["Location"] == f"/drafts/{NUMBER}/"
    assert reader.get(f"/drafts/{NUMBER}/").status_code == 200


def left(user: User, number: uuid.UUID = NUMBER, hours: int = 2) -> None:
    drafts.save(user, number, Content(subject="Réunion", html="<p>Bonjour"), base=0)
    Draft.objects.filter(pk=number).update(changed=timezone.now() - timedelta(hours=hours))


def test_a_message_left_in_the_middle_is_offered_at_the_next_sign_in(
    reader: Client, me: User, signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    left(me)
    again = signed_in(alice)
    shown = page(again.get("/mail/INBOX/"))
    assert 'id="offered"' in shown and f"/drafts/{NUMBER}/" in shown
    assert "Réunion" not in str(dict(again.session))
    again.post("/drafts/offered/dismiss/", {"next": "/mail/INBOX/"})
    assert 'id="offered"' not in page(again.get("/mail/INBOX/"))
    assert drafts.find(me, NUMBER)


def test_who_goes_on_with_it_is_not_offered_it_again(
    reader: Client, me: User, signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    left(me)
    again = signed_in(alice)
    again.get("/mail/INBOX/")
    save(again, revision="1", body="suite")
    assert 'id="offered"' not in page(again.get("/mail/INBOX/"))


def test_it_can_be_discarded_from_the_line_that_offers_it(
    reader: Client, me: User, signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    left(me)
    again = signed_in(alice)
    again.get("/mail/INBOX/")
    answer = again.post(f"/drafts/{NUMBER}/discard/", {"next": "/mail/INBOX/"})
    assert answer["Location"] == "/mail/INBOX/"
    assert 'id="offered"' not in page(again.get("/mail/INBOX/"))


def test_several_are_one_line(
    reader: Client, me: User, signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    for _ in range(3):
        left(me, uuid.uuid4())
    shown = page(signed_in(alice).get("/mail/INBOX/"))
    assert 'href="/drafts/"' in shown


def test_pages_after_the_first_ask_the_database_for_no_draft(reader: Client, me: User) -> None:
    left(me)
    reader.get("/mail/INBOX/")
    with CaptureQueriesContext(connection) as asked:
        reader.get("/mail/INBOX/")
    assert not [one for one in asked if "webmail_draft" in one["sql"]]


def test_a_draft_of_another_program_opens_and_becomes_ours(
    reader: Client, me: User, mailbox: Mailbox
) -> None:
    theirs = ref(mailbox, mailbox.append(letter("De Thunderbird"), "Drafts"), "Drafts")
    shown = page(reader.get(f"/mail/Drafts/{theirs}/edit/"))
    assert "De Thunderbird" in shown
    save(
        reader,
        do="close",
        kind="edit",
        origin_folder="Drafts",
        origin_ref=theirs,
        subject="De Thunderbird, suite",
    )
    (message,) = mailbox.messages("Drafts")
    assert b"suite" in message


def test_the_spool_and_the_rows_say_nothing(reader: Client, spool: Path) -> None:
    send_file(reader, b"tres secret", "secret.txt")
    save(reader, body="tres secret")
    save(reader, revision="1", body="tres secret aussi")
    sealed = []
    for model in (Draft, DraftFile, DraftVersion):
        rows = model._default_manager.values_list("sealed", flat=True)
        sealed += [bytes(one) for one in rows]
    sealed += [path.read_bytes() for path in spool.iterdir()]
    assert len(sealed) == 4 and not any(b"secret" in one for one in sealed)


def test_messages_begun_are_in_the_drafts_folder_with_or_without_a_copy(
    reader: Client, me: User, mailbox: Mailbox
) -> None:
    save(reader, do="save", subject="Avec copie")
    other = uuid.UUID(int=81)
    drafts.save(me, other, Content(subject="Sans copie", html="<p>Un"), base=0)
    assert reader.get("/drafts/")["Location"] == "/mail/Drafts/"
    shown = page(reader.get("/mail/Drafts/"))
    assert shown.count("Avec copie") and f'href="/drafts/{other}/"' in shown
    assert f'href="/drafts/{NUMBER}/"' not in shown
    discarded = reader.post(f"/drafts/{other}/discard/", {"next": "/mail/Drafts/"}, follow=True)
    assert f'href="/drafts/{other}/"' not in page(discarded)
    assert 'href="/drafts/discarded/"' in page(discarded)
    assert f"/drafts/{other}/reopen/" in page(reader.get("/drafts/discarded/"))


def test_no_other_folder_shows_drafts(reader: Client, me: User) -> None:
    drafts.save(me, NUMBER, Content(subject="Sans copie", html="<p>Un"), base=0)
    shown = page(reader.get("/mail/INBOX/"))
    assert 'class="draft-list' not in shown and "Messages commencés" not in shown


def test_another_persons_drafts_are_not_in_the_folder(
    me: User, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    drafts.save(me, NUMBER, Content(subject="Sans copie", html="<p>Un"), base=0)
    other = signed_in(bob)
    location = other.get("/drafts/")["Location"]
    assert "Sans copie" not in page(other.get(location))
    drafts.discard(me, NUMBER)
    assert "Sans copie" not in page(other.get("/drafts/discarded/"))


def test_the_composer_leads_to_the_versions_of_its_draft(reader: Client, me: User) -> None:
    save(reader)
    shown = page(reader.get(f"/drafts/{NUMBER}/"))
    assert f'<li data-versions><a href="/drafts/{NUMBER}/versions/"' in shown
    assert "<li data-versions hidden>" in page(reader.get("/compose/"))


# --- after sending, and where nothing was written ---


def was_sent(user: User, writer: str = "w") -> None:
    written = Content(subject="Réunion", html="<p>Bonjour")
    drafts.save(user, NUMBER, written, base=0, writer=writer)
    Draft.objects.update(state=Draft.State.ACCEPTED)


def test_a_save_that_comes_after_the_sending_is_answered_calmly(reader: Client, me: User) -> None:
    was_sent(me)
    late = save(reader, revision="1", writer="w", html="<p>Bonjour, bonjour")
    assert late.status_code == 204 and late.content == b""
    draft = Draft.objects.get()
    assert (draft.state, draft.revision) == (Draft.State.ACCEPTED, 1)


def test_the_words_that_were_sent_are_no_news_from_whatever_window(
    reader: Client, me: User
) -> None:
    save(reader, writer="w")
    Draft.objects.update(state=Draft.State.ACCEPTED)
    assert save(reader, revision="1", writer="another").status_code == 204
    refused = save(reader, revision="1", writer="another", subject="Autre chose")
    assert refused.status_code == 404 and "déjà parti" in refused.json()["words"]


def test_another_persons_sent_draft_is_not_there(
    me: User, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    was_sent(me)
    assert save(signed_in(bob), revision="1", writer="w").status_code == 404


def test_a_discarded_draft_is_not_resurrected_by_a_late_save(reader: Client, me: User) -> None:
    save(reader, writer="w")
    drafts.discard(me, NUMBER)
    assert save(reader, revision="1", writer="w", body="x").status_code == 404
    assert Draft.objects.get().state == Draft.State.DISCARDED


def test_a_discarded_draft_comes_back_whole_by_the_toast(
    reader: Client, me: User, mailbox: Mailbox
) -> None:
    save(reader, do="save")
    added = reader.post(
        f"/drafts/{NUMBER}/files/",
        b"%PDF-1.4",
        content_type="application/octet-stream",
        headers={"X-File-Name": "plan.pdf"},
    ).json()
    answer = reader.post(
        "/compose/",
        {
            "kind": "new",
            "draft": str(NUMBER),
            "revision": "1",
            "subject": "Réunion de jeudi",
            "body": "Bonjour à tous",
            "files": added["id"],
            "do": "discard",
        },
    )
    assert mailbox.uids("Drafts") == []
    shown = page(reader.get(answer["Location"]))
    assert f'action="/drafts/{NUMBER}/reopen/"' in shown.partition('id="toast"')[2]
    assert reader.post(f"/drafts/{NUMBER}/reopen/")["Location"] == f"/drafts/{NUMBER}/"
    back = page(reader.get(f"/drafts/{NUMBER}/"))
    assert "Réunion de jeudi" in back and "Bonjour à tous" in back and "plan.pdf" in back
    assert len(mailbox.uids("Drafts")) == 1


def test_a_script_is_told_where_the_draft_is_that_came_back(reader: Client, me: User) -> None:
    save(reader)
    drafts.discard(me, NUMBER)
    answer = reader.post(f"/drafts/{NUMBER}/reopen/", headers={"X-Requested-With": "fetch"})
    said = "Le brouillon est de nouveau ouvert."
    assert answer.json() == {"url": f"/drafts/{NUMBER}/", "said": said}


def form_of(shown: str) -> dict[str, str]:
    """As a browser without scripts posts it, untouched."""
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown))
    for name in ("to", "cc", "bcc", "subject"):
        value = re.search(rf'name="{name}"\s+value="([^"]*)"', shown)
        found[name] = value[1] if value else ""
    text = re.search(r'<textarea[^>]*\sname="body"[^>]*>\n?(.*?)</textarea>', shown, re.S)
    found["body"] = text[1] if text else ""
    return {name: unescape(value) for name, value in found.items()}


@pytest.mark.parametrize("where", ["/compose/", "/compose/?to=bob@ac-exemple.fr", "reply/"])
@pytest.mark.parametrize("do", ["close", "discard"])
def test_nothing_typed_is_nothing_kept(
    reader: Client, mailbox: Mailbox, where: str, do: str
) -> None:
    uid = mailbox.append("letter.eml")
    User.objects.get().identities.update(signature="<p>Alice Martin</p>")
    if not where.startswith("/"):
        where = path(mailbox, uid, where)
    form = form_of(page(reader.get(where)))
    answer = reader.post("/compose/", form | {"do": do})
    assert answer.status_code == 302
    assert not Draft.objects.exists() and mailbox.uids("Drafts") == []
    assert ("Rien n’a été écrit" in words(reader.get("/mail/INBOX/"))) is (do == "close")
    kept = reader.post(f"/drafts/{form['draft']}/save/", form | {"do": "save"}).json()
    assert kept["revision"] == 0 and not Draft.objects.exists()
    assert reader.post("/compose/", form | {"do": "close", "body": "Un mot"}).status_code == 302
    assert Draft.objects.count() == 1 and len(mailbox.uids("Drafts")) == 1


def test_what_was_typed_and_taken_out_again_leaves_no_draft(
    reader: Client, mailbox: Mailbox
) -> None:
    form = form_of(page(reader.get("/compose/")))
    reader.post(f"/drafts/{form['draft']}/save/", form | {"body": "Un mot", "do": "save"})
    assert len(mailbox.uids("Drafts")) == 1
    reader.post("/compose/", form | {"revision": "1", "do": "close"})
    assert mailbox.uids("Drafts") == []
    assert not Draft.objects.filter(state=Draft.State.WRITING).exists()


def test_a_page_that_is_loaded_again_has_the_number_of_its_address(
    reader: Client, me: User
) -> None:
    """Until the draft is there; then the page is the draft's. Another user's number is none."""
    page_ = reader.get(f"/compose/?draft={NUMBER}").content.decode()
    assert f'name="draft" value="{NUMBER}"' in page_
    save(reader)
    page_ = reader.get(f"/compose/?draft={NUMBER}").content.decode()
    assert 'value="Réunion"' in page_ and f'name="draft" value="{NUMBER}"' in page_
    other = User.objects.create(mail_domain=me.mail_domain, login="autre", address="o@x.example")
    Draft.objects.update(user=other)
    page_ = reader.get(f"/compose/?draft={NUMBER}").content.decode()
    assert str(NUMBER) not in page_ and "Réunion" not in page_
    for wrong in ("x", "", "../../a"):
        assert reader.get("/compose/", {"draft": wrong}).status_code == 200


def test_a_form_of_a_draft_that_has_gone_goes_on_in_a_new_message(reader: Client, me: User) -> None:
    """With a script and without."""
    save(reader)
    drafts.discard(me, NUMBER)
    answer = reader.post("/compose/", WRITTEN | {"draft": str(NUMBER), "do": "send"})
    assert answer.status_code == 404
    again = f"/drafts/{NUMBER}/again/"
    assert f'formaction="{again}"' in answer.content.decode()
    told = reader.post(again, WRITTEN, headers=FETCH).json()
    plain = reader.post(again, WRITTEN)
    assert plain.status_code == 302
    for url in (told["url"], plain["Location"]):
        assert 'value="Réunion"' in reader.get(url).content.decode()


def test_what_a_browser_brings_back_is_cleaned_as_what_is_typed(reader: Client, me: User) -> None:
    hostile = "<p onclick=a()>Bon<script>a()</script><img src=https://x.example/a.png></p>"
    save(reader, html=hostile, format="html", over="1")
    drafts.discard(me, NUMBER)
    url = reader.post(f"/drafts/{NUMBER}/again/", WRITTEN | {"html": hostile, "format": "html"})
    shown = reader.get(url["Location"]).content.decode()
    assert "Bon" in shown
    for mark in ("onclick", "a()", "x.example/a.png"):
        assert mark not in shown
