"""How data moves: export and import carry events over, backup and restore bring all back."""

import datetime
import json
import shutil
import signal
import subprocess
import threading

import pytest

import events
import processes
from events import Story
from harness import BINARY, Instance
from waiting import wait_until

DAY = datetime.timedelta(days=1)


def midnight(days_ago=0):
    return events.now().replace(hour=0, minute=0, second=0, microsecond=0) - days_ago * DAY


def play_week(instance):
    done = instance.command("demo", "--fast", "--url", instance.url("gateway"))
    assert done.returncode == 0, done.stderr
    wait_until(lambda: "\nagentmon_journal_events_waiting 0\n" in instance.get("/metrics", "gateway").text, 120,
               "all is stored")


def content(instance):
    """Every stored event, whole."""
    return instance.sql("SELECT event_id::text, ts, type, session_id, run_id, span_id, parent_span_id, trace_id,"
                        " source_framework, client_id, host, attributes::text, payload::text FROM events"
                        " ORDER BY ts, event_id")


@pytest.fixture(scope="module")
def week():
    """A week of the demo, and a session that goes on from each day to the next."""
    with Instance() as instance:
        play_week(instance)
        source = {"framework": "openclaw", "client_id": "old", "host": "old"}
        over_midnight = [
            events.envelope("run.start", midnight(n) - datetime.timedelta(minutes=1), source=source,
                            correlation={"session_id": "over midnight", "run_id": f"run-{n}"},
                            payload={"input": f"before midnight {n}"}) for n in range(1, 6)
        ] + [
            events.envelope("run.end", midnight(n) + datetime.timedelta(minutes=1), source=source,
                            correlation={"session_id": "over midnight", "run_id": f"run-{n}"},
                            payload={"status": "success", "usage": {"input_tokens": n}}) for n in range(1, 6)
        ]
        instance.store(over_midnight)
        old = [events.snapshot("old", midnight(n) + datetime.timedelta(hours=h), uptime_seconds=100 * h + n,
                               state="running" if h < 20 else "shut off") for n in range(1, 6) for h in (1, 9, 23)]
        instance.store(old)
        instance.verify()
        yield instance


def test_export_and_import_carry_everything_over(week):
    file = week.folder / "all.ndjson"
    done = week.command("export", str(file))
    assert done.returncode == 0, done.stderr
    stored = content(week)
    lines = file.read_text().splitlines()
    assert [json.loads(line)["event"]["id"] for line in lines] == [row[0] for row in stored]
    assert week.command("export", str(file)).returncode == 64, "a file that is there is not written over"

    with Instance() as other:
        half = other.folder / "half.ndjson"
        half.write_text("".join(f"{line}\n" for line in lines[:len(lines) // 2]))
        assert other.command("import", str(half)).returncode == 0
        for _ in range(2):  # the second time changes nothing
            done = other.command("import", str(file))
            assert done.returncode == 0, done.stderr
        wait_until(lambda: other.sql("SELECT count(*) FROM events")[0][0] == len(stored), 60, "all is stored")
        assert content(other) == stored
        other.verify()
        assert not list(other.folder.glob("*.imported"))


def test_an_export_goes_on_where_it_was_interrupted(week):
    file, part = week.folder / "some.ndjson", week.folder / "some.ndjson.part"
    flags = ["--framework", "openclaw", "--to", events.moment(midnight(1))]
    assert week.command("export", str(file), *flags).returncode == 0
    whole = file.read_text()
    assert all(json.loads(line)["event"]["source"]["framework"] == "openclaw" for line in whole.splitlines())
    file.rename(part)
    part.write_text(whole[:len(whole) // 3])  # within a line
    (week.folder / "some.ndjson.filter").write_text("another\n")
    assert week.command("export", str(file), *flags).returncode == 64, "the part is of another export"
    (week.folder / "some.ndjson.filter").unlink()
    part.unlink()
    stopped = subprocess.Popen([BINARY, "export", str(file), *flags], cwd=week.folder, env=week.environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: part.exists() or file.exists(), 20, "the export has begun")
    stopped.send_signal(signal.SIGKILL)
    stopped.wait(10)
    assert week.command("export", str(file), *flags).returncode in (0, 64)
    assert file.read_text() == whole
    assert week.command("export", "--session", "over midnight").stdout.count("\n") == 10


def test_an_import_goes_on_where_the_gateway_went_away(week):
    with Instance() as other:
        file = other.folder / "all.ndjson"
        file.write_text(week.command("export").stdout)
        total = len(file.read_text().splitlines())
        other.stop()
        assert other.command("import", str(file), "--timeout", "1s").returncode == 2
        other.start()
        assert other.command("import", str(file)).returncode == 0
        wait_until(lambda: other.sql("SELECT count(*) FROM events")[0][0] == total, 60, "all is stored")


def test_a_backup_holds_all_that_was_accepted_until_its_end():
    with Instance() as instance:
        story = Story()
        instance.store(story.events)
        accepted, accepted_before, stop = list(events.ids_of(story.events)), [], threading.Event()

        def attack():
            while not stop.is_set():
                batch = [events.envelope() for _ in range(5)]  # few: all are stored again and looked for
                if instance.post(batch).status_code == 202:
                    accepted.extend(events.ids_of(batch))

        thread = threading.Thread(target=attack)
        thread.start()
        try:
            backup = instance.folder / "backup"
            backing_up = subprocess.Popen([BINARY, "backup", str(backup)], cwd=instance.folder,
                                          env=instance.environment(), stderr=subprocess.PIPE, text=True)
            while backing_up.returncode is None:  # what is accepted while it still runs is in it
                seen = list(accepted)
                try:
                    backing_up.wait(0.05)
                except subprocess.TimeoutExpired:
                    accepted_before = seen
            assert backing_up.returncode == 0, backing_up.stderr.read()
            before_its_end = accepted_before
        finally:
            stop.set()
            thread.join()
        assert not (instance.data / "journal.backup").exists()
        assert instance.command("restore", str(backup)).returncode == 64, "a data folder in use is left alone"
        instance.kill()
        processes.kill_all_of(instance.data)
        shutil.rmtree(instance.data)

        segment = next(iter(sorted((backup / "journal").glob("*.segment"))))
        whole = segment.read_bytes()
        segment.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        damaged = instance.command("restore", str(backup))
        assert damaged.returncode == 1 and "damaged" in damaged.stderr and not instance.data.exists()
        segment.write_bytes(whole)

        done = instance.command("restore", str(backup))
        assert done.returncode == 0, done.stderr
        instance.start()
        instance.wait_stored(before_its_end, 120)
        instance.verify()
        instance.store([events.envelope()])
