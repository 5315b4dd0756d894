"""New mail for scripts without a stream of events, which poll once a minute."""

from __future__ import annotations

import re

from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import session
from accounts.http import SignedInRequest, login_required
from core.converters import CONTROLS, LONGEST_NAME
from mail.errors import SignInNeeded, WebmailError
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.status import FolderState
from mail.imap.watch import MOST_ARRIVED, ArrivedMessage, News
from mail.mailbox import news
from webmail import outbox
from webmail.adverts import judging
from webmail.jobs import brought
from webmail.serving.push import told
from webmail.views.page import memory

_MODSEQ = re.compile(r"[0-9]{1,19}")
_REF = re.compile(r"([0-9]{1,10})-([0-9]{1,10})")
_STOOD = re.compile(r"([0-9]{1,10})-([0-9]{1,10})-([0-9]{1,10})")


@require_safe
@never_cache
@login_required
def poll(request: SignedInRequest) -> JsonResponse:
    """Answer with JSON about new mail, as a stream of events would tell it.

    ``folders`` of the answer holds the state of INBOX and of the open ``folder``, after new mail
    was judged. For the open folder it also names the messages marked ``since`` a HIGHESTMODSEQ, if
    the page sends one. For ``inbox``, a UIDVALIDITY and UIDNEXT such as ``7-12``, it names the
    messages that came since.

    ``who`` is the number of the user whose page polls: the browser may be another user's by now.
    ``arrived`` are messages that a stream told of, such as ``7-12,7-13``; ``stayed`` in the answer
    are those still in the inbox after judging.
    """
    if request.GET.get("who") != str(request.user.pk):
        raise SignInNeeded
    names = ("INBOX", *_open_folder(request))
    arrived = _arrived(request)
    with session.imap(request) as imap:
        outbox.settle(request, imap)
        states = news.states(imap, names)
        if _is_changed_by_judging(request, imap, states):
            states = news.states(imap, names)
        folders = [_told(request, imap, state) for state in states]
        answer: dict[str, object] = {"folders": folders}
        if arrived:
            judging.await_others(request)
            answer["stayed"] = _stayed(imap, arrived)
    return JsonResponse(answer)


def _open_folder(request: SignedInRequest) -> tuple[str, ...]:
    name = request.GET.get("folder", "")
    return (name,) if name and len(name) <= LONGEST_NAME and not CONTROLS.search(name) else ()


def _told(request: SignedInRequest, imap: Connection, state: FolderState) -> dict[str, object]:
    changed, came = _changed(request, imap, state), _came(request, imap, state)
    if changed is None and came is None:
        return told(state)
    state, arrived = came or (state, ())
    is_named = came is not None
    news = News((state,), arrived, changed or {}, partial=True, names_arrivals=is_named)
    return told(state, news)


def _changed(
    request: SignedInRequest, imap: Connection, state: FolderState
) -> dict[int, frozenset[str]] | None:
    since = request.GET.get("since", "")
    if state.folder != request.GET.get("folder") or not _MODSEQ.fullmatch(since):
        return None
    return news.changed(imap, state, int(since))


def _came(
    request: SignedInRequest, imap: Connection, state: FolderState
) -> tuple[FolderState, tuple[ArrivedMessage, ...]] | None:
    match = _STOOD.fullmatch(request.GET.get("inbox", ""))
    if state.folder != judging.INBOX or match is None:
        return None
    stood = news.Stood(*map(int, match.groups()))
    came = news.arrived(imap, state, stood, memory(request))
    return came and (came[0], brought.marked(request.user, state.uidvalidity, came[1]))


def _arrived(request: SignedInRequest) -> list[tuple[int, int]]:
    """Return UIDVALIDITY and UID of each message."""
    named = map(_REF.fullmatch, request.GET.get("arrived", "").split(",")[:MOST_ARRIVED])
    return [(int(match[1]), int(match[2])) for match in named if match]


def _is_changed_by_judging(
    request: SignedInRequest, imap: Connection, states: tuple[FolderState, ...]
) -> bool:
    """Judge new mail, and return whether the inbox changed. If adverts are not moved, the list can
    do this later. No command without new mail."""
    inbox = next((state for state in states if state.folder == judging.INBOX), None)
    if inbox is None or request.preferences.adverts != "move":
        return False
    newest = inbox.uidnext - 1
    if not judging.is_due(request, inbox.uidvalidity, newest):
        return False
    if judging.disposal(request) != "move":
        return False
    try:
        imap.select(judging.INBOX)
    except WebmailError:
        return False  # as what fails in `look`: it is judged another time
    looked = judging.look(request, imap, newest, memory(request))
    outbox.note_reports(request.user, looked.reports)
    return looked.changed


def _stayed(imap: Connection, arrived: list[tuple[int, int]]) -> list[str]:
    uidvalidity = imap.select(judging.INBOX).uidvalidity
    marks = fetch.marks(imap, [uid for of, uid in arrived if of == uidvalidity])
    return [f"{uidvalidity}-{mark.uid}" for mark in marks]
