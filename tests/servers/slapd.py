"""A private OpenLDAP server: one branch of people, a password policy, a free port on loopback."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from demo.servers import process
from tests.waiting import LONGEST_S

PEOPLE = "ou=people,o=academie,c=fr"
READER = f"uid=reader,{PEOPLE}"
"""Who may read them all, where he is one of the people."""
_SBIN = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec")
_MODULES = ("/usr/lib/ldap", "/usr/lib64/openldap")


def _program(name: str) -> str | None:
    return shutil.which(name, path=":".join(_SBIN))


def installed() -> bool:
    """Whether there is a slapd here, and python-ldap to talk to it."""
    return _program("slapd") is not None and find_spec("ldap") is not None


class Slapd(process.Server):
    """`start()`, then `url`. `people` are logins with their passwords; the directory itself asks
    for ten characters, by its policy overlay, and answers with 500 people at a time. `groups` are
    further entries as LDIF: groups, and people who have more than a login."""

    name = "LDAP server"

    def __init__(self, folder: Path, people: dict[str, str], groups: str = "") -> None:
        self.folder = folder
        self.people = people
        self.groups = groups
        self.port = process.free_port()
        self.log = folder / "slapd.log"

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    def start(self) -> None:
        program = _program("slapd")
        if program is None:
            raise process.ServerFailed("slapd is not installed.")
        configuration = self.folder / "slapd.conf"
        configuration.write_text(self._configuration())
        (self.folder / "data").mkdir()
        self._fill(program, configuration)
        command: list[str | Path] = [program, "-d", "0", "-h", self.url, "-f", configuration]
        self.child = process.spawn(command, self.log)
        process.wait_for_port(self.port, self.child, self.log)

    def _fill(self, program: str, configuration: Path) -> None:
        ldif = self.folder / "people.ldif"
        ldif.write_text(self._ldif())
        # slapadd is slapd under another name.
        subprocess.run(  # noqa: S603
            [program, "-T", "add", "-f", configuration, "-l", ldif],
            check=True,
            capture_output=True,
            timeout=LONGEST_S,
        )

    def _configuration(self) -> str:
        modules = next(path for path in _MODULES if Path(path).is_dir())
        return f"""
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
include {Path(__file__).with_name("supann.schema")}
modulepath {modules}
moduleload back_mdb
moduleload ppolicy
pidfile {self.folder}/slapd.pid
sizelimit size.soft=500 size.hard=500 size.pr=500 size.prtotal=unlimited
database mdb
suffix "o=academie,c=fr"
rootdn "cn=root,o=academie,c=fr"
directory {self.folder}/data
access to attrs=userPassword by self write by anonymous auth by * none
access to * by dn.exact="{READER}" read by self read by * none
overlay ppolicy
ppolicy_default "cn=policy,o=academie,c=fr"
"""

    def _ldif(self) -> str:
        people = "".join(
            f"""
dn: uid={login},{PEOPLE}
objectClass: inetOrgPerson
uid: {login}
cn: {login}
sn: {login}
mail: {login}@ac-exemple.fr
userPassword: {password}
"""
            for login, password in self.people.items()
        )
        return f"""
dn: o=academie,c=fr
objectClass: organization
o: academie

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: cn=policy,o=academie,c=fr
objectClass: applicationProcess
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdCheckQuality: 2
pwdMinLength: 10
{people}
{self.groups}"""
