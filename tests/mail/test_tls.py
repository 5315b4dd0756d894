"""TLS with servers: what is kept of it, and for how long."""

from __future__ import annotations

import gc
import os
import weakref
from pathlib import Path

import certifi
import pytest

from mail import tls
from mail.imap import client
from mail.imap.values import ImapServer


def test_connections_share_a_context_until_its_file_of_authorities_is_another(
    tmp_path: Path,
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(Path(certifi.where()).read_bytes())
    first = tls.context(str(file))
    assert tls.context(str(file)) is first
    os.utime(file, ns=(1, 1))
    renewed = tls.context(str(file))
    assert renewed is not first and renewed.get_ca_certs()
    assert tls.context() is tls.context() is not renewed


def test_a_file_that_is_missing_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        tls.context(str(tmp_path / "none.pem"))


def test_nothing_is_kept_for_the_names_of_servers_that_users_type() -> None:
    kept = weakref.ref(client._context(ImapServer("192.0.2.1", 993, "tls", name="ancien.example")))
    gc.collect()
    assert kept() is None
