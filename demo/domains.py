"""A second mail domain with its own theme, forwarding policy and preferences, and the probe's
mailbox."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from email.headerregistry import Address
from typing import Final

from imap_tools import MailBoxUnencrypted
from PIL import Image, ImageDraw

from demo.mail import files, mailboxes, people
from demo.servers.dovecot import MailAccount
from demo.servers.process import LOOPBACK

NAME: Final = "lycees-exemple.fr"
PETIT: Final = Address("Lucie Petit", "lucie.petit", NAME)
TEACHER: Final = MailAccount("lpetit", "Compas&Regle5", (PETIT.addr_spec, f"lpetit@{NAME}"))
PROBE: Final = MailAccount("sonde", "Boussole!Nord3", (f"sonde@{people.DOMAIN}",))

_ACCENT: Final = "#04602f"


def fill(imap_port: int, now: datetime | None = None) -> None:
    """Put a message into the teacher's mailbox, if it is empty and the password is still the
    demo's."""
    moment = now or datetime.now(UTC)
    with MailBoxUnencrypted(LOOPBACK, imap_port).login(TEACHER.login, TEACHER.password) as mailbox:
        if not mailbox.folder.status("INBOX", ["MESSAGES"])["MESSAGES"]:
            for stored in files.messages("petit", mailboxes.desk_of(PETIT, moment)):
                mailbox.append(stored.content, "INBOX", stored.date, stored.flags)


def set_up() -> None:
    """Create what is missing: the domain on the servers of the first one, its theme, its support
    desk, the policy for forwarding, and two preferences that it locks."""
    from accounts.looks import logos, themes
    from accounts.models import DomainTheme, MailDomain, SupportContact, User
    from webmail.models import ForwardPolicy, PreferenceDefault

    domain = MailDomain.objects.get(name=people.DOMAIN)
    existing = MailDomain.objects.filter(name=NAME).values_list("pk", flat=True).first()
    domain.pk, domain.name, domain.is_default = existing, NAME, False
    domain.login_form = MailDomain.LoginForm.ADDRESS
    domain.password_driver = MailDomain.PasswordDriver.NONE
    domain.save(force_insert=existing is None, force_update=existing is not None)
    if existing is not None:  # its servers have other ports now
        return
    made = logos.encoded(_logo())
    DomainTheme.objects.create(
        mail_domain=domain,
        name="Courriel des lycées",
        authority="Lycées d’Exemple",
        accent=_ACCENT,
        logo=made.content,
        logo_digest=made.digest,
        logo_width=made.width,
        logo_height=made.height,
    )
    SupportContact.objects.create(
        name="Assistance des lycées",
        phone="03 53 01 00 01",
        email=f"assistance@{NAME}",
        link="https://assistance.lycees.example/",
        mail_domain=domain,
    )
    ForwardPolicy.objects.create(
        allowed=ForwardPolicy.Allowed.LISTED, places=f"{people.DOMAIN}\n{NAME}"
    )
    for name, value in (("images", "ask"), ("dates", "full")):
        PreferenceDefault.objects.create(name=name, value=value, locked=True, mail_domain=domain)
    User.objects.create(
        mail_domain=domain, login=PETIT.addr_spec, address=PETIT.addr_spec, name=PETIT.display_name
    )
    themes.forget()


def _logo() -> bytes:
    """Return a picture of a white L on a green disc."""
    image = Image.new("RGB", (240, 240), "#ffffff")
    draw = ImageDraw.Draw(image)
    draw.ellipse((6, 6, 234, 234), fill=_ACCENT)
    draw.rectangle((84, 60, 108, 180), fill="#ffffff")
    draw.rectangle((84, 156, 168, 180), fill="#ffffff")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
