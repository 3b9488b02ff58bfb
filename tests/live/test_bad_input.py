"""Bad input gets a clear answer and harms nothing else: after each, a good event is accepted and stored."""

import gzip
import json

import pytest

from contract import check_answer, check_frame
from events import Story, changed, envelope, ids_of
from sockets import BINARY, TEXT, RawSocket, Socket


@pytest.fixture(autouse=True)
def still_works(system):
    """What every test here must leave behind."""
    yield
    good = envelope("custom.after")
    system.store([good])


def span_end(**payload):
    correlation = {"session_id": "s", "run_id": "r", "span_id": "p"}
    return envelope("span.end", correlation=correlation, payload=payload)


@pytest.mark.parametrize("body", [b"", b"{", b"hello", b'"text"', b"12", b"null", b"[{}, ]", b"\xff\xfe[]", b"[" * 100,
                                  b'[{"schema":\xc3\x28}]', b"[1]extra"],
                         ids=repr)
def test_not_json(system, body):
    answer = system.post(body)
    assert answer.status_code == 400
    error = check_answer(answer)["error"]
    assert error["code"] == "invalid" and len(error["message"].split()) > 3


def test_an_empty_array_is_no_batch(system):
    assert check_answer(system.post([]))["error"]["code"] == "invalid"


@pytest.mark.parametrize("path", ["schema", "event", "schema.name", "schema.version", "event.id", "event.type",
                                  "event.ts", "event.source", "event.source.framework"])
def test_missing_fields_are_named_with_their_index(system, path):
    good, bad = envelope(), changed(envelope(), path, ...)
    answer = system.post([good, bad, good | {"event": envelope()["event"]}])
    assert answer.status_code == 202
    body = check_answer(answer)
    assert body["accepted"] == 2
    (rejected,) = body["rejected"]
    assert rejected["index"] == 1 and rejected["message"]
    assert rejected["field"] == path or rejected["field"].startswith(path + "."), rejected
    system.wait_stored(ids_of([good]))


@pytest.mark.parametrize("path, value", [
    ("schema", []), ("schema.name", 1), ("schema.name", "other"), ("schema.version", "1"), ("schema.version", 2),
    ("event", "span.end"), ("event.id", 17), ("event.id", "17"), ("event.type", None), ("event.type", "Span End"),
    ("event.type", ""), ("event.ts", 1700000000), ("event.source", "zap"), ("event.source.framework", {}),
    ("event.source.host", 5), ("event.source.host", "a\nb"), ("correlation", []), ("correlation.session_id", 5),
    ("correlation.run_id", ""), ("correlation.span_id", "x" * 129), ("attributes", "x"), ("payload", []),
    ("payload.status", "ok"), ("payload.duration_ms", -1), ("payload.duration_ms", "1"), ("payload.kind", 1),
    ("payload.error", "text"), ("payload.error.message", 1), ("payload.usage", []), ("payload.usage.input_tokens", 1.5),
    ("payload.usage.input_tokens", -1), ("payload.usage.cost_usd", "1"), ("payload.usage.model", ""),
])
def test_mistyped_fields_are_named(system, path, value):
    whole = span_end(error={}, usage={})
    answer = system.post([changed(whole, path, value)])
    assert answer.status_code == 400
    (detail,) = check_answer(answer)["error"]["details"]
    assert (detail["index"], detail["field"]) == (0, path)
    assert detail["message"].startswith(("must be", "is "))


@pytest.mark.parametrize("ts", [
    "2026-03-13", "2026-03-13T12:00:00", "2026-03-13T24:00:00Z", "2026-02-30T12:00:00Z", "2025-02-29T12:00:00Z",
    "2026-03-13T12:60:00Z", "13.03.2026", "2026-03-13T12:00:00.Z", "2026-03-13T12:00:00+2:00", "1969-12-31T23:59:59Z",
    "2026-03-13T12:00:00Z ", "now", "",
])
def test_wrong_times(system, ts):
    answer = system.post([changed(envelope(), "event.ts", ts)])
    assert answer.status_code == 400
    (detail,) = check_answer(answer)["error"]["details"]
    assert detail["field"] == "event.ts" and "RFC 3339" in detail["message"]


@pytest.mark.parametrize("type, missing", [
    ("session.start", "session_id"), ("run.start", "session_id"), ("run.end", "run_id"), ("span.start", "run_id"),
    ("span.end", "span_id"),
])
def test_each_type_says_which_correlation_it_needs(system, type, missing):
    correlation = {"session_id": "s", "run_id": "r", "span_id": "p"}
    del correlation[missing]
    answer = system.post([envelope(type, correlation=correlation)])
    assert answer.status_code == 400
    (detail,) = check_answer(answer)["error"]["details"]
    assert detail["field"] == f"correlation.{missing}" and type in detail["message"]


