"""People read from an LDAP directory, page by page (RFC 2696).

python-ldap is an extra (requirements-ldap.txt): this module is imported only where it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import ldap
from django.conf import settings
from ldap.controls import SimplePagedResultsControl
from ldap.ldapobject import SimpleLDAPObject

from addressbook.directory.person import DirectoryPerson
from core import ldap_server

PAGE = 500
_SECONDS = 30

Entry = Mapping[str, list[bytes]]

# An attribute of SupAnn, the schema of French universities: TRUE for who is shown to nobody.
_UNLISTED = "supannListeRouge"
# SupAnn's way to say whose number it is: {UAI}0800101A.
_LABELLED = re.compile(r"\{([A-Za-z0-9:._-]{1,40})\}(.*)")


@dataclass(frozen=True, slots=True)
class LdapDirectory:
    """The connection to an LDAP directory. ``url`` is ``ldaps://host``, or ``ldap://host`` with
    StartTLS, which is left out for a server on this machine. Without ``dn`` and ``password`` the
    connection is anonymous. ``attributes`` has the name of the attribute for each field of a
    person, such as ``{"name": "cn"}``. ``groups`` is the filter that selects groups, "" for none,
    and ``groups_base`` is their branch."""

    url: str
    base: str
    filter: str
    dn: str
    password: str
    ca_file: str
    attributes: Mapping[str, str]
    groups: str = ""
    groups_base: str = ""


def from_settings() -> LdapDirectory:
    return LdapDirectory(
        url=settings.DIRECTORY_LDAP_URL,
        base=settings.DIRECTORY_LDAP_BASE,
        filter=settings.DIRECTORY_LDAP_FILTER,
        dn=settings.DIRECTORY_LDAP_DN,
        password=settings.DIRECTORY_LDAP_PASSWORD,
        ca_file=settings.TLS_CA_FILE,
        attributes=settings.DIRECTORY_LDAP_ATTRIBUTES,
        groups=settings.DIRECTORY_LDAP_GROUPS,
        groups_base=settings.DIRECTORY_LDAP_GROUPS_BASE or settings.DIRECTORY_LDAP_BASE,
    )


def people(source: LdapDirectory) -> Iterator[DirectoryPerson]:
    """Yield the people who have an address. Raises ServerUnavailable and ServerRefused."""
    with opened(source) as directory:
        for dn, entry in _entries(directory, source):
            if person := _person(dn, entry, source.attributes):
                yield person


@contextmanager
def opened(source: LdapDirectory) -> Iterator[SimpleLDAPObject]:
    """Connect to the directory and bind with the configured account. Raises ServerUnavailable and
    ServerRefused."""
    refusal = "The directory refused to be read."
    with ldap_server.connected(
        source.url, ca_file=source.ca_file, seconds=_SECONDS, refusal=refusal
    ) as directory:
        directory.simple_bind_s(source.dn, source.password)
        yield directory


def _entries(directory: SimpleLDAPObject, source: LdapDirectory) -> Iterator[tuple[str, Entry]]:
    names = list({*source.attributes.values(), _UNLISTED})
    yield from paged(directory, source.base, source.filter, names)


def paged(
    directory: SimpleLDAPObject, base: str, chosen: str, names: list[str]
) -> Iterator[tuple[str, Entry]]:
    """Yield all entries below a branch that a filter selects, with these attributes."""
    page = SimplePagedResultsControl(True, size=PAGE, cookie="")
    while True:
        request_id = directory.search_ext(
            base, ldap.SCOPE_SUBTREE, chosen, names, serverctrls=[page]
        )
        _kind, rows, _number, controls = directory.result3(request_id, timeout=_SECONDS)
        # A row without a name is a referral to another server. Referrals are not followed.
        yield from ((dn, entry) for dn, entry in rows if dn)
        cookies = [
            control.cookie for control in controls if control.controlType == page.controlType
        ]
        if not cookies or not cookies[0]:
            return
        page.cookie = cookies[0]


def _person(dn: str, entry: Entry, attributes: Mapping[str, str]) -> DirectoryPerson | None:
    """Return the person that an entry is of; None without an address, and for who is unlisted."""
    told = _by_name(entry)

    def value(field: str) -> str:
        return next(iter(told.get(attributes.get(field, "").lower(), ())), "")

    address = value("address")
    if "@" not in address or told.get(_UNLISTED.lower()) == ["TRUE"]:
        return None
    name = value("name") or f"{value('first_name')} {value('last_name')}".strip() or address
    return DirectoryPerson(
        key=value("key") or dn,
        name=name,
        sort_name=f"{value('last_name')} {value('first_name')}".strip() or name,
        address=address,
        school_uai=_uai(told.get(attributes.get("school_uai", "").lower(), ())),
        school_name=value("school_name"),
        discipline=value("discipline"),
        function=value("function"),
    )


def _by_name(entry: Entry) -> dict[str, list[str]]:
    """Return the values by the names of their attributes, which servers write in a case of their
    own, and with options such as a language."""
    told: dict[str, list[str]] = {}
    for name, values in entry.items():
        words = (" ".join(value.decode("utf-8", "replace").split()) for value in values)
        told.setdefault(name.partition(";")[0].lower(), []).extend(words)
    return told


def _uai(values: Iterable[str]) -> str:
    """Return the number of the first school among the values, of which some may be others'."""
    for value in values:
        match = _LABELLED.fullmatch(value)
        if match is None or match[1].upper() == "UAI":
            return match[2].strip() if match else value
    return ""
