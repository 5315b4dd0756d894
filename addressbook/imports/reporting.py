"""The report of an import for administrators: counts and reasons by owner, without any contents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext

from addressbook.importers import codes
from addressbook.imports.showing import reason_words
from addressbook.models import ImportJob, ImportPart, ImportRow
from mail import spreadsheets

MOST_LINES = 1_000
"""The largest number of refused rows in a report; their count is always complete."""


@dataclass(frozen=True)
class RefusedLine:
    """A refused row. ``line`` is 0 if the record is a whole file."""

    file: str
    line: int
    code: str

    @property
    def words(self) -> str:
        return reason_words(self.code)


def refused_lines(job: ImportJob) -> list[RefusedLine]:
    """Return the rows that are refused for a reason of their own, not because of their owner; at
    most `MOST_LINES`."""
    rows = job.rows.filter(decision=ImportRow.Decision.REFUSED)
    own = rows.exclude(reason__in=ImportPart.Problem.values).order_by("number")
    facts = own.values_list("file__name", "line", "reason")[:MOST_LINES]
    return [RefusedLine(file, line, code) for file, line, code in facts]


def warning_words(job: ImportJob) -> list[tuple[int, str]]:
    """Return the warnings of an import: the number of times, and the sentence."""
    return [(many, gettext(codes.WARNINGS[code])) for code, many in sorted(job.warnings.items())]


def outcome(job: ImportJob) -> str:
    """Return ``ok``, ``partial`` if rows are refused, or ``reject`` if nothing is taken."""
    if job.reject_code or job.state == ImportJob.State.FAILED:
        return "reject"
    return "partial" if job.refused else "ok"


def as_json(job: ImportJob) -> dict[str, object]:
    """Return the report as one JSON object."""
    counts = (
        "total", "new", "merged", "unchanged", "refused", "groups", "added", "moved", "to_check",
    )  # fmt: skip
    return {
        "import": job.pk,
        "state": job.state,
        "outcome": outcome(job),
        "reject_code": job.reject_code,
        "failure": job.failure,
        "policy": job.policy,
        **{name: getattr(job, name) for name in counts},
        "owners": [_part(part) for part in job.parts.all()],
        "refused_rows": [
            {"file": refused.file, "line": refused.line, "reason": refused.code}
            for refused in refused_lines(job)
        ],
        "warnings": job.warnings,
    }


def _part(part: ImportPart) -> dict[str, object]:
    names = ("owner", "problem", "contacts", "new", "merged", "unchanged", "refused", "groups")
    return {name: getattr(part, name) for name in names} | {"never_signed_in": part.is_newcomer}


def table(job: ImportJob) -> Iterator[str]:
    """Return CSV with a line for each owner."""
    return spreadsheets.lines(_cells_of_owners(job))


def _cells_of_owners(job: ImportJob) -> Iterator[list[str]]:
    yield [
        gettext("Owner"),
        gettext("New"),
        gettext("Merged"),
        gettext("Unchanged"),
        gettext("Refused"),
        gettext("Groups"),
        gettext("Never signed in"),
        gettext("Problem"),
    ]
    for part in job.parts.iterator(chunk_size=500):
        counts = (part.new, part.merged, part.unchanged, part.refused, part.groups)
        newcomer = gettext("yes") if part.is_newcomer else ""
        problem = str(part.get_problem_display()) if part.problem else ""
        yield [part.owner, *map(str, counts), newcomer, problem]


def as_text(job: ImportJob) -> Iterator[str]:
    """Yield the report for a terminal, in English as in all commands."""
    if job.reject_code:
        yield codes.REJECTS[job.reject_code]
    if job.failure:
        yield str(job.get_failure_display())
    for part in job.parts.all():
        if part.problem:
            yield f"{part.owner or '?'}: {part.contacts} contacts refused: {part.problem}"
            continue
        yield (
            f"{part.owner}: {part.new} new, {part.merged} merged, {part.unchanged} unchanged,"
            f" {part.refused} refused, {part.groups} groups"
        )
    reasons = codes.SKIPS | codes.REJECTS
    for refused in refused_lines(job):
        yield f"{refused.file}, line {refused.line}: {reasons.get(refused.code, refused.code)}"
    for code, many in sorted(job.warnings.items()):
        yield f"{many} times: {codes.WARNINGS[code]}"
