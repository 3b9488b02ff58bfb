import type { EventOutline, RunOutline, SpanOutline } from "./types";

// Runs for the tests beside this file.

const nothing = {
  input_tokens: null,
  output_tokens: null,
  cache_read_tokens: null,
  cache_write_tokens: null,
  reasoning_tokens: null,
  cost_usd: null,
};

export const begin = Date.parse("2026-03-13T12:00:00.000Z");
/** Milliseconds behind the run's begin, as a time. */
export const time = (ms: number): string => new Date(begin + ms).toISOString();

export function span(id: string, from: number | null, to: number | null, more: Partial<SpanOutline> = {}): SpanOutline {
  return {
    span_id: id,
    parent_span_id: null,
    name: id,
    kind: "tool",
    status: to === null ? "active" : "success",
    started_at: from === null ? null : time(from),
    ended_at: to === null ? null : time(to),
    duration_ms: from === null || to === null ? null : to - from,
    input_preview: null,
    output_preview: null,
    error: null,
    usage: null,
    model: null,
    ...more,
  };
}

export function event(id: string, type: string, ms: number, more: Partial<EventOutline> = {}): EventOutline {
  return { event_id: id, type, ts: time(ms), span_id: null, preview: null, ...more };
}

export function run(spans: SpanOutline[], events: EventOutline[] = [], more: Partial<RunOutline> = {}): RunOutline {
  return {
    run_id: "r",
    session_id: "s",
    framework: "openclaw",
    client_id: null,
    host: null,
    title: null,
    status: "success",
    waiting_since: null,
    first_ts: time(0),
    last_ts: time(10_000),
    started_at: time(0),
    ended_at: time(10_000),
    duration_ms: 10_000,
    model: null,
    counts: { events: 0, spans: 0, tool_calls: 0, errors: 0 },
    usage: nothing,
    spans,
    events,
    truncated: false,
    ...more,
  };
}
