"""Processes as /proc shows them, and ports that are free."""

import os
import pathlib
import signal
import socket

from waiting import wait_until

PROC = pathlib.Path("/proc")


def free_ports(count):
    """Loopback ports that nobody uses, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _stat(pid):
    """(name, state, parent), or None when there is no such process."""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    name = text[text.index("(") + 1 : text.rindex(")")]
    state, parent = text[text.rindex(")") + 2 :].split()[:2]
    return name, state, int(parent)


def is_running(pid):
    stat = _stat(pid)
    return stat is not None and stat[1] not in "ZX"


def state_of(pid):
    """One letter, as ps shows it; None when there is no such process."""
    stat = _stat(pid)
    return stat and stat[1]


def children(parent, name=None):
    """The process ids of the children that run, only those of that name if one is given."""
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            stat = _stat(entry.name)
            if stat and stat[2] == parent and stat[1] not in "ZX" and name in (None, stat[0]):
                found.append(int(entry.name))
    return found


def child(parent, name):
    """The process id of the child of that name; None when there is none that runs."""
    return next(iter(children(parent, name)), None)


def processes_of(folder):
    """Ids of the servers that work in `folder` or below, by working directory or by the descriptor 3 they hold."""
    inside = str(pathlib.Path(folder).resolve())
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid() or not is_running(entry.name):
            continue
        for link in ("cwd", "fd/3"):
            try:
                target = os.readlink(entry / link)
            except OSError:
                continue
            if target == inside or target.startswith(inside + "/"):
                found.append(int(entry.name))
                break
    return found


def send_signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def kill_all_of(folder):
    """Kills the servers that work in `folder`, and waits until there are none."""
    def none_left():
        left = processes_of(folder)
        for pid in left:
            send_signal(pid, signal.SIGKILL)
        return not left
    wait_until(none_left, 20, f"no process works in {folder}")


def status_figure(pid, key):
    """A figure of /proc/PID/status: Threads, or VmRSS in bytes."""
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith(key + ":"):
            value = line.split()[1:]
            return int(value[0]) * (1024 if value[1:] == ["kB"] else 1)
    raise KeyError(key)
