"""Values -> the text of a script. Every text that a user typed passes through `grammar.quoted`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from mail.errors import TooLarge
from mail.folding import with_either_apostrophe
from mail.sieve.connection import MOST_BYTES
from mail.sieve.grammar import quoted, quoted_list
from mail.sieve.values import (
    ADDRESS,
    CONTAINS,
    EXISTS,
    FLAG,
    HEADER_FIELDS,
    IS,
    MOST_RULES,
    OVER,
    READ,
    SINCE,
    UNTIL,
    Absence,
    Condition,
    ConditionGroup,
    RawPiece,
    Rule,
    RuleAction,
    Script,
)

MARK: Final = "# webmail:1"
"""The first line of a script of the webmail."""
INCLUDE_MARK: Final = "# webmail:include"
ABSENCE_MARK: Final = "# webmail:absence"
ADVERTS_MARK: Final = "# webmail:adverts"
_INSIDE, _OUTSIDE = "webmail-inside", "webmail-outside"
# Extensions under which ${...} in a string has a meaning of its own.
_EXPANDING: Final = frozenset({"variables", "encoded-character"})
_RELATIONS: Final = {SINCE: "ge", UNTIL: "le", IS: "eq"}


class UnwritableScript(ValueError):
    """The script cannot express this. ``reason`` is ``expands`` (a kept piece gives ``${`` a
    meaning of its own), ``many`` (rules) or ``folder`` (the server may misread its name).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class _ScriptParts:
    """Pieces of text, and the extensions that they need."""

    requires: set[str] = field(default_factory=set)
    strings: list[str] = field(default_factory=list)

    def text(self, value: str) -> str:
        self.strings.append(value)
        return quoted(value)

    def texts(self, values: Iterable[str]) -> str:
        values = list(values)
        self.strings += values
        return quoted_list(values)

    def phrase(self, value: str) -> str:
        """Return the text to be contained, with both apostrophes: users type one, and mail often
        has the other.
        """
        forms = with_either_apostrophe(value)
        return self.texts(forms) if len(forms) > 1 else self.text(value)


def write(script: Script) -> str:
    """Return the script's text. Raises Unwritable, TooLarge beyond `MOST_BYTES`, and ValueError for
    texts that no script can contain.

    The absence comes first, since an included script may stop everything. The user's own rules come
    before the part about adverts, since they take precedence.
    """
    if len(script.items) > MOST_RULES:
        raise UnwritableScript("many")
    parts = _ScriptParts(set(script.requires))
    pieces = list(_pieces(script, parts))
    if parts.requires & _EXPANDING and any(
        "${" in text for text in (*parts.strings, script.adverts)
    ):
        raise UnwritableScript("expands")
    head = [MARK]
    if parts.requires:
        head.append(f"require {quoted_list(sorted(parts.requires))};")
    text = "\n".join([*head, "", *pieces]) + "\n"
    if len(text.encode("utf-8")) > MOST_BYTES:
        raise TooLarge("The script is too long.", limit=MOST_BYTES)
    return text


def write_rule(rule: Rule) -> str:
    """Return the text of one rule."""
    return _rule(rule, _ScriptParts())


def needed(script: Script) -> frozenset[str]:
    """Return the extensions that the script requires."""
    parts = _ScriptParts(set(script.requires))
    list(_pieces(script, parts))
    return frozenset(parts.requires)


def _pieces(script: Script, parts: _ScriptParts) -> Iterator[str]:
    if script.absence:
        yield _absence(script.absence, parts)
    if script.included:
        parts.requires.add("include")
        name = parts.text(script.included)
        # :optional is not used: when such a script is deleted, Pigeonhole 2.4.1 crashes at each
        # delivery. Without it, the script does not run and mail stays in the inbox until the line
        # is removed.
        yield f"{INCLUDE_MARK}\ninclude :personal {name};\n"
    for item in script.items:
        yield item.text.rstrip("\n") + "\n" if isinstance(item, RawPiece) else _rule(item, parts)
    if script.adverts:
        parts.requires |= ADVERTS_REQUIRES
        parts.requires |= {"mailboxid"} if " :mailboxid " in script.adverts else set()
        yield script.adverts.rstrip("\n") + "\n"


def _rule(rule: Rule, parts: _ScriptParts) -> str:
    test = _test(rule, parts)
    if not rule.enabled:
        # Roundcube writes the test of such a rule into a comment, which a line end would end.
        test = f"allof (false, {test})"
    lines = [*rule.comments, f"# rule:[{rule.name}]", f"if {test}", "{"]
    lines += [f"    {_action(action, parts)}" for action in rule.actions]
    if rule.stop:
        lines.append("    stop;")
    return "\n".join([*lines, "}", ""])


def _test(rule: Rule, parts: _ScriptParts) -> str:
    groups = [_group(group, parts) for group in rule.groups]
    if not groups:
        return "true"
    return groups[0] if len(groups) == 1 else _joined(rule.match, groups)


def _group(group: ConditionGroup, parts: _ScriptParts) -> str:
    return _joined(group.match, [_condition(condition, parts) for condition in group.conditions])


def _joined(match: str, tests: list[str]) -> str:
    return f"{match}of ({', '.join(tests)})"


def _condition(condition: Condition, parts: _ScriptParts) -> str:
    test = _positive(condition, parts)
    return f"not {test}" if condition.negated else test


def _positive(condition: Condition, parts: _ScriptParts) -> str:
    match condition.field:
        case "size":
            relation = ":over" if condition.comparison == OVER else ":under"
            return f"size {relation} {int(condition.value)}"
        case "body":
            parts.requires.add("body")
            return f"body :text :contains {parts.phrase(condition.value)}"
        case "date":
            parts.requires |= {"date", "relational"}
            relation = _RELATIONS[condition.comparison]
            # The Date field is compared, as IMAP's SENTSINCE does.
            return (
                f'date :originalzone :value "{relation}" "date" "date" '
                f"{parts.text(condition.value)}"
            )
        case "attachment":
            parts.requires.add("mime")
            return 'header :mime :anychild :contains "content-disposition" "attachment"'
    return _header(condition, parts)


def _header(condition: Condition, parts: _ScriptParts) -> str:
    names = HEADER_FIELDS.get(condition.field) or (condition.header,)
    fields = quoted(names[0]) if len(names) == 1 else quoted_list(names)
    if condition.comparison == EXISTS:
        return f"exists {fields}"
    value = parts.text(condition.value)
    if condition.field in {"from", "to"} and condition.comparison in {IS, ADDRESS}:
        kind = ":is" if condition.comparison == IS else ":contains"
        return f"address {kind} {fields} {value}"
    if condition.comparison == CONTAINS:
        value = parts.phrase(condition.value)
    return f"header :{condition.comparison} {fields} {value}"


def _action(action: RuleAction, parts: _ScriptParts) -> str:
    match action.kind:
        case "read" | "flag" | "tag":
            parts.requires.add("imap4flags")
            flag = {READ: "\\Seen", FLAG: "\\Flagged"}.get(action.kind, action.value)
            return f"addflag {parts.text(flag)};"
        case "copy":
            parts.requires |= {"fileinto", "copy"}
            return f"fileinto :copy {_place(action, parts)};"
        case "move":
            parts.requires.add("fileinto")
            return f"fileinto {_place(action, parts)};"
        case "forward":
            parts.requires.add("copy")
            return f"redirect :copy {parts.text(action.value)};"
    return f"redirect {parts.text(action.value)};"


def _place(action: RuleAction, parts: _ScriptParts) -> str:
    if not action.mailbox_id:
        return parts.text(action.value)
    parts.requires.add("mailboxid")
    return f":mailboxid {quoted(action.mailbox_id)} {parts.text(action.value)}"


def _absence(absence: Absence, parts: _ScriptParts) -> str:
    parts.requires |= {"vacation", "date", "relational"}
    first = _bound("ge", absence.zone_first, absence.first)
    during = f"allof ({first}, {_bound('le', absence.zone_last, absence.last)})"
    test = during if absence.enabled else f"allof (false, {during})"
    return "\n".join([ABSENCE_MARK, f"if {test}", "{", *_answers(absence, parts), "}", ""])


def _bound(relation: str, zone: str, day: date) -> str:
    in_zone = f" :zone {quoted(zone)}" if zone else ""
    return f'currentdate{in_zone} :value "{relation}" "date" {quoted(day.isoformat())}'


def _answers(absence: Absence, parts: _ScriptParts) -> Iterator[str]:
    if not absence.domains:
        yield f"    {_vacation(absence, absence.text, _INSIDE, parts)}"
        return
    # The answer goes to the envelope's sender, whatever From says.
    parts.requires.add("envelope")
    domains = parts.texts(absence.domains)
    yield f'    if envelope :domain :is "from" {domains}'
    yield "    {"
    yield f"        {_vacation(absence, absence.text, _INSIDE, parts)}"
    yield "    }"
    if absence.other_text:
        yield "    else"
        yield "    {"
        yield f"        {_vacation(absence, absence.other_text, _OUTSIDE, parts)}"
        yield "    }"


def _vacation(absence: Absence, text: str, handle: str, parts: _ScriptParts) -> str:
    words = [f"vacation :days {absence.days}", f":handle {quoted(handle)}"]
    if absence.subject:
        words.append(f":subject {parts.text(absence.subject)}")
    if absence.addresses:
        words.append(f":addresses {parts.texts(absence.addresses)}")
    return " ".join([*words, f"{parts.text(text)};"])


# --- adverts ---

ADVERTS_REQUIRES: Final = frozenset({"fileinto", "mailbox"})
MOST_ALLOWED: Final = 500
"""The greatest number of addresses whose mail the script never moves."""

# Headers of spam filters. A sender who writes one into a message is believed.
_JUNK_VERDICTS: Final = (
    ("is", "x-spam-flag", "YES"),
    ("matches", "x-spam-status", "Yes*"),
    ("matches", "x-bogosity", "Spam*"),
    ("matches", "x-bogosity", "Yes*"),
)
# Headers that only mass mailers write.
_MAILERS: Final = ("feedback-id", "x-csa-complaints", "x-mailgun-sid", "x-sg-eid", "x-mj-mid")
# Besides the signs of a mass mailing, the subject must offer something: unions and associations use
# mailers too. In French, "promotion" is also a rank, and "remise" also that of diplomas.
_SELLING: Final = (
    "code promo", "promos ", "les soldes", "soldes d", "offre spéciale", "offre exclusive",
    "offres exclusives", "nos offres", "offre limitée", "% de réduction", "% de remise",
    "vente privée", "ventes privées", "vente flash", "ventes flash", "bons plans", "black friday",
    "livraison offerte", "livraison gratuite", "jusqu'à -", "jusqu’à -", "prix cassés",
    "petits prix", "french days", "% off", "special offer", "free shipping",
)  # fmt: skip


@dataclass(frozen=True)
class AsideMail:
    """The mail that the script moves: the folders for junk and for adverts; ``allowed`` are
    addresses whose mail stays, ``domains`` too, with those below them. ``ids`` are the server's
    identifiers of folders whose names alone it may misread.
    """

    adverts_folder: str
    junk_folder: str
    allowed: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)


