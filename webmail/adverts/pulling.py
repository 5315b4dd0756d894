"""Pull the messages of a campaign from mailboxes into the folder for junk, and put them back.

With a master user of the IMAP server, a job goes through the mailboxes of all users. For later
messages, and without a master user, each user's own look at the inbox does it. No text of a message
is stored, or shown to the administrator who started the pull.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from accounts import audit, session
from accounts.claims import Heartbeat, Lost
from accounts.http import SignedInRequest
from accounts.models import AuditEvent, User
from core import clock
from mail.errors import FolderNotFound, ServerBusy, WebmailError
from mail.imap import fetch, uid_sets
from mail.imap import search as imap_search
from mail.imap.connection import Connection
from mail.imap.values import Folder, MessageRef
from mail.mailbox import actions, arrivals, folders, query
from mail.mime import headers
from webmail.adverts.campaigns import Campaign, Criteria
from webmail.adverts.digests import digest_of
from webmail.adverts.judging import INBOX
from webmail.jobs.turns import leaving
from webmail.models import Judgement, Pull, PulledMessage, PullSight

REASON: Final = "pulled"
State = Pull.State
MOST_OF_A_FOLDER: Final = 100
"""The number of messages in a folder that are examined: the newest that the search found."""
SECONDS: Final = 2.0
"""Time limit within a user's own look at the inbox."""
_FIELDS: Final = ("RECEIVED", "MESSAGE-ID", "DATE", "FROM", "SUBJECT")
_FIELDS_SIZE: Final = 32 * 1024
_LEFT_ALONE: Final = frozenset({folders.JUNK, folders.TRASH, folders.SENT, folders.DRAFTS})
_ACTIVE, _ACTIVE_SECONDS = "near:pulls-at-work", 60
_SEEN_SECONDS = 10 * 60

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Match:
    """A message that meets the criteria, and its place."""

    ref: MessageRef
    digest: str


# --- started by an administrator ---


def ask(request: SignedInRequest, campaign: Campaign, criteria: Criteria) -> Pull:
    """Begin a pull by counting, which moves nothing. Without a master user only the reports can be
    counted, which is done at once."""
    has_master = session.has_master()
    pull = Pull.objects.create(
        by=request.user,
        asked=clock.now(),
        criteria=criteria.to_json(),
        by_master=has_master,
        state=State.ASKED if has_master else State.COUNTED,
        messages=0 if has_master else campaign.matching(criteria),
        people=0 if has_master else campaign.people,
    )
    _record(request, AuditEvent.Kind.MAIL_PULL_ASKED, pull)
    return pull


def looks(pull: Pull) -> tuple[int, int]:
    """Return the number of mailboxes in which a pull without a master user was carried out by the
    users' own looks, and the number of all mailboxes."""
    users = User.objects.filter(is_active=True, mail_domain__isnull=False)
    return pull.sights.count(), users.count()


def needs_another(user: object, pull: Pull) -> bool:
    """Return whether an administrator other than ``user``, who asked for the pull, has to confirm
    it. Nobody can confirm one whose administrator was deleted."""
    return bool(settings.PULL_NEEDS_TWO and pull.by in {None, user})


def confirm(request: HttpRequest, pull: Pull) -> bool:
    """Confirm the pull of the counted messages and write it to the audit log; the caller starts the
    job. Return False when it was decided already or has lapsed, or when another administrator has
    to."""
    lapse()
    if needs_another(request.user, pull):
        return False
    after, counted = State.CONFIRMED if pull.by_master else State.DONE, pull.messages
    values: dict[str, object] = dict.fromkeys(("at_user", "messages", "people"), 0)
    values |= {"closed_boxes": 0, "attempts": 0}
    values |= {"decider": request.user, "confirmed": clock.now()}
    if not pull.leave([State.COUNTED], after, **values):
        return False
    cache.delete(_ACTIVE)
    _record(request, AuditEvent.Kind.MAIL_PULLED, pull, messages=counted)
    return True


def dismiss(request: HttpRequest, pull: Pull) -> bool:
    """Withdraw a pull that was not confirmed, or refuse it if another administrator asked for it,
    and write that to the audit log. Return False when it was decided already or has lapsed."""
    lapse()
    is_own = pull.by == request.user
    after = State.WITHDRAWN if is_own else State.REFUSED
    if not pull.leave(Pull.OPEN, after, decider=request.user, runner=""):
        return False
    kinds = AuditEvent.Kind
    _record(request, kinds.MAIL_PULL_WITHDRAWN if is_own else kinds.MAIL_PULL_REFUSED, pull)
    return True


