"""Everything that the product stores about a user: for how long, and where the user can see it.

The privacy page, the page of the administration about retention and the download of one's own data
are made from this table. `tests/webmail/personal/test_kept.py` walks all models that lead to a
user, and fails for a model that the table does not name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.apps import apps
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

Words = str | Promise


@dataclass(frozen=True, slots=True)
class StoredData:
    """One kind of stored data. ``models`` are the labels of its models; ``lasts`` says for how
    long; ``file`` is the file of the download that contains it, without its ending; ``absent`` says
    why none does; ``setting`` is the variable that changes the time."""

    what: Words
    lasts: Callable[[], Words]
    models: tuple[str, ...] = ()
    file: str = ""
    absent: Words = ""
    setting: str = ""


def days_in_words(number: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", number) % {"count": number}


def _words(words: Words) -> Callable[[], Words]:
    return lambda: words


def _of_setting(name: str) -> Callable[[], Words]:
    return lambda: days_in_words(getattr(settings, name))


def _of_model(label: str, name: str = "KEPT") -> Callable[[], Words]:
    """Return a function that gives the time of the model's constant ``name`` in words."""

    def lasts() -> Words:
        duration: timedelta = getattr(apps.get_model(label), name)
        return days_in_words(duration.days)

    return lasts


def _after(words: Promise, lasts: Callable[[], Words]) -> Callable[[], Words]:
    return lambda: str(words) % {"time": lasts()}


_UNTIL_DELETED: Final = _words(_("until you delete them"))
_ACCOUNT: Final = _words(_("as long as the account"))

