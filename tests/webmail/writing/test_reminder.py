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


@pytest.mark.parametrize(
    "piece", ["ci ", "piece ", "documents est ", "p.", "find ", " ", "-", ">\n"]
)
def test_a_text_of_any_length_is_read_in_a_moment(piece: str) -> None:
    begun = time.process_time()
    reminder.speaks_of_a_file("", piece * 100_000)
    assert time.process_time() - begun < 2