def lapse() -> None:
    """End the pulls that nobody confirmed in time: what was counted is no longer what would be
    moved."""
    late = clock.now() - Pull.VALID
    Pull.objects.filter(state__in=Pull.OPEN, asked__lt=late).update(state=State.LAPSED, runner="")


def undo(request: HttpRequest, pull: Pull) -> bool:
    """Put the pulled messages back and write that to the audit log; the caller starts the job.
    Return False when the pull cannot be undone."""
    if not pull.can_be_undone:
        return False
    after = State.UNDO if pull.by_master else State.UNDONE
    before = [State.DONE, State.PULLING, State.CONFIRMED]
    if not pull.leave(before, after, at_user=0, attempts=0, runner=""):
        return False
    cache.delete(_ACTIVE)
    _record(request, AuditEvent.Kind.MAIL_PULL_UNDONE, pull)
    return True


def _record(request: HttpRequest, kind: AuditEvent.Kind, pull: Pull, messages: int = 0) -> None:
    criteria = Criteria.from_json(pull.criteria)
    ways = {"Message-ID": criteria.message_ids, "subject": criteria.subjects}
    ways |= {"host": criteria.hosts}
    names = ", ".join(way for way, values in ways.items() if values)
    asked_by = (pull.by.address or pull.by.login) if pull.by else ""
    audit.record(
        kind, request, target="", key=pull.pk, way=names, messages=messages, asked_by=asked_by
    )


# --- the job, by the master user ---


def run(pk: int) -> None:
    """Count, pull or put back in all mailboxes, or continue. Do nothing when it is done, or while
    another worker does it."""
    pull = Pull.objects.claim(pk)
    if pull is None:
        return
    after = {State.COUNTING: State.COUNTED, State.PULLING: State.DONE, State.UNDOING: State.UNDONE}
    step = {State.COUNTING: _counted, State.PULLING: _pulled, State.UNDOING: _put_back}
    state = State(pull.state)
    try:
        with Heartbeat(pull) as heartbeat:
            for user in _users(pull):
                _of_one(pull, user, step[state])
                heartbeat.got_on()
        pull.end(after[state])
    except Lost:
        return
    except Exception:
        pull.end(State.FAILED)
        raise


def _users(pull: Pull) -> Iterator[User]:
    """Yield the users after the one whose mailbox was last processed, by number."""
    users = User.objects.select_related("mail_domain").filter(
        is_active=True, mail_domain__isnull=False, pk__gt=pull.at_user
    )
    if pull.state == State.UNDOING:
        users = users.filter(pk__in=pull.pulled.filter(is_undone=False).values("user"))
    return users.order_by("pk").iterator(200)


def _of_one(pull: Pull, user: User, step: Callable[[Pull, User, Connection], int]) -> None:
    count, closed = 0, 0
    try:
        with session.imap_by_master(user) as imap:
            count = step(pull, user, imap)
    except WebmailError as error:
        closed = 1
        logger.info("mailbox not opened for a pull: %s", type(error).__name__)
    values = {"at_user": user.pk, "closed_boxes": pull.closed_boxes + closed}
    if pull.state != State.UNDOING:
        values |= {"messages": pull.messages + count, "people": pull.people + bool(count)}
    pull.beat(**values)


def _counted(pull: Pull, user: User, imap: Connection) -> int:
    return len(_find(imap, user, pull, _personal(imap)))


def _pulled(pull: Pull, user: User, imap: Connection) -> int:
    return _pull(imap, user, pull, _personal(imap))


def tidy() -> None:
    """End pulls that nobody confirmed, and delete old ones."""
    lapse()
    late = clock.now() - Pull.KEPT
    Pull.objects.filter(asked__lt=late).exclude(confirmed__gt=late).delete()


# --- a user's own look ---


