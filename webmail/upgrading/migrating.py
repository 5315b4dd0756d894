"""The missing migrations, and whether the former version works with their results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import connection
from django.db.migrations import operations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import NOT_PROVIDED

LOCK_SECONDS = 10
"""Seconds after which a migration that gets no lock on its table fails, since all pages would wait
behind it."""

_TAKE_AWAY = (
    operations.DeleteModel,
    operations.RemoveField,
    operations.RenameField,
    operations.RenameModel,
    operations.AlterModelTable,
)


def plan() -> list[Migration]:
    """Return the missing migrations in order. Raises DatabaseError."""
    executor = MigrationExecutor(connection)
    return [migration for migration, _back in executor.migration_plan(_leaves(executor))]


def _leaves(executor: MigrationExecutor) -> list[tuple[str, str]]:
    return executor.loader.graph.leaf_nodes()


def is_empty() -> bool:
    """Return whether no version ever ran on this database. Raises DatabaseError."""
    return not MigrationRecorder(connection).applied_migrations()


def breaking(migration: Migration) -> list[str]:
    """Return descriptions of the operations in a migration with whose results processes of the
    former version cannot work; none where both versions work."""
    new_models = {
        operation.name_lower
        for operation in migration.operations
        if isinstance(operation, operations.CreateModel)
    }
    return [
        operation.describe()
        for operation in _of_database(migration.operations)
        if _breaks(operation) and getattr(operation, "model_name_lower", "") not in new_models
    ]


def _of_database(all_operations: Sequence[Operation]) -> Iterator[Operation]:
    for operation in all_operations:
        if isinstance(operation, operations.SeparateDatabaseAndState):
            yield from _of_database(operation.database_operations)
        else:
            yield operation


def _breaks(operation: Operation) -> bool:
    if isinstance(operation, _TAKE_AWAY):
        return True
    if not isinstance(operation, operations.AddField):
        return False
    field = operation.field
    # Only `db_default` is a default of the database itself, and INSERTs of the former version do
    # not name the new column.
    has_value = field.null or field.many_to_many or field.db_default is not NOT_PROVIDED
    return not (has_value or field.generated)


def limit_locks() -> None:
    """Limit the time that migrations of this connection wait for locks to `LOCK_SECONDS`."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
