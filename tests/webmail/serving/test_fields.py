"""The fields of a posted form are those that Django reads, for much less memory."""

from __future__ import annotations

import io
import tracemalloc
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from django.core.exceptions import TooManyFieldsSent
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import each
from tests.waiting import cheap
from webmail.serving.fields import FormHandler, FormRequest, fields_of
from webmail.wsgi import application

MEGABYTE = 1_000_000


def posted(body: bytes, media_type: str = "application/x-www-form-urlencoded") -> FormRequest:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": media_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    return FormRequest(environ)


SMALL = (
    b"", b"&&", b"a", b"a=", b"=b", b"a=b=c", b"a=1&a=2&b=3", b"a+b=c+d%2B", b"%", b"a=%", b"a=%4",
    b"a=%zz%41", b"%C3%A9=%e9", b"a=%F0%9F%8E%89%0D%0A", "é=ü".encode(), b"a=%26%3D&b=%25",
)  # fmt: skip
CUT = tuple(b"a=" + b"x" * shift + b"%C3%A9%2" * 70_000 for shift in range(9))
CUT += tuple(b"a=" + b"x" * shift + b"%" * 600_000 + b"41" for shift in range(3))
PIECES = [bytes([byte]) for byte in b"%%%%%=+\n\r0123456789ABCDEFabcdef_x\xff\xfe\xc3\0"]
PIECES += [b"%41", b"%C3%A9", b"%3D", b"%3d", b"%FF", b"%fF", b"%25", b"%0A"]


@each("body", SMALL + CUT)
def test_the_fields_are_those_of_django(body: bytes) -> None:
    assert fields_of(body) == QueryDict(body, encoding="utf-8")
    assert QueryDict(body, encoding="utf-8") == posted(body).POST


@given(st.lists(st.sampled_from([*PIECES, "é".encode()])).map(b"".join))
def test_any_escapes_are_those_of_python(written: bytes) -> None:
    value = unquote_to_bytes(written.replace(b"+", b" ")).decode("utf-8", "replace")
    assert fields_of(b"a=" + written)["a"] == value


def test_escapes_cost_little_of_the_processor() -> None:
    with cheap(0.3):
        assert posted(b"a=" + b"%C3%A9" * 800_000).POST
        assert posted(b"a=" + b"%" * 5_200_000).POST


def test_escapes_cost_little_memory() -> None:
    def peak(body: bytes) -> float:
        tracemalloc.start()
        try:
            assert posted(body).POST
            return tracemalloc.get_traced_memory()[1] / MEGABYTE
        finally:
            tracemalloc.stop()

    assert peak(b"a=" + b"%0A" * 1_700_000) < 25
    assert peak(b"a=" + b"%" * 5_200_000) < 25
    assert peak(b"a=%C3%A9&" * 5_000 + b"a=" + b"%C3%A9" * 800_000) < 25


def test_too_many_fields_are_refused_before_any_is_read() -> None:
    assert len(fields_of(b"&".join([b"a=b"] * 6_000)).getlist("a")) == 6_000
    with pytest.raises(TooManyFieldsSent):
        fields_of(b"&".join([b"a=b"] * 6_001))


def test_fields_are_not_changed() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        posted(b"a=b").POST.update({"a": "c"})


def test_forms_with_files_are_read_by_django() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n%41\r\n--x--\r\n'
    assert posted(body, "multipart/form-data; boundary=x").POST["a"] == "%41"
    assert not posted(b"a=b", "text/plain").POST


def test_pages_are_made_of_these_requests() -> None:
    handlers = [cell.cell_contents for cell in application.__closure__ or ()]
    assert [handler for handler in handlers if isinstance(handler, FormHandler)]


ALPHABETS = ["utf-7", "utf-16", "idna", "punycode", "rot13", "zlib", "hex", "bz2", "undefined"]
ALPHABETS += ["unicode_escape", "utf-8-sig", "charmap", "unknown", "\0", "a" * 3_000, "utf-8", ""]


@each("told", ALPHABETS, ids=repr)
def test_a_form_is_in_utf_8_whatever_it_says(told: str) -> None:
    """Decoders of Python that are no alphabets raise errors, and Punycode takes the square of the
    time: a stranger could choose one on the page of the sign-in."""
    body = "name=Zoé%20%C3%A9".encode()
    form = posted(body, f"application/x-www-form-urlencoded; charset={told}")
    assert form.POST["name"] == "Zoé é"
    part = 'Content-Disposition: form-data; name="name"\r\n\r\nZoé'.encode()
    parts = b"--x\r\n" + part + b"\r\n--x--\r\n"
    files = posted(parts, f"multipart/form-data; boundary=x; charset={told}")
    assert files.POST["name"] == "Zoé"
