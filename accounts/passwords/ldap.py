"""The driver of an LDAP directory: the person signs in with the old password and asks for the new
one by the operation made for that (RFC 3062), so the directory's own rules and hashes apply.

python-ldap is an extra (requirements-ldap.txt): this module is imported only where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import ldap
from ldap.dn import escape_dn_chars
from ldap.ldapobject import SimpleLDAPObject

from accounts.passwords.owner import Owner
from webmail.errors import ServerRefused, ServerUnavailable, SignInNeeded

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# What the directory says when it is not the password that it objects to.
_UNAVAILABLE = (
    ldap.SERVER_DOWN,
    ldap.CONNECT_ERROR,
    ldap.TIMEOUT,
    ldap.TIMELIMIT_EXCEEDED,
    ldap.BUSY,
    ldap.UNAVAILABLE,
    ldap.LOCAL_ERROR,
)


@dataclass(frozen=True, slots=True)
class Directory:
    """``url``: ``ldaps://host``, or ``ldap://host`` with StartTLS (on this machine itself without);
    ``name``: the person's distinguished name with placeholders, ``uid={login},ou=people,o=gouv``;
    ``seconds`` to wait for each answer; ``ca_file``: authorities, "" for the system's."""

    url: str
    name: str
    seconds: int
    ca_file: str

    def change(self, owner: Owner, old: str, new: str) -> None:
        """Raises SignInNeeded when the directory refuses the old password, ServerRefused when it
        refuses the new one (its own policy), ServerUnavailable."""
        values = {key: escape_dn_chars(value) for key, value in owner.values.items()}
        name = self.name.format_map(values)
        if not old:
            # A bind without password succeeds as nobody (RFC 4513 section 5.1.2).
            raise SignInNeeded("No password was given.")
        with _translated(), self._connection() as directory:
            directory.simple_bind_s(name, old)
            directory.passwd_s(name, old, new)

    @contextmanager
    def _connection(self) -> Iterator[SimpleLDAPObject]:
        directory = ldap.initialize(self.url)
        try:
            directory.protocol_version = ldap.VERSION3
            directory.set_option(ldap.OPT_NETWORK_TIMEOUT, self.seconds)
            directory.set_option(ldap.OPT_TIMEOUT, self.seconds)
            # A referral would hand the password to whatever host the answer names.
            directory.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
            self._secure(directory)
            yield directory
        finally:
            directory.unbind_s()

    def _secure(self, directory: SimpleLDAPObject) -> None:
        parts = urlsplit(self.url)
        if self.ca_file:
            directory.set_option(ldap.OPT_X_TLS_CACERTFILE, self.ca_file)
        directory.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
        directory.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        if parts.scheme == "ldap" and parts.hostname not in _LOOPBACK:
            directory.start_tls_s()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ldap.INVALID_CREDENTIALS as error:
        raise SignInNeeded("The directory refused the old password.") from error
    except _UNAVAILABLE as error:
        raise ServerUnavailable(
            "The directory does not answer.", server_words=_words(error)
        ) from error
    except ldap.LDAPError as error:
        raise ServerRefused(
            "The directory refused the new password.", server_words=_words(error)
        ) from error


def _words(error: ldap.LDAPError) -> str:
    """What the directory said: ``Constraint violation: Password fails quality checking policy``."""
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return ": ".join(str(told[key]) for key in ("desc", "info") if told.get(key))
