"""config-v1.1.xml, read as Thunderbird reads it."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from accounts.autoconfig import thunderbird
from accounts.lookup import MailSettings, ServerSetting

PAGES = thunderbird.LinkedPages(
    "https://webmail.ac-exemple.fr/guides/thunderbird/?a=1&b=2", "https://w"
)


def config(settings: MailSettings, formed_login: str = "address") -> ElementTree.Element:
    document = thunderbird.config(
        settings.domain, formed_login, settings.servers, settings.authority, PAGES
    )
    return ElementTree.fromstring(document)  # noqa: S314  our own answer


def test_servers_stand_in_the_order_of_preference_with_their_security(
    francoise: MailSettings,
) -> None:
    provider = config(francoise)[0]
    servers = [
        (server.tag, server.get("type"), *(server.findtext(name) for name in names))
        for server in provider
        if (names := ("hostname", "port", "socketType", "authentication"))
        and server.tag.endswith("Server")
    ]
    assert servers == [
        ("incomingServer", "imap", "imap.ac-exemple.fr", "993", "SSL", "password-cleartext"),
        ("incomingServer", "pop3", "pop.ac-exemple.fr", "995", "SSL", "password-cleartext"),
        ("outgoingServer", "smtp", "smtp.ac-exemple.fr", "587", "STARTTLS", "password-cleartext"),
    ]


@pytest.mark.parametrize(
    ("formed_login", "placeholder"),
    [("address", "%EMAILADDRESS%"), ("local", "%EMAILLOCALPART%")],
)
def test_the_login_is_a_placeholder(
    francoise: MailSettings, formed_login: str, placeholder: str
) -> None:
    logins = {element.text for element in config(francoise, formed_login).iter("username")}
    assert logins == {placeholder}


def test_the_provider_is_the_domain_and_says_where_help_is(francoise: MailSettings) -> None:
    root = config(francoise)
    provider = root[0]
    assert root.attrib == {"version": "1.1"}
    assert provider.get("id") == provider.findtext("domain") == "ac-exemple.fr"
    assert provider.findtext("displayName") == "Académie d’Exemple"
    documentation = provider.find("documentation")
    assert documentation is not None
    assert documentation.get("url") == PAGES.guide
    assert {element.get("lang") for element in documentation} == {"fr", "en"}
    assert root.find("webMail/loginPage").get("url") == "https://w"  # type: ignore[union-attr]


def test_a_server_without_encryption_is_said_to_be_plain(francoise: MailSettings) -> None:
    document = thunderbird.config(
        "ac-exemple.fr", "local", [ServerSetting("imap", "127.0.0.1", 143, "none")], "A", PAGES
    )
    assert b"<socketType>plain</socketType>" in document


def test_names_are_text_and_never_markup(francoise: MailSettings) -> None:
    document = thunderbird.config("d.fr", "local", francoise.servers, "A <b>&\"' ]]>", PAGES)
    assert ElementTree.fromstring(document)[0].findtext("displayName") == "A <b>&\"' ]]>"  # noqa: S314
