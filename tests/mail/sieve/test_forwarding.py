"""Every way in which a script sends mail elsewhere is found, with its line."""

from __future__ import annotations

import pytest

from mail.sieve.forwarding import AllowedForwards, ScriptSending, included, sendings
from mail.sieve.grammar import NotSieve
from tests.cases import each


@each(
    ("text", "address"),
    [
        ('redirect "a@x.fr";', "a@x.fr"),
        ('REDIRECT :copy "a@x.fr";', "a@x.fr"),
        ('redirect :notify "FAILURE" :ret "HDRS" "a@x.fr";', "a@x.fr"),
        ("redirect text:\na@x.fr\n.\n;", "a@x.fr"),
        ('if header :is "Subject" "x" { redirect "a@x.fr"; }', "a@x.fr"),
        ('if true { if true { if true { redirect "a@x.fr"; } } }', "a@x.fr"),
        ('if false { stop; } else { redirect "a@x.fr"; }', "a@x.fr"),
        ('if anyof (false, true) { redirect "a@x.fr"; }', "a@x.fr"),
        ('if not allof (false, true) { redirect "a@x.fr"; }', "a@x.fr"),
        ('foreverypart { redirect "a@x.fr"; }', "a@x.fr"),
        ('/* none */ redirect # "b@x.fr"\n "a@x.fr";', "a@x.fr"),
        ('set "a" "b@x.fr"; redirect "${a}";', ""),
        ('redirect "${hex:40}x.fr";', ""),
        ('redirect "a@x.fr, b@y.fr";', ""),
        ("redirect;", ""),
        ('notify :message "x" "mailto:a@x.fr";', "a@x.fr"),
        ('notify "MAILTO:a%40x.fr?subject=x";', "a@x.fr"),
        ('notify "mailto:a@x.fr?cc=b@y.fr";', ""),
        ('notify "${method}";', ""),
        ('notify :method "mailto" :options ["a@x.fr"] :message "x";', "a@x.fr"),
        ('report "abuse" "words" "a@x.fr";', "a@x.fr"),
    ],
)
def test_a_sending_is_found(text: str, address: str) -> None:
    assert {sending.address for sending in sendings(text)} == {address}


@pytest.mark.parametrize(
    "text",
    [
        "",
        'keep; fileinto "redirect"; discard;',
        '# redirect "a@x.fr";\n/* redirect "a@x.fr"; */ stop;',
        'if header :contains "Subject" "redirect \\"a@x.fr\\";" { keep; }',
        'vacation :from "moi@x.fr" :handle "redirect" "Je suis absent.";',
        'vacation text:\nredirect "a@x.fr";\n.\n;',
        'if false { redirect "a@x.fr"; }',
        'if allof (false, header :is "Subject" "x") { redirect "a@x.fr"; }',
        'notify "xmpp:a@x.fr";',
    ],
)
def test_what_sends_nothing_elsewhere_is_none(text: str) -> None:
    assert sendings(text) == ()


def test_each_has_its_line() -> None:
    text = 'require "copy";\nkeep;\nif true {\n  redirect "a@x.fr";\n}\nredirect\n "b@x.fr";\n'
    assert sendings(text) == (ScriptSending(4, "a@x.fr"), ScriptSending(6, "b@x.fr"))


def test_scripts_that_are_run_from_here_are_named() -> None:
    text = (
        'include "one";\nif true { include :personal :once "two"; }\ninclude :global "house";\n'
        'if false { include "off"; }\ninclude "${x}";\n'
    )
    assert included(text) == ((1, "one"), (2, "two"), (5, ""))


def test_what_is_no_script_is_said() -> None:
    with pytest.raises(NotSieve):
        sendings('redirect "a@x.fr')


def test_domains_hold_what_is_below_them() -> None:
    some = AllowedForwards(anywhere=True, domains=frozenset({"ac-exemple.fr"}))
    for address in ("a@ac-exemple.fr", "a@Lycee.AC-exemple.fr", '"a@b"@ac-exemple.fr'):
        assert some.covers(address)
    for address in ("a@x.fr", "a@notac-exemple.fr", "a@ac-exemple.fr.x.fr", "ac-exemple.fr@x", ""):
        assert not some.covers(address)
    assert AllowedForwards(anywhere=True).covers("a@x.fr")
    assert not AllowedForwards().covers("a@ac-exemple.fr")
    assert not AllowedForwards(domains=frozenset({"x.fr"})).covers("a@x.fr")


@pytest.mark.parametrize(
    "address",
    [
        "dehors@x.fr",
        "ac-exemple.fr",
        "@ac-exemple.fr",
        "a@ac-exemple.fr.x.fr",
        "a@xac-exemple.fr",
        '"<dehors@x.fr>" <a"@ac-exemple.fr',
        "<dehors@x.fr>@ac-exemple.fr",
        "dehors@x.fr (a@ac-exemple.fr",
        "dehors@x.fr\t@ac-exemple.fr",
        "dehors%x.fr@ac-exemple.fr",
        "x.fr!dehors@ac-exemple.fr",
        "dehors@x.fr;a@ac-exemple.fr",
        "@x.fr:dehors@ac-exemple.fr",
        "autre@lycee.example",
        "secretariat@lycee.example.x.fr",
    ],
)
def test_what_is_not_on_the_list_is_not_covered(address: str) -> None:
    listed = AllowedForwards(
        anywhere=True,
        domains=frozenset({"ac-exemple.fr"}),
        addresses=frozenset({"secretariat@lycee.example"}),
    )
    assert not listed.covers(address)
    assert listed.covers("A@Lycee.AC-exemple.fr")
    assert listed.covers("Secretariat@lycee.example")
