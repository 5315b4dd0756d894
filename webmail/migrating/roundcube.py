"""Read the tables of Roundcube 1.4 to 1.7.

Collected addresses exist since 1.5; before 1.6 canned responses are a preference. Subscribed
folders and Sieve scripts are on the mail server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from addressbook import vcard
from addressbook.contact_data import ContactData, Email
from addressbook.importers import php
from mail.imap import names
from webmail.migrating import likes
from webmail.migrating.source import Row, Source
from webmail.migrating.texts import mended, serialised, text_of
from webmail.migrating.values import (
    MOST_OF_A_KIND,
    Account,
    Canned,
    FormerGroup,
    FormerIdentity,
    FormerUser,
    Order,
    Page,
    Recipient,
)

NAME = "roundcube"

_LARGEST_PREFERENCES = 1_000_000
_LARGEST_TEXT = 300_000
_LARGEST_CARD = 8_000_000
_LARGEST_EMAILS = 20_000
_SMALL_CARD = 50_000
_PAGE = 100
_MOST_MEMBERS = 100_000
_TO_RECIPIENTS, _FROM_TRUSTED = 1, 2
# Internal state, and preferences that are read outside `likes`.
_NO_PREFERENCE = frozenset(
    "client_hash compose_responses message_threading message_sort_col message_sort_order".split()
)
_SORTS = {
    "arrival": "arrival",
    "date": "date",
    "subject": "subject",
    "from": "from",
    "fromto": "from",
    "to": "to",
    "size": "size",
}


def need(source: Source) -> None:
    """Raises Unreadable where this is not a database of Roundcube."""
    source.need("users", "identities", "contacts", "contactgroups", "contactgroupmembers")


def count(source: Source) -> int:
    return int(source.rows(f"SELECT COUNT(*) FROM {source.table('users')}")[0][0])  # noqa: S608


def accounts(source: Source) -> Iterator[Account]:
    """Yield all users by number."""
    last = 0
    while rows := source.rows(
        "SELECT user_id, username, mail_host, language"  # noqa: S608  our names
        f" FROM {source.table('users')} WHERE user_id > %s ORDER BY user_id LIMIT 500",
        [last],
    ):
        for key, login, host, language in rows:
            yield Account(
                int(key), text_of(login).strip(), text_of(host).strip(), text_of(language)
            )
        last = int(rows[-1][0])


def person(source: Source, account: Account) -> FormerUser:
    """Return all data of one user. The contacts are read later, when they are iterated."""
    user = int(account.key)
    left_out: Counter[str] = Counter()
    theirs = _preferences(source, user, left_out)
    shown = {name: value for name, value in theirs.items() if name not in _NO_PREFERENCE}
    if account.language:
        shown["language"] = account.language
    recipients, trusted = _collected(source, user)
    _count_searches(source, user, left_out)
    identities = _identities(source, user, left_out)
    return FormerUser(
        identities=identities,
        shared=_shared(source, user, identities),
        canned=[*_canned(source, user), *_old_canned(theirs.get("compose_responses"))],
        orders=_orders(theirs),
        preferences=likes.converted(shown, likes.ROUNDCUBE, left_out),
        recipients=recipients,
        trusted=trusted,
        contacts=partial(_contacts, source, user, left_out),
        groups=_groups(source, user),
        left_out=left_out,
    )


def _preferences(source: Source, user: int, left_out: Counter[str]) -> php.Array:
    column = source.cut("preferences", _LARGEST_PREFERENCES)
    rows = source.rows(
        f"SELECT {column} FROM {source.table('users')} WHERE user_id = %s",  # noqa: S608
        [user],
    )
    text = text_of(rows[0][0]) if rows else ""
    try:
        if len(text) > _LARGEST_PREFERENCES:
            raise php.BrokenValue("too large")
        return serialised(text)
    except php.BrokenValue as error:
        left_out[f"preferences cannot be read: {error}"] += 1
        return {}


def _identities(source: Source, user: int, left_out: Counter[str]) -> list[FormerIdentity]:
    """Return the identities, the default one first, then by number."""
    rows = source.rows(
        "SELECT identity_id, email, name, organization,"  # noqa: S608  our names
        f" {source.column('reply-to')}, bcc, {source.cut('signature', _LARGEST_TEXT)},"
        f" html_signature, standard FROM {source.table('identities')}"
        " WHERE user_id = %s AND del <> 1 ORDER BY standard DESC, identity_id LIMIT 50",
        [user],
    )
    identities = []
    for key, address, name, organization, reply_to, bcc, signature, is_html, standard in rows:
        left_out["identity: its organisation has no field here"] += bool(
            text_of(organization).strip()
        )
        left_out["identity: its copy to another address (Bcc) is not brought"] += bool(
            text_of(bcc).strip()
        )
        text = mended(signature)
        if len(text_of(signature)) > _LARGEST_TEXT:
            left_out["signature: too large"] += 1
            text = ""
        identities.append(
            FormerIdentity(
                str(key),
                text_of(address).strip(),
                mended(name),
                text_of(reply_to).strip(),
                text,
                bool(is_html),
                bool(standard),
            )
        )
    return identities


def _shared(source: Source, user: int, identities: Sequence[FormerIdentity]) -> frozenset[str]:
    """Return the addresses that another user also has, as login or identity."""
    spelt = {identity.address for identity in identities} | {
        identity.address.lower() for identity in identities
    }
    if not spelt:
        return frozenset()
    marks = ", ".join(["%s"] * len(spelt))
    rows = source.rows(
        f"SELECT email FROM {source.table('identities')}"  # noqa: S608  our names
        f" WHERE email IN ({marks}) AND user_id <> %s AND del <> 1",
        [*spelt, user],
    )
    shared = {text_of(address).lower() for (address,) in rows}
    locals_of = {address.rpartition("@")[0]: address.lower() for address in spelt}
    names_of = {address: address.lower() for address in spelt} | locals_of
    marks = ", ".join(["%s"] * len(names_of))
    rows = source.rows(
        f"SELECT username FROM {source.table('users')}"  # noqa: S608  our names
        f" WHERE username IN ({marks}) AND user_id <> %s",
        [*names_of, user],
    )
    return frozenset(
        shared | {names_of.get(text_of(name), text_of(name).lower()) for (name,) in rows}
    )


def _canned(source: Source, user: int) -> list[Canned]:
    if not source.has("responses"):
        return []
    rows = source.rows(
        f"SELECT response_id, name, {source.cut('data', _LARGEST_TEXT)}, is_html"  # noqa: S608
        f" FROM {source.table('responses')} WHERE user_id = %s AND del <> 1"
        " ORDER BY response_id LIMIT 110",
        [user],
    )
    return [
        Canned(str(key), mended(name), mended(text), bool(is_html))
        for key, name, text, is_html in rows
    ]


def _old_canned(responses: php.Value) -> Iterator[Canned]:
    """Yield the canned responses of Roundcube 1.4 and 1.5."""
    if not isinstance(responses, dict):
        return
    for number, response in list(responses.items())[:500]:
        if isinstance(response, dict) and isinstance(response.get("text"), str):
            name, text = str(response.get("name") or ""), str(response["text"])
            key = str(response.get("key") or number)[:40]
            yield Canned(f"old {key}", name, text, response.get("format") == "html")


def _orders(theirs: php.Array) -> list[Order]:
    """Return the folders that are shown by conversations, and the order of all lists, for the
    inbox."""
    orders: dict[str, Order] = {}
    sort = _SORTS.get(str(theirs.get("message_sort_col") or "arrival"), "arrival")
    up = str(theirs.get("message_sort_order") or "DESC").upper() == "ASC"
    if (sort, up) != ("arrival", False):
        orders["INBOX"] = Order("INBOX", sort, up, False)
    threads = theirs.get("message_threading")
    if isinstance(threads, dict):
        for name, is_on in list(threads.items())[:MOST_OF_A_KIND]:
            folder, is_sayable = names.decode(str(name).encode("utf-8", "replace"))
            if is_on and is_sayable and folder:
                orders[folder] = Order(folder, "arrival", False, True)
    return list(orders.values())


def _collected(source: Source, user: int) -> tuple[list[Recipient], list[str]]:
    """Return the recipients of sent messages and the trusted senders, the latest first."""
    if not source.has("collected_addresses"):
        return [], []
    rows = source.rows(
        f"SELECT {source.column('type')}, name, email, changed"  # noqa: S608  our names
        f" FROM {source.table('collected_addresses')} WHERE user_id = %s"
        " ORDER BY address_id DESC LIMIT %s",
        [user, 2 * MOST_OF_A_KIND],
    )
    recipients = [
        Recipient(mended(name), text_of(address).strip(), _moment(changed))
        for kind, name, address, changed in rows
        if kind == _TO_RECIPIENTS
    ]
    trusted = [
        text_of(address).strip() for kind, _name, address, _at in rows if kind == _FROM_TRUSTED
    ]
    return recipients[:MOST_OF_A_KIND], trusted[:MOST_OF_A_KIND]


def _moment(value: object) -> datetime | None:
    """Return the moment; None where the column has no valid date, such as year 0 in MySQL and
    SQLite."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime) or value.year < 2000:
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


