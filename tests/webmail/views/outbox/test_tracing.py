"""“Why did this message not arrive?”: where a message lies, why there, and what became of one that
was sent."""

from __future__ import annotations

import html
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from demo.servers.dovecot import MailAccount
from mail.mime import headers
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import MASTER
from tests.servers.scripts import Scripts
from tests.webmail.views.mail import letter, page, words
from tests.webmail.views.rules.test_rules import a_rule, scripts
from tests.webmail.views.test_resending import HEADERS, SENT, bounce
from webmail.adverts.digests import digest_of
from webmail.models import Judgement, MailJob, OutboxMessage
from webmail.outbox import SealedEnvelope, values

pytestmark = pytest.mark.django_db
TRACE = "/search/trace/"
__all__ = ["scripts"]


def traced(reader: Client, **asked: str) -> str:
    answer = reader.get(f"{TRACE}?{urlencode(asked)}")
    assert answer.status_code == 200, answer.content.decode()
    return words(answer)


def day(number: int) -> datetime:
    return datetime(2026, 3, number, 12, tzinfo=UTC)


def test_a_message_is_found_in_whatever_folder_by_address_day_subject_or_number(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.create_folder("4e B")
    mailbox.append(letter("Réunion", sender="chef@ac-exemple.fr"), "4e B", date=day(3))
    mailbox.append(letter("Cantine", message_id="<autre@x.fr>"), "Trash", date=day(20))
    for asked in (
        {"address": "chef@"},
        {"day": "2026-03-04"},
        {"words": "reunion"},
        {"message_id": "origine@ac-exemple.fr"},
    ):
        found = traced(reader, **asked)
        assert "Dans le dossier « 4e B »" in found.replace("\N{NO-BREAK SPACE}", " "), asked
        assert "Cantine" not in found
    assert mailbox.flags(mailbox.uids("4e B")[0], "4e B") == frozenset()


def test_a_folder_inside_another_is_named_as_in_the_list_of_folders(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Classes/4e B")
    mailbox.append(letter("Réunion", sender="chef@ac-exemple.fr"), "Classes/4e B", date=day(3))
    assert "Classes \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} 4e B" in traced(
        reader, address="chef@"
    )


def test_nothing_typed_is_a_mistake_and_asks_nobody(reader: Client) -> None:
    answer = reader.get(f"{TRACE}?address=&day=")
    assert answer.status_code == 422
    assert "Remplissez au moins un des champs" in words(answer)
    assert reader.get(f"{TRACE}?day=hier").status_code == 422


def test_the_webmails_verdict_is_the_reason(reader: Client, mailbox: Mailbox) -> None:
    raw = letter("Promo")
    mailbox.append(raw, "Junk")
    Judgement.objects.create(
        user=User.objects.get(login="alice"),
        digest=digest_of(headers.parse(mailbox.messages("Junk")[0])),
        kind="junk",
        is_moved=True,
        reasons=["urgent_words"],
    )
    found = traced(reader, words="Promo")
    assert "La messagerie l’a mis de côté comme indésirable" in found
    assert "Il parle d’urgence" in found


def test_an_action_on_many_messages_is_the_reason(reader: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Vieux")
    uid = mailbox.append(letter("Carte"), "Vieux")
    undo = [["move", "Vieux", mailbox.uidvalidity("Vieux"), str(uid), "INBOX", ""]]
    MailJob.objects.create(
        user=User.objects.get(login="alice"),
        verb="move",
        state=MailJob.State.DONE,
        work={"undo": undo},
    )
    assert "Vous l’y avez déplacé depuis" in traced(reader, words="Carte")


def test_a_rule_that_files_such_messages_is_the_reason(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Parents")
    saved = reader.post("/rules/new/", a_rule(reader))
    assert saved.status_code == 302
    mailbox.receive(letter("Classée", sender="paul@parents.fr"))
    mailbox.append(letter("Rangée", sender="chef@ac-exemple.fr"), "Parents")
    assert "Votre règle « Parents » y range" in traced(reader, words="Classée")
    assert "Votre règle" not in traced(reader, words="Rangée")


def test_never_seen_here_says_what_that_means_and_what_to_tell(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(letter("Autre"))
    found = traced(reader, address="parent@exemple.fr", day="2026-03-04")
    assert "Jamais vu ici" in found
    assert "À dire à l’assistance" in found
    assert "parent@exemple.fr" in found
    assert "Jamais vu ici" not in traced(reader, words="Autre")


def test_a_report_that_a_message_came_back_is_found_by_what_was_sent(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(SENT, "Sent")
    mailbox.append(bounce(HEADERS), "INBOX")
    mailbox.append(bounce(HEADERS.replace(b"sortie@", b"autre@")), "INBOX")
    found = traced(reader, words="musée")
    assert "Revenu à l’envoyeur" in found
    assert found.count("550 User unknown") == 1


def sent(state: str, *, to: str = "bob@ac-exemple.fr", **more: Any) -> OutboxMessage:
    """In Alice's outbox."""
    row = OutboxMessage(
        user=User.objects.get(login="alice"),
        key=uuid.uuid4(),
        due=timezone.now(),
        state=state,
        recipients=1,
        message_id=more.pop("message_id", f"<{uuid.uuid4().hex}@ac-exemple.fr>"),
        **more,
    )
    subject = "Réunion de lundi"
    row.sealed = values.seal(row, SealedEnvelope((to,), (("", to),), subject, ""))
    row.save(force_insert=True)
    return row


@pytest.mark.parametrize(
    ("state", "more", "told"),
    [
        ("scheduled", {}, "Départ prévu"),
        ("password", {}, "attend une nouvelle connexion"),
        ("sent", {"stage": "filed", "server_words": "250 2.0.0 queued as 4Xq"}, "a répondu : 250"),
        ("failed", {"failure": "ServerRefused", "server_words": "550 policy"}, "550 policy"),
    ],
)
def test_what_became_of_a_message_that_was_sent(
    reader: Client, mailbox: Mailbox, state: str, more: dict[str, Any], told: str
) -> None:
    row = sent(state, sent=timezone.now() if state == "sent" else None, **more)
    sent("sent", to="autre@ac-exemple.fr", sent=timezone.now(), stage="filed")
    for asked in ({"address": "bob@"}, {"message_id": row.message_id}):
        found = traced(reader, **asked)
        assert told in found
        assert found.count("Réunion de lundi") == 1
        assert "Jamais vu ici" not in found


def test_nobody_elses_outbox_is_looked_into(
    reader: Client, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    row = sent("sent", sent=timezone.now(), stage="filed")
    assert "Réunion de lundi" not in traced(signed_in(bob), message_id=row.message_id)


def test_markup_of_a_sender_is_shown_as_text(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("<b id=x>Gras</b>"))
    answer = reader.get(f"{TRACE}?words=Gras")
    assert "<b id=x>" not in answer.content.decode()
    assert "<b id=x>" in html.unescape(page(answer))


# --- the support desk ---

DESK = "/admin/support/message/"


@pytest.fixture
def desk(settings, signed_in: Callable[..., Client], bob: MailAccount) -> Client:
    settings.ADMIN_NEEDS_TOTP = False
    client = signed_in(bob)
    User.objects.get(login="bob").groups.add(Group.objects.get(name="support"))
    return client


@pytest.fixture
def master(settings) -> None:
    settings.MASTER_USER = {"": MASTER.login}
    settings.MASTER_PASSWORD = {"": MASTER.password}


@pytest.mark.usefixtures("master")
def test_support_sees_the_envelope_alone_and_the_user_sees_that_it_looked(
    desk: Client, reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(letter("Sujet secret", "Texte secret", sender="chef@ac-exemple.fr"), "Junk")
    answer = desk.post(DESK, {"q": "alice", "address": "chef@ac-exemple.fr"})
    shown = html.unescape(answer.content.decode())
    assert "Indésirables" in shown
    assert "&lt;origine@ac-exemple.fr&gt;" in answer.content.decode()
    assert "secret" not in shown
    line = AuditEvent.objects.get(kind=AuditEvent.Kind.MAIL_TRACED)
    assert (line.actor, line.target) == (
        User.objects.get(login="bob"),
        str(User.objects.get(login="alice")),
    )
    assert line.detail == {"fields": "address"}
    assert "L’assistance a cherché un de vos messages" in words(reader.get("/account/sessions/"))
    assert "L’assistance a cherché" not in words(desk.get("/account/sessions/"))


def test_without_a_master_user_support_is_told_so_and_it_is_a_look_all_the_same(
    desk: Client, reader: Client
) -> None:
    shown = html.unescape(desk.post(DESK, {"q": "alice", "day": "2026-03-04"}).content.decode())
    assert "pas d’utilisateur maître" in shown
    assert AuditEvent.objects.filter(kind=AuditEvent.Kind.MAIL_TRACED).count() == 1


@pytest.mark.usefixtures("master")
def test_a_subject_is_not_searched_by_support(
    desk: Client, reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(letter("Sujet secret"))
    answer = desk.post(DESK, {"q": "alice", "words": "secret"})
    assert "origine@" not in answer.content.decode()
    assert not AuditEvent.objects.filter(kind=AuditEvent.Kind.MAIL_TRACED).exists()


@pytest.mark.usefixtures("master")
def test_a_link_opens_no_mailbox(desk: Client, reader: Client, mailbox: Mailbox) -> None:
    """Another site could lead somebody of the support desk to it."""
    asked = {"q": "alice", "address": "chef@ac-exemple.fr", "day": "2026-03-04"}
    page = words(desk.get(DESK, asked))
    assert "Dans la boîte aux lettres" not in page
    assert not AuditEvent.objects.filter(kind=AuditEvent.Kind.MAIL_TRACED).exists()


def test_nobody_else_enters(settings, reader: Client) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    assert reader.post(DESK, {"q": "bob", "day": "2026-03-04"}).status_code in {302, 403}
    assert not AuditEvent.objects.filter(kind=AuditEvent.Kind.MAIL_TRACED).exists()


def test_days_beside_count(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter("Proche"), date=timezone.now() - timedelta(days=1))
    assert "Proche" in traced(reader, day=f"{timezone.localdate():%Y-%m-%d}")


def test_support_finds_what_was_sent_by_a_recipient_and_sees_none(
    desk: Client, reader: Client
) -> None:
    row = sent("failed", failure="ServerRefused", server_words="550 policy")
    shown = html.unescape(desk.post(DESK, {"q": "alice", "address": "bob@"}).content.decode())
    assert row.message_id in shown
    assert "550 policy" in shown
    assert "Réunion" not in shown
    assert "bob@ac-exemple.fr" not in shown.partition('id="content-main"')[2]
    none = desk.post(DESK, {"q": "alice", "address": "personne@"}).content.decode()
    assert "550 policy" not in none


def test_the_page_is_reached_filled_in_from_where_one_is(reader: Client, mailbox: Mailbox) -> None:
    own = mailbox.append(letter(sender="Alice <alice@ac-exemple.fr>"), "Sent", date=day(3))
    asked = "?message_id=%3Corigine%40ac-exemple.fr%3E"
    shown = page(reader.get(f"/mail/Sent/{mailbox.uidvalidity('Sent')}-{own}/"))
    assert f'href="{TRACE}{asked}"' in shown
    assert "Dans le dossier" in words(reader.get(f"{TRACE}{asked}"))
    # Of what came from others nobody asks why it did not arrive.
    theirs = mailbox.append(letter())
    shown = page(reader.get(f"/mail/INBOX/{mailbox.uidvalidity()}-{theirs}/"))
    assert f"{TRACE}?" not in shown
    back = mailbox.append(bounce(HEADERS))
    shown = page(reader.get(f"/mail/INBOX/{mailbox.uidvalidity()}-{back}/"))
    assert f'href="{TRACE}?address=zoe%40courriel.exempl"' in shown
    assert f'href="{TRACE}"' in page(reader.get("/mail/INBOX/"))
    assert f'href="{TRACE}"' in page(reader.get("/help/missing/"))
    assert f'href="{TRACE}"' not in page(Client().get("/help/missing/"))
