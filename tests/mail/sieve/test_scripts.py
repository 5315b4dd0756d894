"""Rules <-> the text of a script: the same again, never another's meaning."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.errors import TooLarge
from mail.sieve import grammar, reading, values, writing
from mail.sieve.values import Absence, Condition, ConditionGroup, RawPiece, Rule, RuleAction, Script
from tests.examples import up_to
from tests.servers.plugin import missing
from tests.waiting import LONGEST_S

# --- any rule at all ---

# What one tries to break out of a string with, among anything else that a string can hold.
BREAKS = [
    '"',
    "\\",
    "];",
    '"];',
    "text:",
    "\n.\n",
    "/*",
    "*/",
    "#",
    "}",
    "${1}",
    "stop;",
    "é",
    "\t",
]
TEXTS = st.lists(
    st.sampled_from(BREAKS)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=6),
    max_size=5,
).map("".join)
LINES = TEXTS.map(lambda text: reading._one_line(text))
HEADERS = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)
DAYS = st.dates(date(1970, 1, 1), date(2100, 1, 1))


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(sorted(values.COMPARISONS)))
    comparison = draw(st.sampled_from(values.COMPARISONS[field]))
    value = ""
    if field == values.SIZE:
        value = str(draw(st.integers(0, 2**31 - 1)))
    elif field == values.DATE:
        value = draw(DAYS).isoformat()
    elif comparison != values.EXISTS:
        value = draw(TEXTS)
    header = ""
    if field == values.HEADER:
        taken = {name for names in values.HEADER_FIELDS.values() for name in names}
        header = draw(HEADERS.filter(lambda name: name not in taken))
    return Condition(field, comparison, value, draw(st.booleans()), header)


GROUPS = st.builds(
    ConditionGroup,
    st.sampled_from((values.ALL, values.ANY)),
    st.lists(conditions(), min_size=1, max_size=4).map(tuple),
)
ACTIONS = st.one_of(
    st.builds(RuleAction, st.sampled_from((values.READ, values.FLAG))),
    st.builds(
        RuleAction, st.just(values.TAG), st.from_regex(r"\$?[a-z0-9_]{1,10}", fullmatch=True)
    ),
    st.builds(
        RuleAction,
        st.sampled_from((values.MOVE, values.COPY, values.FORWARD, values.REDIRECT)),
        TEXTS.filter(bool),
    ),
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    groups = tuple(draw(st.lists(GROUPS, max_size=3)))
    match = draw(st.sampled_from((values.ALL, values.ANY))) if len(groups) > 1 else values.ALL
    return Rule(
        draw(LINES),
        groups,
        tuple(draw(st.lists(ACTIONS, max_size=4))),
        match,
        draw(st.booleans()),
        draw(st.booleans()),
    )


ABSENCES = st.builds(
    Absence,
    TEXTS,
    DAYS,
    DAYS,
    st.booleans(),
    TEXTS,
    st.integers(1, 30),
    st.lists(TEXTS, max_size=2).map(tuple),
    st.lists(TEXTS, max_size=2).map(tuple),
    st.just(""),
    st.sampled_from(("+0200", "-1000")),
    st.sampled_from(("+0100", "+0000")),
)
SCRIPTS = st.builds(Script, st.lists(rules(), max_size=4).map(tuple), st.none() | ABSENCES, LINES)


@given(SCRIPTS)
@up_to(400)
def test_what_was_written_reads_the_same(script: Script) -> None:
    assert reading.read_script(writing.write(script)) == script


@given(SCRIPTS)
@up_to(200)
def test_no_text_becomes_a_command(script: Script) -> None:
    """As many commands and tests as the rules have, whatever is in their words."""
    written = grammar.parse(writing.write(script))
    names = [command.name for command in written if command.name != "require"]
    absence = ["if"] if script.absence else []
    included = ["include"] if script.included else []
    assert names == absence + included + ["if"] * len(script.items)
    for command, rule in zip(
        written[len(written) - len(script.items) :], script.rules, strict=True
    ):
        assert command.block is not None
        assert len(command.block) == len(rule.actions) + rule.stop


@pytest.fixture(scope="module")
def sievec() -> str:
    program = shutil.which("sievec")
    if program is None:
        pytest.skip(missing("Pigeonhole's sievec (dovecot-sieve)"))
    return program


@given(script=st.builds(Script, st.lists(rules(), max_size=3).map(tuple), st.none() | ABSENCES))
@up_to(40)
def test_pigeonhole_reads_what_was_written(
    sievec: str, tmp_path_factory: pytest.TempPathFactory, script: Script
) -> None:
    """It may refuse an address or a folder, for what it is; never the grammar."""
    folder = tmp_path_factory.mktemp("sieve")
    source = folder / "script.sieve"
    source.write_text(writing.write(script), encoding="utf-8", newline="\r\n")
    told = subprocess.run(  # noqa: S603
        [sievec, str(source), str(folder / "script.svbin")],
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    for line in told.stderr.splitlines():
        assert "syntax" not in line and "unexpected" not in line, line
        assert "unknown command" not in line and "unknown test" not in line, line


# --- by name ---


@pytest.mark.parametrize(
    "name",
    ['x]\r\nredirect "a@b.fr";', "x\nstop;", "x\u2028stop;", "x\0"],
)
def test_a_name_with_a_line_end_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        Rule(name)


def test_an_odd_name_stays_a_comment() -> None:
    rule = Rule('Été ] # "x" /* text: }', (), (RuleAction("read"),))
    assert reading.read_script(writing.write(Script((rule,)))).items == (rule,)


def test_nul_can_be_in_no_script() -> None:
    rule = Rule("x", (ConditionGroup("all", (Condition("subject", "contains", "a\0b"),)),))
    with pytest.raises(ValueError, match="NUL"):
        writing.write(Script((rule,)))


@pytest.mark.parametrize("field", ["subject", "body"])
@pytest.mark.parametrize("typed", ["l'été", "l’été", "aujourd'hui à l’école"])
def test_a_text_is_looked_for_with_either_apostrophe(field: str, typed: str) -> None:
    """Keyboards write one, telephones and word processors the other."""
    rule = Rule(
        "x", (ConditionGroup("all", (Condition(field, "contains", typed),)),), (RuleAction("read"),)
    )
    text = writing.write(Script((rule,)))
    straight = typed.replace("’", "'")
    other = straight if straight != typed else typed.replace("'", "’")
    assert f'["{typed}", "{other}"]' in text
    assert reading.read_script(text).items == (rule,)


def test_a_text_that_would_be_expanded_is_not_written() -> None:
    theirs = reading.read_script('require ["variables"];\nset "a" "b";\n')
    rule = Rule("x", (ConditionGroup("all", (Condition("subject", "contains", "${a}"),)),))
    with pytest.raises(writing.UnwritableScript) as raised:
        writing.write(values.Script((*theirs.items, rule), requires=theirs.requires))
    assert raised.value.reason == "expands"


def test_a_rule_of_a_script_with_variables_is_kept_as_it_is() -> None:
    text = (
        'require ["variables", "fileinto"];\nif header :is "subject" "${a}" { fileinto "${b}"; }\n'
    )
    (item,) = reading.read_script(text).items
    assert isinstance(item, RawPiece)
    assert 'fileinto "${b}"' in item.text


def test_more_than_500_rules_and_more_than_100_kb_are_refused() -> None:
    assert writing.write(Script((Rule("x"),) * values.MOST_RULES))
    with pytest.raises(writing.UnwritableScript):
        writing.write(Script((Rule("x"),) * (values.MOST_RULES + 1)))
    long = Rule("x", (), (RuleAction("move", "é" * 60_000),))
    with pytest.raises(TooLarge):
        writing.write(Script((long,)))


# --- written by others ---

ROUNDCUBE = """require ["fileinto","copy","imap4flags","date","relational","vacation","regex"];
# rule:[Parents d'élèves]
if anyof (header :contains "from" ["@parents.fr","@free.fr"], header :contains "subject" "4e B")
{
	fileinto "Classes/4e B";
	addflag "\\\\Seen";
	stop;
}
# rule:[Syndicat (coupée)]
if false # allof (header :contains "from" "syndicat", not header :is "subject" "Urgent")
{
	fileinto :copy "Syndicat";
}
# rule:[Expression]
if allof (header :regex "subject" "^\\\\[CPE\\\\]")
{
	fileinto "CPE";
}
# rule:[Vacances]
if allof (currentdate :value "ge" "date" "2026-07-04")
{
	vacation :days 7 :subject "Absent" text:
Bonjour,
..
Je suis absent.
.
;
}
"""


def test_roundcubes_rules_are_read_and_the_rest_is_kept_word_for_word() -> None:
    script = reading.read_script(ROUNDCUBE)
    first, second, third, fourth = script.items
    assert first == Rule(
        "Parents d'élèves",
        (
            ConditionGroup(
                "any",
                (
                    Condition("from", "contains", "@parents.fr"),
                    Condition("from", "contains", "@free.fr"),
                    Condition("subject", "contains", "4e B"),
                ),
            ),
        ),
        (RuleAction("move", "Classes/4e B"), RuleAction("read")),
        stop=True,
    )
    assert isinstance(second, Rule)
    assert not second.enabled
    assert second.groups[0].conditions[1] == Condition("subject", "is", "Urgent", negated=True)
    assert isinstance(third, RawPiece)
    assert third.name == "Expression"
    assert 'if allof (header :regex "subject" "^\\\\[CPE\\\\]")' in third.text
    assert isinstance(fourth, RawPiece)
    assert fourth.answers
    assert fourth.text in ROUNDCUBE
    again = reading.read_script(writing.write(script))
    assert again.items == script.items
    assert "regex" in again.requires


DURING = (
    'allof (currentdate :value "ge" :zone "+0100" "date" "2026-12-20", '
    'currentdate :zone "+0100" :value "le" "date" "2027-01-04")'
)
VACATION = 'vacation :days 1 :addresses ["a@ac-exemple.fr"] :subject "Absence" "Je suis absente.";'
ABSENCE = Absence(
    "Je suis absente.",
    date(2026, 12, 20),
    date(2027, 1, 4),
    subject="Absence",
    days=1,
    addresses=("a@ac-exemple.fr",),
    zone_first="+0100",
    zone_last="+0100",
)
RULE = '# rule:[Tri]\nif header :contains "subject" "x"\n{\n\tfileinto "X";\n}\n'


@pytest.mark.parametrize(
    ("test", "absence"),
    [
        (DURING, ABSENCE),
        (f"false # {DURING}", replace(ABSENCE, enabled=False)),
        (
            DURING.replace(' :zone "+0100"', ""),
            replace(ABSENCE, zone_first="", zone_last=""),
        ),
    ],
    ids=["on", "off", "server's zone"],
)
def test_roundcubes_absence_is_the_absence(test: str, absence: Absence) -> None:
    text = f"{RULE}# rule:[Absence]\nif {test}\n{{\n\t{VACATION}\n}}\n"
    script = reading.read_script(text)
    assert script.absence == absence
    assert [rule.name for rule in script.rules] == ["Tri"]
    assert reading.read_script(writing.write(script)) == script


@pytest.mark.parametrize(
    ("before", "test", "vacation"),
    [
        (RULE.replace(";\n}", ";\n\tstop;\n}"), DURING, VACATION),
        ('setflag "x";\n', DURING, VACATION),
        ("", DURING.replace("allof", "anyof"), VACATION),
        ("", DURING.replace('"le"', '"lt"'), VACATION),
        ("", DURING.replace('"date" "2027', '"julian" "2027'), VACATION),
        ("", DURING, VACATION.replace(":days 1", ":seconds 60")),
        ("", DURING, VACATION.replace(":days 1", ':days 1 :from "x@y.fr"')),
        ("", DURING, VACATION.replace(":days 1", ":days 1 :mime")),
        ("", DURING, f"{VACATION} stop;"),
        ("", f"allof ({DURING}, true)", VACATION),
        ("", f"not {DURING}", VACATION),
    ],
)
def test_an_absence_that_would_mean_something_else_is_kept_word_for_word(
    before: str, test: str, vacation: str
) -> None:
    block = f"if {test}\n{{\n\t{vacation}\n}}\n"
    script = reading.read_script(f"{before}{block}")
    assert script.absence is None
    last = script.items[-1]
    assert isinstance(last, RawPiece) and last.answers and block in last.text


INGO = """# Sieve Filter
# Generated by Ingo (https://www.horde.org/apps/ingo/)

