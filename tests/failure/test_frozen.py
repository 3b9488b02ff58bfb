"""A process that neither works nor ends: SIGSTOP, as a host without memory or a stuck disk would do it."""

import signal

import pytest

import processes
from attack import Attack
from waiting import LONG

CLEARED = "NATS has lost part of the stream"


def family(pid):
    return [pid, *processes.children(pid)]


@pytest.mark.parametrize("name", ["postgresql", "nats"])
def test_a_server_is_frozen(system, name):
    with Attack(system, f"{name} frozen") as attack:
        attack.wait_for_batches(30)
        pids = family(system.postgres_pid() if name == "postgresql" else system.nats_pid())
        for pid in pids:
            attack.strike(processes.send_signal, pid, signal.SIGSTOP)
        try:
            attack.wait_for_told(name)
            attack.wait_for_batches(30)  # accepted all the while
            attack.moment(30 if LONG else 3)
        finally:
            for pid in pids:
                processes.send_signal(pid, signal.SIGCONT)
        attack.wait_recovered()
        attack.wait_for_batches(10)
    attack.judge(told={name})
    assert not attack.refusals(), "the gateway accepts meanwhile"
    if name == "postgresql":
        assert CLEARED not in system.log_text(), "what waits for PostgreSQL is with a processor, which says so"


def test_agentmon_is_frozen(system):
    """A laptop that sleeps: what it had in hand NATS has given up, and delivers again."""
    with Attack(system, "agentmon frozen") as attack:
        attack.wait_for_batches(30)
        attack.strike(processes.send_signal, system.process.pid, signal.SIGSTOP)
        attack.moment(30 if LONG else 3)
        processes.send_signal(system.process.pid, signal.SIGCONT)
        attack.wait_recovered()
        attack.wait_for_batches(10)
    attack.judge()
