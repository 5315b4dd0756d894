"""Messages as tests write them."""

from __future__ import annotations

from email.message import EmailMessage


def letter(
    subject: str = "Sortie au musée",
    body: str = "Bonjour,\nrendez-vous à 8 h.\n",
    *,
    html: str = "",
    files: tuple[tuple[str, str, bytes], ...] = (),
    sender: str = "Bob Petit <bob@ac-exemple.fr>",
    **headers: str,
) -> bytes:
    """A well-made message. ``files``: (name, media type, content); ``to="x"`` gives a To field."""
    message = EmailMessage()
    defaults = {
        "from": sender,
        "to": "alice@ac-exemple.fr",
        "date": "Tue, 03 Mar 2026 09:00:00 +0100",
        "message_id": "<origine@ac-exemple.fr>",
    }
    message["Subject"] = subject
    for name, value in (defaults | headers).items():
        if value:
            message[name.replace("_", "-").title()] = value
    message.set_content(body)
    if html:
        message.add_alternative(html, subtype="html")
    for name, media_type, content in files:
        main, sub = media_type.split("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()
