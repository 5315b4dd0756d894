"""The driver of an LDAP directory. It binds as the user with the old password, and sets the new one
by the operation for that purpose (RFC 3062), so that the directory's own rules and hashes apply.

python-ldap is optional (requirements-ldap.txt), so this module is imported only where it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import ldap
from ldap.dn import escape_dn_chars

from accounts.passwords.owner import PasswordOwner
from core import ldap_server
from mail.errors import SignInNeeded


@dataclass(frozen=True, slots=True)
class PasswordDirectory:
    """A directory. ``url`` is ``ldaps://host``, or ``ldap://host`` with StartTLS (without on this
    machine itself). ``name`` is the user's distinguished name with placeholders, such as
    ``uid={login},ou=people,o=gouv``. ``seconds`` is the time to wait for each answer. ``ca_file``
    contains the certificate authorities, "" for those of the system."""

    url: str
    name: str
    seconds: int
    ca_file: str

    def change(self, owner: PasswordOwner, old: str, new: str) -> None:
        """Change the password. Raises SignInNeeded when the directory refuses the old password,
        ServerRefused when it refuses the new one by its own policy, and ServerUnavailable."""
        values = {key: escape_dn_chars(value) for key, value in owner.values.items()}
        name = self.name.format_map(values)
        if not old:
            # A bind without a password succeeds anonymously (RFC 4513, section 5.1.2).
            raise SignInNeeded("No password was given.")
        refusal = "The directory refused the new password."
        with ldap_server.connected(
            self.url, ca_file=self.ca_file, seconds=self.seconds, refusal=refusal
        ) as directory:
            try:
                directory.simple_bind_s(name, old)
                directory.passwd_s(name, old, new)
            except ldap.INVALID_CREDENTIALS as error:
                raise SignInNeeded("The directory refused the old password.") from error
