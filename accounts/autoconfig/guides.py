"""Short illustrated guides: how to set up a mail program, step by step, with the values to type.

A guide is data, so that all guides look alike and a template draws them. Names of menus are those
of the mail program, in the language of the page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.lookup import MailSettings, ServerSetting, servers_of
from accounts.models import MailDomain


@dataclass(frozen=True, slots=True)
class GuideValues:
    """The values that a user types. They are the user's own if ``is_personal`` is true, else
    examples in the domain's form. ``finds_itself`` says whether a mail program that asks for the
    domain's settings gets the right ones."""

    name: str
    address: str
    login: str
    servers: tuple[ServerSetting, ...]
    is_personal: bool
    finds_itself: bool

    def server(self, protocol: str) -> ServerSetting | None:
        return next((server for server in self.servers if server.protocol == protocol), None)


def values_of(settings: MailSettings, domain: MailDomain | None) -> GuideValues:
    """Return the values of a user. ``domain`` tells whether mail programs find the same values
    themselves."""
    formed = {"address": settings.address, "local": settings.address.partition("@")[0]}
    formed_login = formed.get(domain.formed_login) if domain else None
    return GuideValues(
        name=settings.name,
        address=settings.address,
        login=settings.login,
        servers=settings.servers,
        is_personal=True,
        finds_itself=formed_login == settings.login,
    )


def values_of_domain(domain: MailDomain) -> GuideValues:
    """Return example values for a visitor who is not signed in."""
    return GuideValues(
        name=_("First name Last name"),
        address=_("first.last@%(domain)s") % {"domain": domain.name},
        login=_("your login"),
        servers=servers_of(domain),
        is_personal=False,
        finds_itself=bool(domain.formed_login),
    )


@dataclass(frozen=True, slots=True)
class GuidePicture:
    """A drawn window of the mail program. ``shape`` is ``window`` or ``phone``. ``rows`` are pairs
    of label and value, or a line of a list and "". ``chosen`` is the row or button to press."""

    title: str
    rows: tuple[tuple[str, str], ...]
    button: str = ""
    chosen: str = ""
    shape: str = "window"


