"""The connection to an LDAP directory, with the same protection for passwords and for the
directory.

python-ldap is an extra (requirements-ldap.txt): this module is only imported when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import ldap
from ldap.ldapobject import SimpleLDAPObject

from mail.errors import ServerRefused, ServerUnavailable

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_UNAVAILABLE = (
    ldap.SERVER_DOWN,
    ldap.CONNECT_ERROR,
    ldap.TIMEOUT,
    ldap.TIMELIMIT_EXCEEDED,
    ldap.BUSY,
    ldap.UNAVAILABLE,
    ldap.LOCAL_ERROR,
)


@contextmanager
def connected(url: str, *, ca_file: str, seconds: int, refusal: str) -> Iterator[SimpleLDAPObject]:
    """Yield a connection to a directory, before any bind.

    ``url`` is ``ldaps://host``, or ``ldap://host`` with StartTLS (without TLS on this machine
    itself). ``ca_file`` names the trusted authorities, "" for the system's. ``seconds`` limits each
    answer. Errors inside the block become ServerUnavailable, or ServerRefused with the text
    ``refusal``.
    """
    directory = ldap.initialize(url)
    try:
        directory.protocol_version = ldap.VERSION3
        directory.set_option(ldap.OPT_NETWORK_TIMEOUT, seconds)
        directory.set_option(ldap.OPT_TIMEOUT, seconds)
        # A referral would send the password to any host that the answer names.
        directory.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
        if ca_file:
            directory.set_option(ldap.OPT_X_TLS_CACERTFILE, ca_file)
        directory.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
        directory.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        parts = urlsplit(url)
        if parts.scheme == "ldap" and parts.hostname not in _LOOPBACK:
            directory.start_tls_s()
        yield directory
    except _UNAVAILABLE as error:
        words = _words(error)
        raise ServerUnavailable("The directory does not answer.", server_words=words) from error
    except ldap.LDAPError as error:
        raise ServerRefused(refusal, server_words=_words(error)) from error
    finally:
        directory.unbind_s()


def _words(error: ldap.LDAPError) -> str:
    """Return the directory's text: ``Constraint violation: Password fails quality checking
    policy``.
    """
    details = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return ": ".join(str(details[key]) for key in ("desc", "info") if details.get(key))
