"""Images from elsewhere for one reader: limits, what is kept, and for whom."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.core.cache import cache

from accounts.models import User
from mail import remote
from mail.errors import RemoteLimit, RemoteRefused, RemoteUnavailable
from mail.remote import RemoteContent, RequestLimits
from tests.servers.web import Web, http, redirect
from webmail.models import AllowedSender, TrustedImageDomain
from webmail.reader import image_proxy

pytestmark = pytest.mark.usefixtures("clean_cache")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
URL = "http://images.example/logo.png"
ALICE, BOB = User(pk=7001, login="alice"), User(pk=7002, login="bob")


@pytest.fixture
def web() -> Iterator[Web]:
    internet = Web()
    yield internet
    internet.close()


@pytest.fixture
def image(web: Web) -> Callable[..., RemoteContent]:
    def from_our_web(url: str) -> RemoteContent:
        limits = RequestLimits(image_proxy.IMAGE_BYTES, 5, 3)
        return remote.fetch(url, resolve=web.resolve, connect=web.connect, limits=limits)

    def fetched(user: User = ALICE, url: str = URL, **more: Any) -> RemoteContent:
        if kept := image_proxy.kept(user, url):
            return kept
        image_proxy.check_limits(user)
        usual: dict[str, Any] = {"keep": True, "fetch": from_our_web}
        return image_proxy.fetched(user, url, **(usual | more))

    return fetched


def test_an_image_is_fetched_once_a_day_for_a_person(web: Web, image) -> None:
    server = web.serve("images.example", http(PNG))
    for _again in range(3):
        assert image() == RemoteContent("image/png", PNG)
    assert server.connections == 1


def test_what_one_person_saw_is_not_another_persons(web: Web, image) -> None:
    """Else the time it takes tells who has read what."""
    server = web.serve("images.example", http(PNG))
    image(ALICE)
    image(BOB)
    assert server.connections == 2


def test_another_address_is_another_image(web: Web, image) -> None:
    server = web.serve("images.example", http(PNG))
    image()
    image(url=URL + "?2")
    assert server.connections == 2


def test_on_a_shared_computer_nothing_is_kept(web: Web, image) -> None:
    server = web.serve("images.example", http(PNG))
    image(keep=False)
    image(keep=False)
    assert server.connections == 2


@pytest.mark.parametrize(("size", "connections"), [(0, 1), (1, 2)])
def test_large_images_are_not_kept(web: Web, image, size: int, connections: int) -> None:
    content = PNG.ljust(image_proxy.KEPT_BYTES + size, b"\0")
    server = web.serve("images.example", http(content))
    for _again in range(2):
        assert image().content == content
    assert server.connections == connections


def test_a_refusal_is_not_kept(web: Web, image) -> None:
    web.serve("images.example", http(b"<svg/>", "image/svg+xml"), http(PNG))
    with pytest.raises(RemoteRefused):
        image()
    assert image().content == PNG


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "é",
        5,
        ["a"],
        base64.b64encode(b"<html>").decode(),
        base64.b64encode(PNG[1:]).decode(),
    ],
)
def test_what_lies_in_the_cache_is_not_believed(web: Web, image, value: object) -> None:
    digest = hashlib.sha256(URL.encode()).hexdigest()
    cache.set(f"remote-image:{ALICE.pk}:{digest}", value)
    web.serve("images.example", http(PNG))
    assert image().content == PNG


def test_an_image_that_was_remembered_needs_no_network(web: Web, image) -> None:
    image_proxy.remember(ALICE, URL, RemoteContent("image/png", PNG))
    assert image().content == PNG
    assert web.asked == []


def test_a_person_may_ask_for_so_many_in_a_minute(web: Web, image, settings) -> None:
    settings.REMOTE_IMAGES_PER_MINUTE = 3
    web.serve("images.example", http(PNG))
    for n in range(3):
        image(url=f"{URL}?{n}")
    with pytest.raises(RemoteLimit):
        image(url=f"{URL}?3")
    assert image(url=f"{URL}?0").content == PNG  # what is kept asks nobody
    assert image(BOB).content == PNG


def test_without_a_limit_there_is_none(web: Web, image, settings) -> None:
    settings.REMOTE_IMAGES_PER_MINUTE = 0
    web.serve("images.example", http(PNG))
    assert [image(url=f"{URL}?{n}").content for n in range(5)] == [PNG] * 5


def test_hosts_that_do_not_answer_are_waited_for_so_many_times(web: Web, image) -> None:
    for n in range(image_proxy.PATIENCE):
        with pytest.raises(RemoteUnavailable):
            image(url=f"http://late-{n}.example/")
    web.serve("images.example", http(PNG))
    with pytest.raises(RemoteLimit):
        image()
    assert image(BOB).content == PNG


def test_refusals_do_not_count_as_lateness(web: Web, image) -> None:
    for _again in range(image_proxy.PATIENCE):
        with pytest.raises(RemoteRefused):
            image(url="http://127.0.0.1/")
    web.serve("images.example", http(PNG))
    assert image().content == PNG


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://localhost/", "http://[::ffff:10.0.0.1]/", "file:///etc"]
)
def test_the_way_that_is_used_for_real_is_the_guarded_one(url: str) -> None:
    with pytest.raises(RemoteRefused):
        image_proxy.fetched(ALICE, url, keep=True)


@pytest.mark.parametrize("host", ["emltrk.com", "abc.EMLTRK.com", "track.hubspot.com."])
def test_a_host_that_only_counts_readers_is_not_looked_up(host: str) -> None:
    with pytest.raises(RemoteRefused, match="counts"):
        image_proxy.from_the_web(f"http://{host}/a.png")


def test_an_image_that_leads_to_a_counter_of_readers_is_refused(web: Web, image) -> None:
    def fetch(url: str) -> RemoteContent:
        resolve = partial(image_proxy.look_up, resolve=web.resolve)
        limits = RequestLimits(image_proxy.IMAGE_BYTES, 5, 3)
        return remote.fetch(url, resolve=resolve, connect=web.connect, limits=limits)

    web.serve("images.example", redirect("http://abc.emltrk.com/p"))
    counter = web.serve("abc.emltrk.com", http(PNG))
    with pytest.raises(RemoteRefused, match="counts"):
        image(fetch=fetch)
    assert counter.connections == 0


def test_an_administrator_closes_networks(settings) -> None:
    settings.REMOTE_CLOSED_NETWORKS = [ipaddress.ip_network("93.184.216.0/24")]
    with pytest.raises(RemoteRefused, match="public"):
        image_proxy.fetched(ALICE, "http://93.184.216.34/", keep=True)


@pytest.mark.django_db
def test_a_persons_own_list_and_the_administrators_are_both_asked() -> None:
    reader = User.objects.create(login="lectrice")
    assert not image_proxy.allows(reader, "a@exemple.fr")
    AllowedSender.objects.allow(reader, "a@exemple.fr")
    assert image_proxy.allows(reader, "a@exemple.fr")
    assert not image_proxy.allows(reader, "b@exemple.fr")
    TrustedImageDomain.objects.create(domain="exemple.fr")
    assert image_proxy.allows(reader, "b@exemple.fr")
