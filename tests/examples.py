"""How many examples Hypothesis makes: each run has others, and none knows when enough are tried."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import settings

USUAL: Final = 50
WHOLE: Final = "whole"
SAMPLE: Final = "sample"


def load(*, is_whole: bool) -> None:
    """Set how a run makes them, before its tests are read. An example takes long where the machine
    stalls, whatever it is."""
    settings.register_profile(SAMPLE, deadline=None, max_examples=USUAL)
    settings.register_profile(WHOLE, deadline=None, max_examples=2 * USUAL)
    settings.load_profile(WHOLE if is_whole else SAMPLE)


def up_to(most: int, **more: Any) -> settings:
    """Return the settings of a test that has ``most`` examples with ``--whole``, and otherwise no
    more than is usual."""
    is_whole = settings.get_current_profile_name() == WHOLE
    return settings(max_examples=most if is_whole else min(most, USUAL), **more)
