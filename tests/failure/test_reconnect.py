"""Servers that go away and come back while a client posts: agentmon catches up by itself, every 202 is stored once."""

import contextlib
import secrets
import signal

import psycopg2
import pytest

from events import envelope, ids_of
from harness import Instance
from producer import Producer, assert_all_stored_once
from servers import PASSWORD, Nats, NatsWire, Postgres, has_no_secret
from sockets import Viewer
from waiting import rounds, wait_until

BATCHES = 60  # accepted while something is away


@pytest.fixture(scope="module")
def servers():
    with Postgres() as postgres, Nats() as nats:
        yield postgres, nats


@pytest.fixture(scope="module")
def system(servers):
    postgres, nats = servers
    with Instance(DATABASE_URL=postgres.url, NATS_URL=nats.url) as instance:
        yield instance
        assert has_no_secret(instance.log_text()), "the log gives a password away"


@pytest.fixture(autouse=True)
def servers_run_again(servers):
    """Whatever became of a test, the next one finds both servers at work."""
    yield
    for server in servers:
        server.revive()


def told_away(system, name):
    """Waits until /readyz tells in words that `name` is away; the gateway must go on accepting."""
    check = wait_until(lambda: (one := system.check(name)) and one["state"] == "away" and one, 20, f"{name} told away")
    assert len(check["message"].split()) >= 4 and check["since"], check
    assert has_no_secret(check["message"])
    answer = system.get("/readyz", "gateway")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


def told_up(system):
    system.wait_ready(40)


def test_nats_stopped_and_started(system, servers):
    _, nats = servers
    with Producer(system) as producer:
        for _ in range(rounds(1)):
            producer.wait_for_batches(BATCHES)
            nats.stop()
            told_away(system, "nats")
            producer.wait_for_batches(BATCHES)
            nats.start()
            told_up(system)
            producer.wait_for_batches(BATCHES)
    assert_all_stored_once(system, producer)
    assert not producer.refused and not producer.broken, "the gateway accepts while NATS is away"


def test_nats_killed(system, servers):
    _, nats = servers
    with Producer(system) as producer:
        for _ in range(rounds(2)):
            producer.wait_for_batches(BATCHES)
            nats.stop(signal.SIGKILL)
            nats.start()
        told_up(system)
        producer.wait_for_batches(BATCHES)
    assert_all_stored_once(system, producer)


def test_nats_frozen(system, servers):
    """A server that neither answers nor hangs up."""
    _, nats = servers
    with Producer(system) as producer:
        producer.wait_for_batches(BATCHES)
        nats.send_signal(signal.SIGSTOP)
        told_away(system, "nats")
        producer.wait_for_batches(BATCHES)
        nats.send_signal(signal.SIGCONT)
        told_up(system)
    assert_all_stored_once(system, producer)


