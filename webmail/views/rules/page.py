"""Functions that the pages about rules share: the rules on the server, and the sentences that say
why a change was not saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render as render_template
from django.utils.translation import gettext

from accounts import audit, session
from accounts.http import SignedInRequest
from accounts.models import AuditEvent, User
from mail.errors import ForwardRefused, OverQuota, SieveChanged, SieveRefused, TooLarge
from mail.imap.connection import Connection
from mail.mailbox import rules
from mail.sieve import writing
from mail.sieve.connection import SieveConnection as Sieve
from mail.sieve.forwarding import AllowedForwards
from mail.sieve.values import Script
from webmail.models import ForwardPolicy, StandingForward
from webmail.presentation import away
from webmail.presentation import rules as words
from webmail.views.page import read_folders

Problem = dict[str, str]
_MOST_NOTED = 5


@contextmanager
def open_rules(request: SignedInRequest) -> Iterator[tuple[Sieve, rules.UserScripts]]:
    """Open the user's rules on the server, and yield them with the connection that can change
    them."""
    with session.sieve(request) as sieve:
        kept = rules.read_rules(sieve, settings.SIEVE_SCRIPT, forwarding(request.user))
        away.note(request, kept.script.absence)
        _note_standing(request, kept)
        yield sieve, kept


def _note_standing(request: SignedInRequest, kept: rules.UserScripts) -> None:
    """Note the forwards that exist although they are not allowed: for the user's pages, and masked
    for the administrators."""
    away.note_forwards(request, stand=bool(kept.standing))
    StandingForward.objects.all().note(request.user, [_mask(address) for address in kept.standing])


class _Ask(Exception):
    """The user must first agree that a script of other software is replaced."""


def ask_first(kept: rules.UserScripts) -> None:
    """Raise unless the script may be replaced. A script of our name that another program wrote may
    be, once the user has taken it over."""
    if kept.is_foreign:
        raise _Ask
    if not kept.is_readable:
        raise SieveRefused("The script can't be read.")


def with_places(request: SignedInRequest, kept: rules.UserScripts, script: Script) -> Script:
    """Return the script with the identifiers of the folders whose names the server may misread.
    Raises UnwritableScript where it has none: a rule that files nothing is not saved."""
    names = rules.misread(kept, rules.folders_of(script))
    if not names:
        return script
    with session.imap(request) as imap:
        ids = folder_ids(imap, kept, names)
    if not all(ids.values()):
        raise writing.UnwritableScript("folder")
    return rules.placed(script, ids)


def folder_ids(imap: Connection, kept: rules.UserScripts, names: Iterable[str]) -> dict[str, str]:
    """Return the server's identifiers of folders, "" where it or its scripts know none. Sends one
    command for each."""
    is_known = "mailboxid" in kept.extensions and imap.has("OBJECTID")
    return {name: imap.mailbox_id(name) if is_known else "" for name in names}


def note_change(
    request: SignedInRequest, kept: rules.UserScripts, change: str, text: str, mailbox: str = ""
) -> None:
    """Record the change in the audit log, with the addresses that mail is forwarded to from now on,
    masked: a thief of a password would forward mail. ``mailbox`` names the owner of the rules if
    they are not the user's."""
    if text == kept.text and kept.is_active:
        return
    begun, ended = rules.sent_anew(kept, text)
    detail: dict[str, Any] = {"mailbox": mailbox} if mailbox else {}
    audit.record(
        AuditEvent.Kind.RULES_CHANGED,
        request,
        change=change,
        forwards=_masked(begun),
        forwards_no_more=_masked(ended),
        **detail,
    )


def _masked(addresses: Sequence[str]) -> str:
    shown = [_mask(address) for address in addresses[:_MOST_NOTED]]
    return ", ".join(shown) + (" …" if len(addresses) > _MOST_NOTED else "")


def _mask(address: str) -> str:
    return audit.masked(address[-100:]) if address else "…"


def problem_of(change: Callable[[], None]) -> Problem | None:
    """Make a change. Return None, or the title and text about a change that was not made."""
    try:
        change()
    except _Ask:
        return {
            "title": gettext("Another program wrote these rules."),
            "text": gettext("Take them over on the page of rules first: a copy is kept."),
        }
    except SieveChanged:
        return {
            "title": gettext("Your rules were changed elsewhere meanwhile."),
            "text": gettext("Nothing was saved. This is how they are now: look, then save again."),
        }
    except OverQuota as error:
        return {
            "title": gettext("There is no room for your rules on the mail server."),
            "text": error.server_words,
        }
    except TooLarge:
        return {
            "title": gettext("Your rules are too long."),
            "text": gettext("All of them together may have 100 KB. Nothing was saved."),
        }
    except ForwardRefused as error:
        return {"title": gettext("Mail may not be forwarded there."), "text": _not_there(error)}
    except SieveRefused as error:
        reason = error.server_words or gettext("It cannot be read.")
        return {"title": gettext("The mail server does not take these rules."), "text": reason}
    except writing.UnwritableScript as error:
        return {"title": gettext("These rules can’t be saved."), "text": _unwritable(error)}
    except ValueError:
        return {
            "title": gettext("Nothing was done."),
            "text": gettext("This can’t be part of a rule."),
        }
    return None


def _not_there(error: ForwardRefused) -> str:
    values = {
        "line": error.line,
        "address": error.address or gettext("an address that the text does not tell"),
        "domains": words.places(error.places),
    }
    if error.places:
        return (
            gettext(
                "Line %(line)d of the script sends mail to %(address)s: only addresses in"
                " %(domains)s are allowed. Nothing was saved."
            )
            % values
        )
    return (
        gettext(
            "Line %(line)d of the script sends mail to %(address)s: forwarding is not allowed here."
            " Nothing was saved."
        )
        % values
    )


def forwarding(user: User) -> AllowedForwards:
    """Return the addresses that rules of this user may forward to, by the policy of the mail
    domain, else the policy for all domains, else the settings."""
    policy = ForwardPolicy.objects.all().of(user.mail_domain_id)
    if policy is None:
        return AllowedForwards(
            anywhere=settings.RULES_FORWARD, domains=settings.RULES_FORWARD_DOMAINS
        )
    allowed, places = policy
    if allowed == ForwardPolicy.Allowed.LISTED and places:
        return AllowedForwards(
            anywhere=True,
            domains=frozenset(place for place in places if "@" not in place),
            addresses=frozenset(place for place in places if "@" in place),
        )
    return AllowedForwards(anywhere=allowed == ForwardPolicy.Allowed.ANYWHERE)


def _unwritable(error: writing.UnwritableScript) -> str:
    if error.reason == "many":
        return gettext("There are as many rules as one can have.")
    if error.reason == "folder":
        return gettext(
            "Your mail server files nothing by rules into a folder with accents or the sign & in"
            " its name. Rename the folder, or ask the support desk to set “sieve_utf8fileinto”."
        )
    return gettext(
        "A piece of your script gives the characters ${ another meaning: leave them out."
    )


def no_rules(request: SignedInRequest) -> HttpResponse:
    """Show the page of a mail domain without rules."""
    with session.imap(request) as imap:
        shown = read_folders(imap, "").shown
    context = {"tab": "rules", "folders": shown}
    return render_template(request, "webmail/rules/rules_none.html", context)
