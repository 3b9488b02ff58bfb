import { compactionEnded, compactionStarted } from "./compactions.ts";
import { abortRun, endChild, usageOf } from "./diagnostics.ts";
import { type Fields, fields, figure, list, text } from "./emitter/read.ts";
import type { Observer, Place } from "./observer.ts";
import { endTool, startTool } from "./tools.ts";

/* What the hooks that OpenClaw calls in plugins add: contents, and who started a sub-agent. */

type Heard = (here: Observer, event: Fields, context: Fields, at: number) => void;

const meanings: Readonly<Record<string, Heard>> = {
  before_model_resolve: (here, event, context) => {
    const run = text(context.runId);
    if (run) here.inputs.set(run, event.prompt);
  },
  before_tool_call: (here, event, context, at) => {
    here.plugin = true;
    const place = placeOf(here, event, context, at);
    if (place) startTool(here, place, { call: text(event.toolCallId), ...wrappedTool(event), at, trace: text(fields(context.trace).traceId) });
  },
  after_tool_call: (here, event, context, at) => {
    here.plugin = true;
    const place = placeOf(here, event, context, at);
    if (!place) return;
    const details = fields(fields(event.result).details);
    const heard = place.timeline.record.runs[place.run]?.spans[text(event.toolCallId) ?? ""] !== undefined;
    endTool(here, place, {
      source: "plugin",
      call: text(event.toolCallId),
      name: wrappedTool(event).name,
      at,
      duration: figure(event.durationMs),
      error: errorOf(text(event.error), figure(details.exitCode)),
      input: heard ? undefined : wrappedTool(event).input,
      output: fields(event.result).content ?? event.result,
    });
  },
  /** Of a call whose end was not told. */
  tool_result_persist: (here, event, context, at) => {
    const place = here.openPlace(text(context.sessionKey) ?? "");
    const call = text(event.toolCallId) ?? "";
    if (!place?.timeline.record.runs[place.run]?.spans[call]) return;
    const message = fields(event.message);
    const exitCode = figure(fields(message.details).exitCode);
    const error = message.isError === true ? errorOf(textIn(message.content) ?? "failed", exitCode) : errorOf(undefined, exitCode);
    endTool(here, place, { source: "plugin", call, name: text(event.toolName), at, error, output: message.content });
  },
  llm_output: (here, event) => {
    const run = text(event.runId) ?? "";
    const texts = list(event.assistantTexts).filter((each) => typeof each === "string");
    if (texts.length > 0) here.outputs.set(run, texts.join("\n"));
    const usage = usageOf(fields(event.usage));
    if (usage) here.usages.set(run, { ...usage, model: text(event.model) });
  },
  agent_end: (here, event, context, at) => {
    const run = text(event.runId) ?? text(context.runId) ?? "";
    const last = fields(list(event.messages).at(-1));
    const stopped = text(last.stopReason);
    if (stopped === "error") here.failures.set(run, { type: "model", message: text(last.errorMessage) });
    else if (event.success === false) here.failures.set(run, { type: "aborted", message: text(event.error) });
    if (here.bus) return;
    const place = placeOf(here, event, context, at);
    const failure = here.failures.take(run);
    place?.timeline.endRun(place.run, at, {
      status: failure ? (failure.type === "aborted" ? "aborted" : "error") : "success",
      duration: figure(event.durationMs),
      error: failure,
      output: here.outputs.take(run) ?? textIn(last.content),
      usage: here.usages.take(run),
    });
  },
  subagent_spawned: (here, event, context, at) => {
    const key = text(event.childSessionKey);
    const run = text(event.runId);
    const parent = here.openPlace(text(context.requesterSessionKey) ?? "");
    if (key && run) here.startChild(key, run, parent, at, text(event.label) ?? text(event.agentId));
  },
  subagent_ended: (here, event, _context, at) => {
    const child = here.child(text(event.targetSessionKey) ?? "");
    if (!child) return;
    const ok = event.outcome === "ok";
    const status = ok ? "success" : /abort|kill|cancel/i.test(text(event.outcome) ?? "") ? "aborted" : "error";
    const told = { status, error: ok ? undefined : { type: text(event.outcome), message: text(event.reason) } } as const;
    here.endSoon(`sub-agent ${child.key}`, () => endChild(here, child, figure(event.endedAt) ?? at, told));
  },
  before_compaction: (here, event, context, at) => {
    if (!here.hookHandler) compactionStarted(here, text(context.sessionKey) ?? "", { ...event, sessionId: context.sessionId }, at);
  },
  after_compaction: (here, event, context, at) => {
    if (!here.hookHandler) compactionEnded(here, text(context.sessionKey) ?? "", event, at);
  },
  session_end: (here, event, _context, at) => {
    const key = text(event.sessionKey) ?? "";
    if (event.reason !== "deleted") return; // The internal hooks tell the others.
    abortRun(here, key, at);
    here.sessions.at(key, text(event.sessionId))?.endSession(at, { status: "success", details: { reason: "deleted" } });
  },
};

/** By the name under which a plugin asks for them. */
export const typedHooks: Readonly<Record<string, (here: Observer, event: unknown, context: unknown, at?: number) => void>> = Object.fromEntries(
  Object.entries(meanings).map(([name, heard]) => [
    name,
    (here: Observer, event: unknown, context: unknown, at: number = Date.now()) => heard(here, fields(event), fields(context), at),
  ]),
);

function placeOf(here: Observer, event: Fields, context: Fields, at: number): Place | undefined {
  const run = text(event.runId) ?? text(context.runId) ?? "";
  const key = text(context.sessionKey) ?? "";
  const place = here.place(key, text(context.sessionId), run);
  if (!place || place.parent !== undefined || place.timeline.record.runs[place.run]) return place;
  here.remember(run, place);
  if (place.timeline.hasEnded(run)) return place;
  place.timeline.ensureSession(at, { attributes: { session_key: key } });
  if (here.bus) place.timeline.joinRun(run, at);
  else place.timeline.startRun(run, at, { input: here.inputs.take(run) ?? here.inputs.take(key), trace: text(fields(context.trace).traceId) });
  return place;
}

/** The wrapper "tool_call" has the real tool among its parameters. */
function wrappedTool(event: Fields): { name: string | undefined; input: unknown } {
  const params = fields(event.params);
  return event.toolName === "tool_call" && text(params.id)
    ? { name: text(params.id), input: params.args }
    : { name: text(event.toolName), input: event.params };
}

function errorOf(error: string | undefined, exitCode: number | undefined): { type: string; message: string | undefined } | undefined {
  if (error) return { type: "tool_failed", message: error };
  return exitCode ? { type: "exit", message: `exit code ${exitCode}` } : undefined;
}

function textIn(content: unknown): string | undefined {
  const texts = list(content).map((part) => text(fields(part).text));
  return texts.filter(Boolean).join("\n") || undefined;
}
