"""Content-Security-Policies of answers with contents of mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.http import HttpResponseBase

SANDBOX = ["allow-same-origin", "allow-popups", "allow-popups-to-escape-sandbox"]
FRAMED = {
    "default-src": [NONE],
    "img-src": [SELF],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
}
INERT = {"default-src": [NONE], "sandbox": True}
P = ParamSpec("P")
Answer = TypeVar("Answer", bound=HttpResponseBase)


def policy(
    directives: dict[str, Any],
) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """A Content-Security-Policy of the view's own; django-csp's decorator, typed for any view."""
    return cast(Any, csp(directives))
