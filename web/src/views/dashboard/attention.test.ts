import { describe, expect, it } from "vitest";

import type { Run, Session, Vm } from "../../api/types";
import { clausesOf, concernsOf, machineTrouble, wellWords } from "./attention";

const now = Date.parse("2026-11-23T12:00:00Z");
const before = (minutes: number): string => new Date(now - minutes * 60_000).toISOString();
const usage = {
  input_tokens: null,
  output_tokens: null,
  cache_read_tokens: null,
  cache_write_tokens: null,
  reasoning_tokens: null,
  cost_usd: null,
};

function session(changes: Partial<Session>): Session {
  return {
    session_id: "s-1",
    framework: "codex",
    client_id: null,
    host: "zap",
    title: null,
    status: "waiting",
    waiting_since: null,
    first_ts: before(60),
    last_ts: before(4),
    started_at: null,
    ended_at: null,
    duration_ms: null,
    counts: { events: 1, runs: 1, failed_runs: 0, spans: 0, tool_calls: 0, errors: 0 },
    usage,
    runs_with_usage: 0,
    ...changes,
  };
}

function run(changes: Partial<Run>): Run {
  return {
    run_id: "r-1",
    session_id: "s 1",
    framework: "codex",
    client_id: "mine",
    host: null,
    title: null,
    status: "error",
    waiting_since: null,
    first_ts: before(90),
    last_ts: before(5),
    started_at: null,
    ended_at: before(5),
    duration_ms: null,
    model: null,
    counts: { events: 1, spans: 0, tool_calls: 0, errors: 1 },
    usage,
    ...changes,
  };
}

const vm = (changes: Partial<Vm>): Vm => ({
  name: "zap",
  state: "running",
  since: before(600),
  issues: [],
  ts: before(0.5),
  event_id: "e",
  snapshot: {},
  ...changes,
});

describe("what is not well", () => {
  it("nothing, when all runs and nobody waits", () => {
    const concerns = concernsOf({ sessions: [], failedRuns: [], vms: [vm({})], now });
    expect(concerns).toEqual([]);
    expect(clausesOf(concerns)).toEqual([]);
  });

  it("puts who waits first, and links to the one place", () => {
    const concerns = concernsOf({
      sessions: [
        session({ session_id: "old", status: "stale", last_ts: before(45) }),
        session({ session_id: "a/b", title: "Deploy?", waiting_since: before(4) }),
      ],
      failedRuns: [run({})],
      vms: [vm({ state: "shutoff", since: before(10) })],
      now,
    });
    expect(concerns.map(({ kind }) => kind)).toEqual(["waiting", "failed", "machine", "stale"]);
    expect(concerns[0]).toMatchObject({ what: "Deploy?", who: "zap", path: "/sessions/a%2Fb", since: before(4) });
    expect(concerns[1]).toMatchObject({ what: "r-1", who: "mine", path: "/sessions/s%201", params: { run: "r-1" } });
    expect(concerns[2]).toMatchObject({ what: "zap is shutoff", tone: "bad", since: before(10) });
    expect(clausesOf(concerns).map(({ text }) => text)).toEqual([
      "1 session waits for you",
      "1 run failed in the last hour",
      "machine zap is shutoff",
      "1 session went silent",
    ]);
  });

  it("says several of a kind at once, with the list that shows them", () => {
    const waiting = ["a", "b"].map((session_id) => session({ session_id }));
    const clauses = clausesOf(concernsOf({ sessions: waiting, failedRuns: [], vms: [], now }));
    expect(clauses).toEqual([
      { text: "2 sessions wait for you", tone: "warn", path: "/sessions", params: { status: "waiting", range: "7d" } },
    ]);
  });

  it("leaves out failures of more than an hour and silences of more than a day ago", () => {
    const concerns = concernsOf({
      sessions: [session({ status: "stale", last_ts: before(25 * 60) })],
      failedRuns: [run({ ended_at: before(61) })],
      vms: [],
      now,
    });
    expect(concerns).toEqual([]);
  });

  it("counts a long run by when it failed, and one without an end time by its latest event", () => {
    const runs = [
      run({ first_ts: before(300), ended_at: before(2) }),
      run({ run_id: "r-2", ended_at: null, last_ts: before(3) }),
    ];
    expect(concernsOf({ sessions: [], failedRuns: runs, vms: [], now })).toHaveLength(2);
  });
});

describe("a machine", () => {
  it("that was not read lately is not known to be well, whatever it said then", () => {
    expect(machineTrouble(vm({ ts: before(7.5) }), now)).toEqual({
      tone: "warn",
      words: "has not been read for 7 min",
    });
  });

  it("that has issues tells the first", () => {
    expect(machineTrouble(vm({ issues: ["gateway does not answer", "disk 91 % full"] }), now)?.words).toBe(
      "has an issue: gateway does not answer and 1 more",
    );
  });

  it("that runs is well", () => {
    expect(machineTrouble(vm({}), now)).toBeNull();
  });
});

it("says in words what is well", () => {
  expect(wellWords(0, 0)).toBe("no session is active, no run failed in the last hour");
  expect(wellWords(1, 3)).toBe("1 session is active, no run failed in the last hour, 3 machines run");
});
