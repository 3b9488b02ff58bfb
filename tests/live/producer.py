"""A client that posts all the while, sends again what was not taken, and remembers what was."""

import datetime
import json
import threading
import time
import uuid

import requests

import events
from waiting import wait_until


def small_run(tag):
    """Six events of a run with one tool call: enough for folding to go wrong if it could."""
    correlation = {"session_id": f"load-{tag[:6]}", "run_id": f"load-{tag}"}
    begin = events.now()

    def one(type, second, span=None, **payload):
        names = correlation if span is None else {**correlation, "span_id": span}
        return events.envelope(type, begin + datetime.timedelta(milliseconds=second), correlation=names,
                               payload=payload)
    return [
        one("run.start", 0),
        one("span.start", 5, "a", kind="tool", name="exec"),
        one("span.end", 25, "a", kind="tool", name="exec", status="success", duration_ms=20),
        one("span.start", 30, "b", kind="model"),
        one("span.end", 60, "b", kind="model", status="success", usage={"input_tokens": 100, "output_tokens": 7}),
        one("run.end", 70, status="success"),
    ]


class Producer:
    """Posts batches on a thread of its own, from entering the with block to leaving it."""

    def __init__(self, instance, batch=small_run, pace=0.01):
        self._url = instance.url("gateway", "/v1/events")
        self._make = batch
        self._pace = pace  # seconds between two batches
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.posted = set()  # ids of every event that was sent, whatever became of it
        self.accepted = set()  # ids of events that were answered 202
        self.batches = 0  # accepted batches
        self.latencies = []  # seconds to each answer, whatever it was
        self.refused = []  # (status, code, Retry-After) of each answer that said: not now
        self.broken = 0  # connections that failed
        self.surprises = []  # answers that no producer should get

    def _work(self):
        session = requests.Session()
        session.trust_env = False
        batch = None
        while not self._ending.wait(self._pace):
            if batch is None:
                batch = self._make(uuid.uuid4().hex)
                self.posted.update(events.ids_of(batch))
            begin = time.monotonic()
            try:
                answer = session.post(self._url, data=json.dumps(batch).encode(), timeout=20)
            except requests.RequestException:
                self.broken += 1
                continue
            self.latencies.append(time.monotonic() - begin)
            if answer.status_code == 202 and answer.json() == {"accepted": len(batch), "rejected": []}:
                self.accepted.update(events.ids_of(batch))
                self.batches += 1
                batch = None
            elif answer.status_code in (503, 504):
                self.refused.append((answer.status_code, answer.json()["error"]["code"],
                                     answer.headers.get("Retry-After")))
            else:
                self.surprises.append((answer.status_code, answer.text[:300]))
                batch = None

    def wait_for_batches(self, count, deadline=30):
        """Until so many more batches have been accepted."""
        goal = self.batches + count
        wait_until(lambda: self.batches >= goal, deadline, f"{count} more batches accepted")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join(30)


CATCH_UP = 30  # seconds from "everything is up again" to "everything is stored"


def assert_all_stored_once(instance, producer, deadline=CATCH_UP):
    """Everything that was answered 202 arrives in the store, each event once, and all sums agree with it."""
    assert not producer.surprises, producer.surprises[:3]
    assert producer.accepted, "the producer got nothing accepted: the test shows nothing"
    instance.wait_stored(producer.accepted, deadline)
    stored = instance.stored_ids()
    assert len(stored) == len(set(stored)), "an event is stored more than once"
    assert producer.accepted <= set(stored)
    instance.verify()