KINDS: Final[tuple[StoredData, ...]] = (
    StoredData(
        _("Your account: login, address, name, roles, preferences, first and last sign-in"),
        _words(_("until an administrator deletes it")),
        ("accounts.User", "accounts.User_groups"),
        "account",
    ),
    StoredData(
        _("Your staff record: name, address, login, school, function"),
        _words(_("as long as the staff files name you")),
        ("accounts.StaffRecord",),
        "staff-record",
    ),
    StoredData(
        _("Lookups of mail settings: when, from which network, whose"),
        _of_setting("KEEP_LOOKUPS_DAYS"),
        (),
        "audit",
        setting="WEBMAIL_KEEP_LOOKUPS_DAYS",
    ),
    StoredData(
        _(
            "Sign-ins, changes of passwords, what you and administrators do with your account:"
            " when, who, from which network"
        ),
        _of_setting("KEEP_AUDIT_DAYS"),
        ("accounts.AuditEvent",),
        "audit",
        setting="WEBMAIL_KEEP_AUDIT_DAYS",
    ),
    StoredData(
        _(
            "What the webmail and the mail servers say to each other for you, without passwords,"
            " texts, subjects and addresses, sealed, where an administrator looks for a fault"
        ),
        _words(_("a day after its end; it ends within an hour")),
        ("accounts.WireLog", "accounts.WireLogPiece"),
        absent=_("It holds nothing of your mail."),
        setting="WEBMAIL_WIRE_LOG",
    ),
    StoredData(
        _("Your sessions, and the devices that you have signed in with"),
        _after(_("%(time)s after their last use"), _of_setting("KEEP_SESSIONS_DAYS")),
        ("accounts.UserSession", "accounts.KnownDevice"),
        "sessions",
        setting="WEBMAIL_KEEP_SESSIONS_DAYS",
    ),
    StoredData(
        _("Second factors: which kinds, since when, and what proves them"),
        _words(_("until you remove them")),
        ("mfa.Authenticator",),
        "second-factors",
    ),
    StoredData(
        _(
            "Your password, sealed, for a message that has not left or a long task: the server"
            " opens it without you, to sign in to the mail server in your name"
        ),
        _words(
            _(
                "until the task is over, 24 hours at most; for a scheduled message until it has"
                " left, failed or was taken back"
            )
        ),
        ("accounts.LentCredential",),
        "lent-passwords",
    ),
    StoredData(
        _(
            "What your authority’s sign-in service gave to open your mailbox, encrypted, where you"
            " sign in by it"
        ),
        _words(_("until you sign out, and until the messages that wait have left")),
        ("accounts.TokenGrant",),
        absent=_("They are keys to your mailbox, and tell nothing about you."),
    ),
    StoredData(
        _(
            "The number by which your authority’s sign-in service knows you, where you sign in"
            " by it"
        ),
        _ACCOUNT,
        ("accounts.ProviderSubject",),
        absent=_("It lets nobody else open your mailbox, and tells nothing about you."),
    ),
    StoredData(
        _("How much was brought here from your former webmail"),
        _ACCOUNT,
        ("accounts.MovedUser",),
        "moves",
    ),
    StoredData(
        _("Announcements that you put away"),
        _ACCOUNT,
        ("accounts.Dismissal",),
        "announcements",
    ),
    StoredData(
        _("Services that you signed in to through the webmail, and what they were allowed to read"),
        _words(_("until that sign-in expires")),
        ("allauth_idp_oidc.Token", "accounts.ServiceVisit"),
        "services",
    ),
    StoredData(
        _("Messages being written, with their files and lists of recipients, sealed"),
        _words(_("until they are sent or discarded, and 7 days more")),
        (
            "webmail.Draft",
            "webmail.DraftVersion",
            "webmail.DraftFile",
            "webmail.DraftDocument",
            "webmail.DraftRoster",
        ),
        "drafts",
    ),
    StoredData(
        _("Messages in the outbox, sealed; afterwards what the mail server answered"),
        _after(_("%(time)s after they have left"), _of_model("webmail.OutboxMessage")),
        ("webmail.OutboxMessage",),
        "outbox",
    ),
    StoredData(
        _("Your addresses, names and signatures, your canned answers"),
        _UNTIL_DELETED,
        ("webmail.Identity", "webmail.CannedAnswer"),
        "identities",
    ),
    StoredData(
        _(
            "Your contacts and groups, with their pictures, and the pupils and guardians of the"
            " lists that you brought: you alone see them, but for groups that you share"
        ),
        _words(_("until you delete them or a class’s list ends, and 30 days more in the bin")),
        (
            "addressbook.Contact",
            "addressbook.ContactAddress",
            "addressbook.ContactPhoto",
            "addressbook.ContactWord",
            "addressbook.Group",
            "addressbook.Group_contacts",
            "addressbook.Guardianship",
        ),
        "contacts",
    ),
    StoredData(
        _(
            "Which groups are in which, whom of the directory a group stands for, and with whom you"
            " share one: these colleagues see its members"
        ),
        _words(_("until you delete the group or end the sharing")),
        ("addressbook.GroupNesting", "addressbook.GroupFilter", "addressbook.GroupShare"),
        "groups",
    ),
    StoredData(
        _("The groups of colleagues that you used or left, and those that are shared no more"),
        _words(_("until the group is deleted, or you put the line away")),
        ("addressbook.SharedUse", "addressbook.SharedGone"),
        "groups",
    ),
    StoredData(
        _("Addresses that you wrote to, to suggest them"),
        _UNTIL_DELETED,
        ("addressbook.CollectedRecipient",),
        "collected-addresses",
    ),
    StoredData(
        _("Imports of old address books: counts and reasons, and for 30 days what takes them back"),
        _ACCOUNT,
        ("addressbook.ImportJob", "addressbook.ImportPart", "addressbook.ImportFile"),
        "imports",
    ),
    StoredData(
        _("The lines of an old address book between its reading and its import"),
        _words(_("until the import is over; what takes it back, 30 days")),
        (
            "addressbook.ImportRow",
            "addressbook.ImportGroup",
            "addressbook.ImportLink",
            "addressbook.ImportTrace",
        ),
        absent=_("It is the file that you brought, or stands among your contacts."),
    ),
    StoredData(
        _("Your tags, and how you want folders shown"),
        _UNTIL_DELETED,
        ("webmail.Tag", "webmail.FolderChoice"),
        "folders-and-tags",
    ),
    StoredData(
        _("What you looked for in your mail, the last ten searches; never from a shared computer"),
        _words(_("until you remove it from the page of the search")),
        ("webmail.RecentSearch",),
        "searches",
    ),
    StoredData(
        _("The searches that you saved"),
        _words(_("until you remove it from the page of the search")),
        ("webmail.SavedSearch",),
        "searches",
    ),
    StoredData(
        _("Events that you were invited to: when they are, and your answer"),
        _after(_("%(time)s after the last message about them"), _of_model("webmail.InvitedEvent")),
        ("webmail.InvitedEvent",),
        "invitations",
    ),
    StoredData(
        _("Senders that you allow or block, and those whose images you always show"),
        _UNTIL_DELETED,
        ("webmail.SenderChoice", "webmail.AllowedSender"),
        "senders",
    ),
    StoredData(
        _("Addresses that your rules forward mail to and may not, masked but for the domain"),
        _words(_("until you take them out of your rules")),
        ("webmail.StandingForward",),
        absent=_("Your rules, on the mail server, have them whole."),
    ),
    StoredData(
        _("Why messages were set aside, without a word of them, and what you said of it"),
        _of_model("webmail.Judgement"),
        ("webmail.Judgement", "webmail.Unsubscription"),
        "adverts",
    ),
    StoredData(
        _(
            "What you taught about adverts, as fingerprints of words; how far your inbox is judged,"
            " and the languages of mail from people you know"
        ),
        _ACCOUNT,
        ("webmail.PersonLearnt", "webmail.InboxWatch"),
        "adverts",
    ),
    StoredData(
        _("The name under which your mail server signs its checks of senders"),
        _ACCOUNT,
        ("webmail.AuthservWitness",),
        absent=_("It holds nothing of your mail."),
    ),
    StoredData(
        _("Messages that you reported to the authority: sender, subject, where their links lead"),
        _of_model("webmail.FraudReport"),
        ("webmail.FraudReport",),
        "reports",
    ),
    StoredData(
        _("Reported messages that the authority pulled from your mailbox: folders and numbers"),
        _of_model("webmail.Pull"),
        ("webmail.PulledMessage", "webmail.PullSight"),
        "reports",
    ),
    StoredData(
        _("Actions on many messages, and what takes them back: folders and numbers of messages"),
        _of_model("webmail.MailJob"),
        ("webmail.MailJob",),
        "actions",
    ),
    StoredData(
        _(
            "Exports and imports of messages: folders, numbers of messages, what was refused, and"
            " the server and login of another account"
        ),
        _of_model("webmail.Transfer"),
        ("webmail.Transfer",),
        "transfers",
    ),
    StoredData(
        _("The files of exports and imports of messages, encrypted"),
        _of_setting("EXPORT_DAYS"),
        absent=_("They are copies of what lies in your mailbox, or of a file of yours."),
        setting="WEBMAIL_EXPORT_DAYS",
    ),
    StoredData(
        _("The password of another account whose mail is fetched, sealed"),
        _words(_("until that is over, a day at most where it waits for you")),
        absent=_("It is a password."),
    ),
    StoredData(
        _("Attachments of office programs turned into PDF, encrypted"),
        _words(_("an hour")),
        ("webmail.OfficePreview",),
        absent=_("They are copies of attachments, which lie in your mailbox."),
    ),
    StoredData(
        _("The file of your own data, once you asked for it, encrypted"),
        _words(_("24 hours")),
        ("webmail.DataExport",),
        absent=_("It is this file."),
    ),
    StoredData(
        _("Pages of mail already seen, encrypted, so that they show faster"),
        _words(_("24 hours")),
        absent=_("They are copies of what lies in your mailbox."),
    ),
    StoredData(
        _("Backups of all this, where the authority makes them"),
        _words(_("as long as the authority keeps its backups")),
        absent=_("They are copies of the rest."),
    ),
)

