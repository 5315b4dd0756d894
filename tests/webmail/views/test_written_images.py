"""What the HTML of a message names is what is sent: of the user's own images, and of nobody
else's."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.composer.test_begin import value
from tests.webmail.views.composer.test_posted import PNG
from tests.webmail.views.mail import commands_sent, page, path, words
from webmail import tasks
from webmail.models import Draft, DraftFile, OutboxMessage
from webmail.writing import drafts, files

pytestmark = pytest.mark.django_db
NUMBER, OTHER = uuid.UUID(int=91), uuid.UUID(int=92)
FETCH = {"X-Requested-With": "fetch"}
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path


def upload(client: Client, draft: uuid.UUID = NUMBER, *, beside: bool = False) -> dict[str, Any]:
    """An image of the text, or a file beside it."""
    headers = FETCH | {"X-File-Name": "plan.png", "X-File-Type": "image/png"}
    kind = "" if beside else "?inline=1"
    url = f"/drafts/{draft}/files/{kind}"
    answer = client.post(url, PNG, content_type="application/octet-stream", headers=headers)
    assert answer.status_code == 201
    return dict(answer.json())


def image(address: str, words: str = "plan") -> str:
    return f'<div>Voici <img src="{address}" alt="{words}"></div>'


def written(html: str, draft: uuid.UUID = NUMBER, /, **more: Any) -> dict[str, Any]:
    fields = {
        "kind": "new",
        "to": "bob@ac-exemple.fr",
        "subject": "Plan",
        "format": "html",
        "html": html,
        "draft": str(draft),
        "writer": "w",
        "key": str(uuid.uuid4()),
    }
    return fields | more


def save(client: Client, html: str, draft: uuid.UUID = NUMBER, /, **more: Any) -> Any:
    url = f"/drafts/{draft}/save/"
    answer = client.post(url, written(html, draft, **more), headers=FETCH)
    assert answer.status_code == 200
    return answer.json()


def send(client: Client, html: str, draft: uuid.UUID = NUMBER, /, **more: Any) -> Any:
    """Posted as a page that knows of no file; what is accepted leaves."""
    answer = client.post("/compose/", written(html, draft, **more), headers=HTMX)
    for row in OutboxMessage.objects.filter(state=OutboxMessage.State.HELD):
        OutboxMessage.objects.filter(pk=row.pk).update(due=timezone.now())
        tasks.deliver_message(str(row.pk))
    return answer


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def images_of(raw: bytes) -> list[bytes]:
    """The images that the HTML names, each by its Content-ID, and no other."""
    message = parsed(raw)
    html = message.get_body(("html",))
    assert html is not None
    named = re.findall(r'src="([^"]*)"', html.get_content())
    parts = {
        f"cid:{part['Content-ID'][1:-1]}": part for part in message.walk() if part["Content-ID"]
    }
    assert set(named) == set(parts) and not list(message.iter_attachments())
    return [parts[address].get_content() for address in named]


def arrived(mailbox: Mailbox) -> list[bytes]:
    (raw,) = mailbox.messages()
    return images_of(raw)


# Uploads


def test_an_upload_that_the_page_forgot_is_sent(
    reader: Client, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    told = upload(reader)
    save(reader, image(told["url"]), files=[])
    assert DraftFile.objects.get().removed is None
    assert send(reader, image(told["url"]), files=[]).status_code == 204
    assert arrived(bobs_mailbox) == [PNG]


def test_an_upload_shown_in_the_text_is_no_attachment_too(
    reader: Client, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    told = upload(reader, beside=True)
    answer = send(reader, image(told["url"]) * 2, files=[told["id"]])
    assert answer.status_code == 204
    assert arrived(bobs_mailbox) == [PNG, PNG]
    assert bobs_mailbox.messages()[0].count(b"Content-ID") == 1


def test_an_upload_that_was_removed_and_is_named_is_kept(
    reader: Client, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    told = upload(reader)
    html = image(told["url"])
    save(reader, html)
    reader.post(told["remove_url"], headers=FETCH)
    assert DraftFile.objects.get().removed is not None
    save(reader, html)
    assert DraftFile.objects.get().removed is None
    send(reader, html)
    assert arrived(bobs_mailbox) == [PNG]


def test_an_image_taken_out_of_the_text_does_not_leave(
    reader: Client, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    told = upload(reader)
    save(reader, image(told["url"]), files=[told["id"]])
    send(reader, "<div>sans</div>", files=[told["id"]])
    (raw,) = bobs_mailbox.messages()
    assert b"image/png" not in raw


def test_an_image_copied_from_another_draft_becomes_one_of_this(
    reader: Client, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    told = upload(reader, OTHER)
    save(reader, image(f"http://testserver{told['url']}"))
    save(reader, image(told["url"]))
    assert DraftFile.objects.count() == 2
    Draft.objects.get(pk=OTHER).delete()
    (address,) = re.findall(r'src="([^"]*)"', drafts.content(Draft.objects.get()).html)
    assert str(NUMBER) in address
    assert b"".join(reader.get(address)) == PNG
    assert "data-files" in page(reader.get(f"/drafts/{NUMBER}/"))
    send(reader, image(told["url"]))
    assert arrived(bobs_mailbox) == [PNG]


def test_another_users_upload_is_not_sent_and_is_told(
    reader: Client,
    signed_in: Callable[..., Client],
    bob: MailAccount,
    submission: SubmissionServer,
    bobs_mailbox: Mailbox,
) -> None:
    told = upload(signed_in(bob), OTHER)
    save(reader, image(told["url"]))
    assert not DraftFile.objects.filter(draft_id=NUMBER).exists()
    answer = send(reader, image(told["url"]), files=[told["id"]])
    assert answer.status_code == 422 and "« plan »" in words(answer)
    assert not OutboxMessage.objects.exists()
    stolen = told["url"].replace(str(OTHER), str(NUMBER))
    assert send(reader, image(stolen)).status_code == 422
    assert send(reader, image(stolen), missing_ok="on").status_code == 204
    (raw,) = bobs_mailbox.messages()
    assert b"image/png" not in raw and b"Voici plan" in raw


def test_another_users_message_is_not_sent_and_is_told(
    reader: Client, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    uid = bobs_mailbox.append(illustrated(), "Trash")
    address = path(bobs_mailbox, uid, "view/2/image", "Trash")
    origin = {"origin_folder": "Trash", "origin_ref": f"{bobs_mailbox.uidvalidity('Trash')}-{uid}"}
    cases: tuple[dict[str, str], ...] = ({}, origin | {"kind": "reply"})
    for more in cases:
        assert send(reader, image(address), **more).status_code == 422
    assert not OutboxMessage.objects.exists()


def test_another_message_than_the_answered_one_is_not_sent(
    reader: Client, mailbox: Mailbox, submission: SubmissionServer
) -> None:
    answered, secret = mailbox.append(illustrated()), mailbox.append(illustrated())
    origin = {"origin_folder": "INBOX", "origin_ref": f"{mailbox.uidvalidity()}-{answered}"}
    html = image(path(mailbox, secret, "view/2/image"))
    assert send(reader, html, kind="reply", **origin).status_code == 422


def test_a_page_without_script_says_which_images_are_missing(
    reader: Client, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    html = image(f"/drafts/{NUMBER}/files/{OTHER}", "") + image("cid:photo@x", "photo")
    answer = reader.post("/compose/", written(html))
    assert answer.status_code == 422
    assert "2 images du texte" in words(answer) and "« photo »" in words(answer)
    assert 'name="missing_ok"' in page(answer)
    assert send(reader, html, missing_ok="on").status_code == 204
    assert "photo" in str(parsed(bobs_mailbox.messages()[0]).get_body(("html",)))


def test_an_image_gone_from_the_spool_is_told(
    reader: Client, submission: SubmissionServer, bob: MailAccount, tmp_path: Path
) -> None:
    told = upload(reader)
    for file in (tmp_path / "drafts").iterdir():
        file.unlink()
    assert send(reader, image(told["url"])).status_code == 422


def test_a_page_loaded_again_knows_the_images_and_lists_the_files(reader: Client) -> None:
    shown, beside = upload(reader), upload(reader, beside=True)
    save(reader, image(shown["url"]), files=[beside["id"]])
    again = page(reader.get(f"/drafts/{NUMBER}/"))
    assert sorted(re.findall(r'name="files" value="([^"]*)"', again)) == sorted(
        [shown["id"], beside["id"]]
    )
    assert again.count("data-file=") == 1
    save(reader, "", format="plain", body="Voici", files=[shown["id"], beside["id"]])
    assert page(reader.get(f"/drafts/{NUMBER}/")).count("data-file=") == 2


def test_saving_an_image_takes_two_queries_more_and_no_more_for_many(
    reader: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    reader.get("/mail/INBOX/")
    html = "".join(image(upload(reader)["url"]) for _ in range(4))
    for text in ("un", "deux"):
        save(reader, html + text)
    with django_assert_num_queries(9):
        save(reader, html + "trois")


# Messages


def illustrated(**more: str) -> bytes:
    message = EmailMessage()
    fields = {"From": "alice@ac-exemple.fr", "To": "bob@ac-exemple.fr", "Subject": "Affiche"}
    for name, value_ in (fields | {"Message-ID": "<origine@ac-exemple.fr>"} | more).items():
        message[name] = value_
    message["Date"] = "Tue, 03 Mar 2026 09:00:00 +0100"
    message.set_content('<p>Bonjour <img src="cid:logo@x" alt="logo"></p>', subtype="html")
    message.add_related(PNG, "image", "png", cid="<logo@x>")
    return message.as_bytes()


def form_of(answer: Any) -> dict[str, str]:
    names = "draft revision kind to subject body html origin_folder origin_ref"
    return {name: value(answer, name) for name in names.split()}


def test_the_copy_of_another_programs_draft_takes_over_all_that_it_had(
    reader: Client, mailbox: Mailbox, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    theirs = parsed(illustrated())
    theirs.make_mixed()
    theirs.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="plan.pdf")
    uid = mailbox.append(theirs.as_bytes(), "Drafts", ("\\Draft", "\\Seen"))
    begun = reader.get(path(mailbox, uid, "edit/", "Drafts"))
    data = form_of(begun) | {"keep": ["2"], "format": "html", "writer": "w"}
    url = f"/drafts/{data['draft']}/save/"
    for revision, subject in enumerate(("Un", "Deux", "Trois")):
        told = data | {"subject": subject, "revision": str(revision), "do": "save"}
        assert reader.post(url, told, headers=FETCH).json()["copied"]
        (raw,) = mailbox.messages("Drafts")
        (attached,) = parsed(raw).iter_attachments()
        assert attached.get_content() == b"%PDF-1.4" and raw.count(b"Content-ID") == 1
    content = drafts.content(Draft.objects.get())
    assert content.keep == () and "/mail/" not in content.html
    assert [row.is_inline for row in files.of(Draft.objects.get())] == [False, True]
    number, html = uuid.UUID(str(data.pop("draft"))), str(data.pop("html"))
    assert send(reader, html, number, **data | {"revision": "3"}).status_code == 204
    (raw,) = bobs_mailbox.messages()
    assert raw.count(b"Content-ID") == 1 and b"plan.pdf" in raw


def test_a_draft_that_becomes_too_large_leaves_the_other_programs_where_it_is(
    reader: Client, mailbox: Mailbox, settings
) -> None:
    uid = mailbox.append(illustrated(), "Drafts", ("\\Draft", "\\Seen"))
    begun = reader.get(path(mailbox, uid, "edit/", "Drafts"))
    data = form_of(begun) | {"format": "html", "writer": "w", "do": "save", "subject": "Un"}
    told = upload(reader, uuid.UUID(data["draft"]), beside=True)
    data["files"] = told["id"]
    settings.FILES_PER_MESSAGE = 1
    assert reader.post(f"/drafts/{data['draft']}/save/", data, headers=FETCH).json()["copied"]
    ours = [raw for raw in mailbox.messages("Drafts") if b"X-Webmail-Draft" in raw]
    assert len(mailbox.uids("Drafts")) == 2 and ours[0].count(b"Content-ID") == 1


def test_another_programs_draft_that_was_discarded_comes_back_whole(
    reader: Client, mailbox: Mailbox, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    uid = mailbox.append(illustrated(), "Drafts", ("\\Draft", "\\Seen"))
    data = form_of(reader.get(path(mailbox, uid, "edit/", "Drafts")))
    number, html = uuid.UUID(data.pop("draft")), data.pop("html")
    save(reader, html, number, **data)
    reader.post(f"/drafts/{number}/discard/", headers=HTMX)
    assert mailbox.uids("Drafts") == []
    reader.post(f"/drafts/{number}/reopen/")
    again = form_of(reader.get(f"/drafts/{number}/"))
    assert send(reader, again.pop("html"), number, **again).status_code == 204
    assert arrived(bobs_mailbox) == [PNG]


def test_what_is_edited_as_new_is_read_where_it_lies(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(illustrated(), "Sent")
    data = form_of(reader.get(path(mailbox, uid, "edit/", "Sent")))
    number, html = uuid.UUID(data.pop("draft")), data.pop("html")
    save(reader, html, number, **data | {"do": "save"})
    assert not DraftFile.objects.exists() and mailbox.uids("Sent") == [uid]
    assert images_of(mailbox.messages("Drafts")[0]) == [PNG]


def test_images_of_a_quote_take_a_command_each_and_one_more(
    reader: Client, mailbox: Mailbox, submission: SubmissionServer
) -> None:
    uid = mailbox.append(illustrated())
    data = form_of(reader.get(path(mailbox, uid, "reply/"))) | {"to": "bob@ac-exemple.fr"}
    invented = "".join(image(path(mailbox, uid, f"view/{number}/image")) for number in range(3, 30))
    data["html"] += invented
    before = commands_sent()
    answer = send(reader, data.pop("html"), uuid.UUID(data.pop("draft")), **data)
    assert answer.status_code == 422
    assert commands_sent() - before <= 4
