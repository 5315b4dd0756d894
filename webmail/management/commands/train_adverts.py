"""``bin/manage train_adverts``: train the classifier of adverts and frauds."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.core.management.base import BaseCommand

from mail import judgement
from mail.judgement import base, corpus, fitting, measuring, model, training
from mail.judgement.fitting import Example
from mail.judgement.words import VERDICT_KINDS, VerdictKind


class Command(BaseCommand):
    help = (
        "Train the classifier of adverts and frauds: write base.json and weights.json in"
        " mail/judgement/data from the texts and messages beside them. The same texts"
        " give the same files. With --held-out nothing is written, and the verdicts on messages"
        " whose families were held out are printed. Needs scikit-learn"
        " (requirements-training.txt), but neither database nor Redis."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--held-out",
            action="store_true",
            help="judge each message by what the families of the others taught, and print a table",
        )

    def handle(self, *args: object, **options: object) -> None:
        examples = fitting.examples(corpus.messages())
        if options["held_out"]:
            held_out = list(fitting.held_out(examples))
            self._tell(held_out)
            self.stdout.write("\nof these, natural mail")
            self._tell([pair for pair in held_out if fitting.is_natural(pair[0])])
            self.stdout.write("\nfamilies that are set aside, by what all others taught")
            self._tell(list(fitting.set_aside(examples)))
            self.stdout.write("\nnatural mail, each hand by what all others taught")
            self._tell(list(fitting.by_hand(examples)))
            self.stdout.write("\nmessages that nothing is chosen on, by what all others taught")
            untaught = fitting.examples(corpus.messages(corpus.UNTAUGHT))
            models = fitting.fit(examples)
            self._tell([(example, fitting.judged(example, models)) for example in untaught])
            return
        counts, models = training.counts(), fitting.fit(examples)
        folder = Path(judgement.__path__[0]) / "data"
        folder.joinpath(base.FILE).write_text(base.dumps(counts), encoding="ascii")
        folder.joinpath(model.FILE).write_text(model.dumps(models), encoding="ascii")
        wanted, adverts, junk = counts.messages
        self.stdout.write(
            f"{wanted} wanted, {adverts} adverts, {junk} junk: {len(counts.words)} words\n"
            f"{len(examples)} messages: {len(models.unwanted.words)} and {len(models.fraud.words)}"
            " words with a weight"
        )

    def _tell(self, judged: Sequence[tuple[Example, VerdictKind]]) -> None:
        self.stdout.write(table((example.written.kind, kind) for example, kind in judged))
        families = {example.written.family for example, _ in judged}
        self.stdout.write(f"{len(judged)} messages of {len(families)} families")
        for kind in VERDICT_KINDS:
            verdicts = [verdict for example, verdict in judged if example.written.kind == kind]
            moved = sum(verdict != "wanted" for verdict in verdicts)
            low, high = measuring.interval(moved, len(verdicts))
            self.stdout.write(
                f"{kind}: {moved} of {len(verdicts)} moved or banded"
                f" (95 % interval {low:.1%} to {high:.1%})"
            )


def table(judged: Iterable[tuple[str, str]]) -> str:
    """Return a table with a row for each true kind and a column for each verdict."""
    counts = Counter(judged)
    rows = [f"{'':>8}" + "".join(f"{kind:>8}" for kind in VERDICT_KINDS)]
    for label in VERDICT_KINDS:
        cells = "".join(f"{counts[label, kind]:>8}" for kind in VERDICT_KINDS)
        rows.append(f"{label:>8}{cells}")
    return "\n".join(rows)
