import { expect, test } from "vitest";

import type { LaneRun } from "./lanes.svelte";
import { barAt, endOf, layOut, ticks } from "./layout";

const extent = { from: 0, to: 1_000_000 };
const run = (begin: number, last: number, changes: Partial<LaneRun> = {}): LaneRun => ({
  session_id: "s",
  run_id: `r${begin}`,
  title: null,
  status: "success",
  begin,
  last,
  errors: 0,
  ...changes,
});
const layout = (...runs: LaneRun[]) =>
  layOut(runs, extent, 1_000, extent.to).map(({ left, width, track }) => [left, width, track]);

test("runs after each other share a track, runs at the same time do not", () => {
  expect(layout(run(0, 100_000), run(100_000, 200_000), run(150_000, 300_000))).toEqual([
    [0, 100, 0],
    [100, 100, 0],
    [150, 150, 1],
  ]);
  expect(layout(...[0, 1, 2, 3, 4].map((n) => run(n, 500_000))).map(([, , track]) => track)).toEqual([0, 1, 2, 2, 2]);
});

test("what is out of the picture is left out, what reaches into it is cut, what is short can be seen", () => {
  expect(layout(run(-500_000, -1))).toEqual([]);
  expect(layout(run(1_000_001, 1_000_002))).toEqual([]);
  expect(layout(run(-500_000, 50_000))).toEqual([[0, 50, 0]]);
  expect(layout(run(10_000, 10_001))).toEqual([[10, 2, 0]]);
  expect(layout(run(1_000_000, 1_000_000))).toEqual([[998, 2, 0]]);
});

test("an open run goes on until now, unless it was silent for half an hour; one that waits, for a day", () => {
  const now = 100_000_000;
  expect(endOf(run(0, now - 60_000, { status: "active" }), now)).toBe(now);
  expect(endOf(run(0, now - 1_800_000, { status: "active" }), now)).toBe(now - 1_800_000);
  expect(endOf(run(0, now - 80_000_000, { status: "waiting" }), now)).toBe(now);
  expect(endOf(run(0, 5, { status: "waiting" }), now)).toBe(5);
  expect(endOf(run(0, 5), now)).toBe(5);
});

test("the pointer finds thin bars, and of several the one that matters", () => {
  const bars = layOut([run(100_000, 100_001), run(100_000, 100_002, { status: "error" })], extent, 1_000, extent.to);
  expect(barAt(bars, 104)?.run.status).toBe("error");
  expect(barAt(bars, 110)).toBeNull();
});

test("ticks are round local times and not crowded", () => {
  const from = new Date(2026, 2, 13, 11, 7).getTime();
  const hours = ticks({ from, to: from + 6 * 3_600_000 }, 900).map((at) => new Date(at));
  expect(hours.map((at) => [at.getHours(), at.getMinutes()])).toEqual(
    [12, 13, 14, 15, 16, 17].map((hour) => [hour, 0]),
  );
  expect(ticks({ from, to: from + 7 * 86_400_000 }, 1_000).every((at) => new Date(at).getHours() % 12 === 0)).toBe(
    true,
  );
  expect(ticks({ from: 5, to: 5 }, 900)).toEqual([]);
});
