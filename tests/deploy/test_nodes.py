"""Two machines behind one proxy, as docs/scaling.md has them: one is lost under load."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from demo.servers import dovecot
from tests.servers import nginx, postgresql
from tests.servers.plugin import missing
from tools.faults.people import Person, arrived
from tools.faults.site import Site

PEOPLE = 6
pytestmark = [pytest.mark.slow, pytest.mark.whole]


@pytest.fixture
def site() -> Iterator[Site]:
    if not (nginx.program() and postgresql.installed() and dovecot.installed()):
        pytest.skip(missing("nginx, PostgreSQL or Dovecot"))
    site = Site(PEOPLE)
    try:
        site.start()
        yield site
    finally:
        site.stop()


def wait_for_each(people: list[Person], writes: int = 1) -> None:
    """Until everybody has seen a page, and written so many messages, from now on."""
    before = {person: (len(person.seen), len(person.accepted)) for person in people}
    deadline = time.monotonic() + 240
    for person in people:
        seen, accepted = before[person]
        while not (
            any(one.is_well for one in person.seen[seen:])
            and len(person.accepted) >= accepted + writes
        ):
            assert time.monotonic() < deadline, person.seen[-5:]
            time.sleep(0.2)


def test_a_node_that_is_killed_signs_nobody_out_and_sends_nothing_twice(site: Site) -> None:
    people = [Person(one, site.accounts, site.url, think=1.0) for one in site.accounts]
    for person in people:
        person.start()
    wait_for_each(people)
    for killed, other in ((0, 1), (1, 0)):
        site.nodes[killed].kill()
        site.workers[killed].stop()
        wait_for_each(people, writes=2)
        assert not site.nodes[other].has_ended()
        site.nodes[killed].start()
        site.workers[killed].start()
        site.nodes[killed].wait_for_port()
        wait_for_each(people)
    for person in people:
        person.is_over.set()
    for person in people:
        person.join(120)
    assert not any(person.signed_out for person in people)
    accepted = {subject for person in people for subject in person.accepted}
    deadline = time.monotonic() + 120
    while accepted - (there := arrived(site.accounts, site.dovecot.imap_port)).keys():
        assert time.monotonic() < deadline, accepted - there.keys()
        time.sleep(2)
    assert set(there.values()) == {1}, there.most_common(3)
