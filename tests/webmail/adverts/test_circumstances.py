"""The signs of what words mean where they stand, and how mail is judged that taught nothing."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from mail.judgement import circumstances, corpus, message, verdict
from tests.webmail.adverts.test_approach import found

FIRM = "from: Paul Petit <paul@vente.example>"
PRIVATE = "from: Paul Petit <paul.petit@gmail.com>"
LISTED = f"{PRIVATE}\nheader: Mailing-List: list classe@voix.example; contact moi@voix.example"
TO_MANY = f"{FIRM}\nheader: List-Unsubscribe: <https://vente.example/u>"
LINK = "https://ailleurs.example/k"


@pytest.mark.parametrize(
    ("head", "text", "code"),
    [
        (PRIVATE, "J'ai reçu ceci, c'est une arnaque ?", "warns"),
        (TO_MANY, "Profitez de nos tarifs, livraison offerte.", "bulk_offer"),
        (PRIVATE, "Je propose des cours à domicile, 25 € de l'heure.", "private_pitch"),
        (PRIVATE, "C'est la maman de Zoé, 4e B.", "names_class"),
        (PRIVATE, "Mon nouvel IBAN : LT12 3456 7890 1234.", "account_abroad"),
        (FIRM, f"Connectez-vous pour lire le document : {LINK}", "login_elsewhere"),
        (f"{FIRM}\nattach: a.xlsm = x", "Activez le contenu du fichier.", "macros_asked"),
        (PRIVATE, "Je donne mon piano, le transport est à votre charge.", "gift_with_costs"),
        (PRIVATE, f"Regarde cette vidéo {LINK}", "curt_link"),
        (PRIVATE, "Êtes-vous disponible ?\n\nAnne Le Goff\nPrincipale", "title_from_mailbox"),
        (PRIVATE, "Vous êtes là ?", "bare_question"),
        (
            PRIVATE,
            "Couvreur dans votre rue, il me reste deux jours, devis gratuit.",
            "many_pitches",
        ),
        (PRIVATE, "Votre numéro WhatsApp ? C'est urgent, n'en parlez pas.", "many_demands"),
        (LISTED, "Comme convenu, les copies de 4e B. Bises.", "much_shared"),
        (PRIVATE, "Je viens dans les classes, 16 € la séance.", "unit_price"),
        (PRIVATE, "Ours is £9 per pupil, coach not included.", "unit_price"),
        (FIRM, "Notre RIB a changé, merci de payer la facture par virement.", "pays_new_account"),
        ("from: Principale <principale@ecoute-a.example>", "Je vous écoute.", "title_in_mailbox"),
        (FIRM, "Votre commande n° 20418 est prête.", "reference"),
        (FIRM, "Your booking QK7RTE is confirmed.", "reference"),
        (FIRM, "Le virement de 240 € a été exécuté.", "only_tells"),
        ("from: Ferme du Lac <lac@orange.fr>", "Miel 7 €, cire 5 €.", "trade_name"),
        ("from: Jean Le Bihan <jean.photographe@orange.fr>", "Bonjour.", "trade_name"),
        (FIRM, "De faux policiers appellent : raccrochez.", "warns"),
    ],
)
def test_words_are_a_sign_where_they_stand(head: str, text: str, code: str) -> None:
    assert code in found(head, text)


@pytest.mark.parametrize(
    ("head", "text", "code"),
    [
        (FIRM, f"Ceci n'est pas une arnaque : {LINK}", "warns"),
        (PRIVATE, "Il reste 60 € à payer pour la séance.", "unit_price"),
        (FIRM, "I have a new account in the forum.", "pays_new_account"),
        (FIRM, "Passez commande avant le 20 mars.", "reference"),
        (FIRM, "Votre compte ferme. Merci de répondre ce soir.", "only_tells"),
        (FIRM, "Virez 240 € sur FR76 1234 5678 9012 3456.", "only_tells"),
        (FIRM, "I want 900 in Monero, you have two days.", "only_tells"),
        (PRIVATE, "Le virement de 240 € a été exécuté.", "only_tells"),
        (PRIVATE, "Miel 7 €, cire 5 €.", "trade_name"),
        ("from: Ferme du Lac <a@ferme-du-lac.example>", "Miel 7 €.", "trade_name"),
        ("from: Principale <principale@college-lac.example>", "À demain.", "title_in_mailbox"),
        (FIRM, "Profitez de nos tarifs, livraison offerte.", "bulk_offer"),
        (PRIVATE, "De 3 à 4 heures, et 5 à table.", "names_class"),
        (PRIVATE, "Mon IBAN : FR76 3456 7890 1234.", "account_abroad"),
        (FIRM, "Connectez-vous pour lire le document.", "login_elsewhere"),
        (FIRM, "Activez les macros de votre tableur.", "macros_asked"),
        (PRIVATE, "Je donne mon piano.", "gift_with_costs"),
        (PRIVATE, "Êtes-vous disponible ? J'ai vu la principale.\n\nAnne", "title_from_mailbox"),
        (FIRM, "Vous êtes là ?", "bare_question"),
        (PRIVATE, f"Vous êtes là ? {LINK}", "bare_question"),
        (PRIVATE, "Je passe dans votre classe bénévolement, rien à payer.", "many_pitches"),
        (PRIVATE, f"Votre numéro WhatsApp ? C'est urgent : {LINK}", "many_demands"),
        (PRIVATE, "Couvreur dans votre rue, devis gratuit.", "much_shared"),
        (PRIVATE, "Salut tout le monde, il me faudrait vos numéros WhatsApp.", "many_demands"),
        (PRIVATE, "Arnaque : « Votre numéro WhatsApp ? C'est urgent, discret. »", "many_demands"),
    ],
)
def test_the_same_words_are_none_elsewhere(head: str, text: str, code: str) -> None:
    assert code not in found(head, text)


@pytest.mark.parametrize(
    ("subject", "is_own"),
    [
        ("Confirmation de votre voyage Quimper – Paris", True),
        ("Your Steamforge login code", True),
        ("Votre nouvelle cuisine à moitié prix", False),
        ("Commandez avant dimanche", False),
    ],
)
def test_a_subject_names_what_its_reader_has(subject: str, *, is_own: bool) -> None:
    raw = next(
        corpus.read_corpus(f"=== wanted\nfamily: x\n{FIRM}\nsubject: {subject}\n---\nVoici.\n")
    )
    read = message.read_message(raw.raw)
    codes = {
        sign.code for sign in circumstances.circumstance_signs(read, verdict.words_of(read), [])
    }
    assert ("own_matter" in codes) == is_own


def test_a_warning_that_is_passed_on_stays_a_warning_with_its_link() -> None:
    asked = "=== wanted\nfamily: x\nfrom: Lise <lise@orange.fr>\nsubject: {}votre colis\n---\n{}\n"
    text = f"C'est une arnaque, non ? {LINK}"
    scores = [
        verdict.judge(next(corpus.read_corpus(asked.format(start, text))).raw).score
        for start in ("Fwd: ", "")
    ]
    assert scores[0] < scores[1]


def test_of_mail_that_taught_nothing_little_is_judged_amiss() -> None:
    judged = Counter(
        (one.kind, verdict.judge(one.raw).kind != "wanted")
        for one in corpus.messages(corpus.UNTAUGHT)
    )
    assert judged["wanted", True] == 0
    assert judged["advert", True] + judged["junk", True] >= 54
    assert judged["fraud", True] >= 42


OWN = "from: Anne Le Goff <anne.le-goff@ac-exemple.test>"
HIDDEN = f"{OWN}\nto: hidden"


@pytest.mark.parametrize(
    ("head", "text", "is_shut"),
    [
        (HIDDEN, "Connectez-vous pour lire l'avenant : https://avenants.click/x", True),
        (f"{HIDDEN}\nreply-to: a@gmail.com", "Une recharge Transcash, s'il te plaît ?", True),
        (f"{OWN}\nattach: a.exe = x", "La progression est jointe.", True),
        (OWN, "Connectez-vous pour lire la note : https://ent.example/note", False),
        (HIDDEN, "Le planning est en ligne : https://ent.example/planning", False),
        (f"{OWN}\nreply-to: a@gmail.com", "Les deux arrhes pour le car sont payées.", False),
    ],
)
def test_a_stolen_mailbox_of_the_authority_is_banded_and_not_moved(
    head: str, text: str, is_shut: bool
) -> None:
    raw = next(
        corpus.read_corpus(f"=== fraud\nfamily: x\n{head}\nsubject: Note\n---\n{text}\n")
    ).raw
    judged = verdict.judge(raw)
    assert (judged.kind, judged.reasons) == ("wanted", ("own_domain",))
    assert judged.is_fraud == is_shut
    assert bool(judged.fraud) == is_shut


def test_a_mailing_is_moved_sooner_than_what_a_person_writes() -> None:
    offer = "Nos pulls sont à 39 €, livraison offerte jusqu'à mardi.\n\n[Voir](https://v.example)"
    written = "=== advert\nfamily: x\n{}\nsubject: Pulls\n---\n{}\n"
    scores = [
        verdict.judge(next(corpus.read_corpus(written.format(head, offer))).raw).score
        for head in (TO_MANY, PRIVATE)
    ]
    assert scores[0] > scores[1]


@pytest.mark.parametrize("piece", ["principal ", "3e ", "lt12 3456 ", "fwd: ", "je donne ", "5 "])
def test_poisoned_text_takes_no_longer_than_its_length(piece: str) -> None:
    body = piece * 60_000
    raw = f"From: a@gmail.com\nSubject: {piece * 50}\n\n{body}".encode()
    verdict.judge(raw)
    begun = time.process_time()
    verdict.judge(raw)
    assert time.process_time() - begun < 2
