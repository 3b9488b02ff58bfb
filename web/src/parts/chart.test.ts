import { describe, expect, it } from "vitest";

import { placeMarks, roundAbove, stepAt, tickWords, wholeSteps } from "./chart";

describe("a chart", () => {
  it("places marks left to right, and puts those of a tone together that could not be told apart", () => {
    const mark = (at: number, words: string, tone: "bad" | "warn" = "bad") => ({ at, words, tone });
    const placed = placeMarks(
      [
        mark(50, "c", "warn"),
        mark(8, "a", "warn"),
        mark(12, "b"),
        mark(10, "d"),
        mark(-1, "before"),
        mark(101, "after"),
      ],
      (at) => at,
      100,
    );
    expect(placed).toEqual([
      { left: 10, tone: "bad", words: ["d", "b"] },
      { left: 8, tone: "warn", words: ["a"] },
      { left: 50, tone: "warn", words: ["c"] },
    ]);
  });

  it("tells a bounded number of marks in words", () => {
    const [placed] = placeMarks(
      Array.from({ length: 30 }, (_, at) => ({ at: at / 100, words: `m${at}`, tone: "bad" as const })),
      (at) => at,
      100,
    );
    expect(placed?.words).toHaveLength(9);
    expect(placed?.words.at(-1)).toBe("and 22 more");
  });

  it("finds the step that a time is in", () => {
    expect([stepAt(59, 0, 60, 2), stepAt(60, 0, 60, 2), stepAt(120, 0, 60, 2), stepAt(-1, 0, 60, 2)]).toEqual([
      0,
      1,
      null,
      null,
    ]);
  });

  it("zooms to whole steps, one at least", () => {
    expect(wholeSteps(61, 119, 60)).toEqual({ from: new Date(60_000), to: new Date(120_000) });
    expect(wholeSteps(60, 60, 60)).toEqual({ from: new Date(60_000), to: new Date(120_000) });
    expect(wholeSteps(10, 190, 60)).toEqual({ from: new Date(0), to: new Date(240_000) });
  });

  it("labels times of day, and days where one begins", () => {
    const midnight = new Date(2026, 10, 23).getTime() / 1000;
    expect(tickWords([midnight - 3600, midnight, midnight + 5400], 3600)).toEqual(["23:00", "Nov 23", "01:30"]);
  });

  it("ends its scale at a round figure, and is never without height", () => {
    expect([0, 1, 7, 11, 1999, 86].map(roundAbove)).toEqual([1, 1, 8, 15, 2000, 100]);
  });
});
