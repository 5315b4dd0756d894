"""One post of the composer's form, and the draft that keeps it."""

from __future__ import annotations

import uuid
from dataclasses import replace

from django.http import HttpResponse

from accounts import session
from accounts.http import SignedInRequest
from mail.errors import FileRefused, TooLarge
from webmail.forms.compose import ComposeForm
from webmail.models import Draft
from webmail.presentation import failures
from webmail.views.composer.posted.answers import go_on, refuse
from webmail.writing import beginning, drafts, files, posted, untouched
from webmail.writing.beginning import Writer
from webmail.writing.content import Content


class Post:
    """A form that a signed-in user posted: ``number`` is that of the draft, ``key`` that of the
    sending, which is done once."""

    def __init__(self, request: SignedInRequest, form: ComposeForm) -> None:
        self.request, self.form = request, form
        self.user = request.user
        self.number = uuid.UUID(form.typed.get("draft"))
        self.key = uuid.UUID(form.typed.get("key"))

    @property
    def is_untouched(self) -> bool:
        """Whether the user has changed nothing since the page was shown first."""
        if self.request.FILES:
            return False
        return untouched.is_untouched(self.form.content, self.form.typed.get("untouched", ""))

    @property
    def has_row(self) -> bool:
        """Whether something of the draft was kept before."""
        return Draft.objects.of(self.user).filter(pk=self.number).exists()

    def answer_sender_alone(self) -> None:
        """Address the answer to the author of the message that it answers, and to nobody else."""
        data = self.form.typed.copy()
        if origin := self.form.content.origin:
            writer = Writer.of(self.user, self.request.preferences)
            with session.imap(self.request) as imap:
                data["to"] = beginning.author(imap, writer, origin)
            data["cc"] = data["bcc"] = data["delivery"] = ""
            data["kind"] = "reply"
        data["do"] = "schedule" if data.get("act") == "schedule" else "send"
        self.form.data = data

    def keep(self) -> Draft:
        """Keep all that was posted as a draft: the words first, then the files that came without a
        script. A file that cannot be taken becomes a mistake of the form."""
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
        """Write what was kept into the form: the page, if it is shown again, goes on from here."""
        data = self.form.typed.copy()
        data["draft"], data["revision"] = str(row.pk), str(row.revision)
        data.setlist("files", list(content.files))
        self.form.data = data

    def refuse(
        self, draft: Draft | None, *, status: int = 422, is_missing: bool = False
    ) -> HttpResponse:
        """Show the form again with its mistakes."""
        return refuse(self.request, self.form, status=status, draft=draft, is_missing=is_missing)

    def go_on(self, url: str) -> HttpResponse:
        return go_on(self.request, url)
