import { describe, expect, test } from "vitest";

import { around, pan, revealing, tickWords, ticks, within, zoom } from "./extent";

const whole = { from: 0, to: 1_000 };

describe("what is shown", () => {
  test("zooming keeps the time under the pointer in its place", () => {
    expect(zoom(whole, whole, 0.5, 250)).toEqual({ from: 125, to: 625 });
    expect(zoom({ from: 400, to: 600 }, whole, 2, 600)).toEqual({ from: 200, to: 600 });
  });
  test("and never leaves the run, nor falls to nothing", () => {
    expect(zoom({ from: 400, to: 600 }, whole, 100, 500)).toEqual(whole);
    const nearest = zoom({ from: 500, to: 500.02 }, whole, 1e-9, 500);
    expect(nearest.to - nearest.from).toBeCloseTo(0.01);
    expect(pan({ from: 900, to: 1_000 }, whole, 0.5)).toEqual({ from: 900, to: 1_000 });
    expect(pan({ from: 100, to: 200 }, whole, -0.5)).toEqual({ from: 50, to: 150 });
    expect(within({ from: -50, to: 50 }, whole)).toEqual({ from: 0, to: 100 });
  });
  test("a span is fitted with air around it", () => {
    expect(around(400, 500, whole)).toEqual({ from: 390, to: 510 });
    const point = around(400, 400, whole);
    expect(point.from).toBeLessThan(400);
    expect(point.to).toBeGreaterThan(400);
  });
  test("moves only to what is not seen at all", () => {
    expect(revealing({ from: 100, to: 200 }, whole, 150, 900)).toBeNull();
    expect(revealing({ from: 100, to: 200 }, whole, 500, 510)).toEqual({ from: 490, to: 590 });
    expect(revealing({ from: 800, to: 1_000 }, whole, 0, 10)).toEqual({ from: 0, to: 200 });
  });
});

describe("lines", () => {
  test.each([
    [{ from: 0, to: 1_000 }, 5, 200],
    [{ from: 0, to: 0.1 }, 5, 0.02],
    [{ from: 0, to: 60_000 }, 6, 10_000],
    [{ from: 0, to: 100_000 }, 7, 15_000],
    [{ from: 0, to: 7_200_000 }, 6, 1_800_000],
  ])("%o in at most %i has a step of %d", (shown, most, step) => {
    expect(ticks(shown, most).step).toBeCloseTo(step, 9);
  });
  test("stand on whole steps within what is shown", () => {
    expect(ticks({ from: 150, to: 1_150 }, 5).at).toEqual([200, 400, 600, 800, 1_000]);
  });
  test("are as exact as their step", () => {
    expect(tickWords(0, 10)).toBe("0");
    expect(tickWords(350, 50)).toBe("350 ms");
    expect(tickWords(0.06, 0.02)).toBe("0.06 ms");
    expect(tickWords(12_350, 50)).toBe("12.35 s");
    expect(tickWords(297_823, 1)).toBe("4 min 57.823 s");
    expect(tickWords(45_000, 5_000)).toBe("45 s");
    expect(tickWords(125_000, 5_000)).toBe("2 min 5 s");
    expect(tickWords(7_200_000, 900_000)).toBe("2 h");
  });
});
