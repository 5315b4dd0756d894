"""Texts that a person often writes: kept, changed, put into messages; nobody else's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.http import QueryDict
from django.test import Client

from accounts.models import User
from demo.servers.dovecot import MailAccount
from tests.webmail.views.mail import page
from webmail.models import CannedAnswer
from webmail.writing.canned import CannedForm

pytestmark = pytest.mark.django_db
PAGE = "/preferences/canned/"
MENU = "/compose/canned/"
SCRIPT = {"X-Requested-With": "fetch"}


def add(reader: Client, name: str = "Accusé", text: str = "Bien reçu,\nmerci.") -> CannedAnswer:
    assert reader.post(PAGE, {"name": name, "text": text}).status_code == 302
    return CannedAnswer.objects.get(name=name)


def test_an_answer_is_added_and_listed_by_name(reader: Client) -> None:
    for name in ("réunion", "Absence", "Cantine"):
        add(reader, name)
    shown = page(reader.get(PAGE))
    places = [shown.index(f"<b>{name}</b>") for name in ("Absence", "Cantine", "réunion")]
    assert places == sorted(places)
    assert "Bien reçu, merci." in shown


def test_an_answer_is_changed(reader: Client) -> None:
    answer = add(reader)
    url = f"{PAGE}{answer.pk}/"
    assert "Bien reçu,\nmerci." in page(reader.get(url))
    assert reader.post(url, {"name": "Reçu", "text": "Merci !"}).status_code == 302
    answer.refresh_from_db()
    assert (answer.name, answer.html) == ("Reçu", "<div>Merci !</div>")


def test_a_formatted_text_stays_so_unless_it_is_changed(reader: Client) -> None:
    add(reader)
    CannedAnswer.objects.update(html="<div><b>Bien</b> reçu</div>")
    answer = CannedAnswer.objects.get()
    url = f"{PAGE}{answer.pk}/"
    assert 'id="id_text_helptext"' in page(reader.get(url))
    reader.post(url, {"name": "Autre", "text": "Bien reçu\r\n"})
    answer.refresh_from_db()
    assert (answer.name, answer.html) == ("Autre", "<div><b>Bien</b> reçu</div>")
    reader.post(url, {"name": "Autre", "text": "Mal reçu"})
    answer.refresh_from_db()
    assert answer.html == "<div>Mal reçu</div>"
    assert 'id="id_text_helptext"' not in page(reader.get(url))


def test_an_answer_is_removed_after_a_question(reader: Client) -> None:
    answer = add(reader)
    assert reader.get(f"{PAGE}{answer.pk}/remove/").status_code == 200
    assert CannedAnswer.objects.exists()
    assert reader.post(f"{PAGE}{answer.pk}/remove/").status_code == 302
    assert not CannedAnswer.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {"name": "", "text": "Bonjour"},
        {"name": "Vide", "text": " \n "},
        {"name": "n" * 81, "text": "Bonjour"},
        {"name": "ACCUSÉ ", "text": "Le même nom"},
        {"name": "Long", "text": "x" * 50_001},
        {"name": "Nul\x00", "text": "Bonjour"},
    ],
    ids=["no name", "no text", "long name", "taken", "long text", "control"],
)
def test_what_is_wrong_comes_back_with_its_text(reader: Client, data: dict[str, str]) -> None:
    add(reader)
    answer = reader.post(PAGE, data)
    assert answer.status_code == 422
    assert data["text"].strip()[:100] in page(answer)
    assert CannedAnswer.objects.count() == 1


def test_one_has_a_hundred_at_most(reader: Client) -> None:
    owner = add(reader).user
    more = (CannedAnswer(user=owner, name=str(n), html="x") for n in range(CannedAnswer.MOST - 1))
    CannedAnswer.objects.bulk_create(more)
    assert reader.post(PAGE, {"name": "Encore", "text": "Un"}).status_code == 422
    first = CannedAnswer.objects.get(name="Accusé")
    changed = reader.post(f"{PAGE}{first.pk}/", {"name": "Accusé", "text": "Deux"})
    assert changed.status_code == 302


def test_two_requests_at_once_take_a_name_and_the_last_place_once(reader: Client) -> None:
    owner = add(reader).user
    both = [
        CannedForm(QueryDict("name=Merci&text=Un"), user=owner),
        CannedForm(QueryDict("name=merci&text=Deux"), user=owner),
    ]
    assert all(form.is_valid() for form in both)  # before either has stored anything
    assert [form.save() for form in both] == [True, False]
    assert "de ce nom" in str(both[1].errors)
    last = [CannedForm(QueryDict(f"name={n}&text=x"), user=owner) for n in "ab"]
    assert all(form.is_valid() for form in last)
    more = (CannedAnswer(user=owner, name=str(n), html="x") for n in range(CannedAnswer.MOST - 3))
    CannedAnswer.objects.bulk_create(more)
    assert [form.save() for form in last] == [True, False]
    assert CannedAnswer.objects.count() == CannedAnswer.MOST


def test_nobody_reaches_another_persons(
    reader: Client, bob: MailAccount, signed_in: Callable[..., Client]
) -> None:
    answer = add(reader)
    other = signed_in(bob)
    url = f"{PAGE}{answer.pk}/"
    assert other.get(url).status_code == 404
    assert other.post(url, {"name": "Volé", "text": "Volé"}).status_code == 404
    assert other.get(f"{url}remove/").status_code == 404
    assert other.post(f"{url}remove/").status_code == 404
    assert "Accusé" not in page(other.get(PAGE))
    assert "Accusé" not in page(other.get(MENU, headers=SCRIPT))
    assert other.post(PAGE, {"name": "Accusé", "text": "À moi"}).status_code == 302
    assert CannedAnswer.objects.get(pk=answer.pk).name == "Accusé"


def test_the_menu_gives_each_text_as_it_goes_into_a_message(reader: Client) -> None:
    add(reader, "Accusé", "Bien reçu <b>")
    shown = page(reader.get(MENU, headers=SCRIPT))
    assert "<template><div>Bien reçu &lt;b&gt;</div></template>" in shown
    assert "<html" not in shown
    assert reader.get(MENU).status_code == 302


def test_what_is_being_written_is_kept_without_what_is_not_its_writers(reader: Client) -> None:
    source = (
        '<div onclick="x()">Bonjour <b>Zoé</b><script>x()</script></div>'
        '<div class="signature">Alice</div><div class="moz-cite-prefix">Luc a écrit :</div>'
        '<blockquote type="cite"><p>Secret</p></blockquote><div>PS</div>'
        '<img src="https://pirate.example/x.png">'
    )
    answer = reader.post(MENU, {"name": "Bonjour", "html": source}, headers=SCRIPT)
    assert answer.status_code == 200
    kept = CannedAnswer.objects.get()
    assert kept.html == "<div>Bonjour <b>Zoé</b></div><div>PS</div>"
    assert kept.user == User.objects.get(login="alice")
    assert "Bonjour" in page(answer)


def test_a_plain_text_is_kept_too_and_a_wrong_one_is_said_in_the_menu(reader: Client) -> None:
    assert reader.post(MENU, {"name": "A", "text": "Un\nDeux"}, headers=SCRIPT).status_code == 200
    assert CannedAnswer.objects.get().html == "<div>Un</div><div>Deux</div>"
    refused = reader.post(MENU, {"name": "B", "html": "<br>"}, headers=SCRIPT)
    assert refused.status_code == 422
    assert 'id="canned-error"' in page(refused)
