"""Dumps of Horde's table ``turba_objects``: CSV, and the SQL of MySQL and PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from addressbook.charsets import Decoded
from addressbook.contact_data import GroupData
from addressbook.importers import dates, headers, php
from addressbook.importers.assemble import Pair, Style, contact_from
from addressbook.importers.reading import FileRejected, Gathered, Reading, Tags, refused
from addressbook.vcard import has_something

# The order of columns for dumps that do not name them: of the table before, then after migrations.
_DEFAULT_COLUMNS_TEXT = (
    "object_id owner_id object_type object_uid object_members object_firstname object_lastname"
    " object_middlenames object_nameprefix object_namesuffix object_alias object_photo"
    " object_phototype object_bday object_homestreet object_homepob object_homecity"
    " object_homeprovince object_homepostalcode object_homecountry object_workstreet"
    " object_workpob object_workcity object_workprovince object_workpostalcode object_workcountry"
    " object_tz object_geo object_email object_homephone object_workphone object_cellphone"
    " object_fax object_pager object_title object_role object_logo object_logotype object_company"
    " object_notes object_url object_freebusyurl object_pgppublickey object_smimepublickey"
)
_DEFAULT_COLUMNS = _DEFAULT_COLUMNS_TEXT.split()
_MOST_MEMBERS = 20_000
# The texts for NULL of MySQL, PostgreSQL and phpMyAdmin.
NULLS = ("\\N", "NULL")


def is_dump(header: Sequence[str]) -> bool:
    names = {headers.normal(cell) for cell in header}
    return "object_id" in names and "owner_id" in names


# Members: serialised PHP, of which only arrays, integers and strings are read


class Serialized(Exception):
    """The text is not an array of integers and strings."""


def members_of(text: str) -> tuple[str, ...]:
    """Return the strings of ``a:2:{i:0;s:8:"a1b2c3d4";…}``, whose lengths count bytes. Nothing is
    evaluated: objects, references, nesting and damage raise Serialized."""
    return tuple(value for _key, value in _pairs(text))


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        values = php.array(text.encode("utf-8", "replace"))
    except php.BrokenValue as error:
        raise Serialized(str(error)) from error
    if len(values) > _MOST_MEMBERS:
        raise Serialized("too many")
    if not all(type(value) in (int, str) for value in values.values()):
        raise Serialized("neither integer nor string")
    return [(str(key), str(value)) for key, value in values.items()]


# Rows to contacts and groups


@dataclass(frozen=True, slots=True)
class _HordeList:
    record: int
    name: str
    owner: str
    identifier: str
    members: tuple[str, ...]


def gather(
    records: Iterable[tuple[int, int, list[Pair]]],
    style: Style,
    gathered: Gathered,
    owners: Mapping[str, str] | None = None,
) -> None:
    """Gather the contacts and groups of rows. ``records`` are tuples of record number, line and the
    fields of the row; ``owners`` has the owners of shares by name."""
    tags = Tags("categories")
    lists: list[_HordeList] = []
    places: dict[tuple[str, str], int] = {}
    shares: dict[str, int] = {}
    for record, line, pairs in records:
        fields = dict(reversed(pairs))
        share = fields.get("_owner", "").strip()
        owner = (owners or {}).get(share, share)
        if owner == share and is_share(owner):
            shares.setdefault(owner, record)
        if fields.get("_type", "").lower() == "group":
            if (group := _list(record, line, owner, fields, gathered)) is not None:
                lists.append(group)
            continue
        assembled = contact_from(pairs, style)
        contact = replace(assembled.contact, uid=fields.get("_uid", ""), owner=owner)
        for problem in assembled.problems:
            gathered.warn(problem, record)
        if not has_something(contact):
            gathered.skip(record, line, "nothing_to_keep")
            continue
        index = gathered.add(contact, record, line)
        tags.add(contact, index)
        places.setdefault((owner, fields.get("_id", "")), index)
    gathered.groups += [*tags.groups(), *_groups(lists, places, gathered)]
    for share, record in shares.items():
        gathered.warn("owner_is_share", record, share)


_HEXADECIMAL = re.compile(r"(?=.*\d)(?:[0-9a-f]{13,64}|[0-9a-f-]{36})")
_RANDOM = re.compile(r"(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_-]{20,40}")


def is_share(owner: str) -> bool:
    """Return whether the owner is a share. Shares are named by hexadecimal numbers or, since Horde
    4, at random; people are not."""
    return bool(_HEXADECIMAL.fullmatch(owner) or _RANDOM.fullmatch(owner))


def _list(
    record: int, line: int, owner: str, known: Mapping[str, str], gathered: Gathered
) -> _HordeList | None:
    name = known.get("last_name") or known.get("display_name") or known.get("first_name") or ""
    text = known.get("_members", "")
    try:
        members = members_of(_plain(text)) if text.strip() else ()
    except Serialized:
        gathered.skip(record, line, "serialized_php", name.strip()[:100])
        return None
    return _HordeList(record, name.strip(), owner, known.get("_id", ""), members)


def _plain(text: str) -> str:
    """Return a blob of ``mysqldump --hex-blob`` as text."""
    if re.fullmatch(r"0x(?:[0-9A-Fa-f]{2})+", text):
        return bytes.fromhex(text[2:]).decode("utf-8", "replace")
    if re.fullmatch(r"\\x(?:[0-9A-Fa-f]{2})+", text):
        return bytes.fromhex(text[2:]).decode("utf-8", "replace")
    return text


def _groups(
    lists: Sequence[_HordeList], places: Mapping[tuple[str, str], int], gathered: Gathered
) -> Iterator[GroupData]:
    by_id = {(group.owner, group.identifier): group for group in lists}
    for group in lists:
        members: dict[int, None] = {}
        missing: dict[str, None] = {}
        _collect(group, by_id, places, members, missing, gathered)
        if not group.members:
            gathered.warn("group_without_members", group.record)
        for member in missing:
            gathered.warn("member_not_found", group.record, member)
        yield GroupData(group.name, tuple(members), missing=tuple(missing), owner=group.owner)


def _collect(
    group: _HordeList,
    by_id: Mapping[tuple[str, str], _HordeList],
    places: Mapping[tuple[str, str], int],
    members: dict[int, None],
    missing: dict[str, None],
    gathered: Gathered,
) -> None:
    """Collect the members of a list and its inner lists. A cycle is walked once."""
    seen = {group.identifier}
    waiting = [*reversed(group.members)]
    while waiting:
        member = waiting.pop()
        name = member.rpartition(":")[2] if (group.owner, member) not in places else member
        if (index := places.get((group.owner, name))) is not None:
            members.setdefault(index)
        elif (inner := by_id.get((group.owner, name))) is not None:
            if name not in seen and gathered.may_follow(inner.members):
                seen.add(name)
                waiting += reversed(inner.members)
            elif name not in seen:
                missing.setdefault(member)
            elif name == group.identifier:
                gathered.warn("group_cycle", group.record)
        else:
            missing.setdefault(member)


# SQL

_INSERT = re.compile(
    r"(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+[`\"\[]?(?:\w+[`\"\]]?\.[`\"\[]?)?"
    r"(turba_objects|turba_shares|turba_sharesng)[`\"\]]?\s*(?:\(([^()]{1,20000})\)\s*)?VALUES\s*",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^COPY\s+[\"\w.]*?(turba_objects|turba_shares|turba_sharesng)\"?\s*(?:\(([^()]{1,20000})\)\s*)?"
    r"FROM\s+stdin[^\n]*\n",
    re.IGNORECASE | re.MULTILINE,
)
_CREATE = re.compile(
    r"CREATE\s+TABLE[^(]{0,100}(turba_objects|turba_shares|turba_sharesng)[`\"]?\s*\(",
    re.IGNORECASE,
)
_LONGEST_CREATE = 40_000
_VALUE = re.compile(
    r"\s*(?:_binary\s+|[EeNXx](?='))?"
    r"(?:'((?>(?:[^'\\]|\\.|'')*))'|\"((?>(?:[^\"\\]|\\.|\"\")*))\"|([^\s,()'\"]+))\s*",
    re.DOTALL,
)


def is_sql(text: str) -> bool:
    head = text[:2_000_000]
    return "turba_objects" in head and bool(_INSERT.search(head) or _COPY.search(head))


def read_sql(decoded: Decoded, known: Reading) -> Reading:
    """Return the contacts of a dump that has the table's rows, and perhaps those of the shares."""
    reading = replace(known, format="turba_objects_sql", source="horde", bulk=True)
    try:
        gathered = Gathered()
        tables = _tables(decoded.text, gathered)
        owners = share_owners(tables.get("turba_shares", []) + tables.get("turba_sharesng", []))
        objects = tables.get("turba_objects", [])
        names = list(dict.fromkeys(name for _line, row in objects for name in row))
        fields = dict(zip(names, headers.fields_of(names), strict=True))
        bdays = [row.get("object_bday", "") for _line, row in objects]
        style = Style(day_first=dates.day_first(bdays, assumed=True))
        records = (
            (number, line, [(fields[name], text) for name, text in row.items() if text])
            for number, (line, row) in enumerate(objects)
        )
        gather(records, style, gathered, owners)
        return gathered.finished(reading)
    except FileRejected as error:
        return refused(str(error.args[0]), reading)


