"""Write the data of a user of another webmail, within the caller's transaction.

Each item is moved once: `MovedUser` records which were, so that a second run does not restore items
that the user has changed or deleted here. Settings made here before have priority.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.utils.translation import gettext

from accounts import audit
from accounts.models import AuditEvent, MailDomain, MovedUser, StaffRecord, User
from addressbook.contacts import collected
from addressbook.imports.bringing import Bringing
from core import clock
from core.preferences import Preferences
from mail.mime import addresses, composed
from webmail import enforcing
from webmail.migrating.texts import word
from webmail.migrating.values import Canned, FormerIdentity, FormerUser
from webmail.models import AllowedSender, FolderChoice, Identity, SavedSearch
from webmail.writing import canned, identities

_MOST_IDENTITIES = 50


@dataclass(frozen=True, slots=True)
class MovingOptions:
    """The administrators' choices for all users. ``source`` is the name of the other webmail.
    ``vouched`` are domains whose addresses become identities without other evidence that they
    belong to the user."""

    source: str
    vouched: frozenset[str] = frozenset()


def write(person: FormerUser, user: User, origin: str, options: MovingOptions) -> MovedUser:
    """Write the items that were not moved before. The returned `MovedUser` has the counts of this
    run; its row in the database has the sums of all runs."""
    row = MovedUser.objects.filter(source=options.source, origin=origin).first()
    row = row or MovedUser(user=user, source=options.source, origin=origin)
    now = MovedUser(user=user, source=options.source, origin=origin)
    writer = _Writer(user, person, row, options)
    # This comes second, since surplus signatures of identities become canned answers.
    now.identities = writer.identities()
    now.canned = writer.canned()
    now.preferences = writer.preferences() + writer.orders() + writer.searches()
    now.recipients = writer.recipients()
    now.senders = writer.senders()
    bringing = writer.contacts()
    now.contacts, now.groups = bringing.contacts, bringing.groups
    now.left_out = sum(person.left_out.values())
    _save(row, now)
    return now


def _save(row: MovedUser, now: MovedUser) -> None:
    """Save the sums. A run that moved nothing changes nothing, and the user gets no notice."""
    counts = {name: getattr(now, name) for name in MovedUser.COUNTS}
    if not any(counts.values()):
        if row.pk is None:
            row.left_out, row.told = now.left_out, clock.now()
            row.save()
        return
    for name, count in counts.items():
        setattr(row, name, getattr(row, name) + count)
    row.left_out, row.moved, row.told = now.left_out, clock.now(), None
    row.save()
    audit.record(
        AuditEvent.Kind.USER_MOVED,
        target=str(row.user),
        source=row.source,
        **{name: count for name, count in counts.items() if count},
    )


class _Writer:
    def __init__(
        self, user: User, person: FormerUser, row: MovedUser, options: MovingOptions
    ) -> None:
        self._user, self._person, self._options = user, person, options
        self._brought = row.brought
        self._signatures: list[Canned] = []

    def _unless_brought(self, kind: str, keys: Iterable[str]) -> Iterator[str]:
        """Yield the keys that were not moved before, and record them."""
        brought = self._brought.setdefault(kind, [])
        before = set(brought)
        for key in keys:
            if key not in before:
                before.add(key)
                brought.append(key)
                yield key

    # Identities

    def identities(self) -> int:
        """Write the identities, and return their number. An identity whose address does not belong
        to the user on any evidence is left out, and may be moved by a later run. If there are only
        such identities, the first one gives its name and signature to the identity of the user's
        own address."""
        incoming = self._new_identities()
        if not incoming:
            return 0
        mine = {own.address.casefold(): own for own in identities.of(self._user)}
        may_be_default = not any(own.is_default for own in mine.values() if own.pk)
        taken: set[str] = set()
        strangers: list[FormerIdentity] = []
        count = 0
        for signed in incoming:
            # An address without a domain belongs to the login.
            key = signed.address.casefold() if "@" in signed.address else next(iter(mine), "")
            if key in taken:
                self._keep_signature(signed)
            elif identity := mine.get(key) or self._vouched(signed.address):
                taken.add(key)
                count += self._write(signed, identity, may_be_default=may_be_default)
            else:
                strangers.append(signed)
                continue
            self._brought["identities"].append(signed.key)
        return count + self._adopt(strangers, None if taken else next(iter(mine.values()), None))

    def _new_identities(self) -> list[FormerIdentity]:
        brought = set(self._brought.setdefault("identities", []))
        return [
            signed
            for signed in self._person.identities[:_MOST_IDENTITIES]
            if signed.key not in brought
        ]

    def _adopt(self, strangers: Iterable[FormerIdentity], own: Identity | None) -> int:
        """Leave ``strangers`` out, but give ``own`` the name and signature of the first of them."""
        count = 0
        for stranger in strangers:
            self._person.left_out[_not_vouched(stranger.address)] += 1
            if own is None:
                self._keep_signature(stranger)
            else:
                count += self._write(stranger, own, may_be_default=False)
                own = None
        return count

    def _write(self, signed: FormerIdentity, identity: Identity, *, may_be_default: bool) -> bool:
        """Write an identity. Return False where nothing is written: an identity that the user
        already has here is not changed."""
        if identity.pk is not None:
            return False
        signature = self._signature(signed)
        reply_to = signed.reply_to if addresses.is_valid(signed.reply_to) else ""
        if signed.reply_to and not reply_to:
            self._person.left_out["identity: its Reply-To is no single address"] += 1
        name = " ".join(signed.name.split())[:200]
        is_as_proposed = not (signature or reply_to) and name in ("", identity.name)
        if is_as_proposed and identity.source != Identity.Source.ADMINISTRATOR:
            return False
        identity.name = name or identity.name
        identity.reply_to, identity.signature = reply_to, signature
        identity.is_default = signed.is_default and may_be_default
        identities.keep(identity)
        return True

    def _vouched(self, address: str) -> Identity | None:
        """Return an identity that belongs to the user by the administrators' choice of domains, but
        never with an address of another user."""
        domain = address.rpartition("@")[2].casefold()
        if domain not in self._options.vouched or not addresses.is_valid(address):
            return None
        address = address.lower()
        if address in self._person.shared or self._is_anothers(address):
            return None
        source = Identity.Source.ADMINISTRATOR
        return Identity(user=self._user, address=address, source=source)

    def _is_anothers(self, address: str) -> bool:
        domain = MailDomain.objects.filter(name=address.rpartition("@")[2]).first()
        other = User.objects.of_mail_login(domain, address) if domain else None
        records = StaffRecord.objects.filter(address__iexact=address)
        theirs = Identity.objects.filter(address__iexact=address).exclude(user=self._user)
        return other not in (None, self._user) or records.exists() or theirs.exists()

    def _signature(self, signed: FormerIdentity) -> str:
        if not signed.signature.strip():
            return ""
        # The separator above a signature is added when the message is sent.
        text = signed.signature if signed.is_html else _unmarked(signed.signature)
        html = text if signed.is_html else composed.from_text(text)
        try:
            return identities.clean_signature(html)
        except ValueError:
            self._person.left_out["signature: too large"] += 1
            return ""

    def _keep_signature(self, signed: FormerIdentity) -> None:
        """Keep a second signature of an address as a canned answer, so that it is not lost."""
        if signed.signature.strip():
            name = gettext("Signature: %(name)s") % {"name": signed.name or signed.address}
            self._signatures.append(
                Canned(f"identity {signed.key}", name, signed.signature, signed.is_html)
            )

    # Other items

    def canned(self) -> int:
        answers = {answer.key: answer for answer in (*self._person.canned, *self._signatures)}
        count = 0
        for key in self._unless_brought("canned", answers):
            answer = answers[key]
            if canned.bring(self._user, answer.name, answer.text, is_html=answer.is_html):
                count += 1
            else:
                self._person.left_out["canned answer: empty, too large, or one too many"] += 1
        return count

    def preferences(self) -> int:
        locked = Preferences.combine({}, enforcing.of_user(self._user)).locked
        theirs = {
            name: value for name, value in self._person.preferences.items() if name not in locked
        }
        if refused := len(self._person.preferences) - len(theirs):
            self._person.left_out["preference: set by the administrators"] += refused
        names = list(self._unless_brought("preferences", sorted(theirs)))
        new = {name: theirs[name] for name in names if name not in self._user.preferences}
        more = dict(new)
        if self._user.last_login is None and "first_steps" not in self._user.preferences:
            # Users who have never signed in here are shown the first steps, like all new users.
            more["first_steps"] = "on"
        if more:
            self._user.preferences |= more
            self._user.save(update_fields=["preferences"])
        return len(new)

    def searches(self) -> int:
        by_name = {search.name: search for search in self._person.searches}
        there = set(SavedSearch.objects.of(self._user).values_list("name", flat=True))
        count = 0
        for name in self._unless_brought("searches", by_name):
            search = by_name[name]
            if name in there:
                continue
            if SavedSearch.objects.keep(
                self._user, name, text=search.text, reach=search.reach, folder=search.folder
            ):
                count += 1
            else:
                self._person.left_out["saved search: one too many"] += 1
        return count

    def orders(self) -> int:
        orders = {order.folder: order for order in self._person.orders}
        folders = list(self._unless_brought("folders", orders))
        if not folders:
            return 0
        there = set(FolderChoice.objects.of(self._user).values_list("folder", flat=True))
        new = [folder for folder in folders if folder not in there]
        FolderChoice.objects.bulk_create(
            [
                FolderChoice(
                    user=self._user,
                    folder=folder,
                    digest=FolderChoice.digest_of(folder),
                    sort=orders[folder].sort,
                    up=orders[folder].up,
                    threads=orders[folder].threads,
                )
                for folder in new
            ],
            batch_size=500,
        )
        return len(new)

    def recipients(self) -> int:
        by_key = {_short(recipient.address): recipient for recipient in self._person.recipients}
        keys = [
            key
            for key in self._unless_brought("recipients", by_key)
            if addresses.is_valid(by_key[key].address)
        ]
        now = clock.now()
        people = (replace(by_key[key], last=min(by_key[key].last or now, now)) for key in keys)
        return collected.bring(
            self._user,
            [(person.name, person.address, person.last or now, person.times) for person in people],
        )

    def senders(self) -> int:
        by_key = {_short(address): address for address in self._person.trusted}
        count = 0
        for key in self._unless_brought("senders", by_key):
            try:
                AllowedSender.objects.allow(self._user, by_key[key])
                count += 1
            except ValueError:
                self._person.left_out["trusted sender: no address"] += 1
        return count

    def contacts(self) -> Bringing:
        bringing = Bringing(
            self._user,
            self._brought.setdefault("contacts", {}),
            self._brought.setdefault("groups", {}),
        )
        for page in self._person.contacts(dict(bringing.known)):
            bringing.take(page)
        for group in self._person.groups:
            bringing.group(group.key, group.name, group.contacts)
        self._person.left_out["contact: no room for it"] += bringing.refused
        self._person.left_out["member of a group: one too many"] += bringing.beyond
        return bringing


def _unmarked(signature: str) -> str:
    lines = signature.replace("\r\n", "\n").strip("\n").split("\n")
    return "\n".join(lines[1:] if lines[0].rstrip() == "--" else lines)


def _not_vouched(address: str) -> str:
    """Return a reason that names the domain alone, since the address is private."""
    domain = word(address.rpartition("@")[2].lower()) or "?"
    return f"identity: an address of {domain} that is not known to be the user's"


def _short(address: str) -> str:
    """Return a digest that identifies an address without revealing it."""
    return hashlib.blake2s(address.lower().encode("utf-8", "replace"), digest_size=6).hexdigest()
