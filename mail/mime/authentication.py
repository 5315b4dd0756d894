"""The receiving mail server's verdicts on a message's sender: Authentication-Results (RFC 8601)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mail.mime.headers import Headers

_LEXEME = re.compile(r'\\.|[^\\"()]+|.', re.DOTALL)
_RESULT = re.compile(
    r"\s*([a-z0-9-]{1,40})\s*(?:/\s*\d+\s*)?=\s*([a-z]{1,20})(?![\w-])", re.IGNORECASE
)
_LONGEST = 20_000
# The name of a failure of SPF in RFC 5451.
_OLD_NAMES = {"hardfail": "fail"}


@dataclass(frozen=True)
class Verdicts:
    """The verdicts in lower case: ``pass``, ``fail``, ``softfail``, ``none`` and so on; ``""`` for
    those that the server did not give. One valid DKIM signature of several is enough.
    """

    spf: str = ""
    dkim: str = ""
    dmarc: str = ""

    def __bool__(self) -> bool:
        return bool(self.spf or self.dkim or self.dmarc)

    @property
    def is_refused(self) -> bool:
        """Whether the domain in From declares that the message does not come from it."""
        if self.dmarc:
            return self.dmarc == "fail"
        return self.spf == "fail" and self.dkim != "pass"


def server_verdicts(fields: Headers, server: str) -> Verdicts:
    """Return the verdicts of the authority's own mail server, whose authserv-id is ``server``;
    nothing when that is empty.

    Anybody can write such a field into a message, even with the server's name. Only the topmost
    field of that name counts, and those that follow it before the next Received. The server must
    still remove fields with its name from incoming messages (RFC 8601 section 5): if it writes none
    itself, a forged field would be the topmost.
    """
    verdicts: dict[str, str] = {}
    for value in _own(fields, server.strip().lower()):
        for method, result in _results(value):
            if verdicts.get(method) in (None, "none") or (method == "dkim" and result == "pass"):
                verdicts[method] = result
    return Verdicts(verdicts.get("spf", ""), verdicts.get("dkim", ""), verdicts.get("dmarc", ""))


def _own(fields: Headers, server: str) -> Iterator[str]:
    """Yield the fields of the own server, without comments and strings."""
    has_begun = False
    for name, raw in fields.fields if server else ():
        if name.lower() == "received" and has_begun:
            return
        if name.lower() == "authentication-results":
            value = _bare(raw[:_LONGEST].decode("utf-8", "replace"))
            words = value.partition(";")[0].split()
            if words and words[0].lower() == server:
                has_begun = True
                yield value.partition(";")[2]


def _bare(value: str) -> str:
    """Return ``value`` without comments, which may nest, and with strings emptied.

    An unclosed comment or string reaches to the end, so that a sender whose text stands in a
    comment of the server cannot break out of it.
    """
    out: list[str] = []
    depth, is_quoted = 0, False
    for lexeme in _LEXEME.findall(value):
        if is_quoted:
            is_quoted = lexeme != '"'
            out.append(re.sub(r'[;="\s]', "", lexeme))
        elif lexeme == "(":
            depth += 1
        elif depth:
            depth -= lexeme == ")"
        elif lexeme == '"':
            is_quoted = True
        else:
            out.append(" " if lexeme == ")" else lexeme)
    return "".join(out)


def _results(value: str) -> Iterator[tuple[str, str]]:
    for statement in value.split(";"):
        if match := _RESULT.match(statement):
            result = match[2].lower()
            yield match[1].lower(), _OLD_NAMES.get(result, result)
