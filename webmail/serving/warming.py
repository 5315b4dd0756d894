"""Do at the start what the first request would else wait for, three quarters of a second of the
processor: Django imports the views, reads templates and connects when they are first needed."""

from __future__ import annotations

import gc
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.template.engine import Engine
from django.urls import reverse
from django.utils import translation

from webmail import dates, sandbox
from webmail.adverts.classify import verdict
from webmail.serving import health


def warm() -> None:
    """Get a process ready to answer, and this thread, which connections to the database belong
    to."""
    health.state()
    sandbox.start()
    _load()


def share() -> None:
    """Load what processes that are forked from this one share. Nothing is open then: a connection
    serves no two processes."""
    _load()
    sandbox.prepare()
    connections.close_all()


def _load() -> None:
    """Load what the first request would else wait for, with the templates of the usual language
    alone, since those of each language take 11 MB."""
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            reverse(settings.LOGIN_URL)
            dates.month_name(1)
    with translation.override(settings.LANGUAGE_CODE):
        _read_templates(Engine.get_default())
    verdict.load()
    # What is there now stays: to look through it for garbage takes a tenth of a second.
    gc.collect()
    gc.freeze()


def _read_templates(engine: Engine) -> None:
    """Our own; what is a library's is read when it is first shown."""
    for folder in engine.dirs:
        for file in sorted(Path(folder).rglob("*.html")):
            engine.get_template(str(file.relative_to(folder)))
