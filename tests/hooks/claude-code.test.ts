import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { claudeCode } from "../../hooks/claude-code/events.ts";
import { assertExpected, assertWhole, firstTime, fixture, replay } from "./replay.ts";
import { temporaryFolder } from "./temporary.ts";

/** As the hooks of one session come. The fixture has one captured payload of each, from many sessions. */
const order = [
  "SessionStart", "UserPromptSubmit", "PreCompact", "PreToolUse", "SubagentStart", "PermissionRequest", "Notification",
  "PostToolUse", "PostToolUseFailure", "PostToolBatch", "SubagentStop", "PostCompact", "Stop", "StopFailure", "SessionEnd",
  "DirectoryAdded", "TeammateIdle",
];

function inOrder(): Record<string, unknown>[] {
  const rank = (payload: Readonly<Record<string, unknown>>): number => order.indexOf(String(payload.hook_event_name));
  return [...fixture("claude-2.1.330-hooks.jsonl")].sort((one, other) => rank(one) - rank(other));
}

test("every captured payload, in its own session, tells what was checked by hand", async (t) => {
  assertExpected("claude-code", await replay(claudeCode, inOrder(), temporaryFolder(t)));
});

test("all captured payloads as one session leave nothing open and tell nothing twice", async (t) => {
  const folder = temporaryFolder(t);
  const one = inOrder().map((payload) => ({ ...payload, session_id: "s", prompt_id: "p" }));
  const told = await replay(claudeCode, one, folder);
  assertWhole(told);
});

/** A session of one run, with its transcript. */
function session(folder: string): (name: string, more?: object) => Record<string, unknown> {
  const transcript_path = join(folder, "transcript.jsonl");
  return (hook_event_name, more = {}) => ({ session_id: "s", prompt_id: "p", transcript_path, cwd: "/w", hook_event_name, ...more });
}

function answer(second: number, id: string, text: string, usage: object): string {
  const timestamp = new Date(firstTime + second * 1000).toISOString();
  return `${JSON.stringify({ type: "assistant", timestamp, message: { id, model: "claude-opus-5-5", content: [{ type: "text", text }], usage } })}\n`;
}

test("tokens are those of the run's own answers, each once, and of its sub-agents; cached input is input", async (t) => {
  const folder = temporaryFolder(t);
  const agent_transcript_path = join(folder, "agent.jsonl");
  const usage = { input_tokens: 10, cache_read_input_tokens: 100, cache_creation_input_tokens: 1000, output_tokens: 5 };
  writeFileSync(join(folder, "transcript.jsonl"), answer(-9, "old", "before", usage) + answer(1, "m1", "half", { ...usage, output_tokens: 1 }) + answer(1, "m1", "done", usage) + answer(2, "m2", "fine", usage));
  writeFileSync(agent_transcript_path, answer(2, "a1", "sub done", { input_tokens: 1, output_tokens: 2 }));
  const says = session(folder);
  const told = await replay(claudeCode, [
    says("UserPromptSubmit", { prompt: "x" }),
    says("SubagentStart", { agent_id: "a", agent_type: "general-purpose" }),
    says("SubagentStop", { agent_id: "a", agent_transcript_path, last_assistant_message: "sub done" }),
    says("Stop", { last_assistant_message: "fine" }),
  ], join(folder, "memory"));
  const ends = Object.fromEntries(told.filter((each) => each.event.type.endsWith(".end")).map((each) => [each.event.type, each.payload.usage]));
  assert.deepEqual(ends["span.end"], { input_tokens: 1, output_tokens: 2, model: "claude-opus-5-5" });
  assert.deepEqual(ends["run.end"], { input_tokens: 2221, output_tokens: 12, cache_read_tokens: 200, cache_write_tokens: 2000, model: "claude-opus-5-5" });
});

test("Stop waits for a transcript that lags behind", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "memory"));
  const says = session(folder);
  const replayed = replay(claudeCode, [says("UserPromptSubmit"), says("Stop", { last_assistant_message: "late" })], join(folder, "memory"));
  setImmediate(() => writeFileSync(join(folder, "transcript.jsonl"), answer(1, "m", "late", { input_tokens: 3, output_tokens: 4 })));
  const end = (await replayed).at(-1);
  assert.equal(end?.event.type, "run.end");
  assert.deepEqual(end.payload.usage, { input_tokens: 3, output_tokens: 4, model: "claude-opus-5-5" });
});

test("what Claude does after a Stop, because a hook or a teammate makes it go on, is a run without a beginning, and only when it did something", async (t) => {
  const folder = temporaryFolder(t);
  const transcript = join(folder, "transcript.jsonl");
  const says = session(folder);
  writeFileSync(transcript, answer(1, "m1", "first", { input_tokens: 10, output_tokens: 1 }));
  const stops = (more: object): Record<string, unknown> => says("Stop", { last_assistant_message: "first", ...more });
  const memory = join(folder, "memory");
  const before = await replay(claudeCode, [says("UserPromptSubmit", { prompt: "x" }), stops({}), stops({})], memory);
  assert.deepEqual(before.map((each) => each.event.type), ["session.start", "run.start", "run.end"]);
  writeFileSync(transcript, answer(1, "m1", "first", { input_tokens: 10, output_tokens: 1 }) + answer(2, "m2", "second", { input_tokens: 20, output_tokens: 2 }));
  const after = await replay(claudeCode, [stops({ last_assistant_message: "second", stop_hook_active: true })], memory);
  const { correlation, payload } = after[0] ?? {};
  assert.equal(after.length, 1);
  assert.notEqual(correlation?.run_id, "p");
  assert.deepEqual(payload, { status: "success", usage: { input_tokens: 20, output_tokens: 2, model: "claude-opus-5-5" }, output: "second" });
});