# The models that lead to a user and store nothing about the user, each with the reason.
APART: Final[dict[str, str]] = {
    "account.EmailAddress": "allauth's own; no row is ever made, addresses are `Identity` rows",
    "account.EmailConfirmation": "as above",
    "accounts.Application": "an application of the authority: `owner` is never set",
    "allauth_idp_oidc.Client": "the same rows as `accounts.Application`",
    "accounts.Service": "a line of the menu, reached by the application's owner alone",
    "accounts.Service_mail_domains": "as above",
    "accounts.StaffImport": "a file of staff: `by` says which administrator brought it, as the"
    " audit log does",
    "accounts.StaffImport_giving_way": "as above",
    "accounts.StaffImport_spared": "as above",
    "accounts.StagedStaff": "a line of a file of staff before it is a staff record",
    "accounts.User_user_permissions": "never filled: rights come from roles",
    "addressbook.AddressBook": "a proxy of the user for the administration",
    "webmail.Pull": "reported messages pulled from all mailboxes: `by` says which administrator"
    " asked, as the audit log does",
    "admin.LogEntry": "Django's; nothing is written there, the audit log takes its place",
}


def labels() -> frozenset[str]:
    """Return the labels of the models that the table names."""
    return frozenset(label for kind in KINDS for label in kind.models)
