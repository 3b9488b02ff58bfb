import { expect, test } from "vitest";

import type { Agent } from "../../api/types";
import { compareStates, stateOf } from "./state";

const now = Date.parse("2026-03-13T12:00:00.000Z");
const before = (minutes: number): string => new Date(now - minutes * 60_000).toISOString();

function agent(name: string, current: Partial<Agent["current"]> | null, last_ts = before(1)): Agent {
  const whole = current && {
    session_id: "s1",
    run_id: "r1",
    status: "active",
    since: before(20),
    title: "Mend it",
    last_ts,
    ...current,
  };
  return { name, framework: "codex", last_ts, current: whole } as Agent;
}

test("an agent works, waits, is stuck or idle", () => {
  expect(stateOf(agent("a", {}), [], now)).toMatchObject({ state: "active", since: before(20), title: "Mend it" });
  expect(stateOf(agent("a", { status: "waiting", since: before(3) }), [], now)).toMatchObject({
    state: "waiting",
    since: before(3),
  });
  expect(stateOf(agent("a", null), [], now)).toMatchObject({ state: "idle", since: before(1), session_id: null });
});

test("stuck means ten minutes without an event, waiting is not stuck", () => {
  expect(stateOf(agent("a", { last_ts: before(9.9) }), [], now).state).toBe("active");
  expect(stateOf(agent("a", { last_ts: before(10) }), [], now)).toMatchObject({ state: "stuck", since: before(10) });
  expect(stateOf(agent("a", { last_ts: before(60), status: "waiting" }), [], now).state).toBe("waiting");
});

test("a session that went silent for good keeps its agent stuck, unless it did something since", () => {
  const silent = [
    { session_id: "old", title: null, last_ts: before(300) },
    { session_id: "late", title: "Lost", last_ts: before(45) },
  ];
  expect(stateOf(agent("a", null, before(45)), silent, now)).toMatchObject({
    state: "stuck",
    session_id: "late",
    since: before(45),
  });
  expect(stateOf(agent("a", null, before(44)), silent, now).state).toBe("idle");
  expect(stateOf(agent("a", {}), silent, now).state).toBe("active");
});

test("who waits comes first, then the stuck, then by name; of idle ones the latest", () => {
  const all = [
    agent("idle long ago", null, before(30)),
    agent("idle", null, before(2)),
    agent("b", {}),
    agent("a", {}),
    agent("stuck", { last_ts: before(12) }),
    agent("waits", { status: "waiting" }),
  ].map((each) => ({ agent: each, now: stateOf(each, [], now) }));
  expect(all.toSorted(compareStates).map((each) => each.agent.name)).toEqual([
    "waits",
    "stuck",
    "a",
    "b",
    "idle",
    "idle long ago",
  ]);
});
