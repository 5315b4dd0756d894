"""`train_adverts`: the base model made anew from the texts in `webmail/adverts/data`."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand

from webmail import adverts
from webmail.adverts import base, training


class Command(BaseCommand):
    help = (
        "Makes webmail/adverts/data/base.json, what the judgement of adverts starts from, out of"
        " the texts beside it. The same texts give the same file. Needs neither database nor Redis."
    )
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        learnt = training.counts()
        file = Path(adverts.__path__[0]) / "data" / base.FILE
        file.write_text(base.dumps(learnt), encoding="ascii")
        letters, unwanted, junk = learnt.messages
        self.stdout.write(
            f"{letters} letters, {unwanted} adverts, {junk} junk: {len(learnt.words)} words"
        )
