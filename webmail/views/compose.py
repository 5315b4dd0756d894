"""The composer's page, and everything that is posted from it. Whatever goes wrong, the same page
comes back with the text in it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages as toasts
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts import session
from accounts.forms import SignInForm
from accounts.http import AnyRequest, SignedInRequest, login_required
from accounts.models import User
from addressbook.contacts import audiences, groups, sharing
from addressbook.directory import lists
from webmail import clock, outbox
from webmail.converters import MessageConverter
from webmail.errors import (
    ContentTooCostly,
    DraftChanged,
    DraftNotFound,
    FileRefused,
    NotFound,
    SignInNeeded,
    TooLarge,
    TooManyDrafts,
    TooManyRecipients,
    WebmailError,
)
from webmail.forms.compose import ComposeForm, attachments_room, missing_images, too_heavy
from webmail.htmx import TOAST
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef
from webmail.middleware import in_place, note
from webmail.mime import addresses, build
from webmail.mime.structure import Part
from webmail.models import Draft, Identity, OutboxMessage
from webmail.outbox import Submission
from webmail.presentation import failures, links, words
from webmail.presentation import files as cards
from webmail.views.composer import document
from webmail.views.drafts import card, put_away, saved_words
from webmail.views.outbox import announce
from webmail.views.page import read_folders
from webmail.writing import (
    beginning,
    choosing,
    cleaning,
    copies,
    documents,
    drafts,
    files,
    identities,
    making,
    offering,
    policies,
    posted,
    recipients,
    renewing,
    resending,
    rosters,
    scheduling,
    settling,
    untouched,
    working_hours,
)
from webmail.writing.beginning import Begun, Writer
from webmail.writing.choosing import Question
from webmail.writing.content import Content
from webmail.writing.documents import Held
from webmail.writing.scheduling import NotThen

# --- pages ---


@require_GET
@document
@login_required
def reply(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """An answer to the sender, with ``?all=1`` to everybody, with ``?list=1`` to the list."""
    everyone = request.GET.get("all") == "1"
    to_list = request.GET.get("list") == "1"

    def begin(imap: Connection, writer: Writer, origin: MessageRef) -> Begun:
        return beginning.reply(imap, writer, origin, everyone=everyone, to_list=to_list)

    return _begin(request, MessageRef(folder, *ref), begin)


@require_GET
@document
@login_required
def forward(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """The message inside a new one, its attachments kept unless unticked; ``?as=attachment``: as a
    file of a new one."""
    attached = request.GET.get("as") == "attachment"
    begin = beginning.forward_attached if attached else beginning.forward
    return _begin(request, MessageRef(folder, *ref), begin)


@require_GET
@document
@login_required
def resend(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """The message that a delivery report is about, for the recipients whom it did not reach."""
    return _begin(request, MessageRef(folder, *ref), resending.begin)


@require_GET
@document
@login_required
def edit(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponse:
    """A message taken up again as a new one; a draft is gone on with."""
    origin = MessageRef(folder, *ref)
    writer = Writer.of(request.user, request.preferences)
    with session.imap(request) as imap:
        known = copies.known(imap, request.user, origin)
        if known is None or known.is_changed:
            begun = beginning.edit(imap, writer, origin)
            sides = read_folders(imap, folder)
    if known is None:
        return _begun_page(request, writer, begun, sides)
    if known.is_changed:
        # Another program wrote on: that is the newer one, and ours stays among its versions.
        return _begun_page(request, writer, begun, sides, draft=known.draft)
    # In a pane or a window of its own it stays in it.
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return redirect(reverse("mail:draft", args=[known.draft.pk]) + query)


@require_GET
@document
@login_required
def draft(request: SignedInRequest, number: uuid.UUID) -> HttpResponse:
    """A message being written, gone on with."""
    row = drafts.find(request.user, number)
    offering.forget(request, number)
    content = drafts.content(row)
    with session.imap(request) as imap:
        sides = read_folders(imap, "")
        parts = _kept_parts(imap, content)
    notices = list(toasts.get_messages(request))
    form, warnings = _form_of(content, row.pk, row.revision)
    return _page(
        request,
        form,
        sides,
        draft=row,
        parts=parts,
        # Why it was refused is read while it is corrected: longer than a toast stays.
        warnings=[
            *warnings,
            *(notice.message for notice in notices if notice.level >= toasts.WARNING),
        ],
        messages=[notice for notice in notices if notice.level < toasts.WARNING],
    )


@require_http_methods(["GET", "POST"])
@document
def compose(request: AnyRequest) -> HttpResponseBase:
    """A new message; and where every message being written is posted to."""
    if request.method == "POST":
        return _posted(request)
    return _new(request)


@login_required
def _new(request: SignedInRequest) -> HttpResponse:
    with session.imap(request) as imap:
        sides = read_folders(imap, "")
    group = _group(request)
    in_copy = request.GET.get("as") == "bcc"
    writer = Writer.of(request.user, request.preferences)
    begun = beginning.new(
        writer,
        to="" if in_copy else group or _line(request.GET.get("to", "")),
        cc=_line(request.GET.get("cc", "")),
        bcc=group if in_copy else _line(request.GET.get("bcc", "")),
        subject=_line(request.GET.get("subject", "")),
        text=request.GET.get("body", "")[:100_000],
    )
    return _begun_page(request, writer, begun, sides)


def _begin(
    request: SignedInRequest,
    origin: MessageRef,
    begin: Callable[[Connection, Writer, MessageRef], Begun],
) -> HttpResponse:
    writer = Writer.of(request.user, request.preferences)
    with session.imap(request) as imap:
        begun = begin(imap, writer, origin)
        sides = read_folders(imap, origin.folder)
    return _begun_page(request, writer, begun, sides)


def _begun_page(
    request: SignedInRequest,
    writer: Writer,
    begun: Begun,
    sides: Any,
    *,
    draft: Draft | None = None,
) -> HttpResponse:
    """No row is made: the page has a number of its own until something is written."""
    number, revision = (draft.pk, draft.revision) if draft else (uuid.uuid4(), 0)
    form, warnings = _form_of(begun.content, number, revision)
    return _page(
        request,
        form,
        sides,
        draft=draft,
        parts=begun.parts,
        mine=writer.identities,
        warnings=(*begun.warnings, *warnings),
    )


def _group(request: SignedInRequest) -> str:
    """The group of contacts, one's own or a colleague's, that ``?group=`` names, or the list of the
    directory that ``?list=`` names, under its name: thirty people would not fit into the address of
    a page."""
    asked = request.GET.get("list", "")
    if re.fullmatch(r"[0-9]{1,18}", asked):
        directory_list = lists.find(int(asked))
        return recipients.group_text(directory_list.name, directory_list.members)
    asked = request.GET.get("group", "")
    if not re.fullmatch(r"[0-9]{1,18}", asked):
        return ""
    who = request.GET.get("who", "")
    who = who if who in tuple(audiences.Audience) else ""
    if group := groups.find(request.user, int(asked)):
        people = groups.recipients(group, who)
    elif seen := sharing.find(request.user, int(asked)):
        group, people = seen.group, sharing.recipients(seen, who)
        sharing.note_use(request.user, group)
    else:
        raise NotFound
    name = audiences.label(group, who) if group.is_class and who else group.name
    return recipients.group_text(name, people)


def _line(text: str) -> str:
    return " ".join(text.split())[:2000]


def _form_of(
    content: Content, number: uuid.UUID, revision: int
) -> tuple[ComposeForm, tuple[str, ...]]:
    """The form with what was written, images and all, and what to say of it. Its HTML is cleaned:
    the editor is a part of our page. Where that takes too long its words are there; what was kept
    stays among the draft's versions."""
    origin = content.origin
    initial = {
        name: getattr(content, name)
        for name in (
            *("kind", "identity", "to", "cc", "bcc", "reply_to", "subject", "priority"),
            *("wants_receipt", "wants_notice", "delivery", "keep"),
        )
    }
    warnings: tuple[str, ...] = ()
    try:
        written = cleaning.written(content.html, _shown)
    except ContentTooCostly:
        written, warnings = cleaning.rough(content.html), (beginning.too_costly(),)
    text = written.text if content.is_html else content.text
    initial |= {
        "draft": number,
        "revision": revision,
        "key": uuid.uuid4(),
        "format": "html" if content.is_html else "plain",
        "html": written.html,
        "body": text,
        "untouched": "" if revision else untouched.mark(content, text),
        "origin_folder": origin.folder if origin else "",
        "origin_ref": links.ref_segment(origin) if origin else "",
    }
    return ComposeForm(initial=initial), warnings


