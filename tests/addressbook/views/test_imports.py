"""Old address books in the browser: brought, looked at, imported, undone."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import html

from accounts.models import User
from addressbook import contacts, imports
from addressbook.contact_data import ContactData
from addressbook.importers import LARGEST_FILE
from addressbook.models import Contact, Group
from addressbook.models.imports import ImportJob, ImportPart
from webmail.celery import app

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("jobs_at_once")]

IMPORTS = "/contacts/import/"
HTMX = {"HX-Request": "true"}
MB = 1024 * 1024
HORDE = (
    '"firstname","lastname","email","homePhone","category"\n'
    '"Sophie","Lambert-Petit","s.lambert@courriel.example","03 53 01 55 18",\n'
    '"Rémi","Petit","s.lambert@courriel.example",,"4e B"\n'
    '"Amina","Belkacem","a.belkacem@courriel.example",,"4e B"\n'
    ',,,,"4e B"\n'
)
CARDS = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Zoé Roux\r\nEMAIL:zoe@x.example\r\nEND:VCARD\r\n"
    "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Luc Fontanel\r\nEMAIL:luc@x.example\r\nEND:VCARD\r\n"
)


@pytest.fixture
def jobs_at_once(settings: Any, tmp_path: Path) -> None:
    """A worker that is always quicker than the next page; a spool of its own."""
    settings.SPOOL = tmp_path / "spool"
    settings.CELERY_TASK_ALWAYS_EAGER = True


@pytest.fixture
def visitor(browser_of: Callable[[User], Client], claire: User) -> Client:
    return browser_of(claire)


def bring(visitor: Client, *files: tuple[str, str | bytes], source: str = "horde") -> str:
    """The address of the import's page, after the files were read."""
    books = [
        SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)
        for name, text in files
    ]
    answer = visitor.post(f"{IMPORTS}{source}/", {"books": books})
    assert answer.status_code == 302
    return str(answer["Location"])


def seen(visitor: Client, url: str, **more: Any) -> html.HtmlElement:
    """A page, after redirects."""
    answer = visitor.get(url, follow=True, **more)
    assert answer.status_code == 200
    return html.fromstring(answer.content)


def words(page: html.HtmlElement, path: str) -> list[str]:
    """Of each element, its text with single blanks."""
    return [" ".join(element.text_content().split()) for element in page.xpath(path)]


def choose_nothing(visitor: Client, url: str) -> None:
    """Take the columns as they were recognised."""
    (form,) = seen(visitor, url).xpath("//form[@id='columns']")
    answer = visitor.post(f"{url}columns/", dict(form.form_values()))
    assert answer["Location"] == url


def tiles(page: html.HtmlElement) -> list[int]:
    """Return how many are new, to merge, unchanged, refused."""
    return [int(text) for text in words(page, "//nav[@class='tiles']//b")]


def imported(visitor: Client, *files: tuple[str, str | bytes]) -> str:
    """The address of an import that was written."""
    url = bring(visitor, *files)
    assert visitor.post(f"{url}start/")["Location"] == url
    return url


# --- bringing ---


@pytest.mark.parametrize("source", ["sun", "horde", "other"])
def test_each_program_has_a_guide_of_numbered_steps(visitor: Client, source: str) -> None:
    assert f'href="{IMPORTS}{source}/"' in visitor.get(IMPORTS).content.decode()
    page = seen(visitor, f"{IMPORTS}{source}/")
    assert len(page.xpath("//ol[@class='how']/li")) >= 5
    (field,) = page.xpath("//input[@type='file']")
    assert "multiple" in field.attrib


def test_a_program_that_is_none_has_no_guide(visitor: Client) -> None:
    assert visitor.get(f"{IMPORTS}lotus/").status_code == 404


def test_the_way_there_stands_beside_the_list_and_in_an_empty_address_book(
    visitor: Client,
) -> None:
    page = seen(visitor, "/contacts/")
    assert page.xpath(f"//nav[@id='folders']//a[@href='{IMPORTS}']")
    assert page.xpath(f"//div[@class='empty']//a[@href='{IMPORTS}']")


def test_nothing_chosen_is_said_at_the_form(visitor: Client) -> None:
    answer = visitor.post(f"{IMPORTS}horde/", {})
    assert answer.status_code == 422
    assert 'id="id_books_error"' in answer.content.decode()
    assert not ImportJob.objects.exists()