@pytest.mark.parametrize("wiped", [False, True], ids=["with its store", "without its store"])
def test_nats_dies_with_records_that_it_never_acknowledged(system, servers, wiped):
    _, nats = servers
    with Producer(system) as producer:
        for _ in range(rounds(2)):
            producer.wait_for_batches(BATCHES // 2)
            nats.send_signal(signal.SIGSTOP)  # what is sent from here on lies in the socket, unanswered
            producer.wait_for_batches(BATCHES // 2)
            nats.send_signal(signal.SIGKILL)
            nats.process.wait(10)
            if wiped:
                nats.wipe()
            nats.start()
            told_up(system)
    assert_all_stored_once(system, producer)


@pytest.mark.parametrize("postgres_too", [False, True], ids=["alone", "with events in it that are not stored"])
def test_nats_comes_back_with_an_empty_store(system, servers, postgres_too):
    """The journal sends again what the lost stream held and PostgreSQL has not got."""
    postgres, nats = servers
    with Producer(system) as producer:
        producer.wait_for_batches(BATCHES)
        if postgres_too:
            postgres.stop()
            producer.wait_for_batches(BATCHES)  # in the stream, not in PostgreSQL
        nats.stop(signal.SIGKILL)
        nats.wipe()
        nats.start()
        if postgres_too:
            postgres.start()
        producer.wait_for_batches(BATCHES)
        told_up(system)
    assert_all_stored_once(system, producer)


def test_acknowledgements_of_a_lost_stream_do_not_hit_the_new_one(system, servers):
    """NATS loses its store while a batch is being stored. Its acknowledgements then name sequence numbers under which
    the new stream holds other messages, which nobody has stored yet."""
    postgres, nats = servers
    nats.stop()
    nats.wipe()
    nats.start()
    told_up(system)  # a young stream: the numbers below are small
    accepted = []

    def accept(count, size):
        for _ in range(count):
            batch = [envelope("custom.large", payload={"output": secrets.token_hex(size // 2)}) for _ in range(2)]
            system.accept(batch)
            accepted.extend(ids_of(batch))
    accept(60, 10)
    system.wait_stored(accepted)
    with contextlib.closing(psycopg2.connect(postgres.url)) as other:
        other.cursor().execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")  # the writer waits from here on
        accept(3, 200_000)
        with NatsWire(nats.port, PASSWORD) as wire:
            wait_until(lambda: wire.stream_state()["last_seq"] >= 61, 20, "a message behind the 60th is published")
        wait_until(lambda: is_waiting_for_lock(other), 20, "the writer stores it")
        nats.stop(signal.SIGKILL)
        nats.wipe()
        nats.start()
        accept(70, 200_000)  # 400 kB a message: more than is pulled at once
        with NatsWire(nats.port, PASSWORD) as wire:
            wait_until(lambda: stream_length(wire) >= 70, 20, "the new stream has grown past the old number")
        other.rollback()
    system.wait_stored(accepted, 40)
    system.verify()


def is_waiting_for_lock(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'events'::regclass")
        return cursor.fetchone()[0] > 0


def stream_length(wire):
    return wire.stream_state().get("last_seq", 0)


def test_postgresql_stopped_and_started(system, servers):
    postgres, _ = servers
    with Producer(system) as producer:
        for _ in range(rounds(1)):
            producer.wait_for_batches(BATCHES)
            postgres.stop()
            told_away(system, "postgresql")
            assert system.get("/v1/sessions").status_code == 503, "queries need PostgreSQL, and say so"
            assert system.get("/readyz", "query").status_code == 503
            producer.wait_for_batches(BATCHES)
            postgres.start()
            told_up(system)
    assert_all_stored_once(system, producer)
    assert not producer.refused and not producer.broken, "the gateway accepts while PostgreSQL is away"


def test_postgresql_crashes(system, servers):
    """kill -9 of the postmaster in the middle of transactions: a COMMIT may have happened though we never heard."""
    postgres, _ = servers
    with Producer(system) as producer:
        for _ in range(rounds(2)):
            producer.wait_for_batches(BATCHES // 2)
            postgres.stop(signal.SIGQUIT)
            postgres.start()
        told_up(system)
    assert_all_stored_once(system, producer)


def test_connections_cut_by_an_administrator(system, servers):
    with Producer(system) as producer:
        for _ in range(rounds(5)):
            producer.wait_for_batches(BATCHES // 4)
            system.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                       "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
        told_up(system)
    assert_all_stored_once(system, producer)


def test_both_away_at_once(system, servers):
    postgres, nats = servers
    with Producer(system) as producer:
        producer.wait_for_batches(BATCHES)
        nats.stop()
        postgres.stop()
        told_away(system, "nats")
        told_away(system, "postgresql")
        producer.wait_for_batches(rounds(BATCHES))
        postgres.start()
        nats.start()
        told_up(system)
    assert_all_stored_once(system, producer)
    assert not producer.refused and not producer.broken


def test_viewers_go_on_when_nats_has_come_back(system, servers):
    """A viewer's connection survives; that it may have missed something is told as a gap of unknown size, and new events
    come."""
    _, nats = servers
    with Viewer(system.url("query", "/v1/ws", "ws")) as viewer:
        viewer.hello()
        nats.stop()
        told_away(system, "nats")
        nats.start()
        told_up(system)
        one = envelope()
        system.accept([one])
        viewer.wait_for_events(ids_of([one]))
        assert {"gap": None} in viewer.frames
        assert viewer.ended is None
