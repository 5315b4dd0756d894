"""The WSGI entry point, for gunicorn or granian behind a reverse proxy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Protocol
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
django.setup(set_prefix=False)
from webmail.serving.fields import FormHandler  # noqa: E402  it needs Django


class InputStream(Protocol):
    """The methods of ``wsgi.input`` that Django uses."""

    def read(self, size: int = -1, /) -> bytes: ...

    def readline(self, size: int = -1, /) -> bytes: ...


class WholeBody:
    """A request's body that raises OSError if it ends before its announced length.

    If a browser hangs up, servers report the end of the file, and Django takes the part received so
    far for the whole: half an attachment would be sent as if the user had chosen it.
    """

    def __init__(self, stream: InputStream, length: int) -> None:
        self._stream = stream
        self._left = length

    def read(self, size: int = -1, /) -> bytes:
        return self._counted(self._stream.read, size)

    def readline(self, size: int = -1, /) -> bytes:
        return self._counted(self._stream.readline, size)

    def _counted(self, read: Callable[[int], bytes], size: int) -> bytes:
        data = read(size)
        if not data and size and self._left > 0:
            raise OSError("the browser hung up in the middle of its request")
        self._left -= len(data)
        return data


def reads_whole_bodies(app: WSGIApplication) -> WSGIApplication:
    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = str(environ.get("CONTENT_LENGTH") or "")
        announced = int(length) if length.isascii() and length.isdigit() else 0
        environ["wsgi.input"] = WholeBody(environ["wsgi.input"], announced)
        return app(environ, start_response)

    return wrapped


application = reads_whole_bodies(FormHandler())
