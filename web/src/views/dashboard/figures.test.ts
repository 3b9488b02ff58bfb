import { describe, expect, it } from "vitest";

import type { Summary } from "../../api/types";
import { barsOf, tilesOf, toldBy } from "./figures";

const usage = (input: number | null, output: number | null, cost: number | null): Summary["usage"] => ({
  input_tokens: input,
  output_tokens: output,
  cache_read_tokens: null,
  cache_write_tokens: null,
  reasoning_tokens: null,
  cost_usd: cost,
});
type Figures = NonNullable<Summary["yesterday"]>;
const figures = (changes: Partial<Figures> = {}): Figures => ({
  sessions: 10,
  runs: 20,
  failed_runs: 1,
  tool_calls: 50,
  errors: 5,
  events: 200,
  usage: usage(1000, 200, 1.5),
  usage_known_runs: 20,
  cost_known_runs: 20,
  run_p50_ms: null,
  run_p95_ms: null,
  ...changes,
});
const today = (changes: Partial<Summary> = {}): Summary => ({
  ...figures(),
  day: "2026-11-23",
  active_sessions: 3,
  waiting_sessions: 0,
  by_framework: [],
  yesterday: figures(),
  ...changes,
});
const tile = (summary: Summary, name: string): ReturnType<typeof tilesOf>[number] => {
  const found = tilesOf(summary).find((each) => each.name === name);
  if (!found) throw new Error(`no tile ${name}`);
  return found;
};

describe("the figures of today", () => {
  it("say unknown where nobody told, and then no change", () => {
    const cost = tile(today({ usage: usage(1, 1, null), cost_known_runs: 0 }), "Cost");
    expect(cost).toMatchObject({ value: "unknown", change: "" });
    expect(cost.notes[0]?.text).toBe("no run told it");
  });

  it("have their change against yesterday", () => {
    expect(tile(today({ runs: 25 }), "Runs").change).toBe("+5");
    expect(tile(today({ errors: 9 }), "Errors")).toMatchObject({ change: "+4", changeTone: "bad" });
    expect(tile(today({ errors: 2 }), "Errors")).toMatchObject({ change: "\u22123", changeTone: "good" });
    expect(tile(today(), "Errors")).toMatchObject({ change: "as before", changeTone: "" });
  });

  it("have no change where yesterday was dropped", () => {
    const runs = tile(today({ yesterday: null }), "Runs");
    expect(runs).toMatchObject({ value: "20", change: "", before: "unknown" });
    expect(tile(today({ yesterday: null, errors: 9 }), "Errors")).toMatchObject({ change: "", changeTone: "" });
    expect(tile(today({ yesterday: null }), "Active now").notes[1]?.text).toBe("10 sessions today");
  });

  it("keep the exact figure of a shortened one", () => {
    expect(tile(today({ usage: usage(1_234_567, null, 0) }), "Tokens")).toMatchObject({
      value: "1.23M",
      exact: "1,234,567",
    });
  });

  it("let waiting sessions stand out, and link to them", () => {
    expect(tile(today({ waiting_sessions: 2 }), "Active now")).toMatchObject({
      notes: [{ text: "2 waiting", tone: "warn" }, { tone: "" }],
      params: { status: "active,waiting" },
    });
  });

  it("say how many runs told", () => {
    expect(toldBy(3, 5)).toBe("told by 3 of 5 runs");
    expect(toldBy(5, 5)).toBe("told by all 5 runs");
    expect(toldBy(0, 0)).toBe("no run yet");
  });
});

describe("the breakdown by kind of agent", () => {
  const summary = today({
    by_framework: [
      { framework: "codex", ...figures({ runs: 5, usage: usage(null, null, null) }) },
      { framework: "openclaw", ...figures({ runs: 15, usage: usage(10, 30, 2) }) },
    ],
  });

  it("is sorted by the measure, with lengths beside the largest and shares of all", () => {
    expect(barsOf(summary, "runs").map(({ framework, words, share }) => [framework, words, share])).toEqual([
      ["openclaw", "15", "75 %"],
      ["codex", "5", "25 %"],
    ]);
    expect(barsOf(summary, "runs")[1]?.length).toBeCloseTo(1 / 3);
  });

  it("says unknown for who told nothing", () => {
    expect(barsOf(summary, "tokens")[1]).toMatchObject({ framework: "codex", words: "unknown", length: 0 });
  });
});
