"""French typography, so that the letters can be typed on an ordinary keyboard."""

import re
import textwrap

NO_BREAK = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"

# Applied in this order. HTML may go through as well: its attributes use double quotes alone and
# its style sheets have no space before ":" or ";".
_RULES = (
    (re.compile(r"(?<=[^\W\d_])'(?=[\w«<])"), "\N{RIGHT SINGLE QUOTATION MARK}"),
    (re.compile(r" (?=[;!?])"), NARROW),
    (re.compile(r" (?=[:»])"), NO_BREAK),
    (re.compile(r"(?<=«) "), NO_BREAK),
    (re.compile(r"(?<=\d) (?=(?:h|min|km|cm|m|Mo|Ko|ans)\b|[€%])"), NO_BREAK),
    (re.compile(rf"(?<=\d{NO_BREAK}h) (?=\d)"), NO_BREAK),
    (re.compile(r"(?<=\d) (?=\d{3}\b)"), NARROW),
    (re.compile(r"\b(M\.|MM\.|Mme|Mmes|Dr|n°|p\.) (?=\w)"), rf"\1{NO_BREAK}"),
)

_OWN_LINE = re.compile(r"[-•>|]|\d+[.)] ")


def french(text: str) -> str:
    """Put in the curly apostrophes and the no-break spaces that French asks for."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def paragraphs(source: str) -> str:
    """Join the lines of each paragraph of an indented literal; blank lines part paragraphs.

    A line which begins a list item or a quotation stays a line of its own; so does one that
    begins with "| ", a mark that goes away.
    """
    blocks = textwrap.dedent(source).strip().split("\n\n")
    return "\n\n".join(_joined(block) for block in blocks) + "\n"


def _joined(block: str) -> str:
    lines: list[str] = []
    for line in block.splitlines():
        if not lines or _OWN_LINE.match(line):
            lines.append(line.strip())
        else:
            lines[-1] += " " + line.strip()
    return "\n".join(line.removeprefix("| ") for line in lines)
