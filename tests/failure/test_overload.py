"""More than fits: the gateway says 503 and keeps what it accepted; a viewer that does not read harms no other."""

import contextlib
import http.client
import json
import re
import threading
import time
import uuid

import pytest

from attack import Attack, figures
from events import envelope, ids_of
from harness import Instance
from producer import small_run
from servers import Postgres
from sockets import RawSocket, Viewer
from waiting import LONG, wait_until


def large_batch(events=30, size=200 << 10):
    return [envelope("custom.large", payload={"output": "x" * size}) for _ in range(events)]


class TestFullJournal:
    @pytest.fixture(scope="class")
    def postgres(self):
        with Postgres() as postgres:
            yield postgres

    @pytest.fixture(scope="class")
    def small(self, postgres):
        with Instance(DATABASE_URL=postgres.url, AGENTMON_JOURNAL_BYTES="128MiB") as instance:
            yield instance

    def test_refuses_in_words_and_keeps_what_it_accepted(self, small, postgres):
        accepted = []
        postgres.stop()
        for _ in range(40):  # 6 MB each: the bound is met after about 22
            batch = large_batch()
            answer = small.post(batch)
            if answer.status_code != 202:
                break
            accepted += ids_of(batch)
        assert answer.status_code == 503, "the journal has no bound"
        assert len(accepted) > 100, "the journal took almost nothing"
        assert int(answer.headers["Retry-After"]) >= 1
        error = answer.json()["error"]
        assert error["code"] == "overload" and "journal" in error["message"]
        assert small.get("/healthz", "gateway").status_code == 200

        postgres.start()
        small.wait_stored(accepted, deadline=60)
        wait_until(lambda: small.post(large_batch(1)).status_code == 202, 30, "room in the journal again")
        small.wait_ready(30)
        assert small.count_stored(ids_of(batch)) == 0, "what was refused was stored"
        small.verify()


