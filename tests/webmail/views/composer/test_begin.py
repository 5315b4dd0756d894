"""Writing: what leaves, what is kept, and that nothing written is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from addressbook.models import CollectedRecipient
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import (
    CLOSE,
    READ_DATA,
    STALL,
    ScriptedServer,
    Step,
)
from tests.webmail.views.mail import letter, page, path, ref, words
from webmail import tasks
from webmail.models import Draft, OutboxMessage
from webmail.writing import drafts

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TEXT = "Bonjour,\n\nl’été <arrive> & « voilà ».\n"
WRITTEN = {"to": "bob@ac-exemple.fr", "subject": "Réunion", "body": TEXT, "kind": "new"}


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path / "spool"
    return settings.SPOOL


@pytest.fixture
def posted(reader: Client) -> Callable[..., Any]:
    """`posted(to="…")`: what Alice sends, with fields changed; what is accepted leaves."""

    def post(headers: dict[str, str] | None = None, **changes: object) -> Any:
        return sent(reader, WRITTEN | changes, headers)

    return post


def sent(client: Client, data: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
    """The answer to a post; the time in which the message could be taken back passes."""
    answer = client.post("/compose/", data, headers=headers)
    leave()
    return answer


def leave() -> None:
    held = OutboxMessage.objects.filter(state=OutboxMessage.State.HELD)
    held.update(due=timezone.now())
    for row in held:
        tasks.deliver_message(str(row.pk))


def read(message: bytes) -> EmailMessage:
    parsed = message_from_bytes(message, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def only(messages: list[bytes]) -> EmailMessage:
    (message,) = messages
    return read(message)


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return body.get_content().replace("\r\n", "\n")


def files_of(message: EmailMessage) -> list[tuple[str | None, bytes]]:
    found = []
    for part in message.iter_attachments():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append((part.get_filename(), content))
    return found


def value(answer, name: str) -> str:
    """What stands in a field of the page."""
    found = re.search(rf'<input[^>]* name="{name}" value="([^"]*)"', page(answer))
    if found is None:
        found = re.search(rf'(?s)<textarea[^>]*name="{name}"[^>]*>\n(.*?)</textarea>', page(answer))
    assert found is not None, f"no field {name}"
    return unescape(found[1])


def kept(answer, **changes: str) -> None:
    """All that was written stands in the page again."""
    for name, written in ({k: WRITTEN[k] for k in ("to", "subject", "body")} | changes).items():
        assert value(answer, name).strip() == written.strip()


# Sending


def test_a_message_arrives_and_a_copy_is_kept(
    posted, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    answer = posted()
    assert (answer.status_code, answer["Location"]) == (302, "/mail/INBOX/")
    arrived, copy = only(bobs_mailbox.messages()), only(mailbox.messages("Sent"))
    for message in (arrived, copy):
        assert message["From"] == "alice@ac-exemple.fr"
        assert message["To"] == "bob@ac-exemple.fr"
        assert message["Subject"] == "Réunion"
        assert text(message) == TEXT
        assert message["Date"].datetime.tzinfo is not None
        assert message["Message-ID"].endswith("@ac-exemple.fr>")
    assert arrived["Message-ID"] == copy["Message-ID"]
    assert mailbox.flags(mailbox.uids("Sent")[0], "Sent") == {"\\Seen"}


def test_htmx_is_led_on(posted, submission: SubmissionServer, bobs_mailbox: Mailbox) -> None:
    answer = posted(headers=HTMX)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["HX-Redirect"] == "/mail/INBOX/"
    assert len(bobs_mailbox.uids()) == 1


def test_it_is_said_on_the_next_page(
    reader: Client, posted, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    posted()
    answer = reader.get("/mail/INBOX/")
    assert re.search(r'<div class="toast" data-toast[^>]*><p>.+?</p>', page(answer))


def test_bcc_leaves_no_trace_but_in_the_own_copy(
    posted, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    posted(to="alice@ac-exemple.fr", bcc="bob@ac-exemple.fr")
    for arrived in (*bobs_mailbox.messages(), *mailbox.messages()):
        assert b"bcc" not in arrived.lower()
        assert read(arrived)["To"] == "alice@ac-exemple.fr"
    assert len(bobs_mailbox.uids()) == len(mailbox.uids()) == 1
    assert only(mailbox.messages("Sent"))["Bcc"] == "bob@ac-exemple.fr"


def test_a_message_may_go_to_bcc_alone(
    posted, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    assert posted(to="", bcc="bob@ac-exemple.fr").status_code == 302
    # Nobody in To is what junk has: her own address stands there.
    assert only(bobs_mailbox.messages())["To"] == "alice@ac-exemple.fr"


def test_names_and_several_recipients(
    posted, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    posted(to='"Petit, Bob" <bob@ac-exemple.fr>; Élise <elise@ailleurs.example>\nzoe@x.example')
    arrived = only(bobs_mailbox.messages())
    assert [(a.display_name, a.addr_spec) for a in arrived["To"].addresses] == [
        ("Petit, Bob", "bob@ac-exemple.fr"),
        ("Élise", "elise@ailleurs.example"),
        ("", "zoe@x.example"),
    ]


def test_attachments_of_every_kind_arrive_unharmed(
    posted, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    sent = [
        ("été & « plan ».pdf", bytes(range(256)) * 300),
        ('a"b;c=d.txt', b"guillemets"),
        ("lettre.eml", letter()),
        ("😀.png", b"\x89PNG"),
        ("x" * 200 + ".txt", b"long"),
    ]
    posted(attachments=[SimpleUploadedFile(name, content) for name, content in sent])
    arrived = files_of(only(bobs_mailbox.messages()))
    assert [content for _name, content in arrived] == [content for _name, content in sent]
    names = [name for name, _content in arrived]
    assert names[0] == "été & « plan ».pdf"
    assert names[3] == "😀.png"
    assert names[4] == "x" * 196 + ".txt"


def test_an_empty_file_is_refused_by_its_name_and_the_rest_is_kept(
    posted, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    files = [SimpleUploadedFile("plan.txt", b"plan"), SimpleUploadedFile("vide.txt", b"")]
    answer = posted(attachments=files)
    assert answer.status_code == 422
    assert "vide.txt" in words(answer) and "plan.txt" in words(answer)
    kept(answer)
    assert bobs_mailbox.uids() == []
    again = posted(
        draft=value(answer, "draft"),
        revision=value(answer, "revision"),
        files=re.findall(r'name="files" value="([^"]*)"', page(answer)),
    )
    assert again.status_code == 302
    assert files_of(only(bobs_mailbox.messages())) == [("plan.txt", b"plan")]


@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1.txt", "../../etc/passwd", "C:\\x\\y.txt", "a\0b"])
def test_an_attachments_name_is_only_a_name(
    posted, submission: SubmissionServer, bobs_mailbox: Mailbox, name: str
) -> None:
    file = SimpleUploadedFile("plan.txt", b"contenu", "text/plain\r\nX-Evil: 1")
    file._name = name  # type: ignore[attr-defined]  # past the check of Django's own class, which browsers don't have
    answer = posted(attachments=[file])
    assert answer.status_code in {302, 400, 422}
    for message in bobs_mailbox.messages():
        head = message.split(b"\r\n\r\n")[0]
        assert b"X-Evil" not in head
        for filename, _content in files_of(read(message)):
            assert not re.search(r"[\r\n\0/\\]", filename or "")


# Answering and forwarding


def test_an_answer_quotes_names_its_origin_and_marks_it(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    uid = mailbox.append(letter("Sortie", "On y va ?\n-- \nBob\n", references="<a@x> <b@x>"))
    form = reader.get(path(mailbox, uid, "reply/"))
    assert value(form, "to") == "Bob Petit <bob@ac-exemple.fr>"
    assert value(form, "subject") == "Re: Sortie"
    assert "> On y va ?" in value(form, "body") and "> Bob" not in value(form, "body")
    data = {
        name: value(form, name)
        for name in ("to", "cc", "subject", "body", "kind", "origin_folder", "origin_ref")
    }
    answer = sent(reader, data)
    assert answer["Location"] == path(mailbox, uid)
    arrived = only(bobs_mailbox.messages())
    assert arrived["In-Reply-To"] == "<origine@ac-exemple.fr>"
    assert arrived["References"] == "<a@x> <b@x> <origine@ac-exemple.fr>"
    assert mailbox.flags(uid) == {"\\Answered"}


def test_an_answer_to_all_leaves_oneself_out(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(
        letter(
            to="Alice@ac-exemple.fr, Claire <claire@x.fr>",
            cc="dora@x.fr, bob@ac-exemple.fr",
            reply_to="secretariat@x.fr",
        )
    )
    form = reader.get(path(mailbox, uid, "reply/?all=1"))
    assert value(form, "to") == "secretariat@x.fr"
    assert value(form, "cc") == "Claire <claire@x.fr>, dora@x.fr, bob@ac-exemple.fr"
    assert value(form, "kind") == "reply_all"


def test_an_answer_without_message_id_has_no_references(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    uid = mailbox.append(letter(message_id="", references="sans chevrons \x01 <a b>"))
    sent(
        reader,
        WRITTEN | {"kind": "reply", "origin_folder": "INBOX", "origin_ref": ref(mailbox, uid)},
    )
    assert only(bobs_mailbox.messages())["References"] is None


@pytest.mark.parametrize("more", ["reply", "forward"])
def test_an_answer_to_what_is_gone_meanwhile_leaves_all_the_same(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox, more: str
) -> None:
    origin = {"kind": more, "origin_folder": "INBOX", "origin_ref": f"{mailbox.uidvalidity()}-999"}
    answer = sent(reader, WRITTEN | origin)
    assert answer.status_code == 302
    assert len(bobs_mailbox.uids()) == 1


def test_an_answer_to_what_was_made_anew_leaves_all_the_same(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    for folder, validity in (("INBOX", mailbox.uidvalidity() + 1), ("Disparu", 1)):
        origin = {"kind": "reply", "origin_folder": folder, "origin_ref": f"{validity}-1"}
        assert sent(reader, WRITTEN | origin).status_code == 302
    assert len(bobs_mailbox.uids()) == 2


def test_a_forwarded_message_takes_its_attachments_along(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    content = bytes(range(256)) * 3000
    uid = mailbox.append(
        letter(
            "Sortie",
            files=(("été.pdf", "application/pdf", content), ("non.txt", "text/plain", b"non\n")),
        )
    )
    form = reader.get(path(mailbox, uid, "forward/"))
    assert value(form, "subject") == "Tr: Sortie"
    assert "rendez-vous à 8 h." in value(form, "body")
    kept_parts = re.findall(r'name="keep" value="([^"]*)" checked', page(form))
    assert kept_parts == ["2", "3"]
    data = {
        name: value(form, name)
        for name in ("subject", "body", "kind", "origin_folder", "origin_ref")
    }
    more = SimpleUploadedFile("plus.txt", b"plus")
    answer = sent(reader, data | {"to": "bob@ac-exemple.fr", "keep": ["2"], "attachments": [more]})
    assert answer.status_code == 302
    arrived = only(bobs_mailbox.messages())
    assert files_of(arrived) == [("été.pdf", content), ("plus.txt", b"plus")]
    assert arrived["In-Reply-To"] is None
    assert mailbox.flags(uid) == {"$Forwarded"}


def test_a_mistake_does_not_lose_the_forwarded_attachments(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox
) -> None:
    uid = mailbox.append(
        letter(files=(("a.pdf", "application/pdf", b"a"), ("b.pdf", "application/pdf", b"b")))
    )
    answer = sent(
        reader,
        WRITTEN
        | {"to": "faux", "kind": "forward", "origin_folder": "INBOX"}
        | {"origin_ref": ref(mailbox, uid), "keep": ["3"]},
    )
    assert answer.status_code == 422
    assert re.findall(r'name="keep" value="([^"]*)"', page(answer)) == ["3"]
    assert value(answer, "origin_ref") == ref(mailbox, uid)
    assert value(answer, "origin_folder") == "INBOX"
    assert value(answer, "kind") == "forward"


def test_the_forwarded_attachments_stay_when_the_mail_server_is_down(
    reader: Client, mailbox: Mailbox, imap_moved: Callable[[int], None]
) -> None:
    imap_moved(1)
    origin = {"kind": "forward", "origin_folder": "INBOX", "origin_ref": "7-1", "keep": ["3"]}
    answer = sent(reader, WRITTEN | origin)
    assert answer.status_code == 503
    assert re.findall(r'name="keep" value="([^"]*)"', page(answer)) == ["3"]


def test_forwarded_attachments_count_against_the_limit_and_once_each(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox, settings
) -> None:
    settings.MESSAGE_LIMIT = 3_000_000
    blob = b"a" * 1_000_000
    uid = mailbox.append(
        letter(files=(("a", "application/x-a", blob), ("b", "application/x-a", blob)))
    )
    origin = {"kind": "forward", "origin_folder": "INBOX", "origin_ref": ref(mailbox, uid)}
    answer = sent(reader, WRITTEN | origin | {"keep": ["2"] * 500})
    assert answer.status_code == 302
    assert len(files_of(only(bobs_mailbox.messages()))) == 1
    answer = sent(
        reader,
        WRITTEN
        | origin
        | {"keep": ["2", "3"], "attachments": [SimpleUploadedFile("c", blob[:900_000])]},
    )
    assert answer.status_code == 413
    kept(answer)
    assert len(bobs_mailbox.uids()) == 1


# Mistakes


@pytest.mark.parametrize(
    ("field", "typed", "named"),
    [
        ("to", "bob@ac-exemple.fr, faux", "faux"),
        ("cc", "a@@b.fr", "a@@b.fr"),
        ("bcc", "<script>@x", "<script>@x"),
        ("to", "bob@ac-exemple.fr\r\nBcc: x@y.fr", "Bcc: x@y.fr"),
        ("to", "bob@ac-exemple.fr>\nRCPT TO:<x@y.fr", "bob@ac-exemple.fr>"),
        ("to", "Bob <bob@ac-exemple.fr> <x@y.fr>", "Bob <bob@ac-exemple.fr> <x@y.fr>"),
        ("to", "x@" + "é" * 60 + ".fr", "x@" + "é" * 60 + ".fr"),
        ("to", "x@\u05d0a.fr", "x@\u05d0a.fr"),
    ],
)
def test_a_wrong_recipient_is_named_and_nothing_leaves(
    posted,
    submission: SubmissionServer,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    field,
    typed,
    named,
) -> None:
    answer = posted(**{field: typed})
    assert answer.status_code == 422
    assert named in words(answer)
    assert f'aria-describedby="id_{field}_error"' in page(answer)
    kept(answer, **({} if field == "to" else {"to": "bob@ac-exemple.fr"}), **{field: typed})
    assert bobs_mailbox.uids() == mailbox.uids("Sent") == []
    notice = posted(headers=HTMX, **{field: typed})
    assert notice.status_code == 422
    assert f'href="#id_{field}"' in page(notice) and named in words(notice)
    assert notice["HX-Retarget"] == "#notices"


def test_a_message_to_nobody_is_a_mistake(posted, submission: SubmissionServer) -> None:
    answer = posted(to=" , ;\n")
    assert answer.status_code == 422
    assert 'id="id_to_error"' in page(answer)


@pytest.mark.parametrize("evil", ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a\x00b"])
@pytest.mark.parametrize(
    "field", ["to", "cc", "bcc", "subject", "body", "kind", "origin_folder", "origin_ref", "keep"]
)
def test_no_field_makes_a_header(
    posted,
    submission: SubmissionServer,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    field: str,
    evil: str,
) -> None:
    answer = posted(**{field: evil})
    assert answer.status_code in {302, 422}
    for message in (*bobs_mailbox.messages(), *mailbox.messages("Sent")):
        assert read(message)["X-Evil"] is None
        assert b"\0" not in message
    if "\0" in evil and field in {"subject", "body"}:
        assert answer.status_code == 422 and bobs_mailbox.uids() == []


def test_files_over_the_limit_are_refused_and_the_text_stays(
    posted, submission: SubmissionServer, bobs_mailbox: Mailbox, settings
) -> None:
    settings.MESSAGE_LIMIT = 1_000_000
    big = [SimpleUploadedFile("a.bin", b"a" * 400_000), SimpleUploadedFile("b.bin", b"b" * 400_000)]
    answer = posted(attachments=big)
    assert answer.status_code == 422
    assert 'id="id_attachments-error"' in page(answer)
    kept(answer)
    assert bobs_mailbox.uids() == []


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_request_over_every_limit_is_not_even_read(
    reader: Client, settings, headers: dict[str, str]
) -> None:
    class Endless:
        def read(self, *args: int) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    brought: dict[str, Any] = {
        "CONTENT_LENGTH": str(settings.MESSAGE_LIMIT * 2),
        "wsgi.input": Endless(),
    }
    answer = reader.post("/compose/", headers=headers, **brought)
    assert answer.status_code == 413
    assert ("<html" in page(answer)) is not bool(headers)


# Servers that refuse


SMTP: list[Step] = [
    ("", b"220 ready\r\n"),
    ("EHLO", b"250-scripted\r\n250-AUTH PLAIN\r\n250 SIZE 1000000\r\n"),
]
SIGNED_IN: list[Step] = [*SMTP, ("AUTH PLAIN", b"235 2.7.0 ok\r\n")]
RESET: Step = ("RSET", b"250 ok\r\n")
REFUSALS: dict[str, list[Step]] = {
    "no password": [*SMTP, ("AUTH", b"535 5.7.8 no\r\n")],
    "sender": [*SIGNED_IN, ("MAIL", b"553 5.7.1 pas votre adresse\r\n")],
    "recipient": [*SIGNED_IN, ("MAIL", b"250 ok\r\n"), ("RCPT", b"550 5.1.1 inconnu\r\n"), RESET],
    "recipient, later": [
        *SIGNED_IN,
        ("MAIL", b"250 ok\r\n"),
        ("RCPT", b"451 4.2.0 plus tard\r\n"),
        RESET,
    ],
    "size at MAIL": [*SIGNED_IN, ("MAIL", b"552 5.3.4 trop gros\r\n")],
    "content": [
        *SIGNED_IN,
        ("MAIL", b"250 ok\r\n"),
        ("RCPT", b"250 ok\r\n"),
        ("DATA", b"354 go\r\n", READ_DATA, b"554 5.6.0 non\r\n"),
    ],
    "quota": [*SIGNED_IN, ("MAIL", b"452 4.2.2 disque plein\r\n")],
    "hangs up at once": [("", CLOSE)],
    "hangs up in the middle": [*SIGNED_IN, ("MAIL", CLOSE)],
    "hangs up at the end": [
        *SIGNED_IN,
        ("MAIL", b"250 ok\r\n"),
        ("RCPT", b"250 ok\r\n"),
        ("DATA", b"354 go\r\n", READ_DATA, CLOSE),
    ],
    "silent": [("", STALL)],
    "nonsense": [("", b"bonjour !\r\n", CLOSE)],
    "maintenance": [("", b"421 4.3.2 fermeture\r\n", CLOSE)],
}


@pytest.fixture
def impatient(settings) -> None:
    settings.SMTP_TIMEOUT = settings.IMAP_TIMEOUT = 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", REFUSALS)
def test_what_a_server_refuses_is_seen_not_to_have_left_and_its_text_is_kept(
    posted, smtp_moved, mailbox: Mailbox, name: str
) -> None:
    with ScriptedServer(REFUSALS[name]) as server:
        smtp_moved(server.port)
        assert posted().status_code == 302
    row = OutboxMessage.objects.get()
    assert row.state in OutboxMessage.UNFINISHED
    assert drafts.content(Draft.objects.get()).text == TEXT
    assert mailbox.uids("Sent") == []


def test_one_unknown_recipient_and_nobody_gets_it(
    posted, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    posted(to="bob@ac-exemple.fr, personne@ac-exemple.fr")
    assert OutboxMessage.objects.get().state == OutboxMessage.State.FAILED
    assert bobs_mailbox.uids() == mailbox.uids("Sent") == []


def test_a_from_that_is_not_ones_own_is_refused(
    posted, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    answer = posted(identity="bob@ac-exemple.fr")
    assert answer.status_code == 502
    kept(answer)
    assert not OutboxMessage.objects.exists()


def test_a_draft_from_an_address_that_is_gone_goes_on_from_the_one_that_is_shown(
    posted, reader: Client, submission: SubmissionServer
) -> None:
    refused = posted(identity="avant@ac-exemple.fr")
    assert refused.status_code == 502
    [offered] = re.findall(r'name="identity" value="([^"]*)"', page(refused))
    assert offered != "avant@ac-exemple.fr" and offered in words(refused)
    went_on = {"draft": str(Draft.objects.get().pk), "revision": "1"}
    assert posted(identity=offered, **went_on).status_code == 302


def test_a_sender_whom_the_server_refuses_is_seen_in_the_outbox(
    posted, submission: SubmissionServer, django_user_model, mailbox: Mailbox
) -> None:
    django_user_model.objects.update(address="bob@ac-exemple.fr")
    assert posted().status_code == 302
    assert OutboxMessage.objects.get().state == OutboxMessage.State.FAILED
    assert mailbox.uids("Sent") == []


@pytest.mark.parametrize("address", ["", "alice", "alice martin@ac-exemple.fr", '"a"b@c.fr'])
def test_who_has_no_address_sends_nothing_and_is_told(
    reader: Client,
    posted,
    submission: SubmissionServer,
    django_user_model,
    mailbox: Mailbox,
    address: str,
) -> None:
    django_user_model.objects.update(address=address)
    answer = posted()
    assert answer.status_code == 502
    kept(answer)
    assert mailbox.uids("Sent") == []


def test_a_message_of_its_own_leaves_though_the_mail_server_is_down(
    posted, submission: SubmissionServer, imap_moved, bobs_mailbox: Mailbox
) -> None:
    imap_moved(1)
    assert posted().status_code == 302
    assert len(bobs_mailbox.uids()) == 1


def test_an_answer_waits_for_the_mail_server_with_its_text(
    posted, submission: SubmissionServer, imap_moved, bobs_mailbox: Mailbox
) -> None:
    imap_moved(1)
    answer = posted(kind="reply", origin_folder="INBOX", origin_ref="7-1")
    assert answer.status_code == 503
    kept(answer)
    assert bobs_mailbox.uids() == []


# The session is over


@pytest.fixture
def strict(reader: Client) -> Iterator[Client]:
    """Alice's browser, and no form of another page is let through."""
    reader.handler.enforce_csrf_checks = True
    yield reader


