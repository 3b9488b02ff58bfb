import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { heardDiagnostic } from "../../hooks/agentmon/diagnostics.ts";
import { envelope } from "../../hooks/agentmon/emitter/envelope.ts";
import { type Fields, fields } from "../../hooks/agentmon/emitter/read.ts";
import { heardHook, type HookEvent } from "../../hooks/agentmon/internal-hooks.ts";
import { Observer } from "../../hooks/agentmon/observer.ts";
import { typedHooks } from "../../hooks/agentmon/typed-hooks.ts";
import type { Sent } from "./gateway.ts";
import { assertExpected, assertWhole, fixture } from "./replay.ts";
import { plantedSecrets, withSecrets } from "./secrets.ts";
import { temporaryFolder } from "./temporary.ts";

interface Watched {
  observer: Observer;
  told: Sent[];
}

function watch(folder: string): Watched {
  const told: Sent[] = [];
  const source = { framework: "openclaw", name: "zap", capture: true };
  return { observer: new Observer(folder, (happening) => told.push(JSON.parse(envelope(happening, source)) as Sent)), told };
}

interface Heard {
  at: number;
  from: "bus" | "hook" | "plugin";
  name: string;
  event: Fields;
  context: Fields;
}

function captured(): Heard[] {
  const bus = fixture("diagnostic-events.samples.jsonl").map((line) => {
    const event = fields(line.ev);
    return { at: Number(event.ts), from: "bus" as const, name: "", event, context: {} };
  });
  const hooks = fixture("hook-events.samples.jsonl").map((line) => ({ at: Number(line.at), from: "hook" as const, name: "", event: fields(line.event), context: {} }));
  const plugin = fixture("plugin-typed-hooks.samples.jsonl").map((line) => ({
    at: Number(line.at), from: "plugin" as const, name: String(line.hook), event: fields(line.event), context: fields(line.ctx),
  }));
  return [...bus, ...hooks, ...plugin].sort((one, other) => one.at - other.at);
}

function hear({ observer }: Watched, what: readonly Heard[]): void {
  let last = 0;
  for (const { at, from, name, event, context } of what) {
    if (at - last > 1000) observer.settle(); // that much later
    last = at;
    if (from === "bus") heardDiagnostic(observer, event);
    else if (from === "hook") heardHook(observer, event as unknown as HookEvent);
    else typedHooks[name]?.(observer, event, context, at);
  }
  observer.settle();
}

for (const [name, sources] of [
  ["openclaw-all", ["bus", "hook", "plugin"]],
  ["openclaw-without-plugin", ["bus", "hook"]],
  ["openclaw-without-bus", ["hook"]],
] as const)
  test(`captured events of ${sources.join(", ")} tell what was checked by hand`, (t) => {
    const watched = watch(temporaryFolder(t));
    watched.observer.bus = (sources as readonly string[]).includes("bus");
    watched.observer.hookHandler = true;
    hear(watched, captured().filter((each) => (sources as readonly string[]).includes(each.from)));
    assertExpected(name, watched.told);
  });

const key = "agent:main:main";
const trace = { traceId: "fed7a3a7ce74bf098805fec0cc439a8b" };
let clock = 1795360000000;

function bus(type: string, more: object = {}): Heard {
  clock += 10;
  return { at: clock, from: "bus", name: "", event: { type, sessionKey: key, sessionId: "s", runId: "r", trace, ts: clock, ...more }, context: {} };
}

function plugin(name: string, event: object, context: object = {}): Heard {
  clock += 10;
  return { at: clock, from: "plugin", name, event: { runId: "r", ...event }, context: { sessionKey: key, sessionId: "s", runId: "r", trace, ...context } };
}

function hook(type: string, action: string, context: object): Heard {
  clock += 10;
  return { at: clock, from: "hook", name: "", event: { type, action, sessionKey: key, timestamp: clock, context }, context: {} };
}

