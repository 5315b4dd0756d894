"""A person of the authority, as a source of the directory describes one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DirectoryPerson:
    """One person of a source. ``key`` identifies the person there, and is the same at each
    filling."""

    key: str
    name: str
    sort_name: str
    address: str
    school_uai: str = ""
    school_name: str = ""
    discipline: str = ""
    function: str = ""
