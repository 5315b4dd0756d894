"""Thunderbird's autoconfig, config-v1.1.xml (draft-ietf-mailmaint-autoconfig).

The answer depends on the domain alone, since Thunderbird fills in the address itself. So it reveals
nobody's login, and not even whether an address exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext
from lxml import etree

from accounts.lookup import ServerSetting

_SOCKET_TYPES = {"tls": "SSL", "starttls": "STARTTLS", "none": "plain"}
_TYPES = {"imap": "imap", "pop": "pop3", "smtp": "smtp"}
# The order of preference: IMAP leaves mail on the server, and users read it on several devices.
_ORDER = ("imap", "pop", "smtp")
_PLACEHOLDERS = {"address": "%EMAILADDRESS%", "local": "%EMAILLOCALPART%"}


@dataclass(frozen=True, slots=True)
class LinkedPages:
    """The absolute addresses of the guide and of the webmail, which Thunderbird shows."""

    guide: str
    webmail: str


def config(
    domain: str, formed_login: str, servers: Sequence[ServerSetting], name: str, pages: LinkedPages
) -> bytes:
    """Return the document. ``formed_login`` is ``address`` or ``local``; ``name`` is the
    authority's."""
    root = etree.Element("clientConfig", version="1.1")
    provider = etree.SubElement(root, "emailProvider", id=domain)
    _text(provider, "domain", domain)
    _text(provider, "displayName", name)
    _text(provider, "displayShortName", name)
    for server in sorted(servers, key=lambda server: _ORDER.index(server.protocol)):
        _server(provider, server, _PLACEHOLDERS[formed_login])
    documentation = etree.SubElement(provider, "documentation", url=pages.guide)
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            _text(documentation, "descr", gettext("Set up Thunderbird")).set("lang", language)
    etree.SubElement(etree.SubElement(root, "webMail"), "loginPage", url=pages.webmail)
    document: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return document


def _server(provider: etree._Element, server: ServerSetting, login: str) -> None:
    direction = "outgoingServer" if server.protocol == "smtp" else "incomingServer"
    element = etree.SubElement(provider, direction, type=_TYPES[server.protocol])
    _text(element, "hostname", server.host)
    _text(element, "port", str(server.port))
    _text(element, "socketType", _SOCKET_TYPES[server.security])
    _text(element, "username", login)
    _text(element, "authentication", "password-cleartext")


def _text(parent: etree._Element, name: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, name)
    element.text = text
    return element
