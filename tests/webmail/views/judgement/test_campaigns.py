"""Reports grouped by campaign, and a campaign pulled from the mailboxes of those who got it."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group as Role
from django.core.cache import cache
from django.test import Client
from django.utils import timezone, translation
from django.utils.formats import date_format
from pytest_django import Settings

from accounts.models import AuditEvent, User
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import MASTER
from tests.tended import due
from tests.webmail.views.mail import letter, page, path, subjects, words
from webmail.adverts import campaigns, pulling
from webmail.adverts.campaigns import Criteria
from webmail.models import FraudReport, Judgement, Pull, PulledMessage

pytestmark = pytest.mark.django_db
SENDER = "paie@arnaque.example"
SUBJECT = "Votre virement est en attente"
TODAY = f"{timezone.localtime():%a, %d %b %Y %H:%M:%S %z}"


def scam(number: int = 1, **more: Any) -> bytes:
    fields = {
        "sender": f"Service de la paie <{SENDER}>",
        "message_id": f"<{number}@arnaque.example>",
        "date": TODAY,
        "body": "Confirmez ici : https://virement.example/ici\n",
    }
    return letter(more.pop("subject", SUBJECT), **(fields | more))


@pytest.fixture
def chief(settings: Settings, signed_in: Callable[..., Client], bob: MailAccount) -> Client:
    """Bob's browser, who is an administrator."""
    settings.ADMIN_NEEDS_TOTP = False
    client = signed_in(bob)
    User.objects.get(login="bob").groups.add(Role.objects.get(name="administrator"))
    return client


@pytest.fixture
def master(settings: Settings) -> None:
    settings.MASTER_USER = {"": MASTER.login}
    settings.MASTER_PASSWORD = {"": MASTER.password}


def reported(login: str = "alice", **more: Any) -> FraudReport:
    raw = scam()
    fields = {
        "message_id": "<1@arnaque.example>",
        "sender": SENDER,
        "domain": "arnaque.example",
        "subject": SUBJECT,
        "folded": campaigns.folded(SUBJECT),
        "hosts": list(campaigns.hosts_of(raw)),
        "received": timezone.localdate(),
    }
    return FraudReport.objects.create(user=User.objects.get(login=login), **(fields | more))


# --- reporting ---


@pytest.fixture
def reporting(
    settings: Settings, submission: SubmissionServer, smtp_moved: Callable[[int], None]
) -> None:
    settings.REPORT_ADDRESS = "bob@ac-exemple.fr"
    smtp_moved(submission.port)


