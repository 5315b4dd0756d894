"""A configuration profile (.mobileconfig) for iPhone, iPad and Mac (developer.apple.com).

The profile holds what a user would type, but no password: the device asks for that itself.
"""

from __future__ import annotations

import plistlib
import uuid

from django.utils.translation import gettext as _

from accounts.lookup import MailSettings, ServerSetting

CONTENT_TYPE = "application/x-apple-aspen-config"


def can_be_made(settings: MailSettings) -> bool:
    """Return whether there are servers for receiving and for sending. Devices refuse a profile that
    lacks one of them."""
    return {"imap", "smtp"} <= {server.protocol for server in settings.servers}


def profile(settings: MailSettings) -> bytes:
    """Return the unsigned profile. Installed again, it replaces the earlier one, because its
    identifiers are derived from the account alone. Raises ValueError without a server for sending.
    """
    if not can_be_made(settings):
        raise ValueError("a profile needs an IMAP and an SMTP server")
    name = _("Mail (%(authority)s)") % {"authority": settings.authority}
    document = {
        **_payload("Configuration", settings, "profile"),
        "PayloadDisplayName": name,
        "PayloadDescription": _(
            "Adds the account %(address)s to Mail. The password is asked for by this device; it is"
            " not in the profile."
        )
        % {"address": settings.address},
        "PayloadOrganization": settings.authority,
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [_mail(settings, name)],
    }
    return plistlib.dumps(document, sort_keys=False)


def _payload(kind: str, settings: MailSettings, part: str) -> dict[str, object]:
    """Return the fields that each payload begins with. The identifier is the domain in reverse
    order."""
    unique = uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{settings.address}#{part}")
    reverse = ".".join(reversed(settings.domain.split(".")))
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{reverse}.{part}.{unique}",
        "PayloadUUID": str(unique).upper(),
    }


def _mail(settings: MailSettings, name: str) -> dict[str, object]:
    servers = {server.protocol: server for server in settings.servers}
    return {
        **_payload("com.apple.mail.managed", settings, "mail"),
        "PayloadDisplayName": name,
        "EmailAccountDescription": settings.authority,
        "EmailAccountName": settings.name,
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAddress": settings.address,
        **_server("IncomingMailServer", servers["imap"], settings.login),
        **_server("OutgoingMailServer", servers["smtp"], settings.login),
        "OutgoingPasswordSameAsIncomingPassword": True,
        "PreventMove": False,
        "PreventAppSheet": False,
        "disableMailRecentsSyncing": False,
    }


def _server(prefix: str, server: ServerSetting, login: str) -> dict[str, object]:
    return {
        f"{prefix}Authentication": "EmailAuthPassword",
        f"{prefix}HostName": server.host,
        f"{prefix}PortNumber": server.port,
        # The device finds out from the port whether to use TLS from the start or STARTTLS.
        f"{prefix}UseSSL": server.security != "none",
        f"{prefix}Username": login,
    }
