"""Run the next step of an import in a worker, with signs of life.

Each transaction of a worker begins with a sign of life (`ClaimedRow.beat`). A worker whose job was
cancelled, or taken over by another one because it seemed dead, therefore changes nothing more.
"""

from __future__ import annotations

from accounts.claims import Lost
from addressbook.imports import checking, jobs, undoing, writing
from addressbook.models import ImportJob

State, Failure = ImportJob.State, ImportJob.Failure


def run(pk: int) -> None:
    """Do the next step of an import. Nothing happens if the step is done, or another worker runs
    it. A killed step is repeated, or continued from its last transaction, with the same result."""
    job = ImportJob.objects.claim(pk)
    if job is None:
        return
    try:
        if job.attempts > ImportJob.MOST_ATTEMPTS:
            jobs.fail(job, Failure.INTERRUPTED)
        else:
            _STEPS[State(job.state)](job)
    except Lost:
        pass
    except Exception:
        jobs.fail(job, Failure.BROKEN)
        raise


_STEPS = {
    State.CHECKING: checking.check,
    State.WRITING: writing.write,
    State.UNDOING: undoing.take_back,
}