def token(answer) -> str:
    return value(answer, "csrfmiddlewaretoken")


def test_without_script_the_password_is_asked_for_beside_the_text(
    strict: Client, submission: SubmissionServer, alice: MailAccount, bobs_mailbox: Mailbox
) -> None:
    form = strict.get("/compose/")
    del strict.cookies["session"], strict.cookies["mail_key"]
    data = WRITTEN | {"csrfmiddlewaretoken": token(form)}
    over = sent(strict, data)
    assert over.status_code == 401
    kept(over)
    assert 'name="password"' in page(over) and 'name="login"' in page(over)
    assert bobs_mailbox.uids() == []

    data = WRITTEN | {"csrfmiddlewaretoken": token(over), "login": "alice", "password": "faux"}
    wrong = sent(strict, data)
    assert wrong.status_code == 422
    assert value(wrong, "login") == "alice"
    kept(wrong)
    assert 'name="password"' in page(wrong)
    assert "faux" not in page(wrong)

    data |= {"csrfmiddlewaretoken": token(wrong), "password": alice.password}
    assert sent(strict, data).status_code == 302
    assert text(only(bobs_mailbox.messages())) == TEXT
    assert strict.get("/mail/INBOX/").status_code == 200


def test_nobody_sends_what_another_person_wrote(
    reader: Client, submission: SubmissionServer, bob: MailAccount, bobs_mailbox: Mailbox
) -> None:
    del reader.cookies["mail_key"]
    data = WRITTEN | {"login": "bob", "password": bob.password}
    answer = sent(reader, data)
    assert answer.status_code == 422
    kept(answer)
    assert "autre personne" in page(answer)
    assert "alice@ac-exemple.fr" in page(answer)
    assert bobs_mailbox.uids() == []


