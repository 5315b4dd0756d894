"""Read the tables of Horde 3 and 5 (IMP, Turba).

Preferences are rows of ``horde_prefs``; one of them contains the identities, serialised. Contacts
are rows of ``turba_objects``, whose owner is a user or one of the user's shares. Templates of
messages are in a folder of the mail server and stay there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from addressbook import vcard
from addressbook.importers import dates, headers, php, turba
from addressbook.importers.assemble import Style
from addressbook.importers.reading import LARGEST_FILE, MOST_RECORDS, FileRejected, Gathered
from webmail.migrating import likes, searches
from webmail.migrating.source import Source
from webmail.migrating.texts import mended, serialised, text_of
from webmail.migrating.values import (
    MOST_OF_A_KIND,
    Account,
    FormerGroup,
    FormerIdentity,
    FormerUser,
    Page,
    Recipient,
    Search,
)

_LARGEST_VALUE = 1_000_000
_LARGEST_TEXT = 50_000
_LARGEST_PHOTO = 5_000_000
_PAGE = 100
_MOST_SHARES = 500_000
_MOST_PREFERENCES = 2_000
# Binary columns, which are read separately or not at all.
_NO_TEXT = frozenset(
    "object_photo object_phototype object_photoorig object_logo object_logotype".split()
)
_IDENTITY = (
    "identities default_identity fullname from_addr replyto_addr signature signature_html"
).split()
_SEARCHES = frozenset({"vfolder", "filter"})
_TRUSTED = "image_replacement_addrs"
# Internal state of the programs.
_NO_PREFERENCE = frozenset(
    """
    id location_addr alias_addr tieto_addr bcc_addr confirm_email last_login last_maintenance
    last_logintasks upgrade_tasks expanded_folders nav_expanded nav_poll sidebar_width
    security_question security_answer msgflags flags pgp_private_key pgp_public_key
    smime_private_key smime_public_key
    """.split()
)


class Reader:
    """Reads one database. The owners of shares are known after `need`."""

    NAME = "horde"

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._books: dict[str, list[str]] = {}

    def need(self, source: Source) -> None:
        """Read the owners of shares. Raises Unreadable where this is not a database of Horde."""
        source.need("horde_prefs")
        self._owners = _share_owners(source)
        self._books = {}
        for share, owner in self._owners.items():
            self._books.setdefault(owner, []).append(share)

    def count(self, source: Source) -> int:
        return int(source.rows(f"SELECT COUNT(*) FROM ({_users(source)}) people")[0][0])  # noqa: S608

    def accounts(self, source: Source) -> Iterator[Account]:
        """Yield all users who have preferences or contacts, by name, without shares."""
        last = ""
        while rows := source.rows(
            f"SELECT uid FROM ({_users(source)}) people"  # noqa: S608  our names
            " WHERE uid > %s ORDER BY uid LIMIT 500",
            [last],
        ):
            for (uid,) in rows:
                login = text_of(uid)
                if login.strip() and login not in self._owners:
                    yield Account(login, login.strip(), is_share=turba.is_share(login))
            last = rows[-1][0]

    def person(self, source: Source, account: Account) -> FormerUser:
        uid = str(account.key)
        left_out: Counter[str] = Counter()
        names, values = _preferences(source, uid)
        shown: dict[str, php.Value] = {name: mended(values.get(name)) for name in sorted(names)}
        book = _Book(source, (uid, *self._books.get(uid, ())), uid, left_out)
        saved: list[Search] = []
        for name in sorted(_SEARCHES):
            raw = _raw(_bytes_of_hex(values.get(name)))
            saved += searches.read_searches(raw, left_out)
        return FormerUser(
            identities=_identities(values, left_out),
            preferences=likes.converted(shown, likes.HORDE, left_out),
            recipients=_recipients(source, uid),
            trusted=_trusted(values.get(_TRUSTED), left_out),
            searches=saved,
            contacts=book.pages,
            groups=book.groups(),
            left_out=left_out,
        )


def _users(source: Source) -> str:
    parts = [f"SELECT pref_uid AS uid FROM {source.table('horde_prefs')}"]  # noqa: S608
    if source.has("turba_objects"):
        parts.append(f"SELECT owner_id FROM {source.table('turba_objects')}")  # noqa: S608
    parts += [
        f"SELECT share_owner FROM {source.table(table)} WHERE share_owner IS NOT NULL"  # noqa: S608
        for table in ("turba_shares", "turba_sharesng")
        if source.has(table)
    ]
    return " UNION ".join(parts)


def _share_owners(source: Source) -> dict[str, str]:
    """Return the owners of all shares, by the names of the shares."""
    rows: list[tuple[int, dict[str, str]]] = []
    for table in ("turba_shares", "turba_sharesng"):
        if source.has(table):
            share_rows = source.rows(
                "SELECT share_name, share_owner,"  # noqa: S608  our names
                f" {source.cut('attribute_params', 2_000)} FROM {source.table(table)}"
                f" LIMIT {_MOST_SHARES}"
            )
            rows += [
                (
                    0,
                    {
                        "share_name": text_of(name),
                        "share_owner": text_of(owner),
                        "attribute_params": text_of(how),
                    },
                )
                for name, owner, how in share_rows
            ]
    return turba.share_owners(rows)


# Preferences


def _preferences(source: Source, uid: str) -> tuple[set[str], dict[str, object]]:
    """Return the names of all preferences that users can see, and the values of those that are
    read."""
    table = source.table("horde_prefs")
    scopes = "pref_scope IN ('horde', 'imp')"
    name_rows = source.rows(
        f"SELECT pref_name FROM {table} WHERE pref_uid = %s AND {scopes}"  # noqa: S608
        f" LIMIT {_MOST_PREFERENCES}",
        [uid],
    )
    read = [*likes.HORDE, *_IDENTITY, *_SEARCHES, _TRUSTED]
    marks = ", ".join(["%s"] * len(read))
    rows = source.rows(
        f"SELECT pref_name, {source.cut('pref_value', _LARGEST_VALUE)} FROM {table}"  # noqa: S608
        f" WHERE pref_uid = %s AND {scopes} AND pref_name IN ({marks})",
        [uid, *read],
    )
    hidden = {*_NO_PREFERENCE, *_SEARCHES, *_IDENTITY, _TRUSTED}
    names = {text_of(name).strip() for (name,) in name_rows} - hidden
    return names, {text_of(name).strip(): value for name, value in rows}


def _identities(values: Mapping[str, object], left_out: Counter[str]) -> list[FormerIdentity]:
    """Return the identities, the default one first. If the user has none, return one made of the
    equivalent single preferences."""
    try:
        stored = serialised(_bytes_of_hex(values.get("identities")))
    except php.BrokenValue as error:
        left_out[f"identities cannot be read: {error}"] += 1
        stored = {}
    default = mended(values.get("default_identity")) or "0"
    identities = [
        _identity(str(key), identity, str(key) == default, left_out)
        for key, identity in list(stored.items())[:200]
        if isinstance(identity, dict)
    ]
    if not identities:
        plain: php.Array = {name: mended(values.get(name)) for name in _IDENTITY}
        if any(plain[name] for name in ("fullname", "from_addr", "signature", "signature_html")):
            identities = [_identity("plain", plain, True, left_out)]
    return sorted(identities, key=lambda identity: not identity.is_default)


def _identity(
    key: str, identity: php.Array, is_default: bool, left_out: Counter[str]
) -> FormerIdentity:
    values = {
        name: mended(identity.get(name)) for name in ("from_addr", "fullname", "replyto_addr")
    }
    plain, html = mended(identity.get("signature")), mended(identity.get("signature_html"))
    for name in ("alias_addr", "tieto_addr", "bcc_addr"):
        left_out["identity: its other addresses (alias, tied, Bcc) are not brought"] += bool(
            identity.get(name)
        )
    return FormerIdentity(
        key,
        values["from_addr"].strip(),
        values["fullname"],
        values["replyto_addr"].strip(),
        html if html.strip() else plain,
        bool(html.strip()),
        is_default,
    )


def _bytes_of_hex(value: object) -> object:
    """Decode PostgreSQL's notation of bytes in a text column."""
    text = value if isinstance(value, str) else ""
    if text.startswith("\\x"):
        try:
            return bytes.fromhex(text[2:])
        except ValueError:
            return value
    return value