def test_too_many_files_at_once_are_refused(visitor: Client) -> None:
    books = [SimpleUploadedFile(f"{n}.vcf", CARDS.encode()) for n in range(21)]
    assert visitor.post(f"{IMPORTS}horde/", {"books": books}).status_code == 422
    assert not ImportJob.objects.exists()


def test_files_of_more_than_50_mb_together_are_refused(visitor: Client) -> None:
    books = [SimpleUploadedFile(f"{n}.vcf", b"x" * (25 * MB + 1)) for n in range(2)]
    answer = visitor.post(f"{IMPORTS}horde/", {"books": books})
    assert answer.status_code == 422
    assert 'id="id_books_error"' in answer.content.decode()
    assert not ImportJob.objects.exists()


def test_an_address_book_may_be_larger_than_a_message(visitor: Client, settings: Any) -> None:
    assert settings.ADDRESS_BOOK_LIMIT == LARGEST_FILE > settings.MESSAGE_LIMIT
    large = {"Content-Length": str(LARGEST_FILE)}
    assert visitor.get(f"{IMPORTS}horde/", headers=large).status_code == 200
    assert visitor.get("/contacts/new/", headers=large).status_code == 413
    assert Client().get(f"{IMPORTS}horde/", headers=large).status_code == 413
    answer = visitor.get(f"{IMPORTS}horde/", headers={"Content-Length": str(LARGEST_FILE * 2)})
    assert answer.status_code == 413
    assert f'href="{IMPORTS}"' in answer.content.decode()


def test_five_imports_that_wait_are_enough(visitor: Client) -> None:
    urls = [bring(visitor, ("contacts.vcf", CARDS)) for _time in range(5)]
    books = [SimpleUploadedFile("contacts.vcf", CARDS.encode())]
    assert visitor.post(f"{IMPORTS}horde/", {"books": books}).status_code == 422
    assert ImportJob.objects.count() == 5
    visitor.post(f"{urls[0]}cancel/")
    bring(visitor, ("contacts.vcf", CARDS))


def test_a_file_that_is_no_address_book_is_refused_with_what_to_do(visitor: Client) -> None:
    page = seen(visitor, bring(visitor, ("contacts.csv", "<!doctype html><html><body>")))
    (text,) = words(page, "//p[@class='import-lede']")
    assert "page web" in text
    assert page.xpath(f"//a[@href='{IMPORTS}horde/']")
    assert not Contact.objects.exists()


