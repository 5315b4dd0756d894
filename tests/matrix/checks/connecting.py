"""News of the mailbox, and connections that end."""

from __future__ import annotations

import asyncio

import pytest

from accounts import session
from mail.errors import ServerRefused
from mail.imap import watch
from mail.imap.values import ImapServer
from mail.imap.watch import News
from tests.matrix.checks import check, not_offered
from tests.matrix.places import Place
from tests.servers.plugin import ALICE
from tests.servers.wire import Wire
from tests.waiting import run_apart
from tests.webmail.views.list.test_news import poll
from tests.webmail.views.mail import letter, subjects


async def _news(server: ImapServer, place: Place) -> News:
    """What is told while a letter comes."""
    watching = await watch.open(server, ALICE.login, ALICE.password)
    try:
        told = asyncio.create_task(watching.news())
        await asyncio.sleep(0.5)
        await asyncio.to_thread(place.box.append, letter("Arrivé"))
        return await told
    finally:
        watching.close()


@check("new mail is told while the page is open")
def push(place: Place) -> str | None:
    server = session.imap_server(place.domain)
    if "IDLE" not in place.capabilities:
        with pytest.raises(ServerRefused):
            run_apart(_news(server, place))
        return not_offered("`IDLE`; asked for each minute")
    news = run_apart(_news(server, place))
    assert [message.envelope.subject for message in news.arrived] == ["Arrivé"]
    return None


@check("new mail is told to who asks")
def asked(place: Place) -> None:
    place.box.append(letter("Un"))
    (before,) = poll(place.reader).json()["folders"]
    place.box.append(letter("Deux"))
    (after,) = poll(place.reader).json()["folders"]
    assert (before["exists"], after["exists"], after["unseen"]) == (1, 2, 2)


@check("a connection that the server ends is opened again")
def hung_up(place: Place) -> None:
    place.box.append(letter("Encore là"))
    with Wire(place.server.imap_port) as wire:
        place.domain.imap_port = wire.port
        place.domain.save()
        for _time in range(2):
            assert subjects(place.list()) == ["Encore là"]
            wire.hang_up()
        place.act("flag", *place.box.uids())
        assert place.box.flags(place.box.uids()[0]) == {"\\Flagged"}
