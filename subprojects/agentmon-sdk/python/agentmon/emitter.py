"""The emitter and its scopes: sessions, runs and spans."""

import atexit
import collections
import contextvars
import functools
import inspect
import os
import socket
import sys
import threading
import time
import weakref

from .delivery import LAST_PAUSE, Gateway, drain
from .envelope import TooLarge, encode, uuid7
from .waiting import Memory, Spool

CLOSE_SECONDS = 5.0

_around = contextvars.ContextVar("agentmon_scope", default=None)


class Opener:
    """What opens scopes: an emitter, within the scope around the caller, and a scope, within itself."""

    def session(self, *, id=None):
        """A conversation."""
        return Scope(self._emitter, "session", {"session_id": id or _new_id()}, {})

    def run(self, *, id=None, input=None):
        """One user message until the agent's answer."""
        ids = {"session_id": self._ids().get("session_id") or _new_id(), "run_id": id or _new_id()}
        return Scope(self._emitter, "run", ids, {}, input)

    def span(self, kind, name=None, *, id=None, input=None):
        """A piece of work in a run; kind is tool, model, compaction or subagent."""
        around = self._ids()
        ids = {
            "session_id": around.get("session_id") or _new_id(),
            "run_id": around.get("run_id") or _new_id(),
            "span_id": id or _new_id(),
            "parent_span_id": around.get("span_id"),
        }
        return Scope(self._emitter, "span", ids, {"kind": kind, "name": name}, input)

    def tool(self, function):
        """Decorates a function, async or not: each call is a span of kind tool with its arguments and its result."""
        signature = inspect.signature(function)

        def span(args, kwargs):
            return self.span("tool", function.__name__, input=_arguments(signature, args, kwargs))

        if inspect.iscoroutinefunction(function):
            @functools.wraps(function)
            async def call(*args, **kwargs):
                with span(args, kwargs) as around:
                    around.output = await function(*args, **kwargs)
                    return around.output
        else:
            @functools.wraps(function)
            def call(*args, **kwargs):
                with span(args, kwargs) as around:
                    around.output = function(*args, **kwargs)
                    return around.output
        return call


