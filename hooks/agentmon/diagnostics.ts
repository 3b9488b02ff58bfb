import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

import { endCompactionRun, placeInCompaction } from "./compactions.ts";
import type { Usage } from "./emitter/envelope.ts";
import { type Log, reason } from "./emitter/log.ts";
import { type Fields, fields, figure, plus, text } from "./emitter/read.ts";
import type { Told } from "./emitter/timeline.ts";
import type { Child, Observer, Place } from "./observer.ts";
import { endTool, startTool } from "./tools.ts";

/** Listens to OpenClaw's diagnostic bus. A hook is no package of OpenClaw's, so the bus is looked for from the program
 * that runs. Never throws. */
export async function subscribe(here: Observer, log: Log): Promise<void> {
  try {
    const program = createRequire(realpathSync(process.argv[1] ?? ""));
    const bus = fields(await import(pathToFileURL(program.resolve("openclaw/plugin-sdk/diagnostic-runtime")).href));
    const listen = bus.onInternalDiagnosticEvent;
    const drained = bus.waitForDiagnosticEventsDrained;
    if (typeof drained === "function") here.drained = async () => void (await drained());
    if (typeof listen !== "function") throw new Error("this OpenClaw has no diagnostic bus");
    listen((event: unknown) => {
      try {
        heardDiagnostic(here, fields(event));
      } catch {
        // An agent must not suffer from being watched.
      }
    });
  } catch (error) {
    here.bus = false;
    log(`model and tool calls cannot be seen, only messages: ${reason(error)}`);
  }
}

/** Tells what an event of the bus means. All others than these are about OpenClaw itself. */
export function heardDiagnostic(here: Observer, event: Fields): void {
  meanings[text(event.type) ?? ""]?.(here, event, figure(event.ts) ?? Date.now());
}

const meanings: Readonly<Record<string, (here: Observer, event: Fields, at: number) => void>> = {
  "run.started": runStarted,
  "run.completed": runCompleted,
  "model.call.started": (here, event, at) => {
    const call = text(event.callId);
    const place = placeOf(here, event, at);
    if (call) place?.timeline.startSpan(place.run, call, at, { kind: "model", name: text(event.model), parent: place.parent, trace: traceOf(event) });
  },
  "model.call.completed": (here, event, at) => modelEnded(here, event, at, { status: "success" }),
  "model.call.error": (here, event, at) => {
    const kind = text(event.failureKind);
    modelEnded(here, event, at, { status: kind === "aborted" ? "aborted" : "error", error: { type: kind ?? text(event.errorCategory) } });
    if (kind === "aborted") here.failures.set(text(event.runId) ?? "", { type: "aborted", message: undefined });
  },
  "tool.execution.started": (here, event, at) => {
    const place = placeOf(here, event, at);
    if (place) startTool(here, place, { call: text(event.toolCallId), name: text(event.toolName), at, trace: traceOf(event) });
  },
  "tool.execution.completed": (here, event, at) => toolEnded(here, event, at, undefined),
  "tool.execution.error": (here, event, at) => toolEnded(here, event, at, text(event.terminalReason) ?? "error"),
  "tool.execution.blocked": (here, event, at) => toolEnded(here, event, at, "blocked"),
  "exec.process.completed": (here, event) => {
    const code = figure(event.exitCode);
    if (code !== undefined) here.exitCodes.set(text(event.sessionKey) ?? "", code);
  },
  "message.processed": (here, event, at) => {
    if (event.reason === "fast_abort") abortRun(here, text(event.sessionKey) ?? "", at);
  },
  "message.delivery.error": (here, event, at) => {
    const timeline = here.sessions.at(text(event.sessionKey) ?? "", undefined);
    timeline?.note("error", at, {}, {
      error: { type: text(event.errorCategory), message: "A message could not be delivered." },
      details: { channel: text(event.channel) },
    });
  },
};

/** "/stop". */
export function abortRun(here: Observer, key: string, at: number): void {
  const place = here.openPlace(key);
  if (place && place.parent === undefined) place.timeline.endRun(place.run, at, { status: "aborted", error: { type: "stopped" } });
}

function runStarted(here: Observer, event: Fields, at: number): void {
  const key = text(event.sessionKey) ?? "";
  const run = text(event.runId);
  if (!run) return;
  if (here.goesOn(run)) {
    here.failures.delete(run);
    here.repeated.set(run, true);
  }
  const trace = traceOf(event) ?? "";
  if (key.includes(":subagent:") && here.startChild(key, run, here.traces.get(trace), at, undefined)) return;
  const place = beginRun(here, event, at);
  if (place && !here.traces.has(trace)) here.traces.set(trace, place);
}

/** Begins a run in the conversation that the event names, if that was not told before; when the event is of the `middle`
 * of a run, nobody told when it began. */
