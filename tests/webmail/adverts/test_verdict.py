"""The facts that count in a verdict, and those that do not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.judgement import verdict, words
from mail.judgement.known import KnownCorrespondents, Learnt, Rules
from mail.judgement.words import Counts
from tests.examples import up_to
from tests.webmail.adverts.samples import TO, message

OFFER = (
    "Profitez de -40 % sur tout le site jusqu'à dimanche, livraison offerte. Je commande. "
    "Offre valable dans la limite des stocks disponibles. Se désinscrire"
)
LETTER = "Bonjour Madame, ma fille est malade et ne viendra pas demain. Merci. Sa maman"
SHOP = "promo@boutique.example"


def advert(subject: str = "Vente privée", style: str = "plain") -> bytes:
    return message("bulk", SHOP, "La Boutique", subject, OFFER, style)


def letter(style: str = "plain", fields: str = "") -> bytes:
    raw = message("plain", "maman@boitemail.example", "Anne", "Absence", LETTER, style)
    return raw.replace(b"MIME-Version", fields.encode() + b"MIME-Version", 1)


def test_an_advert_is_moved_with_reasons() -> None:
    judged = verdict.judge(advert())
    assert judged.kind == "advert"
    assert judged.score > verdict.MOVED
    assert {"offer_words", "bulk_offer"} <= set(judged.reasons)


def test_a_wanted_message_stays() -> None:
    assert verdict.judge(letter()).kind == "wanted"


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (KnownCorrespondents(addresses=frozenset({SHOP})), "known_sender"),
        (KnownCorrespondents(domains=frozenset({"boutique.example"})), "known_domain"),
        (KnownCorrespondents(message_ids=frozenset({"1@ac-exemple.test"})), "reply_to_you"),
        (KnownCorrespondents(lists=frozenset({"clients.boutique.example"})), "answered_list"),
    ],
)
def test_what_is_known_proves_that_a_message_is_wanted(
    known: KnownCorrespondents, reason: str
) -> None:
    fields = b"In-Reply-To: <1@ac-exemple.test>\nList-Id: Clients <clients.boutique.example>\n"
    judged = verdict.judge(advert().replace(b"MIME-Version", fields + b"MIME-Version", 1), known)
    assert (judged.kind, judged.reasons) == ("wanted", (reason,))


@pytest.mark.parametrize("blocked", [SHOP, "boutique.example"])
def test_a_blocked_sender_is_moved_whatever_he_writes(blocked: str) -> None:
    raw = message("plain", SHOP, "La Boutique", "Bonjour", LETTER, "plain")
    assert verdict.judge(raw, KnownCorrespondents(blocked=frozenset({blocked}))).kind == "advert"


def test_the_authority_itself_is_never_moved() -> None:
    raw = message("own", "comite@ac-exemple.test", "Comité", "Offres", OFFER, "plain")
    assert verdict.judge(raw).reasons == ("own_domain",)
    raw = message("own", "info@ac-lille.fr", "Académie de Lille", "Offres", OFFER, "plain")
    assert verdict.judge(raw).reasons == ("state_domain",)


def test_a_forged_sender_of_the_authority_proves_nothing() -> None:
    raw = message("forged", "comite@ac-exemple.test", "Comité", "Offres", OFFER, "plain")
    judged = verdict.judge(raw)
    assert judged.kind != "wanted"
    assert "own_domain_forged" in judged.fraud


def test_what_our_server_passed_is_not_junk_by_words_alone() -> None:
    text = "Gagnez jusqu'à 500 € de bonus au casino, tours gratuits, jackpot garanti !"
    raw = message("php", "a@jeux.example", "Jeux", "Casino", text, "plain")
    field = b"Authentication-Results"
    passed = raw.replace(field, b"X-Spam-Status: No, score=0.1 required=5.0\n" + field, 1)
    assert verdict.judge(raw).kind == "junk"
    assert verdict.judge(passed).kind == "advert"


def test_what_our_server_calls_spam_is_junk() -> None:
    raw = letter().replace(b"Authentication-Results", b"X-Spam-Flag: YES\nAuthentication-Results")
    judged = verdict.judge(raw)
    assert (judged.kind, judged.reasons[0]) == ("junk", "server_spam")


@pytest.mark.parametrize(
    "forged",
    ["X-Spam-Flag: YES\n", "X-Spam-Status: Yes, score=99 required=5\n", "X-Bogosity: Spam\n"],
)
def test_a_servers_verdict_that_came_with_the_message_counts_for_nothing(forged: str) -> None:
    assert verdict.judge(letter(fields=forged)) == verdict.judge(letter())
    assert verdict.judge(letter("bare", forged)) == verdict.judge(letter("bare"))


def test_a_forged_hop_of_our_server_does_not_make_the_senders_fields_ours() -> None:
    forged = (
        "Received: from x (x [203.0.113.9]) by mx.ac-exemple.test with ESMTP; now\n"
        "X-Spam-Status: No, score=-9 required=5\nAuthentication-Results: mx.ac-exemple.test;"
        " dmarc=pass header.from=ac-exemple.test\n"
    )
    raw = message("forged", "comite@ac-exemple.test", "Comité", "Offres", OFFER, "plain")
    raw = raw.replace(b"X-Priority", forged.encode() + b"X-Priority", 1)
    assert "own_domain_forged" in verdict.judge(raw).fraud


def test_servers_that_the_installation_names_are_the_only_ones_that_count() -> None:
    raw = letter().replace(b"Authentication-Results", b"X-Spam-Flag: YES\nAuthentication-Results")
    assert verdict.judge(raw, rules=Rules(servers=("mx.elsewhere.test",))).kind == "wanted"
    assert verdict.judge(raw, rules=Rules(servers=("ac-exemple.test",))).kind == "junk"


def test_one_word_of_the_person_brings_a_sender_back() -> None:
    taught = words.learn(Counts(), verdict.tokens(advert("Les soldes")), "wanted")
    judged = verdict.judge(advert(), learnt=Learnt(person=taught))
    assert (judged.kind, judged.reasons[0]) == ("wanted", "taught_wanted")
    other = message("bulk", "promo@autre.example", "Autre", "Vente privée", OFFER, "plain")
    assert verdict.judge(other, learnt=Learnt(person=taught)).kind == "advert"


def test_one_word_of_the_person_moves_a_senders_next_message() -> None:
    raw = message("news", "lettre@club.example", "Club", "Lettre", LETTER, "plain")
    taught = words.learn(Counts(), verdict.tokens(raw), "advert")
    other = message("news", "lettre@club.example", "Club", "Suite", "Bonjour à tous", "plain")
    assert verdict.judge(other).kind == "wanted"
    assert verdict.judge(other, learnt=Learnt(person=taught)).kind == "advert"


@pytest.mark.parametrize(
    "style",
    [
        "display: none",
        "font-size: 0",
        "font-size: 1px",
        "opacity: 0",
        "color: transparent",
        "color: #FFF; background: #ffffff",
        "background-color: white; color: #fff",
        "COLOR: rgb(255, 255, 255); background: rgb(255,255,255)",
    ],
)
def test_words_that_a_style_hides_do_not_save_an_advert(style: str) -> None:
    raw = advert(style="plain").replace(b"text/plain", b"text/html")
    hidden = f'<div style="{style}">{LETTER * 40}</div>'.encode()
    assert verdict.judge(raw + hidden).score == pytest.approx(verdict.judge(raw).score, abs=0.02)


def test_characters_from_elsewhere_hide_no_offer() -> None:
    disguised = OFFER.replace("o", "\u043e").replace("e", "\u200be")
    raw = message("bulk", SHOP, "La Boutique", "Vente privée", disguised, "plain")
    assert verdict.judge(raw).kind == "advert"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\nBonjour, sans aucun champ.",
        bytes(range(256)) * 4000,
        b"From: a@b.fr\n\n" + b"mot " * 100_000,
        b"From: a@b.fr\nContent-Type: text/html\n\n" + b"<a href='http://x.fr/'>" * 40_000,
        b"From: a@b.fr\nContent-Type: text/html\n\n" + b"<!--<div style='display:none'" * 20_000,
        b"Received: " + b"from a " * 100_000 + b"\n\n",
        b"Subject: " + b"=?utf-8?q?a?= " * 50_000 + b"\n\nx",
        b"From: a@b.fr\nContent-Type: text/plain\n\n" + b"\0\xff" * 25_000_000,
        b"From: a@b.fr\n\nRelev\xc3\xa9 " + b"1" * 26 + b", suite",
        b"From: a@b.fr\n\n" + b"1 " * 15_000,
    ],
    ids=[
        "empty",
        "no fields",
        "binary",
        "100,000 words",
        "links",
        "comments",
        "hop",
        "subject",
        "50 MB",
        "a long number",
        "figures",
    ],
)
def test_odd_and_huge_messages_are_wanted_soon(raw: bytes) -> None:
    verdict.judge(b"warm")
    began = time.process_time()
    assert verdict.judge(raw).kind == "wanted"
    assert time.process_time() - began < 0.3


def test_a_message_takes_a_twentieth_of_a_second_at_most() -> None:
    verdict.judge(b"warm")
    raw = advert(style="alternative")
    began = time.process_time()
    for _ in range(20):
        verdict.judge(raw)
    assert (time.process_time() - began) / 20 < 0.05


@up_to(200)
@given(st.binary(max_size=3000))
def test_any_bytes_give_a_verdict(raw: bytes) -> None:
    judged = verdict.judge(raw)
    assert 0 <= judged.score <= 1
    assert judged.reasons


@up_to(100)
@given(st.text(max_size=500), st.text(max_size=60), st.sampled_from(["html", "alternative"]))
def test_any_text_gives_a_verdict(body: str, name: str, style: str) -> None:
    clean = "".join(char for char in name if char.isprintable()).encode("utf-8", "ignore").decode()
    body = body.encode("utf-8", "ignore").decode()
    assert verdict.judge(message("bulk", TO, clean, "x", body, style)).score >= 0
