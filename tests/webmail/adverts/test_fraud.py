"""Fraud, judged apart from adverts."""

from __future__ import annotations

import pytest

from mail.judgement import domains, verdict
from mail.judgement.known import KnownCorrespondents
from tests.webmail.adverts.samples import message

OWN = frozenset({"ac-exemple.test"})


@pytest.mark.parametrize(
    "domain",
    [
        "ac-exernple.test",
        "ac-exempl.test",
        "ac-exemple.com",
        "ac-exemple-messagerie.example",
        "ac-exemple.test.verif.example",
        "аc-exemple.test",  # noqa: RUF001  # a Cyrillic letter
        "ac-amiens.example",
        "webmail.ac-lille.fr.example",
        "impots-gouv.example",
        "education.gouv.fr.verif.example",
        "ame1i.example.com".replace("example.com", "fr-remboursement.com"),
        "chronopsot.com",
        "paypa1.com",
        "labanque-postale.example",
    ],
)
def test_a_domain_made_to_be_taken_for_another_is_seen(domain: str) -> None:
    assert domains.imitates(domain, OWN)


@pytest.mark.parametrize(
    "domain",
    [
        "ac-exemple.test",
        "listes.ac-exemple.test",
        "ac-lille.fr",
        "www.impots.gouv.fr",
        "ameli.fr",
        "laposte.net",
        "cafe-des-arts.fr",
        "garage-des-halles.example",
        "acoustique.fr",
        "xn--caf-dma.fr",
        "outlook.fr",
        "notif-colissimo-laposte.info",
        "info.sncfconnect.com",
        "newsletter.etwinning-europe.eun.org",
        "",
    ],
)
def test_an_honest_domain_imitates_nobody(domain: str) -> None:
    assert not domains.imitates(domain, OWN)


NOBODY = KnownCorrespondents()


def found(
    way: str, address: str, name: str, body: str, known: KnownCorrespondents = NOBODY
) -> verdict.Verdict:
    return verdict.judge(message(way, address, name, "Information", body, "plain"), known)


def test_a_false_support_desk_that_wants_the_password_is_a_fraud() -> None:
    body = (
        "Votre boîte est pleine. Validez votre compte sous 24 heures avec votre mot de passe :"
        " https://ac-exemple-webmail.example/login"
    )
    judged = found("forged", "support@boites-pleines.example", "Support Messagerie", body)
    assert judged.kind == "fraud"
    assert judged.is_fraud
    assert {"authority_imitated", "password_asked", "lookalike_link"} <= set(judged.fraud)


def test_a_link_that_shows_one_site_and_leads_to_another_is_named() -> None:
    raw = message("plain", "a@b.example", "A", "x", "Bonjour", "plain")
    raw = raw.replace(b"text/plain", b"text/html")
    link = b'<a href="http://piege.example/x">https://www.banque-sure.example/</a>'
    assert "link_differs" in verdict.judge(raw + link).fraud


def test_the_links_of_a_mailing_that_count_clicks_are_no_fraud() -> None:
    raw = message("news", "info@musee.example", "Musée", "Lettre", "Bonjour", "plain")
    raw = raw.replace(b"text/plain", b"text/html")
    links = b'<a href="http://clics.example/1">www.musee.example</a>' * 4
    assert "link_differs" not in verdict.judge(raw + links).fraud


def test_a_colleagues_name_with_a_request_for_money_is_a_fraud_sign() -> None:
    known = KnownCorrespondents(names=frozenset({"Claire Dumont"}))
    body = "Peux-tu acheter des cartes cadeaux pour moi ? C'est urgent."
    judged = found("plain", "c.dumont@boitemail.example", "DUMONT Claire", body, known)
    assert "colleague_imitated" in judged.fraud
    home = found("plain", "c.dumont@boitemail.example", "Claire Dumont", "À demain !", known)
    assert not home.fraud
    mine = KnownCorrespondents(
        names=known.names, addresses=frozenset({"c.dumont@boitemail.example"})
    )
    assert (
        "colleague_imitated"
        not in found("plain", "c.dumont@boitemail.example", "Claire Dumont", body, mine).fraud
    )


def test_a_bill_with_a_number_to_call_is_a_fraud_sign() -> None:
    body = "Your plan has been renewed, USD 389 will be charged. To cancel call us: +1 888 555 0134"
    assert "bill_to_call" in found("spam", "bill@protect.example", "Billing", body).fraud


def test_a_warning_of_the_authority_that_quotes_a_fraud_is_none() -> None:
    body = "Attention : « Validez votre compte sous 24 heures, cliquez » est une escroquerie."
    judged = found("own", "dsi@ac-exemple.test", "DSI", body)
    assert judged.kind == "wanted"
    assert not judged.fraud


def test_an_institution_that_writes_from_its_own_domain_imitates_no_authority() -> None:
    judged = found("plain", "ne-pas-repondre@info.ameli.fr", "Assurance Maladie", "Bonjour")
    assert "authority_imitated" not in judged.fraud


def test_an_address_in_the_senders_name_that_is_not_his_is_named() -> None:
    judged = found("plain", "x@ailleurs.example", "recteur@ac-exemple.test", "Bonjour")
    assert "authority_imitated" in judged.fraud
