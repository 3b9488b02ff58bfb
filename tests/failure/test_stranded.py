"""Messages that NATS believes to be with a processor, and that none has: it would keep them for ever."""

import contextlib

import pytest

from events import envelope, ids_of
from harness import Instance
from servers import PASSWORD, Nats, NatsWire, Postgres
from waiting import wait_until

CONSUMER = "AGENTMON.processor"
CLEARED = "NATS has lost part of the stream"


@pytest.fixture
def entrance_and_processor():
    """Two nodes that share their servers; the second one is not started yet."""
    with contextlib.ExitStack() as stack:
        postgres, nats = stack.enter_context(Postgres()), stack.enter_context(Nats())
        entrance, processor = (
            Instance(AGENTMON_ROLES=role, DATABASE_URL=postgres.url, NATS_URL=nats.url) for role in
            ("ingest", "processor"))
        stack.callback(entrance.close)
        stack.callback(processor.close)
        entrance.start(ready=False)
        wait_until(lambda: entrance.readiness().get("status") == "ready", 30, "the gateway is ready")
        yield entrance, processor, stack.enter_context(NatsWire(nats.port, PASSWORD))


def consumer(wire):
    return wire.ask(f"$JS.API.CONSUMER.INFO.{CONSUMER}")


def accept(system, count):
    """So many events, each in a message of its own."""
    batches = [[envelope("custom.small")] for _ in range(count)]
    for batch in batches:
        system.accept(batch)
    return [one for batch in batches for one in ids_of(batch)]


def test_messages_that_no_processor_has(entrance_and_processor):
    """Somebody takes them and ends; NATS, told to wait an hour for a word, does not deliver them again meanwhile."""
    entrance, processor, wire = entrance_and_processor
    patient = {"stream_name": "AGENTMON", "config": consumer(wire)["config"] | {"ack_wait": 3600 * 10**9}}
    made = wire.ask(f"$JS.API.CONSUMER.DURABLE.CREATE.{CONSUMER}", patient)
    assert "error" not in made, made
    stranded = accept(entrance, 3)
    wait_until(lambda: consumer(wire)["num_pending"] == 3, 20, "all is published")
    taken = [wire.ask(f"$JS.API.CONSUMER.MSG.NEXT.{CONSUMER}", {"batch": 1}) for _ in stranded]
    assert [one for message in taken for one in ids_of(message)] == stranded
    processor.start(ready=False)
    later = accept(entrance, 3)
    wait_until(lambda: processor.sql("SELECT to_regclass('events')")[0][0], 30, "the processor has made its tables")
    processor.wait_stored(later, 30)
    assert processor.count_stored(stranded) == 0, "NATS has delivered them again: this shows nothing"
    processor.wait_stored(stranded, 60)
    assert CLEARED in entrance.log_text()
    processor.verify()
