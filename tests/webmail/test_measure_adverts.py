"""`bin/manage measure_adverts`, and what it counts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mail.judgement import languages, measuring, phrases
from mail.judgement.measuring import Measured
from tests.webmail.adverts.samples import message
from tests.webmail.test_classify_message import run

SHOP = "promo@boutique.example"
_SALE = "Profitez de -40 % sur tout le site, livraison offerte jusqu'à dimanche pour vous et tous."
_PLAIN = b"From: a@b.fr\nSubject: Absence du jour\n\nBonjour, ma fille est malade et ne vient pas."
_ENGLISH = b"From: a@b.fr\nSubject: Hi\n\nThe bus is late and we will be at school for the play."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set of three messages, one of them deeper."""
    made = tmp_path / "friends"
    (made / "deeper").mkdir(parents=True)
    (made / "1.eml").write_bytes(message("bulk", SHOP, "Boutique", "Soldes", _SALE, "plain"))
    (made / "deeper" / "2.eml").write_bytes(_PLAIN)
    (made / "3.eml").write_bytes(_ENGLISH)
    (made / "notes.txt").write_text("no message")
    return made


def test_a_folder_is_one_set_with_its_languages(folder: Path) -> None:
    done = run("measure_adverts", str(folder))
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
    assert rows["friends"][:4] == ["3", "1", "=", "33.3%"]
    assert rows["fr"][:4] == ["2", "1", "=", "50.0%"]
    assert rows["en"][:4] == ["1", "0", "=", "0.0%"]
    assert "(6.1% to 79.2%)" in done.stdout
    assert re.search(r"^set aside or marked for: \w+ 1, ", done.stdout, re.MULTILINE)
    assert re.search(r"^left for: \w+ [12]\b", done.stdout, re.MULTILINE)
    assert re.search(r"^median of a verdict: \d+\.\d ms$", done.stdout, re.MULTILINE)


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_measured(folder: Path) -> None:
    (folder / "4.eml").mkdir()
    done = run("measure_adverts", str(folder))
    assert done.returncode == 1
    assert "4.eml" in done.stderr
    assert re.search(r"^friends +3 ", done.stdout, re.MULTILINE)


def test_what_is_no_folder_is_said_before_anything_is_judged(folder: Path) -> None:
    done = run("measure_adverts", str(folder), str(folder / "1.eml"))
    assert done.returncode == 1
    assert "not a folder" in done.stderr
    assert done.stdout == ""


def test_an_empty_folder_has_no_share(tmp_path: Path) -> None:
    done = run("measure_adverts", str(tmp_path))
    assert done.returncode == 0
    assert "0 = 0.0% (0.0% to 100.0%)" in done.stdout


def test_without_the_server_its_results_do_not_count(tmp_path: Path) -> None:
    marked = message(
        "own", "a@b.fr", "Anne", "Sortie", "Le car part à huit heures du collège.", "plain"
    )
    field = b"Authentication-Results"
    spam = marked.replace(field, b"X-Spam-Flag: YES\n" + field, 1)
    assert measuring.measure(spam).is_moved
    assert not measuring.measure(spam, measuring.NO_SERVER).is_moved


def test_a_language_is_told_by_its_commonest_words() -> None:
    texts = {
        "fr": "Nous vous prions de trouver les documents que vous avez demandés pour la rentrée",
        "en": "Please find the documents that you have asked for and we will be in touch with you",
        "de": "Bitte finden Sie die Unterlagen und wir werden uns bei Ihnen mit der Antwort melden",
        "pt": "Você tem uma fatura em aberto, clique aqui para ver o boleto e não perca seu prazo",
        "es": "Su paquete no se ha entregado por una dirección incorrecta, haga clic en el enlace",
        "it": "Il suo conto è stato bloccato per motivi di sicurezza, clicca qui, non lo perda",
        "nl": "Uw rekening is niet betaald en wij vragen u om het bedrag voor de datum te betalen",
        languages.WORDLESS: "Promo 2 pour 1",
        languages.UNKNOWN: "lorem ipsum dolor sit amet consectetur adipiscing elit sed eiusmod "
        * 2,
    }
    folded = {code: phrases.split(phrases.fold(text)) for code, text in texts.items()}
    told = {code: languages.language(words) for code, words in folded.items()}
    assert told == {code: code for code in texts}


def test_what_decided_is_counted_apart_for_what_was_moved_and_what_stayed() -> None:
    measured = [
        Measured("fr", "advert", ("offers", "prices"), 0.001),
        Measured("fr", "fraud", ("offers",), 0.003),
        Measured("en", "wanted", ("offers",), 0.002),
    ]
    assert measuring.telling(measured, moved=True) == [("offers", 2), ("prices", 1)]
    assert measuring.telling(measured, moved=False) == [("offers", 1)]
    assert measuring.tally(measured) == measuring.Tally(3, 2, 1)
    assert list(measuring.by_language(measured)) == ["fr", "en"]
    assert measuring.median_ms(measured) == 2.0
    assert measuring.median_ms([]) == 0.0
