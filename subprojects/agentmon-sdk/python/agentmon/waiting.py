"""What waits for the gateway: in memory, or in a folder."""

import collections
import contextlib
import itertools
import os
import threading
import time

try:
    import fcntl
except ImportError:  # no Unix
    fcntl = None

BATCH_EVENTS = 500
BATCH_BYTES = 1024 * 1024
MEMORY_BYTES = 32 * 1024 * 1024
SPOOL_BYTES = 64 * 1024 * 1024


class Memory:
    """Events that are gone with the process."""

    def __init__(self):
        self._events = collections.deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, event):
        """False when there is no room."""
        with self._lock:
            if self._bytes + len(event) > MEMORY_BYTES:
                return False
            self._bytes += len(event)
            self._events.append(event)
            return True

    def __len__(self):
        return len(self._events)

    def turn(self):
        """Nobody else sends what is here."""
        return contextlib.nullcontext(True)

    def next(self):
        """The oldest events, at most one request full of them, and what remove() wants to forget them."""
        events, size = [], 0
        with self._lock:
            for event in itertools.islice(self._events, BATCH_EVENTS):
                size += len(event)
                if events and size > BATCH_BYTES:
                    break
                events.append(event)
        return events, len(events)

    def remove(self, count):
        with self._lock:
            for _ in range(count):
                self._bytes -= len(self._events.popleft())


class Spool:
    """Events in a folder, a file each, named by time: there whole or not at all, and until the gateway has them.

    Raises OSError when the folder cannot be made. Processes that share a folder send in turns, each what all have told.
    """

    _numbers = itertools.count()

    def __init__(self, folder):
        self._folder = folder
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._bytes = sum(os.stat(os.path.join(folder, name)).st_size for name in self._names())
        self._lock = threading.Lock()

    def add(self, event):
        with self._lock:
            if self._bytes + len(event) > SPOOL_BYTES:
                return False
        name = f"{time.time_ns() // 1000:017d}-{next(self._numbers):09d}-{os.getpid()}"
        path = os.path.join(self._folder, name)
        try:
            with open(path + ".part", "wb", opener=_private) as file:
                file.write(event + b"\n")
            os.rename(path + ".part", path + ".jsonl")
        except OSError:
            with contextlib.suppress(OSError):
                os.remove(path + ".part")
            return False
        with self._lock:
            self._bytes += len(event) + 1
        return True

    def __len__(self):
        return len(self._names())

    @contextlib.contextmanager
    def turn(self):
        """Within it: False while another process sends from here. The system takes the lock from one that dies. Where
        nothing can be locked everybody sends: some events twice, which are stored once."""
        lock = None
        try:
            lock = os.open(os.path.join(self._folder, "sending"), os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = True
        except BlockingIOError:
            mine = False
        except (OSError, AttributeError):
            mine = True
        try:
            yield mine
        finally:
            if lock is not None:
                os.close(lock)

    def next(self):
        events, names, size = [], [], 0
        for name in self._names():
            lines = self._read(name)
            size += sum(map(len, lines))
            if names and (size > BATCH_BYTES or len(events) + len(lines) > BATCH_EVENTS):
                break
            events += lines
            names.append(name)
        return events, names

    def remove(self, names):
        for name in names:
            path = os.path.join(self._folder, name)
            try:
                size = os.stat(path).st_size
                os.remove(path)
            except OSError:
                continue  # another process was faster
            with self._lock:
                self._bytes = max(0, self._bytes - size)

    def _names(self):
        try:
            return sorted(name for name in os.listdir(self._folder) if name.endswith(".jsonl"))
        except OSError:
            return []  # somebody took the folder away

    def _read(self, name):
        """A file of the TypeScript client may hold several events."""
        try:
            with open(os.path.join(self._folder, name), "rb") as file:
                return [line for line in file.read().split(b"\n") if line]
        except OSError:
            return []


def _private(path, flags):
    return os.open(path, flags, 0o600)
