import { expect, test } from "vitest";

import { gapsOf } from "./gaps";
import { event, run, span } from "./testing";
import { treeOf } from "./tree";

test("a gap is where no innermost span was at work", () => {
  const tree = treeOf(
    run([
      span("agent", 0, 9_000),
      span("one", 0, 2_000, { parent_span_id: "agent" }),
      span("two", 1_500, 3_000, { parent_span_id: "agent" }),
      span("three", 7_000, 10_000, { parent_span_id: "agent" }),
    ]),
  );
  expect(gapsOf(tree, [], 10_000)).toEqual([{ from: 3_000, to: 7_000, waiting: false }]);
});

test("before the first span, behind the last, and never below a second", () => {
  const tree = treeOf(run([span("one", 1_200, 2_000), span("two", 2_900, 3_000)]));
  expect(gapsOf(tree, [], 10_000)).toEqual([
    { from: 0, to: 1_200, waiting: false },
    { from: 3_000, to: 10_000, waiting: false },
  ]);
});

test("a human was asked in it", () => {
  const tree = treeOf(run([span("one", 0, 2_000), span("two", 8_000, 10_000)]));
  const asked = gapsOf(tree, [event("e", "run.waiting", 2_000)], 10_000);
  expect(asked).toEqual([{ from: 2_000, to: 8_000, waiting: true }]);
  expect(gapsOf(tree, [event("e", "run.waiting", 9_000)], 10_000)[0]?.waiting).toBe(false);
});

test("a span that goes on leaves no gap behind it, and a run without spans has none", () => {
  expect(gapsOf(treeOf(run([span("one", 0, null)])), [], 60_000)).toEqual([]);
  expect(gapsOf(treeOf(run([])), [], 60_000)).toEqual([]);
});
