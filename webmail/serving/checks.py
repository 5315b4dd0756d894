"""The checks of `manage.py check` for the mail: whether the IMAP servers allow enough connections;
with ``--deploy``, whether there are a queue of jobs and workers for it, whether Redis has a
password, whether verdicts on senders are read, and whether hostile files are read inside walls."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.utils.translation import gettext
from redis.exceptions import RedisError

from accounts.health import installation, jobs
from mail.previews import office
from mail.sandbox import walls as sandbox_walls


def connections(**_kwargs: Any) -> list[CheckMessage]:
    """Compare the IMAP server's limit of connections for one user with the most that the webmail
    may open: each process keeps some for pages and one for each browser that gets push events, and
    jobs have their own. Mail programs and telephones open more, but from other addresses."""
    limit, needed = settings.IMAP_USER_LIMIT, most_connections()
    if not limit or needed <= limit:
        return []
    return [
        Warning(
            gettext(
                "One user may have %(needed)s IMAP connections open, but the IMAP server allows"
                " %(limit)s according to the settings: beyond them pages fail at times."
            )
            % {"needed": needed, "limit": limit},
            hint=gettext(
                "Raise the server’s limit (Dovecot: mail_max_userip_connections) and set it in"
                " WEBMAIL_IMAP_USER_LIMIT; or lower WEB_CONCURRENCY, WEBMAIL_IMAP_CONNECTIONS or"
                " WEBMAIL_PUSH_STREAMS."
            ),
            id="webmail.W001",
        )
    ]


def queue(**_kwargs: Any) -> list[CheckMessage]:
    """Warn where there is no REDIS_URL, and so neither worker nor beat; without any Redis,
    processes share no cache either."""
    if settings.REDIS_URL:
        return []
    sentences = [
        gettext(
            "There is no queue of jobs: most background work is done while the page waits, no"
            " message is sent later or tried again, and expired data are not deleted."
        )
    ]
    if settings.PROCESSES > 1 and not settings.CACHE_URL:
        sentences.append(
            gettext("Failed sign-ins are counted separately in each of the %(count)s processes.")
            % {"count": settings.PROCESSES}
        )
    return [
        Warning(
            " ".join(sentences),
            hint=gettext("Set REDIS_URL, and run the workers (docs/install.md)."),
            id="webmail.W002",
        )
    ]


def workers(**_kwargs: Any) -> list[CheckMessage]:
    """Warn of queues that have no worker. Stay silent where the broker does not answer, since this
    may not be the machine that runs the webmail."""
    health = jobs.health() if settings.REDIS_URL else None
    if health is None or health.waiting is None or not health.without_worker:
        return []
    return [
        Warning(
            gettext("These queues have no worker: %(queues)s.")
            % {"queues": ", ".join(health.without_worker)},
            hint=gettext("Start their workers (bin/manage run_workers, docs/install.md)."),
            id="webmail.W003",
        )
    ]


def verdicts(**_kwargs: Any) -> list[CheckMessage]:
    """Warn where the mail server's verdicts on senders are not read: any From could be forged."""
    if settings.AUTHSERV_ID:
        return []
    return [
        Warning(
            gettext(
                "The mail server’s verdicts on senders (SPF, DKIM, DMARC) are not read: users are"
                " not warned of forged senders, and remote images cannot be allowed permanently,"
                " neither for a sender or contacts, nor for the domains that administrators trust."
            ),
            hint=gettext(
                "Set WEBMAIL_AUTHSERV_ID to the name by which your mail server signs"
                " Authentication-Results (docs/security.md, “Who wrote”)."
            ),
            id="webmail.W004",
        )
    ]


def walls(**_kwargs: Any) -> list[CheckMessage]:
    """Warn where programs that read hostile files can see more than the file in hand."""
    if sandbox_walls.is_whole():
        return []
    sentences = [
        gettext(
            "Programs that read messages and files of strangers run without walls: one that is"
            " taken over reads all that the account of the webmail can read."
        )
    ]
    if settings.OFFICE == "auto" and office.is_available():
        sentences.append(gettext("So does LibreOffice."))
    return [
        Warning(
            " ".join(sentences),
            hint=gettext(
                "Install bubblewrap, and allow this account to make namespaces of users"
                " (docs/install.md, “Programs and code”)."
            ),
            id="webmail.W005",
        )
    ]


def redis_doors(**_kwargs: Any) -> list[CheckMessage]:
    """Warn of a Redis on a network that asks for no password. Stay silent where it does not answer,
    since this may not be the machine that runs the webmail."""
    servers = {"REDIS_URL": settings.REDIS_URL, "WEBMAIL_CACHE_URL": settings.CACHE_URL}
    return [
        Warning(
            gettext(
                "The Redis of %(name)s lets in everybody on its network without a password: whoever"
                " writes there can take over sessions."
            )
            % {"name": name},
            hint=gettext(
                "Set requirepass, and the password in %(name)s (docs/install.md, “Database”)."
            )
            % {"name": name},
            id="webmail.W006",
        )
        for name, url in servers.items()
        if url and not (name == "WEBMAIL_CACHE_URL" and url == settings.REDIS_URL)
        if _is_open(url)
    ]


def _is_open(url: str) -> bool:
    try:
        return installation.lets_everybody_in(url)
    except (RedisError, OSError, ValueError):
        return False


def most_connections() -> int:
    """Return the most connections that one user may have to the IMAP server."""
    streams = settings.PUSH_STREAMS if settings.PUSH else 0
    each: int = settings.IMAP_CONNECTIONS + streams
    return int(settings.PROCESSES * each + settings.JOB_CONNECTIONS)