_SqlRow = tuple[int, dict[str, str]]


def _tables(text: str, gathered: Gathered) -> dict[str, list[_SqlRow]]:
    created = dict(_created(text))
    tables: dict[str, list[_SqlRow]] = {}
    lines = _LineCounter(text)
    for pattern, rows_from in ((_INSERT, _tuples), (_COPY, _copied)):
        at = 0
        while match := pattern.search(text, at):
            table = match[1].lower()
            columns = _column_names(match[2]) or created.get(table) or _DEFAULT_COLUMNS
            # Text that was read as rows is not read as statements again.
            rows, at = rows_from(text, match.end())
            for position, values in rows:
                _add(tables.setdefault(table, []), columns, values, lines.at(position), gathered)
    return tables


def _created(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each table with its columns, from each CREATE to the next line that begins with its
    bracket."""
    at, end = 0, -1
    while match := _CREATE.search(text, at):
        at = match.end()
        if end <= at and (end := text.find("\n)", at + 1)) < 0:
            return
        if end - at <= _LONGEST_CREATE:
            yield match[1].lower(), _created_columns(text[at:end])
            at = end


def _add(
    rows: list[_SqlRow], columns: Sequence[str], values: list[str], line: int, gathered: Gathered
) -> None:
    if len(values) != len(columns):
        gathered.skip(len(rows) + len(gathered.skipped), line, "column_count", str(len(values)))
        return
    rows.append((line, dict(zip(columns, values, strict=True))))


class _LineCounter:
    """The line numbers of growing positions."""

    def __init__(self, text: str) -> None:
        self._text, self._position, self._line = text, 0, 1

    def at(self, position: int) -> int:
        if position < self._position:
            self._position, self._line = 0, 1
        self._line += self._text.count("\n", self._position, position)
        self._position = position
        return self._line


def _column_names(text: str | None) -> list[str]:
    return [name.strip().strip('`"[]').lower() for name in (text or "").split(",") if name.strip()]


_NOT_COLUMNS = {"primary", "key", "unique", "constraint", "index", "foreign", "check", "fulltext"}


def _created_columns(text: str) -> list[str]:
    names = (re.match(r"\s*[`\"]?(\w+)[`\"]?\s", f"{line} ") for line in text.split("\n"))
    return [match[1].lower() for match in names if match and match[1].lower() not in _NOT_COLUMNS]


_Rows = list[tuple[int, list[str]]]
_OPENING = re.compile(r"[\s,]*\(")


def _tuples(text: str, position: int) -> tuple[_Rows, int]:
    """Return the rows ``(…), (…)`` of an INSERT, and the position after them. Damage ends them."""
    rows: _Rows = []
    while match := _OPENING.match(text, position):
        begins, position = match.end(), match.end()
        values: list[str] = []
        while value_match := _VALUE.match(text, position):
            values.append(_sql_text(value_match))
            position = value_match.end()
            sign = text[position : position + 1]
            position += 1
            if sign != ",":
                if sign == ")":
                    rows.append((begins, values))
                break
        else:
            break
    return rows, position


_SQL_ESCAPE = re.compile(r"\\(.)|''|\"\"", re.DOTALL)
_SQL_SIGNS = {"n": "\n", "r": "\r", "t": "\t", "0": "", "Z": "", "b": ""}


def _sql_text(match: re.Match[str]) -> str:
    quoted, double, bare = match.groups()
    if bare is not None:
        return "" if bare.upper() == "NULL" else bare
    sign = "'" if double is None else '"'

    def plain(escape: re.Match[str]) -> str:
        if escape[1] is not None:
            return _SQL_SIGNS.get(escape[1], escape[1])
        return sign if escape[0] == sign * 2 else escape[0]

    return _SQL_ESCAPE.sub(plain, quoted if double is None else double).replace("\r\n", "\n")


def _copied(text: str, position: int) -> tuple[_Rows, int]:
    """Return the rows of PostgreSQL's COPY up to ``\\.`` or another COPY, and the position after
    them."""
    rows: _Rows = []
    while position < len(text):
        end = text.find("\n", position)
        line = text[position : end if end >= 0 else len(text)]
        if line == "\\." or (line.startswith("COPY ") and _COPY.match(text, position)):
            break
        if line:
            rows.append((position, [unescaped(cell) for cell in line.split("\t")]))
        position = end + 1 if end >= 0 else len(text)
    return rows, position


def unescaped(cell: str) -> str:
    """Return a cell of PostgreSQL's COPY, or of MySQL's output with backslashes, without
    escapes."""
    if cell == "\\N":
        return ""
    signs = {"n": "\n", "t": "\t", "r": "\n", "\\": "\\", "\n": "\n"}
    return re.sub(r"(?s)\\(.)", lambda match: signs.get(match[1], f"\\{match[1]}"), cell)


def share_owners(shares: Iterable[_SqlRow]) -> dict[str, str]:
    """Return the owners by the names of shares, and of the books in the parameters of shares."""
    owners: dict[str, str] = {}
    for _line, row in shares:
        owner = row.get("share_owner", "")
        if not owner:
            continue
        owners.setdefault(row.get("share_name", ""), owner)
        try:
            pairs = dict(_pairs(_plain(row.get("attribute_params", ""))))
        except Serialized:
            continue
        if name := pairs.get("name", ""):
            owners.setdefault(name, owner)
    owners.pop("", None)
    return owners
