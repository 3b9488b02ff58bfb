import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Envelope, Run } from "../../api/types";
import { agentKey, Lanes } from "./lanes.svelte";

const source = { framework: "codex", client_id: "c1", host: "zap" };
const start = Date.parse("2026-03-13T12:00:00.000Z");
const iso = (seconds: number): string => new Date(start + seconds * 1000).toISOString();

function event(type: string, seconds: number, payload = {}, run_id: string | null = "r1"): Envelope {
  return {
    event: { id: "e", type, ts: iso(seconds), source },
    correlation: { session_id: "s1", run_id },
    payload,
  };
}

function stored(changes: Partial<Run> = {}): Run {
  return {
    ...source,
    session_id: "s1",
    run_id: "r1",
    title: "Mend it",
    status: "active",
    first_ts: iso(0),
    last_ts: iso(5),
    started_at: iso(0),
    counts: { errors: 0 },
    ...changes,
  } as Run;
}

let lanes: Lanes;
const lane = () => lanes.of(agentKey(source));

beforeEach(() => {
  vi.useFakeTimers();
  lanes = new Lanes();
});
afterEach(() => {
  lanes.stop();
  vi.useRealTimers();
});

test("a run is drawn from its events as they happen", () => {
  lanes.take([event("run.start", 0), event("span.end", 3, { kind: "tool", status: "success" })]);
  expect(lane().runs).toMatchObject([{ run_id: "r1", status: "active", begin: start, last: start + 3_000 }]);
  lanes.take([event("run.waiting", 4)]);
  expect(lane().runs[0]?.status).toBe("waiting");
  lanes.take([event("span.start", 5)]);
  expect(lane().runs[0]?.status).toBe("active");
  lanes.take([event("error", 6), event("run.end", 7, { status: "error" })]);
  expect(lane().runs[0]).toMatchObject({ status: "error", last: start + 7_000, errors: 1 });
  expect(lane().glyphs.map(({ kind }) => kind)).toEqual(["tool", "error"]);
});

test("events may come late: an end stays an end", () => {
  lanes.take([event("run.end", 7, {}), event("run.start", 0), event("run.waiting", 3)]);
  expect(lane().runs).toMatchObject([{ status: "ended", begin: start, last: start + 7_000 }]);
});

test("what is stored and what came live are one run, and the later of both holds", () => {
  lanes.take([event("run.end", 9, { status: "success" })]);
  lanes.addRuns([stored()]);
  expect(lane().runs).toMatchObject([{ title: "Mend it", status: "success", begin: start, last: start + 9_000 }]);
  lanes.addRuns([stored({ status: "error", last_ts: iso(10) })]);
  expect(lane().runs).toMatchObject([{ status: "error", last: start + 10_000 }]);
});

test("runs of the query API come newest first and are kept as they began", () => {
  lanes.addRuns([stored({ run_id: "r2", started_at: iso(60) }), stored()]);
  expect(lane().runs.map(({ run_id }) => run_id)).toEqual(["r1", "r2"]);
});

test("agents without client or host have lanes of their own, and machines' readings have none", () => {
  lanes.take([
    {
      event: { id: "e", type: "run.start", ts: iso(0), source: { framework: "codex" } },
      correlation: { session_id: "s", run_id: "r" },
    },
    { event: { id: "e", type: "openclaw.snapshot", ts: iso(0), source }, correlation: {} },
  ]);
  expect(lanes.of(agentKey({ framework: "codex", client_id: null })).runs).toHaveLength(1);
  expect(lane().runs).toHaveLength(0);
});

test("a busy lane is told to be painted at most five times a second, and does not grow without end", () => {
  for (let n = 0; n < 6_000; n += 1) lanes.take([event("span.end", n, { kind: "tool" }, `r${n}`)]);
  expect(lane().version).toBe(0);
  vi.advanceTimersByTime(200);
  expect(lane().version).toBe(1);
  expect(lane().runs).toHaveLength(5_000);
  expect(lane().runs[0]?.run_id).toBe("r1000");
  expect(lane().glyphs).toHaveLength(1_000);
});

test("another time forgets the runs and keeps what happened live", () => {
  lanes.take([event("error", 1)]);
  lanes.forget();
  expect(lane().runs).toHaveLength(0);
  expect(lane().glyphs).toHaveLength(1);
  lanes.addRuns([stored()]);
  expect(lane().runs).toHaveLength(1);
});
