"""Prepare a process before its first request. Django imports views, reads templates and connects
only when needed; that would take the first request three quarters of a second of processor time."""

from __future__ import annotations

import gc
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.template.engine import Engine
from django.urls import reverse
from django.utils import translation

from accounts.providers import proof, proxied
from core import dates
from mail import sandbox
from mail.judgement import verdict
from webmail.serving import health


def warm() -> None:
    """Prepare this process, and the connections of this thread to the database. Where a proxy names
    users, find out whether it alone can."""
    if proxied.is_on():
        proof.begin()
    health.state()
    sandbox.start()
    _load()


def share() -> None:
    """Load what forked processes share. No connection stays open, since two processes cannot share
    one."""
    _load()
    sandbox.prepare()
    connections.close_all()


def _load() -> None:
    """Load views and templates. Only those in the default language, since each language takes 11
    MB."""
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            reverse(settings.LOGIN_URL)
            dates.month_name(1)
    with translation.override(settings.LANGUAGE_CODE):
        _read_templates(Engine.get_default())
    verdict.load()
    # Exempt all objects of now from garbage collection; examining them takes a tenth of a second.
    gc.collect()
    gc.freeze()


def _read_templates(engine: Engine) -> None:
    """Read our own templates; those of libraries are read when first used."""
    for folder in engine.dirs:
        for file in sorted(Path(folder).rglob("*.html")):
            engine.get_template(str(file.relative_to(folder)))
