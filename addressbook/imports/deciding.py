"""Decide about the staged rows by the policy for duplicates, and count the decisions."""

from __future__ import annotations

from django.db.models import Case, CharField, Count, Q, Value, When

from addressbook.models import ImportJob, ImportPart, ImportRow

Decision, Fit, Policy = ImportRow.Decision, ImportRow.Fit, ImportJob.Policy

# Duplicates in the file itself are merged by every policy but "keep both".
_IN_FILE = Q(head__isnull=False, contact=None)
_UNCHANGED: dict[str, Q] = {
    Policy.MERGE: Q(fit__in=(Fit.SAME, Fit.LESS)),
    Policy.KEEP: Q(is_twin=True),
    Policy.SKIP: (Q(fit__in=(Fit.ADDS, Fit.LESS)) & ~_IN_FILE) | Q(fit=Fit.SAME),
    Policy.REPLACE: Q(fit=Fit.SAME),
}


def decide(job: ImportJob) -> None:
    """Write each row's decision by the job's policy. Refused rows stay refused."""
    rows = ImportRow.objects.filter(job=job).exclude(decision=Decision.REFUSED)
    keeps_both = job.policy == Policy.KEEP
    new_rows = () if keeps_both else (When(fit=Fit.NONE, then=Value(Decision.NEW.value)),)
    rows.update(
        decision=Case(
            When(_UNCHANGED[job.policy], then=Value(Decision.UNCHANGED.value)),
            *new_rows,
            default=Value((Decision.NEW if keeps_both else Decision.MERGE).value),
            output_field=CharField(),
        )
    )


def count(job: ImportJob) -> None:
    """Count the decisions into the columns of the job and its parts."""
    rows = ImportRow.objects.filter(job=job).order_by()
    counts = rows.values_list("part", "decision").annotate(Count("pk"))
    by_part: dict[tuple[int | None, str], int] = {(part, what): many for part, what, many in counts}
    sums = dict.fromkeys(_COLUMNS.values(), 0)
    for (_part, decision), many in by_part.items():
        sums[_COLUMNS[decision]] += many
    parts = list(job.parts.all())
    for part in parts:
        for decision, name in _COLUMNS.items():
            setattr(part, name, by_part.get((part.pk, decision), 0))
    ImportPart.objects.bulk_update(parts, list(sums), batch_size=100)
    ImportJob.objects.filter(pk=job.pk).update(**sums)
    for name, value in sums.items():
        setattr(job, name, value)


_COLUMNS = {
    Decision.NEW.value: "new",
    Decision.MERGE.value: "merged",
    Decision.UNCHANGED.value: "unchanged",
    Decision.REFUSED.value: "refused",
}
