from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from accounts.models import MailDomain
from tests.servers import tables
from tests.waiting import LONGEST_S, join


@pytest.mark.django_db(transaction=True)
def test_what_a_request_writes_at_its_end_is_gone_with_the_rest() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer")
    has_written = threading.Event()

    def write() -> None:
        with transaction.atomic():
            MailDomain.objects.create(name="tard.example")
            has_written.set()
            time.sleep(0.3)  # what empties the tables begins meanwhile
        connection.close()

    request = threading.Thread(target=write)
    request.start()
    has_written.wait(LONGEST_S)
    tables.delete_rows()
    join(request)
    assert not MailDomain.objects.exists()
