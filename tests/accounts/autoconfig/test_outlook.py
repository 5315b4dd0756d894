"""Autodiscover: what Outlook asks, what others try, and the answer as Outlook reads it."""

from __future__ import annotations

import time
from xml.etree import ElementTree

import pytest

from accounts.autoconfig import outlook
from accounts.lookup import MailSettings

OURS = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
REQUEST = f"""<?xml version="1.0" encoding="utf-8"?>
<Autodiscover
  xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
  <Request>
    <EMailAddress>alice.martin@ac-exemple.fr</EMailAddress>
    <AcceptableResponseSchema>{OURS}</AcceptableResponseSchema>
  </Request>
</Autodiscover>
"""
IN_RESPONSE = f"{{{OURS}}}"
ENVELOPE = "{http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006}"

LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {after} "{f"&{before};" * 10}">'
    for before, after in zip("abcdefghij", "bcdefghijk", strict=True)
)


def with_doctype(inner: str, address: str) -> str:
    head, rest = REQUEST.split("\n", 1)
    text = rest.replace("alice.martin@ac-exemple.fr", address)
    return f"{head}\n<!DOCTYPE Autodiscover {inner}>\n{text}"


def test_the_asked_address_is_found() -> None:
    assert outlook.asked_address(REQUEST.encode()) == "alice.martin@ac-exemple.fr"
    utf_16 = REQUEST.replace("utf-8", "utf-16").encode("utf-16")
    assert outlook.asked_address(utf_16) == "alice.martin@ac-exemple.fr"


HOSTILE = {
    "nothing": "",
    "no XML": "<Autodiscover",
    "a form": "EMailAddress=alice@ac-exemple.fr",
    "binary": "\x00\x01\x02",
    "another schema of the question": REQUEST.replace("outlook/request", "mobilesync/request"),
    "another schema of the answer": REQUEST.replace("responseschema/2006a", "responseschema/2099"),
    "no name space": REQUEST.replace(
        'xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"', ""
    ),
    "another root": REQUEST.replace("Autodiscover", "Discover"),
    "entities in entities": with_doctype(f"[{LAUGHS}]", "&k;@ac-exemple.fr"),
    "an unused entity": with_doctype('[<!ENTITY a "b">]', "alice@ac-exemple.fr"),
    "a local file": with_doctype('[<!ENTITY a SYSTEM "file:///etc/passwd">]', "&a;"),
    "a file elsewhere": with_doctype('SYSTEM "http://127.0.0.1:9/a.dtd"', "alice@ac-exemple.fr"),
    "a parameter entity": with_doctype(
        '[<!ENTITY % a SYSTEM "http://127.0.0.1:9/a"> %a;]', "alice@ac-exemple.fr"
    ),
    "an empty document type": with_doctype("", "alice@ac-exemple.fr"),
    "a deep nest": "<a>" * 9000 + "</a>" * 9000,
    "an entity that nobody declared": REQUEST.replace("alice.martin", "&a;"),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_question_of_outlook_is_refused_at_once(body: str) -> None:
    began = time.perf_counter()
    with pytest.raises(outlook.MalformedRequest):
        outlook.asked_address(body.encode())
    assert time.perf_counter() - began < 0.5


def test_a_document_type_is_refused_in_any_encoding() -> None:
    body = with_doctype('[<!ENTITY a "b">]', "alice@ac-exemple.fr").replace("utf-8", "utf-16")
    with pytest.raises(outlook.MalformedRequest):
        outlook.asked_address(body.encode("utf-16"))


def test_the_answer_says_all_that_outlook_would_guess_wrong(francoise: MailSettings) -> None:
    address = francoise.address
    root = ElementTree.fromstring(outlook.answer(address, address, francoise.servers))  # noqa: S314
    assert root.tag == f"{ENVELOPE}Autodiscover"
    account = root.find(f"{IN_RESPONSE}Response/{IN_RESPONSE}Account")
    assert account is not None
    assert account.findtext(f"{IN_RESPONSE}AccountType") == "email"
    assert account.findtext(f"{IN_RESPONSE}Action") == "settings"
    protocols = [
        {field.tag.removeprefix(IN_RESPONSE): field.text for field in protocol}
        for protocol in account.iter(f"{IN_RESPONSE}Protocol")
    ]
    always = {"DomainRequired": "off", "LoginName": address, "SPA": "off", "SSL": "on"}
    always["AuthRequired"] = "on"
    assert protocols == [
        always
        | {"Type": "IMAP", "Server": "imap.ac-exemple.fr", "Port": "993", "Encryption": "SSL"},
        always
        | {"Type": "SMTP", "Server": "smtp.ac-exemple.fr", "Port": "587", "Encryption": "TLS"}
        | {"UsePOPAuth": "on", "SMTPLast": "off"},
        always
        | {"Type": "POP3", "Server": "pop.ac-exemple.fr", "Port": "995", "Encryption": "SSL"},
    ]


def test_an_asked_address_is_text_and_never_markup(francoise: MailSettings) -> None:
    address = 'a<b>&"@ac-exemple.fr'
    root = ElementTree.fromstring(outlook.answer(address, address, francoise.servers))  # noqa: S314
    assert root.findtext(f".//{IN_RESPONSE}DisplayName") == address
