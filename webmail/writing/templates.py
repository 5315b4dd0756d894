"""Texts of administrators, in which ``{name}`` and the like stand for values of the staff
record."""

from __future__ import annotations

import re
from collections.abc import Mapping

from accounts.models import StaffRecord, User

_PLACES = re.compile(r"\{(name|function|discipline|school|address)\}")


def values(user: User, record: StaffRecord | None) -> dict[str, str]:
    """Return the values of a user, "" if unknown."""
    return {
        "name": (record.name if record else "") or user.name,
        "function": record.function if record else "",
        "discipline": record.discipline if record else "",
        "school": record.school_name if record else "",
        "address": user.address,
    }


def filled(template: str, known: Mapping[str, str]) -> str:
    """Fill the places of a template, such as ``{name}``. A line whose places are all empty is left
    out."""
    lines = []
    for line in template.strip().splitlines():
        places = _PLACES.findall(line)
        if places and not any(known[place] for place in places):
            continue
        lines.append(_PLACES.sub(lambda match: known[match[1]], line).strip())
    return "\n".join(lines)
