"""The absence through its page: Pigeonhole answers, whom and how often the form says."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import MailDomain, User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import collected
from addressbook.models import SchoolHoliday
from demo.servers.dovecot import Dovecot
from demo.servers.submission import SubmissionServer
from mail.sieve import reading
from mail.sieve.values import Absence
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE, BOB, missing
from tests.servers.scripts import Scripts
from tests.waiting import LONGEST_S
from tests.webmail.views.composer.test_begin import read, text
from tests.webmail.views.mail import letter, page, path
from webmail import tasks
from webmail.models import OutboxMessage, SenderChoice

pytestmark = pytest.mark.django_db


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


def day(after: int) -> str:
    return (timezone.localdate() + timedelta(days=after)).isoformat()


def away(reader: Client, url: str = "/rules/absence/", **more: str) -> dict[str, str]:
    """This week, the same for everybody."""
    found = re.search(r'name="digest" value="(\w+)"', page(reader.get(url)))
    assert found is not None
    return {
        "digest": found[1],
        "enabled": "on",
        "first": day(-1),
        "last": day(5),
        "subject": "Je suis absente",
        "text": 'Bonjour,\r\n.\r\n"à lundi" \\ text:\r\n',
        "who": "everybody",
        "days": "3",
        "addresses": "",
    } | more


def kept(scripts: Scripts) -> Absence:
    absence = reading.read_script(scripts.get("webmail")).absence
    assert absence is not None
    return absence


def test_what_is_typed_is_what_the_server_has_and_the_form_shows(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    data = away(reader, addresses="alice.martin@ac-exemple.fr, a@exemple.fr")
    assert reader.post("/rules/absence/", data).status_code == 302
    absence = kept(scripts)
    assert absence.text == 'Bonjour,\n.\n"à lundi" \\ text:'
    assert absence.addresses == (
        "alice@ac-exemple.fr",
        "alice.martin@ac-exemple.fr",
        "a@exemple.fr",
    )
    assert (absence.days, absence.subject, absence.domains) == (3, "Je suis absente", ())
    shown = page(reader.get("/rules/absence/"))
    assert f'value="{day(5)}"' in shown
    assert "a@exemple.fr" in shown


def test_a_trial_goes_to_oneself_as_it_is_typed_and_saves_nothing(
    reader: Client,
    scripts: Scripts,
    mailbox: Mailbox,
    submission: SubmissionServer,
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.SPOOL = tmp_path / "spool"
    texts = {"text": "Bonjour,\r\nà lundi.", "other_text": "Hello", "who": "both"}
    answer = reader.post("/rules/absence/", away(reader, **texts, do="try"))
    assert answer.status_code == 200
    shown = page(answer)
    assert "alice@ac-exemple.fr" in shown and "à lundi." in shown
    assert scripts.all() == {}
    OutboxMessage.objects.update(due=timezone.now())
    for row in OutboxMessage.objects.filter(state=OutboxMessage.State.HELD):
        tasks.deliver_message(str(row.pk))
    found = [read(message) for message in mailbox.messages("INBOX")]
    assert {str(one["Subject"]) for one in found} == {"[Essai] Je suis absente"}
    assert {text(one).strip() for one in found} == {"Bonjour,\nà lundi.", "Hello"}
    assert {str(one["To"]) for one in found} == {"alice@ac-exemple.fr"}


def test_a_trial_of_what_cannot_be_saved_is_refused(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    answer = reader.post("/rules/absence/", away(reader, text="", do="try"))
    assert answer.status_code == 422
    assert not OutboxMessage.objects.exists()


def test_days_are_those_of_the_persons_own_zone(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    user = User.objects.get(login="alice")
    user.preferences = {"time_zone": "Europe/Paris"}
    user.save()
    data = away(reader, first="2027-02-01", last="2027-07-01")
    assert reader.post("/rules/absence/", data).status_code == 302
    assert (kept(scripts).zone_first, kept(scripts).zone_last) == ("+0100", "+0200")
    user.preferences = {"time_zone": "Indian/Reunion"}
    user.save()
    reader.post("/rules/absence/", away(reader, first="2027-02-01", last="2027-07-01"))
    assert (kept(scripts).zone_first, kept(scripts).zone_last) == ("+0400", "+0400")


@pytest.mark.parametrize(
    "more",
    [
        {"text": ""},
        {"last": day(-2)},
        {"first": "demain"},
        {"days": "0"},
        {"days": "31"},
        {"who": "nobody"},
        {"who": "both", "other_text": " "},
        {"addresses": 'a@b.fr\n"]; redirect "x@y.fr'},
        {"text": "x" * 10_001},
        {"digest": "0" * 32},
    ],
)
def test_what_is_no_absence_is_not_saved(
    reader: Client, scripts: Scripts, mailbox: Mailbox, more: dict[str, str]
) -> None:
    answer = reader.post("/rules/absence/", away(reader) | more)
    assert answer.status_code == 422
    assert "Je suis absente" in page(answer)
    assert not scripts.all()


def test_the_pages_say_so_while_it_is_on(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    # The menu of the account leads there always.
    assert page(reader.get("/mail/INBOX/")).count("/rules/absence/") == 1
    reader.post("/rules/absence/", away(reader))
    assert page(reader.get("/mail/INBOX/")).count("/rules/absence/") == 2
    reader.post("/rules/absence/", away(reader, enabled="", first=day(-1)))
    off = {name: value for name, value in away(reader).items() if name != "enabled"}
    assert reader.post("/rules/absence/", off).status_code == 302
    assert not kept(scripts).enabled
    assert kept(scripts).text.startswith("Bonjour")
    assert page(reader.get("/mail/INBOX/")).count("/rules/absence/") == 1


def test_another_session_learns_of_it_once_and_asks_no_more(
    reader: Client, scripts: Scripts, mailbox: Mailbox, signed_in: Callable[..., Client]
) -> None:
    reader.post("/rules/absence/", away(reader))
    other = signed_in(ALICE)
    assert 'hx-post="/rules/state/"' in page(other.get("/mail/INBOX/"))
    assert "/rules/absence/" in page(other.post("/rules/state/"))
    shown = page(other.get("/mail/INBOX/"))
    assert "/rules/absence/" in shown
    assert 'hx-post="/rules/state/"' not in shown


def test_two_answers_would_cancel_each_other_and_are_refused(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    theirs = 'require ["vacation"];\nvacation :days 7 "Absent";\n'
    scripts.put("roundcube", theirs, active=True)
    assert reader.post("/rules/absence/", away(reader)).status_code == 422
    assert scripts.all() == {"roundcube": True}


def test_the_server_sends_the_answer_to_whom_the_form_says(
    reader: Client, scripts: Scripts, mailbox: Mailbox, dovecot: Dovecot
) -> None:
    """What Pigeonhole would do with two letters, told by its own tool."""
    data = away(reader, who="both", other_text="Fermé.", text="Chers collègues")
    reader.post("/rules/absence/", data)
    said = {
        sender: acted(scripts.get("webmail"), sender, dovecot)
        for sender in ("chef@ac-exemple.fr", "parent@exemple.fr")
    }
    assert "webmail-inside" in said["chef@ac-exemple.fr"]
    assert "webmail-outside" not in said["chef@ac-exemple.fr"]
    assert "webmail-outside" in said["parent@exemple.fr"]
    reader.post("/rules/absence/", away(reader, who="inside"))
    assert "vacation" not in acted(scripts.get("webmail"), "parent@exemple.fr", dovecot)
    reader.post("/rules/absence/", away(reader, first=day(1)))
    assert "vacation" not in acted(scripts.get("webmail"), "chef@ac-exemple.fr", dovecot)
    reader.post("/rules/absence/", away(reader, first=day(-9), last=day(-2)))
    assert "vacation" not in acted(scripts.get("webmail"), "chef@ac-exemple.fr", dovecot)


def acted(script: str, sender: str, dovecot: Dovecot) -> str:
    """Which actions the server would take for a letter of this sender."""
    program = shutil.which("sieve-test")
    if program is None:
        pytest.skip(missing("Pigeonhole's sieve-test (dovecot-sieve)"))
    # The tool reads as the mailbox's user. Not in pytest's own folder: each run that begins closes
    # that one to others, while this one goes on.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        source, mail = folder / "x.sieve", folder / "x.eml"
        source.write_text(script, encoding="utf-8")
        mail.write_bytes(letter(sender=sender))
        for file in (source, mail):
            file.chmod(0o644)
        command = [program, "-c", str(dovecot.folder / "dovecot.conf"), "-u", "alice"]
        address = "alice@ac-exemple.fr"
        command += ["-r", address, "-a", address, "-f", sender, str(source), str(mail)]
        told = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S)  # noqa: S603
    assert told.returncode == 0, told.stderr
    return told.stdout


# --- adverts while nobody looks ---

ADVERT = letter(
    "Ventes privées : jusqu’à -50 %",
    sender="Boutique <news@boutique.example>",
    list_unsubscribe="<mailto:u@boutique.example>",
    feedback_id="1:2:3",
)
JUNK = letter("Votre lot", sender="x@spam.example", x_spam_flag="YES")
CIRCULAR = letter("Circulaire", precedence="bulk", list_unsubscribe="<mailto:u@ac-exemple.fr>")
UNION = letter(
    "Bulletin no 12",
    sender="Bulletin <b@union.example>",
    list_unsubscribe="<mailto:u@union.example>",
    feedback_id="1:2:3",
)


def test_adverts_are_put_aside_with_nobody_signed_in(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    assert reader.post("/rules/state/").status_code == 200
    assert scripts.all() == {"webmail": True}
    reader.logout()
    for one in (ADVERT, JUNK, CIRCULAR, UNION, letter("Lettre")):
        mailbox.receive(one)
    assert [len(mailbox.uids(name)) for name in ("Publicités", "Junk", "INBOX")] == [1, 1, 3]


def test_whom_the_person_knows_or_allows_is_never_put_aside(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    user = User.objects.get(login="alice")
    SenderChoice.objects.all().choose(user, "boutique.example", is_allowed=True)
    contacts.create(user, ContactData(emails=(Email("X@spam.example"),)))
    reader.post("/rules/state/")
    for one in (ADVERT, JUNK):
        mailbox.receive(one)
    assert len(mailbox.uids()) == 2


@pytest.mark.parametrize("where", ["page", "message"])
def test_a_choice_for_a_sender_is_in_the_script_at_once(
    reader: Client, scripts: Scripts, mailbox: Mailbox, where: str
) -> None:
    sender = "Boutique <x@boutique.example>"
    list_unsubscribe = "<mailto:u@boutique.example>"
    uid = mailbox.append(letter(sender=sender, list_unsubscribe=list_unsubscribe))
    if where == "page":
        reader.post("/adverts/senders/", {"name": "x@boutique.example", "choice": "allow"})
    else:
        reader.post(f"{path(mailbox, uid)}sender/", {"choice": "allow"})
    assert "x@boutique.example" in scripts.get("webmail")
    reader.post("/adverts/senders/", {"remove": "x@boutique.example"})
    assert "x@boutique.example" not in scripts.get("webmail")


def test_what_becomes_of_adverts_is_in_the_script_at_once(reader: Client, scripts: Scripts) -> None:
    reader.post("/rules/state/")
    assert "fileinto" in scripts.get("webmail")
    reader.post("/preferences/adverts/", {"adverts": "off"})
    assert User.objects.get(login="alice").preferences["adverts"] == "off"
    assert "fileinto" not in scripts.get("webmail")


def test_the_allow_list_holds_500_addresses(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    user = User.objects.get(login="alice")
    recipients = [("", f"x{n}@exemple.fr") for n in range(600)]
    collected.record(user, recipients)
    reader.post("/rules/state/")
    written = scripts.get("webmail")
    assert len(set(re.findall(r"x\d+@exemple\.fr", written))) == 500


def test_who_does_not_want_it_has_no_such_part(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    reader.post("/rules/state/")
    User.objects.filter(login="alice").update(preferences={"adverts": "off"})
    reader.post("/rules/state/")
    assert "fileinto" not in scripts.get("webmail")
    mailbox.receive(ADVERT)
    assert len(mailbox.uids()) == 1


def test_another_programs_script_goes_on_before_it(
    reader: Client, scripts: Scripts, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Achats")
    theirs = 'require ["fileinto"];\nif header :contains "from" "boutique"\n'
    theirs += '{ fileinto "Achats"; stop; }\n'
    scripts.put("roundcube", theirs, active=True)
    reader.post("/rules/state/")
    assert scripts.all() == {"roundcube": False, "webmail": True}
    mailbox.receive(ADVERT)
    assert len(mailbox.uids("Achats")) == 1
    assert scripts.get("roundcube") == theirs


def test_the_absence_is_filled_from_the_holidays_of_ones_zone(
    reader: Client, scripts: Scripts
) -> None:
    today = timezone.localdate()
    begins = today + timedelta(days=20 + (6 - today.isoweekday() - 20) % 7)
    resumes = begins + timedelta(days=16)
    year = today.year if today.month > 7 else today.year - 1
    made = {"school_year": year, "name": "Noël"}
    other = SchoolHoliday.objects.create(zone="A", begins=begins, resumes=resumes, **made)
    own = SchoolHoliday.objects.create(zone="B", begins=begins, resumes=resumes, **made)
    SchoolHoliday.objects.create(
        zone="B", begins=day(-30), resumes=day(-14), school_year=year, name="Toussaint"
    )
    address = "/rules/absence/"
    assert "Choisissez la zone de votre établissement" in page(reader.get(address))
    User.objects.update(preferences={"school_zone": "B"})
    shown = page(reader.get(address))
    assert "Vacances de Noël" in shown and "Toussaint" not in shown
    assert f'data-first="{begins:%Y-%m-%d}"' in shown
    filled = page(reader.get(f"{address}?holiday={own.pk}"))
    last = resumes - timedelta(days=1)
    assert re.search(rf'name="first"\s+value="{begins:%Y-%m-%d}"', filled)
    assert re.search(rf'name="last"\s+value="{last:%Y-%m-%d}"', filled)
    assert re.search(r'name="enabled"[^>]* checked', filled)
    assert "Je suis en vacances jusqu’au" in filled
    # A holiday of another zone, and no holiday at all, fill nothing.
    for asked in (str(other.pk), "0", "x", "9" * 30):
        answer = reader.get(f"{address}?holiday={asked}")
        assert answer.status_code == 200
        assert not re.search(r'name="enabled"[^>]* checked', page(answer))
    # Saved, the server itself ends it with the last day.
    data = away(reader, first=f"{begins:%Y-%m-%d}", last=f"{last:%Y-%m-%d}")
    assert reader.post(address, data).status_code == 302
    assert (kept(scripts).first, kept(scripts).last) == (begins, last)
    # A text that is there stays.
    again = page(reader.get(f"{address}?holiday={own.pk}"))
    assert "Je suis en vacances" not in again.partition("<textarea")[2]
