"""The main job on real input: posted events are stored, queried and pushed."""

import gzip
import json
import subprocess

import pytest

import events
from contract import check_answer, check_frame
from events import Story
from sockets import RawSocket, Socket, Viewer
from waiting import wait_until


def post_with_curl(system, batch):
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--noproxy", "*", "--fail-with-body", "--json", "@-",
         system.url("gateway", "/v1/events")], input=json.dumps(batch), text=True, capture_output=True, check=True)
    return json.loads(done.stdout)


def known_to_all_queries(system, story):
    """Every answer about the story, each held against openapi.yaml."""
    return {
        "session": check_answer(system.get(f"/v1/sessions/{story.session_id}")),
        "runs": [check_answer(system.get(f"/v1/runs/{run_id}")) for run_id in story.run_ids],
        "events": check_answer(system.get("/v1/events", session_id=story.session_id)),
    }


def states(system, story):
    """What sessions and runs say, without the story's own names."""
    return json.loads(story.without_names(json.dumps(known_to_all_queries(system, story), sort_keys=True)))


@pytest.fixture(scope="module")
def told(system):
    """A story posted with curl and over WebSocket while viewers watch, directly and through the page's port."""
    story = Story()
    with Viewer(system.url("query", "/v1/ws", "ws")) as direct, Viewer(system.url("ui", "/v1/ws", "ws")) as proxied:
        direct.hello()
        proxied.hello()
        assert post_with_curl(system, story.events[:7]) == {"accepted": 7, "rejected": []}
        with Socket(system.url("gateway", "/v1/ws", "ws")) as producer:
            ack = producer.ask({"seq": 41, "events": story.events[7:]})
            assert ack == {"seq": 41, "accepted": 8, "rejected": []}
            check_frame(ack, "IngestAck")
        system.wait_stored(events.ids_of(story.events))
        for viewer in (direct, proxied):
            viewer.wait_for_events(events.ids_of(story.events))
            wait_until(lambda: session_pushed(viewer, story), 10, "the session's end is pushed")
        yield story, direct, proxied


def session_pushed(viewer, story):
    return any(one["session_id"] == story.session_id and one["status"] == "success"
               for frame in list(viewer.frames) for one in frame.get("sessions", []))


def test_events_table_holds_the_columns(system, told):
    story = told[0]
    rows = system.sql("SELECT event_id::text, type, session_id, run_id, span_id, source_framework, host, payload "
                      "FROM events WHERE session_id = %s ORDER BY ts, event_id", story.session_id)
    sent = sorted(story.events, key=lambda one: (one["event"]["ts"], one["event"]["id"]))
    assert rows == [
        (one["event"]["id"], one["event"]["type"], story.session_id, one["correlation"].get("run_id"),
         one["correlation"].get("span_id"), "openclaw", "zap", one["payload"]) for one in sent
    ]


def test_viewers_are_pushed_valid_frames(told):
    story, direct, proxied = told
    for viewer in (direct, proxied):
        for frame in viewer.frames:
            check_frame(frame, "LiveFrame")
        pushed = {one["event"]["id"]: one for one in viewer.envelopes()}
        for one in story.events:
            assert events.is_kept(one, pushed[one["event"]["id"]])
        numbers = [frame["seq"] for frame in viewer.frames if "seq" in frame]
        assert numbers == sorted(numbers)


def test_session_answer_tells_the_figures(system, told):
    story = told[0]
    session = known_to_all_queries(system, story)["session"]
    assert session["counts"] == {"events": Story.EVENTS, "runs": Story.RUNS, "failed_runs": Story.FAILED_RUNS,
                                 "spans": Story.SPANS, "tool_calls": Story.TOOL_CALLS, "errors": Story.ERRORS}
    assert session["status"] == "success"
    assert {key: session["usage"][key] for key in Story.USAGE} == Story.USAGE
    assert session["usage"]["cache_write_tokens"] is None, "what nobody told is unknown, not 0"
    assert session["runs_with_usage"] == 1
    assert {run["run_id"] for run in session["runs"]} == set(story.run_ids)


def test_run_answers_tell_spans_and_errors(system, told):
    first, second = known_to_all_queries(system, told[0])["runs"]
    assert (first["status"], second["status"]) == ("success", "error")
    assert (first["duration_ms"], second["duration_ms"]) == (Story.FIRST_RUN_MS, Story.SECOND_RUN_MS)
    tool, model = first["spans"]
    assert (tool["kind"], tool["name"], tool["status"], tool["duration_ms"]) == ("tool", "exec", "success", 250)
    assert tool["input"] == {"command": "ls -la"} and tool["output"] == "total 3"
    assert (model["kind"], model["model"]) == ("model", "claude-test")
    assert model["usage"]["input_tokens"] == 1200
    outer, inner = second["spans"]
    assert inner["parent_span_id"] == outer["span_id"]
    assert inner["status"] == "error" and "no such file" in inner["error"]["message"]
    assert outer["duration_ms"] == 2000, "not reported: from its start to its end"
    assert [one["event"]["type"] for one in second["events"] if one["event"]["type"] == "error"] == ["error"]


