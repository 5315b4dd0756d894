"""The mail servers of each domain, and the other servers that the webmail uses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext

from accounts.health import capabilities, server_check
from accounts.health.findings import Finding, bad, ok, warn
from accounts.health.server_check import ServerResult, ServerTarget
from accounts.models import MailDomain, SignInProvider
from accounts.providers import asking, grants
from accounts.providers.failures import ProviderError
from core import clock
from mail.errors import WebmailError
from webmail import probing
from webmail.doctor import address
from webmail.models import AuthservWitness

MOST_CONNECTIONS: Final = 25
"""Connections to an IMAP server that are tried at once; Debian's Courier allows 20."""


def findings() -> Iterator[Finding]:
    """Yield the findings about every server of every mail domain."""
    domains = list(MailDomain.objects.all())
    if not domains:
        yield bad(
            gettext("There is no mail domain: nobody can sign in."),
            "bin/manage ensure_mail_domain",
        )
    for domain in domains:
        for result in server_check.check_all(server_check.targets(domain)):
            yield from server_findings(result)
            if result.is_ok and result.target.kind == "imap":
                yield _room_for_all(result.target)
        if not domain.sieve_host:
            yield _without_rules(domain)
        yield from _extensions(domain)
        yield from _names(domain)
        yield from _signing_name(domain)


def _signing_name(domain: MailDomain) -> Iterator[Finding]:
    """Yield the name under which the mail server signs its verdicts on senders, as the mailboxes
    show it, where none is set."""
    if settings.AUTHSERV_ID:
        return
    name, mailboxes = AuthservWitness.objects.all().agreed(domain.pk)
    if name:
        yield warn(
            gettext("%(domain)s: verdicts on senders are signed %(name)s in %(count)d mailboxes.")
            % {"domain": domain.name, "name": name, "count": mailboxes},
            gettext(
                "Adverts and frauds are judged by them. For warnings in messages, and for images,"
                " set WEBMAIL_AUTHSERV_ID=%(name)s if that is your mail server."
            )
            % {"name": name},
        )


def server_findings(result: ServerResult) -> Iterator[Finding]:
    """Yield the findings about a server that was tried."""
    target = result.target
    words = {
        "kind": target.name, "host": target.host, "port": target.port, "ms": result.milliseconds,
    }  # fmt: skip
    if not result.is_ok:
        yield bad(
            gettext("%(kind)s %(host)s:%(port)s does not answer as it must.") % words,
            str(result.words),
        )
        return
    text = gettext("%(kind)s %(host)s:%(port)s greets within %(ms)s ms.") % words
    if result.is_slow:
        yield warn(text, gettext("It is overloaded, or asks a slow DNS server about who connects."))
    else:
        yield ok(text)
    yield from address.certificate(f"{target.name} {target.host}", result.expires)


def _room_for_all(target: ServerTarget) -> Finding:
    """Return how many connections the server gives this address, from which all users come."""
    count = server_check.greeted(target, MOST_CONNECTIONS)
    words = {"host": target.host, "port": target.port, "count": count}
    if count == MOST_CONNECTIONS:
        text = gettext("%(host)s:%(port)s takes %(count)d connections at once, or more.")
        return ok(text % words)
    return warn(
        gettext("%(host)s:%(port)s takes %(count)d more connections at once, and no more.") % words,
        gettext(
            "All users come from this address. Courier: MAXPERIP, MAXDAEMONS. Cyrus:"
            " maxlogins_per_host, maxchild. Dovecot: process_limit and client_limit of imap-login"
            " (docs/servers.md)."
        ),
    )


def _without_rules(domain: MailDomain) -> Finding:
    return warn(
        gettext("%(domain)s has no ManageSieve server: nobody there has rules or absences.")
        % {"domain": domain.name},
        gettext(
            "Name it in the mail domain, in the admin; or set WEBMAIL_SIEVE_URL, and then:"
            " bin/manage ensure_mail_domain"
        ),
    )


def _extensions(domain: MailDomain) -> Iterator[Finding]:
    extensions = capabilities.capabilities_of(domain)
    words = {"domain": domain.name}
    if not extensions:
        yield warn(
            gettext("What the IMAP server of %(domain)s can do is not known yet.") % words,
            gettext("It tells after a sign-in: let somebody sign in, then try again."),
        )
        return
    lacking = [name for name in server_check.WANTED["imap"] if name not in extensions]
    if lacking:
        yield warn(
            gettext("The IMAP server of %(domain)s lacks %(names)s.")
            % {**words, "names": ", ".join(lacking)},
            gettext("The webmail works without, and asks the server more (docs/install.md)."),
        )
    else:
        yield ok(gettext("The IMAP server of %(domain)s has all extensions that help.") % words)


