"""Details of the audit log in words."""

from __future__ import annotations

import pytest
from django.utils import translation

from accounts.audit_words import in_words


def test_what_is_empty_or_no_is_left_out_and_a_yes_is_its_name() -> None:
    detail = {"browser": "Firefox", "second_factor": "", "shared": True, "new_device": False}
    with translation.override("en"):
        assert in_words(detail) == "browser: Firefox, shared computer"


def test_known_values_have_words_and_unknown_ones_stand_as_they_are() -> None:
    with translation.override("en"):
        assert in_words({"cause": "server"}) == "cause: mail server not reached"
        assert in_words({"cause": "new", "x": 3}) == "cause: new, x: 3"


@pytest.mark.parametrize(
    ("cause", "words"), [("domain", "domaine"), ("second factor", "second facteur")]
)
def test_a_cause_of_a_refused_sign_in_is_told_in_french(cause: str, words: str) -> None:
    with translation.override("fr"):
        assert in_words({"cause": cause}).endswith(f"\u00a0: {words}")


def test_an_import_is_told_in_words_without_its_noughts() -> None:
    detail = {"file": "agents.csv", "rows": 203, "refused": 0, "created": 203}
    with translation.override("fr"):
        sentence = in_words(detail)
    assert sentence == "fichier\u00a0: agents.csv, lignes\u00a0: 203, fiches créées\u00a0: 203"


def test_thousands_are_set_apart_in_counts_alone() -> None:
    with translation.override("fr"):
        sentence = in_words({"rows": 12345, "key": 12345})
    assert sentence == "lignes\u00a0: 12\u00a0345, numéro\u00a0: 12345"


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ({"code": "wrong"}, "ancien mot de passe erroné"),
        ({"reason": "invalid_grant"}, "code expiré ou inconnu"),
    ],
)
def test_reasons_of_refusals_are_no_codes(detail: dict[str, str], words: str) -> None:
    with translation.override("fr"):
        assert in_words(detail).endswith(f"\u00a0: {words}")


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        (
            {"way": "Message-ID, subject, host"},
            "manière\u00a0: Message-ID, expéditeur et objet, site de leurs liens",
        ),
        ({"limits": "login, network"}, "limites\u00a0: identifiant, réseau"),
        ({"fields": "address, day"}, "champs\u00a0: adresse, jour"),
        (
            {"model": "webmail.ForwardPolicy", "fields": "Rules may forward, Mail domain, xyz"},
            "genre d’objet\u00a0: politique de transfert, "
            "champs\u00a0: les règles peuvent transférer, domaine de messagerie, xyz",
        ),
        ({"model": "gone.Thing"}, "genre d’objet\u00a0: gone.Thing"),
        ({"file": "a, b.csv"}, "fichier\u00a0: a, b.csv"),
    ],
)
def test_each_value_of_a_list_has_its_words(detail: dict[str, str], words: str) -> None:
    with translation.override("fr"):
        assert in_words(detail) == words
