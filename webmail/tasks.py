"""Background jobs of the mail app."""

from celery import shared_task

from webmail import conversions, jobs, judging, unsubscribing


@shared_task
def convert_office_file(pk: int) -> None:
    """An attachment of an office program becomes a PDF; a second time nothing is left to do."""
    conversions.convert(pk)


@shared_task
def expire_office_previews() -> None:
    """What was converted an hour ago goes; twice does no harm."""
    conversions.expire()


@shared_task
def do_mail_job(pk: int) -> None:
    """What is left of something done to many messages; a second time nothing is left to do."""
    jobs.run(pk)


@shared_task
def tend_mail_jobs() -> None:
    """Start what waits, take up what died, remove what is left over; twice does no harm."""
    for pk in jobs.tend():
        do_mail_job.delay(pk)


@shared_task
def unsubscribe(pk: int) -> None:
    """A person leaves a mailing; a second time nothing is left to do."""
    unsubscribing.run(pk)


@shared_task
def tend_judgements() -> None:
    """What is long past is forgotten, and unsubscriptions that nobody started are; twice does no
    harm."""
    judging.forget_overdue()
    for pk in unsubscribing.waiting():
        unsubscribe.delay(pk)
