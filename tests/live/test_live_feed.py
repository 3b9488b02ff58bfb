"""The live feed: hello, filters, resuming, wrong parameters."""

import json
import uuid

import pytest
from websockets.exceptions import InvalidStatusCode

from contract import check_frame
from events import Story, envelope, ids_of
from sockets import CLOSE, PING, PONG, TEXT, RawSocket, Socket, Viewer
from waiting import wait_until


def watch(system, query="", port="query"):
    viewer = Viewer(system.url(port, "/v1/ws" + query, "ws"))
    viewer.hello()
    return viewer


@pytest.mark.parametrize("port", ["query", "ui"])
def test_hello_comes_first(system, port):
    with watch(system, port=port) as viewer:
        first = viewer.frames[0]
        check_frame(first, "LiveFrame")
        assert first["hello"]["server"] == "agentmon" and first["hello"]["version"]
        assert isinstance(first["seq"], int)


def test_filters(system):
    mine = f"framework-{uuid.uuid4().hex[:8]}"
    story, other = Story(framework=mine), Story()
    ends = [one for one in story.events if one["event"]["type"] in ("run.end", "error")]
    with watch(system) as everything, watch(system, f"?session_id={story.session_id}") as of_session, \
            watch(system, f"?framework={mine}&types=run.end,error") as of_types, \
            watch(system, "?types=sessions") as states:
        system.accept(other.events)
        system.accept(story.events)
        last = envelope("custom.last")
        system.accept([last])
        everything.wait_for_events(ids_of(story.events + other.events + [last]))
        of_session.wait_for_events(ids_of(story.events))
        of_types.wait_for_events(ids_of(ends))
        states.wait_for(lambda frames: {story.session_id, other.session_id} <= {
            one["session_id"] for frame in frames for one in frame.get("sessions", [])}, "both sessions")
        assert sorted(of_session.event_ids()) == sorted(ids_of(story.events))
        assert sorted(of_types.event_ids()) == sorted(ids_of(ends))
        assert not [frame for frame in of_types.frames if "sessions" in frame or "vms" in frame]
        assert {one["session_id"] for frame in of_session.frames for one in frame.get("sessions", [])} \
            <= {story.session_id}
        assert states.envelopes() == []


def test_every_viewer_sees_each_event_once(system):
    batch = [envelope() for _ in range(500)]
    with watch(system) as one, watch(system) as other:
        for start in range(0, 500, 10):
            system.accept(batch[start : start + 10])
        for viewer in (one, other):
            viewer.wait_for_events(ids_of(batch))
            seen = [event_id for event_id in viewer.event_ids() if event_id in set(ids_of(batch))]
            assert sorted(seen) == sorted(ids_of(batch))
            assert not any("gap" in frame for frame in viewer.frames)


def metric(system, name):
    for line in system.get("/metrics", "query").text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[-1])
    raise AssertionError(f"/metrics has no {name}")


def test_a_viewer_that_does_not_read_is_told_a_gap_and_holds_up_nobody(system):
    dropped = metric(system, "agentmon_live_frames_dropped_total")
    batches = [[envelope(payload={"text": "x" * 100_000}) for _ in range(10)] for _ in range(16)]
    with RawSocket(system.ports["query"], receive_buffer=4096) as slow, watch(system) as other:
        slow.open_websocket("/v1/ws")
        for batch in batches:
            system.accept(batch)
            other.wait_for_events(ids_of(batch))
        assert not any("gap" in frame for frame in other.frames)
        told = 0
        while not told:
            opcode, text = slow.receive_frame()
            told = json.loads(text).get("gap", 0) if opcode == TEXT else 0
        assert metric(system, "agentmon_live_frames_dropped_total") - dropped >= told
        last = envelope()
        system.accept([last])
        seen = []
        while last["event"]["id"] not in seen:
            opcode, text = slow.receive_frame()
            seen = ids_of(json.loads(text).get("events", [])) if opcode == TEXT else []


def test_the_way_to_the_viewer_is_measured(system):
    hops = ["agentmon_bus_to_viewer_seconds", "agentmon_commit_to_viewer_seconds"]
    before = [metric(system, hop + "_count") for hop in hops]
    story = Story()
    with watch(system) as viewer:
        system.accept(story.events)
        viewer.wait_for_events(ids_of(story.events))
        viewer.wait_for(lambda frames: any(one["session_id"] == story.session_id
                                           for frame in frames for one in frame.get("sessions", [])), "the session")
        wait_until(lambda: all(metric(system, hop + "_count") > count for hop, count in zip(hops, before)), 15,
                   "both hops are measured")
    assert metric(system, "agentmon_live_messages_missed_total") == 0


def test_resume_gives_what_was_missed(system):
    before, missed, after = envelope(), [envelope() for _ in range(30)], envelope()
    with watch(system) as viewer:
        system.accept([before])
        viewer.wait_for_events(ids_of([before]))
        last = max(frame["seq"] for frame in viewer.frames)
    for one in missed:
        system.accept([one])
    system.wait_stored(ids_of(missed))
    with watch(system, f"?since={last}") as viewer:
        system.accept([after])
        viewer.wait_for_events(ids_of(missed + [after]))
        seen = viewer.event_ids()
        assert before["event"]["id"] not in seen
        assert len(seen) == len(set(seen))
        assert not any("gap" in frame for frame in viewer.frames)


def test_resume_from_a_number_of_another_life_tells_a_gap(system):
    """After a restart the numbers mean nothing: the viewer must learn that it missed something."""
    with Viewer(system.url("query", f"/v1/ws?since={2**52}", "ws")) as viewer:
        viewer.wait_for(lambda frames: any("gap" in frame for frame in frames), "a gap notice")
        for frame in viewer.frames:
            check_frame(frame, "LiveFrame")


@pytest.mark.parametrize("port", ["query", "ui"])
@pytest.mark.parametrize("query", ["?since=yesterday", "?since=-1", "?type=error"])
def test_wrong_parameters_are_refused_before_the_upgrade(system, port, query):
    with pytest.raises(InvalidStatusCode) as refused:
        Socket(system.url(port, "/v1/ws" + query, "ws"))
    assert refused.value.status_code == 400


@pytest.mark.parametrize("port", ["query", "ui"])
def test_ping_and_close(system, port):
    with RawSocket(system.ports[port]) as raw:
        raw.open_websocket("/v1/ws")
        raw.send_frame(PING, b"still there?")
        while (frame := raw.receive_frame())[0] != PONG:
            pass
        assert frame[1] == b"still there?"
        raw.send_frame(CLOSE, (1000).to_bytes(2, "big"))
        assert raw.close_code() == 1000
        assert raw.ended()


def test_a_plain_get_is_told_to_upgrade(system):
    answer = system.get("/v1/ws")
    assert answer.status_code == 426 and answer.json()["error"]["message"]