function turn(): Heard[] {
  return [
    hook("message", "received", { content: "hello", channelId: "telegram", messageId: "1" }),
    bus("run.started", { channel: "telegram" }),
    bus("model.call.started", { callId: "r:model:1", model: "mock-1" }),
    bus("model.call.completed", { callId: "r:model:1", model: "mock-1", durationMs: 100, timeToFirstByteMs: 80, usage: { input: 1000, output: 34, cacheRead: 200, cacheWrite: 0, promptTokens: 1200, cost: { total: 0.00357 } } }),
    plugin("before_tool_call", { toolName: "tool_call", toolCallId: "c1", params: { id: "sessions_spawn", args: { task: "hi" } } }),
    bus("tool.execution.started", { toolName: "tool_call", toolCallId: "c1" }),
    plugin("before_tool_call", { toolName: "sessions_spawn", toolCallId: "tool_search_code:c1:sessions_spawn:1", params: { task: "hi" } }),
    bus("tool.execution.started", { toolName: "sessions_spawn", toolCallId: "tool_search_code:c1:sessions_spawn:1" }),
    plugin("subagent_spawned", { runId: "child", childSessionKey: "agent:main:subagent:k", label: "kid" }, { requesterSessionKey: key }),
    plugin("after_tool_call", { toolName: "sessions_spawn", toolCallId: "tool_search_code:c1:sessions_spawn:1", durationMs: 5, result: {} }),
    bus("tool.execution.completed", { toolName: "sessions_spawn", toolCallId: "tool_search_code:c1:sessions_spawn:1", durationMs: 5 }),
    bus("tool.execution.completed", { toolName: "tool_call", toolCallId: "c1", durationMs: 6 }),
    plugin("after_tool_call", { toolName: "tool_call", toolCallId: "c1", params: { id: "sessions_spawn" }, durationMs: 7, result: { content: [{ type: "text", text: "spawned" }] } }),
    plugin("llm_output", { assistantTexts: ["done"], usage: { input: 1000, output: 34, cacheRead: 200 } }),
    bus("run.completed", { durationMs: 500, outcome: "completed" }),
    bus("run.started", { sessionKey: "agent:main:subagent:k", sessionId: "ks", runId: "child" }),
    bus("model.call.started", { sessionKey: "agent:main:subagent:k", sessionId: "ks", runId: "child", callId: "child:model:1" }),
    bus("model.call.completed", { sessionKey: "agent:main:subagent:k", sessionId: "ks", runId: "child", callId: "child:model:1", usage: { input: 10, output: 1 } }),
    bus("run.completed", { sessionKey: "agent:main:subagent:k", sessionId: "ks", runId: "child", durationMs: 90, outcome: "completed" }),
    plugin("subagent_ended", { targetSessionKey: "agent:main:subagent:k", outcome: "ok" }),
  ];
}

function spans(told: readonly Sent[]): unknown[] {
  return told
    .filter((each) => each.event.type === "span.end")
    .map((each) => [each.correlation.span_id, each.payload.kind, each.payload.name, each.correlation.parent_span_id, each.correlation.run_id]);
}

test("a turn with a wrapped tool and a sub-agent: every span once, nested", (t) => {
  const watched = watch(temporaryFolder(t));
  hear(watched, turn());
  assertWhole(watched.told);
  assert.deepEqual(spans(watched.told), [
    ["r:model:1", "model", "mock-1", undefined, "r"],
    ["c1", "tool", "sessions_spawn", undefined, "r"],
    ["child:model:1", "model", undefined, "child", "r"],
    ["child", "subagent", "kid", "c1", "r"],
  ]);
  assert.deepEqual([...new Set(watched.told.map((each) => each.correlation.session_id))], ["s"]);
  const run = watched.told.find((each) => each.event.type === "run.end");
  assert.deepEqual(run?.payload, { status: "success", duration_ms: 500, output: "done" });
  assert.equal(run.correlation.trace_id, trace.traceId);
  const child = watched.told.find((each) => each.event.type === "span.start" && each.correlation.span_id === "child");
  assert.equal(child?.correlation.parent_span_id, "c1");
});

test("the same turn without the plugin has the same spans", (t) => {
  const watched = watch(temporaryFolder(t));
  const heard = turn().filter((each) => each.from !== "plugin");
  // The sub-agent begins while its parent works: nobody else says whose it is.
  const done = heard.findIndex((each) => each.event.type === "run.completed");
  hear(watched, [...heard.slice(0, done), ...heard.slice(done + 1), ...heard.slice(done, done + 1)]);
  assertWhole(watched.told);
  assert.deepEqual(spans(watched.told).map((each) => (each as unknown[]).slice(0, 2)), [["r:model:1", "model"], ["c1", "tool"], ["child:model:1", "model"], ["child", "subagent"]]);
});

const child = { sessionKey: "agent:main:subagent:k", sessionId: "ks", runId: "child" };
const call = { ...child, callId: "child:model:1" };
const spawned = (): Heard => plugin("subagent_spawned", { runId: "child", childSessionKey: child.sessionKey, label: "kid" }, { requesterSessionKey: key });

