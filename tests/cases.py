"""Families of hundreds of cases that are each tried in a moment: one test tries them all, since a
test of its own costs more than such a case."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

MOST_TOLD = 10
"""Failures after which a family is tried no further."""


def each(
    names: str | tuple[str, ...],
    cases: Iterable[Any],
    ids: Iterable[str] | Callable[[Any], object] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """As ``pytest.mark.parametrize``, in one test. Every failure is told with its case. The cases
    share the fixtures: what one leaves there, the next one finds."""
    argument_names = names.replace(" ", "").split(",") if isinstance(names, str) else list(names)
    all_cases = list(cases)
    assert all_cases, "a family without a case tests nothing"
    if ids is None or callable(ids):
        labels = [str(ids(case) if ids else case) for case in all_cases]
    else:
        labels = list(ids)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        def fails(case: Any, label: str, fixtures: dict[str, Any]) -> Exception | None:
            values = (case,) if len(argument_names) == 1 else case
            try:
                test(**fixtures, **dict(zip(argument_names, values, strict=True)))
            except Exception as error:  # noqa: BLE001  told with all others
                error.add_note(f"The case: {label[:500]}")
                return error
            return None

        @functools.wraps(test)
        def try_each(**fixtures: Any) -> None:
            errors: list[Exception] = []
            for case, label in zip(all_cases, labels, strict=True):
                if error := fails(case, label, fixtures):
                    errors.append(error)
                if len(errors) == MOST_TOLD:
                    break
            if errors:
                raise ExceptionGroup(f"{len(errors)} of {len(all_cases)} cases failed", errors)

        # The fixtures that pytest is to bring.
        signature = inspect.signature(test)
        rest = [one for name, one in signature.parameters.items() if name not in argument_names]
        try_each.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]
        return try_each

    return decorate
