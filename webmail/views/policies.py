"""Content-Security-Policies of answers with contents of mail, and of pages with the editor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.http import HttpResponseBase

SANDBOX = ["allow-same-origin", "allow-popups", "allow-popups-to-escape-sandbox"]
FRAMED = {
    "default-src": [NONE],
    "img-src": [SELF],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
}
EDITOR = {"style-src-attr": [UNSAFE_INLINE]}
INERT = {"default-src": [NONE], "frame-ancestors": [SELF], "sandbox": True}
P = ParamSpec("P")
Answer = TypeVar("Answer", bound=HttpResponseBase)


def policy(
    directives: dict[str, Any],
) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """Give a view its own Content-Security-Policy: django-csp's decorator, typed for any view."""
    return cast(Any, csp(directives))


def editor_page(view: Callable[P, Answer]) -> Callable[P, Answer]:
    """Decorate a view that answers with the editor, whose text may have style attributes."""
    return cast(Any, cast(Any, csp_update(EDITOR))(view))
