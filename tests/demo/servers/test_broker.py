import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from demo.servers.broker import Broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    server = Broker(tmp_path / "broker")
    server.start()
    yield server
    server.stop()


def test_only_its_owner_may_open_the_socket(broker: Broker):
    mode = Path(broker.url.removeprefix("unix://")).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_what_it_holds_outlives_a_stop(broker: Broker):
    with redis.Redis.from_url(broker.url) as client:
        client.set("session", "kept")
    broker.stop()
    broker.start()

    with redis.Redis.from_url(broker.url) as client:
        assert client.get("session") == b"kept"
