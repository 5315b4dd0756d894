"""The services that an installation needs, tested for the health check of a load balancer and for
the self-check."""

from __future__ import annotations

import os
import tempfile

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def missing_migrations() -> int:
    """Return the number of migrations of this version that the database lacks. Raises
    DatabaseError."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def write_to_spool(size: int = 1) -> None:
    """Write ``size`` bytes to a file in the spool, flush them to disk, and remove the file. Raises
    OSError."""
    settings.SPOOL.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.SPOOL) as file:
        file.write(b"\0" * size)
        file.flush()
        os.fsync(file.fileno())
