import { expect, test } from "vitest";

import { event, run, span } from "./testing";
import { insideWords, linesOf } from "./transcript";
import { treeOf } from "./tree";

const spans = [
  span("model", 1_000, 2_000, { kind: "model" }),
  span("agent", 2_000, 6_000, { kind: "subagent" }),
  span("inner", 2_500, 3_000, { parent_span_id: "agent", status: "error" }),
  span("innermost", 2_600, 2_700, { parent_span_id: "inner" }),
  span("last", 7_000, 8_000),
];
const events = [
  event("end", "run.end", 500),
  event("ask", "run.waiting", 6_500),
  event("start", "run.start", 900),
  event("inner error", "error", 2_800, { span_id: "innermost" }),
  event("leaf error", "error", 7_500, { span_id: "last" }),
  event("lost", "error", 8_500, { span_id: "not there" }),
];

function lines(opened: string[], of = run(spans, events)): string[] {
  return linesOf(treeOf(of), of.events, new Set(opened)).map((line) => `${"-".repeat(line.depth)}${line.key}`);
}

test("question, steps, errors and questions to a human, answer; sub-agents are one line", () => {
  expect(lines([])).toEqual(["start", "model", "agent", "ask", "last", "leaf error", "lost", "end"]);
});

test("opened cards show what is in them, with what was told there", () => {
  expect(lines(["agent"]).slice(2, 5)).toEqual(["agent", "-inner", "ask"]);
  expect(lines(["agent", "inner"]).slice(2, 6)).toEqual(["agent", "-inner", "--innermost", "--inner error"]);
  expect(lines(["inner"])).not.toContain("-inner");
});

test("one span around everything is open until it is closed, but a sub-agent is not", () => {
  const wrapped = run([span("all", 0, 9_000), span("in", 1, 2, { parent_span_id: "all" })]);
  expect(lines([], wrapped)).toEqual(["all", "-in"]);
  expect(lines(["all"], wrapped)).toEqual(["all"]);
  const agent = run([span("all", 0, 9_000, { kind: "subagent" }), span("in", 1, 2, { parent_span_id: "all" })]);
  expect(lines([], agent)).toEqual(["all"]);
});

test("a closed card says what is in it", () => {
  const tree = treeOf(run(spans));
  const words = (id: string): string => {
    const node = tree.byId.get(id);
    return node ? insideWords(node) : "";
  };
  expect(words("agent")).toBe("2 steps, 1 failed");
  expect(words("inner")).toBe("1 step");
});