/** Every span's end: its name, how it ended, its parent and the tokens. */
function endsOf(told: readonly Sent[]): unknown[] {
  return told.filter((each) => each.event.type === "span.end").map(({ payload, correlation }) => [
    correlation.span_id, payload.status, correlation.parent_span_id, fields(payload.usage).input_tokens,
  ]);
}

test("a sub-agent that works longer than its parent's run goes on with its model call", (t) => {
  const watched = watch(temporaryFolder(t));
  // hear() lets as much time pass at its end as any wait takes.
  hear(watched, [bus("run.started"), spawned(), bus("run.started", child), bus("model.call.started", call), bus("run.completed", { outcome: "completed" })]);
  assert.equal(watched.told.at(-1)?.event.type, "run.end");
  hear(watched, [bus("model.call.completed", { ...call, usage: { input: 10, output: 1 } }), bus("run.completed", { ...child, outcome: "completed" })]);
  assertWhole(watched.told);
  assert.deepEqual(endsOf(watched.told), [["child:model:1", "success", "child", 10], ["child", "success", undefined, undefined]]);
});

test("what a sub-agent left open ends with it, but not its own sub-agents", (t) => {
  const watched = watch(temporaryFolder(t));
  const grandchild = { sessionKey: "agent:main:subagent:g", sessionId: "gs", runId: "grandchild" };
  hear(watched, [
    bus("run.started"), spawned(), bus("run.started", child), bus("model.call.started", call),
    plugin("subagent_spawned", { runId: "grandchild", childSessionKey: grandchild.sessionKey }, { requesterSessionKey: child.sessionKey }),
    bus("run.completed", { outcome: "completed" }),
    bus("run.completed", { ...child, outcome: "aborted" }),
  ]);
  assert.deepEqual(endsOf(watched.told), [["child:model:1", "aborted", "child", undefined], ["child", "aborted", undefined, undefined]]);
  hear(watched, [bus("run.completed", { ...grandchild, outcome: "completed" })]);
  assertWhole(watched.told);
  assert.deepEqual(endsOf(watched.told).at(-1), ["grandchild", "success", "child", undefined]);
});

test("what is told of a sub-agent or of a run after its end is told where it belongs, also when the conversation was begun anew", (t) => {
  const watched = watch(temporaryFolder(t));
  hear(watched, [bus("run.started"), spawned(), bus("run.started", child), bus("run.completed", { ...child, outcome: "completed" }), bus("run.completed", { outcome: "completed" })]);
  hear(watched, [hook("command", "new", { sessionEntry: { sessionId: "s", sessionStartedAt: clock } })]);
  const late = { callId: "r:model:9" };
  hear(watched, [
    bus("model.call.started", call), bus("model.call.completed", { ...call, usage: { input: 10, output: 1 } }),
    bus("model.call.started", late), bus("model.call.completed", { ...late, usage: { input: 20, output: 2 } }),
  ]);
  assertWhole(watched.told);
  assert.deepEqual(endsOf(watched.told).slice(-2), [["child:model:1", "success", "child", 10], ["r:model:9", "success", undefined, 20]]);
  const where = watched.told.filter((each) => each.correlation.span_id).map((each) => [each.correlation.session_id, each.correlation.run_id]);
  assert.deepEqual([...new Set(where.map(String))], ["s,r"]);
  assert.equal(watched.told.filter((each) => each.event.type === "session.start").length, 2, "before and after /new");
});

test("a run ends only when the bus has told what it still held, however long that takes", async (t) => {
  const told: Sent[] = [];
  const source = { framework: "openclaw", name: "zap", capture: true };
  const observer = new Observer(temporaryFolder(t), (happening) => told.push(JSON.parse(envelope(happening, source)) as Sent), 1);
  const watched = { observer, told };
  const asked = new Promise<() => void>((ask) => {
    observer.drained = () => new Promise<void>((drain) => { ask(drain); });
  });
  for (const each of [bus("run.started"), bus("model.call.started", { callId: "m" }), bus("run.completed", { outcome: "completed" })]) heardDiagnostic(observer, each.event);
  const keepAlive = setInterval(() => undefined, 1000); // the hook's own timers hold no process
  const drain = await asked;
  assert.equal(told.some((each) => each.event.type === "run.end"), false);
  heardDiagnostic(observer, bus("model.call.completed", { callId: "m", usage: { input: 10, output: 1 } }).event);
  drain();
  await new Promise((resolve) => setImmediate(resolve));
  clearInterval(keepAlive);
  assertWhole(watched.told);
  assert.deepEqual(told.map((each) => each.event.type).slice(-2), ["span.end", "run.end"]);
  assert.deepEqual(endsOf(told), [["m", "success", undefined, 10]]);
});

