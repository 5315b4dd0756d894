"""What the reader says of a message that was judged, and what one does about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from mail.errors import RemoteRefused
from mail.mime import headers
from tests.servers.mailboxes import Mailbox
from tests.webmail.views import unwanted
from tests.webmail.views.mail import letter, page, path, ref, words
from webmail.adverts import unsubscribing
from webmail.adverts.digests import digest_of
from webmail.models import FraudReport, Judgement, SenderChoice, Unsubscription

pytestmark = pytest.mark.django_db

ADVERTS = "Publicités"
FRAUD = (
    "<p>Votre boîte sera suspendue dans 24 heures. Pour la réactiver, confirmez votre identifiant"
    ' et votre mot de passe :</p><p><a href="https://verif-compte.example/connexion">'
    "https://messagerie.ac-exemple.fr/connexion</a></p>"
)
ONE_CLICK = (
    b"List-Unsubscribe: <https://shop.example/u/8f2>, <mailto:u@shop.example?subject=stop>\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
)


@pytest.fixture
def watched(reader: Client) -> Client:
    reader.get("/mail/INBOX/")
    return reader


def fraud(**fields: Any) -> bytes:
    return letter(
        "URGENT : votre boîte sera suspendue",
        re.sub("<[^>]*>", "", FRAUD) + " https://verif-compte.example/connexion\n",
        html=FRAUD,
        sender="Assistance académique <a@ac-exemp1e.example>",
        message_id="<f@verif.example>",
        **fields,
    )


@pytest.fixture
def shut(watched: Client, mailbox: Mailbox) -> str:
    """A fraud in the inbox of somebody who wants nothing moved: its address."""
    User.objects.update(preferences={"adverts": "off"})
    uid = mailbox.append(fraud())
    watched.get("/mail/INBOX/")
    return path(mailbox, uid)


def test_an_advert_says_why_it_was_set_aside(watched: Client, mailbox: Mailbox) -> None:
    mailbox.append(unwanted.advert())
    watched.get("/mail/INBOX/")
    (uid,) = mailbox.uids(ADVERTS)
    url = f"/mail/Publicit%C3%A9s/{mailbox.uidvalidity(ADVERTS)}-{uid}/"
    shown = page(watched.get(url))
    why = shown.split('id="why-aside"')[1]
    assert why.partition("</p>")[0].count(".") >= 3  # what it is, and two reasons at once
    assert why.partition("</ul>")[0].count("<li>") >= 1
    assert 'name="verb" value="inbox"' in shown


def _shut_words(shown: str) -> set[str]:
    band = shown.split('id="fraud-band"')[1]
    words = ("Ses liens", "fichiers restent", "quand même")
    return {word for word in words if word in band.partition("</form></div>")[0]}


def test_the_band_of_a_fraud_names_only_what_is_there_to_be_shut(
    watched: Client, mailbox: Mailbox
) -> None:
    User.objects.update(preferences={"adverts": "off"})
    bare, linked, filed = (
        mailbox.append(letter("Service", text, files=files, message_id=f"<{number}@a.example>"))
        for number, (text, files) in enumerate(
            [
                ("Bonjour, êtes-vous disponible ?\n", ()),
                ("Voyez https://verif-compte.example/connexion\n", ()),
                ("Voyez le fichier.\n", (("facture.pdf", "application/pdf", b"%PDF-1.4"),)),
            ]
        )
    )
    watched.get("/mail/INBOX/")
    Judgement.objects.all().delete()
    for uid in (bare, linked, filed):
        digest = digest_of(headers.parse(mailbox.message(uid)))
        Judgement.objects.create(
            user=User.objects.get(login="alice"),
            digest=digest,
            kind="wanted",
            fraud=["asks_login"],
            is_fraud=True,
        )
    shown = [_shut_words(page(watched.get(path(mailbox, uid)))) for uid in (bare, linked, filed)]
    assert shown == [set(), {"Ses liens", "quand même"}, {"fichiers restent", "quand même"}]


def test_the_band_of_a_fraud_offers_its_links_each_time_that_it_is_opened(
    watched: Client, shut: str
) -> None:
    words = [_shut_words(page(watched.get(shut))) for _ in range(2)]
    assert words == [{"Ses liens", "quand même"}] * 2


def test_the_band_of_a_marked_advert_takes_its_mark_away(watched: Client, mailbox: Mailbox) -> None:
    User.objects.update(preferences={"adverts": "mark"})
    uid = mailbox.append(unwanted.advert())
    watched.get("/mail/INBOX/")
    band = page(watched.get(path(mailbox, uid))).split('id="why-aside"')[1]
    (verb,) = re.findall('name="verb" value="([a-z]+)"', band.partition("</form>")[0])
    watched.post("/mail/INBOX/act/", {"verb": verb, "refs": ref(mailbox, uid)})
    assert "$Advert" not in mailbox.flags(uid)


def test_a_fraud_in_the_junk_bears_one_band_with_all_that_was_found(
    watched: Client, mailbox: Mailbox
) -> None:
    mailbox.append(fraud(Reply_To="caisse@ailleurs.example"))
    watched.get("/mail/INBOX/")
    (uid,) = mailbox.uids("Junk")
    shown = page(watched.get(f"/mail/Junk/{mailbox.uidvalidity('Junk')}-{uid}/"))
    assert len(re.findall('class="banner[^"]*" role="note"', shown)) == 1
    band = shown.split('id="fraud-band"')[1].partition("</ul>")[0]
    found = re.findall("<li>(.*?)</li>", band)
    assert "<ul>" in band.partition("<details")[2]
    assert len(found) == len(set(found)) >= 4
    assert "caisse@ailleurs.example" in found[-1]
    acts = shown.split('class="banner-acts"')[1]
    assert re.search(
        r'name="refs" value="[\d-]+".*class="textbtn" name="verb" value="inbox"', acts, re.S
    )


def test_what_a_script_put_into_the_junk_is_judged_when_it_is_opened(
    watched: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(fraud(), "Junk")
    url = f"/mail/Junk/{mailbox.uidvalidity('Junk')}-{uid}/"
    shown = page(watched.get(url))
    assert 'id="fraud-band"' in shown
    assert 'href="https://verif' not in page(watched.get(url + "frame/"))
    row = Judgement.objects.get()
    assert (row.kind, row.is_moved, row.is_fraud) == ("junk", True, True)
    assert page(watched.get(url)).count('id="fraud-band"') == 1
    assert Judgement.objects.count() == 1


def test_a_letter_that_somebody_put_into_the_junk_is_not_blackened(
    watched: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(letter(), "Junk")
    shown = page(watched.get(f"/mail/Junk/{mailbox.uidvalidity('Junk')}-{uid}/"))
    assert 'role="note"' not in shown
    assert not Judgement.objects.exists()


def test_a_letter_says_nothing(watched: Client, mailbox: Mailbox) -> None:
    shown = page(watched.get(path(mailbox, mailbox.append(letter()))))
    assert 'id="why-aside"' not in shown
    assert 'id="fraud-band"' not in shown


def test_the_links_of_a_fraud_lead_nowhere_until_they_are_opened(
    watched: Client, shut: str
) -> None:
    shown = page(watched.get(shut))
    assert 'id="fraud-band"' in shown
    assert 'sandbox="allow-same-origin"' in shown
    assert 'href="https://verif' not in page(watched.get(shut + "frame/"))
    assert "https://messagerie.ac-exemple.fr/connexion" in page(watched.get(shut + "frame/"))
    assert 'href="https://verif' not in page(watched.get(shut + "?view=text"))
    assert 'href="https://verif' not in page(watched.get(shut + "print/"))
    watched.post(shut + "links/")
    shown = page(watched.get(shut))
    assert 'id="fraud-band"' in shown
    assert "allow-popups" in shown.split("<iframe")[1].partition(">")[0]
    assert 'href="https://verif-compte.example/connexion"' in page(watched.get(shut + "frame/"))


def test_the_files_of_a_fraud_are_named_and_stay_shut_until_they_are_opened(
    watched: Client, mailbox: Mailbox
) -> None:
    User.objects.update(preferences={"adverts": "off"})
    files = (("facture.zip", "application/zip", b"PK"), ("photo.png", "image/png", b"\x89PNG"))
    uid = mailbox.append(fraud(files=files))
    watched.get("/mail/INBOX/")
    address = path(mailbox, uid)
    shown = page(watched.get(address))
    assert 'id="fraud-band"' in shown and "facture.zip" in shown
    assert f"{address}view/" not in shown and f"{address}part/" not in shown
    assert f"{address}zip/" not in shown and f"{address}thumb/" not in shown
    watched.post(address + "links/")
    shown = page(watched.get(address))
    assert f"{address}view/" in shown and f"{address}part/" in shown and f"{address}zip/" in shown


@pytest.mark.parametrize(
    "typed",
    ["part/2/", "view/2/", "view/2/file", "view/3/image", "view/3/thumb", "zip/", "part/3/"],
)
def test_a_typed_address_does_not_open_a_shut_file(
    watched: Client, mailbox: Mailbox, typed: str
) -> None:
    User.objects.update(preferences={"adverts": "off"})
    files = (("facture.zip", "application/zip", b"PK"), ("photo.png", "image/png", b"\x89PNG"))
    uid = mailbox.append(fraud(files=files))
    watched.get("/mail/INBOX/")
    address = path(mailbox, uid)
    answer = watched.get(address + typed)
    assert answer.status_code == 403
    assert not answer.get("Content-Disposition")
    shown = page(answer)
    assert f'action="{address}links/"' in shown and f'href="{address}"' in shown


def test_files_open_at_their_addresses_once_they_were_opened(
    watched: Client, mailbox: Mailbox
) -> None:
    User.objects.update(preferences={"adverts": "off"})
    uid = mailbox.append(fraud(files=(("facture.zip", "application/zip", b"PK"),)))
    watched.get("/mail/INBOX/")
    address = path(mailbox, uid)
    assert watched.get(address + "part/2/").status_code == 403
    watched.post(address + "links/")
    answer = watched.get(address + "part/2/")
    assert answer.status_code == 200
    assert "facture.zip" in answer["Content-Disposition"]


@pytest.mark.parametrize(("place", "inbox"), [("junk", 0), ("inbox", 1)])
def test_the_administrator_says_where_frauds_go(
    watched: Client, mailbox: Mailbox, settings: Settings, place: str, inbox: int
) -> None:
    settings.FRAUDS = place
    mailbox.append(fraud())
    shown = page(watched.get("/mail/INBOX/"))
    assert ("votre boîte sera suspendue" in shown) == bool(inbox)
    row = Judgement.objects.get()
    assert (row.kind, row.is_fraud, row.is_moved) == ("fraud", True, not inbox)


def test_a_fraud_beside_an_open_message_of_its_conversation_is_shut_too(
    watched: Client, mailbox: Mailbox
) -> None:
    User.objects.update(preferences={"adverts": "off"})
    mailbox.append(fraud(References="<origine@ac-exemple.fr>"))
    watched.get("/mail/INBOX/")
    uid = mailbox.append(letter(), flags=["\\Seen"])
    shown = page(watched.get(path(mailbox, uid, "?threads=1")))
    (beside,) = re.findall('<div class="conversation-body">(.*?)</iframe>', shown, re.DOTALL)
    assert 'class="banner judged bad"' in beside
    assert 'sandbox="allow-same-origin"' in beside
    assert 'id="fraud-band"' not in shown


def test_the_frame_asked_for_by_itself_is_shut_too(
    watched: Client, shut: str, signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    assert 'href="https://verif' not in page(signed_in(alice).get(shut + "frame/"))


def test_a_fraud_is_reported_as_it_came_and_goes_to_the_junk(
    watched: Client, shut: str, mailbox: Mailbox, submission: SubmissionServer, settings
) -> None:
    settings.REPORT_ADDRESS = "bob@ac-exemple.fr"
    answer = watched.post(shut + "report/", follow=True)
    assert answer.status_code == 200
    assert (mailbox.uids(), len(mailbox.uids("Junk"))) == ([], 1)
    row = FraudReport.objects.get()
    assert (row.user.login, row.domain) == ("alice", "ac-exemp1e.example")
    assert row.reasons


def test_the_report_holds_the_original(
    watched: Client,
    shut: str,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    submission: SubmissionServer,
    settings,
) -> None:
    settings.REPORT_ADDRESS = "bob@ac-exemple.fr"
    raw = mailbox.message(mailbox.uids()[0])
    watched.post(shut + "report/")
    sent = message_from_bytes(bobs_mailbox.messages()[0])
    inside = [part for part in sent.walk() if part.get_content_type() == "message/rfc822"]
    assert len(inside) == 1
    assert raw.strip() in bobs_mailbox.messages()[0]


@pytest.mark.parametrize("folder", ["Sent", "Drafts"])
def test_own_messages_are_not_reported(
    reader: Client, mailbox: Mailbox, submission: SubmissionServer, settings, folder: str
) -> None:
    settings.REPORT_ADDRESS = "bob@ac-exemple.fr"
    uid = mailbox.append(letter(), folder)
    url = f"/mail/{folder}/{ref(mailbox, uid, folder)}/"
    assert "report/" not in page(reader.get(url))
    assert "vous-même" in page(reader.post(url + "report/", follow=True))
    assert (mailbox.uids(folder), FraudReport.objects.count()) == ([uid], 0)


def test_where_no_address_is_set_nothing_is_reported(watched: Client, shut: str) -> None:
    assert "report/" not in page(watched.get(shut))
    assert watched.post(shut + "report/").status_code == 404


def test_a_mailing_is_left_by_one_click(
    watched: Client, mailbox: Mailbox, monkeypatch, settings
) -> None:
    called: list[str] = []
    monkeypatch.setattr(unsubscribing.run, "__defaults__", (called.append,))
    settings.CELERY_TASK_ALWAYS_EAGER = True
    sender = "Boutique <promo@shop.example>"
    url = path(mailbox, mailbox.append(ONE_CLICK + letter("Soldes", sender=sender)))
    shown = page(watched.get(url))
    assert f'action="{url}unsubscribe/"' in shown
    watched.post(url + "unsubscribe/")
    row = Unsubscription.objects.get()
    unsubscribing.run(row.pk)
    row.refresh_from_db()
    assert called == ["https://shop.example/u/8f2"]
    assert (row.sender, row.state, row.url) == ("promo@shop.example", "done", "")
    assert "promo@shop.example" in words(watched.get("/adverts/senders/"))


def test_a_site_that_does_not_take_it_is_named(watched: Client, monkeypatch) -> None:
    def refuse(url: str) -> None:
        raise RemoteRefused("no")

    row = unsubscribing.ask(
        User.objects.get(login="alice"), "promo@shop.example", "https://x.example/"
    )
    unsubscribing.run(row.pk, refuse)
    row.refresh_from_db()
    assert (row.state, row.url) == ("failed", "")


def test_a_refused_sender_gets_no_click(watched: Client, mailbox: Mailbox, settings) -> None:
    settings.AUTHSERV_ID = "mx.ac-exemple.fr"
    raw = b"Authentication-Results: mx.ac-exemple.fr; dkim=fail; dmarc=fail\n"
    url = path(mailbox, mailbox.append(raw + ONE_CLICK + letter()))
    assert "unsubscribe/" not in page(watched.get(url))
    assert watched.post(url + "unsubscribe/").status_code == 404


def test_without_one_click_the_letter_is_prepared(watched: Client, mailbox: Mailbox) -> None:
    raw = letter(list_unsubscribe="<mailto:u@shop.example?subject=stop&bcc=all@x.example>")
    shown = page(watched.get(path(mailbox, mailbox.append(raw))))
    assert "/compose/?to=u%40shop.example&amp;subject=stop" in shown
    assert "bcc" not in shown.split('id="mailing"')[1].partition("</details>")[0]


def test_a_blocked_senders_mail_is_set_aside(watched: Client, mailbox: Mailbox) -> None:
    sender = "Zoé <zoe@voisine.example>"
    uid = mailbox.append(ONE_CLICK + letter(sender=sender), flags=(r"\Seen",))
    watched.post(path(mailbox, uid) + "sender/", {"choice": "block"})
    assert SenderChoice.objects.get().name == "zoe@voisine.example"
    watched.get("/mail/INBOX/")
    mailbox.append(letter("Encore", sender=sender, message_id="<x@voisine.example>"))
    watched.get("/mail/INBOX/")
    assert len(mailbox.uids(ADVERTS)) == 1


def test_an_allowed_senders_mail_stays(watched: Client, mailbox: Mailbox) -> None:
    raw = unwanted.advert()
    found = re.search(rb"(?im)^From:.*?([\w.+-]+@[\w.-]+)", raw)
    assert found is not None
    user = User.objects.get(login="alice")
    SenderChoice.objects.all().choose(user, found[1].decode(), is_allowed=True)
    mailbox.append(raw)
    watched.get("/mail/INBOX/")
    assert len(mailbox.uids()) == 1


def test_a_provider_of_everybodys_mailboxes_is_not_blocked(
    watched: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(ONE_CLICK + letter(sender="Pub <pub@gmail.com>"))
    assert 'value="block_domain"' not in page(watched.get(path(mailbox, uid)))
    watched.post(path(mailbox, uid) + "sender/", {"choice": "block_domain"})
    assert SenderChoice.objects.get().name == "pub@gmail.com"


def test_the_page_of_senders_adds_and_removes(watched: Client) -> None:
    watched.post("/adverts/senders/", {"name": "Shop.Example", "choice": "block"})
    assert SenderChoice.objects.get().name == "shop.example"
    answer = watched.post("/adverts/senders/", {"name": "rien", "choice": "block"})
    assert answer.status_code == 422
    watched.post("/adverts/senders/", {"remove": "shop.example"})
    assert not SenderChoice.objects.exists()


def test_a_new_sender_is_neither_allowed_nor_blocked_unasked(watched: Client) -> None:
    shown = (
        page(watched.get("/adverts/senders/")).split('id="id_choice"')[1].partition("</select")[0]
    )
    assert re.findall(r'value="(\w*)"( selected)?', shown)[0][0] == ""
    answer = watched.post("/adverts/senders/", {"name": "shop.example", "choice": ""})
    assert answer.status_code == 422
    assert not SenderChoice.objects.exists()


def brought_back(watched: Client, mailbox: Mailbox, raw: bytes) -> str:
    """An advert that was set aside and that its person brought back: its address."""
    mailbox.append(raw)
    brought_back_uid(watched, mailbox)
    (uid,) = mailbox.uids()
    return path(mailbox, uid)


def test_of_a_message_brought_back_to_keep_its_sender_suggests_itself(
    watched: Client, mailbox: Mailbox
) -> None:
    address = brought_back(watched, mailbox, unwanted.advert())
    shown = page(watched.get(address))
    panel = shown.split('id="mailing"')[1].partition("</details>")[0]
    assert panel.lstrip().startswith("open")
    assert re.search(r'btn primary" name="choice" value="allow"', panel)
    watched.post(address + "sender/", {"choice": "allow"})
    assert SenderChoice.objects.get().is_allowed
    panel = page(watched.get(address)).split('id="mailing"')[1].partition("</details>")[0]
    assert not panel.lstrip().startswith("open")
    assert "btn primary" not in panel


def test_a_message_that_nobody_brought_back_suggests_nothing(
    watched: Client, mailbox: Mailbox
) -> None:
    sender = "Zoé <zoe@voisine.example>"
    uid = mailbox.append(ONE_CLICK + letter(sender=sender), flags=(r"\Seen",))
    panel = (
        page(watched.get(path(mailbox, uid))).split('id="mailing"')[1].partition("</details>")[0]
    )
    assert "btn primary" not in panel


def test_what_a_week_brought_costs_the_list_no_query(watched: Client, mailbox: Mailbox) -> None:
    watched.get("/mail/INBOX/")
    with CaptureQueriesContext(connection) as before:
        watched.get("/mail/INBOX/")
    for number in range(3):
        mailbox.append(unwanted.advert(number))
    watched.get("/mail/INBOX/")
    watched.get("/mail/INBOX/")
    with CaptureQueriesContext(connection) as after:
        watched.get("/mail/INBOX/")
    assert len(after) <= len(before)


def brought_back_uid(watched: Client, mailbox: Mailbox) -> None:
    """Bring one of those back that are set aside."""
    watched.get("/mail/INBOX/")
    uid = mailbox.uids(ADVERTS)[0]
    refs = f"{mailbox.uidvalidity(ADVERTS)}-{uid}"
    watched.post("/mail/Publicit%C3%A9s/act/", {"verb": "inbox", "refs": refs})


def test_another_persons_choice_is_not_removed(
    watched: Client, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    watched.post("/adverts/senders/", {"name": "shop.example", "choice": "block"})
    bobs = signed_in(bob)
    bobs.post("/adverts/senders/", {"remove": "shop.example"})
    assert SenderChoice.objects.count() == 1
    assert "shop.example" not in page(bobs.get("/adverts/senders/"))


@pytest.mark.parametrize("what", ["links", "report", "sender", "unsubscribe"])
def test_a_message_that_is_another_persons_is_not_found(
    shut: str, signed_in: Callable[..., Client], bob: MailAccount, what: str, settings
) -> None:
    settings.REPORT_ADDRESS = "bob@ac-exemple.fr"
    answer = signed_in(bob).post(f"{shut}{what}/", {"choice": "block"})
    assert answer.status_code in (404, 409)
    assert not SenderChoice.objects.exists()
