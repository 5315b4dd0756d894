"""Two rules for each of the academy's people, where the demo's server supports Sieve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from demo.academy import Person
from demo.servers.process import LOOPBACK
from mail.sieve import connection, writing
from mail.sieve.values import Condition, ConditionGroup, Rule, RuleAction, Script

NAME: Final = "webmail"
RULES: Final = Script(
    (
        Rule(
            "Classe de 4e B",
            (
                ConditionGroup(
                    "any",
                    (
                        Condition("subject", "contains", "[4e B]"),
                        Condition("to", "address", "4eb@"),
                    ),
                ),
            ),
            (RuleAction("move", "Classes/4e B"),),
            stop=True,
        ),
        Rule(
            "Rappels de réunion déjà lus",
            (ConditionGroup("all", (Condition("subject", "contains", "Rappel : réunion"),)),),
            (RuleAction("read"), RuleAction("tag", "$label2")),
            enabled=False,
        ),
    )
)


def fill(port: int, people: Sequence[Person]) -> None:
    """Write the rules for each person who has no script yet. Raises the errors of the
    connection."""
    server = connection.SieveServer(LOOPBACK, port, "none")
    for person in people:
        with connection.open(server, person.login, person.password) as sieve:
            if not sieve.scripts():
                sieve.put(NAME, writing.write(RULES))
                sieve.activate(NAME)