def test_mistakes_and_the_lost_session_at_once_lose_nothing(
    strict: Client, submission: SubmissionServer, alice: MailAccount, bobs_mailbox: Mailbox
) -> None:
    form = strict.get("/compose/")
    del strict.cookies["session"]
    data = WRITTEN | {"to": "faux", "csrfmiddlewaretoken": token(form)}
    over = sent(strict, data)
    assert over.status_code == 401
    kept(over, to="faux")
    data |= {"csrfmiddlewaretoken": token(over), "login": "alice", "password": alice.password}
    mistaken = sent(strict, data)
    assert mistaken.status_code == 422
    kept(mistaken, to="faux")
    data = WRITTEN | {"csrfmiddlewaretoken": token(mistaken)}
    assert sent(strict, data).status_code == 302
    assert len(bobs_mailbox.uids()) == 1


def test_a_shared_computer_is_still_one_after_the_password(
    signed_in, submission: SubmissionServer, alice: MailAccount, bobs_mailbox: Mailbox
) -> None:
    client = signed_in(alice, shared_computer="on")
    form = client.get("/compose/")
    again = re.search(r'name="shared_computer" value="on"', page(form))
    assert again
    del client.cookies["session"], client.cookies["mail_key"]
    over = sent(client, WRITTEN | {"shared_computer": "on"})
    assert re.search(r'name="shared_computer" value="on"', page(over))
    sent(
        client,
        WRITTEN | {"shared_computer": "on", "login": "alice", "password": alice.password},
    )
    assert client.session["shared_computer"] is True
    assert client.cookies["session"]["max-age"] == ""


