"""Addresses: what mail holds, and what a person types."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import addresses, headers
from mail.mime.addresses import Address, AddressGroup
from tests.examples import up_to

PARSED = {
    "bare": ("alice@x.fr", [("", "alice@x.fr")]),
    "named": ("Alice Martin <alice@x.fr>", [("Alice Martin", "alice@x.fr")]),
    "quoted comma": (
        '"Martin, Alice" <alice@x.fr>, bob@x.fr',
        [("Martin, Alice", "alice@x.fr"), ("", "bob@x.fr")],
    ),
    "escaped quote": ('"le \\"chef\\"" <a@x.fr>', [('le "chef"', "a@x.fr")]),
    "encoded comma": ("=?utf-8?Q?Durand=2C_F?= <f@x.fr>", [("Durand, F", "f@x.fr")]),
    "encoded in quotes": ('"=?ISO-8859-1?Q?Zo=E9?=" <z@x.fr>', [("Zoé", "z@x.fr")]),
    "comment": ("z@x.fr (Zoé)", [("Zoé", "z@x.fr")]),
    "semicolons": ("a@x.fr; b@x.fr", [("", "a@x.fr"), ("", "b@x.fr")]),
    "group": ("Parents: a@x.fr, b@x.fr;", [("", "a@x.fr"), ("", "b@x.fr")]),
    "empty group": ("undisclosed-recipients:;", []),
    "name is the address": ("a@x.fr <a@x.fr>", [("", "a@x.fr")]),
    "name is another address": (
        "chef@ac.fr <x@pirate.example>",
        [("chef@ac.fr", "x@pirate.example")],
    ),
    "no address": ("Vie scolaire", [("Vie scolaire", "")]),
    "null sender": ("<>", []),
    "route": ("<@a.fr,@b.fr:c@d.fr>", [("", "c@d.fr")]),
    "unclosed quote": ('"Alice <a@x.fr>', [("Alice", "a@x.fr")]),
    "unclosed angle": ("Alice <a@x.fr", [("Alice", "a@x.fr")]),
    "nothing": ("  ,, ;", []),
    "line break in address": ("<a@x.fr\r\nBcc: b@x.fr>", [("", "a@x.frBcc:b@x.fr")]),
}


@pytest.mark.parametrize(("value", "expected"), PARSED.values(), ids=PARSED)
def test_a_list_of_addresses_is_read(value: str, expected: list[tuple[str, str]]) -> None:
    assert [(address.name, address.address) for address in addresses.parse(value)] == expected


@up_to(300)
@given(st.text(max_size=100) | st.text(alphabet='<>()"\\,;:@ab.\r\n=?', max_size=60))
def test_reading_a_list_never_raises_nor_leaves_a_control(value: str) -> None:
    for address in addresses.parse(value):
        assert not any(character < " " for character in address.name + address.address)
    addresses.read_recipients(value)


def test_what_a_person_types_is_read() -> None:
    read = addresses.read_recipients(
        'alice@x.fr; "Durand, F." <f@x.fr>\nClaire Morvan <c@x.fr>, élève@école.fr, '
        "d@x.fr e@x.fr, ALICE@x.fr,"
    )
    assert read.invalid == ()
    assert [(address.name, address.address) for address in read.valid] == [
        ("", "alice@x.fr"),
        ("Durand, F.", "f@x.fr"),
        ("Claire Morvan", "c@x.fr"),
        ("", "élève@école.fr"),
        ("", "d@x.fr"),
        ("", "e@x.fr"),
    ]


@pytest.mark.parametrize(
    "typed",
    [
        "alice",
        "alice@",
        "@x.fr",
        "a@x",
        "a@x..fr",
        "a..b@x.fr",
        "a@-x.fr",
        "a@x.fr\x00",
        "a@x.fr>",
        "<a@x.fr> suite",
        "Alice a@x.fr",
        "a@@x.fr",
        "a b@x.fr",
        '"a\x0bb" <a@x.fr>',
        "a@x.fr <b@x.fr> <c@x.fr>",
        "x" * 65 + "@x.fr",
    ],
)
def test_what_is_no_address_is_named(typed: str) -> None:
    read = addresses.read_recipients(f"bob@x.fr, {typed}")
    assert len(read.valid) == 1
    assert len(read.invalid) == 1


def test_a_line_break_never_becomes_part_of_an_address() -> None:
    read = addresses.read_recipients("a@x.fr\r\nBcc: b@x.fr")
    assert [address.address for address in read.valid] == ["a@x.fr"]
    assert read.invalid == ("Bcc: b@x.fr",)


GROUPS = {
    "a group": ("Parents 6e B: a@x.fr, Zoé <z@x.fr>;", [("Parents 6e B", ["a@x.fr", "z@x.fr"])]),
    "beside others": ("c@x.fr, Club: a@x.fr;, d@x.fr", [("Club", ["a@x.fr"])]),
    "two": ("Un: a@x.fr; Deux: b@x.fr;", [("Un", ["a@x.fr"]), ("Deux", ["b@x.fr"])]),
    "a quoted name": ('"6e B: parents, tous": a@x.fr;', [("6e B: parents, tous", ["a@x.fr"])]),
    "empty": ("undisclosed-recipients:;", []),
    "not closed": ("Parents: a@x.fr, b@x.fr", []),
    "over two lines": ("Parents: a@x.fr,\nb@x.fr;", []),
    "a colon inside a name": ('"Prof: maths" <a@x.fr>; b@x.fr;', []),
    "an address before the colon": ("a@x.fr: b@x.fr;", []),
}


@pytest.mark.parametrize(("typed", "expected"), GROUPS.values(), ids=GROUPS)
def test_a_group_is_read_under_its_name(typed: str, expected: list[tuple[str, list[str]]]) -> None:
    groups = addresses.read_recipients(typed).groups
    assert [(group.name, [each.address for each in group.members]) for group in groups] == expected


NAMES = {
    "Outlook's": (
        "MARTIN, Paul <paul@x.fr>; DURAND, Anne <anne@x.fr>",
        ["MARTIN, Paul <paul@x.fr>", "DURAND, Anne <anne@x.fr>"],
    ),
    "one of them": ("MARTIN, Paul <paul@x.fr>;", ["MARTIN, Paul <paul@x.fr>"]),
    "a composed name": (
        "d’ARC-LE GOFF, Zoé (Collège) <z@x.fr>; b@x.fr",
        ["d’ARC-LE GOFF, Zoé (Collège) <z@x.fr>", "b@x.fr"],
    ),
    "on lines": (
        "MARTIN, Paul <paul@x.fr>\nDURAND, Anne <anne@x.fr>",
        ["MARTIN, Paul <paul@x.fr>", "DURAND, Anne <anne@x.fr>"],
    ),
    "beside a group": (
        "Club: c@x.fr; MARTIN, Paul <paul@x.fr>",
        ["c@x.fr", "MARTIN, Paul <paul@x.fr>"],
    ),
    # Nobody is left out silently.
    "a line without a semicolon": ("bob, Anne <anne@x.fr>", ["bob!", "Anne <anne@x.fr>"]),
    "three words": (
        "bob, MARTIN, Paul <paul@x.fr>; b@x.fr",
        ["bob!", "MARTIN!", "Paul <paul@x.fr>", "b@x.fr"],
    ),
    "chips beside a group": (
        "Club: c@x.fr;, bob, Paul <paul@x.fr>",
        ["c@x.fr", "bob!", "Paul <paul@x.fr>"],
    ),
    "an address before it": (
        "bob@x.fr, Paul <paul@x.fr>; b@x.fr",
        ["bob@x.fr", "Paul <paul@x.fr>", "b@x.fr"],
    ),
    "a bare address after it": ("bob, paul@x.fr; b@x.fr", ["bob!", "paul@x.fr", "b@x.fr"]),
    "a pasted header": ("To: MARTIN, Paul <paul@x.fr>", ["To: MARTIN!", "Paul <paul@x.fr>"]),
    "no address": ("MARTIN, Paul <paul>; b@x.fr", ["MARTIN!", "Paul <paul>!", "b@x.fr"]),
}
"""The texts that are typed, and what they name, each as ``Name <address>``; with ``!`` what is no
recipient. `tests/browser/test_recipients.py` holds the script against the same."""


@pytest.mark.parametrize(("typed", "expected"), NAMES.values(), ids=NAMES)
def test_a_comma_in_a_name_separates_nobody(typed: str, expected: list[str]) -> None:
    read = addresses.read_recipients(typed)
    valid = [
        f"{address.name} <{address.address}>" if address.name else address.address
        for address in read.valid
    ]
    assert sorted([*valid, *(f"{entry}!" for entry in read.invalid)]) == sorted(expected)


def test_those_in_a_group_are_recipients_and_count_once() -> None:
    read = addresses.read_recipients("b@x.fr, Club: a@x.fr, B@x.fr, nobody;, a@x.fr")
    assert [address.address for address in read.valid] == ["b@x.fr", "a@x.fr"]
    assert read.invalid == ("nobody",)
    assert read.repeated == 2


@pytest.mark.parametrize("name", ["Parents 6e B", "6e B: parents", 'les "grands"', "Zoé; Léa"])
def test_a_group_is_written_so_that_it_can_be_read_again(name: str) -> None:
    group = AddressGroup(name, (Address("Durand, F", "f@x.fr"), Address("", "b@x.fr")))
    assert addresses.read_recipients(addresses.format_group(group)).groups == (group,)


def test_a_group_with_a_control_in_its_name_is_not_written() -> None:
    with pytest.raises(ValueError, match="control"):
        addresses.format_group(AddressGroup("a\r\nBcc", ()))


@pytest.mark.parametrize(
    "piece", ["a:", 'a:"', "a:<", ";a:", '"a":', "a@x.fr, ", "a:b@x.fr;", "a,", "a, b <c@x.fr>;"]
)
def test_many_of_whatever_are_read_in_a_moment(piece: str) -> None:
    begun = time.process_time()
    addresses.read_recipients(piece * (200_000 // len(piece)))
    assert time.process_time() - begun < 3


def test_of_more_entries_than_are_read_the_rest_is_named() -> None:
    most = addresses.MOST_ENTRIES
    people = ", ".join(f"a{n}@x.fr" for n in range(most + 3))
    read = addresses.read_recipients(people)
    assert len(read.valid) == most
    assert read.invalid == (f"a{most}@x.fr, a{most + 1}@x.fr, a{most + 2}@x.fr",)
    assert addresses.read_recipients(people[: people.index(f", a{most}@")]).invalid == ()
    assert len(addresses.read_recipients("a\n" * 200_000).invalid) <= most + 1
    # What stands far behind is named, and emptiness is not.
    far = "a@x.fr" + "\n" * (most + 300)
    assert addresses.read_recipients(far).invalid == ()
    assert addresses.read_recipients(far + "b@x.fr").invalid == ("b@x.fr",)


def test_any_number_of_people_can_be_read_one_by_one() -> None:
    people = [f'"Martin, Léa" <a{n}@x.fr>' for n in range(addresses.MOST_ENTRIES)]
    assert len(addresses.read_each([*people, people[0], "nobody"])) == len(people)


FORMATTED = {
    "bare": (Address("", "a@x.fr"), "a@x.fr"),
    "words": (Address("Zoé Le Goff", "z@x.fr"), "Zoé Le Goff <z@x.fr>"),
    "comma": (Address("Durand, F", "f@x.fr"), '"Durand, F" <f@x.fr>'),
    "quote": (Address('le "chef"', "a@x.fr"), '"le \\"chef\\"" <a@x.fr>'),
    "quote and comma": (Address('Durand, "chef"', "a@x.fr"), '"Durand, \\"chef\\"" <a@x.fr>'),
    "brackets": (Address("Liste <prof>", "a@x.fr"), '"Liste <prof>" <a@x.fr>'),
    "backslash": (Address("a\\b; c", "a@x.fr"), '"a\\\\b; c" <a@x.fr>'),
    "dot": (Address("M. Durand", "a@x.fr"), '"M. Durand" <a@x.fr>'),
}


@pytest.mark.parametrize(("address", "expected"), FORMATTED.values(), ids=FORMATTED)
def test_an_address_is_written_so_that_it_can_be_read_again(
    address: Address, expected: str
) -> None:
    assert addresses.format(address) == expected
    assert addresses.parse(expected) == (address,)
    # So stands whom one answers in the field, and is sent from there.
    assert addresses.read_recipients(f"{expected}, b@x.fr").valid == (
        address,
        Address("", "b@x.fr"),
    )


@pytest.mark.parametrize("bad", ["a\r\nBcc: x@y.fr", "a\nb", "a\x00b"])
def test_controls_are_not_written(bad: str) -> None:
    with pytest.raises(ValueError, match="control"):
        addresses.format(Address(bad, "a@x.fr"))
    with pytest.raises(ValueError, match="control"):
        addresses.format(Address("a", bad))


def test_of_a_long_field_the_first_can_be_had_alone():
    value = ", , a@exemple.fr, Paul <b@exemple.fr>, c@exemple.fr"
    assert [address.address for address in addresses.parse(value, 2)] == [
        "a@exemple.fr",
        "b@exemple.fr",
    ]
    fields = headers.parse(b"To: a@b.fr, c@d.fr\r\nTo: e@f.fr\r\n\r\n")
    assert len(fields.addresses("To", 1)) == 1
    assert len(fields.addresses("To")) == 3


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("PayPal <service@p\u0430ypal.com>", "service@xn--pypal-4ve.com"),
        ("PayPal <service@=?utf-8?b?cNCweXBhbA==?=.com>", "service@xn--pypal-4ve.com"),
        ("service@=?utf-8?b?cNCweXBhbA==?=.com", "service@xn--pypal-4ve.com"),
        ("a@p\u0430ypal.\u0441om", "a@xn--pypal-4ve.xn--om-nmc"),
        ("Élodie <elodie@école.example>", "elodie@école.example"),
        ("a@日本.example", "a@日本.example"),
    ],
)
def test_a_domain_that_imitates_another_is_read_as_it_is_sent(value: str, address: str) -> None:
    assert [one.address for one in addresses.parse(value)] == [address]