class TestManyClients:
    @pytest.fixture(scope="class")
    def system(self):
        with Instance() as instance:
            yield instance

    def test_more_bytes_at_once_than_the_window(self, system):
        """24 clients with 6 MB each: every one is answered, with 202 or 503, and each 202 is stored."""
        batches = [large_batch() for _ in range(24)]
        answers = {}

        def post(number):
            answers[number] = system.post(batches[number])
        threads = [threading.Thread(target=post, args=(number,)) for number in range(len(batches))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(answers) == len(batches)
        for answer in answers.values():
            assert answer.status_code in (202, 503), answer.text
            assert answer.status_code == 202 or int(answer.headers["Retry-After"]) >= 1
        accepted = [number for number, answer in answers.items() if answer.status_code == 202]
        assert accepted
        system.wait_stored([one for number in accepted for one in ids_of(batches[number])], deadline=60)

    def test_a_slow_viewer_gets_a_gap_and_the_others_do_not_suffer(self, system):
        with RawSocket(system.ports["query"], receive_buffer=4096) as slow, \
                Viewer(system.url("query", "/v1/ws", "ws")) as quick:
            slow.open_websocket("/v1/ws")
            quick.hello()
            sent = []
            for _ in range(150):  # 15 MB: more than the sockets' buffers and the backlog of one viewer hold
                batch = [envelope("custom.wide", payload={"output": "y" * (100 << 10)})]
                system.accept(batch)
                sent += ids_of(batch)
            begin = time.monotonic()
            quick.wait_for_events(sent, deadline=20)
            assert time.monotonic() - begin < 5
            assert not [frame for frame in quick.frames if "gap" in frame]
            assert b'"gap":' in self.read_until_gap(slow)

    def read_until_gap(self, slow):
        while (frame := slow.receive_frame()) is not None:
            if frame[1].startswith(b'{"gap"'):
                return frame[1]
        return b"the connection ended without a gap notice"

    def test_a_client_that_sends_slowly_holds_nobody_up(self, system):
        with RawSocket(system.ports["gateway"]) as slow:
            slow.send(b"POST /v1/events HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n[")
            begin = time.monotonic()
            system.accept([envelope()])
            assert time.monotonic() - begin < 2


class LargePosts:
    """Clients that post large batches as fast as they are answered and never wait when they are told to."""

    EVENTS, SIZE = 30, 200 << 10  # 6 MB a batch, near the bound of a body
    MARK = b"--an-event-id-in-thirty-six-places--"

    def __init__(self, system, clients):
        self._address = ("127.0.0.1", system.ports["gateway"])
        batch = [envelope("custom.large", event_id=self.MARK.decode(), payload={"output": "x" * self.SIZE})
                 for _ in range(self.EVENTS)]
        self._template = json.dumps(batch).encode()
        self._places = [found.start() for found in re.finditer(self.MARK, self._template)]
        self._ending = threading.Event()
        self.answers = []  # (status, seconds to the answer, has a Retry-After, ids)
        self._threads = [threading.Thread(target=self._post) for _ in range(clients)]

    def _post(self):
        body = bytearray(self._template)
        with contextlib.closing(http.client.HTTPConnection(*self._address, timeout=60)) as connection:
            while not self._ending.is_set():
                ids = [str(uuid.uuid4()) for _ in self._places]
                for place, one in zip(self._places, ids):
                    body[place:place + len(one)] = one.encode()
                begin = time.monotonic()
                connection.request("POST", "/v1/events", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                self.answers.append((answer.status, time.monotonic() - begin, answer.getheader("Retry-After"), ids))

    def run(self, seconds):
        """Gives the accepted megabytes a second."""
        begin = time.monotonic()
        for one in self._threads:
            one.start()
        self._ending.wait(seconds)
        self._ending.set()
        for one in self._threads:
            one.join(90)
        return len(self.with_status(202)) * len(self._template) / 1e6 / (time.monotonic() - begin)

    def with_status(self, status):
        return [one for one in self.answers if one[0] == status]

    def ids(self, status):
        return [one for answer in self.with_status(status) for one in answer[3]]


def test_three_times_what_it_can_take():
    """48 clients where 4 keep it busy, and none waits for Retry-After: it refuses in time and goes on at its pace."""
    seconds = 10 if LONG else 2
    with Instance() as system:
        with Attack(system, "overload", shapes=((small_run, 0.05),), memory_mib=1024) as attack:
            usual = LargePosts(system, clients=4)
            peak = usual.run(seconds)
            flood = LargePosts(system, clients=48)
            under_flood = flood.run(seconds)
        answers = usual.answers + flood.answers
        assert {one[0] for one in answers} <= {202, 503}
        refused = flood.with_status(503)
        assert all(int(one[2]) >= 1 for one in refused)
        system.posted.update(usual.ids(202) + flood.ids(202))
        system.wait_stored(usual.ids(202) + flood.ids(202), 120)
        attack.judge()
        slowest = max((one[1] for one in refused), default=0)
        figures.append(f"overload: {peak:.0f} MB/s accepted of 4 clients, {under_flood:.0f} MB/s of 48 "
                       f"({under_flood / peak:.2f}), {len(refused)} of {len(flood.answers)} refused, "
                       f"the slowest 503 after {1000 * slowest:.0f} ms")
        assert slowest < 5


def test_memory_does_not_grow_with_the_number_of_large_posts():
    """The same 6 MB over 100 connections at once: most of it must be refused, and soon, or wait in the sockets."""
    body = json.dumps(large_batch()).encode()
    with Instance() as system:
        with Attack(system, "100 large posts at once", shapes=((small_run, 0.05),), memory_mib=512) as attack:
            with contextlib.ExitStack() as closing:
                posts = [closing.enter_context(RawSocket(system.ports["gateway"])) for _ in range(100)]
                head = b"POST /v1/events HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % len(body)
                threads = [threading.Thread(target=one.send, args=(head + body,)) for one in posts]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join(60)
                assert {one.answer()[0] for one in posts} <= {202, 503}
        attack.judge(besides=[one["event"]["id"] for one in json.loads(body)])
