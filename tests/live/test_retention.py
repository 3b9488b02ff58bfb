"""What is too old goes by whole days, and is unknown from then on: nothing else changes, and nobody has to wait."""

import datetime
import threading

import pytest

import events
from harness import Instance
from waiting import wait_until

DAY = datetime.timedelta(days=1)
SOURCE = {"framework": "openclaw", "client_id": "old", "host": "old"}


def midnight(days_ago=0):
    return events.now().replace(hour=0, minute=0, second=0, microsecond=0) - days_ago * DAY


def all_stored(instance):
    wait_until(lambda: "\nagentmon_journal_events_waiting 0\n" in instance.get("/metrics", "gateway").text, 120,
               "all is stored")


def over_midnights():
    """A session that goes on from each day to the next, and a machine that is watched meanwhile."""
    parts = []
    for n in range(1, 7):
        names = {"session_id": "over midnight", "run_id": f"run-{n}"}
        parts.append(events.envelope("run.start", midnight(n) - datetime.timedelta(minutes=1), source=SOURCE,
                                     correlation=names, payload={"input": f"before midnight {n}"}))
        parts.append(events.envelope("run.end", midnight(n) + datetime.timedelta(minutes=1), source=SOURCE,
                                     correlation=names, payload={"status": "success", "usage": {"input_tokens": n}}))
        parts += [events.snapshot("old", midnight(n) + datetime.timedelta(hours=h), uptime_seconds=100 * h + n,
                                  state="running" if h < 20 else "shut off") for h in (1, 9, 23)]
    return parts


def kept_from(instance):
    return [row[0] for row in instance.sql("SELECT kept_from FROM retention")]


def size(instance):
    return int(instance.sql("SELECT sum(pg_total_relation_size(oid)) FROM pg_class JOIN pg_inherits ON inhrelid = oid"
                            " WHERE inhparent = 'events'::regclass AND relname <> 'events_default'")[0][0])


class Watch:
    """Posts and asks until it is closed. What was accepted is in `accepted`."""

    PATHS = ("/v1/events", "/v1/sessions", "/v1/stats/summary", "/v1/stats/timeseries?window=7d",
             "/v1/stats/tools?window=7d", "/v1/agents?window=7d", "/v1/vms")

    def __init__(self, instance):
        self.instance, self.accepted, self.failures = instance, [], []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(work,)) for work in (self._post, self._ask)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, work):
        while not self._stop.is_set():
            try:
                work()
            except Exception as failure:  # shown by the test
                self.failures.append(repr(failure))
                return

    def _post(self):
        # Some of each day that there may be, on both sides of what is kept; none that is still to come.
        batch = [events.envelope("run.start", min(midnight(n) + DAY / 8, events.now()), source=SOURCE,
                                 correlation={"session_id": "over midnight", "run_id": f"while-{n}"})
                 for n in range(7)]
        answer = self.instance.post(batch)
        if answer.status_code == 202:
            self.accepted += [(one["event"]["id"], one["event"]["ts"]) for one in batch]
        elif answer.status_code not in (429, 503):
            self.failures.append(answer.text)

    def _ask(self):
        for path in self.PATHS:
            answer = self.instance.get(path)
            if answer.status_code != 200:
                self.failures.append((path, answer.status_code, answer.text))


@pytest.fixture(scope="module")
def week():
    with Instance() as instance:
        done = instance.command("demo", "--fast", "--url", instance.url("gateway"))
        assert done.returncode == 0, done.stderr
        instance.store(over_midnights())
        all_stored(instance)
        instance.verify()
        yield instance


