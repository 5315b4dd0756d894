"""Read the fields of a posted form fast, in memory that is bounded by the form's size, and say what
they would take on a page.

Python's own decoder of escapes, such as ``%C3%A9``, makes two objects of each: three megabytes of
them take half a second of the interpreter, which other requests wait for, and sixty megabytes of
memory. Here they are decoded as those of quoted-printable text, which is done in C.
"""

from __future__ import annotations

import binascii
import html
from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Any

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.core.files.uploadedfile import UploadedFile
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.http import parse_header_parameters

_SLICE = 256 * 1024
# What makes the one kind of escape the other. Quoted-printable has soft line breaks, one sign for
# two, and makes a sign of its own of an escape that is none. An equals sign of the text stands
# apart meanwhile, as a byte that no text in UTF-8 has.
_TO_QUOTED = (
    (b"+", b" "), (b"\n", b"%0A"), (b"\r", b"%0D"), (b"%%", b"%25%"), (b"%%", b"%25%"),
    (b"\xff", b"\xfe"), (b"%FF", b"%FE"), (b"%ff", b"%FE"), (b"%Ff", b"%FE"), (b"%fF", b"%FE"),
    (b"=", b"\xff"), (b"%3D", b"\xff"), (b"%3d", b"\xff"), (b"%", b"="),
)  # fmt: skip
MOST_SHOWN = 4_000_000
"""The most characters that the text of a form may take on the page that brings it back, where each
sign that HTML has a name for is up to six. Such a page takes nine times that while it is made."""
_NAMED = {sign: len(html.escape(sign)) - 1 for sign in "&<>\"'"}
_URLENCODED = "application/x-www-form-urlencoded"


class FormRequest(WSGIRequest):
    """Django's request with `fields_of` as the reader of its form. A form is in UTF-8, as browsers
    send it, whatever it says: others would choose a decoder that takes the square of the time
    (Punycode), or that makes no text."""

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        told = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        self.content_type, self.content_params = told
        self.content_params.pop("charset", None)

    def _load_post_and_files(self) -> None:
        if self._is_plain_form():
            self._post: QueryDict = fields_of(self.body)
            self._files: MultiValueDict[str, UploadedFile] = MultiValueDict()
        else:
            super()._load_post_and_files()

    def _is_plain_form(self) -> bool:
        """Return whether the form has no files, and its body can still be read. Django answers for
        all others."""
        is_read = self._read_started and not hasattr(self, "_body")  # type: ignore[attr-defined]
        is_form = self.method == "POST" and self.content_type == _URLENCODED
        return is_form and not is_read


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


def shown_size(fields: QueryDict) -> int:
    """Return how many characters all that is typed takes on a page."""
    texts = (text for _name, texts in fields.lists() for text in texts)
    return sum(len(text) + sum(map(_named_size, _NAMED, repeat(text))) for text in texts)


def _named_size(sign: str, text: str) -> int:
    return text.count(sign) * _NAMED[sign]


def _text_of(written: bytes) -> str:
    return b"".join(map(_unescaped, _slices(written))).decode("utf-8", "replace")


def _slices(written: bytes) -> Iterator[bytes]:
    """Yield the text in pieces. None ends within an escape, or with a sign."""
    begin = 0
    while begin < len(written):
        end = begin + _SLICE
        if end < len(written) and (sign := written.rfind(b"%", end - 2, end)) >= 0:
            end = sign
        yield written[begin:end]
        begin = end


def _unescaped(written: bytes) -> bytes:
    if written.endswith(b"%"):
        written += b"25"
    for before, after in _TO_QUOTED:
        written = written.replace(before, after)
    return binascii.a2b_qp(written).replace(b"=", b"%").replace(b"\xff", b"=")
