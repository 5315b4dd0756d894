"""How values are kept in Redis: JSON, never pickle: who writes the cache must not run code here."""

from __future__ import annotations

import json


class JSONSerializer:
    """The serializer interface of Django's RedisCache. Whole numbers stay as they are, for INCR."""

    def dumps(self, value: object) -> bytes | int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> object:
        return json.loads(data)