_SHOWN = re.compile(
    r"/drafts/[0-9a-f-]{36}/files/[0-9a-f-]{36}/?\Z"
    r"|/mail/[^\s\"'<>?#]{1,8000}/view/[0-9.~]{1,200}/image\Z"
    r"|data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+\Z"
)


def _shown(address: str, _words: str) -> str | None:
    """Images of the editor: our own addresses, and small ones that stand in the text."""
    return address if _SHOWN.match(address) else None


def _kept_parts(imap: Connection, content: Content) -> tuple[Part, ...]:
    """The parts of the answered message that a draft keeps, as far as they are still there."""
    if not content.origin or not content.keep:
        return ()
    try:
        return beginning.parts(imap, content.origin, content.keep)
    except WebmailError:
        return ()


# --- what is posted ---


def _posted(request: AnyRequest) -> HttpResponse:
    form = ComposeForm(_numbered(request.POST), request.FILES)
    try:
        if refused := _sign_in_again(request):
            return _refused(request, form, status=refused.failure_status, sign_in=refused)
        if not isinstance(request.user, User) or request.user.is_local_administrator:
            raise SignInNeeded
        return _Writing(request, form).answer()  # type: ignore[arg-type]  # its person is known
    except SignInNeeded as error:
        if in_place(request):
            raise
        return _refused(request, form, status=error.status, error=error)
    except WebmailError as error:
        note(error)
        return _refused(request, form, status=error.status, error=error)


