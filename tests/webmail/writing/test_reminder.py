"""Whether a text speaks of an attachment."""

from __future__ import annotations

import time

import pytest

from tests.cases import each
from webmail.writing import reminder

SPEAKS = [
    "Veuillez trouver ci-joint l’autorisation.",
    "Vous trouverez ci-jointe la circulaire.",
    "Les bulletins sont ci-joints.",
    "Voir les listes ci\u2011jointes",
    "le document ci-annexé",
    "Je vous envoie le sujet en pièce jointe",
    "en pièces jointes les photos",
    "PIÈCE JOINTE : le règlement",
    "piece jointe",
    "PJ : emploi du temps",
    "Bonne lecture (cf. PJ).",
    "P.J. : 2",
    "Le tableau est en annexe.",
    "le planning joint à ce message",
    "la liste jointe au mail",
    "Le document joint précise tout.",
    "Le compte-rendu est joint.",
    "Je vous joins le devis.",
    "Nous joignons la facture",
    "Tu trouveras ci-joint le cours",
    "Please find attached the form.",
    "I have attached the programme",
    "The list is enclosed.",
    "See the attachment",
    "as an attachment",
]
SILENT = [
    "",
    "Bonjour, la réunion est à 18 h.",
    "Le conseil se joint à moi pour vous remercier.",
    "Nos efforts conjoints ont payé.",
    "Vous pouvez me joindre au 03 22 82 37 40.",
    "Je me joins à vous.",
    "Nous nous joignons à l’équipe.",
    "Adjoint au principal, poste 12",
    "Le chef d’établissement adjoint",
    "sans pièce jointe",
    "Il n’y a pas de PJ dans votre message",
    "Le DJ et le PJS arrivent",
    "I am attached to this school",
    "le joint de la porte",
    "Mon conjoint passera.",
    "annexe du collège, rue Pasteur",
]


@each("text", SPEAKS)
def test_a_text_that_speaks_of_a_file_is_known(text: str) -> None:
    assert reminder.speaks_of_a_file("", f"Bonjour,\n{text}\nCordialement")
    assert reminder.speaks_of_a_file(text, "")


@pytest.mark.parametrize("text", SILENT)
def test_a_text_that_speaks_of_none_is_left_alone(text: str) -> None:
    assert not reminder.speaks_of_a_file("", f"Bonjour,\n{text}\nCordialement")


def test_what_others_wrote_is_not_looked_at() -> None:
    text = "Merci !\n\nLe 3 mai, Luc a écrit :\n> Ci-joint le sujet.\n> PJ : 1\n"
    assert not reminder.speaks_of_a_file("Re: pièce jointe", text)


def test_the_signature_is_not_looked_at_and_what_follows_the_quote_is() -> None:
    assert not reminder.speaks_of_a_file("", "Merci\n-- \nLuc\nPJ : voir le site")
    assert reminder.speaks_of_a_file("", "-- \nLuc\n> Bonjour\nCi-joint ma réponse")


def test_a_forwarded_message_is_not_looked_at() -> None:
    text = "Pour information.\n\n-------- Message transféré --------\nDe : Luc\n\nCi-joint le plan"
    assert not reminder.speaks_of_a_file("TR: ci-joint", text)


QUOTE = "> Bonjour à tous\n> à lundi"
NOTHING_OWN = {
    "french": f"\nLe lundi 3 mars 2026 à 09:00, Bob Petit a écrit :\n{QUOTE}",
    "french, no-break": f"Le lundi 3 mars 2026 à 09:00, Bob Petit a écrit\xa0:\n{QUOTE}",
    "no date": f"Bob Petit a écrit :\n\n{QUOTE}",
    "english": f"On Monday at 09:00, Bob wrote:\n{QUOTE}",
    "wrapped": f"Le lun. 2 déc. 2026 à 08:30, Bob Petit <bob@x.example> a\nécrit :\n\n{QUOTE}",
    "wrapped before the verb": f"Le lun. 2 déc. à 08:30, Bob\n<bob@x.example> a écrit :\n{QUOTE}",
    "signature above": f"\n-- \nAlice\nLycée\n\nLe 3 mars 2026, Bob a écrit :\n{QUOTE}",
    "signature below": f"Le 3 mars 2026, Bob a écrit :\n{QUOTE}\n\n-- \nAlice\nLycée",
    "outlook": "\nDe : Bob\nEnvoyé : lundi\nÀ : Alice\nObjet : Sortie\n\nBonjour à tous",
    "outlook, english": "From: Bob\nSent: Monday\nTo: Alice\nSubject: x\n\nHello",
    "outlook, bold": "*De :* Bob\n*Envoyé :* lundi\n*À :* Alice\n\nHello",
    "outlook express": "-----Message d'origine-----\nDe : Bob\nBonjour",
    "original": "-----Original Message-----\nBonjour",
    "quote removed": "Le lundi 3 mars 2026 à 09:00, Bob Petit a écrit :\n",
}
OWN = [
    "Merci.",
    f"Merci.\n\nLe 3 mars 2026, Bob a écrit :\n{QUOTE}",
    f"Le 3 mars 2026, Bob a écrit :\n{QUOTE}\nMerci.",
    "De : la part de tous, merci.",
    f"Je réponds ci-dessous :\n{QUOTE}",
    "Voici ce que Victor Hugo a écrit :\nDemain, dès l’aube",
]


@each("name", list(NOTHING_OWN))
def test_a_quote_its_introduction_and_a_signature_are_nobodys_own_words(name: str) -> None:
    assert reminder.own_words(NOTHING_OWN[name]).strip() == ""


@each("text", OWN)
def test_words_beside_a_quote_are_own_words(text: str) -> None:
    assert reminder.own_words(text).strip()


@pytest.mark.parametrize(
    "piece",
    [
        "De : a\n",
        "a écrit :\n",
        "Le 3 a\nécrit :\n",
        "a ",
        "écrit ",
        "---",
        "ci ",
        "piece ",
        "documents est ",
        "p.",
        "find ",
        " ",
        "-",
        ">\n",
    ],
)
def test_a_text_of_any_length_is_read_in_a_moment(piece: str) -> None:
    begun = time.process_time()
    reminder.speaks_of_a_file("", piece * 100_000)
    assert time.process_time() - begun < 2
