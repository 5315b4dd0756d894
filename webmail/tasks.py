"""Background jobs of the mail app."""

import uuid

from celery import shared_task

from addressbook.contacts import collected
from core.preferences import Preferences
from webmail import enforcing, outbox, probing
from webmail.adverts import judging, pulling, unsubscribing
from webmail.jobs import mail_jobs
from webmail.personal import exporting
from webmail.reader import conversions
from webmail.transfer import jobs as transfers
from webmail.writing import drafts


@shared_task
def convert_office_file(pk: int) -> None:
    """Convert an attachment of an office program into a PDF. A second run finds nothing
    left to do.
    """
    conversions.convert(pk)


@shared_task
def expire_office_previews() -> None:
    """Delete expired office previews. Running it twice does no harm."""
    conversions.expire()


@shared_task
def do_mail_job(pk: int) -> None:
    """Run the rest of an action on many messages. A second run finds nothing left to do."""
    mail_jobs.run(pk)


@shared_task
def tend_mail_jobs() -> None:
    """Start waiting jobs, free those of dead workers, and delete old ones. Running it twice does no
    harm.
    """
    for pk in mail_jobs.tend():
        do_mail_job.delay(pk)


@shared_task
def unsubscribe(pk: int) -> None:
    """Leave a mailing for a user. A second run finds nothing left to do."""
    unsubscribing.run(pk)


@shared_task
def do_transfer(pk: str) -> None:
    """Do an export or import, or the rest of one. A second run finds nothing left to do."""
    transfers.run(uuid.UUID(pk))


@shared_task
def tend_transfers() -> None:
    """Start waiting transfers, free those of dead workers, and delete old ones. Running it twice
    does no harm.
    """
    for pk in transfers.tend():
        do_transfer.delay(str(pk))


@shared_task
def tend_judgements() -> None:
    """Delete overdue judgements and unsubscriptions, and start the unsubscriptions that no worker
    has started. Running it twice does no harm.
    """
    judging.forget_overdue()
    for pk in unsubscribing.waiting():
        unsubscribe.delay(pk)


@shared_task
def prune_drafts() -> None:
    """Delete old versions, discarded drafts and unused files. Running it twice does no harm."""
    drafts.prune()


@shared_task
def deliver_message(pk: str) -> None:
    """Deliver a message of the outbox that is due, and remember its recipients for completion. A
    second run, or one while another worker has the message, does nothing.
    """
    sent = outbox.deliver(uuid.UUID(pk))
    if sent is None:
        return
    chosen = Preferences.combine(sent.user.preferences, enforcing.of_user(sent.user))
    if chosen.collect == "on":
        collected.record(sent.user, outbox.opened(sent).people)


@shared_task
def tend_outbox() -> None:
    """Deliver due messages, and recover those of dead workers. Running it twice does no harm."""
    for pk in outbox.tend():
        deliver_message.delay(str(pk))


@shared_task
def tidy_outbox() -> None:
    """Delete the outbox's overdue rows, drafts and files. Running it twice does no harm."""
    outbox.tidy()


@shared_task
def export_data(pk: str) -> None:
    """Make the file of a user's own data. A second run finds nothing left to do."""
    exporting.run(uuid.UUID(pk))


@shared_task
def tend_exports() -> None:
    """Start waiting exports, free those of dead workers, and delete old ones. Running it twice does
    no harm.
    """
    for pk in exporting.tend():
        export_data.delay(str(pk))


@shared_task
def run_pull(pk: int) -> None:
    """Count, pull or put back reported messages in all mailboxes. A second run finds nothing left
    to do.
    """
    pulling.run(pk)


@shared_task
def tend_pulls() -> None:
    """Start waiting pulls, free those of dead workers, and delete old ones. Running it twice does
    no harm.
    """
    for pk in pulling.tend():
        run_pull.delay(pk)


@shared_task
def tend_probe() -> None:
    """Send a probe when it is due, and look for it while it is on its way. Running it twice does no
    harm.
    """
    due, waiting = probing.tend()
    if due:
        send_probe.delay(str(due))
    if waiting:
        look_for_probe.delay(str(waiting), len(probing.WATCHED_SECONDS))


@shared_task
def send_probe(pk: str) -> None:
    """Send a probe. A second run sends nothing."""
    if probing.send(uuid.UUID(pk)):
        look_for_probe.apply_async((pk, 0), countdown=probing.WATCHED_SECONDS[0])


@shared_task
def look_for_probe(pk: str, times: int) -> None:
    """Look for the probe once, and soon again while its delay is still short. A second run finds
    nothing left to do.
    """
    pauses = probing.WATCHED_SECONDS[times + 1 :]
    if probing.look(uuid.UUID(pk)) and pauses:
        look_for_probe.apply_async((pk, times + 1), countdown=pauses[0])