def _raw(value: object) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    return text_of(value).encode("utf-8", "replace")


def _trusted(value: object, left_out: Counter[str]) -> list[str]:
    """Return the senders whose images are shown, from a JSON list."""
    if not (text := mended(value)):
        return []
    try:
        senders = json.loads(text)
    except (ValueError, RecursionError):
        left_out["trusted senders cannot be read"] += 1
        return []
    if not isinstance(senders, list):
        return []
    return [sender for sender in senders if isinstance(sender, str)][:MOST_OF_A_KIND]


def _recipients(source: Source, uid: str) -> list[Recipient]:
    """Return the recipients of sent messages, where the log of them is in the database."""
    if not source.has("imp_sentmail"):
        return []
    rows = source.rows(
        "SELECT sentmail_recipient, MAX(sentmail_ts), COUNT(*)"  # noqa: S608  our names
        f" FROM {source.table('imp_sentmail')} WHERE sentmail_who = %s AND sentmail_success = 1"
        " GROUP BY sentmail_recipient ORDER BY 2 DESC LIMIT %s",
        [uid, MOST_OF_A_KIND],
    )
    return [
        Recipient("", text_of(address).strip(), _moment(last), min(int(times), 10_000))
        for address, last, times in rows
    ]


def _moment(seconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError, OSError):
        return None


