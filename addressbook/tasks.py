"""Background jobs of the address book."""

from celery import shared_task

from addressbook import contacts, imports
from addressbook.directory import filling


@shared_task
def empty_bins() -> None:
    """Delete for good what was put into the bin 30 days ago; twice does no harm."""
    contacts.expire()


@shared_task
def fill_directory() -> None:
    """The directory as its sources say tonight; twice changes nothing more."""
    filling.fill()


@shared_task
def run_import(pk: int) -> None:
    """The next step of an import; a second time nothing is left to do."""
    imports.run(pk)


@shared_task
def tend_imports() -> None:
    """Take up imports that died, start what waits, remove what is left over; twice does no harm."""
    for pk in imports.tend():
        run_import.delay(pk)
