import os
import socket
from pathlib import Path

import pytest

from demo import claims
from demo.words import Refused


def test_a_taken_port_is_said_with_a_way_out():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refused, match=f"Port {port} is taken.*--port"):
            claims.need_port(port)


def test_a_second_demo_in_the_checkout_is_refused(tmp_path: Path):
    lock = tmp_path / "var" / "demo.lock"
    held = claims.claim_checkout(lock, 8000)
    with pytest.raises(Refused, match=f"process {os.getpid()}, port 8000"):
        claims.claim_checkout(lock, 8001)
    os.close(held)


def test_the_checkout_is_free_again_after_the_end(tmp_path: Path):
    lock = tmp_path / "demo.lock"
    os.close(claims.claim_checkout(lock, 8000))
    os.close(claims.claim_checkout(lock, 8001))

    assert lock.read_text() == f"process {os.getpid()}, port 8001\n"
