"""How a message approaches its reader, and the turns of phrase that are looked for at once."""

from __future__ import annotations

import pytest

from mail.judgement import corpus, own_server, phrases, signs, verdict
from mail.judgement import message as messages
from mail.judgement.fraud import Judged
from mail.judgement.known import KnownCorrespondents, Rules
from mail.judgement.turns import Turns, turns


def found(head: str, text: str = "Bonjour,\n\nVoici.") -> dict[str, float]:
    """The signs of a message that is written as those the weights are learnt from."""
    raw = next(
        corpus.read_corpus(f"=== fraud\nfamily: x\n{head}\nsubject: Essai\n---\n{text}\n")
    ).raw
    read = messages.read_message(raw)
    server = own_server.server_verdict(read.headers, (), ())
    listed = verdict.signs_of(read, verdict.words_of(read), server, Judged())
    return {sign.code: sign.weight for sign in listed}


STRANGER = "from: Paul Petit <paul@vente.example>"
LIST = "header: Mailing-List: list chorale@voix.example; contact moi@voix.example"


def test_lists_looked_for_at_once_find_what_each_finds_alone() -> None:
    lists = {scale.code: scale.written for scale in signs._SCALES}
    at_once = Turns(lists)
    for one in list(corpus.messages())[::40]:
        words = verdict.words_of(messages.read_message(one.raw))
        alone = {
            code: len(phrases.phrases_of(written).found(words)) for code, written in lists.items()
        }
        assert at_once.counted(words) == {code: count for code, count in alone.items() if count}


def test_of_two_turns_the_longer_counts_and_none_inside_it() -> None:
    lists = Turns({"a": "mot de passe|passe|mot", "b": "passe"})
    words = phrases.split("votre mot de passe")
    assert lists.counted(words) == {"a": 1, "b": 1}


def test_every_list_of_turns_is_found_by_its_own_turns() -> None:
    for code in ("introduces_itself", "out_of_reach", "shared_past", "known_of"):
        assert code in found(f"{STRANGER}\n{LIST}", TEXTS[code])
    assert turns() is turns()


TEXTS = {
    "introduces_itself": "Nous avons créé un outil.",
    "out_of_reach": "Je suis injoignable.",
    "shared_past": "Comme convenu, voici le plan.",
    "known_of": "La principale m'a donné votre adresse.",
}


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("from: Impôts <a@remboursement-service-fr.example>\nauth: none", "bait_host"),
        ("from: A <a@x.example>\nattach: f.zip = f.exe", "weapon_attached"),
        ("from: A <a@x.example>\nattach: f.html = <form><input type=password>", "weapon_attached"),
        ("from: A. Tanaka <a@hoshino-jhs.example>", "school_sender"),
        (STRANGER, "stranger"),
        (STRANGER, "from_company"),
    ],
)
def test_a_message_shows_what_its_head_says(head: str, code: str) -> None:
    assert code in found(head)


@pytest.mark.parametrize(
    ("head", "text", "code"),
    [
        (STRANGER, "Bonjour Hélène, comme convenu.", "stranger"),
        ("from: Paul <paul@gmail.com>", "Bonjour", "from_company"),
        ("from: Ecole <a@x.example>\nanswers: yes", "Merci", "stranger"),
        ("from: A <a@x.example>\nauth: none", "Bonjour sans lien", "unsigned_link"),
        ("from: Impôts <a@impots.gouv.fr>", "Bonjour", "bait_host"),
    ],
)
def test_what_is_known_or_harmless_is_no_sign(head: str, text: str, code: str) -> None:
    assert code not in found(head, text)


def test_the_readers_address_in_a_link_is_told() -> None:
    link = "[Ouvrir](https://x.example/?u=helene.kervran@ac-exemple.test)"
    assert "address_in_link" in found(STRANGER, link)
    assert "address_in_link" not in found(STRANGER, "[Ouvrir](https://x.example/?u=autre)")


def test_an_archive_with_its_password_is_told() -> None:
    head = "from: A <a@x.example>\nattach: f.zip = facture.pdf"
    assert "archive_password" in found(head, "Le mot de passe est 4521.")
    assert "archive_password" not in found(head, "Bonne lecture.")


FRIEND = "from: Lise Petit <lise.petit@orange.fr>"
FROM_DOODLE = "from: Doodle <mailer@doodle.com>"


