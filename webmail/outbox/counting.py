"""The number of a user's unsent messages. It is counted at each change, so that pages need not
count.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from django.core.cache import cache
from django.db.models import Count, Q
from redis.exceptions import RedisError

from webmail.models import OutboxMessage

logger = logging.getLogger(__name__)

_SECONDS = 300
"""Seconds after which a count in the cache expires."""
_STATE, _STAGE = OutboxMessage.State, OutboxMessage.Stage


def unsent_count(user_id: int) -> int:
    """Return the number of messages that have not left, or are doubtful. Read from the cache."""
    return _known(user_id)[0]


def has_copies_to_file(user_id: int) -> bool:
    """Return whether the user has sent messages whose copy waits for a sign-in, or that may have
    left before a restore. Read from the cache.
    """
    return _known(user_id)[1] > 0


def renew(user_id: int) -> tuple[int, int]:
    """Count again. A cache that is down must not stop a message."""
    mine = OutboxMessage.objects.filter(user_id=user_id)
    has_left = Q(stage__in=(_STAGE.HANDED, _STAGE.FILED))
    counted = mine.unfinished().aggregate(
        unsent=Count("pk", filter=~has_left),
        copies=Count(
            "pk", filter=(has_left & Q(state=_STATE.PASSWORD)) | Q(failure=OutboxMessage.RESTORED)
        ),
    )
    unsent, copies = counted["unsent"], counted["copies"]
    with suppress(RedisError, OSError):
        cache.set(_key(user_id), [unsent, copies], _SECONDS)
    return unsent, copies


def _known(user_id: int) -> tuple[int, int]:
    try:
        counts = cache.get(_key(user_id))
    except (RedisError, OSError):
        counts = None
    if counts is None:
        return renew(user_id)
    unsent, copies = counts
    return unsent, copies


def _key(user_id: int) -> str:
    return f"outbox:{user_id}"
