"""event.schema.json and the gateway must agree on every envelope: what it accepts, and what it refuses."""

import pytest

from contract import event_errors
from events import changed, envelope


def whole(type="span.end"):
    """An envelope in which every known place is filled."""
    return envelope(
        type,
        correlation={"session_id": "s", "run_id": "r", "span_id": "p", "parent_span_id": "q", "trace_id": "0af765"},
        attributes={"version": "1.2.3", "nested": {"list": [1, None, True]}},
        payload={
            "status": "success", "duration_ms": 12.5, "kind": "tool", "name": "exec", "input": {"command": "ls"},
            "output": "x", "output_truncated": True, "error": {"type": "none", "message": ""}, "unknown": [1, 2],
            "usage": {"input_tokens": 10, "output_tokens": 0, "cache_read_tokens": 3, "cache_write_tokens": None,
                      "reasoning_tokens": 1e3, "cost_usd": 0.000001, "model": "claude-test"},
        })


TYPES = ["session.start", "session.end", "run.start", "run.end", "span.start", "span.end", "error", "metric.snapshot",
         "openclaw.snapshot", "custom", "my_tool.tick-2", "session.custom", "run.paused", "span.note"]
CORRELATIONS = [{}, {"session_id": "s"}, {"session_id": "s", "run_id": "r"}, {"run_id": "r", "span_id": "p"},
                {"session_id": "s", "run_id": "r", "span_id": "p"}, {"session_id": None, "run_id": "r", "span_id": "p"}]
VALUES = [None, True, 0, 1, -1, 1.5, 1e15, 1e15 + 1, 9e15, "", "x", "x" * 128, "x" * 129, "ä" * 128, "ä" * 129,
          "a\tb", "\x7f", [], {}]
NAMES = ["event.source.framework", "event.source.client_id", "event.source.host", "correlation.session_id",
         "correlation.run_id", "correlation.span_id", "correlation.parent_span_id", "correlation.trace_id",
         "payload.kind", "payload.name", "payload.usage.model"]
OTHERS = ["schema", "schema.name", "schema.version", "event", "event.id", "event.type", "event.ts", "event.source",
          "correlation", "attributes", "payload", "payload.status", "payload.duration_ms", "payload.error",
          "payload.error.type", "payload.error.message", "payload.usage", "payload.usage.input_tokens",
          "payload.usage.cost_usd", "payload.input", "payload.anything"]
ENTRIES = {
    "event.id": ["0195a4c2-1111-7abc-8def-0123456789ab", "0195A4C2-1111-7ABC-8DEF-0123456789AB",
                 "0195a4c211117abc8def0123456789ab", "{0195a4c2-1111-7abc-8def-0123456789ab}",
                 "0195a4c2-1111-7abc-8def-0123456789ag", "0195a4c2-1111-7abc-8def-0123456789ab\n",
                 "00000000-0000-0000-0000-000000000000"],
    "event.type": ["a", "a.b.c", "a1", "1a", "a.1", "a..b", ".a", "a.", "A.b", "a b", "a_b-c.d", "a\n", "-a", "x" * 64,
                   "x" * 65, "é"],
    "event.ts": ["2026-03-13T12:00:00Z", "2026-03-13t12:00:00z", "2026-03-13 12:00:00+01:00", "2026-03-13T12:00:00.1Z",
                 "2026-03-13T12:00:00.123456789Z", "2026-03-13T12:00:60Z", "2026-03-13T12:00:61Z",
                 "2026-03-13T12:00:00", "2026-03-13T12:00:00+24:00", "2026-03-13T12:00:00-23:59",
                 "2024-02-29T00:00:00Z", "2026-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
                 "2026-04-31T00:00:00Z", "2026-13-01T00:00:00Z", "1970-01-01T00:00:00Z", "1969-12-31T00:00:00Z",
                 "2026-3-13T12:00:00Z",
                 "2026-03-13T12:00:00Z\n", "2026-03-13T12:00:00,5Z", "+2026-03-13T12:00:00Z"],
    "schema.name": ["agentmon.event", "agentmon.events", "Agentmon.event"],
    "schema.version": [1, 2, 0],
    "payload.status": ["success", "error", "aborted", "ok", "Success"],
    "payload.duration_ms": [0.001, 1e11, 1.1e11, 9e11],
    "payload.usage.input_tokens": [1e12, 1e12 + 1],
    "payload.input": ["text", {"text": 1, "message": "m"}, {"text": {"text": "t"}}],
    "payload.usage.cost_usd": [1e-12, 1e5, 1.1e5, 9e5],
}


def table():
    """(what it is, envelope) of every combination."""
    yield "whole", whole()
    for type in TYPES:
        for number, correlation in enumerate(CORRELATIONS):
            yield f"{type} with correlation {number}", {**whole(type), "correlation": correlation}
        yield f"{type} without correlation", changed(whole(type), "correlation", ...)
        yield f"{type} with null correlation", changed(whole(type), "correlation", None)
        yield f"{type} with an odd payload", changed(whole(type), "payload.status", 7)
        yield f"{type} without payload", changed(whole(type), "payload", ...)
    for path in NAMES + OTHERS:
        yield f"without {path}", changed(whole(), path, ...)
        for value in VALUES + ENTRIES.get(path, []):
            yield f"{path} = {value!r:.60}", changed(whole(), path, value)
        yield f"error with {path} = 7", changed(whole("error"), path, 7)
        yield f"custom with {path} = 7", changed(whole("custom.type"), path, 7)
    for place in ("", "schema.", "event.", "event.source.", "correlation.", "payload.usage."):
        yield f"unknown key in {place or 'the envelope'}", changed(whole(), place + "unheard_of", {"x": 1})
    for number in (1, None, True, "x", []):
        yield f"{number!r} as the envelope", number


@pytest.fixture(scope="module")
def verdicts(system):
    """What the gateway says about each: all in a few batches, by index."""
    rows = list(table())
    faults = {}
    for start in range(0, len(rows), 500):
        body = system.post([event for _, event in rows[start : start + 500]]).json()
        faults |= {start + one["index"]: f"{one['field']} {one['message']}" for one in body["rejected"]}
    return [(name, event, faults.get(index)) for index, (name, event) in enumerate(rows)]


def test_the_table_holds_good_and_bad_ones(verdicts):
    bad = sum(fault is not None for *_, fault in verdicts)
    assert bad > 200 and len(verdicts) - bad > 200


def test_schema_and_gateway_agree(verdicts):
    differences = []
    for name, event, fault in verdicts:
        errors = event_errors(event)
        if bool(errors) != (fault is not None):
            differences.append(f"{name}: schema says {errors[:1] or 'valid'}, gateway says {fault or 'valid'}")
    assert not differences, f"{len(differences)} differences:\n" + "\n".join(differences[:20])
