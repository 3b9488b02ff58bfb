"""More than fits: the gateway says 503 and keeps what it accepted; a viewer that does not read harms no other."""

import threading
import time

import pytest

from events import envelope, ids_of
from harness import Instance
from servers import Postgres
from sockets import RawSocket, Viewer
from waiting import wait_until


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