def sight(request: SignedInRequest, imap: Connection, newest: int) -> bool:
    """Carry out, and undo, the pulls since the last look at the open inbox. Return whether anything
    was moved; the inbox is open again. Without anything to do there is no query, and errors of the
    mail server are not raised. ``newest`` is the highest UID that the caller knows."""
    at_work = _at_work()
    if not at_work:
        return False
    user, uidvalidity = request.user, imap.known().uidvalidity
    newest = max(newest, imap.known().uidnext - 1)
    name, known = f"pulls-seen:{user.pk}", repr((at_work, uidvalidity, newest))
    if cache.get(name) == known:
        return False
    try:
        is_moved = _see(user, imap, [pk for pk, _state in at_work], uidvalidity, newest)
        cache.set(name, known, _SEEN_SECONDS)
    except WebmailError as error:
        logger.info("reported messages not pulled: %s", type(error).__name__)
        is_moved = True
    imap.select(INBOX)
    return is_moved


def _at_work() -> list[tuple[int, str]]:
    """Return the numbers and states of active pulls, from the cache."""
    at_work = cache.get(_ACTIVE)
    if at_work is None:
        at_work = list(Pull.objects.all().at_work().values_list("pk", "state"))
        cache.set(_ACTIVE, at_work, _ACTIVE_SECONDS)
    return [(pk, state) for pk, state in at_work]


def _see(
    user: User, imap: Connection, numbers: Sequence[int], uidvalidity: int, newest: int
) -> bool:
    deadline, is_moved = time.monotonic() + SECONDS, False
    sights = {row.pull_id: row for row in PullSight.objects.filter(user=user, pull__in=numbers)}
    for pull in Pull.objects.filter(pk__in=numbers):
        if pull.state in Pull.TAKEN_BACK:
            is_moved = bool(_put_back(pull, user, imap)) or is_moved
            continue
        last = sights.get(pull.pk)
        if last and (last.uidvalidity, last.seen) == (uidvalidity, newest):
            continue
        is_first = last is None and not pull.by_master
        names = _personal(imap) if is_first else [INBOX]
        after = last.seen if last and last.uidvalidity == uidvalidity else 0
        count = _pull(imap, user, pull, names, after=after)
        is_moved = bool(count) or is_moved
        _note_sight(pull, user, uidvalidity, newest)
        if count and not pull.by_master:
            _add_up(pull)
        if time.monotonic() > deadline:
            break
    return is_moved


def _note_sight(pull: Pull, user: User, uidvalidity: int, newest: int) -> None:
    PullSight.objects.update_or_create(
        pull=pull, user=user, defaults={"uidvalidity": uidvalidity, "seen": newest}
    )


def _add_up(pull: Pull) -> None:
    """Count the messages that users' looks pulled, where there is no master user."""
    rows = pull.pulled.all()
    Pull.objects.filter(pk=pull.pk).update(
        messages=rows.count(), people=rows.values("user").distinct().count()
    )


# --- in one mailbox ---


def _personal(imap: Connection) -> list[str]:
    """Return the user's own folders from which messages may be pulled."""
    all_folders: Sequence[Folder] = folders.list_folders(imap)
    return [
        folder.name
        for folder in all_folders
        if folder.selectable
        and folder.addressable
        and not folder.owner
        and folder.messages != 0
        and folder.special_use not in _LEFT_ALONE
    ]


def _find(
    imap: Connection, user: User, pull: Pull, names: Sequence[str], after: int = 0
) -> list[_Match]:
    """Return the messages that meet the criteria, except those that their user moved back or taught
    as wanted. ``after`` limits the inbox to higher UIDs. Two commands for each folder, and one for
    each message whose links must be read."""
    criteria = Criteria.from_json(pull.criteria)
    matches: list[_Match] = []
    for name in names:
        with suppress(FolderNotFound):  # deleted since the folders were listed
            matches += _in_folder(imap, criteria, name, after if name == INBOX else 0)
    digests = [message.digest for message in matches]
    wanted = {
        digest
        for digest, row in Judgement.objects.all().known(user, digests).items()
        if row.taught == "wanted"
    }
    wanted |= set(
        pull.pulled.filter(user=user, digest__in=digests).values_list("digest", flat=True)
    )
    return [message for message in matches if message.digest not in wanted]