test("a run that is tried again at once ends with its last attempt, and took as long as all of them", (t) => {
  const watched = watch(temporaryFolder(t));
  hear(watched, [
    bus("run.started"),
    plugin("agent_end", { success: true, messages: [{ stopReason: "error", errorMessage: "500" }] }),
    bus("run.completed", { outcome: "error", durationMs: 20 }),
    bus("run.started"),
    bus("run.completed", { outcome: "completed", durationMs: 10 }),
  ]);
  assertWhole(watched.told);
  assert.deepEqual(watched.told.at(-1)?.payload, { status: "success", duration_ms: 40 });
});

test("/stop aborts the run, whatever is open in it", (t) => {
  for (const end of [bus("message.processed", { reason: "fast_abort" }), bus("run.completed", { outcome: "aborted" })]) {
    const watched = watch(temporaryFolder(t));
    hear(watched, [
      bus("run.started"),
      bus("tool.execution.started", { toolName: "exec", toolCallId: "c" }),
      bus("model.call.started", { callId: "m" }),
      bus("model.call.error", { callId: "m", failureKind: "aborted" }),
      end,
    ]);
    assertWhole(watched.told);
    assert.deepEqual(watched.told.filter((each) => each.event.type.endsWith(".end")).map((each) => each.payload.status), ["aborted", "aborted", "aborted"]);
  }
});

test("command:stop ends the run and the session, whatever is open", (t) => {
  const watched = watch(temporaryFolder(t));
  hear(watched, [bus("run.started"), plugin("before_tool_call", { toolName: "exec", toolCallId: "c", params: {} }), hook("command", "stop", {})]);
  assertWhole(watched.told);
  assert.deepEqual(watched.told.filter((each) => each.event.type.endsWith(".end")).map((each) => [each.event.type, each.payload.status]), [
    ["span.end", "aborted"], ["run.end", "aborted"], ["session.end", "aborted"],
  ]);
});

test("tool_result_persist ends a call whose end was not told, and only that", (t) => {
  const watched = watch(temporaryFolder(t));
  const persisted = { toolName: "exec", toolCallId: "c", message: { isError: true, content: [{ type: "text", text: "no" }], details: { exitCode: 3 } } };
  hear(watched, [bus("run.started"), plugin("before_tool_call", { toolName: "exec", toolCallId: "c", params: {} }), plugin("tool_result_persist", persisted), plugin("tool_result_persist", persisted), bus("run.completed", { outcome: "completed" })]);
  assertWhole(watched.told);
  const end = watched.told.find((each) => each.event.type === "span.end");
  assert.deepEqual([end?.payload.status, end?.payload.error, end?.payload.duration_ms], ["error", { type: "tool_failed", message: "no" }, 10]);
});

test("a failing process is an error of its tool, from either source", (t) => {
  const fromBus = watch(temporaryFolder(t));
  hear(fromBus, [bus("run.started"), bus("tool.execution.started", { toolName: "exec", toolCallId: "c" }), bus("exec.process.completed", { exitCode: 3 }), bus("tool.execution.completed", { toolName: "exec", toolCallId: "c", durationMs: 9 })]);
  const fromPlugin = watch(temporaryFolder(t));
  hear(fromPlugin, [plugin("before_tool_call", { toolName: "exec", toolCallId: "c", params: {} }), plugin("after_tool_call", { toolName: "exec", toolCallId: "c", durationMs: 9, result: { details: { exitCode: 3 } } })]);
  for (const { told } of [fromBus, fromPlugin]) {
    const end = told.find((each) => each.event.type === "span.end");
    assert.deepEqual([end?.payload.status, end?.payload.error], ["error", { type: "exit", message: "exit code 3" }]);
  }
});

function renewed(t: TestContext, entry: object): string[] {
  const folder = temporaryFolder(t);
  const before = watch(folder);
  hear(before, [bus("run.started"), bus("run.completed", { outcome: "completed" }), hook("command", "new", { sessionEntry: entry }), bus("run.started", { runId: "r2", sessionId: fields(entry).sessionId })]);
  before.observer.sessions.save();
  const after = watch(folder); // the gateway was restarted
  hear(after, [bus("run.started", { runId: "r3", sessionId: fields(entry).sessionId })]);
  const told = [...before.told, ...after.told].filter((each) => /^(session|run)\.(start|end)$/.test(each.event.type));
  return told.map((each) => `${each.event.type} ${each.correlation.session_id}`);
}

