"""What beat finds for the workers."""

from typing import Any


def due(model: type[Any]) -> list[Any]:
    """Free the rows of dead workers, and return the keys of those that workers would be told of."""
    import webmail.tasks  # noqa: F401  it names the tasks of its rows, as those below do
    from accounts import tasks as accounts_tasks  # noqa: F401
    from accounts import tending
    from addressbook import tasks as addressbook_tasks  # noqa: F401

    return tending.due(model)
