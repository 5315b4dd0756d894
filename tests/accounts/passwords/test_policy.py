"""The rules that a new password must keep."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.passwords import policy, words
from accounts.passwords.policy import KINDS, PasswordPolicy, PasswordRule, PublicFacts

RULES = PasswordPolicy(8, tuple(KINDS), words.known_passwords())
FRANCOISE = PublicFacts.of("Françoise Durand", "fdurand", "francoise.durand@ac-exemple.fr")
GOOD = "Loupe+Riviere3"


def broken(password: str, **more: str) -> set[PasswordRule]:
    return set(policy.broken(password, RULES, FRANCOISE, **more))


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "castor-Lagune-tulipe7-boussole",
        "Un vélo? Non: un Tandem 2".replace("é", "e"),
        "xK9#mQ2v",
        "Aa1 " * 128,  # 512 characters
        "Nuage-12/05/1980-Chaise-Lampe",  # a date is not all of it
    ],
)
def test_a_good_password_breaks_nothing(password: str) -> None:
    assert broken(password) == set()


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("Lou+e3R", PasswordRule.LENGTH),
        ("", PasswordRule.LENGTH),
        ("Aa1 " * 128 + "x", PasswordRule.LENGTH),
        ("LOUPE+RIVIERE3", PasswordRule.LOWER),
        ("loupe+riviere3", PasswordRule.UPPER),
        ("Loupe+Riviere", PasswordRule.DIGIT),
        ("Loupe3Riviere", PasswordRule.SIGN),
        ("Loupe+Rivière3", PasswordRule.PLAIN),
        ("Loupe+Riviere\uff13", PasswordRule.PLAIN),  # a full-width digit
        ("Loupe\t+Riviere3", PasswordRule.PLAIN),
        ("Loupe+Riviere3€", PasswordRule.PLAIN),
    ],
)
def test_each_rule_of_form_is_told_alone(password: str, rule: PasswordRule) -> None:
    assert rule in broken(password)
    assert broken(password) <= {
        rule,
        PasswordRule.LOWER,
        PasswordRule.UPPER,
        PasswordRule.DIGIT,
        PasswordRule.SIGN,
    }


def test_an_accented_letter_is_no_letter_for_the_kinds() -> None:
    assert PasswordRule.UPPER in broken("Éloupe+riviere3")


@pytest.mark.parametrize(
    "password",
    [
        "20E0500001AAA!b",
        "20e0500001Aaa!",
        "2OE O5OOOO1 AAA-b",  # O for 0, blanks between the groups
        "x-20.E.05.00001.AaA",
        "Mon NUMEN: 20E0500001ZZZ",
    ],
)
def test_nothing_of_a_numens_form_is_taken(password: str) -> None:
    assert PasswordRule.NUMEN in broken(password)


@pytest.mark.parametrize("password", ["20E050001AAA!b", "Lou20E05riviere+3", "2-E-0-5-a-B-loupe"])
def test_pieces_that_make_no_numen_are_none(password: str) -> None:
    assert PasswordRule.NUMEN not in broken(password)


@pytest.mark.parametrize(
    "password",
    [
        "12/05/1980",
        "12.5.80",
        "12051980aB!",
        "1980-05-12!A",
        "05/12/1980",
        "12mai1980!A",
        "Le 12 mai 80!",
        "1er Mai 1980!",
        "Mai1980!",
        "Août-2024!",
        "Lundi 12 mai!",
        "05/1980!A",
        "May 12 1980!",
    ],
)
def test_what_reads_as_a_date_is_refused(password: str) -> None:
    assert PasswordRule.DATE in broken(password)


@pytest.mark.parametrize("password", ["Marsouin-Chou7", "Maison+Lune3", "8 pommes et 12 Poires!"])
def test_words_that_begin_like_a_month_are_no_dates(password: str) -> None:
    assert PasswordRule.DATE not in broken(password)


@pytest.mark.parametrize(
    "password",
    [
        "Fdurand80!",
        "Du-rand80!x",
        "FRANCOISE+lune3",
        "Françoise+lune3",
        "Exemple+lune3",
        "1d.urand!B",
    ],
)
def test_name_login_and_address_are_refused_in_every_dress(password: str) -> None:
    assert PasswordRule.PERSON in broken(password)


def test_short_pieces_of_a_name_are_not_looked_for() -> None:
    li = PublicFacts.of("Li An", "lan", "li.an@ac-x.fr")
    assert PasswordRule.PERSON not in policy.broken("Lion+Ananas3", RULES, li)
    assert PasswordRule.PERSON in policy.broken("Lian+Tulipe3", RULES, li)


@pytest.mark.parametrize(
    "password",
    [
        "Soleil1!",
        "Motdepasse1!",
        "P@ssw0rd1!",
        "P@$$w0rd!",
        "$oleil123",
        "Azerty123!",
        "!!Marie87",
        "Camille2024!",
        "Amiens80!",
        "Password1!",
        "123-Bonjour",
        "Marseille-13",
    ],
)
def test_known_passwords_stay_known_in_disguise_and_with_additions(password: str) -> None:
    assert PasswordRule.KNOWN in broken(password)


def test_the_old_password_is_not_a_new_one_in_capitals_either() -> None:
    assert broken("LOUPE+rIVIERE3", old=GOOD) == {PasswordRule.DIFFERENT}
    assert broken(GOOD, old="Craie&Tableau7") == set()


def test_kinds_that_are_not_asked_for_are_not_told() -> None:
    lenient = PasswordPolicy(12, (PasswordRule.LOWER,), frozenset())
    assert policy.broken("castor lagune", lenient, FRANCOISE) == ()
    assert PasswordRule.UPPER not in lenient.rules


@given(st.text(max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    assert set(policy.broken(text, RULES, FRANCOISE, text)) <= set(PasswordRule)


@given(st.text(alphabet=st.characters(min_codepoint=0x80, max_codepoint=0x24F), min_size=1))
def test_only_what_every_keyboard_has_is_taken(text: str) -> None:
    assert PasswordRule.PLAIN in broken(GOOD + text)


@pytest.mark.parametrize("letter", ["ﷺ", "!", "1 ", "1ﷺ", "mai "])
def test_no_text_keeps_the_server_busy(letter: str) -> None:
    """A letter of Unicode may be eighteen once it is taken apart."""
    begins = time.process_time()
    broken((letter * policy.MAXIMUM)[: policy.MAXIMUM])
    assert time.process_time() - begins < 0.5
