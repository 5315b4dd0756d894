"""Write docs/settings.md from the declarations."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from core.environment.declared import GROUPS, Group, Kind, Setting

_HEAD = """\
# Settings

<!-- `bin/manage write_settings_docs` writes this page from core/environment/declared.py. -->

A setting is a variable of the environment. [install.md](install.md#3-settings) shows a file of them
for a real installation. An unusable value stops the start with the name of the variable.

- `NAME_FILE` may stand in place of every `NAME`: it is the path of a file that holds the value. Use
  it for secrets.
- A **list** is separated by commas.
- A **switch** is `1` (on) or `0` (off).
- **Networks** are a list of addresses or of networks, such as `192.0.2.0/24`.
- A setting **by domain** holds for all mail domains. The same name with the domain behind it, in
  capitals, as `NAME__AC_EXEMPLE_FR`, holds for the domain `ac-exemple.fr` alone.

What users choose for themselves (density, columns, panes, theme, accent colour, size of the text,
language, time zone, page size, remote images, notifications) is not a setting: users find it under
"Réglages", and administrators set defaults and locks in the admin. A user's own choice stays when a
default changes; a value never changed follows the default. "Oublier mes choix sur cette page" at
the end of a page of the settings resets its choices.

## In short

Most installations set these and no others:

| for | settings |
|---|---|
| the webmail itself | `WEBMAIL_SECRET_KEY`, `WEBMAIL_BASE_URL`, `WEBMAIL_TRUSTED_PROXIES`, `WEBMAIL_LENDING_KEY` |
| what it stores | `DATABASE_URL`, `REDIS_URL`, `WEBMAIL_SPOOL`, `WEBMAIL_STATIC_ROOT` |
| the mail servers | `WEBMAIL_DOMAIN`, `WEBMAIL_IMAP_URL`, `WEBMAIL_SMTP_URL`, `WEBMAIL_SIEVE_URL`, `WEBMAIL_LOGIN_FORM` |
| certificates of one's own authority | `WEBMAIL_TLS_CA_FILE` |
| who wrote a message | `WEBMAIL_AUTHSERV_ID` |
| help for users | `WEBMAIL_AUTHORITY_NAME`, `WEBMAIL_SUPPORT_PHONE`, `WEBMAIL_SUPPORT_EMAIL` |
| more users | `WEB_CONCURRENCY`, `WEBMAIL_IMAP_USER_LIMIT` ([scaling.md](scaling.md)) |

The other settings have defaults. `bin/manage check --deploy` and `bin/manage doctor` warn of what is not safe.
"""  # noqa: E501  rows of a table


def page() -> str:
    """Return the whole page in Markdown."""
    contents = "\n".join(f"- [{group.title}](#{_anchor(group.title)})" for group in GROUPS)
    return "\n".join([_HEAD, contents, *(line for group in GROUPS for line in _group(group)), ""])


def _group(group: Group) -> Iterator[str]:
    yield f"\n## {group.title}"
    if group.help:
        yield f"\n{_paragraph(group.help)}"
    for setting in group.settings:
        yield f"\n### `{setting.name}`\n"
        yield f"{_kind(setting)}. {_default(setting)}. Example: `{_example(setting)}`\n"
        yield _paragraph(setting.help)


def _kind(setting: Setting) -> str:
    kind = setting.kind.capitalize()
    if setting.kind is Kind.CHOICE:
        return f"{kind}: {', '.join(f'`{choice}`' for choice in setting.choices)}"
    if setting.maximum is not None:
        return f"{kind} from {setting.minimum} to {setting.maximum}"
    return f"{kind}, {setting.minimum} or more" if setting.minimum else kind


def _default(setting: Setting) -> str:
    if setting.default_words:
        return setting.default_words
    return f"Default: `{setting.default}`" if setting.default else "Default: empty"


def _example(setting: Setting) -> str:
    name, _equals, value = setting.example.rpartition("=>")
    return f"{name or setting.name}={value}"


def _paragraph(text: str) -> str:
    words = " ".join(text.split())
    return textwrap.fill(words, 100, break_long_words=False, break_on_hyphens=False)


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
