"""All settings of an installation, each declared once: name, kind, default, meaning, example.

`webmail/settings.py` reads them through `readers`, and `page` writes docs/settings.md from them.
tests/test_docs.py fails for a declaration that no code reads, and for a variable that is not
declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kind of a value, as docs/settings.md names it."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "whole number"
    SWITCH = "switch"
    LIST = "list"
    NETWORKS = "networks"
    BY_DOMAIN = "text by domain"


@dataclass(frozen=True)
class Setting:
    """One environment variable.

    ``default`` is written as in the environment; ``default_words`` replace it on the page where the
    default is computed. ``example`` is a value, or ``NAME=>value`` for the variable of one domain
    or file.
    """

    name: str
    kind: Kind
    default: str
    help: str
    example: str
    default_words: str = ""
    minimum: int = 0
    maximum: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Settings of one subject, under one heading."""

    title: str
    settings: tuple[Setting, ...]
    help: str = ""


def text(name: str, help: str, *, example: str, default: str = "", words: str = "") -> Setting:
    return Setting(name, Kind.TEXT, default, help, example, words)


def choice(
    name: str, help: str, choices: tuple[str, ...], *, default: str, example: str
) -> Setting:
    return Setting(name, Kind.CHOICE, default, help, example, choices=choices)


def number(
    name: str,
    default: int,
    help: str,
    *,
    example: str,
    minimum: int = 0,
    maximum: int | None = None,
) -> Setting:
    return Setting(name, Kind.NUMBER, str(default), help, example, minimum=minimum, maximum=maximum)


def switch(name: str, default: bool, help: str, *, example: str, words: str = "") -> Setting:
    return Setting(name, Kind.SWITCH, "01"[default], help, example, words)


def items(name: str, help: str, *, example: str, default: str = "", words: str = "") -> Setting:
    return Setting(name, Kind.LIST, default, help, example, words)


def networks(name: str, help: str, *, example: str) -> Setting:
    return Setting(name, Kind.NETWORKS, "", help, example)


def by_domain(name: str, help: str, *, example: str) -> Setting:
    return Setting(name, Kind.BY_DOMAIN, "", help, example)


