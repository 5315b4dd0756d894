"""A worker does what is next for an import, and shows that it is alive.

Whoever has a job writes into its row who he is; each of his transactions begins by finding it still
there. So one whose job was cancelled, or given to somebody else because he seemed dead, changes
nothing any more.
"""

from __future__ import annotations

import secrets

from addressbook.imports import checking, jobs, undoing, writing
from addressbook.imports.heartbeat import Stopped
from addressbook.models import ImportJob

State, Failure = ImportJob.State, ImportJob.Failure


def run(pk: int) -> None:
    """Do the next step of an import. A second time, or while another worker has it, nothing
    happens; a step that was killed is done again, or from where it was, with the same result."""
    job = ImportJob.objects.claim(pk, secrets.token_hex(16))
    if job is None:
        return
    try:
        if job.attempts > ImportJob.MOST_ATTEMPTS:
            jobs.fail(job, Failure.INTERRUPTED)
        else:
            _STEPS[State(job.state)](job)
    except Stopped:
        pass
    except Exception:
        jobs.fail(job, Failure.BROKEN)
        raise


_STEPS = {
    State.CHECKING: checking.check,
    State.WRITING: writing.write,
    State.UNDOING: undoing.take_back,
}
