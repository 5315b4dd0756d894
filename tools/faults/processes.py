"""What the processes of a part take: connections, files, memory, processor time."""

from __future__ import annotations

import os
from pathlib import Path

from tools.faults.site import Part, tree

_TICKS = os.sysconf("SC_CLK_TCK")


def pids(part: Part) -> list[int]:
    """The processes of a part."""
    return tree(part.child.pid) if part.child else []


def connections(part: Part, port: int) -> int:
    """Established TCP connections of a part to a port of loopback."""
    wanted = f":{port:04X}"
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[2].endswith(wanted) and fields[3] == "01":
            inodes.add(f"socket:[{fields[9]}]")
    # A forked helper may hold its parent's sockets too.
    return len(inodes & {inode for pid in pids(part) for inode in _sockets(pid)})


def _sockets(pid: int) -> list[str]:
    found = []
    try:
        for file in Path(f"/proc/{pid}/fd").iterdir():
            try:
                found.append(os.readlink(file))
            except OSError:
                continue
    except OSError:
        return []
    return found


def processor(part: Part) -> float:
    """Seconds, with those of children that have ended."""
    total = 0
    for pid in pids(part):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / _TICKS


def memory(part: Part) -> int:
    """Megabytes, shared pages by share."""
    return sum(map(memory_of, pids(part))) // 1024


def memory_of(pid: int) -> int:
    """Kilobytes of a process, shared pages by share; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def files_of(pid: int) -> int:
    """Open files of a process, sockets too."""
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0
