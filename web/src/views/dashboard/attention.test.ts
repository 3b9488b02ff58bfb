import { describe, expect, it } from "vitest";

import type { Run, Session, Vm } from "../../api/types";
import { conditionOf, machineOf, type Watched } from "../machines/machine";
import { clausesOf, concernsOf, wellWords } from "./attention";

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

const machine = (changes: Partial<Vm>, silent = false): Watched => {
  const told = machineOf({
    ...{
      name: "zap",
      state: "running",
      since: before(600),
      verdict: null,
      issues: [],
      ts: before(0.5),
      event_id: "e",
      snapshot: {},
    },
    ...changes,
  });
  return { machine: told, silent, condition: conditionOf(told, silent) };
};

describe("what is not well", () => {
  it("nothing, when all runs and nobody waits", () => {
    const concerns = concernsOf({ sessions: [], failedRuns: [], machines: [machine({})], now });
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
      machines: [machine({ state: "crashed", since: before(10) })],
      now,
    });
    expect(concerns.map(({ kind }) => kind)).toEqual(["waiting", "failed", "machine", "stale"]);
    expect(concerns[0]).toMatchObject({ what: "Deploy?", who: "zap", path: "/sessions/a%2Fb", since: before(4) });
    expect(concerns[1]).toMatchObject({ what: "r-1", who: "mine", path: "/sessions/s%201", params: { run: "r-1" } });
    expect(concerns[2]).toMatchObject({ what: "zap is crashed", tone: "bad", since: before(10) });
    expect(clausesOf(concerns).map(({ text }) => text)).toEqual([
      "1 session waits for you",
      "1 run failed in the last hour",
      "machine zap is crashed",
      "1 session went silent",
    ]);
  });

  it("says several of a kind at once, with the list that shows them", () => {
    const waiting = ["a", "b"].map((session_id) => session({ session_id }));
    const clauses = clausesOf(concernsOf({ sessions: waiting, failedRuns: [], machines: [], now }));
    expect(clauses).toEqual([
      { text: "2 sessions wait for you", tone: "warn", path: "/sessions", params: { status: "waiting", range: "7d" } },
    ]);
  });

  it("leaves out failures of more than an hour and silences of more than a day ago", () => {
    const concerns = concernsOf({
      sessions: [session({ status: "stale", last_ts: before(25 * 60) })],
      failedRuns: [run({ ended_at: before(61) })],
      machines: [],
      now,
    });
    expect(concerns).toEqual([]);
  });

  it("counts a long run by when it failed, and one without an end time by its latest event", () => {
    const runs = [
      run({ first_ts: before(300), ended_at: before(2) }),
      run({ run_id: "r-2", ended_at: null, last_ts: before(3) }),
    ];
    expect(concernsOf({ sessions: [], failedRuns: runs, machines: [], now })).toHaveLength(2);
  });
});

describe("a machine", () => {
  const concern = (watched: Watched) => concernsOf({ sessions: [], failedRuns: [], machines: [watched], now })[0];

  it("that was not read lately is not known to be well, whatever it said then", () => {
    expect(concern(machine({ ts: before(7.5) }, true))).toMatchObject({
      tone: "warn",
      what: "zap has not been read for 7 min",
      since: before(7.5),
    });
  });

  it("that has issues tells the first, one whose gateway is down tells that", () => {
    const issues = ["no answer", "disk 91 % full"];
    expect(concern(machine({ issues }))).toMatchObject({ tone: "bad", what: "zap has an issue: no answer and 1 more" });
    expect(concern(machine({ snapshot: { gateway: { up: false } } }))).toMatchObject({
      tone: "bad",
      what: "zap runs, but its gateway is down",
    });
  });

  it("that nobody knows the state of is not called well; one that runs or was put off is", () => {
    expect(concern(machine({ state: "dreaming" }))).toMatchObject({ tone: "warn", what: "zap is dreaming" });
    expect(concern(machine({}))).toBeUndefined();
    expect(concern(machine({ state: "paused", snapshot: { gateway: { up: false } } }))).toBeUndefined();
  });
});

it("says in words what is well", () => {
  const run = machine({});
  const off = machine({ state: "shut off" });
  expect(wellWords(0, [])).toBe("no session is active, no run failed in the last hour");
  expect(wellWords(1, [run, run, off])).toBe(
    "1 session is active, no run failed in the last hour, 2 machines run, 1 is off",
  );
  expect(wellWords(2, [off])).toBe("2 sessions are active, no run failed in the last hour, 1 machine is off");
});
