"""The memory of a session, without a session."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


class Remembering:
    """``kept``: JSON by kind and name; ``found``: what was asked for and there."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.found: list[tuple[str, str]] = []

    def get(self, kind: str, name: str) -> Any:
        return self.get_many(kind, (name,)).get(name)

    def put(self, kind: str, name: str, value: Any) -> None:
        self.put_many(kind, {name: value})

    def get_many(self, kind: str, names: Iterable[str]) -> dict[str, Any]:
        there = [name for name in names if (kind, name) in self.kept]
        self.found += [(kind, name) for name in there]
        return {name: json.loads(self.kept[kind, name]) for name in there}

    def put_many(self, kind: str, values: Mapping[str, Any]) -> None:
        self.kept.update({(kind, name): json.dumps(value) for name, value in values.items()})
