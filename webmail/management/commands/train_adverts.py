"""`train_adverts`: the base model made anew from the texts in `webmail/adverts/classify/data`."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand

from webmail.adverts import classify
from webmail.adverts.classify import base, training


class Command(BaseCommand):
    help = (
        "Makes webmail/adverts/classify/data/base.json, from which the judgement of adverts starts,"
        " out of the texts beside it. The same texts give the same file. Needs neither database"
        " nor Redis."
    )
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        learnt = training.counts()
        file = Path(classify.__path__[0]) / "data" / base.FILE
        file.write_text(base.dumps(learnt), encoding="ascii")
        wanted, adverts, junk = learnt.messages
        self.stdout.write(
            f"{wanted} wanted, {adverts} adverts, {junk} junk: {len(learnt.words)} words"
        )