def test_htmx_hears_that_the_session_is_over(reader: Client, posted) -> None:
    del reader.cookies["session"]
    answer = posted(headers=HTMX)
    assert (answer.status_code, answer["X-Session-Over"]) == (401, "1")


def test_a_mail_server_that_is_down_is_no_wrong_password(
    strict: Client, imap_moved, alice: MailAccount
) -> None:
    form = strict.get("/compose/")
    del strict.cookies["session"]
    imap_moved(1)
    data = WRITTEN | {"login": "alice", "password": alice.password}
    answer = sent(strict, data | {"csrfmiddlewaretoken": token(form)})
    assert answer.status_code == 503
    kept(answer)
    assert 'name="password"' in page(answer)


# The page


def test_a_link_may_fill_the_page(reader: Client, mailbox: Mailbox) -> None:
    answer = reader.get("/compose/?to=bob@x.fr%0D%0ABcc:x&subject=%3Cb%3E%0Aa&body=%3C/textarea%3E")
    assert value(answer, "to") == "bob@x.fr Bcc:x"
    assert value(answer, "subject") == "<b> a"
    assert value(answer, "body") == "</textarea>"


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(reader: Client, method: str) -> None:
    assert getattr(reader, method)("/compose/").status_code == 405


def test_a_local_administrator_has_no_mail_to_send(django_user_model) -> None:
    client = Client()
    client.force_login(
        django_user_model.objects.create_administrator("patronne", "Une-Craie-Verte-2026"),
        backend="accounts.backends.LocalAdministratorBackend",
    )
    assert client.get("/compose/")["Location"] == "/admin/"
    assert sent(client, WRITTEN).status_code == 401


