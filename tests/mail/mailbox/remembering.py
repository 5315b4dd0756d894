"""The memory of a session, without a session."""

from __future__ import annotations

import json
from typing import Any


class Remembering:
    """``kept``: JSON by kind and name."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get(self, kind: str, name: str) -> Any:
        return json.loads(self.kept[kind, name]) if (kind, name) in self.kept else None

    def put(self, kind: str, name: str, value: Any) -> None:
        self.kept[kind, name] = json.dumps(value)
