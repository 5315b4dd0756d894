"""Background jobs of the mail app."""

from celery import shared_task

from webmail import conversions


@shared_task
def convert_office_file(pk: int) -> None:
    """An attachment of an office program becomes a PDF; a second time nothing is left to do."""
    conversions.convert(pk)


@shared_task
def expire_office_previews() -> None:
    """What was converted an hour ago goes; twice does no harm."""
    conversions.expire()
