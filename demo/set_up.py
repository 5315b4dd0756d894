"""The preparation of Django for the demo before the web server starts. It runs as its own process,
at each start.

`python -m demo.set_up LOGIN [--people]`, with the administrator's password on standard input.
"""

from __future__ import annotations

import hashlib
import os
import sys
from io import BytesIO, StringIO
from pathlib import Path

import django
from django.core.management import call_command

from demo import academy, contacts, domains, staff
from demo.mail.people import OFFICE
from demo.words import say

OWN_ADMINISTRATOR = 3  # exit status: the database already had an administrator of that name


def main(login: str, password: str, *, people: bool) -> int:
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    _collect_static_files()
    call_command("ensure_mail_domain")
    call_command("load_school_holidays")
    if people:
        _people()
        _staff()
        _directory()
        contacts.fill_groups("fdurand", "nguerin")
        _services()
        _provider(os.environ.get("DEMO_ISSUER", ""), os.environ.get("DEMO_ISSUER_SECRET", ""))
        _reports()
        domains.set_up()
    return _administrator(login, password)


def _people() -> None:
    """Create the academy's users, whose short logins do not follow from their addresses."""
    from accounts.models import MailDomain, User

    domain = MailDomain.objects.get(name=academy.DOMAIN)
    for person in academy.PEOPLE:
        User.objects.get_or_create(
            mail_domain=domain,
            login=person.login,
            defaults={"address": person.address, "name": person.name},
        )
        if person.role == "teacher":
            contacts.fill(person.login)
        else:
            _office(person.login)


def _office(login: str) -> None:
    """Let the head of the school write as its office, whose mailbox is shared with the head."""
    from accounts.models import User
    from webmail.models import Identity

    head = User.objects.get(mail_domain__name=academy.DOMAIN, login=login)
    name = {"name": OFFICE.display_name}
    Identity.objects.get_or_create(user=head, address=OFFICE.addr_spec, defaults=name)


def _staff() -> None:
    """Import the staff records, as administrators do, once for each key."""
    from django.conf import settings

    from accounts import numen, staff_import
    from accounts.models import StaffRecord

    digests = [numen.digest_of_numen(key, staff.STAFF[0].numen) for key in settings.NUMEN_KEYS]
    if not digests or StaffRecord.objects.filter(numen_digest__in=digests).exists():
        return
    job = staff_import.begin("agents.csv", None, staff_import.Options())
    staff_import.run(job.pk, lambda: BytesIO(staff.csv_file()))
    job.refresh_from_db()
    say(f"Staff records: {job.created} new, {job.refused} refused ({job.get_state_display()})")


def _directory() -> None:
    """Fill the directory with the colleagues at once; normally a job does this at night."""
    from addressbook.directory import filling

    filled = filling.fill_from_staff()
    say(f"Directory: {filled.written} written, {filled.gone} gone, {filled.unchanged} unchanged")


def _services() -> None:
    """Create two of the services that the authority announces, if there are none. Their addresses
    are placeholders (RFC 2606)."""
    from accounts.models import Service

    if Service.objects.exists():
        return
    Service.objects.create(
        name="DT-Ulysse",
        text="Frais de déplacement\u00a0: ordres de mission et remboursements (adresse d’exemple)",
        address="https://dt-ulysse.example/",
        icon=Service.Icon.TRAVEL,
        order=10,
    )
    Service.objects.create(
        name="Imag’in",
        text="Jurys d’examen\u00a0: convocations et disponibilités (adresse d’exemple)",
        address="https://imagin.example/",
        icon=Service.Icon.CALENDAR,
        order=20,
        functions="professeur\nprincipal",
    )


def _provider(issuer: str, secret: str) -> None:
    """Configure the academy's provider, whose port differs at each start. Without a provider, its
    button is removed."""
    from accounts.models import MailDomain, SignInProvider
    from accounts.providers import names
    from demo.servers.issuer import CLIENT_ID

    domain = MailDomain.objects.get(name=academy.DOMAIN)
    provider = SignInProvider.objects.filter(mail_domain=domain).first()
    if provider is None and issuer:
        label = "Se connecter avec mon compte académique"
        provider = SignInProvider(mail_domain=domain, client_id=CLIENT_ID, label=label)
    if provider is not None and provider.client_id == CLIENT_ID:
        provider.is_on, provider.issuer = bool(issuer), issuer or provider.issuer
        provider.secret = secret
        provider.save()
    names.forget()


def _reports() -> None:
    """Create the reports of a fraud by two colleagues, which make one campaign for the
    administration."""
    from django.utils import timezone

    from accounts.models import User
    from webmail.adverts import campaigns
    from webmail.models import FraudReport

    if FraudReport.objects.exists():
        return
    subject = "URGENT : votre boîte sera suspendu dans 24 heures"
    for login in [person.login for person in academy.PEOPLE if person.role][1:3]:
        FraudReport.objects.create(
            user=User.objects.get(mail_domain__name=academy.DOMAIN, login=login),
            message_id=f"<quota.{login}@ac-exemp1e-securite.example>",
            sender="support-messagerie@ac-exemp1e-securite.example",
            domain="ac-exemp1e-securite.example",
            subject=subject,
            folded=campaigns.folded(subject),
            hosts=["messagerie.ac-exemple.fr.verif-compte.example"],
            received=timezone.localdate(),
            reasons=["password_asked", "password_urgent"],
        )


def _administrator(login: str, password: str) -> int:
    """Create the administrator. An existing one keeps the password, whatever it is."""
    from accounts.models import User

    user = User.objects.filter(mail_domain=None, login=login).first()
    if user is not None:
        return 0 if user.check_password(password) else OWN_ADMINISTRATOR
    sys.stdin = StringIO(password + "\n")
    call_command("create_administrator", login, password_stdin=True)
    return 0


def _collect_static_files() -> None:
    """Collect the static files only if one of them has changed, because it takes longer than all
    the rest."""
    from django.conf import settings

    signature = Path(settings.STATIC_ROOT).with_suffix(".signature")
    now = _signature()
    if not signature.exists() or signature.read_text() != now:
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        signature.write_text(now)


def _signature() -> str:
    """Return a digest that changes with any static file of ours or of a package."""
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = os.stat(storage.path(name))
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.stdin.readline().strip(), people="--people" in sys.argv[2:]))
