"""agentmon or one of its private servers ends, in any way, while a client posts: each 202 is stored once."""

import shutil
import signal
import time

import pytest

import processes
from harness import PORTS
from producer import Producer, assert_all_stored_once
from sockets import Viewer
from waiting import rounds, wait_until

pytestmark = pytest.mark.usefixtures("it_runs_again")


def test_killed_and_restarted(system):
    with Producer(system) as producer:
        for _ in range(rounds(2)):
            producer.wait_for_batches(60)
            system.kill()
            system.start()
        producer.wait_for_batches(60)
    assert producer.broken, "the producer met the crash"
    assert_all_stored_once(system, producer)


def test_killed_while_it_starts(system):
    with Producer(system) as producer:
        producer.wait_for_batches(20)
        for patience in (0.05, 0.3, 0.8)[: rounds(3)]:
            system.kill()
            system.start(ready=False)
            until = time.monotonic() + patience
            wait_until(lambda: time.monotonic() > until, 5, "some way into the start")
        system.kill()
        system.start()
        producer.wait_for_batches(20)
    assert_all_stored_once(system, producer)


def test_ordered_stop_in_the_middle(system):
    with Producer(system) as producer:
        producer.wait_for_batches(60)
        assert system.stop() == 0
        assert processes.processes_of(system.data) == [], "the private servers have ended, too"
        system.start()
        producer.wait_for_batches(20)
    assert_all_stored_once(system, producer)
    assert all(status == 503 and code == "stopping" for status, code, _ in producer.refused), producer.refused


def test_ordered_stop_does_not_wait_for_idle_clients(system):
    with Viewer(system.url("query", "/v1/ws", "ws")) as viewer:
        viewer.hello()
        for port in PORTS:
            assert system.get("/healthz", port).status_code == 200  # the connection stays open
        begin = time.monotonic()
        assert system.stop() == 0
        assert time.monotonic() - begin < 4
        wait_until(lambda: viewer.ended, 5, "the viewer is told")
        assert viewer.ended == 1001, "going away"


def test_torn_tail_of_the_journal(system):
    """A power failure may leave half a record behind the last sync; what was synced is all there."""
    with Producer(system) as producer:
        producer.wait_for_batches(40)
        system.kill()
        newest = max((system.data / "journal").glob("*.segment"))
        with open(newest, "ab") as segment:
            segment.write(b"\x17torn" * 100)
        system.start()
        producer.wait_for_batches(40)
    assert_all_stored_once(system, producer)


@pytest.mark.parametrize("server", ["nats", "postgres"])
def test_a_private_server_is_killed(system, server):
    pid_of = system.nats_pid if server == "nats" else system.postgres_pid
    with Producer(system) as producer:
        for _ in range(rounds(1)):
            producer.wait_for_batches(30)
            before = pid_of()
            processes.send_signal(before, signal.SIGKILL)
            wait_until(lambda: pid_of() not in (None, before), 20, f"another {server} runs")
            system.wait_ready(40)
            producer.wait_for_batches(30)
    assert_all_stored_once(system, producer)


def test_the_private_nats_loses_its_store(system):
    with Producer(system) as producer:
        producer.wait_for_batches(30)
        pid = system.nats_pid()
        processes.send_signal(pid, signal.SIGSTOP)  # so that nothing is written while it is taken away
        shutil.rmtree(system.data / "nats" / "store")
        processes.send_signal(pid, signal.SIGKILL)
        wait_until(lambda: system.nats_pid() not in (None, pid), 20, "another nats-server runs")
        system.wait_ready(40)
        producer.wait_for_batches(30)
    assert_all_stored_once(system, producer)


def test_nothing_is_left_behind_by_a_kill(system):
    system.kill()
    wait_until(lambda: not processes.processes_of(system.data), 20, "the private servers end with their parent")
