"""The ways in which a sign-in by a provider can fail, each with its text for the user."""

from __future__ import annotations

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ProviderFailure(Enum):
    """A failure. The values are the HTTP status, the title and the advice."""

    STATE = (
        400,
        _("This sign-in was begun elsewhere"),
        _(
            "It was begun in another window, or more than ten minutes ago, or the browser keeps no"
            " cookies. Begin it again here."
        ),
    )
    CANCELLED = (403, _("You did not sign in"), _("The sign-in was cancelled. Nothing was opened."))
    DOWN = (
        503,
        _("The sign-in service does not answer"),
        _("Your account is not in question. Try again in a few minutes."),
    )
    ANSWER = (
        502,
        _("The sign-in service did not answer as it must"),
        _("Your account is not in question. If it happens again, tell the support desk."),
    )
    EXPIRED = (
        403,
        _("This sign-in has expired"),
        _("The sign-in service no longer takes it: it was used already, or revoked. Begin again."),
    )
    CLOCK = (
        502,
        _("The clocks do not agree"),
        _(
            "The sign-in service and the webmail differ by more than a minute. Tell the support"
            " desk: nothing is wrong with your account."
        ),
    )
    AUDIENCE = (
        403,
        _("This sign-in is not made for the mail"),
        _("The sign-in service let you in, but not into the mail. Tell the support desk."),
    )
    LOGIN = (
        403,
        _("Your account names no mailbox here"),
        _(
            "The sign-in service did not say which mailbox is yours, or named one of another"
            " domain. Tell the support desk."
        ),
    )
    MAILBOX = (
        403,
        _("No mailbox opened"),
        _(
            "You are signed in at the sign-in service, but the mail server opens no mailbox for"
            " your account. Perhaps you have none yet: ask the support desk."
        ),
    )
    BLOCKED = (
        403,
        _("Your account is blocked"),
        _("Your account is blocked. Ask the support desk how to get it back."),
    )
    NOT_STAFF = (
        403,
        _("No staff record names you"),
        _(
            "Only people with an active staff record may sign in here, and none names your mailbox."
            " Call the support desk."
        ),
    )
    OTHER = (
        403,
        _("This mailbox is another one’s here"),
        _(
            "The mailbox is known here by another login than that of your account. Nothing was"
            " opened. Tell the support desk."
        ),
    )
    SUBJECT = (
        403,
        _("This mailbox is another account’s"),
        _(
            "The sign-in service named a mailbox that another account of it has opened before, or"
            " your account has opened another mailbox. Nothing was opened. Tell the support desk:"
            " an administrator decides."
        ),
    )
    PERSON = (
        403,
        _("You signed in as somebody else"),
        _("This session belongs to another person: sign out first."),
    )
    UNPROVEN = (
        503,
        _("This sign-in is not open yet"),
        _(
            "The webmail has not yet made sure that nobody else can sign in under your name. Try"
            " again in a minute. If it happens again, tell the support desk."
        ),
    )
    MAIL_SERVER = (
        503,
        _("The mail server does not answer"),
        _("You are signed in at the sign-in service. Try again in a few minutes."),
    )

    def __init__(self, status: int, title: Promise, words: Promise) -> None:
        self.status = status
        self.title = title
        self.words = words


class ProviderError(Exception):
    """A sign-in by a provider has failed. ``reason`` is a sentence for the log, without personal
    data and tokens; ``words`` are what the user reads instead of the failure's own words."""

    def __init__(self, failure: ProviderFailure, reason: str = "", *, words: str = "") -> None:
        super().__init__(reason or failure.name)
        self.failure = failure
        self.words = words
