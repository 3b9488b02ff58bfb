"""Clocks that are wrong, in any way: the event is stored under the time that it says, or refused in words."""

import datetime
import json

import pytest

from attack import Attack
from events import UTC, changed, envelope, ids_of, moment, now

DAY = datetime.timedelta(days=1)


def odd_moments(random):
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    for years in (-56, -30, -5, -1, 1, 5, 30, 500):
        yield now() + years * 365 * DAY
    for days in range(-5, 6):
        for milliseconds in (-1, 0, 1):
            yield midnight + days * DAY + datetime.timedelta(milliseconds=milliseconds)
    for _ in range(2000):  # more days than there may be partitions
        yield now() + datetime.timedelta(seconds=random.uniform(-40, 40) * 365 * 86400)


def test_clocks_jump_while_clients_post(system):
    """Runs whose events lie years apart, in no order, on either side of midnight, and outside of all partitions."""
    with Attack(system, "clocks jump") as attack:
        odd = []
        for number, at in enumerate(odd_moments(attack.random)):
            correlation = {"session_id": f"odd-{number % 7}", "run_id": f"odd-{number % 40}", "span_id": f"s{number % 3}"}
            kind = attack.random.choice(["run.start", "run.end", "span.start", "span.end", "error", "custom.tick"])
            odd.append(envelope(kind, at, correlation=correlation, payload={"kind": "tool", "name": "exec"}))
        attack.random.shuffle(odd)
        for begin in range(0, len(odd), 100):
            attack.strike(system.accept, odd[begin:begin + 100])
        attack.wait_for_batches(20)
    attack.judge(besides=ids_of(odd))
    stored = dict(system.sql("SELECT event_id::text, ts FROM events WHERE event_id = ANY (%s::uuid[])", ids_of(odd)))
    assert {one["event"]["id"]: moment(stored[one["event"]["id"]]) for one in odd} \
        == {one["event"]["id"]: one["event"]["ts"] for one in odd}
    partitions = system.sql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass")[0][0]
    assert partitions < 500, "wrong clocks make no end of tables"


@pytest.mark.parametrize("text, stored", [
    ("2016-12-31T23:59:60Z", datetime.datetime(2017, 1, 1, tzinfo=UTC)),
    ("2016-12-31T23:59:60.5Z", datetime.datetime(2017, 1, 1, tzinfo=UTC)),
    ("2026-03-13T00:00:00+14:00", datetime.datetime(2026, 3, 12, 10, tzinfo=UTC)),
    ("2026-03-12T23:59:59.999999-12:00", datetime.datetime(2026, 3, 13, 11, 59, 59, 999999, tzinfo=UTC)),
    ("2024-02-29T12:00:00Z", datetime.datetime(2024, 2, 29, 12, tzinfo=UTC)),
])
def test_times_that_few_expect(system, text, stored):
    one = changed(envelope(), "event.ts", text)
    answer = system.post([one])
    assert answer.status_code == 202, answer.text
    system.wait_stored(ids_of([one]))
    (at,) = system.sql("SELECT ts FROM events WHERE event_id = %s", one["event"]["id"])[0]
    assert abs(at - stored) < datetime.timedelta(seconds=1)


@pytest.mark.parametrize("text", ["2025-02-29T12:00:00Z", "0000-00-00T00:00:00Z", "2026-13-01T00:00:00Z",
                                  "2026-01-01T24:00:01Z", "2026-01-01T00:00:61Z", "99999-01-01T00:00:00Z",
                                  "-2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+25:00"])
def test_times_that_are_none(system, text):
    answer = system.post([changed(envelope(), "event.ts", text)])
    assert answer.status_code == 400
    assert [one["field"] for one in json.loads(answer.text)["error"]["details"]] == ["event.ts"]


def test_the_same_id_at_two_times_is_two_events_only_on_two_days(system):
    """docs/decisions/0002: a sender that repeats an event repeats its time, too."""
    first = envelope(at=now() - 10 * DAY)
    system.store([first])
    again = changed(first, "event.ts", moment(now() - 9 * DAY))
    system.accept([first, again])
    system.accept([changed(first, "event.ts", first["event"]["ts"])])
    behind = envelope()
    system.store([behind])
    assert system.count_stored(ids_of([first])) == 2
    system.verify()
