"""Read the fields of a posted form in memory that is bounded by the form's size.

Python's own decoder makes two objects of each escaped byte: three megabytes of ``%0A`` take sixty
megabytes of memory. Here a text is decoded slice by slice.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

_SLICE = 16 * 1024
_URLENCODED = "application/x-www-form-urlencoded"


class FormRequest(WSGIRequest):
    """Django's request with `fields_of` as the reader of its form."""

    def _load_post_and_files(self) -> None:
        if self._is_plain_form():
            self._post, self._files = fields_of(self.body), MultiValueDict()
        else:
            super()._load_post_and_files()  # type: ignore[misc]

    def _is_plain_form(self) -> bool:
        """Return whether the form has no files, and its body can still be read. Django answers for
        all others."""
        is_read = self._read_started and not hasattr(self, "_body")
        is_utf_8 = (self._encoding or "utf-8").lower() == "utf-8"
        is_form = self.method == "POST" and self.content_type == _URLENCODED
        return is_form and is_utf_8 and not is_read


class FormHandler(WSGIHandler):
    """Django's handler, which makes a `FormRequest` of each request."""

    request_class = FormRequest


def fields_of(body: bytes) -> QueryDict:
    """Return the fields of a body, as Django's own reader does. Raises TooManyFieldsSent before it
    reads any of them."""
    if body.count(b"&") >= settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
        raise TooManyFieldsSent("A form has too many fields.")
    fields = QueryDict(mutable=True, encoding="utf-8")
    for pair in filter(None, body.split(b"&")):
        name, _sign, value = pair.partition(b"=")
        fields.appendlist(_text_of(name), _text_of(value))
    fields._mutable = False
    return fields


def _text_of(written: bytes) -> str:
    return b"".join(_decoded(written.replace(b"+", b" "))).decode("utf-8", "replace")


def _decoded(written: bytes) -> Iterator[bytes]:
    """Yield the bytes of each slice. No slice ends within an escape, such as ``%0A``."""
    begin = 0
    while begin < len(written):
        end = begin + _SLICE
        if (sign := written.rfind(b"%", end - 2, end)) >= 0:
            end = sign
        yield unquote_to_bytes(written[begin:end])
        begin = end
