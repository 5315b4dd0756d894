"""The list of attacks, and the decorators that put a function on it.

An attack is a function with a line of docstring in one of the modules beside. What it gives back
says `mailed`, `attached`, `imported` or `typed`; `played` is for those that act themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tools.bench.cost.letters import with_file
from tools.bench.cost.scene import Scene

Play = Callable[[Scene], None]
Letters = bytes | list[bytes]


@dataclass(frozen=True)
class Attack:
    """``name`` is that of the module and of the function: ``css.blanks``."""

    name: str
    about: str
    play: Play


ATTACKS: dict[str, Attack] = {}


def played(play: Play) -> Play:
    """What does it all by itself."""
    _register(play, play)
    return play


def mailed(make: Callable[[], Letters]) -> Callable[[], Letters]:
    """Messages, whose pages are then all opened."""

    def play(scene: Scene) -> None:
        made = make()
        scene.read(made if isinstance(made, list) else [made])

    _register(make, play)
    return make


def attached(
    name: str, media_type: str = "application/octet-stream"
) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """A file, attached to a message."""

    def decorate(make: Callable[[], bytes]) -> Callable[[], bytes]:
        _register(make, lambda scene: scene.read([with_file(make(), name, media_type)]))
        return make

    return decorate


def imported(name: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """An old address book, which is brought, looked at and imported; another person writes a
    message meanwhile."""

    def decorate(make: Callable[[], bytes]) -> Callable[[], bytes]:
        _register(make, lambda scene: scene.bring(name, make()))
        return make

    return decorate


def typed(
    path: str, *names: str, **others: str
) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """A text, typed into the fields of these names of the page's form; without names into each
    field that takes a text. ``others``: values of other fields."""

    def decorate(make: Callable[[], str]) -> Callable[[], str]:
        def play(scene: Scene) -> None:
            text = make()
            values = {name.replace("__", "-"): value for name, value in others.items()}
            values |= dict.fromkeys(names, text)
            scene.person.fill(path, values, "" if names else text)

        _register(make, play)
        return make

    return decorate


def _register(function: Callable[..., object], play: Play) -> None:
    family = function.__module__.rpartition(".")[2]
    name = f"{family}.{function.__name__.replace('_', '-')}"
    if name in ATTACKS:
        raise ValueError(f"Two attacks are called {name}.")
    ATTACKS[name] = Attack(name, (function.__doc__ or "").splitlines()[0], play)