def _numbered(data: QueryDict) -> QueryDict:
    """The posted data, with a number for the draft and a key for the sending where the form has no
    valid one."""
    data = data.copy()
    for name in ("draft", "key"):
        if posted.number(data.get(name, "")) is None:
            data[name] = str(uuid.uuid4())
    return data


def _sign_in_again(request: AnyRequest) -> SignInForm | None:
    """Without script a person whose session ended gives the password in the form itself.

    Comes back with the sign-in when that was refused.
    """
    if not request.POST.get("password"):
        return None
    again = SignInForm(request.POST, request=request)
    # Another person's sign-in would send, from his address, what the first one wrote.
    if again.is_valid() and request.user.is_authenticated and again.user != request.user:
        again.add_error(None, SignInForm.wrong_person)
    if not again.is_valid():
        return again
    again.login(request)
    return None


class _Writing:
    """One post of the form."""

    def __init__(self, request: SignedInRequest, form: ComposeForm) -> None:
        self.request, self.form = request, form
        self.user = request.user
        self.number = uuid.UUID(form.typed.get("draft"))
        self.key = uuid.UUID(form.typed.get("key"))

    def answer(self) -> HttpResponse:
        action = self.form.action
        if action == ComposeForm.DISCARD:
            return self._discard()
        if action in (ComposeForm.SAVE, ComposeForm.ATTACH):
            row = self._keep()
            if "attachments" in self.form.errors:
                return _refused(self.request, self.form, status=422, draft=row)
            return self._led_on(reverse("mail:draft", args=[self.number]))
        if action == ComposeForm.CLOSE:
            return self._close()
        if action in (ComposeForm.ROSTER, ComposeForm.NO_ROSTER):
            return self._change_roster()
        if action in (ComposeForm.DOCUMENTS, ComposeForm.NO_DOCUMENTS):
            return self._change_documents()
        return self._send()

    def _change_roster(self) -> HttpResponse:
        """The list of recipients that was chosen without a script, or none from now on."""
        row = self._keep()
        content, former = drafts.content(row), rosters.of(row)
        file = self.request.FILES.get("roster")
        people = content.to.replace(former.group, "") if former else content.to
        if self.form.action == ComposeForm.NO_ROSTER:
            rosters.remove(row)
            drafts.save(self.user, self.number, replace(content, to=people), base=row.revision)
        elif file:
            kept = rosters.keep(self.user, row, file.name or "", file.read(rosters.MOST_READ))
            if kept.roster.refusal:
                self.form.add_error("roster", rosters.refusal_words(kept.roster))
                return _refused(self.request, self.form, status=422, draft=row)
            for words_ in rosters.fault_words(kept.roster):
                toasts.warning(self.request, words_)
            to = ", ".join(filter(None, [people.strip(" ,"), kept.group]))
            drafts.save(self.user, self.number, replace(content, to=to), base=row.revision)
        return self._led_on(reverse("mail:draft", args=[self.number]))

    def _change_documents(self) -> HttpResponse:
        """The documents that were chosen without a script, or none from now on; then the page on
        which they are settled. What was written is kept first."""
        row = self._keep()
        if self.form.action == ComposeForm.NO_DOCUMENTS:
            documents.remove(row)
            return self._led_on(reverse("mail:draft", args=[self.number]))
        for file in self.request.FILES.getlist("documents"):
            added = documents.add(self.user, row, file.name or "", file.chunks())
            if added.refusal:
                self.form.add_error("documents", documents.refusal_words(added))
                return _refused(self.request, self.form, status=422, draft=row)
            for words_ in documents.fault_words(added):
                toasts.warning(self.request, words_)
        return self._led_on(reverse("mail:draft_documents", args=[self.number]))

    def _discard(self) -> HttpResponse:
        """Discard the draft with the last content, so that it comes back whole."""
        if self._is_untouched and not self._has_row:
            return self._led_on(_inbox())
        try:
            with suppress(DraftChanged, TooLarge, TooManyDrafts):
                self._keep()
            row = drafts.discard(self.user, self.number)
        except DraftNotFound:
            return self._led_on(_inbox())  # nothing was kept of it
        put_away(self.request, row)
        return self._led_on(_inbox())

    def _close_empty(self) -> HttpResponse:
        with suppress(DraftNotFound):  # of what was typed and taken out again
            put_away(self.request, drafts.discard(self.user, self.number))
        self.request.session[TOAST] = {"message": gettext("Nothing written: nothing is kept.")}
        return self._led_on(_inbox())

    @property
    def _is_untouched(self) -> bool:
        if self.request.FILES:
            return False
        return untouched.is_untouched(self.form.content, self.form.typed.get("untouched", ""))

    @property
    def _has_row(self) -> bool:
        return Draft.objects.of(self.user).filter(pk=self.number).exists()

    def _close(self) -> HttpResponse:
        """An empty draft is none. That of another program, which was taken up, stays there."""
        is_taken_up = self.form.content.kind == "edit"
        if self._is_untouched and not (is_taken_up and self._has_row):
            return self._led_on(_inbox()) if is_taken_up else self._close_empty()
        row = self._keep()
        with session.imap(self.request) as imap:
            content = copies.take_over(imap, self.user, row)
            copies.file(imap, row, making.draft_copy(imap, self.user, row, content))
        drafts.close(self.user, self.number)
        toasts.success(self.request, gettext("The message is kept among the drafts."))
        return self._led_on(_inbox())

    def _keep(self) -> Draft:
        """The draft with all that was posted: the words first, then the files that came without a
        script, of which those that can't be taken are a mistake of the form."""
        data, content = self.form.typed, self.form.content
        writer = data.get("writer", "")[:36]
        row = drafts.save(
            self.user, self.number, content, base=posted.revision(data), writer=writer
        )
        if added := self._upload(row):
            content = replace(content, files=(*content.files, *added))
            row = drafts.save(self.user, self.number, content, base=row.revision, writer=writer)
        self._note(row, content)
        return row

    def _upload(self, row: Draft) -> list[str]:
        added: list[str] = []
        if "attachments" in self.form.errors:
            return added
        for file in self.request.FILES.getlist("attachments"):
            media_type = file.content_type or "application/octet-stream"
            try:
                made = files.add(self.user, row, file.name or "", media_type, file.chunks())
            except (FileRefused, TooLarge) as error:
                name = files.safe_name(file.name or "")
                words = f"{name}: {failures.of_draft(error)} {failures.way_out(error)}"
                self.form.add_error("attachments", words.strip())
            else:
                added.append(str(made.pk))
        return added

    def _note(self, row: Draft, content: Content) -> None:
        """So that the page, if it comes back, goes on from here."""
        data = self.form.typed.copy()
        data["draft"], data["revision"] = str(row.pk), str(row.revision)
        data.setlist("files", list(content.files))
        self.form.data = data

    def _send(self) -> HttpResponse:
        if accepted := OutboxMessage.objects.of(self.user).filter(key=self.key).first():
            return self._sent(accepted)
        row = self._keep()
        if self.form.action == ComposeForm.SCHEDULE and settings.CELERY_TASK_ALWAYS_EAGER:
            # Without a broker nobody comes back for it: it is not offered.
            self.form.add_error(None, gettext("Messages cannot be scheduled here."))
        if not self.form.is_valid():
            return _refused(self.request, self.form, status=422, draft=row)
        try:
            content = renewing.renew(self.user, drafts.content(row))
        except renewing.TooLarge as error:
            self.form.add_error(None, renewing.too_large_words(error))
            return _refused(self.request, self.form, status=422, draft=row)
        identity = identities.check(self.user, content.identity)
        held = documents.of(row)
        attached = [file for file in files.of(row) if not file.is_inline]
        decided = choosing.decide(
            self.user,
            content,
            choosing.answer(self.form.typed),
            sender=identities.sender(identity),
            has_files=bool(content.keep) or bool(attached),
            roster=rosters.asked_for(row, content),
            held=held,
            footer=identity.footer,
            hides_outside=policies.OUTSIDE in identity.enforced,
            file_names=[files.about(file).name for file in attached],
        )
        if isinstance(decided, Question):
            return _asked(self.request, self.form, row, decided)
        try:
            due = self._due()
        except NotThen as error:
            self.form.add_error("due", error.words)
            return _refused(self.request, self.form, status=422, draft=row)
        return self._accept(row, content, decided, identity, due, held)

    def _due(self) -> datetime | None:
        if self.form.action != ComposeForm.SCHEDULE:
            return None
        chosen = self.form.cleaned_data["due"] or scheduling.AT
        zone = ZoneInfo(self.request.preferences.time_zone)
        return scheduling.due(
            chosen,
            self.form.cleaned_data["due_at"],
            clock.now(),
            zone,
            working_hours.of(self.request.preferences),
        )

    def _accept(
        self,
        row: Draft,
        content: Content,
        messages: Sequence[Content],
        identity: Identity,
        due: datetime | None,
        held: Held | None,
    ) -> HttpResponse:
        enclosed, known = self._collected(row, content)
        laid = making.lay_out(content, enclosed, row.message_id)
        weight = sum(
            build.encoded_size(len(file.content)) for file in (*laid.inline, *laid.attachments)
        )
        own = documents.weights(held, (message.documents for message in messages))
        total = weight * len(messages) + sum(own)
        room = attachments_room()
        if weight + max(own, default=0) > room or total > _MOST_TOGETHER * room:
            self.form.add_error("attachments", too_heavy(total))
            return _refused(self.request, self.form, status=413, draft=row)
        if laid.missing and not self.form.typed.get("missing_ok"):
            self.form.add_error(None, missing_images(laid.missing))
            return _refused(self.request, self.form, status=422, draft=row, is_missing=True)
        try:
            accepted = outbox.accept(
                self.request,
                row,
                self._submissions(row, content, messages, identity, enclosed, laid, known, due),
                key=self.key,
                identity=identity,
                due=due,
                hold_seconds=int(self.request.preferences.undo_seconds),
            )
        except TooManyRecipients as error:  # another window sent meanwhile
            self.form.add_error(None, error.words)
            return _refused(self.request, self.form, status=422, draft=row)
        return self._sent(accepted[0])

    def _collected(self, row: Draft, content: Content) -> tuple[making.Enclosed, tuple[str, ...]]:
        """Its files, and what it answers. A message of its own leaves though the mail server is
        down: the outbox files it when that is back."""
        if not making.needs_server(row, content):
            return making.collect(None, row, content), ()
        with session.imap(self.request) as imap:
            return making.collect(imap, row, content), making.references(imap, content)

    def _submissions(
        self,
        row: Draft,
        written: Content,
        messages: Sequence[Content],
        identity: Identity,
        enclosed: making.Enclosed,
        laid_out: making.Laid,
        references: tuple[str, ...],
        due: datetime | None,
    ) -> Iterator[Submission]:
        """Yield the messages, and the one copy of them all. Each is made when the one before is in
        the spool, so that no two are in memory. The first has the Message-ID of the draft, by which
        its copies are found."""
        layouts = making.lay_out_each(written, messages, enclosed, row.message_id, laid=laid_out)
        for number, (content, laid) in enumerate(zip(messages, layouts, strict=True)):
            own = documents.attachments(row, content.documents) if content.documents else ()
            made = making.outgoing(
                self.user,
                content,
                enclosed,
                message_id=_another_id(row.message_id) if number else row.message_id,
                date=timezone.localtime(due),
                references=references,
                identity=identity,
                laid=replace(laid, attachments=(*laid.attachments, *own)) if own else laid,
            )
            yield Submission(
                message=build.message(made, keep_bcc=True),
                recipients=recipients.envelope(content),
                message_id=made.message_id,
                sender=made.sender.address,
                number=number,
                documents=tuple(attachment.name for attachment in own),
            )
        if len(messages) > 1 and self.request.preferences.each_copy == "one":
            sender = addresses.format(identities.sender(identity))
            made = making.outgoing(
                self.user,
                replace(written, to=sender, cc="", bcc=""),
                enclosed,
                message_id=_another_id(row.message_id),
                date=timezone.localtime(due),
                references=references,
                identity=identity,
                laid=laid_out,
            )
            yield _copy_of_all(made, len(messages))

    def _sent(self, accepted: OutboxMessage) -> HttpResponse:
        announce(self.request, accepted)
        origin = self.form.content.origin
        is_answer = self.form.content.kind != "edit"
        return self._led_on(links.message_url(origin) if origin and is_answer else _inbox())

    def _led_on(self, url: str) -> HttpResponse:
        if in_place(self.request):
            return HttpResponse(status=204, headers={"HX-Redirect": url})
        return HttpResponseRedirect(url)