@pytest.mark.usefixtures("reporting")
def test_any_message_is_reported_in_one_click_and_can_be_taken_back(
    reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(scam(), "INBOX", ["\\Seen"])
    url = path(mailbox, uid)
    shown = page(reader.get(url))
    assert 'form="report-form"' in shown
    answer = reader.post(url + "report/", follow=True)
    assert "retiré de toutes les boîtes" in words(answer)
    assert mailbox.uids("INBOX") == []
    (row,) = FraudReport.objects.all()
    assert (row.sender, row.subject) == (SENDER, SUBJECT)
    assert row.hosts == ["virement.example"]
    assert row.received == timezone.localdate()
    (moved,) = mailbox.uids("Junk")
    again = page(reader.get(f"/mail/Junk/{mailbox.uidvalidity('Junk')}-{moved}/"))
    assert 'form="report-form"' not in again
    assert 'name="verb" value="undo"' in page(answer)


# --- grouping ---


def test_reports_that_share_a_site_a_subject_or_a_domain_are_one_campaign(
    reader: Client, chief: Client
) -> None:
    first = reported(folded="", message_id="", domain="autre.example", sender="a@autre.example")
    reported("bob", message_id="", hosts=[], domain="tiers.example", sender="b@tiers.example")
    reported("bob", message_id="<9@x>", hosts=["virement.example"], folded="", domain="")
    reported("bob", message_id="", hosts=[], domain="tiers.example", folded="tout autre chose")
    reported(message_id="", hosts=[], folded="facture", domain="gmail.com", sender="x@gmail.com")
    reported(message_id="", hosts=["docs.google.com"], folded="rdv", domain="gmail.com")
    found = campaigns.recent()
    assert sorted(len(one.reports) for one in found) == [1, 1, 2, 2]
    (scams,) = [one for one in found if first.pk == one.pk]
    assert scams.people == 2
    shown = html.unescape(chief.get("/admin/reports/").content.decode())
    assert SUBJECT in shown
    assert "virement.example" in shown


def test_only_administrators_see_reports(reader: Client, settings: Settings) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    user = User.objects.get(login="alice")
    row = reported()
    user.groups.set([Role.objects.get(name="support")])
    for address in ("/admin/reports/", f"/admin/reports/{row.pk}/", "/admin/reports/pulls/1/"):
        assert reader.get(address).status_code == 403


@pytest.mark.parametrize(
    "criteria",
    [
        Criteria(),
        Criteria(senders=(SENDER,)),
        Criteria(senders=(SENDER,), subjects=("x",)),
        Criteria(senders=(SENDER,), subjects=("x",), since="2026-01-01", until="2026-03-01"),
        Criteria(hosts=("virement.example",), since="2026-01-01", until="2026-01-03"),
    ],
)
def test_what_is_not_narrow_is_refused(criteria: Criteria) -> None:
    assert not criteria.is_narrow


def test_of_a_colleague_nothing_but_the_message_id_counts(reader: Client, chief: Client) -> None:
    row = reported(sender="chef@ac-exemple.fr", domain="ac-exemple.fr")
    assert chief.post(f"/admin/reports/{row.pk}/", {"way": ["subject", "host"]}).status_code == 422
    assert campaigns.recent()[0].criteria(["subject"]) == Criteria(
        subjects=(campaigns.folded(SUBJECT),),
        since=f"{timezone.localdate() - timedelta(days=1)}",
        until=f"{timezone.localdate() + timedelta(days=2)}",
    )
    assert campaigns.recent()[0].criteria(["id"]).is_narrow


# --- pulling, by the master user ---


def asked(chief: Client, row: FraudReport, *ways: str) -> Pull:
    answer = chief.post(f"/admin/reports/{row.pk}/", {"way": list(ways)})
    assert answer.status_code == 302, answer.content.decode()
    pull = Pull.objects.get()
    pulling.run(pull.pk)
    pull.refresh_from_db()
    assert pull.state == Pull.State.COUNTED
    return pull


def decide(chief: Client, pull: Pull, do: str, **more: str) -> None:
    answer = chief.post(f"/admin/reports/pulls/{pull.pk}/", {"do": do, **more})
    assert answer.status_code == 302
    pulling.run(pull.pk)
    cache.delete("near:pulls-at-work")
    pull.refresh_from_db()


@pytest.mark.usefixtures("master")
def test_a_campaign_is_counted_then_pulled_from_all_mailboxes_and_put_back(
    chief: Client, reader: Client, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    mailbox.create_folder("Paie")
    mailbox.append(scam(1))
    mailbox.append(scam(2), "Paie")
    mailbox.append(scam(3, sender="Collègue <vrai@ac-exemple.fr>"))
    mailbox.append(scam(4, subject="Autre sujet", body="Rien ici.\n"))
    bobs_mailbox.append(scam(5))
    bobs_mailbox.append(letter("Vraie lettre"))
    pull = asked(chief, reported(), "id", "subject")
    assert (pull.messages, pull.people) == (3, 2)
    days = Criteria.from_json(pull.criteria).days
    told = html.unescape(chief.get(f"/admin/reports/pulls/{pull.pk}/").content.decode())
    with translation.override("fr"):
        assert days and all(date_format(day) in told for day in days)
    assert pull.criteria["since"] not in told
    assert len(mailbox.uids("INBOX")) == 3  # nothing has moved
    decide(chief, pull, "confirm")
    assert pull.state == Pull.State.COUNTED  # the number was not ticked
    decide(chief, pull, "confirm", sure="on")
    assert (pull.state, pull.messages, pull.people) == (Pull.State.DONE, 3, 2)
    assert len(mailbox.uids("Junk")) == 2
    assert mailbox.uids("Paie") == []
    assert len(mailbox.uids("INBOX")) == 2
    assert len(bobs_mailbox.uids("Junk")) == 1
    assert len(bobs_mailbox.uids("INBOX")) == 1
    assert AuditEvent.objects.get(kind=AuditEvent.Kind.MAIL_PULLED).detail == {
        "key": pull.pk,
        "way": "Message-ID, subject",
        "messages": 3,
        "asked_by": "bob@ac-exemple.fr",
    }
    decide(chief, pull, "undo")
    assert pull.state == Pull.State.UNDONE
    assert len(mailbox.uids("INBOX")) == 3
    assert len(mailbox.uids("Paie")) == 1
    assert mailbox.uids("Junk") == bobs_mailbox.uids("Junk") == []
    assert not Judgement.objects.filter(is_fraud=True).exists()
    assert AuditEvent.objects.filter(kind=AuditEvent.Kind.MAIL_PULL_UNDONE).count() == 1


@pytest.mark.usefixtures("master")
def test_its_user_is_told_by_a_line_and_why_by_the_reader(
    chief: Client, reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(scam())
    decide(chief, asked(chief, reported(), "id"), "confirm", sure="on")
    assert "L’académie a déplacé 1 message frauduleux" in words(reader.get("/mail/INBOX/"))
    (uid,) = mailbox.uids("Junk")
    shown = page(reader.get(f"/mail/Junk/{mailbox.uidvalidity('Junk')}-{uid}/"))
    assert 'id="fraud-band"' in shown
    assert "des utilisateurs l’ont signalé" in html.unescape(shown).lower()
    reader.post("/adverts/close/")
    assert "L’académie a déplacé" not in words(reader.get("/mail/INBOX/"))


@pytest.mark.usefixtures("master")
def test_a_link_to_the_same_site_counts_of_the_same_sender_alone(
    chief: Client, reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(scam(7, subject="Relance"))
    mailbox.append(scam(8, subject="Relance", sender="autre@arnaque.example"))
    mailbox.append(scam(9, subject="Relance", body="https://autre.example/\n"))
    pull = asked(chief, reported(), "host")
    assert pull.messages == 1


@pytest.mark.usefixtures("master")
def test_what_its_user_wants_is_left_alone(chief: Client, reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(scam())
    decide(chief, pull := asked(chief, reported(), "id"), "confirm", sure="on")
    (uid,) = mailbox.uids("Junk")
    reader.post(
        "/mail/Junk/act/",
        {"verb": "inbox", "refs": f"{mailbox.uidvalidity('Junk')}-{uid}"},
    )
    reader.get("/mail/INBOX/")
    assert len(mailbox.uids("INBOX")) == 1
    Pull.objects.filter(pk=pull.pk).delete()
    assert asked(chief, FraudReport.objects.get(), "id").messages == 0


@pytest.mark.usefixtures("master")
def test_a_job_that_died_goes_on_behind_the_last_mailbox(
    chief: Client, reader: Client, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    mailbox.append(scam(1))
    bobs_mailbox.append(scam(2))
    pull = asked(chief, reported(), "subject")
    assert (
        chief.post(f"/admin/reports/pulls/{pull.pk}/", {"do": "confirm", "sure": "on"}).status_code
        == 302
    )
    first = User.objects.order_by("pk").filter(mail_domain__isnull=False)[0]
    taken = Pull.objects.claim(pull.pk)
    assert taken is not None
    taken.beat(at_user=first.pk)
    for found in ([], [pull.pk]):  # freed, and started a minute later
        Pull.objects.update(changed=timezone.now() - timedelta(hours=1))
        assert due(Pull) == found
    pulling.run(pull.pk)
    pull.refresh_from_db()
    assert (pull.state, pull.messages) == (Pull.State.DONE, 1)


# --- pulling, at each user's own look ---


def confirmed(chief: Client, row: FraudReport, *ways: str) -> Pull:
    """Without a master user nothing is counted, and no job runs."""
    assert chief.post(f"/admin/reports/{row.pk}/", {"way": list(ways)}).status_code == 302
    pull = Pull.objects.get()
    assert pull.state == Pull.State.COUNTED
    decide(chief, pull, "confirm", sure="on")
    assert pull.state == Pull.State.DONE
    return pull


def test_without_a_master_user_the_next_look_does_it_and_takes_it_back(
    chief: Client, reader: Client, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Paie")
    mailbox.append(scam(1))
    mailbox.append(letter("Vraie lettre"))
    mailbox.append(scam(2), "Paie")
    row = reported()
    assert chief.post(f"/admin/reports/{row.pk}/", {"way": ["subject"]}).status_code == 302
    pull = Pull.objects.get()
    before = words(chief.get(f"/admin/reports/pulls/{pull.pk}/")).replace("\N{NO-BREAK SPACE}", " ")
    assert "messages 1, personnes 1. Boîtes aux lettres ici : 2." in before
    decide(chief, pull, "confirm", sure="on")
    assert "0 boîte sur 2" in words(chief.get(f"/admin/reports/pulls/{pull.pk}/"))
    answer = reader.get("/mail/INBOX/")
    assert subjects(answer) == ["Vraie lettre"]
    assert "1 boîte sur 2" in words(chief.get(f"/admin/reports/pulls/{pull.pk}/"))
    assert "L’académie a déplacé 2 messages frauduleux" in words(answer)
    assert len(mailbox.uids("Junk")) == 2
    pull.refresh_from_db()
    assert (pull.messages, pull.people) == (2, 1)
    decide(chief, pull, "undo")
    assert len(subjects(reader.get("/mail/INBOX/"))) == 2
    assert len(mailbox.uids("Paie")) == 1


def test_what_comes_later_is_pulled_for_a_week(
    chief: Client, reader: Client, mailbox: Mailbox
) -> None:
    confirmed(chief, reported(), "subject")
    reader.get("/mail/INBOX/")
    mailbox.append(scam(8))
    assert subjects(reader.get("/mail/INBOX/")) == []
    Pull.objects.update(confirmed=timezone.now() - Pull.SEEN_FOR - timedelta(minutes=1))
    cache.clear()
    mailbox.append(scam(9, body="Bonjour.\n"))
    reader.get("/mail/INBOX/")
    assert PulledMessage.objects.count() == 1


def test_it_can_be_undone_for_thirty_days(chief: Client, reader: Client, mailbox: Mailbox) -> None:
    pull = confirmed(chief, reported(), "subject")
    Pull.objects.update(confirmed=timezone.now() - Pull.KEPT - timedelta(minutes=1))
    pull.refresh_from_db()
    assert not pull.can_be_undone
    decide(chief, pull, "undo")
    assert pull.state == Pull.State.DONE
    Pull.objects.update(asked=timezone.now() - Pull.KEPT - timedelta(days=1))
    pulling.tidy()
    assert not Pull.objects.exists()


@pytest.mark.usefixtures("master")
def test_a_pull_needs_a_proof_of_the_last_minutes(
    chief: Client, reader: Client, mailbox: Mailbox, bob: MailAccount
) -> None:
    mailbox.append(scam(1))
    pull = asked(chief, reported(), "subject")
    kept = chief.session
    for record in kept["account_authentication_methods"]:
        record["at"] -= 6 * 60
    kept.save()
    page = f"/admin/reports/pulls/{pull.pk}/"
    answer = chief.post(page, {"do": "confirm", "sure": "on"})
    assert answer["Location"].startswith("/accounts/reenter/?next=")
    pull.refresh_from_db()
    assert pull.state == Pull.State.COUNTED
    form = {"password": bob.password, "next": page}
    assert chief.post("/accounts/reenter/", form)["Location"] == page
    chief.post(page, {"do": "confirm", "sure": "on"})
    pull.refresh_from_db()
    assert pull.state != Pull.State.COUNTED


@pytest.mark.usefixtures("master")
def test_another_administrator_confirms_a_pull_where_two_are_needed(
    chief: Client, reader: Client, mailbox: Mailbox, settings: Settings
) -> None:
    mailbox.append(scam(1))
    pull = asked(chief, reported(), "subject")
    settings.PULL_NEEDS_TWO = True
    page, form = f"/admin/reports/pulls/{pull.pk}/", {"do": "confirm", "sure": "on"}
    assert 'value="confirm"' not in chief.get(page).content.decode()
    assert "Un autre administrateur" in chief.post(page, form, follow=True).content.decode()
    pull.refresh_from_db()
    assert pull.state == Pull.State.COUNTED
    assert reader.post(page, form).status_code in {302, 403}
    pull.refresh_from_db()
    assert pull.state == Pull.State.COUNTED
    User.objects.get(login="alice").groups.add(Role.objects.get(name="administrator"))
    assert 'value="confirm"' in reader.get(page).content.decode()
    reader.post(page, form)
    pull.refresh_from_db()
    assert pull.state != Pull.State.COUNTED


@pytest.fixture
def second(reader: Client, settings: Settings) -> Client:
    """Alice's browser, who is an administrator too, where two are needed."""
    settings.PULL_NEEDS_TWO = True
    User.objects.get(login="alice").groups.add(Role.objects.get(name="administrator"))
    return reader


def events(*kinds: AuditEvent.Kind) -> list[tuple[str, str, str]]:
    rows = AuditEvent.objects.filter(kind__in=kinds).select_related("actor").order_by("pk")
    return [
        (row.kind, row.actor.login if row.actor else "", row.detail["asked_by"]) for row in rows
    ]


def post(client: Client, pull: Pull, do: str) -> str:
    """Decide, and return the state."""
    client.post(f"/admin/reports/pulls/{pull.pk}/", {"do": do, "sure": "on"})
    pull.refresh_from_db()
    return pull.state


@pytest.mark.usefixtures("master")
def test_the_second_administrator_sees_who_asked_and_when_and_proves_who_they_are(
    chief: Client, second: Client, mailbox: Mailbox
) -> None:
    mailbox.append(scam(1))
    pull = asked(chief, reported(), "subject")
    shown = words(second.get(f"/admin/reports/pulls/{pull.pk}/"))
    with translation.override("fr"):
        asked_on = date_format(timezone.localtime(pull.asked), "DATETIME_FORMAT")
        lapses_on = date_format(timezone.localtime(pull.lapses), "DATETIME_FORMAT")
    assert f"{pull.by} a demandé ce retrait le {asked_on}" in shown
    assert f"jusqu’au {lapses_on}" in shown
    kept = second.session
    fresh = kept["account_authentication_methods"]
    for record in fresh:
        record["at"] -= 6 * 60
    kept.save()
    assert post(second, pull, "confirm") == Pull.State.COUNTED
    for record in fresh:
        record["at"] += 6 * 60
    kept.save()
    assert post(second, pull, "confirm") == Pull.State.CONFIRMED
    kinds = AuditEvent.Kind
    assert events(kinds.MAIL_PULL_ASKED, kinds.MAIL_PULLED) == [
        ("mail.pull-asked", "bob", "bob@ac-exemple.fr"),
        ("mail.pulled", "alice", "bob@ac-exemple.fr"),
    ]


@pytest.mark.usefixtures("master")
def test_who_asked_withdraws_a_pull_and_nobody_confirms_it_then(
    chief: Client, second: Client, mailbox: Mailbox
) -> None:
    mailbox.append(scam(1))
    pull = asked(chief, reported(), "subject")
    assert post(chief, pull, "dismiss") == Pull.State.WITHDRAWN
    assert post(second, pull, "confirm") == Pull.State.WITHDRAWN
    assert post(second, pull, "dismiss") == Pull.State.WITHDRAWN
    kind = AuditEvent.Kind.MAIL_PULL_WITHDRAWN
    assert events(kind) == [("mail.pull-withdrawn", "bob", "bob@ac-exemple.fr")]
    assert "Annulé par bob" in words(second.get(f"/admin/reports/pulls/{pull.pk}/"))


@pytest.mark.usefixtures("master")
def test_the_second_administrator_refuses_a_pull(
    chief: Client, second: Client, mailbox: Mailbox
) -> None:
    mailbox.append(scam(1))
    pull = asked(chief, reported(), "subject")
    assert post(second, pull, "dismiss") == Pull.State.REFUSED
    assert post(second, pull, "confirm") == Pull.State.REFUSED
    kind = AuditEvent.Kind.MAIL_PULL_REFUSED
    assert events(kind) == [("mail.pull-refused", "alice", "bob@ac-exemple.fr")]
    assert "Refusé par alice" in words(chief.get(f"/admin/reports/pulls/{pull.pk}/"))
    assert mailbox.uids("Junk") == []


@pytest.mark.usefixtures("master")
def test_a_pull_that_nobody_confirms_lapses_after_a_day(
    chief: Client, second: Client, mailbox: Mailbox
) -> None:
    mailbox.append(scam(1))
    pull = asked(chief, reported(), "subject")
    Pull.objects.update(asked=timezone.now() - Pull.VALID - timedelta(minutes=1))
    assert post(second, pull, "confirm") == Pull.State.LAPSED
    shown = second.get(f"/admin/reports/pulls/{pull.pk}/").content.decode()
    assert 'value="confirm"' not in shown and 'value="dismiss"' not in shown


@pytest.mark.usefixtures("master")
def test_a_pull_withdrawn_while_it_is_counted_is_not_counted_to_the_end(
    chief: Client, second: Client
) -> None:
    chief.post(f"/admin/reports/{reported().pk}/", {"way": ["subject"]})
    pull = Pull.objects.get()
    counting = Pull.objects.claim(pull.pk)
    assert counting is not None
    assert post(chief, pull, "dismiss") == Pull.State.WITHDRAWN
    assert not counting.end(Pull.State.COUNTED)
    pulling.run(pull.pk)
    pull.refresh_from_db()
    assert pull.state == Pull.State.WITHDRAWN
