"""An actor whose thread never comes back, in the real program: seen, replaced, and harmless when it returns."""

import contextlib
import ctypes
import os
import pathlib
import re

import pytest

from harness import Instance
from producer import Producer, assert_all_stored_once
from waiting import wait_until

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT, WAIT_ALL = 17, 0x4206, 0x4207, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def threads(pid, name):
    """The threads of that name, oldest first."""
    tasks = sorted(pathlib.Path(f"/proc/{pid}/task").iterdir(), key=lambda one: int(one.name))
    return [int(task.name) for task in tasks if (task / "comm").read_text().strip() == name]


class Frozen:
    """One thread of another process stands still, whatever it is at."""

    def __init__(self, thread):
        self.thread = thread

    def __enter__(self):
        if libc.ptrace(PTRACE_SEIZE, self.thread, None, None) != 0:
            pytest.skip(f"this machine does not let a thread be frozen: {os.strerror(ctypes.get_errno())}")
        libc.ptrace(PTRACE_INTERRUPT, self.thread, None, None)
        os.waitpid(self.thread, WAIT_ALL)
        return self

    def __exit__(self, *_):
        libc.ptrace(PTRACE_DETACH, self.thread, None, None)


def metric(instance, name, actor):
    found = re.search(rf'^{name}{{actor="{actor}"}} (\S+)$', instance.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else None


def test_a_thread_that_hangs_is_replaced_and_harmless_when_it_returns():
    with Instance() as instance:
        wait_until(lambda: len(threads(instance.process.pid, "reader")) == 3, 10, "three readers")
        with Frozen(threads(instance.process.pid, "reader")[0]):
            wait_until(lambda: sum(metric(instance, "agentmon_actor_restarts_total", f"reader-{n}") for n in (1, 2, 3)) == 1,
                       50, "the reader that hangs is replaced")
            assert "an actor is stuck" in instance.log_text()
            instance.json("/v1/events")
            roles = {each["role"]: each["state"] for each in instance.readiness("query")["roles"]}
            wait_until(lambda: all(metric(instance, "agentmon_actor_up", f"reader-{n}") == 1 for n in (1, 2, 3)), 5, "all up")
            assert roles["query"] in ("ready", "degraded")
        wait_until(lambda: "an actor that hung has returned and ended" in instance.log_text(), 10, "it has ended")
        instance.json("/v1/events")
        assert instance.stop() == 0


def test_what_a_stuck_actor_had_not_acknowledged_is_stored_once():
    with Instance() as instance, contextlib.ExitStack() as frozen:
        for name in ("publisher", "puller"):
            # The oldest is the actor's; those of the NATS client, which it has started, are called the same.
            frozen.enter_context(Frozen(threads(instance.process.pid, name)[0]))
        with Producer(instance, pace=0.2) as producer:
            for name in ("publisher", "puller"):
                wait_until(lambda: metric(instance, "agentmon_actor_restarts_total", name) == 1, 60, f"a new {name}")
            producer.wait_for_batches(5)
            frozen.close()
            producer.wait_for_batches(5)
        wait_until(lambda: instance.log_text().count("an actor that hung has returned and ended") == 2, 20, "both end")
        assert_all_stored_once(instance, producer)
        assert len(producer.refused) == 0, "nobody was refused while the bus side hung"
        assert instance.stop() == 0


def test_every_actor_is_told_of_on_metrics(system):
    for actor in ("gateway-worker-1", "gate", "journal", "publisher", "puller", "writer-1", "writer-2", "indexer",
                  "aggregator", "broadcaster", "reader-3", "proxy-1", "fleet"):
        assert metric(system, "agentmon_actor_up", actor) == 1, actor
        assert metric(system, "agentmon_actor_mailbox_messages", actor) is not None