require ["fileinto", "imapflags"];
# Liste blanche
if address :all :comparator "i;ascii-casemap" :is ["From", "Sender"] "chef@ac-exemple.fr"  {
    keep;
    stop;
}
# Circulaires
if header :comparator "i;ascii-casemap" :contains "Subject" "circulaire"  {
    fileinto "Circulaires";
    stop;
}
"""


def test_ingos_rules_are_read_by_the_comment_before_them() -> None:
    first, second = reading.read_script(INGO).items
    assert isinstance(first, RawPiece)
    assert (first.name, "keep;" in first.text) == ("Liste blanche", True)
    assert isinstance(second, Rule)
    assert second.name == "Circulaires"
    assert second.conditions == (Condition("subject", "contains", "circulaire"),)


@pytest.mark.parametrize(
    "block",
    [
        'if header :comparator "i;octet" :is "subject" "x" { fileinto "a"; }',
        'if header :contains "subject" "x" { fileinto :create "a"; }',
        'if header :contains "subject" "x" { discard; }',
        'if not anyof (header :contains "subject" "x", true) { fileinto "a"; }',
        'if header :count "ge" "to" "3" { fileinto "a"; }',
        'if true { if true { fileinto "a"; } }',
        'if header /* why */ :contains "subject" "x" { fileinto "a"; }',
        'if true { fileinto "a"; } elsif false { stop; } else { keep; }',
        'setflag "\\\\Seen";',
        'if header :contains "subject" "x" { addflag "not a flag"; }',
        "stop;",
        'if size :over "x" { stop; }',
        'if header :contains :contains "subject" "x" { stop; }',
    ],
)
def test_what_is_none_of_our_rules_is_kept_word_for_word(block: str) -> None:
    (item,) = reading.read_script(f"# avant\n{block}\n").items
    assert isinstance(item, RawPiece)
    assert block in item.text
    assert "# avant" in item.text
    assert reading.read_script(writing.write(Script((item,)))).items == (item,)


@pytest.mark.parametrize(
    "text",
    [
        "if", "if true", "if true {", "}", '"', "text:\nx", "stop",
        "{" * 100, "if " + "not " * 5000 + "true { stop; }", "if true {" * 5000, "é;", "require [",
    ],
)  # fmt: skip
def test_what_is_no_script_is_said_to_be_none(text: str) -> None:
    with pytest.raises(grammar.NotSieve):
        reading.read_script(text)


@given(st.text(st.sampled_from('if nottrue{}();,[]":#/*\\\nabcstop'), max_size=80))
@up_to(500)
def test_any_text_is_a_script_or_none(text: str) -> None:
    try:
        reading.read_script(text)
    except grammar.NotSieve:
        return


def test_500_rules_are_read_quickly() -> None:
    rule = Rule("x", (ConditionGroup("any", (Condition("from", "contains", "a@b.fr"),) * 3),))
    script = Script((rule,) * 500)
    assert reading.read_script(writing.write(script)) == script
