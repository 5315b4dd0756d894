"""Message files to import, as old programs made them: an mbox, a Thunderbird profile, and a message
saved by Outlook."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

from demo.outlook_files import attached_message, attachment, compound, message, recipient

FOLDER = "mail_files"

_MESSAGES = (
    (
        "Conseil de classe de la 3e C",
        "Le conseil aura lieu le jeudi 12 juin à 17 h 30 en salle 14.",
    ),
    ("Sortie à la baie de Somme", "From our friends of the park:\n\nFrom 8 h on, at the gate."),
    ("Liste des élèves de latin", "Vingt-deux élèves sont inscrits pour la rentrée."),
    ("Fournitures de rentrée", "Merci de rendre la liste avant le 20 juin."),
    ("Photo de classe", "La photo est prévue le mardi 17 juin, à 10 h, dans la cour."),
)


def write(folder: Path) -> None:
    """Write ``ancienne-boite.mbox``, ``thunderbird.zip`` and ``outlook.msg``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ancienne-boite.mbox").write_bytes(mbox())
    (folder / "thunderbird.zip").write_bytes(thunderbird())
    (folder / "outlook.msg").write_bytes(outlook())


def mbox() -> bytes:
    """Return the mailbox of a former academy. The second message has lines that begin with
    "From"."""
    return b"".join(
        b"From MAILER-DAEMON Tue Jun %2d 09:00:00 2025\nStatus: RO\n" % (number + 3)
        + _message(number).replace(b"\nFrom ", b"\n>From ")
        + b"\n"
        for number in range(len(_MESSAGES))
    )


def thunderbird() -> bytes:
    """Return nested folders of a profile, with the other files that are beside them."""
    separator = (
        b"From - Tue Jun 03 09:00:00 2025\nX-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Local Folders/Inbox", separator + _message(0) + b"\n")
        archive.writestr("Local Folders/Inbox.msf", b"// <!-- <mdb:mork:z v=1.4/> -->\n")
        archive.writestr("Local Folders/Classes.sbd/3e C", separator + _message(4) + b"\n")
        archive.writestr("Local Folders/Classes.sbd/photo.jpg", b"\xff\xd8\xff\xe0")
    return file.getvalue()


def outlook() -> bytes:
    """Return a message that contains another message and a file."""
    former = message(subject="Dates du voyage", text="Du 9 au 13 mars, c’est noté.\r\n", head=24)
    files = [
        attachment("Liste des élèves.csv", "nom;classe\r\nLéo;4e B\r\n".encode(), "text/csv"),
        attached_message("Dates du voyage", former),
    ]
    html = "<html><body><p>Bonjour,</p><p>La <b>liste</b> est jointe.</p></body></html>"
    to = [recipient(1, "Françoise Durand", "francoise.durand@ac-exemple.fr")]
    more: dict[str, str | bytes] = {"1013": html, "1035": "<voyage@ac-ancienne.example>"}
    return compound(
        message(
            subject="Voyage à Berlin : liste des élèves",
            text="Bonjour,\r\n\r\nLa liste est jointe.\r\n",
            recipients=to,
            attachments=files,
            more=more,
        )
    )


def _message(number: int) -> bytes:
    subject, text = _MESSAGES[number]
    made = EmailMessage()
    made["From"] = "Hélène Caron <helene.caron@ac-ancienne.example>"
    made["To"] = "francoise.durand@ac-ancienne.example"
    made["Subject"] = subject
    made["Date"] = f"Tue, {number + 3:02} Jun 2025 09:00:00 +0200"
    made["Message-ID"] = f"<{number}.2025@ac-ancienne.example>"
    made.set_content(text + "\n")
    return made.as_bytes()