def test_statistics_count_the_story(system, told):
    summary = check_answer(system.get("/v1/stats/summary"))
    assert summary["sessions"] >= 1 and summary["runs"] >= Story.RUNS and summary["failed_runs"] >= 1
    assert summary["usage"]["input_tokens"] >= Story.USAGE["input_tokens"]
    assert any(row["framework"] == "openclaw" and row["events"] >= Story.EVENTS for row in summary["by_framework"])
    for window in ("1h", "6h", "24h", "7d"):
        points = check_answer(system.get("/v1/stats/timeseries", window=window))["points"]
        assert sum(point["events"] for point in points) >= Story.EVENTS, window
    tools = {row["name"]: row for row in check_answer(system.get("/v1/stats/tools", window="1h"))["tools"]}
    assert tools["exec"]["calls"] >= 1 and tools["exec"]["p50_ms"] > 0
    assert tools["read"]["errors"] >= 1


def test_the_same_batch_again_changes_nothing(system, told):
    story = told[0]
    before = states(system, story), check_answer(system.get("/v1/stats/timeseries", window="1h"))["points"]
    system.accept(story.events)
    marker = events.envelope("custom.marker")
    system.store([marker])  # the batch before it has been dealt with
    assert system.count_stored(events.ids_of(story.events)) == Story.EVENTS
    assert states(system, story) == before[0]
    known = sum(point["runs"] for point in before[1])
    points = check_answer(system.get("/v1/stats/timeseries", window="1h"))["points"]
    assert sum(point["runs"] for point in points) == known


def test_reverse_order_gives_the_same(system):
    begin = Story().begin
    forward, backward = Story(begin=begin), Story(begin=begin)
    system.store(forward.events)
    for one in reversed(backward.events):  # each in a batch of its own
        system.accept([one])
    system.wait_stored(events.ids_of(backward.events))
    # Events of one moment are told apart by their ids, which differ: the story has no such moment.
    assert states(system, forward) == states(system, backward)


def test_machines_are_known_with_their_samples(system):
    reading = events.snapshot("orb", issues=["the disk is almost full"])
    with Viewer(system.url("query", "/v1/ws", "ws")) as viewer:
        viewer.hello()
        system.store([reading])
        viewer.wait_for(lambda frames: any(vm["name"] == "orb" for f in frames for vm in f.get("vms", [])), "the vm")
        for frame in viewer.frames:
            check_frame(frame, "LiveFrame")
    machine = next(vm for vm in check_answer(system.get("/v1/vms"))["vms"] if vm["name"] == "orb")
    assert (machine["state"], machine["issues"]) == ("running", ["the disk is almost full"])
    samples = check_answer(system.get("/v1/vms/orb/samples", window="1h"))["samples"]
    assert [sample["cpu_percent"] for sample in samples] == [12.5]


def test_gzip_and_chunked_bodies(system):
    packed, chunked, both = (events.envelope(), events.envelope(), events.envelope())
    answer = system.post(gzip.compress(json.dumps([packed]).encode()), {"Content-Encoding": "gzip"})
    assert answer.status_code == 202, answer.text

    def as_chunks(data, *headers):
        head = ["POST /v1/events HTTP/1.1", "Host: test", "Transfer-Encoding: chunked", *headers, "", ""]
        pieces = [data[at : at + 100] for at in range(0, len(data), 100)]
        body = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"
        with RawSocket(system.ports["gateway"]) as raw:
            raw.send("\r\n".join(head).encode() + body)
            return raw.answer()
    assert as_chunks(json.dumps([chunked]).encode())[0] == 202
    assert as_chunks(gzip.compress(json.dumps([both]).encode()), "Content-Encoding: gzip")[0] == 202
    system.wait_stored(events.ids_of([packed, chunked, both]))


def test_a_single_object_and_a_plain_frame_are_accepted(system):
    one, two, three = (events.envelope() for _ in range(3))
    answer = system.post(one)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    with Socket(system.url("gateway", "/v1/ws", "ws")) as producer:
        assert producer.ask(two) == {"seq": 1, "accepted": 1, "rejected": []}
        assert producer.ask([three]) == {"seq": 2, "accepted": 1, "rejected": []}
    system.wait_stored(events.ids_of([one, two, three]))


def test_an_event_is_seen_within_a_blink(system):
    """From POST to the viewer: the brief's promise, with room for a busy machine."""
    with Viewer(system.url("query", "/v1/ws", "ws")) as viewer:
        viewer.hello()
        for _ in range(5):
            one = events.envelope()
            system.accept([one])
            viewer.wait_for_events([one["event"]["id"]], deadline=1)