def _names(domain: MailDomain) -> Iterator[Finding]:
    missing = [
        name
        for name in (f"autoconfig.{domain.name}", f"autodiscover.{domain.name}")
        if not address.resolves(name)
    ]
    if missing:
        yield warn(
            gettext("DNS does not know %(names)s.") % {"names": ", ".join(missing)},
            gettext(
                "Mail programs then do not configure themselves (docs/install.md, “Mail programs"
                " that configure themselves”)."
            ),
        )


def other_findings() -> Iterator[Finding]:
    """Yield the findings about those servers that are configured: for notices, the directory,
    rspamd and the sign-in providers."""
    others = [
        ("WEBMAIL_DIRECTORY_LDAP_URL", settings.DIRECTORY_LDAP_URL, 389, 636),
        ("WEBMAIL_RSPAMD_URL", settings.RSPAMD_URL, 80, 443),
    ]
    if settings.NOTICES_URL:
        yield from server_findings(server_check.check(_notices()))
    yield from probe_findings()
    yield from provider_findings()
    for name, url, port, tls_port in others:
        if url:
            yield from _connects(name, url, port, tls_port)
    if not settings.NOTICES_URL:
        yield warn(
            gettext("The webmail sends no letters of its own (WEBMAIL_NOTICES_URL)."),
            gettext("People are not told of new devices, lookups and changed passwords."),
        )


def probe_findings() -> Iterator[Finding]:
    """Yield a finding about the probe: how long the last one took, or why it failed."""
    if not probing.is_on():
        yield ok(gettext("No mail goes round to check the way of mail (WEBMAIL_PROBE_LOGIN)."))
        return
    try:
        address = probing.mailbox().address
    except ValueError as error:
        yield bad(str(error), gettext("It is an address of one of the mail domains, or a login."))
        return
    state = probing.health()
    words = {"address": address, "seconds": round(state.seconds or 0)}
    if state.last is None:
        yield warn(
            gettext("No self-check mail has gone round to %(address)s yet.") % words,
            gettext("The first leaves within a minute, where beat and the workers run."),
        )
    elif state.last.state in state.last.FAILURES:
        yield bad(
            gettext("The last self-check mail to %(address)s failed: %(state)s. %(server)s")
            % {**words, "state": state.last.get_state_display(), "server": state.last.words},
            gettext("docs/administration.md, “Mail that goes round”, says what to look at."),
        )
    elif state.since and clock.now() - state.since > 3 * probing.interval():
        yield bad(
            gettext("No self-check mail went round lately."),
            gettext("Beat asks for it, and the workers of “sending” and “upkeep” do it."),
        )
    elif state.last.folder != "INBOX":
        yield warn(
            gettext("The last self-check mail to %(address)s was taken for junk.") % words,
            gettext("So may other mail be: look at the rules of the mail server’s filter."),
        )
    else:
        yield ok(
            gettext("The last self-check mail to %(address)s went round in %(seconds)s s.") % words
        )


def provider_findings() -> Iterator[Finding]:
    """Yield the findings about the sign-in providers, and about the master user where it opens the
    mailboxes."""
    for provider in SignInProvider.objects.filter(is_on=True).select_related("mail_domain"):
        domain = provider.mail_domain
        words = {"issuer": provider.issuer, "domain": domain.name}
        try:
            asking.examine(provider)
        except ProviderError as error:
            yield bad(
                gettext("%(issuer)s, by which %(domain)s signs in, does not answer as it must.")
                % words,
                f"{error} (docs/sign-in.md)",
            )
        else:
            yield ok(gettext("%(issuer)s, by which %(domain)s signs in, answers.") % words)
        if provider.way == SignInProvider.Way.MASTER:
            yield from _master(domain)


def _master(domain: MailDomain) -> Iterator[Finding]:
    try:
        grants.master(domain, "somebody")
    except WebmailError as error:
        text = gettext("The mailboxes of %(domain)s cannot be opened after the sign-in.")
        yield bad(text % {"domain": domain.name}, str(error))


def _notices() -> ServerTarget:
    security = "tls" if settings.EMAIL_USE_SSL else "starttls" if settings.EMAIL_USE_TLS else "none"
    return ServerTarget("smtp", settings.EMAIL_HOST, settings.EMAIL_PORT, security)


def _connects(name: str, url: str, port: int, tls_port: int) -> Iterator[Finding]:
    parts = urlsplit(url)
    to = (parts.hostname or "", parts.port or (tls_port if parts.scheme.endswith("s") else port))
    words = {"name": name, "host": to[0], "port": to[1]}
    try:
        socket.create_connection(to, timeout=server_check.SECONDS).close()
    except (OSError, UnicodeError) as error:
        yield bad(
            gettext("%(host)s:%(port)s (%(name)s) cannot be reached.") % words,
            str(server_check.WORDS[server_check.outcome_of(error)]),
        )
    else:
        yield ok(gettext("%(host)s:%(port)s (%(name)s) can be reached.") % words)
