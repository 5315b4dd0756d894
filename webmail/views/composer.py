"""The response headers of the composer: pages may frame it, and its text may have style
attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import HttpResponseBase
from django.views.decorators.clickjacking import xframe_options_sameorigin

P = ParamSpec("P")
Answer = TypeVar("Answer", bound=HttpResponseBase)

EDITOR = {"style-src-attr": [UNSAFE_INLINE]}


def document(view: Callable[P, Answer]) -> Callable[P, Answer]:
    """For a view that answers with the composer: a page of ours may show it in a pane, and the
    text that is written, and quoted, has style attributes. Scripts and style sheets are as
    confined as everywhere."""
    return cast(Any, xframe_options_sameorigin(edits(view)))


def edits(view: Callable[P, Answer]) -> Callable[P, Answer]:
    """For a page with the editor, whose text has style attributes."""
    return cast(Any, cast(Any, csp_update(EDITOR))(view))
