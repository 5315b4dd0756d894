"""Somebody of the authority, as a source of the directory names him."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DirectoryPerson:
    """One person as a source names him; ``key`` is his name there, the same at each filling."""

    key: str
    name: str
    sort_name: str
    address: str
    school_uai: str = ""
    school_name: str = ""
    discipline: str = ""
    function: str = ""