test("/new begins another session, also where OpenClaw keeps its id; ids outlive a restart", (t) => {
  const next = `s.${clock + 5}`;
  assert.deepEqual(renewed(t, { sessionId: "s", sessionStartedAt: clock + 5 }), [
    "session.start s", "run.start s", "run.end s", "session.end s",
    `session.start ${next}`, `run.start ${next}`, `run.end ${next}`, `run.start ${next}`,
  ]);
  assert.deepEqual(renewed(t, { sessionId: "t", sessionStartedAt: clock }).slice(-4), ["session.start t", "run.start t", "run.end t", "run.start t"]);
});

test("a reset that names the beginning of the conversation before makes a new one all the same", (t) => {
  const watched = watch(temporaryFolder(t));
  hear(watched, [bus("run.started"), bus("run.completed", { outcome: "completed" }), hook("command", "reset", { sessionEntry: { sessionId: "s", sessionStartedAt: 5 } })]);
  assert.equal(watched.told.at(-1)?.correlation.session_id, `s.${clock}`);
});

test("compactions, within a run and by themselves", (t) => {
  const watched = watch(temporaryFolder(t));
  const before = (): Heard => hook("session", "compact:before", { sessionId: "s", messageCount: 22 });
  const after = (): Heard => hook("session", "compact:after", { sessionId: "s", messageCount: 2, tokensAfter: 285 });
  hear(watched, [before(), after(), bus("run.started"), before(), after(), bus("run.completed", { outcome: "completed" })]);
  assertWhole(watched.told);
  assert.equal(watched.told.filter((each) => each.payload.kind === "compaction" && each.event.type === "span.end").length, 2);
});

test("the model calls of a compaction are nested in it, also when they are told late", (t) => {
  const watched = watch(temporaryFolder(t));
  const call = { runId: "summary", callId: "summary:model:1" };
  hear(watched, [
    hook("session", "compact:before", { sessionId: "s" }),
    bus("model.call.started", call),
    hook("session", "compact:after", { sessionId: "s" }),
    bus("model.call.completed", { ...call, durationMs: 5, usage: { input: 1, output: 2 } }),
    hook("message", "sent", { content: "Compacted", success: true }),
  ]);
  assertWhole(watched.told);
  assert.deepEqual([...new Set(watched.told.map((each) => each.correlation.run_id))].length, 2); // and none
  const model = watched.told.find((each) => each.event.type === "span.end" && each.payload.kind === "model");
  assert.equal(model?.payload.status, "success");
  assert.match(model.correlation.parent_span_id ?? "", /^compaction-/);
});

test("a compaction that came to nothing ends with the message that says so", (t) => {
  const watched = watch(temporaryFolder(t));
  hear(watched, [hook("session", "compact:before", { sessionId: "s" }), hook("message", "sent", { content: "Compaction skipped", success: true })]);
  assertWhole(watched.told);
  assert.equal(watched.told.find((each) => each.event.type === "run.end")?.payload.status, "error");
});

test("neither the configuration nor files nor secrets are told", (t) => {
  const watched = watch(temporaryFolder(t));
  const secret = Object.values(withSecrets).join("\n");
  const cfg = { gateway: { auth: { token: plantedSecrets[0] } }, channels: { telegram: { botToken: "424242:LABTOKEN" } } };
  const everywhere = { cfg, deps: { cron: () => 1 }, bootstrapFiles: [{ content: "FILECONTENT" }], previousSessionMemory: { content: "OLDTALK" } };
  hear(watched, [
    hook("gateway", "startup", everywhere),
    hook("agent", "bootstrap", { ...everywhere, sessionId: "s" }),
    hook("message", "received", { ...everywhere, content: secret }),
    bus("run.started"),
    plugin("before_tool_call", { toolName: "exec", toolCallId: "c", params: { command: secret, env: { API_TOKEN: plantedSecrets[1] } } }),
    plugin("after_tool_call", { toolName: "exec", toolCallId: "c", error: secret, result: { content: [{ type: "text", text: secret }] } }),
    plugin("llm_output", { assistantTexts: [secret] }),
    bus("run.completed", { outcome: "completed" }),
    hook("message", "sent", { ...everywhere, content: secret, success: true }),
    hook("command", "new", { ...everywhere, sessionEntry: { sessionId: "s", sessionStartedAt: 1 } }),
    hook("command", "stop", everywhere),
  ]);
  const all = JSON.stringify(watched.told);
  for (const planted of [...plantedSecrets, "LABTOKEN", "FILECONTENT", "OLDTALK"]) assert.ok(!all.includes(planted), planted);
  assert.match(all, /\[redacted\]/);
});
