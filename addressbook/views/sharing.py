"""Groups shared with colleagues: the pages of their owner, and those of a colleague."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core import signing
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.http import SignedInRequest, login_required, safe_next
from accounts.models import AuditEvent, StaffRecord
from addressbook.contacts import endings, groups, sharing
from addressbook.contacts.sharing import SharedGroup
from addressbook.forms.classes import AudienceForm
from addressbook.forms.groups import AddAddressesForm, GroupShareForm, MemberForm
from addressbook.models import Group, GroupShare
from addressbook.presentation import groups as presentation
from addressbook.views.pages import Undo, go, group_of, page
from mail.errors import NotFound

_SALT = "addressbook.taken-out"
_A_DAY = 24 * 3600
MEMBERS_PER_PAGE = 200


# --- the owner ---


@require_http_methods(["GET", "POST"])
@login_required
def share(request: SignedInRequest, group: int) -> HttpResponse:
    """Show with whom a group is shared, and share it with more colleagues."""
    own_group = group_of(request, group)
    holds_families = groups.holds_families(own_group)
    form = GroupShareForm(
        request.POST if request.method == "POST" else None, holds_families=holds_families
    )
    record = StaffRecord.objects.all().of(request.user)
    if form.is_bound and form.is_valid() and _share(request, own_group, form, record):
        return go(request, _share_url(own_group), gettext("The group is shared."))
    rows = presentation.share_rows(own_group)
    context = {
        "form": form,
        "group": own_group,
        "rows": rows,
        "school": (record.school_name or record.school_uai) if record else "",
        "holds_families": holds_families,
        "chosen": form["may"].value() or GroupShareForm.READ,
        "choices": [
            (
                GroupShareForm.READ,
                pgettext("a share", "Read"),
                presentation.may_words(may_edit=False),
            ),
            (
                GroupShareForm.EDIT,
                pgettext("a share", "Edit"),
                presentation.may_words(may_edit=True),
            ),
        ],
    }
    status = 422 if form.is_bound else 200
    return page(request, "groups/group_share.html", context, group=own_group, status=status)


def _share_url(group: Group) -> str:
    return reverse("addressbook:share_group", args=[group.pk])


def _share(
    request: SignedInRequest, group: Group, form: GroupShareForm, record: StaffRecord | None
) -> bool:
    """Share the group; False when the form says why not."""
    values = form.cleaned_data
    own = {request.user.address.lower(), record.address if record else ""}
    people = [address for address in values["people"] if address not in own]
    if unknown := sharing.strangers(people):
        words = gettext("%(address)s is nobody’s in the directory.")
        form.add_error("people", words % {"address": unknown[0]})
        return False
    school = record.school_uai if values["school"] and record else ""
    if not people and not school:
        form.add_error("people", gettext("The group is yours already."))
        return False
    may_edit = values["may"] == GroupShareForm.EDIT
    try:
        sharing.share(
            group, people, school, may_edit=may_edit, with_pupils=bool(values["with_pupils"])
        )
    except sharing.TooManyShares:
        words = gettext("A group is shared with at most %(most)s colleagues.")
        form.add_error("people", words % {"most": sharing.MOST_SHARES})
        return False
    for target in [*people, *([school] if school else [])]:
        audit.record(
            AuditEvent.Kind.GROUP_SHARED,
            request,
            target=target,
            name=group.name,
            key=group.pk,
            change="edit group" if may_edit else "read group",
        )
    return True


@require_POST
@login_required
def change_share(request: SignedInRequest, group: int, share_pk: int) -> HttpResponse:
    """End a share (``verb=end``), or change what it allows."""
    own_group = group_of(request, group)
    row = GroupShare.objects.filter(group=own_group, pk=share_pk).first()
    if row is None:
        raise NotFound
    target = row.address or row.school_uai
    name, key = own_group.name, own_group.pk
    if request.POST.get("verb") == "end":
        sharing.end(row)
        audit.record(AuditEvent.Kind.GROUP_UNSHARED, request, target=target, name=name, key=key)
        return go(request, _share_url(own_group), gettext("The group is no longer shared so."))
    may_edit = request.POST.get("may") == GroupShareForm.EDIT
    sharing.change(row, may_edit=may_edit)
    change = "edit group" if may_edit else "read group"
    kind = AuditEvent.Kind.GROUP_SHARED
    audit.record(kind, request, target=target, name=name, key=key, change=change)
    return go(request, _share_url(own_group), gettext("Saved."))


# --- the colleague ---


def seen_of(request: SignedInRequest, pk: int) -> SharedGroup:
    """A group that is shared with the person; NotFound for any other."""
    seen = sharing.find_shared_group(request.user, pk)
    if seen is None:
        raise NotFound
    return seen


def _editable(request: SignedInRequest, pk: int) -> SharedGroup:
    """NotFound also for a group that may be read alone."""
    seen = seen_of(request, pk)
    if not seen.may_edit:
        raise NotFound
    return seen


@require_GET
@login_required
def shared(request: SignedInRequest, group: int) -> HttpResponse:
    """The members of a colleague's group."""
    return _shared_page(request, seen_of(request, group), AddAddressesForm())


