"""Make previews in a helper process with a limited budget, so that a hostile file cannot block
anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from mail import sandbox
from mail.previews.failures import NoPreview, Reason

P = ParamSpec("P")
R = TypeVar("R")

_REASONS = {
    sandbox.CallLimit.TIME: Reason.TOO_SLOW,
    sandbox.CallLimit.MEMORY: Reason.TOO_LARGE,
    sandbox.CallLimit.BUSY: Reason.BUSY,
    sandbox.CallLimit.FAILED: Reason.DAMAGED,
}


def make(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function of this package in a helper process. Raises NoPreview, also where the budget
    is exhausted."""
    try:
        return sandbox.call(function, sandbox.FILE, *args, **kwargs)
    except sandbox.Exhausted as error:
        raise NoPreview(_REASONS[error.limit], str(error)) from error