class Emitter(Opener):
    """Sends events from a thread of its own; for any number of threads and tasks. Nothing here raises or waits for the
    network but flush() and close(), which wait as long as they are told. An argument that is None is read from the
    environment (../README.md)."""

    def __init__(self, framework, *, url=None, token=None, client_id=None, host=None, spool=None):
        name = os.environ.get("AGENTMON_VM_NAME") or socket.gethostname()
        self._source = {"framework": framework, "client_id": client_id or name, "host": host or name}
        capture = os.environ.get("AGENTMON_CAPTURE_CONTENT", "").strip().lower()
        self._capture = capture not in ("0", "no", "off", "false")
        self._address = (os.environ.get("AGENTMON_INGEST_URL") if url is None else url,
                         os.environ.get("AGENTMON_INGEST_TOKEN") if token is None else token)
        self._spool = spool
        self._emitter = self
        self._said = set()
        self._begin()
        atexit.register(self.close)
        if hasattr(os, "register_at_fork"):
            this = weakref.ref(self)
            os.register_at_fork(after_in_child=lambda: this() and this()._begin())

    def emit(self, type, payload=None, *, attributes=None, at_us=None, session_id=None, run_id=None, span_id=None,
             parent_span_id=None, trace_id=None):
        """Tells one event. Without a session_id it belongs to the scope around the caller; `at_us`: microseconds since
        1970, now when it is None."""
        ids = {"session_id": session_id, "run_id": run_id, "span_id": span_id, "parent_span_id": parent_span_id}
        self._tell(type, self._ids() if session_id is None else ids, payload, attributes, at_us, trace_id)

    def flush(self, timeout=CLOSE_SECONDS):
        """Sends what waits, without pausing first; True when nothing waits any more."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._waiting, timeout)

    def close(self, timeout=CLOSE_SECONDS):
        """Takes no more events, and flushes. What is in memory after `timeout` seconds is dropped."""
        atexit.unregister(self.close)
        with self._changed:
            if self._closed:
                return
            self._closed = True
        self.flush(timeout)
        with self._changed:
            self._stopping = True
            left = len(self._waiting) if isinstance(self._waiting, Memory) else 0
            self._changed.notify_all()
        if left:
            self._drop("closed", "the gateway was away until the end", left)

    def dropped(self):
        """How many events were dropped, by reason."""
        with self._changed:
            return dict(self._dropped)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _ids(self):
        around = _around.get()
        return around.ids if around else {}

    def _begin(self):
        """As new: also in a forked child, which has no thread, and whose parent sends what waited."""
        self._changed = threading.Condition()
        self._dropped = collections.Counter()
        self._thread = None
        self._closed = self._stopping = self._hurry = False
        self._waiting = Memory()
        self._gateway = None
        try:
            self._gateway = Gateway(*self._address)
            if self._spool:
                self._waiting = Spool(self._spool)
        except ValueError as wrong:
            self._say("no_gateway", f"{wrong}; nothing is sent")
        except OSError as failure:
            self._say("full", f"the spool cannot be used, events wait in memory: {failure}")
        if self._waiting:
            self._wake()

    def _tell(self, type, ids, payload, attributes=None, at_us=None, trace_id=None):
        try:
            if self._gateway is None:
                return self._drop("no_gateway")
            if self._closed:
                return self._drop("closed", "an event was told after close")
            at_us = time.time_ns() // 1000 if at_us is None else at_us
            event = encode(type, at_us, self._source, {**ids, "trace_id": trace_id}, payload, attributes, self._capture)
            if not self._waiting.add(event):
                return self._drop("full", "there is no more room for events that wait")
            self._wake()
        except TooLarge as large:
            self._drop("too_large", str(large))
        except Exception as failure:  # the program that is watched must not suffer from it
            self._drop("invalid", f"{type} cannot be told: {failure!r}")

    def _wake(self):
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="agentmon", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _work(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or self._waiting)
                if self._stopping:
                    return
            try:
                drain(self._waiting, self._gateway.post, self._pause, self._rejected, self._say)
            except Exception as failure:  # a fault of ours must not end the thread
                self._say("fault", f"events cannot be sent: {failure!r}")
                self._pause(LAST_PAUSE)
            with self._changed:
                self._changed.notify_all()

    def _rejected(self, count):
        self._drop("rejected", count=count)

    def _pause(self, seconds):
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._hurry, seconds)
            self._hurry = False
            return not self._stopping

    def _drop(self, reason, why=None, count=1):
        with self._changed:
            self._dropped[reason] += count
        if why:
            self._say(reason, f"{why}: dropped ({reason})")

    def _say(self, kind, text):
        if kind in self._said:
            return
        self._said.add(kind)
        try:
            print(f"agentmon: {text}", file=sys.stderr)
        except (OSError, ValueError, AttributeError):
            pass  # there is nobody left to tell


class Scope(Opener):
    """A session, run or span, from entering its with block to leaving it. Set `output`, `usage` (a dict of figures),
    `status` and `error` (a dict of type and message) within it; an exception sets the last two."""

    def __init__(self, emitter, level, ids, labels, input=None):
        self.ids = ids
        self.output = self.usage = self.status = self.error = None
        self._emitter = emitter
        self._level = level
        self._labels = _known(labels)
        self._input = input

    def __enter__(self):
        self._outer = _around.set(self)
        self._began = time.monotonic()
        self._emitter._tell(f"{self._level}.start", self.ids, {**self._labels, **_known({"input": self._input})})
        return self

    def __exit__(self, _, raised, __):
        try:
            _around.reset(self._outer)
        except ValueError:
            pass  # left in another context than entered, as generators may be
        if raised is not None:
            failed = isinstance(raised, Exception)  # else it was cancelled, interrupted or told to exit
            self.status = "error" if failed else "aborted"
            self.error = {"type": type(raised).__name__, "message": _words(raised)} if failed else None
        told = {"output": self.output, "usage": self.usage, "status": self.status or "success", "error": self.error}
        if self._level != "session":
            told["duration_ms"] = round((time.monotonic() - self._began) * 1000, 3)
        self._emitter._tell(f"{self._level}.end", self.ids, {**self._labels, **_known(told)})

    def _ids(self):
        return self.ids


def _new_id():
    return uuid7(time.time_ns() // 1000)


def _known(values):
    return {key: value for key, value in values.items() if value is not None}


def _words(raised):
    try:
        return str(raised)
    except Exception:
        return type(raised).__name__


def _arguments(signature, args, kwargs):
    try:
        given = dict(signature.bind(*args, **kwargs).arguments)
    except TypeError:
        return None  # the call itself will say so
    given.pop("self", None)
    return given