_SEARCH_OF_CONTACTS = 1


def _count_searches(source: Source, user: int, left_out: Counter[str]) -> None:
    """Count saved searches as left out: those of contacts, which have the type 1, and of mail."""
    if source.has("searches"):
        rows = source.rows(
            f"SELECT type, COUNT(*) FROM {source.table('searches')}"  # noqa: S608
            " WHERE user_id = %s GROUP BY type",
            [user],
        )
        for kind, count in rows:
            subject = "contacts" if int(kind or 0) == _SEARCH_OF_CONTACTS else "mail"
            left_out[f"saved search of {subject}: no like here"] += int(count)


# Contacts


def _contacts(
    source: Source, user: int, left_out: Counter[str], known: Container[str]
) -> Iterator[Page]:
    """Yield pages of small contacts, and each large one, which has a picture, by itself."""
    last = 0
    table = source.table("contacts")
    statement = (
        "SELECT contact_id, name, firstname, surname,"  # noqa: S608  our names
        f" {source.cut('email', _LARGEST_EMAILS)}, {source.cut('vcard', _SMALL_CARD)} FROM {table}"
        " WHERE user_id = %s AND del <> 1 AND contact_id > %s ORDER BY contact_id LIMIT %s"
    )
    large = f"SELECT {source.cut('vcard', _LARGEST_CARD)} FROM {table} WHERE contact_id = %s"  # noqa: S608
    while rows := source.rows(statement, [user, last, _PAGE]):
        page = []
        for row in rows:
            key, card = str(row[0]), row[-1]
            if key in known:
                continue
            is_large = len(text_of(card)) > _SMALL_CARD
            if is_large:
                card = source.rows(large, [row[0]])[0][0]
            data = _contact((*row[:-1], card), left_out)
            if not vcard.has_something(data):
                left_out["contact: there is nothing in it"] += 1
            elif is_large:
                yield [(key, data)]
            else:
                page.append((key, data))
        yield page
        last = int(rows[-1][0])


