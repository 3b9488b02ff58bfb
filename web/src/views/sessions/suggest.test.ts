import { expect, test } from "vitest";

import { accept, suggest } from "./suggest";

const known = { framework: ["codex", "openclaw"], agent: ["zap", "my agent"], host: ["zap", "orb"] };
const labels = (text: string, caret = text.length): string[] => suggest(text, caret, known).map(({ label }) => label);

test("an empty place suggests the keys", () => {
  expect(labels("")).toEqual(["framework:", "agent:", "host:", "status:", "order:"]);
  expect(labels("codex ")).toHaveLength(5);
});

test("a beginning suggests keys and the values of all keys", () => {
  expect(labels("o")).toEqual(["order:", "framework:openclaw", "host:orb"]);
  expect(labels("za")).toEqual(["agent:zap", "host:zap"]);
  expect(labels("err")).toEqual(["status:error"]);
  expect(labels("nothing like it")).toEqual([]);
});

test("a key suggests its values, of statuses those not yet given", () => {
  expect(labels("host:")).toEqual(["host:zap", "host:orb"]);
  expect(labels("status:error,a")).toEqual(["status:error,active", "status:error,aborted"]);
  expect(labels("status:error,")).not.toContain("status:error,error");
  expect(labels("nokey:")).toEqual([]);
});

test("a suggestion takes the place of the term the cursor is in", () => {
  const text = "host:z failing build";
  const [first] = suggest(text, 6, known);
  expect(first && accept(text, first)).toEqual({ text: "host:zap failing build", caret: 9 });
  const [agent] = suggest("agent:my", 8, known);
  expect(agent && accept("agent:my", agent)).toEqual({ text: 'agent:"my agent" ', caret: 17 });
});
