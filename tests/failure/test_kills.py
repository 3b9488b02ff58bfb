"""kill -9 at random moments, also while it recovers from the last one, and of two at once."""

import signal

import pytest

import processes
from attack import Attack
from waiting import rounds

pytestmark = pytest.mark.usefixtures("it_runs_again")


def kill_agentmon(system, _):
    """What supervises agentmon starts it again; all else it does itself."""
    system.kill()
    system.start(ready=False)


def kill_nats(system, _):
    if pid := system.nats_pid():
        processes.send_signal(pid, signal.SIGKILL)


def kill_postmaster(system, _):
    if pid := system.postgres_pid():
        processes.send_signal(pid, signal.SIGKILL)


def kill_backend(system, random):
    """One of PostgreSQL's processes, whichever: the postmaster then ends all others and recovers."""
    if (pid := system.postgres_pid()) and (backends := processes.children(pid)):
        processes.send_signal(random.choice(backends), signal.SIGKILL)


TARGETS = {"agentmon": kill_agentmon, "nats": kill_nats, "postmaster": kill_postmaster, "backend": kill_backend}


@pytest.mark.parametrize("target", TARGETS)
def test_killed_at_random_moments(system, target):
    with Attack(system, f"kill {target}") as attack:
        for _ in range(rounds(3)):
            attack.moment(1.5)
            attack.strike(TARGETS[target], system, attack.random)
        attack.wait_recovered()
        attack.wait_for_batches(10)
    attack.judge()


def test_two_killed_at_once(system):
    with Attack(system, "kill two at once") as attack:
        for _ in range(rounds(4)):
            attack.moment(1.5)
            # agentmon, if it is one of them, comes last: it is started again in the same step
            for target in sorted(attack.random.sample(list(TARGETS), 2), key=lambda name: name == "agentmon"):
                attack.strike(TARGETS[target], system, attack.random)
        attack.wait_recovered()
        attack.wait_for_batches(10)
    attack.judge()