def adverts(aside: AsideMail) -> str:
    """Return the part of a script that moves junk and adverts of unknown senders without the
    webmail.
    """
    verdicts = ", ".join(
        f"header :{how} {quoted(name)} {quoted(value)}" for how, name, value in _JUNK_VERDICTS
    )
    mailers = ", ".join(f"exists {quoted(name)}" for name in _MAILERS)
    advert = ", ".join(
        (
            'exists "list-unsubscribe"',
            'not exists "list-post"',
            f'anyof (header :is "precedence" ["bulk", "junk"], {mailers})',
            f'header :contains "subject" {quoted_list(_SELLING)}',
        )
    )
    return f"""{ADVERTS_MARK}
if {_stranger(aside)}
{{
    if anyof ({verdicts})
    {{
        fileinto :create {_named(aside, aside.junk_folder)};
    }}
    elsif allof ({advert})
    {{
        fileinto :create {_named(aside, aside.adverts_folder)};
    }}
}}
"""


def _named(aside: AsideMail, folder: str) -> str:
    mailbox_id = aside.ids.get(folder, "")
    return f":mailboxid {quoted(mailbox_id)} {quoted(folder)}" if mailbox_id else quoted(folder)


def _stranger(aside: AsideMail) -> str:
    """Return the test that holds for senders who are not allowed."""
    tests = []
    if aside.allowed:
        tests.append(f'address :is "from" {quoted_list(sorted(aside.allowed)[:MOST_ALLOWED])}')
    if aside.domains:
        both = [pattern for name in sorted(aside.domains) for pattern in (name, f"*.{name}")]
        tests.append(f'address :domain :matches "from" {quoted_list(both)}')
    return f"not anyof ({', '.join(tests)})" if tests else "true"
