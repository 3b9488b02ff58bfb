"""Messages on the bus that no gateway has checked: what is good is stored, the rest kept with its reason."""

import json
import uuid

import pytest

from attack import Attack
from events import Story, changed, envelope, ids_of
from harness import Instance
from servers import NatsWire
from sockets import Viewer
from waiting import rounds, wait_until


@pytest.fixture(scope="module")
def system():
    with Instance() as instance:
        yield instance
        instance.verify()


@pytest.fixture
def bus(system):
    with NatsWire(*system.nats_address()) as wire:
        yield wire


def letters(system, mark):
    """(reason, field, event_id) of the dead letters whose body holds the mark."""
    return system.sql("SELECT reason, field, event_id::text FROM dead_letters WHERE position(%s::bytea IN body) > 0",
                      mark.encode())


def wait_for_letter(system, mark):
    return wait_until(lambda: letters(system, mark), 15, f"a dead letter with {mark}")


def test_a_single_envelope_is_stored(system, bus):
    one = envelope("custom.direct")
    with Viewer(system.url("query", "/v1/ws", "ws")) as viewer:
        viewer.hello()
        bus.publish(one)
        system.wait_stored(ids_of([one]))
        viewer.wait_for_events(ids_of([one]))


def test_an_array_is_stored_and_folded(system, bus):
    story = Story()
    bus.publish(story.events)
    system.wait_stored(ids_of(story.events))
    assert system.json(f"/v1/sessions/{story.session_id}")["counts"]["runs"] == Story.RUNS


@pytest.mark.parametrize("body", ["no json {mark}", '{{"mark": "{mark}"', '"{mark}"', "[[[{mark}]]]",
                                  '\xff\xfe{mark}', '\x04\x22\x4d\x18 packed {mark}', '{{"schema": "{mark}"}}',
                                  '[{{"mark": "{mark}"}}, 5]'],
                         ids=repr)
def test_poison_goes_to_dead_letters_and_blocks_nothing(system, bus, body):
    mark = uuid.uuid4().hex
    behind = envelope("custom.behind")
    bus.publish(body.format(mark=mark).encode("latin-1"))
    bus.publish(behind)
    system.wait_stored(ids_of([behind]))
    for reason, *_ in wait_for_letter(system, mark):
        assert len(reason.split()) >= 2


def test_an_empty_message_blocks_nothing(system, bus):
    behind = envelope("custom.behind")
    bus.publish(b"")
    bus.publish(behind)
    system.wait_stored(ids_of([behind]))


def test_good_neighbours_of_a_bad_event_are_stored(system, bus):
    mark = uuid.uuid4().hex
    good = [envelope() for _ in range(20)]
    bad = changed(envelope(payload={"mark": mark}), "event.ts", "yesterday")
    bus.publish(good[:10] + [bad] + good[10:])
    system.wait_stored(ids_of(good))
    (letter,) = wait_for_letter(system, mark)
    assert letter[1] == "event.ts" and "RFC 3339" in letter[0]


def test_what_only_postgresql_refuses_is_isolated(system, bus):
    """It passes every rule of ours, then jsonb cannot hold it."""
    mark = uuid.uuid4().hex
    good = [envelope() for _ in range(50)]
    bad = json.dumps(envelope(payload={"mark": mark, "n": "NUMBER"})).replace('"NUMBER"', "1e-20000")
    batch = json.dumps(good)
    bus.publish((batch[:-1] + "," + bad + "]").encode())
    system.wait_stored(ids_of(good))
    wait_until(lambda: letters(system, mark) or system.sql(
        "SELECT 1 FROM events WHERE payload ->> 'mark' = %s", mark), 15, "it is stored, or a dead letter")


def test_a_nul_character_is_stored_as_a_replacement(system, bus):
    one = envelope(payload={"output": "a\0b", "backslash": "\\u0000"})
    bus.publish(one)
    system.wait_stored(ids_of([one]))
    (payload,) = system.sql("SELECT payload FROM events WHERE event_id = %s", one["event"]["id"])[0]
    assert payload == {"output": "a\ufffdb", "backslash": "\\u0000"}


def test_more_events_than_a_batch_may_hold(system, bus):
    """10,001 tiny objects in one message: refused as a whole, and what follows goes on."""
    mark = uuid.uuid4().hex
    behind = envelope()
    bus.publish(("[" + "{}," * 10_000 + f'{{"{mark}":1}}]').encode())
    bus.publish(behind)
    system.wait_stored(ids_of([behind]))
    wait_until(lambda: system.sql("SELECT 1 FROM dead_letters WHERE reason LIKE '%%10000%%'"), 15, "a dead letter")


def test_poison_that_comes_again_is_kept_once(system, bus):
    mark = uuid.uuid4().hex
    for _ in range(3):
        bus.publish(f"not json {mark}".encode())
    behind = envelope()
    bus.publish(behind)
    system.wait_stored(ids_of([behind]))
    assert len(wait_for_letter(system, mark)) == 1


def test_a_message_without_mercy(system, bus):
    """As large as NATS allows, and nested as deep as it goes."""
    behind = envelope()
    bus.publish(b"[" * (1 << 20))
    bus.publish(b'{"a":' * 200_000)
    bus.publish(behind)
    system.wait_stored(ids_of([behind]))


def poison(random):
    """A body of any kind that nobody can store."""
    good = envelope()
    kind = random.randrange(8)
    if kind == 0:
        return random.randbytes(random.randrange(2000))
    if kind == 1:
        return json.dumps(good).encode()[:random.randrange(1, 200)]
    if kind == 2:
        return b"[" * random.randrange(1, 100_000)
    if kind == 3:
        return b'{"a":' * random.randrange(1, 1000) + b"1" + b"}" * 1000
    if kind == 4:
        return json.dumps(random.choice([None, True, 0, -1e300, "", [], {}, [[]], [None], [[good]], {"events": [good]},
                                         {"event": good}, [1, "x", {}]])).encode()
    if kind == 5:
        path = random.choice(["event", "event.id", "event.type", "event.ts", "event.source", "schema", "schema.name",
                              "schema.version"])
        return json.dumps([changed(good, path, random.choice([None, 5, "", [], {}, "x" * 5000, ...]))]).encode()
    if kind == 6:
        return random.randbytes(random.randrange(1 << 19))
    text = bytearray(json.dumps([good]).encode())
    for _ in range(random.randint(1, 5)):
        text[random.randrange(len(text))] = random.randrange(256)
    return bytes(text)


def test_hundreds_of_poisons_among_good_ones(system, bus):
    """Random bytes, cut and spoilt JSON, JSON of any other shape, deep and large: the good ones between are stored."""
    direct = []
    with Attack(system, "poison on the subject") as attack:
        for number in range(rounds(300)):
            attack.strike(bus.publish, poison(attack.random))
            if number % 10 == 0:
                direct.append(envelope("custom.direct"))
                bus.publish(direct[-1])
    system.wait_stored(ids_of(direct), 60)
    attack.judge(besides=system.stored_ids())  # a flipped byte may leave an event good
    assert set(ids_of(direct)) <= set(system.stored_ids())
