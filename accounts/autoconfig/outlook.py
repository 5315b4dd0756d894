"""Outlook's Autodiscover in its "plain old XML" (learn.microsoft.com, [MS-OXDSCLI]).

The answer depends on the domain, and repeats the requested address or the part before its @.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from accounts.lookup import ServerSetting

BODY_LIMIT = 64 * 1024  # bytes; a real request has about 400

_SCHEMAS = "http://schemas.microsoft.com/exchange/autodiscover/"
_REQUEST = _SCHEMAS + "outlook/requestschema/2006"
_ENVELOPE = _SCHEMAS + "responseschema/2006"
_RESPONSE = _SCHEMAS + "outlook/responseschema/2006a"
_TYPES = {"imap": "IMAP", "pop": "POP3", "smtp": "SMTP"}
# Outlook calls STARTTLS "TLS".
_ENCRYPTION = {"tls": "SSL", "starttls": "TLS", "none": "None"}


class MalformedRequest(ValueError):
    """The body is no Autodiscover request that can be answered here."""


def asked_address(body: bytes) -> str:
    """Return the requested address, unchanged. Raises MalformedRequest.

    Any document type is refused: only attackers need entities here.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MalformedRequest("not XML") from error
    if root.getroottree().docinfo.doctype or root.getroottree().docinfo.internalDTD is not None:
        raise MalformedRequest("a document type")
    wanted = root.findtext(f"{{{_REQUEST}}}Request/{{{_REQUEST}}}AcceptableResponseSchema") or ""
    if root.tag != f"{{{_REQUEST}}}Autodiscover" or wanted.strip() != _RESPONSE:
        raise MalformedRequest("another schema")
    address = root.findtext(f"{{{_REQUEST}}}Request/{{{_REQUEST}}}EMailAddress") or ""
    return address.strip()


def answer(address: str, login: str, servers: Sequence[ServerSetting]) -> bytes:
    """Return the document for a requested address. SPA (Windows' own sign-in) is switched off,
    because Outlook switches it on by default and the servers do not offer it."""
    root = etree.Element(f"{{{_ENVELOPE}}}Autodiscover", nsmap={None: _ENVELOPE})
    response = etree.SubElement(root, f"{{{_RESPONSE}}}Response", nsmap={None: _RESPONSE})
    _text(_part(response, "User"), "DisplayName", address)
    account = _part(response, "Account")
    _text(account, "AccountType", "email")
    _text(account, "Action", "settings")
    for server in servers:
        _protocol(account, server, login)
    document: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return document


def _protocol(account: etree._Element, server: ServerSetting, login: str) -> None:
    protocol = _part(account, "Protocol")
    fields = {
        "Type": _TYPES[server.protocol],
        "Server": server.host,
        "Port": str(server.port),
        "DomainRequired": "off",
        "LoginName": login,
        "SPA": "off",
        "SSL": "off" if server.security == "none" else "on",
        "Encryption": _ENCRYPTION[server.security],
        "AuthRequired": "on",
    }
    if server.protocol == "smtp":
        fields |= {"UsePOPAuth": "on", "SMTPLast": "off"}
    for name, text in fields.items():
        _text(protocol, name, text)


def _part(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_RESPONSE}}}{name}")


def _text(parent: etree._Element, name: str, text: str) -> None:
    _part(parent, name).text = text
