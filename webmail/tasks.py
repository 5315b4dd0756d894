"""Background jobs of the mail app."""

import uuid

from celery import shared_task

from addressbook.contacts import collected
from webmail import outbox, probing
from webmail.adverts import judging, pulling, unsubscribing
from webmail.jobs import mail_jobs
from webmail.personal import exporting
from webmail.preferences import Preferences, enforcing
from webmail.reader import conversions
from webmail.transfer import jobs as transfers
from webmail.writing import drafts


@shared_task
def convert_office_file(pk: int) -> None:
    """An attachment of an office program becomes a PDF; a second time nothing is left to do."""
    conversions.convert(pk)


@shared_task
def expire_office_previews() -> None:
    """Delete expired office previews. To run it twice does no harm."""
    conversions.expire()


@shared_task
def do_mail_job(pk: int) -> None:
    """Run the rest of an action on many messages. A second run finds nothing left to do."""
    mail_jobs.run(pk)


@shared_task
def tend_mail_jobs() -> None:
    """Start what waits, take up what died, remove what is left over; twice does no harm."""
    for pk in mail_jobs.tend():
        do_mail_job.delay(pk)


@shared_task
def unsubscribe(pk: int) -> None:
    """A person leaves a mailing; a second time nothing is left to do."""
    unsubscribing.run(pk)


@shared_task
def do_transfer(pk: str) -> None:
    """Do an export or import, or the rest of one. A second run finds nothing left to do."""
    transfers.run(uuid.UUID(pk))


@shared_task
def tend_transfers() -> None:
    """Start what waits, take up what died, remove what is over its time; twice does no harm."""
    for pk in transfers.tend():
        do_transfer.delay(str(pk))


@shared_task
def tend_judgements() -> None:
    """Delete overdue judgements and unsubscriptions, and start the unsubscriptions that no worker
    has started. To run it twice does no harm."""
    judging.forget_overdue()
    for pk in unsubscribing.waiting():
        unsubscribe.delay(pk)


@shared_task
def prune_drafts() -> None:
    """Old versions, discarded drafts and files that nothing needs go; twice does no harm."""
    drafts.prune()


@shared_task
def deliver_message(pk: str) -> None:
    """A message of the outbox that is due; a second time, or while another has it, nothing
    happens. Who got it is remembered for completion."""
    sent = outbox.deliver(uuid.UUID(pk))
    if sent is None:
        return
    chosen = Preferences.combine(sent.user.preferences, enforcing.of_user(sent.user))
    if chosen.collect == "on":
        collected.record(sent.user, outbox.opened(sent).people)


@shared_task
def tend_outbox() -> None:
    """Deliver what is due, take up what died; twice does no harm."""
    for pk in outbox.tend():
        deliver_message.delay(str(pk))


@shared_task
def tidy_outbox() -> None:
    """Delete the outbox's overdue rows, drafts and files. To run it twice does no harm."""
    outbox.tidy()


@shared_task
def export_data(pk: str) -> None:
    """The file of a user's own data is made; a second time nothing is left to do."""
    exporting.run(uuid.UUID(pk))


@shared_task
def tend_exports() -> None:
    """Start exports that wait, take up what died, remove what is over its time; twice does no
    harm."""
    for pk in exporting.tend():
        export_data.delay(str(pk))


@shared_task
def run_pull(pk: int) -> None:
    """Reported messages are counted, pulled or put back in all mailboxes; a second time nothing is
    left to do."""
    pulling.run(pk)


@shared_task
def tend_pulls() -> None:
    """Start what waits, take up what died, remove what is over its time; twice does no harm."""
    for pk in pulling.tend():
        run_pull.delay(pk)


@shared_task
def tend_probe() -> None:
    """Send the message that goes round when it is due, look for it while it does; twice does no
    harm."""
    due, waiting = probing.tend()
    if due:
        send_probe.delay(str(due))
    if waiting:
        look_for_probe.delay(str(waiting), len(probing.WATCHED_SECONDS))


@shared_task
def send_probe(pk: str) -> None:
    """The message that goes round leaves; a second time nothing does."""
    if probing.send(uuid.UUID(pk)):
        look_for_probe.apply_async((pk, 0), countdown=probing.WATCHED_SECONDS[0])


@shared_task
def look_for_probe(pk: str, times: int) -> None:
    """Look for the message once, and soon again while that is told from how long it took; a second
    time nothing is left to do."""
    pauses = probing.WATCHED_SECONDS[times + 1 :]
    if probing.look(uuid.UUID(pk)) and pauses:
        look_for_probe.apply_async((pk, times + 1), countdown=pauses[0])