function beginRun(here: Observer, event: Fields, at: number, middle = false): Place | undefined {
  const key = text(event.sessionKey) ?? "";
  const run = text(event.runId);
  const place = run === undefined ? undefined : here.place(key, text(event.sessionId), run);
  if (!run || !place || place.parent !== undefined) return place;
  here.remember(run, place);
  if (place.timeline.hasEnded(run)) return place;
  place.timeline.ensureSession(at, { attributes: { session_key: key } });
  endCompactionRun(here, place.timeline, at);
  if (middle) place.timeline.joinRun(run, at);
  else place.timeline.startRun(run, at, {
    trace: traceOf(event),
    input: here.inputs.take(run) ?? here.inputs.take(key),
    attributes: { channel: text(event.channel), trigger: text(event.trigger), model: text(event.model), provider: text(event.provider) },
  });
  return place;
}

/** The bus tells this at once, the model's last call later; and the answer is sent after the run's end. */
function runCompleted(here: Observer, event: Fields, at: number): void {
  const child = here.child(text(event.sessionKey) ?? "");
  here.endSoon(text(event.runId) ?? "", () => endRun(here, event, at, child));
}

function endRun(here: Observer, event: Fields, at: number, child: Child | undefined): void {
  const run = text(event.runId) ?? "";
  const failure = here.failures.take(run);
  const aborted = /abort|cancel|kill|stop/i.test(text(event.outcome) ?? "") || failure?.type === "aborted";
  const success = !failure && event.outcome === "completed";
  const told = {
    status: aborted ? ("aborted" as const) : success ? ("success" as const) : ("error" as const),
    duration: here.repeated.take(run) ? undefined : figure(event.durationMs),
    error: success ? undefined : (failure ?? { type: text(event.errorCategory) ?? text(event.outcome) }),
    output: here.outputs.take(run),
    // Model calls are spans and tell their tokens; where they are not seen the run does.
    usage: here.counted.take(run) ? undefined : here.usages.take(run),
    trace: traceOf(event),
  };
  if (child) endChild(here, child, at, told);
  else beginRun(here, event, at - (told.duration ?? 0))?.timeline.endRun(run, at, told);
}

/** The first of those that tell it ends a sub-agent. */
export function endChild(here: Observer, child: Child, at: number, told: Told): void {
  child.place.timeline.endSpan(child.place.run, child.span, at, { kind: "subagent", ...told });
  here.forgetChild(child);
}

function modelEnded(here: Observer, event: Fields, at: number, told: { status: "success" | "error" | "aborted"; error?: { type: string | undefined } }): void {
  const place = placeOf(here, event, at);
  const call = text(event.callId);
  if (!place || !call) return;
  const usage = usageOf(fields(event.usage));
  if (usage) here.counted.set(text(event.runId) ?? "", true);
  place.timeline.endSpan(place.run, call, at, {
    ...told,
    kind: "model",
    name: text(event.model),
    parent: place.parent,
    duration: figure(event.durationMs),
    usage: { ...usage, model: text(event.model) },
    trace: traceOf(event),
    details: { time_to_first_byte_ms: figure(event.timeToFirstByteMs), provider: text(event.provider) },
  });
}

function toolEnded(here: Observer, event: Fields, at: number, failure: string | undefined): void {
  const place = placeOf(here, event, at);
  const exitCode = here.exitCodes.take(text(event.sessionKey) ?? "");
  if (!place) return;
  const exited = exitCode ? { type: "exit", message: `exit code ${exitCode}` } : undefined;
  endTool(here, place, {
    source: "bus",
    call: text(event.toolCallId),
    name: text(event.toolName),
    at,
    duration: figure(event.durationMs),
    error: failure ? { type: failure, message: text(event.errorCategory) } : exited,
    trace: traceOf(event),
  });
}

/** Where an event within a run belongs. */
function placeOf(here: Observer, event: Fields, at: number): Place | undefined {
  const place = here.place(text(event.sessionKey) ?? "", text(event.sessionId), text(event.runId) ?? "");
  if (!place || place.parent !== undefined || place.timeline.record.runs[place.run]) return place;
  const compaction = placeInCompaction(place.timeline);
  if (compaction) here.remember(place.run, compaction);
  return compaction ?? beginRun(here, event, at, true);
}

function traceOf(event: Fields): string | undefined {
  return text(fields(event.trace).traceId);
}

/** OpenClaw counts cached input beside the input, agentmon within it. */
export function usageOf(usage: Fields): Usage | undefined {
  const read = figure(usage.cacheRead);
  const written = figure(usage.cacheWrite);
  const input = figure(usage.promptTokens) ?? plus(plus(figure(usage.input), read), written);
  if (input === undefined && figure(usage.output) === undefined) return undefined;
  return {
    input_tokens: input,
    output_tokens: figure(usage.output),
    cache_read_tokens: read,
    cache_write_tokens: written,
    cost_usd: figure(fields(usage.cost).total),
  };
}
