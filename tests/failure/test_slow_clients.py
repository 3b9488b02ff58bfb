"""Clients that are slow, silent, or gone in the middle: the others' answers and the memory stay within bounds."""

import contextlib
import json
import os
import selectors
import socket
import struct
import threading
import time

import pytest

import processes
from attack import Attack
from events import envelope, ids_of
from producer import small_run
from sockets import RawSocket
from waiting import rounds, wait_until

PATIENCE = 5  # seconds that nobody else's answer may take; it is some milliseconds on a quiet machine


def descriptors(system):
    return len(os.listdir(f"/proc/{system.process.pid}/fd"))


def connect(port, count, words=b""):
    """So many connections that say so many words and then nothing."""
    made = []
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", port), 10)
        one.sendall(words)
        made.append(one)
    return made


@contextlib.contextmanager
def held(sockets):
    yield sockets
    for one in sockets:
        one.close()


def judge(attack, system, before):
    attack.judge()
    assert max(attack.latencies()) < PATIENCE
    wait_until(lambda: descriptors(system) < before + 20, 15, "the connections are let go")


HALF_REQUEST = b"POST /v1/events HTTP/1.1\r\nHost: test\r\nContent-Length: 5000\r\n\r\n[{"


@pytest.mark.parametrize("words", [b"", b"POST /v1/ev", HALF_REQUEST], ids=["nothing", "half a head", "half a body"])
def test_a_thousand_connections_that_say(system, words):
    before = descriptors(system)
    with Attack(system, f"1,000 connections that say {len(words)} bytes") as attack:
        with held([*connect(system.ports["gateway"], 1000, words), *connect(system.ports["query"], 200, words)]):
            attack.strikes += 1200
            attack.wait_for_batches(100)
    judge(attack, system, before)


def trickle(port, count, ended):
    """So many posters that send a byte a second, until they are hung up on or `ended`. Gives how many were hung up on."""
    request = b"POST /v1/events HTTP/1.1\r\nHost: test\r\nX-Slow: " + b"z" * 500 + b"\r\nContent-Length: 2\r\n\r\n[]"
    choice = selectors.DefaultSelector()
    for one in connect(port, count):
        choice.register(one, selectors.EVENT_READ, [one, 0])
    hung_up = 0
    while choice.get_map() and not ended.wait(1):
        for key, _ in choice.select(0):
            hung_up += 1
            choice.unregister(key.fileobj)
            key.fileobj.close()
        for key in list(choice.get_map().values()):
            with contextlib.suppress(OSError):
                key.fileobj.send(request[key.data[1]:key.data[1] + 1])
            key.data[1] += 1
    for key in list(choice.get_map().values()):
        key.fileobj.close()
    return hung_up


def test_posters_of_a_byte_a_second(system):
    """They are told that their time is up, and let go."""
    before = descriptors(system)
    ended = threading.Event()
    result = []
    with Attack(system, "200 posters of a byte a second") as attack:
        attack.strikes += 200
        thread = threading.Thread(target=lambda: result.append(trickle(system.ports["gateway"], 200, ended)))
        thread.start()
        thread.join(25)  # a head may take 10 seconds
        ended.set()
        thread.join(30)
    judge(attack, system, before)
    assert result == [200], "each is hung up on"


def test_posters_that_vanish_in_the_middle(system):
    """Closed, or reset, after any number of bytes of a request that is good."""
    before = descriptors(system)
    sent = []
    with Attack(system, "posters that vanish") as attack:
        for _ in range(rounds(300)):
            batch = small_run(f"{attack.random.getrandbits(64):016x}")
            sent += [one["event"]["id"] for one in batch]
            attack.strike(vanish, system.ports["gateway"], batch, attack.random)
    system.posted.update(sent)
    judge(attack, system, before)
    stored = set(system.stored_ids())
    assert len(stored & set(sent)) % 6 == 0, "a batch is stored as a whole or not at all"


def vanish(port, batch, dice):
    body = json.dumps(batch).encode()
    request = b"POST /v1/events HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with socket.create_connection(("127.0.0.1", port), 10) as one:
        one.sendall(request[:dice.randint(0, len(request))])
        if dice.random() < 0.5:  # a reset instead of an orderly end
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def slow_viewers(port, count, ended):
    """So many viewers that read 1 kB a second."""
    viewers = [RawSocket(port, receive_buffer=4096).open_websocket("/v1/ws") for _ in range(count)]
    while not ended.wait(1):
        for one in viewers:
            with contextlib.suppress(BlockingIOError, ConnectionError):
                one.socket.recv(1000, socket.MSG_DONTWAIT)
    for one in viewers:
        one.close()


def test_viewers_that_read_little_or_nothing(system):
    """20 that read 1 kB/s and 20 that never read, while megabytes are shown."""
    before = descriptors(system)
    ended = threading.Event()
    with Attack(system, "slow viewers", memory_mib=400) as attack:
        slow = threading.Thread(target=slow_viewers, args=(system.ports["query"], 20, ended))
        slow.start()
        attack.strikes += 40
        with held([RawSocket(system.ports["query"], receive_buffer=4096).open_websocket("/v1/ws") for _ in range(20)]):
            for _ in range(rounds(40)):
                big = [envelope("custom.wide", payload={"output": "y" * (100 << 10)}) for _ in range(10)]
                system.posted.update(ids_of(big))
                system.accept(big)
        ended.set()
        slow.join(30)
    judge(attack, system, before)


def test_a_client_that_never_reads_its_answers(system):
    """It asks for pages, again and again, and takes none of them."""
    before = descriptors(system)
    with Attack(system, "clients that never read") as attack:
        askers = connect(system.ports["query"], 20)
        ask = b"GET /v1/events?limit=500 HTTP/1.1\r\nHost: test\r\n\r\n"
        for one in askers:
            one.settimeout(0.1)
            with contextlib.suppress(OSError):
                for _ in range(200):
                    one.sendall(ask)
            attack.strikes += 1
        attack.wait_for_batches(100)
        begin = time.monotonic()
        assert system.get("/v1/sessions").status_code == 200
        assert time.monotonic() - begin < PATIENCE
        for one in askers:
            one.close()
    judge(attack, system, before)
