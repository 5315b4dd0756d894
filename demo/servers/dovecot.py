"""A private Dovecot with its own configuration, storage and free loopback ports, apart from the
system's one.

Versions 2.3 and 2.4 have different configuration languages, and each has its own text here. Dovecot
runs as root (the mail then belongs to an account without rights) or as an ordinary user.
"""

from __future__ import annotations

import base64
import grp
import os
import pwd
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.servers import process

_PLAIN = "{PLAIN.b64}"  # the form of passwords written here; a changed password is hashed
SPECIAL_USE = ("Drafts", "Sent", "Junk", "Trash", "Archive")

# Root's search path contains /usr/sbin; that of an ordinary user in Debian does not.
_SBIN = ("/usr/sbin", "/usr/local/sbin", "/sbin")
_LIBRARIES = ("/usr/lib/dovecot", "/usr/libexec/dovecot", "/usr/local/libexec/dovecot")
_MODULES = (
    "/usr/lib/dovecot/modules",
    "/usr/lib64/dovecot",
    "/usr/lib/dovecot",
    "/usr/local/lib/dovecot",
)


@dataclass(frozen=True)
class MailAccount:
    """An account that may sign in. `aliases` are other spellings of the login that open the same
    mailbox."""

    login: str
    password: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class TokenCheck:
    """How Dovecot checks an access token: the URL that it sends the token to, and the claim of the
    answer that contains the login."""

    url: str
    claim: str = "preferred_username"
    mechanisms: str = "oauthbearer xoauth2"


def installed() -> bool:
    """Return whether this machine has Dovecot with IMAP and LMTP."""
    return _program() is not None and _has("imap-login") and _has("lmtp")


def has_sieve() -> bool:
    """Return whether the Pigeonhole plug-in and its ManageSieve server are installed too."""
    plugin = any((Path(folder) / "lib90_sieve_plugin.so").exists() for folder in _MODULES)
    return plugin and _has("managesieve-login")


def has_acl() -> bool:
    """Return whether the plug-ins for access lists are installed."""
    return any((Path(folder) / "lib02_imap_acl_plugin.so").exists() for folder in _MODULES)


def version() -> tuple[int, int]:
    """Return (2, 3) or (2, 4)."""
    program = _program()
    if program is None:
        raise process.ServerFailed("Dovecot is not installed.")
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    return _version(answer.stdout)


