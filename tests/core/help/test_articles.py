"""Articles of the help: each is short, whole in both languages, and names what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.test import Client
from django.urls import resolve, reverse
from django.utils import translation

from core.help import articles
from core.version import VERSION
from demo.pictures import ARTICLE_SHOTS
from tests.cases import each

ROOT = Path(__file__).resolve().parents[3]
HELP = ROOT / "core" / "help"
EACH = [(name, language) for name in articles.NAMES for language in articles.LANGUAGES]


def text(name: str, language: str) -> str:
    return (HELP / language / f"{name}.md").read_text(encoding="utf-8")


def plain(words: str) -> str:
    return re.sub(r"<[^>]+>", "", words).replace("\u00a0", " ").rstrip(" :").strip()


@pytest.fixture(scope="module")
def catalogue() -> dict[str, set[str]]:
    """What stands on pages, in each language."""
    words: dict[str, set[str]] = {"fr": set(), "en": set()}
    with (ROOT / "locale/fr/LC_MESSAGES/django.po").open("rb") as file:
        for message in read_po(file):
            if message.id:
                for language, said in (("fr", message.string), ("en", message.id)):
                    each = (said,) if isinstance(said, str) else said or ()
                    words[language].update(plain(one) for one in each)
    return words


def test_there_are_as_many_articles_as_one_looks_over_and_no_file_beside_them() -> None:
    assert 20 <= len(articles.NAMES) <= 42
    for language in articles.LANGUAGES:
        files = {path.stem for path in (HELP / language).glob("*.md")}
        assert files == set(articles.NAMES)


@each(("name", "language"), EACH)
def test_an_article_has_a_title_and_at_most_two_hundred_words(name: str, language: str) -> None:
    assert text(name, language).startswith("# ")
    assert len(text(name, language).split()) <= 200


@each(("name", "language"), EACH)
def test_what_an_article_names_in_bold_stands_in_the_catalogue(
    name: str, language: str, catalogue: dict[str, set[str]]
) -> None:
    named = re.findall(r"\*\*([^*]+)\*\*", text(name, language))
    missing = [words for words in named if plain(words) not in catalogue[language]]
    assert not missing


@each(("name", "language"), EACH)
def test_links_of_an_article_lead_to_pages(name: str, language: str) -> None:
    for link in re.findall(r"(?<!!)\[[^\]]*\]\(([^)]+)\)", text(name, language)):
        assert resolve(link).view_name


def test_articles_show_each_picture_that_is_there_with_words_for_it() -> None:
    shown = [
        picture
        for name in articles.NAMES
        for picture in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text(name, "fr"))
    ]
    assert all(len(words) > 20 for words, _file in shown)
    assert {file for _words, file in shown} == {one.name for one in articles.PICTURES.iterdir()}
    assert {f"{shot.name}.webp" for shot, *_window in ARTICLE_SHOTS} == {
        file for _words, file in shown
    }
    assert sum(one.stat().st_size for one in articles.PICTURES.iterdir()) < 300_000


def test_a_picture_is_loaded_late_and_leaves_its_room() -> None:
    html = articles.article("rules", "fr").html
    picture = re.search(r"<img [^>]*>", html)
    assert picture is not None
    assert re.search(r' src="[^"]*/webmail/help/rules[^"]*\.webp"', picture[0])
    assert 'loading="lazy"' in picture[0]
    assert re.search(r' width="\d+" height="\d+"', picture[0])


@pytest.mark.parametrize(("sought", "name"), [("REGLES", "rules"), ("piece jointe", "attachments")])
def test_a_search_minds_neither_accents_nor_capitals(sought: str, name: str) -> None:
    with translation.override("fr"):
        found = [one.name for _topic, several in articles.found(sought) for one in several]
    assert name in found


@pytest.mark.parametrize(
    ("sought", "name"),
    [
        ("mot de passe oublié", "sign-in"),
        ("j'ai oublié mon mot de passe", "sign-in"),
        ("supprimer un contact", "contacts"),
        ("spam", "fraud"),
        ("quota", "space"),
        ("sauvegarder mes messages", "transfer"),
        ("transférer des messages à une autre adresse", "rules"),
        ("comment fusionner les doublons ?", "duplicates"),
        ("changer la police", "display"),
    ],
)
def test_a_search_is_written_as_people_speak(sought: str, name: str) -> None:
    with translation.override("fr"):
        found = [one.name for _topic, several in articles.found(sought) for one in several]
    assert name in found
    assert len(found) <= 9


def test_an_article_with_all_words_stands_without_those_that_have_some() -> None:
    with translation.override("fr"):
        found = [
            one.name for _topic, several in articles.found("numen naissance") for one in several
        ]
    assert found == ["numen"]


def test_a_word_that_no_article_has_hides_none_that_has_the_others() -> None:
    with translation.override("fr"):
        assert list(articles.found("absence zzz")) == list(articles.found("absence"))


def test_words_that_no_article_has_find_none() -> None:
    with translation.override("fr"):
        assert not list(articles.found("zzz"))


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("mail:rules", "rules"),
        ("mail:rule_new", "rules"),
        ("addressbook:group", "contacts"),
        ("addressbook:import_columns", "import"),
    ],
)
def test_a_page_has_its_article(page: str, name: str) -> None:
    found = articles.about(page)
    assert found is not None
    assert found.name == name


def test_a_page_without_an_article_has_none() -> None:
    assert articles.about("accounts:legal") is None


@pytest.mark.parametrize("signed_in", [True, False])
def test_six_questions_stand_on_top_and_that_of_the_page_first(signed_in: bool) -> None:
    often = [one.name for one in articles.asked_most("", signed_in=signed_in)]
    assert len(set(often)) == 6
    assert [one.name for one in articles.asked_most("rules", signed_in=signed_in)] == [
        "rules",
        *often[:5],
    ]
    assert [one.name for one in articles.asked_most("passwd", signed_in=signed_in)] == often
    again = articles.asked_most(often[3], signed_in=signed_in)
    assert [one.name for one in again] == [often[3], *often[:3], *often[4:]]


@each("name", [name for name in articles.NAMES if articles.article(name, "fr").place])
def test_the_page_that_an_article_is_about_opens_without_an_object(name: str) -> None:
    assert reverse(articles.article(name, "fr").place)


@pytest.mark.parametrize("language", articles.LANGUAGES)
def test_what_is_new_names_the_version_that_runs(language: str) -> None:
    assert f"## {VERSION}\n" in (HELP / f"releases.{language}.md").read_text(encoding="utf-8")


pages = pytest.mark.usefixtures("clean_cache")


@pages
@pytest.mark.django_db
def test_the_help_lists_the_articles_with_the_words_of_a_search(client: Client) -> None:
    answer = client.get("/help/", {"q": "numen"}).content.decode()
    assert 'href="/help/numen/"' in answer
    assert 'href="/help/rules/"' not in answer


@pages
@pytest.mark.django_db
def test_the_questions_are_those_of_a_stranger_and_leave_a_search_alone(client: Client) -> None:
    page = client.get("/help/", {"about": "rules"}).content.decode()
    assert page.index('href="/help/rules/"') < page.index('href="/help/sign-in/"')
    assert "Comment écrire à une classe" not in page
    assert "Les questions les plus posées" not in client.get("/help/?q=numen").content.decode()


@pages
@pytest.mark.django_db
def test_an_article_leads_nobody_who_is_a_stranger_to_a_page_of_the_mail(client: Client) -> None:
    assert "Ouvrir la page concernée" not in client.get("/help/absence/").content.decode()


@pages
@pytest.mark.django_db
def test_htmx_gets_the_list_alone(client: Client) -> None:
    answer = client.get("/help/", {"q": "zzz"}, HTTP_HX_REQUEST="true").content.decode()
    assert answer.startswith('<div class="help-found" id="help-found">')
    assert "Aucun article" in answer


@pages
@pytest.mark.django_db
@pytest.mark.parametrize("name", articles.NAMES)
def test_an_article_is_shown_to_everybody(client: Client, name: str) -> None:
    with translation.override("fr"):
        title = articles.article(name).title
    assert f'<h1 class="page-title">{title}</h1>' in client.get(f"/help/{name}/").content.decode()


@pages
@pytest.mark.django_db
def test_an_unknown_article_is_not_found(client: Client) -> None:
    assert client.get("/help/passwd/").status_code == 404


@pages
@pytest.mark.django_db
def test_what_to_tell_the_support_desk_is_browser_time_and_reference(client: Client) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    answer = client.get("/help/", HTTP_USER_AGENT=firefox)
    page = answer.content.decode()
    assert "Firefox, Linux" in page
    assert answer.headers["X-Request-Id"] in page


@pages
@pytest.mark.django_db
def test_the_keys_are_a_page_for_browsers_without_javascript(client: Client) -> None:
    assert "afficher les raccourcis clavier" in client.get("/help/keys/").content.decode()


@pages
@pytest.mark.django_db
def test_what_is_new_is_a_page(client: Client) -> None:
    assert f"<h2>{VERSION}</h2>" in client.get("/help/news/").content.decode()
