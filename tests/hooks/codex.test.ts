import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { codex } from "../../hooks/codex/events.ts";
import { readTurn } from "../../hooks/codex/rollout.ts";
import { fields } from "../../hooks/agentmon/emitter/read.ts";
import type { Sent } from "./gateway.ts";
import { assertExpected, assertWhole, firstTime, fixture, replay } from "./replay.ts";
import { temporaryFolder } from "./temporary.ts";

const order = [
  "SessionStart", "UserPromptSubmit", "PreCompact", "SubagentStart", "PreToolUse", "PermissionRequest", "PostToolUse",
  "SubagentStop", "PostCompact", "Stop", "Interrupt", "SessionEnd",
];

function inOrder(name: string): Record<string, unknown>[] {
  const rank = (payload: Readonly<Record<string, unknown>>): number => order.indexOf(String(payload.hook_event_name));
  return [...fixture(name)].sort((one, other) => rank(one) - rank(other));
}

for (const version of ["0.116.0", "0.169.0"])
  test(`every captured hook call of ${version} tells what was checked by hand`, async (t) => {
    assertExpected(`codex-${version}`, await replay(codex, inOrder(`codex-${version}-hooks.jsonl`), temporaryFolder(t)));
  });

test("notify alone tells every turn once, without hidden threads and sub-agents", async (t) => {
  const payloads = fixture("codex-notify.jsonl").map((line) => fields(line.payload));
  const told = await replay(codex, [...payloads, ...payloads], temporaryFolder(t));
  assertExpected("codex-notify", told);
  assertWhole(told);
});

test("notify and Stop of one turn make one run.end, whichever comes first", async (t) => {
  const hooks = inOrder("codex-0.169.0-hooks.jsonl").filter((each) => each.session_id === "01a203c5-8e16-7a41-a276-8b9288d0ca0c");
  const [notify] = fixture("codex-notify.jsonl").map((line) => fields(line.payload)).filter((each) => each["turn-id"] === "01a203c5-8e2c-7581-9fdb-c0cb4ec15804");
  assert.ok(notify);
  const stop = hooks.findIndex((each) => each.hook_event_name === "Stop");
  for (const place of [stop, stop + 1]) {
    const told: Sent[] = await replay(codex, [...hooks.slice(0, place), notify, ...hooks.slice(place)], join(temporaryFolder(t), String(place)));
    assertWhole(told);
    assert.equal(told.filter((each) => each.event.type === "run.end").length, 1);
  }
});

test("the prompt's event is known in every spelling", async (t) => {
  for (const hook_event_name of ["UserPromptSubmit", "userPromptSubmit", "userpromptsubmit", "user_prompt_submit"]) {
    const told = await replay(codex, [{ session_id: "s", turn_id: "t", hook_event_name, prompt: "hi" }], join(temporaryFolder(t), "m"));
    assert.deepEqual(told.map((each) => each.event.type), ["session.start", "run.start"]);
  }
});

test("tokens of a turn: the records of 0.169, the difference of totals of 0.116", () => {
  const turn = readTurn("tests/hooks/fixtures/codex-0.169.0-rollout-usage.jsonl", undefined);
  assert.deepEqual(turn.usage, { input_tokens: 3604, output_tokens: 124, cache_read_tokens: 2400, cache_write_tokens: 0, reasoning_tokens: 30 });
  const old = readTurn("tests/hooks/fixtures/codex-0.116.0-rollout-usage.jsonl", undefined);
  assert.deepEqual(old.usage, { input_tokens: 3604, output_tokens: 124, cache_read_tokens: 2400, cache_write_tokens: undefined, reasoning_tokens: 30 });
});

type Line = { timestamp: string; type: string; payload: object };

function line(second: number, type: string, payload: object): Line {
  return { timestamp: new Date(firstTime + second * 1000).toISOString(), type, payload };
}

function totals(second: number, input_tokens: number, output_tokens: number): Line {
  return line(second, "event_msg", { type: "token_count", info: { total_token_usage: { input_tokens, cached_input_tokens: 0, output_tokens, reasoning_output_tokens: 0, total_tokens: input_tokens + output_tokens } } });
}

