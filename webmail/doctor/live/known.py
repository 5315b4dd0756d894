"""Which program a mail server is, by what it says of itself, and what its settings are called."""

from __future__ import annotations

from typing import Final

from mail.errors import ServerRefused
from mail.imap.connection import Connection

# Subjects of settings.
EXTENSIONS, CONNECTIONS, ACCENTS, PREFIX, KEYWORDS = (
    "extensions", "connections", "accents", "prefix", "keywords",
)  # fmt: skip
SETTINGS: Final[dict[str, dict[str, str]]] = {
    EXTENSIONS: {
        "Dovecot": "imap_capability",
        "Cyrus": "suppress_capabilities (imapd.conf)",
        "Courier": "IMAP_CAPABILITY (/etc/courier/imapd)",
    },
    CONNECTIONS: {
        "Dovecot": "mail_max_userip_connections, process_limit of the services imap, imap-login",
        "Cyrus": "maxlogins_per_host, maxlogins_per_user (imapd.conf), maxchild (cyrus.conf)",
        "Courier": "MAXPERIP, MAXDAEMONS (/etc/courier/imapd)",
    },
    ACCENTS: {"Cyrus": "sieve_utf8fileinto: yes (imapd.conf)"},
    KEYWORDS: {"Courier": "IMAP_KEYWORDS=1 (/etc/courier/imapd)"},
}
_MOST = 2_000


def program(imap: Connection) -> str:
    """Return ``Dovecot``, ``Cyrus`` or ``Courier``, or "" for another one. Sends at most one
    command (ID, RFC 2971).
    """
    introduction = imap.greeting
    if imap.has("ID"):
        try:
            introduction += str(imap.command("ID", "NIL"))
        except ServerRefused:
            return _named(introduction)
    return _named(introduction)


def _named(introduction: str) -> str:
    lowered = introduction[:_MOST].lower()
    return next((name for name in SETTINGS[EXTENSIONS] if name.lower() in lowered), "")


def setting(subject: str, name: str) -> str:
    """Return the settings about a subject: those of the program, or of all known ones."""
    names = SETTINGS[subject]
    if name:
        return f"{name}: {names[name]}" if name in names else ""
    return "; ".join(f"{known}: {words}" for known, words in names.items())
