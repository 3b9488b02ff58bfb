"""`agentmon bench`, very small: what it prints is whole and agrees with itself. How fast it is, is not asked here."""

import json
import pathlib
import signal
import subprocess
import tempfile

import pytest

import processes
from harness import BINARY, plain_environment
from waiting import wait_until


@pytest.fixture
def folder():
    """The temporary folder of bench; whatever is left in it or works in it afterwards is a fault."""
    with tempfile.TemporaryDirectory(prefix="agentmon-test-") as name:
        yield pathlib.Path(name)
        left = list(pathlib.Path(name).iterdir())
        working = processes.processes_of(name)
        processes.kill_all_of(name)
        assert not left and not working


def start(folder, *arguments):
    return subprocess.Popen([BINARY, "bench", *arguments], cwd=folder.parent, text=True, stdin=subprocess.DEVNULL,
                            env={**plain_environment(), "TMPDIR": str(folder)},
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def check_ratio(figure, ceiling):
    assert figure["per_second"] > 0 and figure["ceiling_per_second"] == ceiling > 0
    assert figure["ratio"] == pytest.approx(figure["per_second"] / ceiling)


def check_latency(figure):
    assert figure["count"] > 0
    assert 0 <= figure["p50"] <= figure["p95"] <= figure["p99"] <= figure["max"] and figure["max"] > 0


def check_cost(phase):
    assert phase["seconds"] > 0
    assert [one["name"] for one in phase["processes"]] == ["agentmon", "nats-server", "PostgreSQL", "bench"]
    assert all(one["peak_bytes"] >= one["memory_bytes"] > 0 for one in phase["processes"])
    assert any(one["cpu_seconds"] > 0 for one in phase["processes"])
    assert all(hop["count"] > 0 and 0 <= hop["p50_ms"] <= hop["p99_ms"] for hop in phase["hops"])


def test_figures_are_whole_and_agree(folder):
    bench = start(folder, "--events", "2000", "--seconds", "1", "--json")
    output, errors = bench.communicate(timeout=170)
    assert bench.returncode == 0, errors
    told = json.loads(output)
    ceilings = told["ceilings"]
    assert 600 <= told["event_bytes"] <= 900

    wanted = [("fill", 100, 16)] + [("posts", batch, count) for batch in (1, 100) for count in (4, 64, 256)]
    wanted += [("peak", 100, 64), ("peak", 8000, 2)]
    assert [(one["name"], one["batch"], one["connections"]) for one in told["posts"]] == wanted
    for phase in told["posts"]:
        assert phase["acked"] == phase["stored"] > 0
        check_ratio(phase["acked_events"], ceilings[f"publish_{min(phase['batch'], 100)}_events_per_second"])
        check_ratio(phase["stored_events"], ceilings["copy_events_per_second"])
        check_latency(phase["answer_ms"])
        assert phase["acked"] <= phase["answer_ms"]["count"] * phase["batch"]
        assert "journal_sync" in [hop["name"] for hop in phase["hops"]]
        check_cost(phase)
    assert told["posts"][0]["acked"] == 2000

    assert [(one["batch"], one["connections"]) for one in told["overload"]] == [(100, 768), (8000, 64)]
    for phase in told["overload"]:
        assert phase["acked"] == phase["stored"] == phase["accepted_ms"]["count"] * phase["batch"] > 0
        assert phase["refused"] == phase["refused_ms"]["count"] and phase["refused_without_retry_after"] == 0
        assert phase["offered_per_second"] > 0 and phase["peak_per_second"] > 0
        check_latency(phase["accepted_ms"])
        check_cost(phase)

    assert [one["viewers"] for one in told["viewers"]] == [1, 50, 500]
    for phase in told["viewers"]:
        assert phase["acked"] == phase["stored"] == phase["events_per_second"]
        assert phase["seen_ms"]["count"] + phase["missed"] == phase["acked"] * phase["viewers"]
        check_latency(phase["seen_ms"])
        check_latency(phase["answer_ms"])
        check_cost(phase)

    assert told["queries"]["events_stored"] == 2000 + sum(phase["acked"] for phase in told["viewers"])
    assert {"events", "sessions", "session", "run", "summary", "timeseries", "tools"} <= {
        one["name"] for one in told["queries"]["routes"]}
    for route in told["queries"]["routes"]:
        check_latency(route["answer_ms"])
        assert route["answer_bytes"] > 0
    check_cost(told["queries"])


def test_an_interrupt_cleans_up(folder):
    bench = start(folder, "--events", "100000000", "--phases", "fill")
    try:
        wait_until(lambda: bench.poll() is not None or list(folder.glob("*/data/journal/*")), 60, "the instance at work")
        bench.send_signal(signal.SIGINT)
        output, errors = bench.communicate(timeout=90)
    finally:
        bench.kill()
    assert bench.returncode == 1 and output == "", errors
    assert "interrupted" in errors


@pytest.mark.parametrize("arguments, reason", [
    (["--phases", "fill,nonsense"], '"nonsense" is none of fill, viewers, queries, posts, overload'),
    (["--posts", "1x64,100"], '"100" is not BATCHxCONNECTIONS'),
    (["--events", "0"], "--events 0"),
    (["http://localhost:8080"], "bench takes only flags"),
])
def test_a_wrong_command_line(folder, arguments, reason):
    bench = start(folder, *arguments)
    output, errors = bench.communicate(timeout=30)
    assert (bench.returncode, output) == (64, "") and reason in errors