test("an interrupted run, which calls no hook, ends when the next one begins", async (t) => {
  const folder = temporaryFolder(t);
  const says = session(folder);
  const told = await replay(claudeCode, [
    says("UserPromptSubmit", { prompt: "first" }),
    says("PreToolUse", { tool_name: "Bash", tool_use_id: "t", tool_input: { command: "sleep 99" } }),
    says("UserPromptSubmit", { prompt: "second", prompt_id: "q" }),
    says("SessionEnd", { reason: "other" }),
  ], folder);
  assertWhole(told);
  const first = told.find((each) => each.event.type === "run.end");
  assert.deepEqual([first?.correlation.run_id, first?.payload.status, first?.payload.duration_ms], ["p", "aborted", 1000]);
});

test("a run that waits for a human is told once, and what comes next is of the same run and later", async (t) => {
  const says = session(temporaryFolder(t));
  const told = await replay(claudeCode, [
    says("UserPromptSubmit", { prompt: "x" }),
    says("PreToolUse", { tool_name: "Bash", tool_use_id: "t", tool_input: {} }),
    says("PermissionRequest", { tool_name: "Bash" }),
    says("Notification", { notification_type: "permission_prompt", message: "Claude needs your permission" }),
    says("PostToolUse", { tool_name: "Bash", tool_use_id: "t" }),
    says("Stop"),
    says("Notification", { notification_type: "idle_prompt", message: "Claude is waiting for your input" }),
  ], temporaryFolder(t));
  assert.deepEqual(told.map((each) => [each.event.type, each.correlation.run_id]), [
    ["session.start", undefined], ["run.start", "p"], ["span.start", "p"], ["run.waiting", "p"], ["span.end", "p"],
    ["run.end", "p"], ["claude_code.notification", "p"],
  ]);
  const times = told.map((each) => each.event.ts);
  assert.deepEqual(times, [...times].sort());
});

test("a run whose process was killed while a human was asked ends when another process goes on with the session", async (t) => {
  const folder = temporaryFolder(t);
  const says = session(folder);
  const told = await replay(claudeCode, [
    says("SessionStart", { source: "startup" }),
    says("UserPromptSubmit", { prompt: "x" }),
    says("PreToolUse", { tool_name: "Bash", tool_use_id: "t", tool_input: {} }),
    says("PermissionRequest", { tool_name: "Bash" }),
    says("SessionStart", { source: "resume" }),
  ], folder);
  assertWhole(told);
  const end = told.find((each) => each.event.type === "run.end");
  assert.deepEqual([end?.payload.status, end?.payload.duration_ms], ["aborted", 2000]);
  assert.deepEqual(told.slice(-3).map((each) => each.event.type), ["span.end", "run.end", "session.start"]);
});

test("of a call that means nothing here texts are told as content, which can be switched off, and long ones not at all", async (t) => {
  const says = session(temporaryFolder(t));
  const told = await replay(claudeCode, [says("UserPromptExpansion", { command_name: "deploy", prompt: "my words", turns: 3, more: "x".repeat(65), new_cwd: "/y".repeat(40) })], temporaryFolder(t));
  assert.equal(told.at(-1)?.event.type, "claude_code.user_prompt_expansion");
  assert.deepEqual(told.at(-1)?.payload, { input: { prompt: "my words", new_cwd: "/y".repeat(40) }, command_name: "deploy", turns: 3 });
});

test("a run whose beginning nobody told has no beginning and no duration", async (t) => {
  const says = session(temporaryFolder(t));
  const told = await replay(claudeCode, [
    says("PostToolUse", { tool_name: "Bash", tool_use_id: "t", duration_ms: 7 }),
    says("Stop", { last_assistant_message: undefined }),
  ], temporaryFolder(t));
  assert.deepEqual(told.map((each) => [each.event.type, each.payload.duration_ms]), [
    ["session.start", undefined], ["span.end", 7], ["run.end", undefined],
  ]);
});

test("what a sub-agent does is nested in it, in the run that started it", async (t) => {
  const folder = temporaryFolder(t);
  const says = session(folder);
  const told = await replay(claudeCode, [
    says("UserPromptSubmit"),
    says("PreToolUse", { tool_name: "Agent", tool_use_id: "call", tool_input: {} }),
    says("SubagentStart", { agent_id: "a", agent_type: "explore" }),
    says("PostToolUse", { tool_name: "Agent", tool_use_id: "call", tool_response: { agentId: "a" } }),
    says("Stop", { last_assistant_message: undefined }),
    says("PreToolUse", { agent_id: "a", prompt_id: "other", tool_name: "Bash", tool_use_id: "inner" }),
    says("PostToolUse", { agent_id: "a", prompt_id: "other", tool_name: "Bash", tool_use_id: "inner", duration_ms: 7 }),
    says("SubagentStop", { agent_id: "a" }),
  ], folder);
  assertWhole(told);
  const parents = told.filter((each) => each.event.type === "span.start").map((each) => [each.correlation.span_id, each.correlation.parent_span_id, each.correlation.run_id]);
  assert.deepEqual(parents, [["call", undefined, "p"], ["a", "call", "p"], ["inner", "a", "p"]]);
});
