"""A staff file becomes staff records: what is matched, refused, deactivated, and left as it was."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts import numen, staff_import
from accounts.models import AuditEvent, MailDomain, StaffImport, StaffRecord, StagedStaff
from accounts.staff.terms import StaffImportFailure
from accounts.staff_import import Options
from tests.accounts import staff_files as staff
from tests.accounts.staff_files import bring_in, colleague, colleagues, csv
from tests.tended import due

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]
State = StaffImport.State
KEY = f"2026:{'a' * 64}"
NEXT_KEY = f"2027:{'b' * 64}"


@pytest.fixture(autouse=True)
def academy(settings, tmp_path: Path) -> MailDomain:
    settings.NUMEN_KEYS = numen.parse_keys(KEY)
    settings.SPOOL = tmp_path / "spool"
    return MailDomain.objects.create(
        name="ac-exemple.fr",
        is_default=True,
        login_form=MailDomain.LoginForm.LOCAL,
        imap_host="imap.ac-exemple.fr",
    )


def record(n: int) -> StaffRecord:
    key = numen.parse_keys(KEY)[0]
    return StaffRecord.objects.get(numen_digest=numen.digest_of_numen(key, staff.numen(n)))


def table() -> list[tuple]:
    return list(StaffRecord.objects.order_by("pk").values_list())


def counts(job: StaffImport) -> dict[str, int]:
    names = ("created", "updated", "unchanged", "deactivated", "replaced", "refused")
    return {name: number for name in names if (number := getattr(job, name))}


def refusals(job: StaffImport) -> list[tuple[int, str, str, int]]:
    return [(one.line, one.column, one.problem, one.other) for one in job.kept_refusals]


# --- what is written ---


def test_people_are_found_by_numen_and_date_of_birth_afterwards() -> None:
    job = bring_in(colleagues(1, 2))
    assert (job.state, counts(job)) == (State.DONE, {"created": 2})
    found = StaffRecord.objects.get(
        lookup_digest=numen.digest_of_person(
            numen.parse_keys(KEY)[0], staff.numen(1), date(1980, 5, 2)
        )
    )
    assert (found.name, found.login, found.address) == (
        "Zoé Nom1",
        "agent1",
        "agent.1@ac-exemple.fr",
    )
    assert (found.school_uai, found.is_active, found.key_id) == ("0800001X", True, "2026")


def test_neither_numen_nor_date_of_birth_is_in_any_table() -> None:
    job = bring_in(csv([colleague(1), colleague(2, naissance="31/02/1981")]))
    everything = repr([table(), vars(job), list(AuditEvent.objects.values_list())])
    assert staff.numen(1) not in everything
    assert staff.numen(2) not in everything
    assert "1981" not in everything
    assert not StagedStaff.objects.exists()


def test_the_same_file_again_changes_nothing() -> None:
    bring_in(colleagues(1, 2))
    before = table()
    job = bring_in(colleagues(1, 2))
    assert counts(job) == {"unchanged": 2}
    assert table() == before


def test_what_changed_is_written_and_the_rest_kept() -> None:
    bring_in(colleagues(1, 2))
    day = timezone.localdate()
    StaffRecord.objects.update(password_changed=day)
    pk = record(1).pk
    job = bring_in(csv([colleague(1, nom="Moreau", adresse="moreau@ac-exemple.fr"), colleague(2)]))
    assert counts(job) == {"updated": 1, "unchanged": 1}
    changed = record(1)
    assert (changed.pk, changed.last_name, changed.address) == (
        pk,
        "Moreau",
        "moreau@ac-exemple.fr",
    )
    assert changed.password_changed == day


def test_a_corrected_date_of_birth_is_a_change() -> None:
    bring_in(colleagues(1))
    before = bytes(record(1).lookup_digest)
    assert counts(bring_in(csv([colleague(1, naissance="03/05/1980")]))) == {"updated": 1}
    assert bytes(record(1).lookup_digest) != before


def test_two_people_may_exchange_their_addresses_and_logins() -> None:
    bring_in(colleagues(1, 2))
    first, second = colleague(1), colleague(2)
    things = ("adresse", "identifiant")
    swapped = [
        first | {name: second[name] for name in things},
        second | {name: first[name] for name in things},
    ]
    job = bring_in(csv(swapped))
    assert (job.state, counts(job)) == (State.DONE, {"updated": 2})
    assert (record(1).login, record(2).address) == ("agent2", "agent.1@ac-exemple.fr")


def test_records_of_an_older_key_are_known_again_and_take_the_new_one(settings) -> None:
    bring_in(colleagues(1, 2))
    pks = set(StaffRecord.objects.values_list("pk", flat=True))
    settings.NUMEN_KEYS = numen.parse_keys(f"{NEXT_KEY},{KEY}")
    assert counts(bring_in(colleagues(1))) == {"updated": 1}
    assert set(StaffRecord.objects.values_list("pk", flat=True)) == pks
    assert sorted(StaffRecord.objects.values_list("key_id", flat=True)) == ["2026", "2027"]


def test_without_a_key_nothing_is_imported(settings) -> None:
    settings.NUMEN_KEYS = ()
    assert bring_in(colleagues(1)).failure == StaffImportFailure.NO_KEY
    assert not StaffRecord.objects.exists()


@pytest.mark.parametrize(
    ("form", "login"), [("local", "agent.1"), ("address", "agent.1@ac-exemple.fr")]
)
def test_where_no_column_tells_logins_the_domain_says_how_they_are_made(
    academy: MailDomain, form: str, login: str
) -> None:
    MailDomain.objects.update(login_form=form)
    bring_in(csv([colleague(1)], without=["identifiant"]))
    assert StaffRecord.objects.get().login == login


def test_where_nothing_says_how_logins_are_made_none_is_guessed() -> None:
    MailDomain.objects.update(login_form="typed")
    job = bring_in(csv([colleague(1)], without=["identifiant"]))
    assert (job.failure, refusals(job)) == (
        StaffImportFailure.ALL_REFUSED,
        [(2, "login", "empty", 0)],
    )


def test_a_login_is_written_as_the_mail_server_takes_it() -> None:
    MailDomain.objects.update(login_form="address")
    bring_in(csv([colleague(1, identifiant="AGENT1")]))
    assert StaffRecord.objects.get().login == "agent1@ac-exemple.fr"


def test_an_import_is_in_the_audit_log_with_its_counts() -> None:
    bring_in(csv([colleague(1), colleague(2, numen="x")]))
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.STAFF_IMPORTED)
    assert event.detail["created"] == 1
    assert event.detail["refused"] == 1
    assert event.detail["file"] == "agents.csv"


# --- what is refused ---


def test_refused_rows_are_told_by_line_and_column_and_the_others_written() -> None:
    job = bring_in(csv([colleague(1, uai="12"), colleague(2), colleague(3, adresse="x@y.fr")]))
    assert job.state == State.DONE
    assert refusals(job) == [(2, "school_uai", "form", 0), (4, "address", "unknown-domain", 0)]
    assert counts(job) == {"created": 1, "refused": 2}


def test_a_file_whose_rows_are_all_refused_fails_with_its_report() -> None:
    job = bring_in(csv([colleague(1, numen="x")]))
    assert (job.state, job.failure) == (State.FAILED, StaffImportFailure.ALL_REFUSED)
    assert refusals(job) == [(2, "numen", "numen", 0)]


def test_two_people_of_one_numen_are_both_refused() -> None:
    job = bring_in(csv([colleague(1), colleague(2), colleague(1, nom="X", identifiant="x")]))
    assert refusals(job) == [(2, "numen", "repeated", 4), (4, "numen", "repeated", 2)]
    assert StaffRecord.objects.get().login == "agent2"


def test_who_works_in_two_schools_and_stands_there_twice_is_taken_once() -> None:
    job = bring_in(csv([colleague(1), colleague(1, uai="0800002Y")]))
    assert refusals(job) == [(3, "numen", "repeated", 2)]
    assert record(1).school_uai == "0800001X"


@pytest.mark.parametrize(("cell", "column"), [("adresse", "address"), ("identifiant", "login")])
def test_two_people_of_one_mailbox_are_both_refused(cell: str, column: str) -> None:
    job = bring_in(csv([colleague(1), colleague(2, **{cell: colleague(1)[cell]}), colleague(3)]))
    assert refusals(job) == [(2, column, "repeated", 3), (3, column, "repeated", 2)]
    assert StaffRecord.objects.get().login == "agent3"


@pytest.mark.parametrize(("cell", "column"), [("adresse", "address"), ("identifiant", "login")])
def test_what_belongs_to_another_record_cannot_be_taken(cell: str, column: str) -> None:
    bring_in(colleagues(1))
    job = bring_in(csv([colleague(2, **{cell: colleague(1)[cell]}), colleague(3)]))
    assert refusals(job) == [(2, column, "taken", 0)]
    assert record(1).address == "agent.1@ac-exemple.fr"


def test_a_refusal_that_keeps_an_address_refuses_who_would_have_got_it() -> None:
    bring_in(colleagues(1, 2, 3))
    chain = [
        colleague(4, adresse="agent.1@ac-exemple.fr"),  # wants what 1 leaves
        colleague(1, adresse="agent.2@ac-exemple.fr"),  # wants what 2 leaves
        colleague(2, adresse="agent.3@ac-exemple.fr"),  # wants what 3, not in the file, keeps
        colleague(5),
    ]
    job = bring_in(csv(chain))
    assert [kept[0] for kept in refusals(job)] == [2, 3, 4]
    assert record(1).address == "agent.1@ac-exemple.fr"
    assert record(5)


def test_the_address_of_somebody_of_the_past_goes_to_who_has_it_now() -> None:
    bring_in(colleagues(1))
    StaffRecord.objects.update(is_active=False)
    job = bring_in(csv([colleague(2, adresse="agent.1@ac-exemple.fr")]))
    assert counts(job) == {"created": 1, "replaced": 1}
    assert StaffRecord.objects.get().login == "agent2"


def test_a_corrected_numen_replaces_the_record_when_the_file_names_everybody() -> None:
    bring_in(colleagues(*range(1, 21)))
    rows = [colleague(n) for n in range(2, 21)] + [colleague(1, numen=staff.numen(99))]
    job = bring_in(csv(rows), deactivate_missing=True)
    assert (job.state, counts(job)["replaced"]) == (State.DONE, 1)
    assert record(99).login == "agent1"
    assert StaffRecord.objects.count() == 20


def test_a_report_keeps_the_first_thousand_refusals_and_counts_all() -> None:
    job = bring_in(csv([colleague(n, uai="x") for n in range(1, 1202)] + [colleague(2000)]))
    assert job.refused == 1201
    assert len(job.refusals) == 1000
    assert job.refusals[-1][0] == 1001


# --- who is deactivated ---


def test_who_is_missing_stays_unless_the_file_names_everybody() -> None:
    bring_in(colleagues(1, 2))
    bring_in(colleagues(1))
    assert record(2).is_active


def test_who_is_missing_from_a_file_that_names_everybody_is_deactivated() -> None:
    bring_in(colleagues(*range(1, 21)))
    job = bring_in(colleagues(*range(1, 20)), deactivate_missing=True)
    assert (job.state, job.deactivated) == (State.DONE, 1)
    assert not record(20).is_active
    assert StaffRecord.objects.active().count() == 19


def test_who_comes_back_is_active_again() -> None:
    bring_in(colleagues(1))
    StaffRecord.objects.update(is_active=False)
    bring_in(colleagues(1))
    assert record(1).is_active


@pytest.mark.parametrize(
    "wrong",
    [
        {"uai": "x"},
        {"numen": "x"},  # known by his address
        {"adresse": "x"},  # known by his NUMEN
        {"adresse": "agent.19@ac-exemple.fr"},  # contradicts another row, which is refused too
    ],
)
def test_whom_a_refused_row_names_is_not_missing(wrong: dict[str, str]) -> None:
    bring_in(colleagues(*range(1, 21)))
    rows = [colleague(n) for n in range(1, 20)] + [colleague(20, **wrong)]
    job = bring_in(csv(rows), deactivate_missing=True)
    assert job.state == State.DONE
    assert job.deactivated == 0
    assert StaffRecord.objects.active().count() == 20


def test_more_than_a_tenth_waits_for_somebodys_word() -> None:
    bring_in(colleagues(*range(1, 21)))
    before = table()
    job = bring_in(colleagues(*range(1, 18)), deactivate_missing=True)
    assert (job.state, job.deactivated) == (State.TO_CONFIRM, 3)
    assert table() == before
    assert staff_import.confirm(job)
    staff_import.run(job.pk)
    job.refresh_from_db()
    assert job.state == State.DONE
    assert StaffRecord.objects.active().count() == 17


def test_the_file_itself_may_deactivate_too_many() -> None:
    bring_in(colleagues(1, 2, 3))
    job = bring_in(csv([colleague(1, actif="non")]))
    assert (job.state, job.deactivated) == (State.TO_CONFIRM, 1)


def test_a_word_given_before_is_enough() -> None:
    bring_in(colleagues(1, 2))
    job = bring_in(colleagues(1), deactivate_missing=True, is_confirmed=True)
    assert (job.state, StaffRecord.objects.active().count()) == (State.DONE, 1)


def test_what_waited_while_another_file_came_in_is_not_written() -> None:
    bring_in(colleagues(1, 2))
    waiting = bring_in(colleagues(1), deactivate_missing=True)
    bring_in(colleagues(1, 2, 3))
    assert staff_import.confirm(waiting)
    staff_import.run(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.failure) == (State.FAILED, StaffImportFailure.OVERTAKEN)
    assert record(2).is_active


def test_what_no_longer_fits_the_records_is_not_written_at_all() -> None:
    bring_in(colleagues(1, 2))
    waiting = bring_in(
        csv([colleague(1), colleague(3, adresse="new@ac-exemple.fr")]), deactivate_missing=True
    )
    StaffRecord.objects.filter(login="agent2").update(address="new@ac-exemple.fr")
    before = table()
    staff_import.confirm(waiting)
    staff_import.run(waiting.pk)
    waiting.refresh_from_db()
    assert waiting.failure == StaffImportFailure.OVERTAKEN
    assert table() == before


# --- trying, cancelling, one at a time ---


def test_a_trial_counts_and_writes_nothing() -> None:
    bring_in(colleagues(1, 2))
    before = table()
    job = bring_in(
        csv([colleague(1, nom="X"), colleague(3), colleague(4, uai="x")]),
        is_trial=True,
        deactivate_missing=True,
    )
    assert job.state == State.TRIED
    assert counts(job) == {"created": 1, "updated": 1, "deactivated": 1, "refused": 1}
    assert table() == before
    assert not StagedStaff.objects.exists()


def test_a_job_runs_once_however_often_it_is_asked_to() -> None:
    job = bring_in(colleagues(1))
    StaffRecord.objects.update(last_name="Changé depuis")
    staff_import.run(job.pk, lambda: pytest.fail("read again"))
    assert record(1).last_name == "Changé depuis"


def test_a_second_import_waits_until_the_first_has_ended() -> None:
    first = staff_import.begin("a.csv", [colleagues(1)], Options())
    second = staff_import.begin("b.csv", [colleagues(2)], Options())
    assert StaffImport.objects.claim(first.pk)
    staff_import.run(second.pk)
    second.refresh_from_db()
    assert second.state == State.WAITING
    first.refresh_from_db()
    staff_import.cancel(first)
    assert due(StaffImport) == [second.pk]
    staff_import.run(second.pk)
    assert StaffRecord.objects.get().login == "agent2"


def test_a_job_that_is_cancelled_while_it_runs_stops_at_the_next_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(staff_import, "_BATCH", 1)
    job = staff_import.begin("a.csv", [colleagues(1, 2, 3)], Options())

    def at_the_first(running: StaffImport) -> None:
        assert staff_import.cancel(StaffImport.objects.get(pk=job.pk))

    staff_import.run(job.pk, progress=at_the_first)
    job.refresh_from_db()
    assert (job.state, job.rows) == (State.CANCELLED, 1)
    assert not StaffRecord.objects.exists()
    assert not StagedStaff.objects.exists()


def test_what_is_written_can_no_longer_be_cancelled() -> None:
    job = bring_in(colleagues(1))
    assert not staff_import.cancel(job)
    assert job.state == State.DONE


# --- the uploaded file ---


@pytest.fixture
def spooled(settings) -> Callable[[], list[Path]]:
    return lambda: list(settings.SPOOL.glob("*"))


@pytest.mark.parametrize(
    ("content", "options", "state"),
    [
        (colleagues(1), {}, State.DONE),
        (colleagues(1), {"is_trial": True}, State.TRIED),
        (csv([colleague(1, actif="non")]), {}, State.TO_CONFIRM),
        (b"PK\x03\x04", {}, State.FAILED),
        (csv([colleague(1, uai="x")]), {}, State.FAILED),
    ],
)
def test_it_is_gone_whatever_comes_of_it(
    spooled: Callable[[], list[Path]], content: bytes, options: dict[str, bool], state: str
) -> None:
    bring_in(colleagues(1))
    job = staff_import.begin("agents.csv", [content], Options(**options))
    (path,) = spooled()
    assert staff.numen(1).encode() not in path.read_bytes()
    staff_import.run(job.pk)
    job.refresh_from_db()
    assert (job.state, spooled(), bytes(job.source_key)) == (state, [], b"")


def test_it_is_gone_when_the_job_is_cancelled(spooled: Callable[[], list[Path]]) -> None:
    job = staff_import.begin("agents.csv", [colleagues(1)], Options())
    staff_import.cancel(job)
    assert not spooled()


def test_a_fault_of_the_program_is_on_the_job_and_the_file_gone(
    spooled: Callable[[], list[Path]],
) -> None:
    job = staff_import.begin("agents.csv", [colleagues(1)], Options())

    def fault(running: StaffImport) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        staff_import.run(job.pk, progress=fault)
    job.refresh_from_db()
    assert (job.state, job.failure, spooled()) == (State.FAILED, StaffImportFailure.BROKEN, [])


def test_a_file_that_was_damaged_on_the_disk_imports_nothing(
    spooled: Callable[[], list[Path]],
) -> None:
    job = staff_import.begin("agents.csv", [colleagues(1)], Options())
    (path,) = spooled()
    path.write_bytes(path.read_bytes()[:-1])
    staff_import.run(job.pk)
    job.refresh_from_db()
    assert (job.failure, spooled()) == (StaffImportFailure.GONE, [])


def test_files_that_no_job_knows_are_removed_after_a_while(
    settings, spooled: Callable[[], list[Path]]
) -> None:
    job = staff_import.begin("agents.csv", [colleagues(1)], Options())
    for name in ("orphan.staff", "new.staff", f"{job.spool}.staff"):
        path = settings.SPOOL / name
        path.touch()
        if name != "new.staff":
            os.utime(path, (time.time() - 3 * 60 * 60,) * 2)
    staff_import.tidy()
    assert {path.name for path in spooled()} == {"new.staff", f"{job.spool}.staff"}


# --- what died ---


def age(job: StaffImport, by: timedelta) -> None:
    StaffImport.objects.filter(pk=job.pk).update(changed=timezone.now() - by)


def test_a_job_whose_worker_died_is_begun_again() -> None:
    job = staff_import.begin("agents.csv", [colleagues(1)], Options())
    assert StaffImport.objects.claim(job.pk)
    assert due(StaffImport) == []
    age(job, StaffImport.PATIENCE + timedelta(seconds=1))
    assert due(StaffImport) == [job.pk]
    staff_import.run(job.pk)
    job.refresh_from_db()
    assert (job.state, record(1).login) == (State.DONE, "agent1")


def test_a_file_that_kills_every_worker_is_given_up(spooled: Callable[[], list[Path]]) -> None:
    job = staff_import.begin("agents.csv", [colleagues(1)], Options())
    for _attempt in range(StaffImport.MOST_ATTEMPTS):
        assert StaffImport.objects.claim(job.pk)
        age(job, StaffImport.PATIENCE + timedelta(seconds=1))
        due(StaffImport)
    job.refresh_from_db()
    assert (job.state, job.failure, spooled()) == (State.FAILED, StaffImportFailure.INTERRUPTED, [])


def test_a_commands_import_that_died_is_given_up_for_its_file_is_not_here() -> None:
    job = staff_import.begin("agents.csv", None, Options())
    assert StaffImport.objects.claim(job.pk)
    age(job, StaffImport.PATIENCE + timedelta(seconds=1))
    assert due(StaffImport) == []
    job.refresh_from_db()
    assert job.failure == StaffImportFailure.INTERRUPTED


def test_a_worker_that_was_thought_dead_stops_when_it_wakes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(staff_import, "_BATCH", 1)
    job = staff_import.begin("agents.csv", [colleagues(1, 2)], Options())
    ended: list[str] = []

    def overtaken(running: StaffImport) -> None:
        if not ended:
            age(job, StaffImport.PATIENCE + timedelta(seconds=1))
            assert due(StaffImport) == [job.pk]
            ended.append("taken over")
            staff_import.run(job.pk)

    staff_import.run(job.pk, progress=overtaken)
    job.refresh_from_db()
    assert (job.state, StaffRecord.objects.count()) == (State.DONE, 2)


def test_a_worker_that_wakes_leaves_alone_what_another_works_on(
    monkeypatch: pytest.MonkeyPatch, spooled: Callable[[], list[Path]]
) -> None:
    monkeypatch.setattr(staff_import, "_BATCH", 1)
    job = staff_import.begin("agents.csv", [colleagues(1, 2)], Options())

    def taken_over(running: StaffImport) -> None:
        age(job, StaffImport.PATIENCE + timedelta(seconds=1))
        due(StaffImport)
        assert StaffImport.objects.claim(job.pk)

    staff_import.run(job.pk, progress=taken_over)
    job.refresh_from_db()
    assert (job.state, len(spooled())) == (State.CHECKING, 1)
    assert StagedStaff.objects.count() == 1


def test_what_nobody_confirms_is_cancelled_after_days() -> None:
    bring_in(colleagues(1, 2))
    job = bring_in(colleagues(1), deactivate_missing=True)
    age(job, StaffImport.CONFIRMABLE + timedelta(seconds=1))
    staff_import.tidy()
    job.refresh_from_db()
    assert job.state == State.CANCELLED
    assert not StagedStaff.objects.exists()
