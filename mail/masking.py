"""A line of IMAP, SMTP or ManageSieve without what it is about: for logs that people read.

Nothing is looked for and taken out. A word stays only where it is one of `WORDS`, which the
protocols and the sentences of known servers are made of, or a number where the grammar has one; all
else becomes … with its length. So passwords, tokens, texts, subjects, addresses and searched words
are left out whatever they are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

IMAP, SMTP, SIEVE = "IMAP", "SMTP", "ManageSieve"

# Characters of one masked line.
LONGEST_LINE: Final = 600

WORDS: Final = frozenset(Path(__file__).with_name("masking.txt").read_text("ascii").upper().split())

# A literal stands in a line as its mark alone.
_TOKEN = re.compile(
    rb'"(?:[^"\\]|\\.)*"?|<[^<>\s]*>|\{\d{1,19}\+?\}|[\[\](){}<>]|[^\s"\[\](){}<>]+|\s+', re.DOTALL
)
_TAG = re.compile(rb"(?:[A-P]{4}\d{1,9}|w\d{1,9}|bye|\*|\+)(?= |\Z)")
_NUMBERS = re.compile(r"[\d:,*.]{1,200}|<\d{1,10}(?:\.\d{1,10})?>")
_SYSTEM_FLAG = re.compile(r"\\(?:[A-Za-z]{1,30}|\*)")
_CAPABILITY = re.compile(r"[A-Za-z0-9=+.:/_-]{1,60}")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_STATUS = re.compile(rb"(?:\* |\S{1,12} )?(?:OK|NO|BAD|BYE|PREAUTH)(?= |\Z)", re.IGNORECASE)
_EDGES = "\"'.,;:!?()[]"

# Commands whose arguments are secret from the first on, or after the name of the mechanism.
_SECRET: Final = frozenset({"LOGIN"})
MECHANISM: Final = frozenset({"AUTHENTICATE", "AUTH"})
# Commands and responses in which strings name folders.
_FOLDERS: Final = frozenset(
    "LIST LSUB XLIST STATUS SELECT EXAMINE CREATE DELETE RENAME SUBSCRIBE UNSUBSCRIBE COPY MOVE"
    " APPEND NAMESPACE GETMETADATA SETMETADATA MYRIGHTS GETQUOTAROOT QUOTAROOT".split()
)
# Keys of SEARCH after which a word is the user's.
_SEARCHED: Final = frozenset("BCC BODY CC FROM HEADER KEYWORD SUBJECT TEXT TO UNKEYWORD".split())
_SEARCHING: Final = frozenset({"SEARCH", "SORT", "THREAD", "ESEARCH"})
_SIEVE_CAPABILITIES: Final = frozenset(
    "IMPLEMENTATION SIEVE SASL NOTIFY STARTTLS LANGUAGE VERSION MAXREDIRECTS RENAME".split()
)


def hidden(size: int) -> str:
    """Return what stands in the place of so many bytes."""
    return f"…{size}"


def client_line(protocol: str, line: bytes) -> str:
    """Return a command as it may be shown. Answers to challenges and contents are not given here:
    they are `hidden` whole."""
    tag = _tag(line) if protocol == IMAP else b""
    words = _Words(line[len(tag) :], protocol)
    return _cut(tag.decode("ascii") + words.of_command())


def server_line(protocol: str, line: bytes) -> str:
    """Return a line of an answer as it may be shown."""
    tag = _tag(line) if protocol == IMAP else b""
    words = _Words(line[len(tag) :], protocol)
    if protocol == SMTP:
        return _cut(words.of_smtp_answer())
    if tag == b"+":
        return f"+ {hidden(len(line) - 1)}"
    if _STATUS.match(line):
        return _cut(tag.decode("ascii") + words.of_status())
    is_capability = line[2:13].upper() == b"CAPABILITY "
    return _cut(tag.decode("ascii") + words.of_data(is_capability=is_capability))


def command_name(protocol: str, line: bytes) -> str:
    """Return the name of the command in a client's line, in capitals."""
    rest = line[len(_tag(line)) :] if protocol == IMAP else line
    first = rest.split(None, 1)[:1]
    return first[0].decode("ascii", "replace").upper() if first else ""


def _tag(line: bytes) -> bytes:
    match = _TAG.match(line)
    return match[0] if match else b""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} {hidden(len(text))}"