def test_duplicate_ids_are_stored_once(system):
    """Within a batch, in two batches, and beside new events."""
    one, two, three = envelope(), envelope(), envelope()
    system.accept([one, two, one, one])
    system.accept([two, three, two])
    system.wait_stored(ids_of([one, two, three]))


def test_elements_that_are_no_objects(system):
    good = envelope()
    body = check_answer(system.post([1, good, "text", None, [good]]))
    assert body["accepted"] == 1 and [one["index"] for one in body["rejected"]] == [0, 2, 3, 4]
    system.wait_stored(ids_of([good]))


def test_every_bad_event_is_told(system):
    bad = [changed(envelope(), "event.ts", "never") for _ in range(200)]
    body = check_answer(system.post(bad + [envelope()]))
    assert body["accepted"] == 1 and [one["index"] for one in body["rejected"]] == list(range(200))


def test_10001_events(system):
    batch = [envelope() for _ in range(10_001)]
    answer = system.post(batch)
    assert answer.status_code == 400 and "10000" in check_answer(answer)["error"]["message"].replace(",", "")
    system.store(batch[:10_000], deadline=30)
    assert system.count_stored(ids_of(batch)) == 10_000


def test_9_mib_body(system):
    answer = system.post(b"[" + b" " * (9 << 20) + b"]")
    assert answer.status_code == 413 and "8 MiB" in check_answer(answer)["error"]["message"]


def test_9_mib_body_that_arrives_packed(system):
    answer = system.post(gzip.compress(b"[" + b" " * (9 << 20) + b"]"), {"Content-Encoding": "gzip"})
    assert answer.status_code == 413 and check_answer(answer)


def test_broken_and_unknown_encodings(system):
    assert system.post(b"no gzip at all", {"Content-Encoding": "gzip"}).status_code == 400
    assert system.post(b"[]", {"Content-Encoding": "lzma"}).status_code == 415


def test_an_event_of_more_than_256_kib(system):
    good = envelope()
    body = check_answer(system.post([envelope(payload={"output": "x" * (257 << 10)}), good]))
    assert body["accepted"] == 1
    (rejected,) = body["rejected"]
    assert rejected["index"] == 0 and "256 KiB" in rejected["message"]
    system.store([envelope(payload={"output": "x" * (250 << 10)})])


def test_values_that_postgresql_cannot_hold(system):
    """They are refused, or kept as far as they can be; they never stop what comes behind."""
    def one_with(text):
        return json.dumps(envelope(payload={"value": "VALUE"})).replace('"VALUE"', text)
    nul = envelope(payload={"output": "a\0b"})
    system.store([nul])
    good = envelope()
    batch = [one_with("1e-20000"), json.dumps(good), one_with('"\\udc00"')]  # half a surrogate pair
    body = check_answer(system.post(f"[{', '.join(batch)}]".encode()))
    assert body["accepted"] == 1 and [one["index"] for one in body["rejected"]] == [0, 2]
    system.wait_stored(ids_of([good]))


@pytest.mark.parametrize("value", ["1e99999", '"\\ud800"'])
def test_values_that_no_reader_takes_cost_their_own_event(system, value):
    bad = json.dumps(envelope(payload={"value": "VALUE"})).replace('"VALUE"', value)
    good = envelope()
    alone = system.post(bad.encode())
    assert alone.status_code == 400 and check_answer(alone)["error"]["details"][0]["index"] == 0
    body = check_answer(system.post(f"[{bad}, {json.dumps(good)}]".encode()))
    assert body["accepted"] == 1 and [one["index"] for one in body["rejected"]] == [0]
    system.wait_stored(ids_of([good]))


@pytest.mark.parametrize("value", ['"\\x"', "01", "NaN", '"\t"'])
def test_values_that_are_no_json(system, value):
    body = json.dumps(envelope(payload={"value": "VALUE"})).replace('"VALUE"', value)
    answer = system.post(body.encode())
    assert answer.status_code == 400 and "byte" in check_answer(answer)["error"]["message"], "it tells the place"


def test_deep_nesting(system):
    deep = json.dumps([envelope(payload={"x": "DEEP"})]).replace('"DEEP"', "[" * 5000 + "]" * 5000)
    answer = system.post(deep.encode())
    assert answer.status_code == 400 and "64" in check_answer(answer)["error"]["message"]


BODY = json.dumps([envelope()]).encode()
POST = b"POST /v1/events HTTP/1.1\r\nHost: test\r\n"


