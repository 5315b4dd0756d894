"""What is being written: kept, settled between two windows, found again, and sealed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import serializers
from django.db import connection
from django.utils import timezone

from accounts.models import User
from mail.errors import DraftChanged, DraftNotFound, TooLarge, TooManyDrafts
from webmail.models import Draft, DraftFile, DraftVersion
from webmail.writing import drafts, files
from webmail.writing.content import Content

pytestmark = pytest.mark.django_db
NUMBER = uuid.UUID(int=77)
LETTER = Content(to="zoe@x.example", bcc="secret@x.example", subject="Réunion", html="<p>Bonjour")


@pytest.fixture
def passed() -> Callable[[timedelta], None]:
    """`passed(timedelta(days=8))`: all that is kept is so much older."""

    def pass_(time: timedelta) -> None:
        for draft in Draft.objects.all():
            Draft.objects.filter(pk=draft.pk).update(
                changed=draft.changed - time, created=draft.created - time
            )
        for version in DraftVersion.objects.all():
            DraftVersion.objects.filter(pk=version.pk).update(saved=version.saved - time)

    return pass_


def save(user: User, text: str, base: int, **more: object) -> Draft:
    return drafts.save(user, NUMBER, Content(html=text), base=base, **more)  # type: ignore[arg-type]


def test_what_was_saved_is_found_as_it_was(claire: User) -> None:
    saved = drafts.save(claire, NUMBER, LETTER, base=0)
    assert saved.revision == 1
    assert drafts.content(drafts.find(claire, NUMBER)) == LETTER


def test_a_copy_of_the_rows_tells_nothing_of_what_is_written(claire: User) -> None:
    draft = drafts.save(claire, NUMBER, LETTER, base=0)
    drafts.save(claire, NUMBER, Content(html="<p>Bonjour Zoé"), base=1)
    files.add(claire, draft, "bulletin.pdf", "application/pdf", [b"%PDF-1.4 secret"])
    dump = ""
    for model in (Draft, DraftVersion, DraftFile):
        dump += serializers.serialize("json", model._default_manager.all())
        (sealed,) = model._default_manager.values_list("sealed", flat=True)
        dump += repr(bytes(sealed))
    for word in ("zoe", "secret", "Réunion", "R\\u00e9union", "Bonjour", "bulletin", "pdf"):
        assert word not in dump


def test_another_persons_draft_is_not_there(claire: User, paul: User) -> None:
    drafts.save(claire, NUMBER, LETTER, base=0)
    for attempt in (
        lambda: drafts.find(paul, NUMBER),
        lambda: drafts.begin(paul, NUMBER),
        lambda: drafts.save(paul, NUMBER, LETTER, base=1, over=True),
        lambda: drafts.close(paul, NUMBER),
        lambda: drafts.discard(paul, NUMBER),
        lambda: drafts.reopen(paul, NUMBER),
        lambda: drafts.versions(paul, NUMBER),
        lambda: drafts.restore(paul, NUMBER, 1),
    ):
        with pytest.raises(DraftNotFound):
            attempt()
    assert drafts.offered(paul) == drafts.beside(paul, "Drafts", 1) == ()
    assert drafts.find(claire, NUMBER).revision == 1


def test_a_window_that_is_behind_is_told_and_writes_nothing(claire: User) -> None:
    save(claire, "one", 0, writer="a")
    save(claire, "two", 1, writer="b")
    with pytest.raises(DraftChanged) as told:
        save(claire, "three", 1, writer="a")
    assert told.value.revision == 2
    assert drafts.content(drafts.find(claire, NUMBER)).html == "two"


def test_a_window_whose_answer_was_lost_goes_on(claire: User) -> None:
    save(claire, "one", 0, writer="a")
    save(claire, "two", 1, writer="a")  # its answer never came
    assert save(claire, "three", 1, writer="a").revision == 3


def test_the_same_words_again_are_no_new_revision(claire: User) -> None:
    save(claire, "one", 0)
    assert save(claire, "one", 0).revision == 1


def test_what_one_wrote_over_is_a_version_that_can_be_read(claire: User) -> None:
    save(claire, "one", 0)
    save(claire, "two", 1)
    save(claire, "three", 2, over=True)
    assert [version.content.html for version in drafts.versions(claire, NUMBER)] == ["two", "one"]


def test_there_is_one_version_a_minute(claire: User, passed: Callable[..., None]) -> None:
    save(claire, "one", 0)
    for base in range(1, 5):
        save(claire, f"text {base}", base)
    assert len(drafts.versions(claire, NUMBER)) == 1
    passed(timedelta(minutes=2))
    DraftVersion.objects.update(saved=timezone.now() - timedelta(minutes=4))
    save(claire, "two", 5)
    assert [version.revision for version in drafts.versions(claire, NUMBER)] == [5, 1]


def test_an_old_version_comes_back_with_the_file_it_had(claire: User) -> None:
    draft = drafts.begin(claire, NUMBER)
    file = files.add(claire, draft, "a.txt", "text/plain", [b"a"])
    drafts.save(claire, NUMBER, Content(html="with", files=(str(file.pk),)), base=0)
    drafts.save(claire, NUMBER, Content(html="without"), base=1)
    assert files.of(draft) == ()
    restored = drafts.restore(claire, NUMBER, 1)
    assert drafts.content(restored).html == "with"
    assert files.of(draft) == (file,)
    assert drafts.version(claire, NUMBER, 2).content.html == "without"


def test_a_draft_that_was_accepted_is_not_written_on(claire: User) -> None:
    save(claire, "one", 0)
    Draft.objects.update(state=Draft.State.ACCEPTED)
    with pytest.raises(DraftNotFound):
        save(claire, "two", 1)


def test_a_draft_left_without_a_word_is_offered(claire: User, passed: Callable[..., None]) -> None:
    drafts.save(claire, NUMBER, LETTER, base=0)
    assert drafts.offered(claire) == ()  # it is being written just now
    passed(timedelta(hours=1))
    (offer,) = drafts.offered(claire)
    assert (offer.number, offer.subject, offer.to) == (NUMBER, "Réunion", "zoe@x.example")


def test_a_draft_that_was_closed_is_not_offered(claire: User, passed: Callable[..., None]) -> None:
    save(claire, "one", 0)
    drafts.close(claire, NUMBER)
    passed(timedelta(hours=1))
    assert drafts.offered(claire) == ()
    assert len(drafts.beside(claire, "Drafts", 1)) == 1


def test_a_draft_nobody_wrote_a_word_in_is_not_offered(
    claire: User, passed: Callable[..., None]
) -> None:
    drafts.save(claire, NUMBER, Content(kind="reply", identity="claire@ac-exemple.fr"), base=0)
    passed(timedelta(hours=1))
    assert drafts.offered(claire) == ()


def test_what_was_discarded_comes_back_for_a_week(
    claire: User, passed: Callable[..., None]
) -> None:
    save(claire, "one", 0)
    drafts.discard(claire, NUMBER)
    with pytest.raises(DraftNotFound):
        drafts.find(claire, NUMBER)
    with pytest.raises(DraftNotFound):
        save(claire, "late words of another window", 1)
    assert drafts.content(drafts.reopen(claire, NUMBER)).html == "one"
    drafts.discard(claire, NUMBER)
    passed(timedelta(days=8))
    drafts.prune()
    assert not Draft.objects.exists()


def test_versions_go_after_a_week_and_the_draft_stays(
    claire: User, passed: Callable[..., None]
) -> None:
    save(claire, "one", 0)
    save(claire, "two", 1)
    passed(timedelta(days=8))
    drafts.prune()
    assert drafts.versions(claire, NUMBER) == ()
    assert drafts.content(drafts.find(claire, NUMBER)).html == "two"


def test_a_closed_draft_whose_copy_is_behind_is_never_removed(
    claire: User, passed: Callable[..., None]
) -> None:
    draft = save(claire, "one", 0)
    drafts.close(claire, NUMBER)
    Draft.objects.update(copy_folder="Drafts", copy_uidvalidity=1, copy_uid=1, copy_revision=0)
    passed(timedelta(days=90))
    drafts.prune()
    assert drafts.find(claire, NUMBER) == draft
    Draft.objects.update(copy_revision=1)
    drafts.prune()
    assert not Draft.objects.exists()


def test_there_is_an_end_to_drafts(claire: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MOST", 2)
    for _ in range(2):
        drafts.save(claire, uuid.uuid4(), LETTER, base=0)
    with pytest.raises(TooManyDrafts):
        drafts.save(claire, NUMBER, LETTER, base=0)


def test_there_is_an_end_to_a_text(claire: User) -> None:
    with pytest.raises(TooLarge):
        save(claire, "x" * drafts.MOST_BYTES, 0)
    assert not Draft.objects.exists()


def test_the_oldest_versions_make_room(claire: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MOST_VERSIONS_BYTES", 2500)
    for base in range(5):
        save(claire, f"{base}" * 400, base, over=True)
    kept = [version.revision for version in drafts.versions(claire, NUMBER)]
    assert kept[0] == 4 and 1 not in kept


@pytest.mark.django_db(transaction=True)
def test_files_that_come_at_once_make_one_draft_together(claire: User) -> None:
    """Each is the first of the draft as far as it sees; none is told that it was discarded."""

    def begin(number: uuid.UUID) -> uuid.UUID:
        try:
            return drafts.begin(claire, number).pk
        finally:
            connection.close()

    numbers = [uuid.UUID(int=n) for n in range(30) for _file in range(4)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(begin, numbers)) == numbers
    assert Draft.objects.count() == 30


RICH = "<p><b>Notes</b></p><table><tr><td>15</td></tr></table><img src=x>" + "mot " * 20


@pytest.mark.parametrize(
    "poorer",
    [
        Content(is_html=False, html=RICH, text="Notes 15"),
        Content(html=RICH.replace("<table>", "").replace("<tr>", "")),
        Content(html=RICH.replace("<img src=x>", "")),
        Content(html=RICH[:70]),
    ],
    ids=["plain", "table", "image", "half"],
)
def test_a_content_that_loses_much_leaves_the_richer_one_as_a_version(
    claire: User, poorer: Content
) -> None:
    """However recent the last version is."""
    save(claire, "<p>a", 0)
    save(claire, "<p>ab", 1)  # the first is a version now
    save(claire, RICH, 2)
    drafts.save(claire, NUMBER, poorer, base=3)
    assert RICH in [one.content.html for one in drafts.versions(claire, NUMBER)]


def test_a_number_of_the_address_begins_a_draft_unless_any_has_it(claire: User, paul: User) -> None:
    assert drafts.free(NUMBER) == NUMBER
    save(claire, "<p>a", 0)
    assert drafts.free(NUMBER) != NUMBER
    assert drafts.began(claire, NUMBER) is not None
    assert drafts.began(paul, NUMBER) is None
    drafts.discard(claire, NUMBER)
    assert drafts.began(claire, NUMBER) is None