# Full messages that "one message to each" may make at once.
_MOST_TOGETHER = 10


def _copy_of_all(made: build.Outgoing, number: int) -> Submission:
    """The one copy in Sent of a message to each: the text as it was written, with its fields. The
    recipients are put into it once they have the message (`webmail.outbox.batch_copy`)."""
    message = build.message(made, keep_bcc=True)
    return Submission(message, (), made.message_id, made.sender.address, number)


def _another_id(message_id: str) -> str:
    """Another Message-ID in the same domain."""
    return build.message_id(message_id.strip("<>").rpartition("@")[2], uuid.uuid4().hex)


def _inbox() -> str:
    return reverse("mail:folder", args=["INBOX"])


# --- the page again ---


@dataclass(frozen=True)
class Problem:
    """One mistake in the form, with the field it is about."""

    field_id: str
    text: str


def _asked(
    request: SignedInRequest, form: ComposeForm, draft: Draft, question: Question
) -> HttpResponse:
    """Ask the question that the user must answer before the message is sent: on the page, or in a
    dialog for htmx."""
    context: dict[str, Any]
    if in_place(request) and question.is_looked_at:
        context = {"preview": question.preview, "choice_draft": draft.pk}
        response = render_template(request, "webmail/compose/_choice_preview.html", context)
        response["HX-Retarget"], response["HX-Reswap"] = "#choice-preview", "outerHTML"
        return response
    if in_place(request):
        context = {
            "choice": question,
            "choice_draft": draft.pk,
            "is_dialog": True,
        }
        response = render_template(
            request, "webmail/compose/_sending_choice.html", context, status=422
        )
        response["HX-Retarget"], response["HX-Reswap"] = "#sending-choice", "innerHTML"
        return response
    return _page(
        request,
        form,
        None,
        status=422,
        draft=draft,
        choice=question,
        choice_draft=draft.pk,
    )


