"""Previews made where a hostile file can hold nobody up: in a helper process, within its budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from webmail import sandbox
from webmail.previews.failures import NoPreview, Reason

P = ParamSpec("P")
R = TypeVar("R")

_REASONS = {
    sandbox.CallLimit.TIME: Reason.TOO_SLOW,
    sandbox.CallLimit.MEMORY: Reason.TOO_LARGE,
    sandbox.CallLimit.BUSY: Reason.BUSY,
    sandbox.CallLimit.FAILED: Reason.DAMAGED,
}


def make(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """``function(*args, **kwargs)`` of one of this package's modules. Raises NoPreview, also where
    the budget ends the call."""
    try:
        return sandbox.call(function, sandbox.FILE, *args, **kwargs)
    except sandbox.Exhausted as error:
        raise NoPreview(_REASONS[error.limit], str(error)) from error