@pytest.mark.parametrize(
    ("head", "text", "code"),
    [
        (FRIEND, "Bonjour, Titouan et Léa seront absents.\n\nLise", "names_others"),
        (FRIEND, "Chers tous, rendez-vous au port.", "greets_us"),
        (f"{FRIEND}\n{LIST}", "Tu viens avec ta guitare ?", "says_tu"),
        (FRIEND, "La braderie de la cantine commence.", "no_way"),
        (FRIEND, "Le mariage est en juin.", "family_event"),
        (FROM_DOODLE, "Anne demande vos disponibilités.", "poll"),
    ],
)
def test_people_who_share_something_are_known_by_how_they_write(
    head: str, text: str, code: str
) -> None:
    assert code in found(head, text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Tu viens avec ta guitare ?", "says_tu"),
        ("Comme convenu, voici le plan.", "shared_past"),
        ("Comme convenu, les copies de 4e B. Bises.", "much_shared"),
        ("Attention, une arnaque circule : ne répondez pas.", "speaks_of_fraud"),
        ("Ne communiquez jamais votre mot de passe.", "warning_words"),
        ("Le plan : https://x.example/plan", "single_link"),
    ],
)
def test_words_that_frauds_say_too_spare_nobody_without_a_proof(text: str, code: str) -> None:
    own = "from: Anne <anne@ac-exemple.test>\nauth: {}"
    answer = "header: In-Reply-To: <1@ac-exemple.test>"
    assert code in found(f"{FRIEND}\n{LIST}", text)
    assert code in found(own.format("pass"), text)
    assert code in found(f"{FRIEND}\n{answer}", text)
    assert code not in found(FRIEND, text)
    assert code not in found(STRANGER, text)
    assert code not in found(own.format("none"), text)
    assert code not in found(f"{FRIEND}\n{answer.replace('ac-exemple', 'ailleurs')}", text)


@pytest.mark.parametrize(
    ("head", "text", "code"),
    [
        (FRIEND, "Bonjour Hélène, merci.\n\nLise", "names_others"),
        (FRIEND, "Bonjour, c'est Lise.\n\nTitouan", "names_others"),
        (FRIEND, "Si tu veux, venez avec vos amis.", "says_tu"),
        (FRIEND, "La braderie commence, 06 11 00 22 33.", "no_way"),
        (FRIEND, "La braderie commence, on répond ?", "no_way"),
        (f"{FRIEND}\nto: hidden", "Le miel est arrivé, 7 € le pot.", "no_way"),
        (f"{FRIEND}\nheader: Precedence: bulk", "La braderie commence.", "no_way"),
        ("from: Doodle <a@doodle.com>\nauth: fail", "Vos disponibilités.", "poll"),
        ("from: D <a@doodle.com>\nheader: Precedence: bulk", "Nos formules.", "poll"),
    ],
)
def test_who_shares_nothing_does_not_seem_to(head: str, text: str, code: str) -> None:
    assert code not in found(head, text)


BEGINNINGS = (
    "---------- Message transféré ---------",
    "-----Message d'origine-----",
    "Début du message transféré :",
    "Begin forwarded message:",
    "Le 3 mars 2025 à 10:12, Colis <a@x.example> a écrit :",
)
TRAP = "https://suivi-colis-relais.example/p"


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("form", ["text", "html"])
def test_who_asks_about_a_fraud_is_not_held_for_its_links(beginning: str, form: str) -> None:
    head = f"{FRIEND}\nformat: {form}"
    text = f"Toi qui t'y connais, {{}} ?\n\n{beginning}\nPayez ici : {TRAP}"
    assert "bait_host" not in found(head, text.format("c'est une arnaque"))
    assert "bait_host" in found(head, text.format("tu le connais"))
    assert "bait_host" in found(head, f"Ceci n'est pas une arnaque : {TRAP}\n\n{beginning}\nOui")


@pytest.mark.parametrize("form", ["text", "html"])
def test_a_link_between_marks_of_quotation_is_anothers(form: str) -> None:
    head = f"{FRIEND}\nformat: {form}"
    asked = "J'ai reçu ça, c'est une arnaque ?"
    assert "bait_host" not in found(head, f"{asked}\n\n« Payez ici : {TRAP} »")
    assert "bait_host" in found(head, f"{asked} « Payez ici »\n\n{TRAP}")
    assert "bait_host" in found(head, f"« Payez ici : {TRAP} »")


def test_a_link_in_a_line_that_is_quoted_is_anothers() -> None:
    raw = f"From: a@x.example\n\nTu as reçu ça ?\n> payez {TRAP}\nhttps://b.example".encode()
    assert [link.is_quoted for link in messages.read_message(raw).links] == [True, False]


def test_without_a_verdict_of_our_server_nobody_is_held_for_unsigned() -> None:
    raw = b"From: a@x.example\nTo: h@y.example\nSubject: x\n\nhttps://x.example/ voici un lien\n"
    read = messages.read_message(raw)
    server = own_server.server_verdict(read.headers, (), ())
    listed = verdict.signs_of(read, verdict.words_of(read), server, Judged())
    assert "unsigned_link" not in {sign.code for sign in listed}


def test_a_message_that_is_judged_is_held_against_what_becomes_known_by_its_head_alone() -> None:
    text = "Dernière chance : 50 % de remise. J'en profite, commandez sur notre boutique."
    source = f"=== advert\nfamily: x\n{STRANGER}\nanswers: yes\nsubject: Promo\n---\n{text}\n"
    raw = next(corpus.read_corpus(source)).raw
    before = verdict.judge(raw)
    answered = KnownCorrespondents(message_ids=frozenset({"77.kervran@ac-exemple.test"}))
    assert verdict.reconsidered(before, raw, KnownCorrespondents(), Rules()) == before
    assert verdict.reconsidered(before, raw, answered, Rules()).reasons == ("reply_to_you",)
    head = raw.split(b"\n\n", 1)[0]
    assert verdict.reconsidered(before, head, answered, Rules()).kind == "wanted"
