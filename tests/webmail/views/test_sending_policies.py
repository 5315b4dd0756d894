"""What administrators enforce for all that a mail domain sends, whatever is posted."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import MailDomain, User
from demo.servers.submission import SubmissionServer
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.composer.test_begin import only, text
from tests.webmail.views.mail import page
from tests.webmail.views.test_sending_choice import fields
from webmail import tasks
from webmail.models import Draft, Identity, OutboxMessage, SendingPolicy
from webmail.writing import drafts, making

pytestmark = pytest.mark.django_db
FOOTER = "Académie d’Exemple – {school}\n{name} <confidentiel>"
PUT = "Alice Martin <confidentiel>"


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


@pytest.fixture
def policy(reader: Client, submission: SubmissionServer) -> SendingPolicy:
    user = User.objects.get(login="alice")
    user.name = "Alice Martin"
    user.save()
    made = SendingPolicy.objects.create(
        mail_domain=user.mail_domain,
        name="{name} – DSDEN 80",
        reply_to="accueil@ac-exemple.fr",
        footer=FOOTER,
    )
    cache.delete(SendingPolicy.CACHE_KEY)
    return made


def send(reader: Client, **more: Any) -> Any:
    form = {"draft": str(uuid.uuid4()), "key": str(uuid.uuid4()), "kind": "new", "do": "send"}
    form |= {"to": "bob@ac-exemple.fr", "subject": "Sortie", "body": "Bonjour.", **more}
    answer = reader.post("/compose/", form)
    OutboxMessage.objects.update(due=timezone.now())
    for row in OutboxMessage.objects.filter(state=OutboxMessage.State.HELD):
        tasks.deliver_message(str(row.pk))
    return answer


def test_a_policy_goes_before_all_that_is_posted_and_chosen(
    reader: Client, policy: SendingPolicy, bobs_mailbox: Mailbox, mailbox: Mailbox
) -> None:
    Identity.objects.create(
        user=User.objects.get(login="alice"),
        address="alice@ac-exemple.fr",
        source="sign_in",
        name="Le Recteur",
        reply_to="moi@x.example",
    )
    posted = {"reply_to": "moi@x.example", "footer": "", "name": "Le Recteur", "enforced": ""}
    assert send(reader, format="html", html="<p>Bonjour.</p>", **posted).status_code == 302
    for message in (only(bobs_mailbox.messages("INBOX")), only(mailbox.messages("Sent"))):
        assert str(message["From"]) == "Alice Martin – DSDEN 80 <alice@ac-exemple.fr>"
        assert str(message["Reply-To"]) == "accueil@ac-exemple.fr"
        assert text(message).split() == ["Bonjour.", *PUT.split()]
        html = message.get_body(("html",))
        assert (
            html is not None
            and "<div>Alice Martin &lt;confidentiel&gt;</div>" in html.get_content()
        )


def test_plain_text_has_the_words_below_it_and_a_draft_has_not(
    reader: Client, policy: SendingPolicy, bobs_mailbox: Mailbox
) -> None:
    send(reader, do="save")
    user, draft = User.objects.get(login="alice"), Draft.objects.get()
    copy = making.draft_copy(None, user, draft, drafts.content(draft))  # type: ignore[arg-type]
    assert b"confidentiel" not in copy
    send(reader)
    assert text(only(bobs_mailbox.messages("INBOX"))) == f"Bonjour.\n\n{PUT}\n"


def test_what_is_sent_again_has_them_once(
    reader: Client, policy: SendingPolicy, bobs_mailbox: Mailbox
) -> None:
    send(reader, body=f"Bonjour.\n\n{PUT}\n")
    assert text(only(bobs_mailbox.messages("INBOX"))).count("confidentiel") == 1


def test_words_that_are_made_unseen_do_not_count(
    reader: Client, policy: SendingPolicy, bobs_mailbox: Mailbox
) -> None:
    hidden = f'<div style="color:#ffffff"><div><br></div><div>{PUT}</div></div>'
    send(reader, format="html", html=hidden.replace("<conf", "&lt;conf").replace("iel>", "iel&gt;"))
    html = only(bobs_mailbox.messages("INBOX")).get_body(("html",))
    assert html is not None and html.get_content().count("confidentiel") == 2


def test_the_composer_shows_what_is_enforced(reader: Client, policy: SendingPolicy) -> None:
    shown = page(reader.get("/compose/"))
    assert "Alice Martin – DSDEN 80" in shown and "Alice Martin &lt;confidentiel&gt;" in shown
    assert "accueil@ac-exemple.fr" in shown and 'name="reply_to"' not in shown
    preferences = page(reader.get("/preferences/identities/"))
    assert len(re.findall("<input[^>]* disabled", preferences)) == 2


def test_ones_own_choice_is_there_when_the_policy_is_gone(
    reader: Client, policy: SendingPolicy, bobs_mailbox: Mailbox
) -> None:
    form = {"address": "alice@ac-exemple.fr", "name": "Moi", "reply_to": "moi@x.example"}
    assert reader.post("/preferences/identities/", form | {"text": "Alice"}).status_code == 302
    kept = Identity.objects.get()
    assert (kept.name, kept.reply_to) == ("Alice Martin", "")
    Identity.objects.update(name="Moi", reply_to="moi@x.example")
    assert reader.post("/preferences/identities/", form | {"text": "A."}).status_code == 302
    policy.delete()
    cache.delete(SendingPolicy.CACHE_KEY)
    kept.refresh_from_db()
    assert (kept.name, kept.reply_to, kept.signature) == ("Moi", "moi@x.example", "<div>A.</div>")
    send(reader)
    message = only(bobs_mailbox.messages("INBOX"))
    assert str(message["From"]) == "Moi <alice@ac-exemple.fr>"
    assert "confidentiel" not in message.as_string()


def test_the_policy_of_all_is_for_those_without_their_own(
    reader: Client, policy: SendingPolicy, bobs_mailbox: Mailbox
) -> None:
    other = MailDomain.objects.create(name="autre.example", imap_host="127.0.0.1")
    SendingPolicy.objects.update(mail_domain=other)
    SendingPolicy.objects.create(footer="Pour tous")
    cache.delete(SendingPolicy.CACHE_KEY)
    send(reader)
    assert text(only(bobs_mailbox.messages("INBOX"))) == "Bonjour.\n\nPour tous\n"


def test_an_administrator_writes_one_and_it_counts_at_once(
    reader: Client, policy: SendingPolicy, bobs_mailbox: Mailbox, settings: Any
) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    assert "confidentiel" in page(reader.get("/compose/"))  # it is in the cache
    administrator = Client()
    user = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    backend = "accounts.backends.LocalAdministratorBackend"
    administrator.force_login(user, backend=backend)
    form = {"mail_domain": policy.mail_domain_id, "name": "", "reply_to": "", "footer": "Nouveau"}
    answer = administrator.post(f"/admin/webmail/sendingpolicy/{policy.pk}/change/", form)
    assert answer.status_code == 302
    send(reader)
    assert text(only(bobs_mailbox.messages("INBOX"))) == "Bonjour.\n\nNouveau\n"


MANY = ", ".join(f"parent{n}@x.example" for n in range(12))


@pytest.fixture
def hiding(policy: SendingPolicy) -> SendingPolicy:
    """Many addresses from outside stay hidden."""
    policy.hides_outside = True
    policy.save()
    cache.delete(SendingPolicy.CACHE_KEY)
    return policy


def test_many_from_outside_never_see_one_another_where_that_is_decided(
    reader: Client, hiding: SendingPolicy
) -> None:
    answer = send(reader, to=MANY)
    assert answer.status_code == 422
    again = fields(answer)
    assert again["delivery"] == ["bcc"]
    assert 'value="visible"' not in page(answer) and "Vos administrateurs" in page(answer)
    refused = reader.post("/compose/", again | {"do": "send", "delivery": "visible"})
    assert refused.status_code == 422 and fields(refused)["delivery"] == ["bcc"]
    assert not OutboxMessage.objects.exists()
    assert reader.post("/compose/", fields(refused) | {"do": "send"}).status_code == 302
    assert OutboxMessage.objects.get().recipients == 12


def test_a_few_from_outside_and_many_colleagues_may_see_one_another_all_the_same(
    reader: Client, hiding: SendingPolicy
) -> None:
    colleagues = ", ".join(f"c{n}@ac-exemple.fr" for n in range(20))
    assert send(reader, to=f"{colleagues}, parent@x.example").status_code == 302
    group = fields(send(reader, to="Équipe: a@ac-exemple.fr, b@ac-exemple.fr;"))
    assert (
        reader.post("/compose/", group | {"do": "send", "delivery": "visible"}).status_code == 302
    )


def test_without_that_decision_the_writer_may_leave_them_visible(
    reader: Client, policy: SendingPolicy
) -> None:
    again = fields(send(reader, to=MANY))
    assert again["delivery"] == ["bcc"]
    answer = reader.post("/compose/", again | {"do": "send", "delivery": "visible"})
    assert answer.status_code == 302


def test_an_answer_to_everybody_is_asked_about(
    reader: Client, policy: SendingPolicy, mailbox: Mailbox
) -> None:
    raw = f"From: chef@x.example\nTo: alice@ac-exemple.fr\nCc: {MANY}\nSubject: Sortie\n\nBonjour\n"
    uid = mailbox.append(raw.encode())
    address = f"/mail/INBOX/{mailbox.uidvalidity()}-{uid}/reply/?all=1"
    form = fields(reader.get(address))
    answer = reader.post("/compose/", form | {"do": "send", "body": "Merci."})
    assert answer.status_code == 422
    assert "13 adresses extérieures" in page(answer)
    assert fields(answer)["delivery"] == ["bcc"]
    assert not OutboxMessage.objects.exists()
