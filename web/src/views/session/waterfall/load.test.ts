import { expect, test } from "vitest";

import { type Reading, nearest, stretches } from "./load";

const reading = (at: number, cpu: number | null): Reading => ({ at, cpu, memory: null, memoryBytes: null });
const readings = [reading(0, 0.1), reading(30, 0.2), reading(60, null), reading(90, 0.4), reading(500, 0.5)];

test("a line ends at an unknown value and at a long silence", () => {
  const cpu = stretches(readings, (each) => each.cpu, 100);
  expect(cpu.map((points) => points.map(({ at }) => at))).toEqual([[0, 30], [90], [500]]);
  expect(stretches(readings, (each) => each.memory, 100)).toEqual([]);
});

test("the nearest reading tells a time, unless it is far away", () => {
  expect(nearest(readings, 40, 100)?.at).toBe(30);
  expect(nearest(readings, 300, 100)).toBeNull();
  expect(nearest([], 0, 100)).toBeNull();
});
