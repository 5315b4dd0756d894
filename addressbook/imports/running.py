"""A worker does what is next for an import, and shows that it is alive.

Each of its transactions begins with a sign of life (`ClaimedRow.beat`). So a worker whose job was
cancelled, or taken up by another because it seemed dead, changes nothing any more.
"""

from __future__ import annotations

from accounts.claims import Lost
from addressbook.imports import checking, jobs, undoing, writing
from addressbook.models import ImportJob

State, Failure = ImportJob.State, ImportJob.Failure


def run(pk: int) -> None:
    """Do the next step of an import. A second time, or while another worker has it, nothing
    happens; a step that was killed is done again, or from where it was, with the same result."""
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