def _refused(
    request: AnyRequest,
    form: ComposeForm,
    *,
    status: int,
    error: WebmailError | None = None,
    sign_in: SignInForm | None = None,
    draft: Draft | None = None,
    is_missing: bool = False,
) -> HttpResponse:
    """The form again, with what was written and what stood in the way: its own mistakes, a server,
    or the ``sign_in`` that was refused. ``is_missing``: images of the text are; it may leave
    without them."""
    words_ = ""
    if error is not None:
        words_ = failures.of_sending(error)
    elif sign_in is not None:
        words_ = " ".join(problem.text for problem in _problems(sign_in))
    if in_place(request):
        context = {
            "title": gettext("The message was not sent."),
            "text": words_,
            "problems": [] if words_ else _problems(form),
            "is_missing": is_missing,
        }
        response = render_template(request, "webmail/_notice.html", context, status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#notices", "innerHTML"
        return response
    is_lost = draft is None or "attachments" in form.errors
    uploaded = request.FILES.getlist("attachments") if is_lost else []
    return _page(
        request,
        form,
        None,
        status=status,
        draft=draft,
        reenter=isinstance(error, SignInNeeded) or sign_in is not None,
        problem=words_,
        error=error,
        is_missing=is_missing,
        files_lost=[file.name for file in uploaded],
    )


def _problems(form: Form) -> list[Problem]:
    return [
        Problem(field_id=f"id_{name}", text=str(text))
        for name, texts in form.errors.items()
        for text in texts
    ]


def _page(
    request: HttpRequest,
    form: ComposeForm,
    sides: Any,
    *,
    status: int = 200,
    draft: Draft | None = None,
    parts: Sequence[Part] = (),
    mine: Sequence[Identity] | None = None,
    **context: Any,
) -> HttpResponse:
    user = request.user if isinstance(request.user, User) else None
    mine = identities.of(user) if user and mine is None else mine or ()
    room = files.room(user.mail_domain if user else None, asks=False)
    beside, images = _file_cards(draft, form)
    context |= {
        "form": form,
        "kind": form["kind"].value() or "new",
        "folders": sides and sides.shown,
        "sender": user,
        "identities": _senders(mine),
        "footer": mine[0].footer if mine else "",
        "reply_to_enforced": mine[0].reply_to if mine and "reply_to" in mine[0].enforced else "",
        "origin_attachments": _kept_cards(form, parts),
        "draft_files": beside,
        "draft_images": images,
        "roster": rosters.of(draft) if draft else None,
        "documents": settling.sheet(user, draft) if user and draft else None,
        "saved": saved_words(draft) if draft and draft.revision else "",
        "limit": words.size(room),
        "limit_bytes": room,
        "most_files": settings.FILES_PER_MESSAGE,
        "most_recipients": settings.RECIPIENTS_PER_MESSAGE,
        "most_seen": settings.OUTSIDE_VISIBLE,
        "cancel_url": _inbox(),
        "presets": () if settings.CELERY_TASK_ALWAYS_EAGER else _presets(request),
    }
    return render_template(request, "webmail/compose/compose.html", context, status=status)


def _presets(request: HttpRequest) -> tuple[scheduling.Preset, ...]:
    hours = working_hours.of(request.preferences)  # type: ignore[attr-defined]  # the middleware's
    return scheduling.presets(clock.now(), working_hours.zone(), hours)


@dataclass(frozen=True)
class Sender:
    """One of the addresses to choose from, with what changes when it is chosen."""

    address: str
    name: str
    signature: str
    signature_text: str


def _senders(mine: Sequence[Identity]) -> list[Sender]:
    return [
        Sender(
            identity.address, identity.name, identity.signature, identities.signature_text(identity)
        )
        for identity in mine
    ]


def _kept_cards(form: ComposeForm, parts: Sequence[Part]) -> list[cards.AttachmentCard]:
    """The parts of the answered message that leave with this one; of one that is not known, since
    its server was not asked, what the form says of it."""
    content = form.content if form.is_bound else None
    origin = content.origin if content else _origin(form)
    kept = content.keep if content else tuple(form.initial.get("keep", ()))
    known = {part.number: part for part in parts}
    if origin is None:
        return []
    return [cards.kept_card(origin, known.get(number) or Part(number, "")) for number in kept]


def _origin(form: ComposeForm) -> MessageRef | None:
    folder, segment = form.initial.get("origin_folder", ""), form.initial.get("origin_ref", "")
    if not folder or not segment:
        return None
    return MessageRef(folder, *MessageConverter().to_python(segment))


def _file_cards(
    draft: Draft | None, form: ComposeForm
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The draft's files as its list shows them, and the images of its text, which it does not show;
    in plain text they are files as any."""
    if draft is None:
        return [], []
    rows = files.of(draft)
    is_plain = form["format"].value() == "plain"
    return (
        [card(row) for row in rows if is_plain or not row.is_inline],
        [card(row) for row in rows if row.is_inline and not is_plain],
    )
