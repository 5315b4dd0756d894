"""Background jobs of the mail app."""

from uuid import UUID

from celery import shared_task

from accounts import tending
from addressbook.contacts import collected
from core.preferences import Preferences
from webmail import enforcing, outbox, probing
from webmail.adverts import judging, pulling, unsubscribing
from webmail.jobs import mail_jobs
from webmail.models import (
    DataExport,
    MailJob,
    OutboxMessage,
    Pull,
    Transfer,
    Unsubscription,
)
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


@tending.job(MailJob, mail_jobs.wait_again)
def do_mail_job(pk: int) -> None:
    """Run the rest of an action on many messages. A second run finds nothing left to do."""
    mail_jobs.run(pk)


@tending.job(Unsubscription, unsubscribing.give_up, is_apart=True)
def unsubscribe(pk: int) -> None:
    """Leave a mailing for a user. A second run finds nothing left to do."""
    unsubscribing.run(pk)


@tending.job(Transfer, transfers.wait_again, is_apart=True)
def do_transfer(pk: UUID) -> None:
    """Do an export or import, or the rest of one. A second run finds nothing left to do."""
    transfers.run(pk)


@shared_task
def tidy_jobs() -> None:
    """Delete what is expired of jobs, transfers, exports and pulls, and files that no row names.
    Running it twice does no harm.
    """
    mail_jobs.tidy()
    pulling.tidy()
    exporting.tidy()
    transfers.tidy()


@shared_task
def forget_judgements() -> None:
    """Delete overdue judgements and unsubscriptions. Running it twice does no harm."""
    judging.forget_overdue()


@shared_task
def prune_drafts() -> None:
    """Delete old versions, discarded drafts and unused files. Running it twice does no harm."""
    drafts.prune()


@tending.job(OutboxMessage, outbox.revive)
def deliver_message(pk: UUID) -> None:
    """Deliver a message of the outbox that is due, and remember its recipients for completion. A
    second run, or one while another worker has the message, does nothing.
    """
    sent = outbox.deliver(pk)
    if sent is None:
        return
    chosen = Preferences.combine(sent.user.preferences, enforcing.of_user(sent.user))
    if chosen.collect == "on":
        collected.record(sent.user, outbox.opened(sent).people)


@shared_task
def tidy_outbox() -> None:
    """Delete the outbox's overdue rows, drafts and files. Running it twice does no harm."""
    outbox.tidy()


@tending.job(DataExport, is_apart=True)
def export_data(pk: UUID) -> None:
    """Make the file of a user's own data. A second run finds nothing left to do."""
    exporting.run(pk)


@tending.job(Pull, is_apart=True)
def run_pull(pk: int) -> None:
    """Count, pull or put back reported messages in all mailboxes. A second run finds nothing left
    to do.
    """
    pulling.run(pk)


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
    if probing.send(UUID(pk)):
        look_for_probe.apply_async((pk, 0), countdown=probing.WATCHED_SECONDS[0])


@shared_task
def look_for_probe(pk: str, times: int) -> None:
    """Look for the probe once, and soon again while its delay is still short. A second run finds
    nothing left to do.
    """
    pauses = probing.WATCHED_SECONDS[times + 1 :]
    if probing.look(UUID(pk)) and pauses:
        look_for_probe.apply_async((pk, times + 1), countdown=pauses[0])
