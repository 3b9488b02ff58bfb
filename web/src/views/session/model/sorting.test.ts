import { expect, test } from "vitest";

import { parseSorting, sorted } from "./sorting";
import { run, span } from "./testing";
import { treeOf } from "./tree";

const tree = treeOf(
  run([
    span("short", 0, 10, { input_preview: "List the files" }),
    span("open", 5, null),
    span("long", 20, 900, { error: "Permission denied" }),
  ]),
);
const ids = (sort: string | null, find = ""): string[] =>
  sorted(tree.all, parseSorting(sort), find).map((node) => node.span.span_id);

test("by start or duration, up or down; unknown durations stand last", () => {
  expect(ids(null)).toEqual(["short", "open", "long"]);
  expect(ids("-start")).toEqual(["long", "open", "short"]);
  expect(ids("duration")).toEqual(["short", "long", "open"]);
  expect(ids("-duration")).toEqual(["long", "short", "open"]);
  expect(ids("nonsense")).toEqual(ids(null));
});

test("all words must be in it, wherever", () => {
  expect(ids(null, "FILES short")).toEqual(["short"]);
  expect(ids(null, "denied")).toEqual(["long"]);
  expect(ids(null, "files denied")).toEqual([]);
});
