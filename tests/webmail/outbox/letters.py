"""Messages as the composer hands them to the outbox."""

from __future__ import annotations

import uuid
from email.message import EmailMessage
from email.policy import SMTP

from accounts.models import User
from webmail.models import Draft
from webmail.outbox import Submission
from webmail.writing import drafts
from webmail.writing.content import Content

ALICE = "alice@ac-exemple.fr"
BOB = "bob@ac-exemple.fr"
SECRET_TEXT = "Convocation de la petite Zoé"
SECRET_SUBJECT = "Conseil de discipline"


def letter(*to: str, bcc: tuple[str, ...] = (), number: int = 0, sender: str = ALICE) -> Submission:
    """To Bob, unless others are named."""
    to = to or (BOB,)
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Alice Martin <{sender}>"
    message["To"] = ", ".join(to)
    if bcc:
        message["Bcc"] = ", ".join(bcc)
    message["Subject"] = SECRET_SUBJECT
    message["Message-ID"] = f"<{uuid.uuid4().hex}@ac-exemple.fr>"
    message["Date"] = "Tue, 03 Mar 2026 09:00:00 +0100"
    message.set_content(f"{SECRET_TEXT}\n")
    return Submission(
        message.as_bytes(), (*to, *bcc), str(message["Message-ID"]), sender, number=number
    )


def draft_of(user: User, **written: object) -> Draft:
    content = Content(to=BOB, subject=SECRET_SUBJECT, text=SECRET_TEXT, is_html=False, **written)  # type: ignore[arg-type]
    return drafts.save(user, uuid.uuid4(), content, base=0)