@pytest.mark.parametrize("request_bytes, statuses", [
    (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]]", {400}),
    (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    (POST + b"Content-Length: -1\r\n\r\n", {400}),
    (POST + b"Content-Length: 2x\r\n\r\n[]", {400}),
    (POST + b"Content-Length: 99999999999999999999\r\n\r\n", {400, 413}),
    (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", {400, 501}),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", {400}),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n", {400, 413}),
    (POST + b"X: " + b"x" * (17 << 10) + b"\r\n\r\n", {431}),
    (POST + b"Bad Header: 1\r\n\r\n", {400}),
    (POST + b"X: 1\r\n folded\r\n\r\n", {400}),
    (b"POST /v1/events HTTP/2.0\r\nHost: test\r\n\r\n", {505}),
    (b"hello\r\n\r\n", {400}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}),
], ids=lambda value: repr(value)[-48:] if isinstance(value, bytes) else None)
def test_malformed_requests_are_refused_and_the_connection_closed(system, request_bytes, statuses):
    with RawSocket(system.ports["gateway"]) as raw:
        raw.send(request_bytes)
        status, _, body = raw.answer()
        assert status in statuses, body
        assert json.loads(body)["error"]["message"]
        assert raw.ended(), "what follows cannot be trusted"


def test_a_client_that_hangs_up_in_the_middle(system):
    for cut in (10, len(POST), len(POST) + 30):
        with RawSocket(system.ports["gateway"]) as raw:
            raw.send((POST + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY)[:cut])


class TestWebSocketFrames:
    @pytest.fixture(params=["gateway", "query", "ui"])
    def raw(self, system, request):
        with RawSocket(system.ports[request.param]) as raw:
            yield raw.open_websocket("/v1/ws")

    def test_unmasked(self, raw):
        raw.send_frame(TEXT, b"[]", masked=False)
        assert raw.close_code() == 1002 and raw.ended()

    def test_oversized_by_its_length(self, raw):
        raw.send_frame(TEXT, b"x", claimed_length=(1 << 20) + 1)
        assert raw.close_code() == 1009 and raw.ended()

    def test_oversized_over_its_fragments(self, raw):
        raw.send_frame(TEXT, b"x" * (600 << 10), final=False)
        raw.send_frame(0, b"x" * (600 << 10), final=False)
        assert raw.close_code() == 1009 and raw.ended()

    def test_binary(self, raw):
        raw.send_frame(BINARY, b"[]")
        assert raw.close_code() == 1003

    def test_not_utf_8(self, raw):
        raw.send_frame(TEXT, b"\xff\xfe")
        assert raw.close_code() == 1007

    @pytest.mark.parametrize("opcode, reserved", [(0x3, 0), (0xB, 0), (TEXT, 0x40)])
    def test_unknown_opcodes_and_reserved_bits(self, raw, opcode, reserved):
        raw.send_frame(opcode, b"", reserved=reserved)
        assert raw.close_code() == 1002


def test_bad_events_over_websocket_are_told_and_the_next_is_taken(system):
    good = envelope()
    with Socket(system.url("gateway", "/v1/ws", "ws")) as producer:
        for number, message in enumerate(["no json", "[]", "{}", json.dumps({"seq": 9, "events": "x"})], 1):
            ack = producer.ask(message)
            check_frame(ack, "IngestAck")
            assert ack["error"]["code"] == "invalid", message
            assert ack["seq"] in (number, 9)
        ack = producer.ask({"seq": 0, "events": [changed(envelope(), "event.id", "x"), good]})
        check_frame(ack, "IngestAck")
        assert (ack["seq"], ack["accepted"]) == (0, 1)
        assert [(one["index"], one["field"]) for one in ack["rejected"]] == [(0, "event.id")]
    system.wait_stored(ids_of([good]))


@pytest.mark.parametrize("version, key, statuses", [("8", "x" * 22 + "==", {400, 426}), ("13", "short", {400})])
def test_wrong_handshakes(system, version, key, statuses):
    with RawSocket(system.ports["gateway"]) as raw:
        raw.send(f"GET /v1/ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: {version}\r\n\r\n".encode())
        assert raw.answer()[0] in statuses


def test_a_whole_story_survives_bad_neighbours(system):
    story = Story()
    mixed = [one for event in story.events for one in (changed(event, "event.id", "x"), event)]
    assert check_answer(system.post(mixed))["accepted"] == Story.EVENTS
    system.wait_stored(ids_of(story.events))
    session = check_answer(system.get(f"/v1/sessions/{story.session_id}"))
    assert session["counts"]["runs"] == Story.RUNS