# Contacts


class _Book:
    """The contacts and lists of one user, in all of the user's shares. Texts are read at once,
    since a list may name contacts that follow it; pictures are read page by page."""

    def __init__(
        self, source: Source, books: Sequence[str], uid: str, left_out: Counter[str]
    ) -> None:
        self._source, self._books, self._uid = source, books, uid
        self._left_out = left_out
        self._keys: list[str] = []
        self._gathered = Gathered()

    def pages(self, known: Container[str]) -> Iterator[Page]:
        if not self._source.has("turba_objects"):
            return
        try:
            self._gather()
        except FileRejected:
            self._left_out["address book: too large to be read"] += 1
        for skipped in self._gathered.skipped:
            self._left_out[f"contact: {skipped.reason}"] += 1
        everybody = zip(self._contact_keys(), self._gathered.contacts, strict=True)
        contacts = [(key, data) for key, data in everybody if key not in known]
        for start in range(0, len(contacts), _PAGE):
            yield from self._by_pictures(contacts[start : start + _PAGE])

    def groups(self) -> Iterator[FormerGroup]:
        """Yield the groups. Call this after the pages were read."""
        keys = self._contact_keys()
        for group in self._gathered.groups:
            if group.missing:
                self._left_out["member of a group: not found"] += len(group.missing)
            key = f"{group.origin}:{group.name}"[:120]
            yield FormerGroup(key, group.name, [keys[index] for index in group.members])

    def _contact_keys(self) -> list[str]:
        return [self._keys[record] for record in self._gathered.records]

    def _gather(self) -> None:
        names = [
            name
            for name in self._source.columns("turba_objects")
            if name == "owner_id" or (name.startswith("object_") and name not in _NO_TEXT)
        ]
        fields = dict(zip(names, headers.fields_of(names), strict=True))
        rows = list(self._rows(names))
        birthdays = (row.get("object_bday", "") for row in rows)
        style = Style(day_first=dates.day_first(birthdays, assumed=True))
        records = (
            (number, number, [(fields[name], text) for name, text in row.items() if text])
            for number, row in enumerate(rows)
        )
        self._keys = [row["object_id"] for row in rows]
        owners = dict.fromkeys(self._books, self._uid)
        turba.gather(records, style, self._gathered, owners)

    def _rows(self, names: Sequence[str]) -> Iterator[dict[str, str]]:
        source = self._source
        columns = ", ".join(
            source.cut(name, _LARGEST_TEXT) if name != "object_id" else source.column(name)
            for name in names
        )
        marks = ", ".join(["%s"] * len(self._books))
        statement = (
            f"SELECT {columns} FROM {source.table('turba_objects')}"  # noqa: S608  our names
            f" WHERE owner_id IN ({marks}) AND object_id > %s ORDER BY object_id LIMIT 500"
        )
        at, last, size = list(names).index("object_id"), "", 0
        while rows := source.rows(statement, [*self._books, last]):
            for row in rows:
                texts = [mended(value) for value in row]
                size += sum(map(len, texts)) + LARGEST_FILE // MOST_RECORDS
                if size > 2 * LARGEST_FILE:
                    raise FileRejected("too_large")
                yield dict(zip(names, texts, strict=True))
            last = rows[-1][at]

    def _by_pictures(self, page: Page) -> Iterator[Page]:
        """Yield the contacts without a picture together, and each of the others by itself."""
        source, keys = self._source, [key for key, _data in page]
        if "object_photo" not in source.columns("turba_objects"):
            yield page
            return
        marks = ", ".join(["%s"] * len(keys))
        table = source.table("turba_objects")
        rows = source.rows(
            f"SELECT object_id FROM {table}"  # noqa: S608  our names
            f" WHERE object_id IN ({marks}) AND object_photo IS NOT NULL",
            keys,
        )
        with_picture = {text_of(key) for (key,) in rows}
        yield [(key, data) for key, data in page if key not in with_picture]
        photo = source.cut("object_photo", _LARGEST_PHOTO)
        statement = f"SELECT {photo} FROM {table} WHERE object_id = %s"  # noqa: S608
        for key, data in page:
            if key in with_picture:
                content = source.rows(statement, [key])[0][0]
                is_raw = isinstance(content, bytes | memoryview)
                yield [
                    (key, replace(data, photo=vcard.photo_of(bytes(content)) if is_raw else None))
                ]