class _Words:
    """The tokens of a line without its tag, turned into what may be shown."""

    def __init__(self, line: bytes, protocol: str) -> None:
        self._tokens = [token.decode("utf-8", "replace") for token in _TOKEN.findall(line)]
        self._protocol = protocol
        names = [token.upper() for token in self._tokens if not token.isspace()]
        self._names = names[1:] if names[:1] == ["UID"] else names

    def of_command(self) -> str:
        name = self._names[0] if self._names else ""
        if name in _SECRET:
            return self._after(1)
        if name in MECHANISM:
            return self._after(2)
        return self.of_data(may_search=name in _SEARCHING)

    def of_data(self, *, is_capability: bool = False, may_search: bool = False) -> str:
        """Mask a command or an untagged response, by the words of its grammar."""
        shown, before = [], ""
        with_folders = self._protocol == IMAP and bool(set(self._names[:2]) & _FOLDERS)
        for token in self._tokens:
            if token[0] == '"':
                shown.append(f'"{self._string(_unquoted(token), with_folders)}"')
            elif may_search and before in _SEARCHED and token[0] not in " {":
                shown.append(hidden(len(token)))
            elif is_capability and _CAPABILITY.fullmatch(token):
                shown.append(token)
            else:
                shown.append(_folder_or_word(token) if with_folders else _word(token))
            before = before if token.isspace() else token.upper()
        return "".join(shown)

    def _string(self, text: str, is_folder: bool) -> str:
        if is_folder:
            return _folder(text)
        if self._protocol == SIEVE and self._names[0].strip('"') in _SIEVE_CAPABILITIES:
            return _capabilities(text)
        if "BODYSTRUCTURE" in self._names and text.upper() in WORDS:
            return text
        return hidden(len(text))

    def of_status(self) -> str:
        """Mask OK, NO, BAD or BYE: the code in brackets by the grammar, the sentence by its
        words."""
        end = self._end_of_code()
        code, sentence = self._tokens[:end], self._tokens[end:]
        is_capability = any(token.upper() == "CAPABILITY" for token in code)
        return "".join(
            token if is_capability and _CAPABILITY.fullmatch(token) else _word(token)
            for token in code
        ) + "".join(map(self._spoken, sentence))

    def _end_of_code(self) -> int:
        """Return where the sentence begins, after the name and a code in brackets or, in
        ManageSieve, in parentheses."""
        opening = "(" if self._protocol == SIEVE else "["
        words = [at for at, token in enumerate(self._tokens) if not token.isspace()][:2]
        if len(words) < 2 or self._tokens[words[1]] != opening:
            return words[0] + 1 if words else 0
        closing = "])"[opening == "("]
        rest = enumerate(self._tokens[words[1] :], words[1] + 1)
        return next((at for at, token in rest if token == closing), len(self._tokens))

    def _spoken(self, token: str) -> str:
        if token[0] == '"' and self._protocol == SIEVE:
            return f'"{_sentence(_unquoted(token))}"'
        return _said(token)

    def of_smtp_answer(self) -> str:
        """Mask an answer of SMTP: its code and its enhanced code stay, its sentence by its
        words."""
        text = "".join(self._tokens)
        code, rest = text[:4], text[4:]
        if not re.fullmatch(r"\d{3}[ -]?", code):
            return hidden(len(text))
        if re.fullmatch(r"SIZE \d{1,12}|LIMITS [A-Z0-9= ]{1,80}", rest.strip()):
            return f"{code}{rest.strip()}"
        return code + _sentence(rest)

    def _after(self, kept: int) -> str:
        """Return the first words of the line, and of the rest how long it is."""
        shown: list[str] = []
        for at, token in enumerate(self._tokens):
            if kept <= 0:
                rest = sum(len(other) for other in self._tokens[at:])
                return "".join(shown).rstrip() + f" {hidden(rest)}"
            kept -= not token.isspace()
            shown.append(_word(token))
        return "".join(shown)


def _unquoted(token: str) -> str:
    return token[1:-1] if len(token) > 1 and token[-1] == '"' else token[1:]


def _is_known(word: str) -> bool:
    return (
        word.isspace()
        or (len(word) == 1 and word in "[](){}<>")
        or word.startswith("{")
        or bool(_NUMBERS.fullmatch(word))
        or bool(_SYSTEM_FLAG.fullmatch(word))
        or word.upper() in WORDS
    )


def _word(word: str) -> str:
    """Return a word of the grammar, such as ``SIZE=120`` or ``NOTIFY=FAILURE,DELAY``, or its
    length."""
    if _is_known(word):
        return word
    if word[0] == "<":
        return f"<{hidden(len(word) - 2)}>"
    pieces = re.split(r"([=,:])", word, maxsplit=12)
    if len(pieces) > 1 and pieces[0].upper() in WORDS:
        return "".join(piece if _is_piece(piece) else hidden(len(piece)) for piece in pieces)
    return hidden(len(word))


def _is_piece(piece: str) -> bool:
    return piece in "=,:" or piece.isdigit() or piece.upper() in WORDS


def _folder_or_word(word: str) -> str:
    return word if _is_known(word) else _folder(word)


def _folder(name: str) -> str:
    """Return a folder's name with its separators and its known levels, such as ``INBOX.…7``."""
    pieces = re.split(r"([./\\^|%*])", name)
    return "".join(
        piece if len(piece) <= 1 or piece.upper().replace(" ", "_") in WORDS else hidden(len(piece))
        for piece in pieces
    )


def _capabilities(text: str) -> str:
    return " ".join(
        word if word.upper() in WORDS or word.isdigit() else hidden(len(word))
        for word in text.split(" ")
    )


def _sentence(text: str) -> str:
    return "".join(_said(piece) for piece in re.split(r"(\s+)", text) if piece)


def _said(word: str) -> str:
    """Return a word of a server's sentence, or its length."""
    bare = word.strip(_EDGES)
    if not bare.strip() or bare.upper() in WORDS or _ENHANCED.fullmatch(bare):
        return word
    return hidden(len(word))