class Dovecot(process.Server):
    """A Dovecot instance: call `start()`, then read the ports; `stop()` ends it by its own process
    id.

    `folder` contains everything and is kept between starts. If Dovecot runs as root, the account
    that owns the mail must be able to reach it: see `reachable()`.
    """

    name = "IMAP server"

    def __init__(
        self,
        folder: Path,
        accounts: Sequence[MailAccount],
        *,
        imap_port: int | None = None,
        lmtp_port: int | None = None,
        sieve_port: int | None = None,
        quota_megabytes: int = 1024,
        relay_port: int | None = None,
        sharing: bool = False,
        tokens: TokenCheck | None = None,
        master: MailAccount | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.accounts = tuple(accounts)
        self.imap_port = imap_port or process.free_port()
        self.lmtp_port = lmtp_port or process.free_port()
        self.sieve_port = (sieve_port or process.free_port()) if has_sieve() else None
        self.quota_megabytes = quota_megabytes
        # Dovecot hands over answers of absence at this port.
        self.relay_port = relay_port
        # Users can share folders (RFC 4314).
        self.sharing = sharing and has_acl()
        self.tokens = tokens
        # The master user opens any mailbox, with the login "somebody*master".
        self.master = master
        self.log = self.folder / "log"
        self.users = self.folder / "users"
        self._sockets: Path | None = None

    def start(self) -> None:
        """Write the configuration and start. Return when IMAP answers. Raises ServerFailed."""
        command = self._command(self.folder / "dovecot.conf")
        self._make_folders()
        self._wait_for_predecessor()
        self.write_accounts(self.accounts, keep_changed=True)
        self._write_own("masters", _line(self.master) if self.master else "")
        self._write_own("oauth2", _oauth2_23(self.tokens) if self.tokens else "")
        (self.folder / "dovecot.conf").write_text(self._configuration())
        self.child = process.spawn(command, self.log)
        for port in (self.imap_port, self.lmtp_port, self.sieve_port):
            if port is not None:
                process.wait_for_port(port, self.child, self.log)

    def _command(self, configuration: Path) -> list[str | Path]:
        """It runs in the foreground, so that it stays our child process and ends with us."""
        program = _program()
        if program is None:
            raise process.ServerFailed("Dovecot is not installed.")
        return [program, "-F", "-c", configuration]

    def _version(self) -> tuple[int, int]:
        return version()

    def stop(self) -> None:
        super().stop()
        if self._sockets is not None and self._sockets.parent != self.folder:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def changed_logins(self) -> frozenset[str]:
        """Return the logins whose password was changed and differs from the account's."""
        return frozenset(self._changed_lines())

    def write_accounts(
        self, accounts: Sequence[MailAccount], *, keep_changed: bool = False
    ) -> None:
        """Replace the accounts that may sign in; a running instance notices it within a second or
        two. With ``keep_changed``, passwords that were changed in the file are kept.

        An alias has the extra field `user=`, which makes Dovecot continue under the login.
        Passwords are written in base64, because a colon in one would end the field.
        """
        changed = self._changed_lines() if keep_changed else {}
        lines = []
        for account in accounts:
            secret = changed.get(account.login, _plain(account))
            lines.append(f"{account.login}:{secret}::::::")
            lines += [f"{alias}:{secret}::::::user={account.login}" for alias in account.aliases]
        self._write_own("users", "".join(line + "\n" for line in lines))

    def _write_own(self, name: str, text: str) -> None:
        """Write a file with secrets, for Dovecot alone. Dovecot reads it again only if the second
        of its modification time has changed."""
        path = self.folder / name
        path.touch(mode=0o600)
        before = int(path.stat().st_mtime)
        path.write_text(text)
        if int(path.stat().st_mtime) <= before:
            os.utime(path, (before + 1, before + 1))
        if _is_root():
            os.chown(path, pwd.getpwnam("dovecot").pw_uid, -1)

    def _changed_lines(self) -> dict[str, str]:
        """Return the changed passwords in the file, by login."""
        if not self.users.exists():
            return {}
        fields = [line.split(":") for line in self.users.read_text().splitlines()]
        return {line[0]: line[1] for line in fields if not line[1].startswith(_PLAIN)}

    def _wait_for_predecessor(self) -> None:
        """Wait until a former instance has ended. If its starter was killed, it ends a moment
        later."""
        pid_file = (self._sockets or Path()) / "master.pid"
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and _runs(pid_file, self.folder):
            time.sleep(0.05)

    def _make_folders(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sockets = process.socket_folder(self.folder / "run")
        for name in ("state", "mail"):
            (self.folder / name).mkdir(exist_ok=True)
        if _is_root():
            owner = mail_owner()
            os.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)
            (self.folder / "mail").chmod(0o700)
            for made in (self.folder, self._sockets):
                made.chmod(0o755)
            if not reachable(self.folder):
                raise process.ServerFailed(
                    f"{self.folder} is closed to the account {owner.pw_name}, which owns the mail."
                )

    def _configuration(self) -> str:
        language = _language_24 if self._version() >= (2, 4) else _language_23
        return language(self, _unprivileged() if not _is_root() else "", self._sockets or Path())


def _plain(account: MailAccount) -> str:
    return _PLAIN + base64.b64encode(account.password.encode()).decode()


def _line(account: MailAccount) -> str:
    return f"{account.login}:{_plain(account)}::::::\n"


def _runs(pid_file: Path, folder: Path) -> bool:
    """Return whether the process of `pid_file` is a Dovecot whose configuration is in `folder`."""
    try:
        command = Path(f"/proc/{int(pid_file.read_text())}/cmdline").read_bytes()
    except (OSError, ValueError):
        return False
    return bytes(folder) in command


def reachable(folder: Path) -> bool:
    """Return whether every account can enter `folder` and all folders above it (mode o+x)."""
    existing = [place for place in (folder, *folder.parents) if place.exists()]
    return all(place.stat().st_mode & 0o001 for place in existing)


def mail_owner() -> pwd.struct_passwd:
    """Return the owner of the mail: this user, or for root an account without rights, because
    Dovecot refuses root."""
    if not _is_root():
        return pwd.getpwuid(os.getuid())
    return pwd.getpwnam("mail")


def _unprivileged() -> str:
    """Return the lines that an ordinary user needs in both languages: no other account, no
    chroot."""
    user = mail_owner().pw_name
    services = ["anvil", "stats", "imap-login"]
    if has_sieve():
        services.append("managesieve-login")
    lines = [f"default_internal_user = {user}", f"default_login_user = {user}"]
    lines.append(f"default_internal_group = {_group_name()}")
    lines += [f"service {name} {{\n  chroot =\n}}" for name in services]
    return "\n".join(lines)


def _group_name() -> str:
    return grp.getgrgid(os.getgid()).gr_name


def _mailboxes(auto: str) -> str:
    return "\n".join(
        f"  mailbox {name} {{\n    special_use = \\{name}\n    auto = {auto}\n  }}"
        for name in SPECIAL_USE
    )


def _listeners(server: Dovecot) -> str:
    """Return the ports. The standard ones that packages add (993) are closed by 0."""
    text = f"""
service imap-login {{
  inet_listener imap {{
    port = {server.imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {server.lmtp_port}
  }}
}}
service imap {{
  process_limit = 512
}}
"""
    if server.sieve_port is not None:
        text += f"""
service managesieve-login {{
  inet_listener sieve {{
    port = {server.sieve_port}
  }}
}}
"""
    return text


# Dovecot delays clients whose address has failed sign-ins: by seconds in the tests, and for a
# webmail, which has one address, for all users. The mode 0 of the penalty's socket turns this off;
# the trusted network lets the webmail pass on the browser's address by ID.
_COMMON = """
listen = 127.0.0.1
ssl = no
first_valid_uid = 1
auth_failure_delay = 0
login_trusted_networks = 127.0.0.0/8
mail_max_userip_connections = 200
hostname = localhost
postmaster_address = postmaster@localhost
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""


def _relay(server: Dovecot) -> str:
    port = server.relay_port
    return f"submission_host = {process.LOOPBACK}:{port}" if port else ""


# The folders of each owner are below "shared/"; each user has an own state of what is read. The
# home of the owner is looked up for each user who opens the folders.
_LOOKUP = """
service auth {
  unix_listener auth-userdb {
    mode = 0777
  }
}
"""
_SHARED_23 = f"""
{_LOOKUP}
namespace shared {{
  type = shared
  separator = /
  prefix = shared/%%u/
  location = sdbox:%%h/mail:INDEXPVT=~/shared/%%u
  subscriptions = no
  list = children
}}
"""


def _sharing_24(folder: Path) -> str:
    return f"""{_LOOKUP}
mail_plugins {{
  acl = yes
}}
protocol imap {{
  mail_plugins {{
    imap_acl = yes
  }}
}}
acl_driver = vfile
acl_sharing_map {{
  dict file {{
    path = {folder}/mail/shared-folders
  }}
}}
namespace shared {{
  type = shared
  separator = /
  prefix = shared/$user/
  mail_path = %{{owner_home}}/mail
  mail_index_private_path = ~/shared/%{{owner_user}}
  subscriptions = no
  list = children
}}
"""


def _mechanisms(server: Dovecot) -> str:
    tokens = f" {server.tokens.mechanisms}" if server.tokens else ""
    return f"auth_mechanisms = plain login{tokens}"


def _oauth2_23(tokens: TokenCheck) -> str:
    return f"""introspection_mode = auth
introspection_url = {tokens.url}
username_attribute = {tokens.claim}
"""


def _additions_23(server: Dovecot) -> str:
    """Return the lines for tokens and for the master user, if there are any."""
    text = ""
    if server.master:
        text += f"""
auth_master_user_separator = *
passdb {{
  driver = passwd-file
  args = {server.folder}/masters
  master = yes
  result_success = continue
}}
"""
    if server.tokens:
        text += f"""
passdb {{
  driver = oauth2
  mechanisms = {server.tokens.mechanisms}
  args = {server.folder}/oauth2
}}
"""
    return text


def _additions_24(server: Dovecot) -> str:
    text = ""
    if server.master:
        text += f"""
auth_master_user_separator = *
passdb master {{
  driver = passwd-file
  passwd_file_path = {server.folder}/masters
  master = yes
  result_success = continue
}}
"""
    if server.tokens:
        text += f"""
oauth2 {{
  introspection_mode = auth
  introspection_url = {server.tokens.url}
  username_attribute = {server.tokens.claim}
}}
"""
    return text


def _language_23(server: Dovecot, rights: str, sockets: Path) -> str:
    owner = mail_owner()
    folder = server.folder
    protocols = "imap lmtp sieve" if server.sieve_port is not None else "imap lmtp"
    sieve = " sieve" if server.sieve_port is not None else ""
    sieve_place = "sieve = file:~/sieve;active=~/.dovecot.sieve" if sieve else ""
    return f"""# Written at each start for Dovecot 2.3.
base_dir = {sockets}
state_dir = {folder}/state
log_path = {server.log}
protocols = {protocols}
disable_plaintext_auth = no
mail_location = sdbox:~/mail
mail_plugins = quota
{rights}
{_COMMON}
{_mechanisms(server)}
{_relay(server)}
{_additions_23(server)}
passdb {{
  driver = passwd-file
  args = username_format=%Lu {folder}/users
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={folder}/mail/%Lu
}}
namespace inbox {{
  inbox = yes
  separator = /
{_mailboxes("subscribe")}
}}
{_SHARED_23 if server.sharing else ""}
protocol imap {{
  mail_plugins = quota imap_quota{" acl imap_acl" if server.sharing else ""}
}}
protocol lmtp {{
  mail_plugins = quota{sieve}{" acl" if server.sharing else ""}
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:storage={server.quota_megabytes}M
  acl = vfile
  acl_shared_dict = file:{folder}/mail/shared-folders
  acl_user = %u
  {sieve_place}
}}
{_listeners(server)}"""


def _language_24(server: Dovecot, rights: str, sockets: Path) -> str:
    owner = mail_owner()
    folder = server.folder
    has_sieve = server.sieve_port is not None
    sieve = """
protocol lmtp {
  mail_plugins {
    sieve = yes
  }
}
sieve_script personal {
  type = personal
  driver = file
  path = ~/sieve
  active_path = ~/.dovecot.sieve
}
"""
    return f"""# Written at each start for Dovecot 2.4.
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {sockets}
state_dir = {folder}/state
log_path = {server.log}
protocols {{
  imap = yes
  lmtp = yes
  sieve = {"yes" if has_sieve else "no"}
}}
auth_allow_cleartext = yes
mail_driver = sdbox
mail_home = {folder}/mail/%{{user | lower}}
mail_path = ~/mail
mail_uid = {owner.pw_uid}
mail_gid = {owner.pw_gid}
mail_plugins {{
  quota = yes
}}
quota "User quota" {{
  quota_storage_size = {server.quota_megabytes}M
}}
{rights}
{_COMMON}
{_mechanisms(server)}
{_relay(server)}
{_additions_24(server)}
passdb passwd-file {{
  passwd_file_path = {folder}/users
}}
userdb static {{
}}
namespace inbox {{
  inbox = yes
  separator = /
{_mailboxes("subscribe")}
}}
protocol imap {{
  mail_plugins {{
    imap_quota = yes
  }}
}}
{_sharing_24(folder) if server.sharing else ""}
{sieve if has_sieve else ""}
{_listeners(server)}"""


def _version(text: str) -> tuple[int, int]:
    """Parse the output of `dovecot --version`: "2.4.1-4 (7d8c0e5759)" -> (2, 4)."""
    match = re.match(r"(\d+)\.(\d+)", text)
    if match is None:
        raise process.ServerFailed(f"This Dovecot does not say its version: {text!r}")
    return int(match[1]), int(match[2])


def _program() -> str | None:
    return shutil.which("dovecot", path=os.pathsep.join([os.environ.get("PATH", ""), *_SBIN]))


def _has(server: str) -> bool:
    return any((Path(folder) / server).exists() for folder in _LIBRARIES)


def _is_root() -> bool:
    return os.getuid() == 0
