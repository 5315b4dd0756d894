from webmail.management.commands import write_accents


def test_a_word_that_a_beginning_explains_is_left_out() -> None:
    words = write_accents.accented(
        ["réunion", "réunions", "Réunion", "appelâmes", "sortie", "l'été"]
    )
    assert words == {"réunion", "réunions"}
    assert write_accents.without_derived({*words, "réunîmes"}) == ["réunîmes", "réunion"]