def test_days_that_are_too_old_are_dropped_while_all_goes_on(week):
    cut = midnight(3)
    kept_before = week.sql("SELECT event_id::text, ts, payload::text FROM events WHERE ts >= %s ORDER BY 1", cut)
    untouched = week.json("/v1/stats/tools", **{"from": events.moment(midnight(2)), "to": events.moment(midnight())})
    week.stop()
    week.settings["AGENTMON_RETENTION_DAYS"] = "3"
    week.start()
    with Watch(week) as watch:
        wait_until(lambda: kept_from(week) == [cut], 60, "the days before are gone")
        enough = len(watch.accepted) + 70
        wait_until(lambda: len(watch.accepted) >= enough or watch.failures, 30, "it goes on")
    assert not watch.failures
    all_stored(week)

    assert week.sql("SELECT count(*) FROM events WHERE ts < %s", cut)[0][0] == 0
    partitions = week.sql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass")[0][0]
    assert partitions == 3 + 2 + 1, "three days, today, tomorrow, and the one for all others"
    kept = {row[0]: row for row in week.sql("SELECT event_id::text, ts, payload::text FROM events")}
    assert all(kept.get(row[0]) == row for row in kept_before), "an event that is to stay is not what it was"
    # What was accepted is stored, or it came too late for its day: then it may be with the dead letters, or it was
    # stored before that day went.
    inside = [one for one, ts in watch.accepted if ts >= events.moment(cut)]
    assert inside and week.count_stored(inside) == len(inside)
    letters = week.sql("SELECT DISTINCT field, reason FROM dead_letters")
    assert all(field == "event.ts" and "after its day was dropped" in reason for field, reason in letters)
    late = {one for one, ts in watch.accepted if ts < events.moment(cut)}
    assert {row[0] for row in week.sql("SELECT event_id::text FROM dead_letters")} <= late
    assert "days before" in week.verify()
    again = week.json("/v1/stats/tools", **{"from": events.moment(midnight(2)), "to": events.moment(midnight())})
    assert again == {**untouched, "kept_from": events.moment(cut)}


def test_what_was_dropped_is_unknown_and_not_0(week):
    cut = events.moment(midnight(3))
    series = week.json("/v1/stats/timeseries", window="7d")
    assert series["kept_from"] == cut
    figures = [[value for name, value in point.items() if name != "ts"] for point in series["points"]]
    before = [of for of, point in zip(figures, series["points"]) if point["ts"] < cut]
    after = [point for point in series["points"] if point["ts"] >= cut]
    assert len(before) > 10 and all(value is None for of in before for value in of)
    assert len(after) > 30 and all(point["events"] is not None for point in after)
    assert sum(point["events"] for point in after) == week.sql("SELECT count(*) FROM events WHERE ts < now()")[0][0]
    for path in ("/v1/stats/tools", "/v1/stats/agents", "/v1/agents", "/v1/stats/marks", "/v1/vms/old/samples"):
        assert week.json(path, window="7d")["kept_from"] == cut
    assert week.json("/v1/stats/summary")["yesterday"] is not None
    shown = week.json("/v1/sessions/over%20midnight")
    assert not {"run-5", "run-6"} & {run["run_id"] for run in shown["runs"]}
    assert {"run-1", "run-2", "run-3"} <= {run["run_id"] for run in shown["runs"]}, "run-3 began before and went on"
    assert week.get("/v1/runs/run-5").status_code == 404


def test_what_comes_too_late_is_accounted_for(week):
    before = week.json("/v1/sessions/over%20midnight")
    letters = week.sql("SELECT count(*) FROM dead_letters")[0][0]
    late = events.envelope("run.end", midnight(5), source=SOURCE, payload={"status": "error"},
                           correlation={"session_id": "over midnight", "run_id": "run-5"})
    fresh = events.envelope("custom.tick")
    week.accept([late, fresh])
    week.wait_stored([fresh["event"]["id"]])
    rows = week.sql("SELECT field, reason FROM dead_letters WHERE event_id = %s", late["event"]["id"])
    assert rows == [("event.ts", f"it came after its day was dropped: events are kept from {events.moment(midnight(3))} on")]
    assert week.count_stored([late["event"]["id"]]) == 0
    assert week.sql("SELECT count(*) FROM dead_letters")[0][0] == letters + 1
    assert week.json("/v1/sessions/over%20midnight") == before
    assert "agentmon_events_dead_total 0" not in week.get("/metrics", "gateway").text
    week.verify()


def test_days_are_dropped_until_what_is_left_is_small_enough(week):
    bound = size(week) - 1
    week.stop()
    del week.settings["AGENTMON_RETENTION_DAYS"]
    week.settings["AGENTMON_RETENTION_BYTES"] = str(bound)
    week.start()
    wait_until(lambda: size(week) <= bound, 60, "it is small enough")
    assert kept_from(week) == [midnight(2)]
    week.verify()

    week.stop()
    week.settings["AGENTMON_RETENTION_BYTES"] = "1"
    week.start()
    wait_until(lambda: kept_from(week) == [midnight()], 60, "only today is left")
    assert week.json("/v1/stats/summary")["yesterday"] is None
    week.store([events.envelope("custom.tick")])
    week.verify()
