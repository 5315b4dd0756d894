"""Findings as they are printed by commands."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.management.base import BaseCommand

from accounts.health.findings import Finding

_SIGNS = {"ok": "✓", "warn": "!", "bad": "✗"}


def write(command: BaseCommand, title: object, findings: Iterable[Finding]) -> None:
    """Print the findings about a part to the standard output of a command."""
    style = command.style
    styles = {"ok": style.SUCCESS, "warn": style.WARNING, "bad": style.ERROR}
    command.stdout.write(style.MIGRATE_HEADING(str(title)))
    for finding in findings:
        command.stdout.write(f"  {styles[finding.level](_SIGNS[finding.level])} {finding.text}")
        if finding.advice:
            command.stdout.write(f"      {finding.advice}")


def as_values(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Return the findings as they stand in the output of ``--json``."""
    return [
        {"level": finding.level, "text": finding.text, "advice": finding.advice}
        for finding in findings
    ]