function write(file: string, lines: readonly Line[]): string {
  writeFileSync(file, lines.map((each) => `${JSON.stringify(each)}\n`).join(""));
  return file;
}

test("0.116: the turn, its tools, its tokens and its sub-agent are read from the rollouts", async (t) => {
  const folder = temporaryFolder(t);
  const root = write(join(folder, "root.jsonl"), [
    line(0, "session_meta", { id: "root", source: "exec" }),
    line(0, "event_msg", { type: "task_started", turn_id: "turn-0" }),
    totals(0, 1000, 10),
    line(1, "event_msg", { type: "task_started", turn_id: "turn-1" }),
    line(2, "response_item", { type: "function_call", call_id: "c1", name: "exec_command", arguments: '{"cmd":"false"}' }),
    line(3, "response_item", { type: "function_call_output", call_id: "c1", output: "Chunk ID: 1\nProcess exited with code 3\nOutput:\nno" }),
    totals(4, 3400, 93),
    line(5, "event_msg", { type: "task_started", turn_id: "turn-2" }), // read late
    totals(6, 9999, 999),
  ]);
  const child = write(join(folder, "child.jsonl"), [
    line(4, "session_meta", { id: "child", source: { subagent: { thread_spawn: { parent_thread_id: "root", depth: 1 } } } }),
    line(4, "event_msg", { type: "task_started", turn_id: "child-turn" }),
    totals(5, 50, 5),
  ]);
  const says = (session_id: string, transcript_path: string, hook_event_name: string, more: object = {}) => ({ session_id, transcript_path, hook_event_name, model: "m", ...more });
  const told = await replay(codex, [
    says("root", root, "SessionStart", { source: "startup" }),
    says("root", root, "UserPromptSubmit", { prompt: "go" }),
    says("child", child, "SessionStart", { source: "startup" }),
    says("child", child, "UserPromptSubmit", { prompt: "sub" }),
    says("child", child, "Stop", { last_assistant_message: "sub done" }),
    says("root", root, "Stop", { last_assistant_message: "done" }),
  ], join(folder, "memory"));
  assertWhole(told);
  assert.ok(told.every((each) => each.correlation.session_id === "root"));
  const run = told.find((each) => each.event.type === "run.end");
  assert.equal(run?.correlation.run_id, "turn-1");
  assert.deepEqual(run.payload.usage, { input_tokens: 2450, output_tokens: 88, cache_read_tokens: 0, reasoning_tokens: 0, model: "m" });
  const spans = told.filter((each) => each.event.type === "span.end").map((each) => [each.correlation.span_id, each.payload.kind, each.payload.status, each.payload.duration_ms]);
  assert.deepEqual(spans, [["child", "subagent", "success", 2000], ["c1", "tool", "error", 1000]]);
});

test("a turn whose model failed has no Stop; it is an error, not open", async (t) => {
  const folder = temporaryFolder(t);
  const transcript_path = write(join(folder, "r.jsonl"), [
    line(0, "event_msg", { type: "task_started", turn_id: "t" }),
    line(1, "event_msg", { type: "error", message: "mock failure" }),
  ]);
  const says = (hook_event_name: string) => ({ session_id: "s", turn_id: "t", transcript_path, hook_event_name });
  const told = await replay(codex, [says("UserPromptSubmit"), says("SessionEnd")], join(folder, "memory"));
  assertWhole(told);
  const end = told.find((each) => each.event.type === "run.end");
  assert.deepEqual(end?.payload.error, { type: "model", message: "mock failure" });
});

test("a call that was refused has no PostToolUse; it ends with its turn", async (t) => {
  const says = (hook_event_name: string, more: object = {}) => ({ session_id: "s", turn_id: "t", hook_event_name, ...more });
  const told = await replay(codex, [says("UserPromptSubmit"), says("PreToolUse", { tool_use_id: "c", tool_name: "Bash" }), says("Stop")], temporaryFolder(t));
  assertWhole(told);
  assert.equal(told.find((each) => each.event.type === "span.end")?.payload.status, "aborted");
});
