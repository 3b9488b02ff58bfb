import { describe, expect, test } from "vitest";

import { brief } from "./brief";
import { fieldsOf } from "./fields";
import { saidIn } from "./said";

describe("a preview at a glance", () => {
  test.each([
    ["plain words", "plain words"],
    ['{"command":"ls -la\\n\\"x\\"","description":"List"}', 'ls -la "x"'],
    ['{"description":"Read","file_path":"/a/b.ts","limit":20}', "/a/b.ts · limit: 20"],
    ['{"path":"/srv","pattern":"vat_id"}', "vat_id · /srv"],
    ['{"a":1,"b":true,"c":"t\\u0041g"}', "a: 1 · b: true · c: tAg"],
    ['{"command":"a text that was cut in its mid…', "a text that was cut in its mid…"],
    ['{"list":["x","y"]}', '{"list":["x","y"]}'],
    ["{not JSON", "{not JSON"],
  ])("of %s is %s", (preview, words) => {
    expect(brief(preview)).toBe(words);
  });
  test("of nothing is nothing", () => expect(brief(null)).toBe(""));
});

test("an object's fields are told one by one", () => {
  expect(fieldsOf({ command: "a\nb", limit: 3, deep: { x: [1] }, none: null })).toEqual([
    ["command", "a\nb"],
    ["limit", "3"],
    ["deep", '{\n  "x": [\n    1\n  ]\n}'],
    ["none", "null"],
  ]);
  for (const other of ["text", 3, null, [1], {}]) expect(fieldsOf(other)).toBeNull();
});

test("words are found in texts and in objects that hold one; an error comes with what follows", () => {
  expect(saidIn({ input: "a" }, ["input"])).toEqual([{ key: "input", text: "a" }]);
  expect(saidIn({ input: { text: "a" } }, ["input"])).toEqual([{ key: "input", text: "a" }]);
  expect(saidIn({ error: { type: "x", message: "bad" }, output: "half" }, ["error", "output"])).toEqual([
    { key: "error", text: "bad" },
    { key: "output", text: "half" },
  ]);
  expect(saidIn({ message: "m", input: "i" }, ["message", "input"])).toEqual([{ key: "message", text: "m" }]);
  expect(saidIn({}, ["input"])).toEqual([]);
});