@dataclass(frozen=True, slots=True)
class GuideStep:
    title: str
    text: str
    picture: GuidePicture | None = None


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide. ``warning`` is what to know beforehand, or "". ``by_code`` says that a QR code can
    do all of it."""

    slug: str
    title: str
    lede: str
    steps: tuple[GuideStep, ...]
    warning: str = ""
    by_code: bool = False


# For each slug: the program or device, the systems that it runs on, and an icon.
TITLES: dict[str, tuple[str | Promise, str | Promise, str]] = {
    "thunderbird": ("Thunderbird", gettext_lazy("Windows, Mac, Linux"), "mail"),
    "iphone": (gettext_lazy("iPhone and iPad"), gettext_lazy("the Mail app"), "smartphone"),
    "android": ("Android", gettext_lazy("the Gmail app"), "smartphone"),
    "outlook": ("Outlook", "Windows", "mail"),
    "other": (gettext_lazy("Another program"), gettext_lazy("all values"), "settings"),
}


def guide(slug: str, values: GuideValues) -> Guide:
    """Return the guide in the language of the page. ``slug`` is one of TITLES."""
    return _GUIDES[slug](values)


def incoming(values: GuideValues) -> tuple[tuple[str, str], ...]:
    """Return the fields of the IMAP server, named as in forms."""
    return _fields(values.server("imap"), values.login)


def outgoing(values: GuideValues) -> tuple[tuple[str, str], ...]:
    """Return the fields of the SMTP server, named as in forms; none where the domain has none."""
    return _fields(values.server("smtp"), values.login)


def _both(values: GuideValues) -> tuple[tuple[str, str], ...]:
    """Return host, port and security of both servers for one form."""
    rows = []
    for name, fields in (
        (_("Incoming server (IMAP)"), incoming(values)),
        (_("Outgoing server (SMTP)"), outgoing(values)),
    ):
        rows += [(name, host) for _name, host in fields[:1]] + list(fields[1:3])
    return tuple(rows)


def _hosts_and_login(values: GuideValues) -> tuple[tuple[str, str], ...]:
    """Return the values that a telephone does not find out by itself."""
    hosts = [
        (name, fields[0][1])
        for name, fields in (
            (_("Incoming server (IMAP)"), incoming(values)),
            (_("Outgoing server (SMTP)"), outgoing(values)),
        )
        if fields
    ]
    return (*hosts, (_("Login"), values.login))


def _fields(server: ServerSetting | None, login: str) -> tuple[tuple[str, str], ...]:
    if server is None:
        return ()
    return (
        (_("Server"), server.host),
        (_("Port"), str(server.port)),
        (_("Security"), server.security_name),
        (_("Login"), login),
    )


def _who(values: GuideValues) -> tuple[tuple[str, str], ...]:
    return ((_("Name"), values.name), (_("Address"), values.address), (_("Password"), "••••••••"))


def _thunderbird(values: GuideValues) -> Guide:
    steps = [
        GuideStep(
            _("Begin a new account"),
            _("Open the menu ☰ at the top right, then “New Account” and “Email”."),
            GuidePicture(
                "Thunderbird",
                ((_("New Account"), ""), (_("Open from File"), ""), (_("Settings"), "")),
                chosen=_("New Account"),
            ),
        ),
        GuideStep(
            _("Say who you are"),
            _("Type your name, your whole address and your password, then “Continue”."),
            GuidePicture(_("Account setup"), _who(values), button=_("Continue")),
        ),
    ]
    if values.finds_itself:
        steps.append(
            GuideStep(
                _("Compare what was found"),
                _(
                    "Thunderbird finds the servers by itself. Check that they are these, keep IMAP,"
                    " then “Done”."
                ),
                GuidePicture(
                    _("Settings found"), incoming(values), button=pgettext("Thunderbird", "Done")
                ),
            )
        )
    else:
        steps += [
            GuideStep(
                _("Type the incoming server"),
                _(
                    "Choose “Configure manually”. Thunderbird proposes a login made from your"
                    " address: put your own in its place."
                ),
                GuidePicture(
                    _("Incoming server (IMAP)"), incoming(values), button=_("Configure manually")
                ),
            ),
            GuideStep(
                _("Type the outgoing server"),
                _("The same login again, with these values, then “Done”."),
                GuidePicture(
                    _("Outgoing server (SMTP)"),
                    outgoing(values),
                    button=pgettext("Thunderbird", "Done"),
                ),
            ),
        ]
    return Guide(
        "thunderbird",
        _("Set up Thunderbird"),
        _("A free mail program for computers. Five minutes are enough."),
        (*steps, _check()),
    )


def _iphone(values: GuideValues) -> Guide:
    return Guide(
        "iphone",
        _("Set up an iPhone or iPad"),
        _("By hand, in the settings of the device. With a code it is quicker: nothing to type."),
        (
            GuideStep(
                _("Open the accounts"),
                _("Settings, “Apps”, “Mail”, then “Mail Accounts” and “Add Account”."),
                GuidePicture(
                    pgettext("iPhone", "Settings"),
                    ((_("Apps"), ""), ("Mail", ""), (_("Mail Accounts"), "")),
                    chosen=_("Mail Accounts"),
                    shape="phone",
                ),
            ),
            GuideStep(
                _("Choose “Other”"),
                _("At the bottom of the list, below the makers’ names, then “Add Mail Account”."),
                GuidePicture(
                    _("Add Account"),
                    (("iCloud", ""), ("Microsoft Exchange", ""), (_("Other"), "")),
                    chosen=_("Other"),
                    shape="phone",
                ),
            ),
            GuideStep(
                _("Say who you are"),
                _("Type your name, your address and your password, then “Next”."),
                GuidePicture(_("New Account"), _who(values), button=_("Next"), shape="phone"),
            ),
            GuideStep(
                _("Type the servers"),
                _(
                    "Keep IMAP. Type these values below “Incoming Mail Server” and “Outgoing Mail"
                    " Server”, the login and the password below both, although they are said to be"
                    " optional. Then “Save”."
                ),
                GuidePicture("IMAP", _hosts_and_login(values), button=_("Save"), shape="phone"),
            ),
            _check(),
        ),
        by_code=True,
    )


def _android(values: GuideValues) -> Guide:
    return Guide(
        "android",
        _("Set up an Android telephone"),
        _("In the Gmail app, which reads other mailboxes too. Other apps ask for the same values."),
        (
            GuideStep(
                _("Add an account"),
                _("In Gmail, touch your picture at the top right, then “Add another account”."),
                GuidePicture(
                    "Gmail",
                    ((_("Add another account"), ""), (_("Manage accounts on this device"), "")),
                    chosen=_("Add another account"),
                    shape="phone",
                ),
            ),
            GuideStep(
                _("Choose “Other”"),
                _("Not “Google”: it is your authority’s mailbox. Type your address, then “Next”."),
                GuidePicture(
                    _("Set up email"),
                    (("Google", ""), ("Outlook", ""), (_("Other"), "")),
                    chosen=_("Other"),
                    shape="phone",
                ),
            ),
            GuideStep(
                _("Choose “Personal (IMAP)”"),
                _("Then type your password, and “Next”."),
                GuidePicture(
                    values.address,
                    ((_("Personal (POP3)"), ""), (_("Personal (IMAP)"), "")),
                    chosen=_("Personal (IMAP)"),
                    shape="phone",
                ),
            ),
            GuideStep(
                _("Type the incoming server"),
                _("Gmail proposes values made from your address: put these in their place."),
                GuidePicture(
                    _("Incoming server settings"),
                    incoming(values),
                    button=_("Next"),
                    shape="phone",
                ),
            ),
            GuideStep(
                _("Type the outgoing server"),
                _("Leave “Require sign-in” on."),
                GuidePicture(
                    _("Outgoing server settings"),
                    outgoing(values),
                    button=_("Next"),
                    shape="phone",
                ),
            ),
            _check(),
        ),
        by_code=True,
    )


def _outlook(values: GuideValues) -> Guide:
    return Guide(
        "outlook",
        _("Set up Outlook"),
        _("For the Outlook that comes with Office on Windows (“classic Outlook”)."),
        (
            GuideStep(
                _("Add an account"),
                _(
                    "“File”, then “Add Account”. Type your address, open “Advanced options”, tick"
                    " “Let me set up my account manually”, then “Connect”."
                ),
                GuidePicture(
                    "Outlook",
                    ((_("Address"), values.address), (_("Let me set up my account manually"), "✓")),
                    button=_("Connect"),
                ),
            ),
            GuideStep(
                _("Choose IMAP"),
                _("Not Exchange, not Microsoft 365."),
                GuidePicture(
                    _("Advanced setup"),
                    (("Microsoft 365", ""), ("Exchange", ""), ("POP", ""), ("IMAP", "")),
                    chosen="IMAP",
                ),
            ),
            GuideStep(
                _("Type the servers"),
                _("First the incoming server, then the outgoing one; leave SPA unticked. “Next”."),
                GuidePicture(_("IMAP Account Settings"), _both(values), button=_("Next")),
            ),
            GuideStep(
                _("Give the login and the password"),
                _(
                    "Outlook proposes your address as login. Where yours is another one, correct it"
                    " in “Account Settings”, “Change”, for both servers."
                ),
                GuidePicture(
                    _("Account Settings"),
                    ((_("Login"), values.login), (_("Password"), "••••••••")),
                    button=_("Connect"),
                ),
            ),
            _check(),
        ),
        warning=_(
            "The new Outlook and the Outlook app for telephones hand your password and your mail to"
            " Microsoft’s servers. Use classic Outlook, Thunderbird, or your telephone’s own app."
        ),
    )


def _other(values: GuideValues) -> Guide:
    return Guide(
        "other",
        _("Set up another program"),
        _("Every mail program asks for these values, sometimes in other words."),
        (
            GuideStep(
                _("Choose IMAP"),
                _(
                    "With IMAP your mail stays on the server, the same on all your devices. POP"
                    " takes it away to one of them."
                ),
            ),
            GuideStep(
                _("Type the incoming server"),
                _("“SSL/TLS” is also called “SSL”; authentication is by “normal password”."),
                GuidePicture(_("Incoming server (IMAP)"), incoming(values)),
            ),
            GuideStep(
                _("Type the outgoing server"),
                _("It wants the login and the password too: tick “requires authentication”."),
                GuidePicture(_("Outgoing server (SMTP)"), outgoing(values)),
            ),
            _check(),
        ),
    )


def _check() -> GuideStep:
    return GuideStep(
        pgettext("last step of a guide", "Check"),
        _("Your folders appear within a minute. Write a message to yourself: it must come back."),
    )


_GUIDES: dict[str, Callable[[GuideValues], Guide]] = {
    "thunderbird": _thunderbird,
    "iphone": _iphone,
    "android": _android,
    "outlook": _outlook,
    "other": _other,
}
