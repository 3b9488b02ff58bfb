"""Power failure, as far as it can be played: everything ends at once, and the files are as a disk may leave them. What
was synced is there: PostgreSQL's files, and the journal up to what was answered 202. NATS syncs every two minutes, so
its store may be anything."""

import re
import shutil
import signal
import struct

import pytest

import processes
from attack import Attack
from harness import Instance
from servers import Nats
from waiting import rounds, wait_until

MAGIC = b"\xf5AM\xff"  # journal/record.hpp
HEADER = 32

pytestmark = pytest.mark.usefixtures("it_runs_again")


def cut_the_power(system):
    everything = [system.process.pid, *processes.processes_of(system.data)]
    for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped first, so that none sees another one end
        for pid in everything:
            processes.send_signal(pid, number)
    system.process.wait(10)
    processes.kill_all_of(system.data)


# -- the journal ---------------------------------------------------------------------


def end_of_synced(segment, accepted):
    """Where the last record ends that holds an event that was answered 202: all before it had been synced."""
    end = at = 0
    while segment[at:at + 4] == MAGIC:
        length = HEADER + struct.unpack_from("<I", segment, at + 8)[0]
        ids = re.findall(rb'"id": ?"([0-9a-f-]{36})"', segment[at:at + length])
        if any(one.decode() in accepted for one in ids):
            end = at + length
        at += length
    return end


def spoil_journal(system, accepted, random):
    """What was written and not synced may be missing or anything, from any byte on."""
    segments = [one for one in sorted((system.data / "journal").glob("*.segment")) if one.stat().st_size]
    if not segments:
        return
    content = segments[-1].read_bytes()
    at = random.randint(end_of_synced(content, accepted), len(content))
    rest = random.choice([b"", random.randbytes(len(content) - at), bytes(len(content) - at),
                          random.randbytes(len(content) - at + random.randrange(100_000))])
    segments[-1].write_bytes(content[:at] + rest)


# -- NATS ------------------------------------------------------------------------------


def stream_of(store):
    return store / "jetstream" / "$G" / "streams" / "AGENTMON"


def replace(place, copy):
    shutil.rmtree(place, ignore_errors=True)
    if copy.exists():
        shutil.copytree(copy, place)


def as_it_was(*_):
    pass


def earlier(store, copy, _):
    replace(store, copy)


def wiped(store, *_):
    shutil.rmtree(store)


def earlier_messages(store, copy, _):
    """The consumer knows more than the stream holds."""
    replace(stream_of(store) / "msgs", stream_of(copy) / "msgs")


def earlier_consumer(store, copy, _):
    """The stream has given away what the consumer has not seen."""
    replace(stream_of(store) / "obs", stream_of(copy) / "obs")


def no_messages(store, *_):
    shutil.rmtree(stream_of(store) / "msgs", ignore_errors=True)


def no_consumer(store, *_):
    shutil.rmtree(stream_of(store) / "obs", ignore_errors=True)


def damaged_files(store, _, random):
    """Cut, filled with zeros from somewhere on, or with a flipped byte."""
    for file in sorted(one for one in store.rglob("*") if one.is_file()):
        if random.random() < 0.5:
            continue
        content = bytearray(file.read_bytes())
        at = random.randint(0, len(content))
        how = random.randrange(3)
        if how == 0:
            content = content[:at]
        elif how == 1:
            content[at:] = bytes(len(content) - at)
        elif at < len(content):
            content[at] ^= 1 << random.randrange(8)
        file.write_bytes(content)


LOSSES = [as_it_was, earlier, wiped, earlier_messages, earlier_consumer, no_messages, no_consumer, damaged_files]


def copy_store(store, copy, pid, frozen):
    """A copy of NATS's store while it works: of one moment, or torn."""
    shutil.rmtree(copy, ignore_errors=True)
    if frozen:
        processes.send_signal(pid, signal.SIGSTOP)
    # Files come and go while they are copied; one that has gone is not in the copy.
    try:
        shutil.copytree(store, copy, ignore_dangling_symlinks=True)
    except shutil.Error:
        pass
    processes.send_signal(pid, signal.SIGCONT)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_power_failure(system, loss):
    store, copy = system.data / "nats" / "store", system.folder / "earlier"
    with Attack(system, f"power failure, NATS {loss.__name__}") as attack:
        for _ in range(rounds(1)):
            attack.moment(1)
            pid = wait_until(system.nats_pid, 20, "nats-server runs")
            copy_store(store, copy, pid, frozen=attack.random.random() < 0.5)
            attack.moment(1)
            attack.strike(cut_the_power, system)
            attack.wait_for_broken()
            spoil_journal(system, attack.accepted(), attack.random)
            loss(store, copy, attack.random)
            system.start(ready=False)
        attack.wait_recovered()
        attack.wait_for_batches(10)
    attack.judge()


@pytest.fixture(scope="module")
def apart():
    """A nats-server on a host of its own, whose power failure agentmon survives."""
    with Nats() as nats, Instance(NATS_URL=nats.url) as instance:
        yield instance, nats


@pytest.mark.parametrize("loss", LOSSES[1:], ids=lambda loss: loss.__name__)
def test_power_failure_of_nats_alone(apart, loss):
    system, nats = apart
    store, copy = nats.folder / "store", nats.folder / "earlier"
    with Attack(system, f"power failure of NATS alone, {loss.__name__}") as attack:
        for _ in range(rounds(1)):
            attack.moment(1)
            copy_store(store, copy, nats.process.pid, frozen=attack.random.random() < 0.5)
            attack.moment(1)
            attack.strike(nats.stop, signal.SIGKILL)
            loss(store, copy, attack.random)
            nats.start()
        attack.wait_recovered()
        attack.wait_for_batches(10)
    attack.judge()