def _shared_page(
    request: SignedInRequest, seen: SharedGroup, form: AddAddressesForm
) -> HttpResponse:
    sharing.note_use(request.user, seen.group)
    members = sharing.members(seen)
    last = max(1, -(-len(members) // MEMBERS_PER_PAGE))
    page_text = request.GET.get("page", "1")
    number = (
        min(int(page_text), last)
        if page_text.isascii() and page_text.isdigit() and len(page_text) < 6
        else 1
    )
    start = (max(1, number) - 1) * MEMBERS_PER_PAGE
    context = {
        "seen": seen,
        "form": form,
        "members": members[start : start + MEMBERS_PER_PAGE],
        "total": len(members),
        "number": number,
        "last": last,
        "before": number - 1,
        "after": number + 1 if number < last else 0,
        "inner": sharing.inner_of(seen),
        "reach": presentation.reach_view(sharing.reach(seen)),
        "write_urls": presentation.write_urls(seen) if members else (),
    }
    status = 422 if form.is_bound else 200
    return page(request, "groups/shared_group.html", context, shared=seen.group.pk, status=status)


@require_GET
@login_required
@cache_control(private=True, no_store=True)
def shared_recipients(request: SignedInRequest, group: int) -> JsonResponse:
    """JSON: everybody in it, as one writes to them; with ``?who=`` a part of a class."""
    seen = seen_of(request, group)
    audience = AudienceForm(request.GET).value()
    sharing.note_use(request.user, seen.group)
    return JsonResponse({"recipients": sharing.recipients(seen, audience)})


@require_POST
@login_required
def add_members(request: SignedInRequest, group: int) -> HttpResponse:
    """Add a colleague's addresses, or put the member ``key`` back that was taken out."""
    seen = _editable(request, group)
    here = reverse("addressbook:shared_group", args=[group])
    if sealed := request.POST.get("undo"):
        return _put_back(request, seen, sealed, here)
    form = AddAddressesForm(request.POST)
    if not form.is_valid():
        return _shared_page(request, seen, form)
    try:
        count = sharing.add(seen, form.cleaned_data["addresses"])
    except groups.GroupFull:
        form.add_error("addresses", gettext("A group holds up to 5,000 addresses."))
        return _shared_page(request, seen, form)
    _record_edit(request, seen, "member added", count)
    words = ngettext("%(count)s address added.", "%(count)s addresses added.", count)
    return go(request, here, words % {"count": intcomma(count)})


def _put_back(request: SignedInRequest, seen: SharedGroup, sealed: str, here: str) -> HttpResponse:
    try:
        person, group, key = signing.loads(sealed, salt=_SALT, max_age=_A_DAY)
    except (signing.BadSignature, ValueError) as error:
        raise NotFound from error
    if [person, group] != [request.user.pk, seen.group.pk]:
        raise NotFound
    try:
        sharing.put_back(seen, key)
    except groups.GroupFull as error:
        raise NotFound from error
    _record_edit(request, seen, "member added", 1)
    return go(request, here, gettext("The member is in the group again."))


def _record_edit(request: SignedInRequest, seen: SharedGroup, change: str, count: int) -> None:
    audit.record(
        AuditEvent.Kind.GROUP_EDITED,
        request,
        target=str(seen.group.user),
        name=seen.group.name,
        key=seen.group.pk,
        change=change,
        recipients=count,
    )


@require_POST
@login_required
def take_out(request: SignedInRequest, group: int) -> HttpResponse:
    """A member out of a colleague's group."""
    seen = _editable(request, group)
    form = MemberForm(request.POST)
    if not form.is_valid():
        raise NotFound
    key = form.cleaned_data["key"]
    here = safe_next(request) or reverse("addressbook:shared_group", args=[group])
    if not sharing.take_out(seen, key):
        return go(request, here, gettext("Nothing was done: that member is not there any more."))
    _record_edit(request, seen, "member removed", 1)
    sealed = signing.dumps([request.user.pk, group, key], salt=_SALT, compress=True)
    undo = Undo(reverse("addressbook:add_members", args=[group]), [("undo", sealed)])
    return go(request, here, gettext("The member is no longer in the group."), undo)


@require_POST
@login_required
def leave(request: SignedInRequest, group: int) -> HttpResponse:
    """Away from the person's address book; its owner and the others keep it."""
    seen = seen_of(request, group)
    sharing.leave(request.user, seen.group)
    words = gettext("You left the group “%(group)s” of %(owner)s.")
    words %= {"group": seen.group.name, "owner": seen.owner_name}
    undo = Undo(reverse("addressbook:come_back", args=[group]))
    return go(request, reverse("addressbook:contacts"), words, undo)


@require_POST
@login_required
def come_back(request: SignedInRequest, group: int) -> HttpResponse:
    """Undo `leave`."""
    if not sharing.come_back(request.user, group):
        raise NotFound
    words = gettext("The group is shared with you again.")
    return go(request, reverse("addressbook:shared_group", args=[group]), words)


@require_POST
@login_required
def dismiss(request: SignedInRequest, gone: int) -> HttpResponse:
    """Put away the line about a shared group that ended."""
    if not endings.endings_of(request.user).filter(pk=gone).delete()[0]:
        raise NotFound
    return go(request, safe_next(request) or reverse("addressbook:contacts"), gettext("Put away."))