def test_a_job_waits_where_the_broker_is_down(
    visitor: Client, claire: User, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    monkeypatch.setitem(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    # The connections that Celery has already.
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    page = seen(visitor, bring(visitor, ("contacts.vcf", CARDS)))
    assert page.xpath("//*[@id='import-progress']")
    assert ImportJob.objects.of(claire).get().state == "uploaded"


# --- columns ---


def test_the_columns_of_a_table_come_first_with_three_examples(visitor: Client) -> None:
    url = bring(visitor, ("contacts.csv", HORDE))
    page = seen(visitor, url)
    assert words(page, "//tbody//th") == ["firstname", "lastname", "email", "homePhone", "category"]
    assert words(page, "//tbody//td[@class='why']")[0] == "Sophie, Rémi, Amina"
    chosen = [select.value for select in page.xpath("//tbody//select")]
    assert chosen == ["first_name", "last_name", "email", "phone:home", "categories"]
    assert not page.xpath("//tr[@class='ask']")


def test_a_column_that_nobody_knows_is_marked_and_can_be_said(
    visitor: Client, claire: User
) -> None:
    table = "Nom;Mél;Zorglub\r\nRoux Zoé;zoe@x.example;6e C\r\nNoir Luc;luc@x.example;6e C\r\n"
    url = bring(visitor, ("liste.csv", table), source="other")
    page = seen(visitor, url)
    assert words(page, "//tr[@class='ask']/th/label") == ["Zorglub"]
    (form,) = page.xpath("//form[@id='columns']")
    visitor.post(f"{url}columns/", {**dict(form.form_values()), "column-2": "categories"})
    assert tiles(seen(visitor, url)) == [2, 0, 0, 0]
    visitor.post(f"{url}start/")
    assert [group.name for group in Group.objects.of(claire)] == ["6e C"]


def test_whatever_the_form_offers_a_column_becomes(visitor: Client, claire: User) -> None:
    table = "Nom;Mél;Zorglub\r\nRoux Zoé;zoe@x.example;z.roux@y.example\r\n"
    url = bring(visitor, ("liste.csv", table), source="other")
    (form,) = seen(visitor, url).xpath("//form[@id='columns']")
    offered = form.xpath(".//select[@name='column-2']//option/@value")
    assert "email:2" in offered
    for field in offered:
        posted = {**dict(form.form_values()), "column-2": field}
        visitor.post(f"{url}columns/", posted)
        taken = [column.field for column in imports.columns(ImportJob.objects.get())]
        assert taken[2] == field
    visitor.post(f"{url}columns/", {**dict(form.form_values()), "column-2": "email:2"})
    visitor.post(f"{url}start/")
    addresses = Contact.objects.of(claire).get().addresses.order_by("pk")
    assert [address.address for address in addresses] == ["zoe@x.example", "z.roux@y.example"]


def test_columns_without_any_name_or_address_are_refused(visitor: Client) -> None:
    url = bring(visitor, ("contacts.csv", HORDE))
    answer = visitor.post(f"{url}columns/", {f"column-{n}": "" for n in range(5)})
    assert answer.status_code == 422
    assert 'class="banner bad"' in answer.content.decode()


def test_a_table_of_unknown_columns_can_be_explained(visitor: Client, claire: User) -> None:
    table = "photo,logo,phototype\nabc,Zoé Roux,x\ndef,Luc Noir,y\n"
    url = bring(visitor, ("liste.csv", table), source="other")
    page = seen(visitor, url)
    assert page.xpath("//div[contains(@class, 'banner warn')]")
    visitor.post(f"{url}columns/", {"column-0": "", "column-1": "display_name"})
    assert tiles(seen(visitor, url)) == [2, 0, 0, 0]


def test_a_field_that_is_none_is_not_taken_for_a_column(visitor: Client) -> None:
    url = bring(visitor, ("contacts.csv", HORDE))
    for field in ("password", "_owner", "x:ANYTHING"):
        posted = {"column-0": "first_name", "column-1": field}
        assert visitor.post(f"{url}columns/", posted).status_code == 422


def test_cards_need_no_columns(visitor: Client) -> None:
    page = seen(visitor, bring(visitor, ("contacts.vcf", CARDS)))
    assert tiles(page) == [2, 0, 0, 0]
    assert len(page.xpath("//ol[@class='import-steps']/li")) == 2


def test_a_file_refused_among_others_is_named_before_and_after(visitor: Client) -> None:
    page_of_the_web = ("page.vcf", "<!doctype html><html><body>")
    url = bring(visitor, ("contacts.vcf", CARDS), page_of_the_web)
    before = seen(visitor, url)
    assert tiles(before) == [2, 0, 0, 0]
    assert any("page.vcf" in line for line in words(before, "//div[@class='banner warn']"))
    visitor.post(f"{url}start/")
    after = seen(visitor, url)
    assert any("page.vcf" in line for line in words(after, "//ul[@class='card report']/li"))
    single = seen(visitor, imported(visitor, ("contacts.vcf", CARDS)))
    assert not any("contacts.vcf" in line for line in words(single, "//ul/li[@class='warn']"))


# --- the preview ---


def test_the_preview_says_what_is_new_merged_and_refused(visitor: Client, sophie: Contact) -> None:
    url = bring(visitor, ("contacts.csv", HORDE))
    choose_nothing(visitor, url)
    page = seen(visitor, url)
    assert tiles(page) == [2, 1, 0, 1]
    assert words(page, "//tbody//th") == ["Rémi Petit", "Amina Belkacem"]
    refused = seen(visitor, f"{url}?show=refused")
    (line,) = words(refused, "//tbody//td[@class='why'][1]")
    assert "5" in line
    assert not Contact.objects.exclude(pk=sophie.pk).exists()


def test_what_is_merged_stands_side_by_side(visitor: Client, sophie: Contact) -> None:
    url = bring(visitor, ("contacts.csv", HORDE))
    choose_nothing(visitor, url)
    page = seen(visitor, f"{url}?show=merge")
    assert page.xpath(f"//tbody//a[@href='/contacts/{sophie.pk}/']")
    before, after = words(page, "//dl[@class='sides']//dd")
    assert "03 53 01 55 18" not in before
    assert "03 53 01 55 18" in after


def test_another_policy_is_counted_again_without_reading_again(
    visitor: Client, sophie: Contact
) -> None:
    url = bring(visitor, ("contacts.csv", HORDE))
    choose_nothing(visitor, url)
    visitor.post(f"{url}policy/", {"policy": "keep"})
    assert tiles(seen(visitor, url)) == [3, 0, 0, 1]
    visitor.post(f"{url}policy/", {"policy": "skip"})
    assert tiles(seen(visitor, url)) == [2, 0, 1, 1]
    visitor.post(f"{url}policy/", {"policy": "everything"})
    assert tiles(seen(visitor, url)) == [2, 0, 1, 1]


def test_a_long_preview_has_pages(visitor: Client) -> None:
    cards = "".join(
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:N{n:03}\r\nTEL:{n:06}\r\nEND:VCARD\r\n"
        for n in range(120)
    )
    url = bring(visitor, ("contacts.vcf", cards))
    first = seen(visitor, url)
    (following,) = first.xpath("//nav[@class='pages']/a/@href")
    second = seen(visitor, following)
    names = [*words(first, "//tbody//th"), *words(second, "//tbody//th")]
    assert names[:2] == ["N000", "N001"]
    assert len(set(names)) == len(names) == 100


def test_a_cell_of_the_file_is_never_markup(visitor: Client) -> None:
    table = "Nom;Mél\r\n<script>alert(1)</script>;a@x.example\r\n"
    url = bring(visitor, ("<b>.csv", table), source="other")
    assert not seen(visitor, url).xpath("//td//script | //strong/b")
    choose_nothing(visitor, url)
    assert "<script>alert" not in visitor.get(url).content.decode()


def test_a_file_of_empty_lists_alone_has_nothing_to_start(visitor: Client) -> None:
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Parents\r\nEND:VCARD\r\n"
    url = bring(visitor, ("contacts.vcf", card))
    assert not seen(visitor, url).xpath(f"//form[@action='{url}start/']")


# --- progress ---


@pytest.fixture
def moving(claire: User) -> ImportJob:
    """An import that some worker is writing."""
    job = ImportJob.objects.create(
        user=claire, uploaded_by=claire, state="writing", total=307, written=214, new=276, merged=31
    )
    job.files.create(number=0, name="carnet.csv")
    return job


def test_progress_is_told_in_words_and_asked_again_without_a_script(
    visitor: Client, moving: ImportJob
) -> None:
    page = seen(visitor, f"{IMPORTS}{moving.pk}/")
    (title,) = words(page, "//h2[@id='going-words']")
    assert "214" in title
    assert "307" in title
    assert page.xpath("//progress/@value") == ["69"]
    assert page.xpath("//noscript/meta/@http-equiv") == ["refresh"]
    assert page.xpath("//*[@aria-live='polite' and @id='import-said']")


def test_an_import_that_does_not_move_says_so(visitor: Client, moving: ImportJob) -> None:
    url = f"{IMPORTS}{moving.pk}/"
    calm = words(seen(visitor, url), "//*[@id='import-progress']//p")
    ImportJob.objects.update(changed=timezone.now() - timedelta(hours=1))
    assert len(words(seen(visitor, url), "//*[@id='import-progress']//p")) == len(calm) + 1


def test_progress_is_said_to_a_screen_reader_every_tenth_only(
    visitor: Client, moving: ImportJob
) -> None:
    url = f"{IMPORTS}{moving.pk}/"
    (asked,) = seen(visitor, url).xpath("//*[@id='import-progress']/@hx-get")
    quiet = visitor.get(asked, headers=HTMX)
    assert quiet.status_code == 200
    assert "<html" not in quiet.content.decode()
    assert "hx-swap-oob" not in quiet.content.decode()
    moving.written = 260
    moving.save()
    assert 'id="import-said"' in visitor.get(asked, headers=HTMX).content.decode()


def test_polling_ends_when_the_import_does(visitor: Client, moving: ImportJob) -> None:
    url = f"{IMPORTS}{moving.pk}/"
    moving.state = "done"
    moving.save()
    answer = visitor.get(f"{url}?said=writing-6", headers=HTMX)
    assert (answer.status_code, answer["HX-Redirect"]) == (286, url)


def test_an_import_under_way_is_found_again_beside_the_list(
    visitor: Client, moving: ImportJob
) -> None:
    link = f"//nav[@id='folders']//a[@href='{IMPORTS}{moving.pk}/']"
    assert seen(visitor, "/contacts/").xpath(link)
    moving.state = "done"
    moving.save()
    assert not seen(visitor, "/contacts/").xpath(link)


def test_an_import_is_cancelled_and_nothing_of_it_is_left(visitor: Client) -> None:
    url = bring(visitor, ("contacts.vcf", CARDS))
    assert visitor.post(f"{url}cancel/")["Location"] == url
    assert ImportJob.objects.get().state == "cancelled"
    assert visitor.post(f"{url}start/")["Location"] == url
    assert not Contact.objects.exists()


# --- the report ---


def test_the_report_counts_and_hands_out_what_was_refused(visitor: Client, sophie: Contact) -> None:
    url = bring(visitor, ("contacts.csv", HORDE.replace(",,,,", ',,,,"=1+1",', 1)))
    choose_nothing(visitor, url)
    visitor.post(f"{url}start/")
    page = seen(visitor, url)
    assert "3" in words(page, "//h2[@class='outcome']")[0]
    (file,) = page.xpath("//ul[contains(@class, 'report')]//a/@href")
    answer = visitor.get(file)
    assert answer["Content-Disposition"].startswith("attachment;")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert len(rows) == 2
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_the_day_of_birth_of_a_pupil_is_shown_as_it_is_said(visitor: Client) -> None:
    rows = "Nom;Prénom;Classe;Né(e) le\nAubert;Zoé;6e C;12/03/2013\n"
    url = bring(visitor, ("6eC.csv", rows), source="school")
    choose_nothing(visitor, url)
    (family,) = words(seen(visitor, url), "//table[contains(@class, 'families')]/tbody/tr")
    assert "12/03/2013" in family and "2013-03-12" not in family


def test_the_report_of_a_class_list_speaks_of_pupils(visitor: Client) -> None:
    rows = "Nom;Prénom;Classe;Mél\nAubert;Zoé;6e C;zoe@x.example\nRoux;Luc;6e C;luc@x.example\n"
    url = bring(visitor, ("6eC.csv", rows), source="school")
    choose_nothing(visitor, url)
    visitor.post(f"{url}start/")
    (outcome,) = words(seen(visitor, url), "//h2[@class='outcome']")
    assert outcome == "2 élèves et responsables ont été importés"


def test_an_import_is_undone_after_asking(visitor: Client, claire: User) -> None:
    url = imported(visitor, ("contacts.vcf", CARDS))
    assert Contact.objects.of(claire).count() == 2
    (link,) = seen(visitor, url).xpath(
        "//div[@class='foot-acts']//a[contains(@href, 'undo')]/@href"
    )
    page = seen(visitor, link)
    assert page.xpath(f"//form[@action='{link}']")
    assert Contact.objects.of(claire).count() == 2
    assert visitor.post(link)["Location"] == url
    assert not Contact.objects.of(claire).exists()
    assert not seen(visitor, url).xpath("//a[contains(@href, 'undo')]")


def test_undoing_names_what_was_changed_by_hand_and_kept(visitor: Client, claire: User) -> None:
    url = imported(visitor, ("contacts.vcf", CARDS))
    zoe = Contact.objects.of(claire).get(display_name="Zoé Roux")
    contacts.update(zoe, ContactData(display_name="Zoé Roux-Martin"))
    visitor.post(f"{url}undo/")
    page = seen(visitor, url)
    assert words(page, "//ul[@class='plain']/li") == ["Zoé Roux-Martin"]
    assert page.xpath(f"//ul[@class='plain']//a[@href='/contacts/{zoe.pk}/']")


def test_an_import_that_is_too_old_is_not_undone(visitor: Client, claire: User) -> None:
    url = imported(visitor, ("contacts.vcf", CARDS))
    ImportJob.objects.update(undo_until=timezone.now())
    assert visitor.get(f"{url}undo/")["Location"] == url
    visitor.post(f"{url}undo/")
    assert Contact.objects.of(claire).count() == 2


def test_my_imports_are_listed_with_their_undoing(visitor: Client) -> None:
    url = imported(visitor, ("carnet.vcf", CARDS))
    page = seen(visitor, IMPORTS)
    assert words(page, "//ul[@class='jobs']//b") == ["carnet.vcf"]
    assert page.xpath(f"//ul[@class='jobs']//a[@href='{url}']")
    assert page.xpath(f"//ul[@class='jobs']//a[@href='{url}undo/']")


# --- other people ---


def test_another_persons_import_is_not_there(
    visitor: Client, browser_of: Callable[[User], Client], paul: User
) -> None:
    url = bring(visitor, ("contacts.vcf", CARDS))
    other = browser_of(paul)
    for name in ("", "columns/", "undo/", "refused.csv"):
        assert other.get(f"{url}{name}").status_code == 404
    for name in ("columns/", "policy/", "start/", "cancel/", "undo/"):
        assert other.post(f"{url}{name}", {"policy": "keep"}).status_code == 404
    assert ImportJob.objects.get().state == "ready"
    assert "contacts.vcf" not in other.get(IMPORTS).content.decode()


# --- the word at sign-in ---


@pytest.fixture
def brought(claire: User, paul: User) -> ImportJob:
    """The job of what Paul imported for Claire."""
    job = imports.accept(
        claire, [SimpleUploadedFile("claire.vcf", CARDS.encode())], uploaded_by=paul
    )
    imports.run(job.pk)
    job.refresh_from_db()
    imports.start(job)
    imports.run(job.pk)
    return job


def test_a_person_is_told_what_was_imported_for_her_until_she_puts_it_away(
    visitor: Client,
    browser_of: Callable[[User], Client],
    claire: User,
    paul: User,
    brought: ImportJob,
) -> None:
    page = seen(visitor, "/contacts/")
    (line,) = words(page, "//*[@id='brought']/p")
    assert line.startswith("2")
    assert page.xpath(f"//*[@id='brought']//a[@href='{IMPORTS}{brought.pk}/']")
    assert not seen(browser_of(paul), "/contacts/").xpath("//*[@id='brought']")
    answer = visitor.post(f"{IMPORTS}brought/dismiss/", {"next": "/contacts/export/"})
    assert answer["Location"] == "/contacts/export/"
    assert not seen(visitor, "/contacts/").xpath("//*[@id='brought']")
    assert not seen(browser_of(claire), "/contacts/").xpath("//*[@id='brought']")
    assert ImportPart.objects.get().told is not None


def test_of_a_file_of_many_people_only_her_contacts_are_shown(
    visitor: Client, claire: User, paul: User
) -> None:
    job = ImportJob.objects.create(uploaded_by=paul, state="done", new=5000)
    ImportPart.objects.create(job=job, number=0, user=claire, owner="claire", new=124)
    page = seen(visitor, "/contacts/export/")
    (line,) = words(page, "//*[@id='brought']/p")
    assert line.startswith("124")
    assert page.xpath("//*[@id='brought']//a[@href='/contacts/']")
    assert visitor.get(f"{IMPORTS}{job.pk}/").status_code == 404


def test_what_one_imports_oneself_is_no_news(
    visitor: Client, browser_of: Callable[[User], Client], claire: User
) -> None:
    imported(visitor, ("contacts.vcf", CARDS))
    assert not seen(browser_of(claire), "/contacts/").xpath("//*[@id='brought']")


def test_whether_there_is_news_is_asked_once_in_a_session(
    visitor: Client, brought: ImportJob
) -> None:
    visitor.get("/contacts/")
    with CaptureQueriesContext(connection) as asked:
        assert b'id="brought"' in visitor.get("/contacts/").content
    assert asked.captured_queries
    assert not [query for query in asked.captured_queries if "importpart" in query["sql"]]


def test_a_list_that_was_pasted_is_read_as_a_file(visitor: Client, claire: User) -> None:
    text = "Élève\tResponsable\tMail\r\nMARTIN Léa\tMARTIN Paul\tp@x.example\r\n"
    answer = visitor.post(f"{IMPORTS}school/", {"pasted": text, "class_name": "4e B"})
    assert answer.status_code == 302
    job = ImportJob.objects.get()
    assert [file.name for file in job.files.all()] == ["4e B.txt"]
    assert list(job.staged_groups.values_list("name", "is_class")) == [("4e B", True)]


def test_too_long_a_pasted_list_is_refused_at_its_field(visitor: Client) -> None:
    answer = visitor.post(f"{IMPORTS}school/", {"pasted": "x" * 1_000_001})
    assert answer.status_code == 422
    assert 'id="id_pasted_error"' in answer.content.decode()
    assert not ImportJob.objects.exists()