def _contact(row: Row, left_out: Counter[str]) -> ContactData:
    """Return the contact of a vCard; where the card is missing or cut, with the values of the other
    columns."""
    _key, name, first, last, emails, card = row
    text = mended(card)
    if len(text_of(card)) > _LARGEST_CARD:
        left_out["contact: its card is too large, and was cut"] += 1
    elif text and "END:VCARD" not in text[-200:].upper():
        left_out["contact: its card was cut there already"] += 1
    data = vcard.read_one(text)
    if not data.emails:
        addresses = vcard.addresses_in(mended(emails)[:_LARGEST_EMAILS])
        data = replace(data, emails=tuple(Email(address) for address in addresses))
    if not data.display_name:
        data = replace(data, display_name=_one_line(name))
    if not (data.first_name or data.last_name or data.display_name):
        data = replace(data, first_name=_one_line(first), last_name=_one_line(last))
    return data


def _one_line(value: object) -> str:
    return " ".join(mended(value).split())


def _groups(source: Source, user: int) -> Iterator[FormerGroup]:
    groups = source.rows(
        f"SELECT contactgroup_id, name FROM {source.table('contactgroups')}"  # noqa: S608
        " WHERE user_id = %s AND del <> 1 ORDER BY contactgroup_id LIMIT 5000",
        [user],
    )
    for key, name in groups:
        rows = source.rows(
            f"SELECT contact_id FROM {source.table('contactgroupmembers')}"  # noqa: S608
            " WHERE contactgroup_id = %s ORDER BY contact_id LIMIT %s",
            [key, _MOST_MEMBERS],
        )
        yield FormerGroup(str(key), mended(name), [str(contact) for (contact,) in rows])
