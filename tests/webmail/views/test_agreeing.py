"""What ten people say of a sender counts for all; administrators can undo it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core import clock
from mail.judgement import verdict
from mail.judgement.verdict import Verdict
from tests.servers.mailboxes import Mailbox
from tests.webmail.views import unwanted
from tests.webmail.views.mail import letter
from webmail.adverts import judging, learning
from webmail.adverts.learning import Lesson
from webmail.models import AgreedSender, Judgement

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]

SHOP = "Boutique <offres@boutique.example>"
PLAIN = letter("Bonjour", sender=SHOP, message_id="<plain@boutique.example>")


def people(count: int, name: str = "collegue") -> list[User]:
    return [User.objects.create(login=f"{name}{number}") for number in range(count)]


def say(users: Iterable[User], kind: verdict.VerdictKind | None, raw: bytes = PLAIN) -> None:
    for user in users:
        learning.teach(user, [Lesson(f"m{user.pk}", raw, kind)])  # type: ignore[arg-type]


def judged_by(login: str, raw: bytes = PLAIN) -> Verdict:
    user, _made = User.objects.get_or_create(login=login)
    return verdict.judge(raw, learnt=learning.learnt(user))


def test_ten_people_decide_for_the_eleventh() -> None:
    colleagues = people(10)
    say(colleagues[:9], "advert")
    assert not AgreedSender.objects.exists()
    assert judged_by("onzieme").kind == "wanted"
    say(colleagues[9:], "junk")
    row = AgreedSender.objects.get()
    assert (row.name, row.is_wanted, row.people, row.opposed) == (
        "offres@boutique.example",
        False,
        10,
        0,
    )
    judged = judged_by("onzieme")
    assert judged.kind == "advert"
    assert judged.reasons[0] == "agreed_unwanted"


def test_what_ten_people_want_is_set_aside_from_nobody() -> None:
    raw = unwanted.advert()
    assert judged_by("onzieme", raw).kind == "advert"
    say(people(10), "wanted", raw)
    judged = judged_by("onzieme", raw)
    assert (judged.kind, judged.reasons[0]) == ("wanted", "agreed_wanted")


def test_the_same_person_counts_once_however_often() -> None:
    (user,) = people(1)
    for number in range(12):
        learning.teach(user, [Lesson(f"d{number}", PLAIN, "advert")])
    assert not AgreedSender.objects.exists()


def test_a_persons_own_word_goes_before_that_of_others() -> None:
    colleagues = people(11)
    say(colleagues[:10], "advert")
    say(colleagues[10:], "wanted")
    assert AgreedSender.objects.get().opposed == 1
    assert judged_by(colleagues[10].login).reasons[0] == "taught_wanted"


def test_where_two_in_ten_say_the_opposite_nobody_agrees() -> None:
    colleagues = people(12)
    say(colleagues[:10], "advert")
    say(colleagues[10:], "wanted")
    assert not AgreedSender.objects.exists()


def test_a_withdrawn_lesson_ends_the_agreement() -> None:
    colleagues = people(10)
    say(colleagues, "advert")
    say(colleagues[:1], None)
    assert not AgreedSender.objects.exists()


def test_a_list_counts_and_not_who_wrote_to_it() -> None:
    raw = b"List-Id: Promos <promos.boutique.example>\r\n" + PLAIN
    say(people(10), "advert", raw)
    assert AgreedSender.objects.get().name == "promos.boutique.example"
    assert judged_by("onzieme", PLAIN).kind == "wanted"
    other = raw.replace(b"offres@", b"autre@")
    assert judged_by("onzieme", other).reasons[0] == "agreed_unwanted"


@pytest.mark.parametrize(
    "sender", ["Rectorat <infos@lettres.ac-exemple.fr>", "Ministère <lettre@education.gouv.fr>"]
)
def test_nobody_silences_the_authority_or_the_state(mail_domain: object, sender: str) -> None:
    say(people(10), "junk", letter("Circulaire", sender=sender))
    assert not AgreedSender.objects.exists()


def test_a_forged_sender_is_not_spared() -> None:
    raw = unwanted.advert()
    say(people(10), "wanted", raw)
    refused = (
        b"Authentication-Results: mx.example; dmarc=fail header.from=x\r\n"
        b"Received: from a.example by mx.example; Mon, 1 Jun 2026 08:00:00 +0000\r\n"
    )
    assert "agreed_wanted" not in judged_by("onzieme", refused + raw).reasons
    assert judged_by("onzieme", refused + raw).kind == "advert"


def test_the_number_is_a_setting_and_nought_turns_it_off(settings) -> None:
    settings.ADVERTS_AGREEING = 3
    say(people(3), "advert")
    assert judged_by("onzieme").kind == "advert"
    settings.ADVERTS_AGREEING = 0
    assert judged_by("onzieme").kind == "wanted"
    say(people(12, "autre"), "advert", letter(sender="Z <z@zone.example>"))
    assert AgreedSender.objects.count() == 1


def test_only_a_keyed_digest_names_the_sender_before_they_agree() -> None:
    say(people(1), "advert")
    row = Judgement.objects.get()
    assert len(row.sender) == 40
    assert "boutique" not in row.sender


def test_an_agreement_ends_after_a_year_and_an_ignored_one_stays() -> None:
    long_ago = clock.now() - AgreedSender.KEPT - timedelta(days=1)
    kinds = {"is_wanted": False, "people": 10, "changed": long_ago}
    AgreedSender.objects.create(name="a@a.example", mark="00000001", **kinds)
    AgreedSender.objects.create(name="b@b.example", mark="00000002", is_ignored=True, **kinds)
    AgreedSender.objects.create(name="c@c.example", mark="00000003", is_wanted=True, people=10)
    judging.forget_overdue()
    names = set(AgreedSender.objects.values_list("name", flat=True))
    assert names == {"b@b.example", "c@c.example"}


def test_an_administrator_undoes_it_in_one_place(settings) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    colleagues = people(11)
    say(colleagues[:10], "advert")
    row = AgreedSender.objects.get()
    boss = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    admin = Client()
    admin.force_login(boss, backend="accounts.backends.LocalAdministratorBackend")
    shown = admin.get("/admin/webmail/agreedsender/").content.decode()
    assert "offres@boutique.example" in shown
    form = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": str(row.pk),
        "form-0-is_ignored": "on",
        "_save": "1",
    }
    assert admin.post("/admin/webmail/agreedsender/", form).status_code == 302
    assert judged_by("onzieme").kind == "wanted"
    # It stays so, whatever others say later.
    say(colleagues[10:], "advert")
    row.refresh_from_db()
    assert (row.people, row.is_ignored) == (11, True)
    assert admin.get(f"/admin/webmail/agreedsender/{row.pk}/history/").status_code == 200
    assert admin.post(f"/admin/webmail/agreedsender/{row.pk}/delete/").status_code == 403
    assert admin.get("/admin/webmail/agreedsender/add/").status_code == 403


def test_a_lesson_costs_few_queries_more() -> None:
    colleagues = people(11)
    say(colleagues[:9], "advert")
    with CaptureQueriesContext(connection) as queries:
        say(colleagues[9:10], "advert")
    tables = [query["sql"] for query in queries if "agreedsender" in query["sql"]]
    assert len(tables) <= 3
    (user,) = colleagues[10:]
    with CaptureQueriesContext(connection) as queries:
        learning.learnt(user)
    assert len(queries) == 3


def test_in_the_inbox_mail_of_an_agreed_sender_goes(reader: Client, mailbox: Mailbox) -> None:
    reader.get("/mail/INBOX/")
    say(people(10), "advert")
    mailbox.append(PLAIN)
    reader.get("/mail/INBOX/")
    assert len(mailbox.uids("Publicités")) == 1
    shown = reader.get("/mail/Publicit%C3%A9s/").content.decode()
    assert "Bonjour" in shown