def remembered() -> dict[str, str]:
    return dict(CollectedRecipient.objects.values_list("address", "name"))


def test_whom_one_writes_to_is_remembered(
    posted: Callable[..., object], submission: SubmissionServer
) -> None:
    posted(to="Bob Carré <bob@ac-exemple.fr>", cc="zoe@x.example", bcc="paul@x.example")
    assert remembered() == {
        "bob@ac-exemple.fr": "Bob Carré",
        "zoe@x.example": "",
        "paul@x.example": "",
    }


def test_nobody_is_remembered_of_a_message_that_did_not_leave(
    posted: Callable[..., object], submission: SubmissionServer
) -> None:
    posted(to="no address")
    assert remembered() == {}


def test_whoever_does_not_want_it_has_nobody_remembered(
    posted: Callable[..., object], submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    User.objects.update(preferences={"collect": "off"})
    posted()
    assert remembered() == {}
    assert bobs_mailbox.messages()


@pytest.mark.parametrize(
    ("query", "focused"),
    [
        ("", "id_to"),
        ("?to=a@x.example", "id_subject"),
        ("?bcc=a@x.example,b@x.example", "id_subject"),
        ("?bcc=a@x.example&subject=Sortie", "id_body"),
        ("?subject=Sortie", "id_to"),
    ],
)
def test_a_message_begins_where_something_is_missing(
    reader: Client, mailbox: Mailbox, query: str, focused: str
) -> None:
    shown = page(reader.get(f"/compose/{query}"))
    fields = re.findall(r'<(?:input|textarea)[^>]*id="(\w+)"[^>]*\bautofocus\b', shown)
    assert fields == [focused]
