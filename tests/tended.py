"""What beat finds for the workers."""

from typing import Any

import webmail.tasks  # noqa: F401  it names the tasks of all rows, as those below do
from accounts import tasks as accounts_tasks  # noqa: F401
from accounts import tending
from accounts.claims import ClaimedRow
from addressbook import tasks as addressbook_tasks  # noqa: F401


def due(model: type[ClaimedRow]) -> list[Any]:
    """Free the rows of dead workers, and return the keys of those that workers would be told of."""
    return tending.due(model)
