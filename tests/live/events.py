"""Envelopes to send: single ones, and a whole story whose figures are known."""

import datetime
import uuid

UTC = datetime.timezone.utc


def now():
    return datetime.datetime.now(UTC)


def moment(at):
    """RFC 3339 with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def envelope(type="custom.tick", at=None, event_id=None, source=None, correlation=None, attributes=None, payload=None):
    made = {
        "schema": {"name": "agentmon.event", "version": 1},
        "event": {
            "id": event_id or str(uuid.uuid4()),
            "type": type,
            "ts": moment(at or now()),
            "source": source or {"framework": "openclaw", "client_id": "zap", "host": "zap"},
        },
    }
    for key, value in (("correlation", correlation), ("attributes", attributes), ("payload", payload)):
        if value is not None:
            made[key] = value
    return made


def ids_of(events):
    return [one["event"]["id"] for one in events]


def is_kept(sent, seen):
    """True when `seen` says all that `sent` says, and of the rest only that it is unknown (null) or empty."""
    if not isinstance(sent, dict) or not isinstance(seen, dict):
        return sent == seen
    added = [value for key, value in seen.items() if key not in sent]
    return all(key in seen and is_kept(value, seen[key]) for key, value in sent.items()) and not any(added)


def envelope_of(item):
    """The envelope in an item of /v1/events, without the columns beside it."""
    return {key: item[key] for key in ("schema", "event", "correlation", "attributes", "payload")}


def changed(event, path, value):
    """A copy of the envelope with the value at a dotted path replaced, or taken away when it is ... (Ellipsis)."""
    *parents, last = path.split(".")
    copy = dict(event)
    here = copy
    for key in parents:
        here[key] = dict(here[key])
        here = here[key]
    if value is ...:
        here.pop(last, None)
    else:
        here[last] = value
    return copy


def snapshot(name, at=None, **payload):
    """A machine's reading."""
    figures = {
        "name": name, "state": "running", "cpu_percent": 12.5, "memory_used_bytes": 2 << 30,
        "memory_total_bytes": 8 << 30, "disk_used_bytes": 20 << 30, "disk_total_bytes": 40 << 30,
        "network_rx_bytes_per_second": 1000, "network_tx_bytes_per_second": 2000, "issues": [],
    }
    return envelope("openclaw.snapshot", at, source={"framework": "openclaw", "client_id": name, "host": name},
                    payload={**figures, **payload})


class Story:
    """A session of two runs, the second of which fails: four spans (two tool calls, one of them failed), one error."""

    EVENTS = 15
    RUNS = 2
    FAILED_RUNS = 1
    SPANS = 4
    TOOL_CALLS = 2
    ERRORS = 2  # the error event, and the span that ended with an error
    USAGE = {"input_tokens": 1200, "output_tokens": 80, "cache_read_tokens": 1000, "cost_usd": 0.0123}
    FIRST_RUN_MS = 4000  # from its start to its end: it does not say itself
    SECOND_RUN_MS = 5500  # as it says itself

    def __init__(self, tag=None, framework="openclaw", host="zap", begin=None):
        self.tag = tag or "t" + uuid.uuid4().hex[:12]  # one word for the search, too
        self.source = {"framework": framework, "client_id": host, "host": host}
        self.session_id = f"session-{self.tag}"
        self.run_ids = [f"run-{self.tag}-1", f"run-{self.tag}-2"]
        today = now().replace(hour=0, minute=0, second=0, microsecond=0)
        self.begin = begin or max(now() - datetime.timedelta(seconds=60), today)
        self._trace = uuid.uuid5(uuid.NAMESPACE_OID, self.tag).hex
        self.events = list(self._tell())

    def _event(self, number, type, second, run=None, span=None, parent=None, **payload):
        correlation = {"session_id": self.session_id, "trace_id": self._trace}
        if run is not None:
            correlation["run_id"] = self.run_ids[run]
        if span is not None:
            correlation["span_id"] = f"span-{self.tag}-{span}"
        if parent is not None:
            correlation["parent_span_id"] = f"span-{self.tag}-{parent}"
        return envelope(type, self.begin + datetime.timedelta(seconds=second), self.event_id(number), self.source,
                        correlation, {"step": number}, payload)

    def event_id(self, number):
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.tag}/{number}"))

    def _tell(self):
        failure = {"type": "ENOENT", "message": f"no such file: settings-{self.tag}.json"}
        yield self._event(0, "session.start", 0)
        yield self._event(1, "run.start", 1, run=0, input=f"List the folder, please ({self.tag})")
        yield self._event(2, "span.start", 1.5, run=0, span=1, kind="tool", name="exec", input={"command": "ls -la"})
        yield self._event(3, "span.end", 1.75, run=0, span=1, kind="tool", name="exec", status="success",
                          duration_ms=250, output="total 3")
        yield self._event(4, "span.start", 2, run=0, span=2, kind="model")
        yield self._event(5, "span.end", 4, run=0, span=2, kind="model", status="success", duration_ms=2000,
                          usage={**self.USAGE, "model": "claude-test"})
        yield self._event(6, "run.end", 5, run=0, status="success", output="There are three files.")
        yield self._event(7, "run.start", 10, run=1, input=f"Read the settings ({self.tag})")
        yield self._event(8, "span.start", 11, run=1, span=3, kind="subagent", name="reader")
        yield self._event(9, "span.start", 11.5, run=1, span=4, parent=3, kind="tool", name="read")
        yield self._event(10, "span.end", 12, run=1, span=4, parent=3, kind="tool", name="read", status="error",
                          duration_ms=500, error=failure)
        yield self._event(11, "span.end", 13, run=1, span=3, kind="subagent", name="reader", status="success")
        yield self._event(12, "error", 14, run=1, error=failure)
        yield self._event(13, "run.end", 15, run=1, status="error", duration_ms=self.SECOND_RUN_MS, error=failure)
        yield self._event(14, "session.end", 16, status="success")

    def without_names(self, text):
        """A JSON text about this story with its ids made the same for every story."""
        for number in range(self.EVENTS):
            text = text.replace(self.event_id(number), f"event-{number}")
        return text.replace(self._trace, "TRACE").replace(self.tag, "TAG")