def _in_folder(imap: Connection, criteria: Criteria, name: str, after: int) -> Iterator[_Match]:
    selected = imap.select(name)
    limits = [b"UID", f"{after + 1}:*".encode()] if after else []
    terms = [*limits, b"UNDELETED", *query.criteria(criteria.query.term)]
    # "n:*" includes the last message even when its UID is below n.
    uids = [uid for uid in imap_search.matching(imap, terms) if uid > after]
    if not uids:
        return
    wanted = uid_sets.compressed(uids[-MOST_OF_A_FOLDER:])
    for uid, raw in sorted(fetch.fields(imap, wanted, _FIELDS, _FIELDS_SIZE).items()):
        fields = headers.parse(raw)
        ref = MessageRef(selected.folder, selected.uidvalidity, uid)
        is_meant = criteria.has_id(fields) or (
            criteria.has_sender(fields)
            and (
                criteria.has_subject(fields)
                or (bool(criteria.hosts) and criteria.has_host(arrivals.sample(imap, ref)))
            )
        )
        if is_meant:
            yield _Match(ref, digest_of(fields))


def _pull(imap: Connection, user: User, pull: Pull, names: Sequence[str], after: int = 0) -> int:
    """Move messages, and return their number. Each is recorded before it is moved; if the move
    fails, putting it back finds nothing in the folder for junk."""
    matches = _find(imap, user, pull, names, after)
    if not matches:
        return 0
    junk = folders.ensure(imap, folders.JUNK)
    moved = 0
    for message in matches:
        row, is_new = PulledMessage.objects.get_or_create(
            pull=pull,
            user=user,
            digest=message.digest,
            defaults={"origin": message.ref.folder, "folder": junk},
        )
        if not is_new:
            continue
        with suppress(WebmailError), leaving(user, imap, message.ref.folder):
            for place in actions.move(imap, [message.ref], junk):
                row.uidvalidity, row.uid = place.uidvalidity, place.uid
            row.save(update_fields=["uidvalidity", "uid"])
            _judge(user, message.digest)
            moved += 1
    cache.delete(_untold(user))
    return moved


def _judge(user: User, digest: str) -> None:
    """Record a judgement, so that the reader explains why the message is junk and disables its
    links."""
    Judgement.objects.update_or_create(
        user=user,
        digest=digest,
        defaults={
            "kind": "junk",
            "is_moved": True,
            "is_fraud": True,
            "reasons": [REASON],
            "fraud": [REASON],
            "when": clock.now(),
        },
    )


def _put_back(pull: Pull, user: User, imap: Connection) -> int:
    """Move messages back to their folders if they are still in the folder for junk, and return
    their number."""
    count = 0
    for row in pull.pulled.filter(user=user, is_undone=False):
        # Where another window moves messages of the folder, the next look puts this one back.
        with suppress(ServerBusy), leaving(user, imap, row.folder):
            count += _undone(row, user, imap)
    cache.delete(_untold(user))
    return count


def _undone(row: PulledMessage, user: User, imap: Connection) -> int:
    Judgement.objects.filter(user=user, digest=row.digest).update(
        kind="wanted", is_moved=False, is_fraud=False, reasons=[], fraud=[]
    )
    PulledMessage.objects.filter(pk=row.pk).update(is_undone=True)
    ref = MessageRef(row.folder, row.uidvalidity, row.uid)
    return _moved_back(imap, ref, row.origin) if row.uid else 0


def _moved_back(imap: Connection, ref: MessageRef, origin: str) -> int:
    for place in dict.fromkeys((origin, INBOX)):
        try:
            return len(actions.move(imap, [ref], place))
        except FolderNotFound:
            continue  # deleted meanwhile: use the inbox
        except WebmailError:
            return 0  # moved or deleted by its user
    return 0


# --- the user's notice ---


def untold(user: User) -> int:
    """Return the number of messages pulled from the user's mailbox about which the user was not
    told yet. From the cache."""
    count = cache.get(_untold(user))
    if count is None:
        rows = PulledMessage.objects.filter(user=user, is_told=False, is_undone=False)
        count = rows.exclude(uid=0).count()
        cache.set(_untold(user), count, _SEEN_SECONDS)
    return int(count)


def tell(user: User) -> None:
    """Note that the user closed the notice."""
    if untold(user):
        PulledMessage.objects.filter(user=user, is_told=False).update(is_told=True)
        cache.delete(_untold(user))


def _untold(user: User) -> str:
    return f"pulled-untold:{user.pk}"
