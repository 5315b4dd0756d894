"""The receiving mail server's verdicts on a message's sender: Authentication-Results (RFC 8601)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from webmail.mime.headers import Headers

_LEXEME = re.compile(r'\\.|[^\\"()]+|.', re.DOTALL)
_RESULT = re.compile(
    r"\s*([a-z0-9-]{1,40})\s*(?:/\s*\d+\s*)?=\s*([a-z]{1,20})(?![\w-])", re.IGNORECASE
)
_LONGEST = 20_000
# What RFC 5451 called a failure of SPF.
_OLD_NAMES = {"hardfail": "fail"}


@dataclass(frozen=True)
class Verdicts:
    """``pass``, ``fail``, ``softfail``, ``none``... in small letters, ``""`` for what the server
    did not say. Of several DKIM signatures one that passes is enough."""

    spf: str = ""
    dkim: str = ""
    dmarc: str = ""

    def __bool__(self) -> bool:
        return bool(self.spf or self.dkim or self.dmarc)

    @property
    def is_refused(self) -> bool:
        """Whether the domain in From says that the message is none of its own."""
        if self.dmarc:
            return self.dmarc == "fail"
        return self.spf == "fail" and self.dkim != "pass"


def read(fields: Headers, server: str) -> Verdicts:
    """The verdicts of our own server, whose authserv-id is ``server``; nothing when that is empty.

    Anybody can write such a field into a message, also with our server's name: only the topmost
    field of that name counts, and those that follow it before the next Received. The server must
    still take out what bears its name when a message comes in (RFC 8601 section 5): where it writes
    none at all, a forged one would be the topmost.
    """
    verdicts: dict[str, str] = {}
    for value in _own(fields, server.strip().lower()):
        for method, result in _results(value):
            if verdicts.get(method) in (None, "none") or (method == "dkim" and result == "pass"):
                verdicts[method] = result
    return Verdicts(verdicts.get("spf", ""), verdicts.get("dkim", ""), verdicts.get("dmarc", ""))


def _own(fields: Headers, server: str) -> Iterator[str]:
    """Our server's fields, comments and strings taken out."""
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
    """``value`` without comments, which nest, and with strings that hold nothing to cut it at.

    What is never closed goes on to the end: whoever gets his words into a comment of our server
    must not get out of it.
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
