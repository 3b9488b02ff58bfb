import { expect, test } from "vitest";

import { activityOf, barHeight } from "./activity";
import { agentKey } from "./lanes.svelte";

const agent = { framework: "codex", client_id: null, host: "zap" };

test("steps are found by their agent, on one scale for all", () => {
  const point = (minute: number, tool_calls: number, errors = 0) => ({
    ts: `2026-03-13T12:0${minute}:00.000Z`,
    tool_calls,
    errors,
  });
  const activity = activityOf({
    ...{ window: "1h", from: point(0, 0).ts, to: point(9, 0).ts, kept_from: null, step_seconds: 60 },
    agents: [
      { ...agent, points: [point(1, 4, 1), point(3, 0, 2)] },
      { ...agent, host: "orb", points: [point(2, 9)] },
    ],
  });
  expect(activity).toMatchObject({ step: 60_000, most: 9 });
  expect(activity.steps.get(agentKey(agent))).toEqual([
    { at: Date.parse("2026-03-13T12:01:00Z"), calls: 4, errors: 1 },
    { at: Date.parse("2026-03-13T12:03:00Z"), calls: 0, errors: 2 },
  ]);
  expect(activityOf(null)).toEqual({ step: 0, most: 0, steps: new Map() });
});

test("a single call is seen beside a thousand, and none is nothing", () => {
  expect([0, 1, 250, 1_000].map((calls) => barHeight(calls, 1_000, 8))).toEqual([0, 2, 4, 8]);
});
