"""The frame of an attack: clients post all the while, /readyz and memory are watched, and at the end it is counted."""

import os
import random
import secrets
import threading
import time

import psycopg2
import requests

import events
import processes
from producer import Producer, small_run
from waiting import wait_until

MIB = 1 << 20
#: Decides every random moment and byte; AGENTMON_SEED repeats a run.
SEED = int(os.environ.get("AGENTMON_SEED") or random.SystemRandom().randrange(1 << 32))
#: One line of figures for each attack; reporting.py shows them at the end.
figures = []


def many_runs(tag):
    """102 events, as a hook on a busy machine sends them."""
    return [one for number in range(17) for one in small_run(f"{number:02}{tag}")]


def large_batch(tag, count=24, size=60_000):
    """1.4 MB that nothing makes smaller: more than one journal record holds."""
    return [events.envelope("custom.large", payload={"tag": tag, "output": secrets.token_hex(size // 2)})
            for _ in range(count)]


class Attack:
    """In its with block clients post and a watcher looks. `judge` then says whether all is as it was promised."""

    SHAPES = ((small_run, 0.01), (many_runs, 0.03), (large_batch, 0.3))  # batches and the seconds between them
    RECOVERY = 60  # seconds from the end of the trouble until everything is stored; NATS redelivers after 10

    def __init__(self, instance, name, shapes=SHAPES, memory_mib=256):
        self.instance = instance
        self.random = random.Random(f"{SEED}/{name}")
        self.seen_away = set()  # names of the checks that /readyz told away, and "" when it did not answer
        self.peak_bytes = 0  # VmHWM of agentmon, over all its lives
        self.strikes = 0
        self._name = name
        self._memory_mib = memory_mib
        self._producers = [Producer(instance, batch, pace) for batch, pace in shapes]
        self._ending = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._recovery = None

    def __enter__(self):
        for one in self._producers:
            one.__enter__()
        self._watcher.start()
        return self

    def __exit__(self, *_):
        for one in self._producers:
            one.__exit__()
            self.instance.posted |= one.posted
        self._ending.set()
        self._watcher.join(30)

    # -- while it lasts ----------------------------------------------------------

    def _watch(self):
        session = requests.Session()
        session.trust_env = False
        while not self._ending.wait(0.05):
            self.seen_away |= self._away_now(session)
            self.look_at_memory()

    def _away_now(self, session):
        try:
            told = session.get(self.instance.url("gateway", "/readyz"), timeout=5).json()
        except (requests.RequestException, ValueError):
            return {""}
        return {check["name"] for check in told["checks"] if check["state"] == "away"}

    def look_at_memory(self):
        try:
            self.peak_bytes = max(self.peak_bytes, processes.status_figure(self.instance.process.pid, "VmHWM"))
        except (OSError, KeyError):
            pass  # between two lives

    def moment(self, longest=1.0):
        """Lets a random time pass, at most so many seconds."""
        until = time.monotonic() + self.random.uniform(0, longest)
        wait_until(lambda: time.monotonic() >= until, longest + 5, "a random moment")

    def wait_for_batches(self, count, deadline=60):
        """Until so many more of the small batches have been accepted."""
        self._producers[0].wait_for_batches(count, deadline)

    def strike(self, blow, *arguments):
        self.look_at_memory()
        self.strikes += 1
        return blow(*arguments)

    def wait_for_told(self, name, deadline=20):
        """Until /readyz tells in words that `name` is away."""
        check = wait_until(lambda: (one := self.instance.check(name)) and one["state"] == "away" and one, deadline,
                           f"/readyz tells {name} away")
        assert len(check["message"].split()) >= 4 and check["since"], check

    def wait_recovered(self, deadline=RECOVERY):
        """The trouble has ended: until all ports are ready again by themselves."""
        begin = time.monotonic()
        self.instance.wait_ready(deadline)
        self._recovery = time.monotonic() - begin

    def accepted(self):
        """The ids of all events that were answered 202 by now."""
        return set().union(*(set(one.accepted) for one in self._producers))

    def wait_for_broken(self):
        """Until every client has met that nobody answers: whatever was on its way has come, and is in `accepted`."""
        before = [one.broken for one in self._producers]
        wait_until(lambda: all(one.broken > known for one, known in zip(self._producers, before)), 30,
                   "each client meets a broken connection", poll=0.005)

    def refusals(self):
        """(status, code, Retry-After) of each answer that said: not now."""
        return [one for each in self._producers for one in each.refused]

    def latencies(self):
        return [one for each in self._producers for one in each.latencies]

    # -- at the end ----------------------------------------------------------------

    def judge(self, told=(), besides=()):
        """Every event answered 202 is stored once, nothing is that was never sent (or is in `besides`), all sums agree,
        memory stayed bounded, and /readyz told what is in `told`."""
        assert self._ending.is_set(), "judge what has ended"
        begin = time.monotonic()
        surprises = [one for each in self._producers for one in each.surprises]
        assert not surprises, surprises[:3]
        accepted = self.accepted()
        assert accepted, "nothing was accepted: the attack shows nothing"
        self._wait_stored(accepted)
        stored_after = time.monotonic() - begin
        self._report(accepted, stored_after)
        stored = self.instance.stored_ids()
        assert len(stored) == len(set(stored)), "an event is stored more than once"
        assert accepted <= set(stored)
        strange = set(stored) - self.instance.posted - set(besides)
        assert not strange, f"{len(strange)} events are stored that nobody sent"
        self.instance.verify()
        assert self.peak_bytes < self._memory_mib * MIB, f"peak memory {self.peak_bytes / MIB:.0f} MiB"
        assert set(told) <= self.seen_away, f"/readyz told only {self.seen_away} of {told}"

    def _wait_stored(self, accepted):
        missing = set(accepted)

        def all_there():
            try:
                missing.difference_update(self.instance.stored_ids())
            except psycopg2.OperationalError:
                return False
            return not missing
        try:
            wait_until(all_there, self.RECOVERY, "everything that was accepted is stored", poll=0.2)
        except AssertionError:
            raise AssertionError(f"seed {SEED}: {len(missing)} of {len(accepted)} accepted events are not stored, such "
                                 f"as {sorted(missing)[:3]}") from None

    def _report(self, accepted, stored_after):
        batches = sum(one.batches for one in self._producers)
        broken = sum(one.broken for one in self._producers)
        latencies = sorted(self.latencies())
        ready = "" if self._recovery is None else f"ready again after {self._recovery:.1f} s, "
        figures.append(f"{self._name}: seed {SEED}, {len(accepted)} events in {batches} batches accepted, "
                       f"{len(self.refusals())} batches refused, {broken} broken off, answers p99 "
                       f"{1000 * latencies[len(latencies) * 99 // 100]:.0f} ms, at most {latencies[-1]:.1f} s, "
                       f"{self.strikes} strikes, {ready}all stored {stored_after:.1f} s after the last, peak "
                       f"{self.peak_bytes / MIB:.0f} MiB")