_INSTALLATION = Group(
    "Installation",
    (
        text(
            "WEBMAIL_SECRET_KEY",
            """The key that signs sessions and encrypts second factors. It is a random text of 50
            characters or more, and the same for all processes. The webmail does not start without
            it. To change it, write `new,old`, both of 32 characters or more: the old key then
            opens what it has sealed (docs/security.md, “Changing the keys”).""",
            words="No default",
            example="WEBMAIL_SECRET_KEY_FILE=>/etc/webmail/secret-key",
        ),
        text(
            "WEBMAIL_ENVIRONMENT",
            """A file of further variables, one `NAME="value"` on each line, read as systemd reads
            it. A variable that the environment sets already has priority. `webmail-manage` names
            this file, so that no shell expands a `$` in it.""",
            example="/etc/webmail/environment",
        ),
        text(
            "WEBMAIL_BASE_URL",
            """The address that users type. With `https://` the webmail sets secure cookies and
            HSTS, and redirects http to https.""",
            default="http://localhost:8000",
            example="https://webmail.ac-exemple.fr",
        ),
        items(
            "WEBMAIL_ALLOWED_HOSTS",
            """The host names that the webmail answers to.""",
            words="Default: the host of `WEBMAIL_BASE_URL`",
            example="webmail.ac-exemple.fr,courrier.ac-exemple.fr",
        ),
        networks(
            "WEBMAIL_TRUSTED_PROXIES",
            """The networks of the reverse proxies. The webmail believes `X-Forwarded-For` and
            `X-Forwarded-Proto` only when one of these proxies wrote them.""",
            example="127.0.0.1,10.0.8.0/24",
        ),
        text(
            "DATABASE_URL",
            """The database: `postgresql://user:password@host/name`, or `sqlite:////path` for a
            trial. Append `?pooled=1` where PgBouncer is in between. Parameters of libpq can be
            appended too, such as `sslmode=verify-full`; a connection attempt lasts five seconds at
            most (`connect_timeout`).""",
            words="Default: an SQLite file in `var/`",
            example="postgresql:///webmail?host=/run/postgresql",
        ),
        text(
            "REDIS_URL",
            """The Redis server for the cache, the counters of failed sign-ins and the job queues:
            `redis://host:6379/0` or `unix:///path`. Without Redis each process has a cache of its
            own, jobs run inside requests or in processes of their own, and no message can be sent
            later.""",
            example="redis://127.0.0.1:6379/0",
        ),
        text(
            "WEBMAIL_CACHE_URL",
            """A second Redis server for the cache and the counters of failed sign-ins, so that
            `REDIS_URL` holds the job queues alone. Entries that it drops when its memory is full
            are read again from the database and the mail server.""",
            words="Default: the server of `REDIS_URL`",
            example="redis://127.0.0.1:6380/0",
        ),
        number(
            "WEB_CONCURRENCY",
            1,
            """The number of processes of the web server. gunicorn and uvicorn read this variable
            themselves.""",
            minimum=1,
            example="4",
        ),
        switch(
            "WEBMAIL_ONE_SERVICE",
            False,
            """Let one more process of the web server run the background jobs of all queues, so that
            a small machine needs no separate workers, and less memory. This works on one machine
            alone, and with `REDIS_URL`.""",
            example="1",
        ),
        text(
            "WEBMAIL_STATIC_ROOT",
            """The folder into which `bin/manage collectstatic` copies the static files.""",
            words="Default: `var/static`",
            example="/var/lib/webmail/static",
        ),
        text(
            "WEBMAIL_SPOOL",
            """The folder in which files wait, encrypted: office files for an hour at most, uploaded
            staff files and address books for a day at most, the attachments of drafts, and the
            messages of the outbox. The web server and the job workers need the same folder.""",
            words="Default: `var/spool`",
            example="/var/lib/webmail/spool",
        ),
        items(
            "WEBMAIL_BACKUP_RECIPIENTS",
            """The keys to which `bin/manage backup` encrypts: public keys of age, or fingerprints
            of GnuPG keys in the account's keyring. Without any, backups are not encrypted.""",
            example="age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        ),
        text(
            "WEBMAIL_TIME_ZONE",
            """The time zone of users who have chosen none.""",
            default="Europe/Paris",
            example="Indian/Reunion",
        ),
        text(
            "WEBMAIL_LOG_LEVEL",
            """The least severe level that is logged, on standard error. A value applies to the
            webmail and to its libraries.""",
            words="Default: `INFO` for the webmail, `WARNING` for its libraries",
            example="DEBUG",
        ),
        choice(
            "WEBMAIL_LOG_FORMAT",
            """The format of the log: `line` for reading, `json` for programs, with one object on
            each line. Each line has the id of its request, which the error page shows as the
            reference.""",
            ("line", "json"),
            default="line",
            example="json",
        ),
        switch(
            "WEBMAIL_ACCESS_LOG",
            False,
            """Log a line for each request, with its method, route, status and duration. It names no
            folder, no message and no searched words.""",
            example="1",
        ),
        text(
            "WEBMAIL_SENTRY_DSN",
            """The address of a project of Sentry, or of a server that speaks its protocol. Errors
            are reported there: their kind, the lines of code, the route and the id of the request,
            and nothing else. It needs the extra of `requirements-sentry.txt`.""",
            example="WEBMAIL_SENTRY_DSN_FILE=>/etc/webmail/sentry-dsn",
        ),
        text(
            "WEBMAIL_METRICS_TOKEN",
            """The token with which Prometheus reads `/metrics` (`Authorization: Bearer …`). Without
            it there is no such page. With it `/readyz` says what is wrong, as it does to requests
            from the machine itself.""",
            example="WEBMAIL_METRICS_TOKEN_FILE=>/etc/webmail/metrics-token",
        ),
        switch(
            "WEBMAIL_DEBUG",
            False,
            """Show Django's debug pages. Never switch this on in a real installation.""",
            example="1",
        ),
        switch(
            "WEBMAIL_DEMO",
            False,
            """`bin/demo` switches this on. The sign-in page then says that this is a demo, and
            administrators need no second factor.""",
            example="1",
        ),
    ),
)

_HTTPS = Group(
    "HTTPS",
    (
        switch(
            "WEBMAIL_SSL_REDIRECT",
            True,
            """Redirect http to https, for every address but `/healthz` and `/readyz`.""",
            example="0",
        ),
        number(
            "WEBMAIL_HSTS_SECONDS",
            31536000,
            """The number of seconds for which browsers insist on https after a visit. Try a small
            number first.""",
            example="3600",
        ),
        switch(
            "WEBMAIL_HSTS_SUBDOMAINS",
            True,
            """Make browsers insist on https for the subdomains of the webmail's host name too.""",
            example="0",
        ),
        switch(
            "WEBMAIL_HSTS_PRELOAD",
            True,
            """Allow the webmail's host name in the preload lists of browsers.""",
            example="0",
        ),
    ),
    "These settings have an effect only when `WEBMAIL_BASE_URL` begins with `https://`.",
)

_NAMES = Group(
    "Names on the pages",
    (
        text(
            "WEBMAIL_PRODUCT_NAME",
            """The name of the webmail on its pages and in its mail.""",
            default="Messagerie",
            example="Webmail académique",
        ),
        text(
            "WEBMAIL_AUTHORITY_NAME",
            """The name of the education authority.""",
            default="Académie d’Exemple",
            example="Académie d’Amiens",
        ),
        text(
            "WEBMAIL_SUPPORT_PHONE",
            """The telephone number of the support desk, until administrators enter support contacts
            in the admin.""",
            example="03 53 01 00 00",
        ),
        text(
            "WEBMAIL_SUPPORT_EMAIL",
            """The address of the support desk, until administrators enter support contacts in the
            admin.""",
            example="assistance@ac-exemple.fr",
        ),
        items(
            "WEBMAIL_SECURITY_CONTACTS",
            """The addresses for reports of weaknesses, each with `mailto:`, `https://` or `tel:`
            before it. They stand in `/.well-known/security.txt` (RFC 9116), in the order in which
            they should be tried.""",
            words="Default: `WEBMAIL_SUPPORT_EMAIL`",
            example="mailto:ssi@ac-exemple.fr,https://www.ac-exemple.fr/signaler",
        ),
    ),
)

_FIRST_DOMAIN = Group(
    "First mail domain",
    (
        text(
            "WEBMAIL_DOMAIN",
            """The name of the first mail domain: the part of an address after the @. A login
            without an @ belongs to this domain.""",
            example="ac-exemple.fr",
        ),
        text(
            "WEBMAIL_IMAP_URL",
            """The IMAP server. `imaps://host` uses TLS on port 993; `imap://host` uses STARTTLS on
            port 143, or no encryption when the host is this machine itself. Append `:port` for
            another port, and `?security=tls`, `?security=starttls` or `?security=none` for another
            protection.""",
            example="imaps://imap.ac-exemple.fr",
        ),
        text(
            "WEBMAIL_SMTP_URL",
            """The submission server: `smtps://host` (TLS, port 465) or `smtp://host` (STARTTLS,
            port 587).""",
            example="smtps://smtp.ac-exemple.fr",
        ),
        text(
            "WEBMAIL_POP_URL",
            """The POP server (`pops://host` or `pop://host`) that the mail settings sheet shows to
            users of mail programs. The webmail itself does not use POP.""",
            example="pops://pop.ac-exemple.fr",
        ),
        text(
            "WEBMAIL_SIEVE_URL",
            """The ManageSieve server (`sieves://host` or `sieve://host`) that keeps the rules and
            the absences of users: [rules.md](rules.md).""",
            example="sieve://imap.ac-exemple.fr",
        ),
        choice(
            "WEBMAIL_LOGIN_FORM",
            """The login that the mail server is given: the whole `address`, the `local` part before
            the @, or the login as it was `typed`.""",
            ("address", "local", "typed"),
            default="address",
            example="local",
        ),
    ),
    """`bin/manage ensure_mail_domain` writes the first mail domain from these settings. Between two
    runs of that command they have no effect: administrators change the domain in the admin.""",
)

_SERVERS = Group(
    "Mail servers",
    (
        switch(
            "WEBMAIL_ONE_LOGIN_PER_MAILBOX",
            False,
            """Promise that the mail server takes one login only for each mailbox: no aliases and no
            master users. Switch this on when the server does not tell the webmail which logins open
            the same mailbox ([security.md](security.md)).""",
            example="1",
        ),
        text(
            "WEBMAIL_TLS_CA_FILE",
            """A file with the certificates of the authorities that sign the certificates of the
            mail servers.""",
            words="Default: the authorities that the system trusts",
            example="/etc/ssl/ac-exemple-ca.pem",
        ),
        number(
            "WEBMAIL_IMAP_TIMEOUT",
            20,
            """The number of seconds that the webmail waits for the next piece of an answer of the
            IMAP server. A whole answer may take three times as long.""",
            example="30",
        ),
        number(
            "WEBMAIL_SMTP_VERDICT_SECONDS",
            200,
            """The number of seconds that the webmail waits for the next piece of the answer to a
            whole message, because servers look for viruses at that moment. The whole answer may
            take three times as long. Without an answer nobody can know whether the message was
            sent, and the webmail asks its author.""",
            minimum=1,
            example="300",
        ),
        number(
            "WEBMAIL_IMAP_CONNECTIONS",
            3,
            """The most IMAP connections that pages of one user have in each process. One of them is
            kept for pages; downloads share the others.""",
            minimum=2,
            example="4",
        ),
        number(
            "WEBMAIL_JOB_CONNECTIONS",
            4,
            """The most IMAP connections that jobs of one user have: three file sent messages in the
            folder Sent, and one moves, marks or deletes thousands of messages.""",
            example="2",
        ),
        number(
            "WEBMAIL_IMAP_IDLE_SECONDS",
            300,
            """The number of seconds that an unused IMAP connection stays open.""",
            example="120",
        ),
        number(
            "WEBMAIL_IMAP_USER_LIMIT",
            10,
            """The number of connections that the IMAP server allows one user (Dovecot:
            `mail_max_userip_connections`). `bin/manage check` compares this number with what the
            webmail may need. 0 means no limit.""",
            example="30",
        ),
        switch(
            "WEBMAIL_PUSH",
            True,
            """Tell browsers of new mail at once, over one more IMAP connection for each open
            browser. When this is off, browsers ask once a minute.""",
            example="0",
        ),
        number(
            "WEBMAIL_PUSH_STREAMS",
            2,
            """The number of browsers of one user that are told of new mail at once, in each
            process. Further browsers ask once a minute.""",
            minimum=1,
            example="1",
        ),
        text(
            "WEBMAIL_AUTHSERV_ID",
            """The name under which the mail server writes `Authentication-Results` (RFC 8601). The
            webmail shows the verdicts on senders (SPF, DKIM, DMARC) of this server only. The server
            must remove fields with its own name from incoming mail. Without this setting users
            cannot choose to always show the remote images of a sender.""",
            example="mx.ac-exemple.fr",
        ),
        number(
            "WEBMAIL_MESSAGE_LIMIT_MB",
            25,
            """The largest message that a user may send, in megabytes. Three quarters of it are
            available for attachments, since encoding makes them larger.""",
            example="40",
        ),
        number(
            "WEBMAIL_FILES_PER_MESSAGE",
            25,
            """The most attachments and images of one message.""",
            minimum=1,
            example="50",
        ),
    ),
)

_RULES = Group(
    "Rules",
    (
        text(
            "WEBMAIL_SIEVE_SCRIPT",
            """The name of the Sieve script that the webmail writes for each user.""",
            default="webmail",
            example="regles",
        ),
        switch(
            "WEBMAIL_RULES_FORWARD",
            False,
            """Let rules forward mail to other addresses, unless a policy for forwards in the admin
            says where.""",
            example="1",
        ),
        items(
            "WEBMAIL_RULES_FORWARD_DOMAINS",
            """The domains that rules may forward mail to, with their subdomains.""",
            words="Default: every domain",
            example="ac-exemple.fr,education.gouv.fr",
        ),
    ),
    "[rules.md](rules.md) describes rules and absences.",
)

_ADVERTS = Group(
    "Adverts and frauds",
    (
        items(
            "WEBMAIL_ADVERTS_SERVERS",
            """The hosts that receive the authority's mail, or domains above these hosts. The
            webmail believes `X-Spam-*` and `Authentication-Results` fields of these hosts only.""",
            words="Default: the host that wrote the topmost `Received` field",
            example="mx1.ac-exemple.fr,mx2.ac-exemple.fr",
        ),
        text(
            "WEBMAIL_ADVERTS_FOLDER",
            """The name of the folder for adverts, at the top of each mailbox. The webmail makes the
            folder when it is missing.""",
            default="Publicités",
            example="Réclames",
        ),
        choice(
            "WEBMAIL_FRAUDS",
            """The place of a fraudulent message: `junk` moves it to the junk folder, `inbox` leaves
            it in the inbox with a red banner. Its links and files are disabled in both.""",
            ("junk", "inbox"),
            default="junk",
            example="inbox",
        ),
        number(
            "WEBMAIL_ADVERTS_FIRST",
            0,
            """At a user's first sign-in, the webmail classifies at most this many unread messages
            of the inbox, newest first. It classifies all mail that arrives later.""",
            example="200",
        ),
        number(
            "WEBMAIL_ADVERTS_TRIAL_DAYS",
            7,
            """For this many days after a user's first sign-in, adverts and junk are only marked in
            the inbox, unless the user or an administrator has chosen what becomes of them. 0 moves
            them from the first day.""",
            example="14",
        ),
        number(
            "WEBMAIL_ADVERTS_AGREEING",
            10,
            """When this many users have moved mail of one sender or mailing list the same way, out
            of the adverts or into them, it counts for all users. 0 turns this off.""",
            example="25",
        ),
        text(
            "WEBMAIL_RSPAMD_URL",
            """The controller of an rspamd server. The webmail asks it for a verdict on new mail,
            and teaches it the messages that users mark as junk or move out of the junk folder.""",
            example="http://127.0.0.1:11334",
        ),
        text(
            "WEBMAIL_RSPAMD_PASSWORD",
            """The password of the rspamd controller.""",
            example="WEBMAIL_RSPAMD_PASSWORD_FILE=>/etc/webmail/rspamd-password",
        ),
        text(
            "WEBMAIL_REPORT_ADDRESS",
            """The address that receives the frauds that users report. Without it users are not
            offered to report a fraud.""",
            example="signalement@ac-exemple.fr",
        ),
    ),
    "[adverts.md](adverts.md) describes how the webmail classifies mail.",
)

_OUTBOX = Group(
    "Outbox",
    (
        number(
            "WEBMAIL_RETRY_HOURS",
            72,
            """The number of hours for which the webmail tries again to send a message that the
            submission server cannot take yet.""",
            example="24",
        ),
        number(
            "WEBMAIL_OUTBOX_LIMIT_MB",
            1000,
            """The room in megabytes that the messages of one user may take on the server until they
            have left, texts, attachments and documents together. Those of a message to each take
            it for three days more, so that an address can be corrected. 0 means no limit.""",
            example="500",
        ),
        number(
            "WEBMAIL_EACH_PER_MINUTE",
            30,
            """The number of messages "to each" of one sending that are sent in a minute.""",
            minimum=1,
            example="60",
        ),
        text(
            "WEBMAIL_RELAY_HOST",
            """A submission server that accepts mail of any sender from this machine without a
            sign-in. With a relay no password waits in the outbox; the copy in the folder Sent is
            saved when its author opens the next page ([security.md](security.md)).""",
            example="relay.ac-exemple.fr",
        ),
        number("WEBMAIL_RELAY_PORT", 25, """The port of the relay.""", minimum=1, example="587"),
        choice(
            "WEBMAIL_RELAY_SECURITY",
            """The protection of the connection to the relay.""",
            ("tls", "starttls", "none"),
            default="starttls",
            example="tls",
        ),
    ),
    "[reliability.md](reliability.md) describes what happens to a message when something fails.",
)

_RECIPIENTS = Group(
    "Senders and recipients",
    (
        items(
            "WEBMAIL_OWN_DOMAINS",
            """The domains of the authority besides its mail domains, with their subdomains.
            Addresses in all other domains count as external.""",
            example="education.gouv.fr,region-exemple.fr",
        ),
        number(
            "WEBMAIL_OUTSIDE_VISIBLE",
            10,
            """The most external addresses that To and Cc may hold together. With more of them the
            composer asks whether the recipients should see each other's addresses.""",
            example="5",
        ),
        switch(
            "WEBMAIL_IDENTITY_NAME_LOCKED",
            False,
            """Make users write under the name of their staff record or of the directory. They
            cannot change it.""",
            example="1",
        ),
        number(
            "WEBMAIL_RECIPIENTS_PER_MESSAGE",
            300,
            """The most recipients of one message. 0 means no limit.""",
            example="100",
        ),
        number(
            "WEBMAIL_RECIPIENTS_PER_HOUR",
            1000,
            """The most recipients of all messages that one user sends within an hour. 0 means no
            limit.""",
            example="500",
        ),
    ),
    "[writing.md](writing.md) describes these limits as users meet them.",
)

_ATTACHMENTS = Group(
    "Attachments and remote images",
    (
        choice(
            "WEBMAIL_OFFICE",
            """The use of LibreOffice to show office files: `auto` uses LibreOffice where it is
            installed, `off` shows their text and tables without it.""",
            ("auto", "off"),
            default="auto",
            example="off",
        ),
        networks(
            "WEBMAIL_REMOTE_CLOSED_NETWORKS",
            """Networks that the webmail never fetches images from, besides private ones. Name the
            authority's own public addresses here when a firewall lets the webmail server reach
            them.""",
            example="192.0.2.0/24",
        ),
    ),
    """The webmail fetches remote images only for users who ask for them, and from public addresses
    only.""",
)

_TRANSFERS = Group(
    "Mail that moves in and out",
    (
        number(
            "WEBMAIL_EXPORT_LIMIT_MB",
            4_000,
            """The largest file that a user may export, in megabytes. It is kept encrypted in the
            spool until it is downloaded or expires; a user has ten such files at most.""",
            minimum=1,
            example="20000",
        ),
        number(
            "WEBMAIL_EXPORT_DAYS",
            7,
            """The days for which an export can be downloaded.""",
            minimum=1,
            example="3",
        ),
        number(
            "WEBMAIL_IMPORT_LIMIT_MB",
            2_000,
            """The largest file of messages that a user may import, in megabytes. Browsers upload it
            in pieces of 8 MB; without JavaScript a file has at most 100 MB.""",
            minimum=1,
            example="8000",
        ),
        networks(
            "WEBMAIL_TRANSFER_OPEN_NETWORKS",
            """Private networks, or public ones of `WEBMAIL_REMOTE_CLOSED_NETWORKS`, whose IMAP
            servers users may fetch their mail from, on any port and without encryption. All other
            servers must have a public address and speak TLS on port 993 or 143.""",
            example="192.0.2.25/32",
        ),
    ),
    "The mail of a folder or mailbox as a file, files of messages, and the mail of other accounts.",
)

_SIGN_IN = Group(
    "Sign-in",
    (
        number(
            "WEBMAIL_LOGIN_FAILURES_PER_LOGIN",
            10,
            """After this many failed sign-ins a login is refused for a while. Each browser that the
            user has signed in with before has a counter of its own. 0 means no limit.""",
            example="5",
        ),
        number(
            "WEBMAIL_LOGIN_FAILURES_PER_NETWORK",
            100,
            """After this many failed sign-ins from one network address, the address is refused for
            a while; after 5 times as many its network (/24, or /56 of IPv6), and so on to /16 and
            /32. 0 means no limit.""",
            example="50",
        ),
        networks(
            "WEBMAIL_LOGIN_EXEMPT_NETWORKS",
            """Networks without a limit per network address, at sign-in and at the account lookup.
            Schools, where all users share one address, are the usual case.""",
            example="192.0.2.0/24,2001:db8::/32",
        ),
        number(
            "WEBMAIL_SESSION_IDLE_MINUTES",
            12 * 60,
            """After this many minutes without activity a session ends.""",
            example="240",
        ),
        number(
            "WEBMAIL_SHARED_IDLE_MINUTES",
            10,
            """After this many minutes without activity a session on a shared computer ends.""",
            example="5",
        ),
        number(
            "WEBMAIL_STAY_DAYS",
            0,
            """The number of days without activity for which users may stay signed in on a device of
            their own, if they ask for it at the sign-in. With 0 they cannot.""",
            maximum=90,
            example="30",
        ),
        number(
            "WEBMAIL_SESSION_DAYS",
            7,
            """After this many days a session ends even if it is used all the time, and its user
            signs in again.""",
            minimum=1,
            maximum=90,
            example="1",
        ),
        number(
            "WEBMAIL_STAY_MOST_DAYS",
            90,
            """After this many days a session ends whose user stays signed in
            (`WEBMAIL_STAY_DAYS`), even if it is used all the time.""",
            minimum=1,
            maximum=365,
            example="30",
        ),
        number(
            "WEBMAIL_ADMIN_PROOF_HOURS",
            12,
            """After this many hours the admin asks again for the second factor, or for the
            password where there is none.""",
            minimum=1,
            maximum=7 * 24,
            example="4",
        ),
        switch(
            "WEBMAIL_ADMIN_NEEDS_TOTP",
            True,
            """Open the admin only after a second factor.""",
            words="Default: `1`, in the demo `0`",
            example="0",
        ),
        switch(
            "WEBMAIL_PULL_NEEDS_TWO",
            False,
            """Pull reported messages from all mailboxes only when an administrator other than the
            one who asked for it has confirmed it, within a day. Either can end it before.""",
            example="1",
        ),
        items(
            "WEBMAIL_SECOND_FACTOR_ROLES",
            """The users who must give a second factor before their mail opens: `administrator`,
            `support`, `auditor`, `everybody`, or names of mail domains.""",
            example="administrator,support,ac-exemple.fr",
        ),
        switch(
            "WEBMAIL_DEVICE_NOTICES",
            True,
            """Write to a user when somebody signs in with that user's login on a new device. For
            sign-ins on shared computers the network is the device, which is new again after 30 days
            without one. There is at most one notice in 15 minutes, and one a day where all devices
            are shared computers: those that follow come in the next one. The webmail needs
            `WEBMAIL_NOTICES_URL` for this.""",
            example="0",
        ),
        text(
            "WEBMAIL_LENDING_KEY",
            """The key that seals the mail password for a job that works without the user's browser.
            It is a random text of 32 characters or more. The web server and the job workers need
            the same key. It is changed as `WEBMAIL_SECRET_KEY` is: `new,old`.""",
            words="Default: made from `WEBMAIL_SECRET_KEY`",
            example="WEBMAIL_LENDING_KEY_FILE=>/etc/webmail/lending-key",
        ),
        networks(
            "WEBMAIL_PROVIDER_NETWORKS",
            """Private networks in which the webmail may reach OpenID Connect providers for the
            sign-in, and applications that it tells of a sign-out. Those at public addresses need
            not be named.""",
            example="10.0.0.0/8",
        ),
        text(
            "WEBMAIL_REMOTE_USER_HEADER",
            """The header of requests to `/accounts/proxy/` in which a proxy of
            `WEBMAIL_TRUSTED_PROXIES` names the login of a user whom it has signed in by CAS or
            SAML. The mailbox is opened by the master user. Without this setting the address does
            not exist. The proxy must drop the header from requests of browsers: the webmail tries
            this through `WEBMAIL_BASE_URL`, and does not start where it comes through.""",
            example="X-Remote-User",
        ),
        text(
            "WEBMAIL_REMOTE_USER_LOGOUT",
            """The page to which a user whom a proxy has signed in is redirected after signing out,
            to sign out of the sign-in service as well.""",
            example="https://sso.ac-exemple.fr/cas/logout",
        ),
        by_domain(
            "WEBMAIL_MASTER_USER",
            """The master user of the mail server, who can open all mailboxes:
            [security.md](security.md) describes the consequences. With this user and its password
            the webmail opens the mailboxes of users whom a provider or a proxy has signed in, where
            the mail server accepts no access tokens; the support desk searches for a user's
            message; and administrators pull a reported message from all mailboxes.""",
            example="webmail",
        ),
        by_domain(
            "WEBMAIL_MASTER_PASSWORD",
            """The password of the master user.""",
            example="WEBMAIL_MASTER_PASSWORD_FILE=>/etc/webmail/master-password",
        ),
        by_domain(
            "WEBMAIL_MASTER_SEPARATOR",
            """The character between the login of a user and the master user, as in Dovecot’s
            `auth_master_user_separator`. Without this setting it is `*`.""",
            example="%",
        ),
    ),
    "[security.md](security.md) describes what these settings protect.",
)

_PASSWORDS = Group(
    "Change of password",
    (
        choice(
            "WEBMAIL_PASSWORD_DRIVER",
            """The way in which the first mail domain stores passwords, as
            `bin/manage ensure_mail_domain` writes it. Administrators change it in the admin
            afterwards. With `none` users cannot change their password here.""",
            ("none", "dovecot", "sql", "ldap"),
            default="none",
            example="ldap",
        ),
        by_domain(
            "WEBMAIL_PASSWORD_DOVECOT_PATH",
            """The passwd-file of Dovecot, for the driver `dovecot`. `{domain}` stands for the name
            of the domain.""",
            example="/etc/dovecot/{domain}/users",
        ),
        by_domain(
            "WEBMAIL_PASSWORD_SQL_URL",
            """The database of the accounts, for the driver `sql`. It is written like
            `DATABASE_URL`, with a database user who may only run the statement below.""",
            example="WEBMAIL_PASSWORD_SQL_URL__AC_EXEMPLE_FR=>postgresql://changer:secret@db/mail",
        ),
        by_domain(
            "WEBMAIL_PASSWORD_SQL_STATEMENT",
            """The statement that changes a password, for the driver `sql`. It is one `UPDATE` with
            `%(password)s`, and with `%(login)s`, `%(local)s`, `%(address)s` or `%(domain)s` to find
            the account.""",
            example="UPDATE users SET password = %(password)s WHERE login = %(login)s",
        ),
        by_domain(
            "WEBMAIL_PASSWORD_LDAP_URL",
            """The LDAP server of the accounts, for the driver `ldap`: `ldaps://host`, or
            `ldap://host` with StartTLS (without encryption when the host is this machine
            itself).""",
            example="ldaps://ldap.ac-exemple.fr",
        ),
        by_domain(
            "WEBMAIL_PASSWORD_LDAP_DN",
            """The name of a user's entry, for the driver `ldap`. `{login}`, `{local}`, `{address}`
            and `{domain}` stand for parts of the user's address.""",
            example="uid={login},ou=people,o=gouv,c=fr",
        ),
        choice(
            "WEBMAIL_PASSWORD_SCHEME",
            """The hash that the drivers `dovecot` and `sql` make of a new password.""",
            ("argon2id", "sha512-crypt"),
            default="argon2id",
            example="sha512-crypt",
        ),
        number(
            "WEBMAIL_PASSWORD_MINIMUM",
            8,
            """The fewest characters of a new password.""",
            minimum=1,
            maximum=64,
            example="12",
        ),
        items(
            "WEBMAIL_PASSWORD_KINDS",
            """The kinds of characters that a new password must contain: `lower`, `upper`, `digit`
            and `sign`.""",
            default="lower,upper,digit,sign",
            example="lower,digit",
        ),
        number(
            "WEBMAIL_PASSWORD_STRENGTH",
            2,
            """The lowest strength of a new password, as zxcvbn estimates it. 0 accepts every
            password; 4 accepts only passwords that are very hard to guess.""",
            maximum=4,
            example="3",
        ),
        number(
            "WEBMAIL_PASSWORD_REMINDER_MONTHS",
            12,
            """After this many months the webmail reminds users to change their password. 0 means
            never.""",
            example="6",
        ),
    ),
    "[passwords.md](passwords.md) describes the drivers.",
)

_DIRECTORY = Group(
    "Directory",
    (
        text(
            "WEBMAIL_DIRECTORY_LDAP_URL",
            """An LDAP server that adds people to the directory: `ldaps://host`, or `ldap://host`
            with StartTLS (without encryption when the host is this machine itself).""",
            example="ldaps://annuaire.ac-exemple.fr",
        ),
        text(
            "WEBMAIL_DIRECTORY_LDAP_BASE",
            """The branch of the LDAP tree that holds the people.""",
            example="ou=people,o=gouv,c=fr",
        ),
        text(
            "WEBMAIL_DIRECTORY_LDAP_FILTER",
            """The LDAP filter that chooses the entries to show.""",
            default="(mail=*)",
            example="(&(mail=*)(objectClass=inetOrgPerson))",
        ),
        text(
            "WEBMAIL_DIRECTORY_LDAP_DN",
            """The name that the webmail signs in with. Without it the webmail reads the LDAP server
            anonymously.""",
            example="cn=webmail,ou=services,o=gouv,c=fr",
        ),
        text(
            "WEBMAIL_DIRECTORY_LDAP_PASSWORD",
            """The password of that name.""",
            example="WEBMAIL_DIRECTORY_LDAP_PASSWORD_FILE=>/etc/webmail/ldap-password",
        ),
        items(
            "WEBMAIL_DIRECTORY_LDAP_ATTRIBUTES",
            """The LDAP attribute of each field of the directory. The fields are `key` (the
            identifier of a person, which must stay the same), `name`, `first_name`, `last_name`,
            `address`, `school_uai`, `school_name`, `discipline` and `function`. A value replaces
            the whole list.""",
            default="key=uid,name=cn,first_name=givenName,last_name=sn,address=mail,school_name=o,"
            "function=title",
            example="key=entryUUID,name=displayName,address=mail",
        ),
        text(
            "WEBMAIL_DIRECTORY_LDAP_GROUPS",
            """The LDAP filter that chooses the groups to whose members users may write: entries
            with `member`, `uniqueMember` or `memberUid`, or with an address of their own. Without
            it no groups are read.""",
            example="(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)"
            "(objectClass=posixGroup))",
        ),
        text(
            "WEBMAIL_DIRECTORY_LDAP_GROUPS_BASE",
            """The branch of the LDAP tree that holds the groups. Without it, it is the branch that
            holds the people.""",
            example="ou=groups,o=gouv,c=fr",
        ),
        number(
            "WEBMAIL_DIRECTORY_GROUP_MOST",
            300,
            """The most members of a group that a user makes from the directory by school,
            discipline and function, and of a group of the LDAP server to which users write. `0`
            disables both.""",
            maximum=5000,
            example="100",
        ),
        number(
            "WEBMAIL_CLASSES_END_DAYS",
            122,
            """Days after 31 August, the end of a class's school year, on which its list ends: the
            class, its pupils and guardians without another use go into the bin of their owner. By
            default that is 31 December, when the lists of the new year have come: they are read
            beside those of the year before.""",
            maximum=730,
            example="182",
        ),
    ),
    """A job fills the directory every night from the staff records, and from an LDAP server where
    one is set: [contacts.md](contacts.md).""",
)

_PROFILES = Group(
    "Profiles for telephones",
    (
        text(
            "WEBMAIL_PROFILE_CERTIFICATE",
            """The certificate that signs configuration profiles for iPhone and iPad, followed by
            its chain, in PEM. Without a certificate and its key the profiles are not signed.""",
            example="WEBMAIL_PROFILE_CERTIFICATE_FILE=>/etc/webmail/profile.pem",
        ),
        text(
            "WEBMAIL_PROFILE_KEY",
            """The key of that certificate, in PEM, without a passphrase.""",
            example="WEBMAIL_PROFILE_KEY_FILE=>/etc/webmail/profile-key.pem",
        ),
    ),
)

_LOOKUP = Group(
    "Account lookup",
    (
        text(
            "WEBMAIL_NUMEN_KEYS",
            """The keys of the digests in staff records, the current one first, each as
            `name:<64 hexadecimal digits>`. Without a key there are no account lookup and no import
            of staff records: [staff.md](staff.md).""",
            example="WEBMAIL_NUMEN_KEYS_FILE=>/etc/webmail/numen-keys",
        ),
        number(
            "WEBMAIL_LOOKUPS_PER_NUMEN",
            10,
            """After this many lookups of one NUMEN, successful or not, the NUMEN is refused for a
            while. 0 means no limit.""",
            example="5",
        ),
        number(
            "WEBMAIL_LOOKUP_FAILURES_PER_NETWORK",
            20,
            """After this many failed lookups from one network address, the address is refused for a
            while; after 5 times as many its network (/24, or /56 of IPv6), and so on to /16 and
            /32. 0 means no limit.""",
            example="50",
        ),
        number(
            "WEBMAIL_LOOKUP_FAILURES_PER_MINUTE",
            120,
            """After this many failed lookups in a minute, from all addresses together, the audit
            log tells of an attack. Nobody is refused for it, but where the server does not know the
            addresses of its visitors. 0 means never.""",
            example="60",
        ),
        switch(
            "WEBMAIL_LOOKUP_NOTICES",
            True,
            """Write to a user when somebody looks up that user's mail settings. The webmail needs
            `WEBMAIL_NOTICES_URL` for this.""",
            example="0",
        ),
    ),
)

_SERVICES = Group(
    "Other services",
    (
        text(
            "WEBMAIL_OIDC_PRIVATE_KEY",
            """The RSA key, in PEM, that signs the statements to services about users.
            `bin/manage create_oidc_key` makes one. Without a key users cannot sign in to other
            services.""",
            example="WEBMAIL_OIDC_PRIVATE_KEY_FILE=>/etc/webmail/oidc-key.pem",
        ),
        text(
            "WEBMAIL_OIDC_OLD_KEYS",
            """Former and future keys, in PEM, one after the other. The webmail publishes these keys
            and does not sign with them.""",
            example="WEBMAIL_OIDC_OLD_KEYS_FILE=>/etc/webmail/oidc-old-keys.pem",
        ),
    ),
    """Users sign in to other services of the authority through the webmail:
    [services.md](services.md).""",
)

_RETENTION = Group(
    "Retention",
    (
        switch(
            "WEBMAIL_WIRE_LOG",
            True,
            """Whether administrators may log a user's connections to the mail servers for an hour,
            masked: [administration.md](administration.md#what-the-mail-server-says).""",
            example="0",
        ),
        number(
            "WEBMAIL_KEEP_LOOKUPS_DAYS",
            183,
            """The number of days for which the audit log keeps account lookups.""",
            minimum=1,
            example="90",
        ),
        number(
            "WEBMAIL_KEEP_AUDIT_DAYS",
            365,
            """The number of days for which the audit log keeps all other events.""",
            minimum=1,
            example="730",
        ),
        number(
            "WEBMAIL_KEEP_SESSIONS_DAYS",
            30,
            """The number of days for which sessions and known devices are kept after their last
            use.""",
            minimum=1,
            example="14",
        ),
    ),
    """The page "Personal data" shows these numbers to users.""",
)

_PROBE = Group(
    "Mail that goes round",
    (
        text(
            "WEBMAIL_PROBE_LOGIN",
            """The login of a mailbox that the webmail sends a message to every few minutes, finds
            it there and deletes it. Use the mailbox for nothing else: all messages of this kind in
            it are deleted, even those of another installation. Without a login and its password no
            such message is sent.""",
            example="sonde@ac-exemple.fr",
        ),
        text(
            "WEBMAIL_PROBE_PASSWORD",
            """The password of that mailbox.""",
            example="WEBMAIL_PROBE_PASSWORD_FILE=>/etc/webmail/probe-password",
        ),
        text(
            "WEBMAIL_PROBE_ADDRESS",
            """The address of that mailbox, where its login does not show it.""",
            words="Default: the login, with the mail domain",
            example="sonde@ac-exemple.fr",
        ),
        number(
            "WEBMAIL_PROBE_MINUTES",
            10,
            """The number of minutes between two such messages. One that has not arrived by then
            counts as lost.""",
            example="5",
            minimum=1,
            maximum=1440,
        ),
    ),
    "[administration.md](administration.md#mail-that-goes-round) describes the results.",
)

_NOTICES = Group(
    "Notices",
    (
        text(
            "WEBMAIL_NOTICES_URL",
            """The submission server for notices: `smtps://user:password@host` (TLS, port 465) or
            `smtp://user:password@host` (STARTTLS, port 587; without encryption when the host is
            this machine itself). Without it the webmail sends no notices.""",
            example="smtps://webmail:secret@smtp.ac-exemple.fr",
        ),
        text(
            "WEBMAIL_NOTICES_FROM",
            """The sender of notices: an address, or `Name <address>`.""",
            example="Messagerie <ne-pas-repondre@ac-exemple.fr>",
        ),
    ),
    "Notices are the mail that the webmail itself sends to users about their account.",
)

GROUPS = (
    _INSTALLATION,
    _HTTPS,
    _NAMES,
    _FIRST_DOMAIN,
    _SERVERS,
    _RULES,
    _ADVERTS,
    _OUTBOX,
    _RECIPIENTS,
    _ATTACHMENTS,
    _TRANSFERS,
    _SIGN_IN,
    _PASSWORDS,
    _DIRECTORY,
    _PROFILES,
    _LOOKUP,
    _SERVICES,
    _RETENTION,
    _PROBE,
    _NOTICES,
)
DECLARED: Mapping[str, Setting] = {
    setting.name: setting for group in GROUPS for setting in group.settings
}

TOOLS = frozenset(
    (
        "WEBMAIL_CHECKOUT", "WEBMAIL_IMAGE", "WEBMAIL_LINK", "WEBMAIL_MANAGE", "WEBMAIL_PYTHON",
        "WEBMAIL_RELEASES", "WEBMAIL_REQUIREMENTS",
    )
)  # fmt: skip
"""Variables of the programs in deploy/ and bin/, which may reach the webmail's environment."""


def setting_of(variable: str) -> Setting | None:
    """Return the setting that a variable of the environment is read for; None if there is none.

    ``NAME_FILE`` is also the path of a file that holds ``NAME``, unless it is declared itself.
    """
    for name in (variable, variable.removesuffix("_FILE")):
        own, _separator, domain = name.partition("__")
        setting = DECLARED.get(own)
        if setting and (not domain or setting.kind is Kind.BY_DOMAIN):
            return setting
    return None
