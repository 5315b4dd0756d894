"""The export of contacts: vCard 3.0 and 4.0, and CSV for spreadsheets and other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.db.models import Count, Prefetch, Q, QuerySet

from addressbook import vcard
from addressbook.contact_data import ContactData
from addressbook.contacts import nesting, photos
from addressbook.importers import own
from addressbook.models import Contact, Group, GroupNesting, Guardianship
from addressbook.vcard import families
from mail import spreadsheets

_CHUNK = 200


def vcards(contacts: QuerySet[Contact], groups: Sequence[Group], version: str) -> Iterator[bytes]:
    """Yield a card for each contact with its picture, then one for each group with the UIDs of its
    members."""
    for contact, data in _with_data(contacts, with_families=version == "4.0"):
        if version == "4.0":
            data = replace(data, others=(*data.others, *_family_lines(contact)))
        yield vcard.write(data, version, own=True).encode()
    inside = _nestings_by_outer(groups)
    for group in groups:
        members = group.contacts.filter(deleted=None).order_by("sort_key", "pk")
        uids = list(members.values_list("uid", flat=True))
        uid = f"group-{group.pk}"
        year = group.school_year if group.is_class else None
        card = vcard.write_group(
            group.name,
            uid,
            uids,
            group.external,
            version,
            own=True,
            school_year=year,
            inner=[(f"group-{tie.inner_id}", tie.audience) for tie in inside.get(group.pk, ())],
        )
        yield card.encode()


def _nestings_by_outer(groups: Sequence[Group]) -> dict[int, list[GroupNesting]]:
    """Return the nestings between groups that are exported together, by the key of the outer
    group."""
    pks = [group.pk for group in groups]
    by_outer: dict[int, list[GroupNesting]] = {}
    rows = GroupNesting.objects.filter(outer__in=pks, inner__in=pks).select_related("inner")
    for row in rows:
        by_outer.setdefault(row.outer_id, []).append(row)
    return by_outer


def with_inner(group: Group) -> tuple[list[Group], QuerySet[Contact]]:
    """Return a group with all groups in it at any depth, and the contacts of all these."""
    groups = list({part.group.pk: part.group for part in nesting.parts(group)}.values())
    through = Group.contacts.through.objects.filter(group__in=groups)
    contacts = Contact.objects.of(group.user).filter(pk__in=through.values("contact"))
    return groups, contacts.order_by("initial", "sort_key", "pk")


def table(
    contacts: QuerySet[Contact],
    named: Sequence[Group],
    language: str,
    *,
    whole: Sequence[Group] = (),
) -> Iterator[bytes]:
    """Yield CSV with headers in this language: the contacts, each with the names of those groups of
    ``named`` that it is in. For the groups in ``whole``, rows that no contact has are added:
    addresses without a contact, inner groups, and groups without contacts."""
    rows = _rows(contacts, named, whole)
    return (line.encode() for line in spreadsheets.lines(own.table(rows, language)))


def _rows(
    chosen: QuerySet[Contact], named: Sequence[Group], whole: Sequence[Group]
) -> Iterator[own.OwnRow]:
    memberships = Group.objects.filter(pk__in=[group.pk for group in named])
    for contact in _contacts(chosen.prefetch_related(Prefetch("groups", queryset=memberships))):
        names = tuple(group.name for group in contact.groups.all())
        yield own.OwnRow(_data(contact), names)
    there = Count("contacts", filter=Q(contacts__deleted=None))
    sizes = Group.objects.filter(pk__in=[group.pk for group in whole]).annotate(size=there)
    inside = _nestings_by_outer(whole)
    for group in sizes:
        inner = tuple((tie.inner.name, tie.audience) for tie in inside.get(group.pk, ()))
        if group.external or inner or not group.size:
            yield own.OwnRow(None, (group.name,), tuple(group.external), inner)


def _contacts(chosen: QuerySet[Contact]) -> Iterator[Contact]:
    yield from chosen.select_related("photo").iterator(chunk_size=_CHUNK)


def _with_data(
    chosen: QuerySet[Contact], *, with_families: bool
) -> Iterator[tuple[Contact, ContactData]]:
    """Yield each contact with its data and picture. With ``with_families``, guardians and pupils
    are fetched too, by two queries for each chunk."""
    if with_families:
        guardians = Guardianship.objects.filter(guardian__deleted=None).select_related("guardian")
        pupils = Guardianship.objects.filter(pupil__deleted=None).select_related("pupil")
        chosen = chosen.prefetch_related(
            Prefetch("guardianships", queryset=guardians.only(*_TIE_COLUMNS, "guardian__uid")),
            Prefetch("wardships", queryset=pupils.only(*_TIE_COLUMNS, "pupil__uid")),
        )
    for contact in _contacts(chosen):
        data = _data(contact)
        if hasattr(contact, "photo"):
            data = replace(data, photo=photos.sealed(bytes(contact.photo.content)))
        yield contact, data


_TIE_COLUMNS = ("pupil_id", "guardian_id", "relation", "receives_mail", "is_legal", "position")


def _family_lines(contact: Contact) -> Iterator[str]:
    for tie in contact.guardianships.all():
        values = (tie.relation, tie.receives_mail, tie.is_legal, tie.position)
        yield families.guardian_line(families.Tie(tie.guardian.uid, *values))
    for tie in contact.wardships.all():
        yield families.pupil_line(tie.pupil.uid)


def _data(contact: Contact) -> ContactData:
    return vcard.read_one(contact.vcard)
