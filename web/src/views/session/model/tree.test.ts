import { expect, test } from "vitest";

import { momentOf } from "./moment";
import { run, span, time } from "./testing";
import { type Tree, ancestors, nextError, treeOf, visible } from "./tree";

const names = (tree: Tree): string[] => tree.all.map((node) => `${"-".repeat(node.depth)}${node.span.span_id}`);

test("spans stand in their parents, in the order they began", () => {
  const tree = treeOf(
    run([
      span("b", 500, 900),
      span("a", 100, 400),
      span("a2", 300, 350, { parent_span_id: "a" }),
      span("a1", 150, 200, { parent_span_id: "a", status: "error" }),
      span("a11", 160, 170, { parent_span_id: "a1" }),
    ]),
  );
  expect(names(tree)).toEqual(["a", "-a1", "--a11", "-a2", "b"]);
  expect(tree.all.map(({ inside, errorsInside }) => [inside, errorsInside])).toEqual([
    [3, 1],
    [1, 0],
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  expect(tree.depth).toBe(2);
});

test("an absent parent, itself, and a circle are no parents, and no span is lost", () => {
  const tree = treeOf(
    run([
      span("orphan", 10, 20, { parent_span_id: "not there" }),
      span("self", 20, 30, { parent_span_id: "self" }),
      span("x", 30, 40, { parent_span_id: "y" }),
      span("y", 35, 40, { parent_span_id: "x" }),
    ]),
  );
  expect(names(tree)).toEqual(["orphan", "self", "x", "-y"]);
  expect(tree.byId.get("x")?.inside).toBe(1);
  expect(tree.byId.get("y")?.inside).toBe(0);
});

test("10,000 spans in each other do not end the stack", () => {
  const spans = Array.from({ length: 10_000 }, (_, at) =>
    span(`s${at}`, at, 20_000, { parent_span_id: at === 0 ? null : `s${at - 1}` }),
  );
  const tree = treeOf(run(spans));
  expect(tree.all).toHaveLength(10_000);
  expect(tree.depth).toBe(9_999);
  expect(tree.roots[0]?.inside).toBe(9_999);
});

test("what is not known of a time is not made up", () => {
  const tree = treeOf(
    run([
      span("open", 1_000, null),
      span("end only", null, 3_000),
      span("end and duration", null, 3_000, { duration_ms: 500 }),
      span("clocks differ", 2_000, 1_900),
    ]),
  );
  const timesOf = (id: string): unknown => {
    const node = tree.byId.get(id);
    return [node?.start, node?.end];
  };
  expect(timesOf("open")).toEqual([1_000, null]);
  expect(timesOf("end only")).toEqual([3_000, 3_000]);
  expect(timesOf("end and duration")).toEqual([2_500, 3_000]);
  expect(timesOf("clocks differ")).toEqual([2_000, 2_000]);
});

test("a span before the run's first event moves the origin", () => {
  const tree = treeOf(run([span("early", -250, 100)]));
  expect(tree.all[0]?.start).toBe(0);
  expect(tree.last).toBe(10_250);
});

test("microseconds are kept", () => {
  expect(momentOf("2026-03-13T12:00:00.123456Z") - momentOf("2026-03-13T12:00:00.123Z")).toBeCloseTo(0.456, 3);
  expect(momentOf(time(5))).toBe(Date.parse(time(5)));
});

test("rows in collapsed spans are not there", () => {
  const tree = treeOf(
    run([
      span("a", 0, 9),
      span("a1", 1, 2, { parent_span_id: "a" }),
      span("a11", 1, 2, { parent_span_id: "a1" }),
      span("b", 3, 4),
    ]),
  );
  const shown = (collapsed: string[]): string[] => visible(tree, new Set(collapsed)).map((node) => node.span.span_id);
  expect(shown([])).toEqual(["a", "a1", "a11", "b"]);
  expect(shown(["a1"])).toEqual(["a", "a1", "b"]);
  expect(shown(["a", "a1"])).toEqual(["a", "b"]);
});

test("the next error comes round again", () => {
  const bad = { status: "error" } as const;
  const tree = treeOf(run([span("a", 0, 1, bad), span("b", 1, 2), span("c", 2, 3, { error: "told" })]));
  const after = (id: string | null): string | undefined =>
    nextError(tree, id === null ? null : (tree.byId.get(id) ?? null))?.span.span_id;
  expect([after(null), after("a"), after("b"), after("c")]).toEqual(["a", "c", "c", "a"]);
  expect(nextError(treeOf(run([span("a", 0, 1)])), null)).toBeNull();
});

test("ancestors come from the outside in", () => {
  const tree = treeOf(
    run([span("a", 0, 9), span("b", 1, 2, { parent_span_id: "a" }), span("c", 1, 2, { parent_span_id: "b" })]),
  );
  const c = tree.byId.get("c");
  expect(c && ancestors(c).map((node) => node.span.span_id)).toEqual(["a", "b"]);
});
