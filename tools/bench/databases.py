"""The same measurement on SQLite and, where it is installed, on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from tests.servers import postgresql


def measure_on_each(module: str, *arguments: object, label: str = "") -> None:
    """Run ``python -m tools.bench.MODULE --here ARGUMENTS`` with the DATABASE_URL of an empty
    database of each kind. ``label`` is printed before the kind."""
    with tempfile.TemporaryDirectory() as folder:
        print(f"{label}SQLite", flush=True)  # noqa: T201
        _run(module, arguments, f"sqlite:///{folder}/bench.sqlite3")
    if not postgresql.installed():
        print("PostgreSQL is not installed.")  # noqa: T201
        return
    server = postgresql.PostgreSQL()
    server.start()
    try:
        print(f"{label}PostgreSQL", flush=True)  # noqa: T201
        _run(module, arguments, server.url)
    finally:
        server.stop()


def _run(module: str, arguments: tuple[object, ...], url: str) -> None:
    own = {
        "DATABASE_URL": url,
        "WEBMAIL_SECRET_KEY": "bench",
        "DJANGO_SETTINGS_MODULE": "webmail.settings",
    }
    command = [sys.executable, "-m", f"tools.bench.{module}", "--here", *map(str, arguments)]
    subprocess.run(command, env=os.environ | own, check=True)  # noqa: S603
