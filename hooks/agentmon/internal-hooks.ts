import { compactionEnded, compactionStarted, endCompactionRun } from "./compactions.ts";
import { abortRun } from "./diagnostics.ts";
import { type Fields, fields, figure, text } from "./emitter/read.ts";
import type { Observer } from "./observer.ts";

/** What OpenClaw gives to the handler of a hook. `context` can hold its whole configuration with all secrets (cfg), live
 * functions (deps), the contents of files (bootstrapFiles) and old conversations (previousSessionMemory): only what is
 * named below is ever read. */
export interface HookEvent {
  type: string;
  action: string;
  sessionKey: string;
  timestamp: Date | string | number;
  context: Fields;
}

export function heardHook(here: Observer, event: HookEvent): void {
  const time = new Date(event.timestamp).getTime();
  meanings[`${event.type}:${event.action}`]?.(here, event, Number.isNaN(time) ? Date.now() : time);
}

const meanings: Readonly<Record<string, (here: Observer, event: HookEvent, at: number) => void>> = {
  "command:new": (here, event, at) => renew(here, event, at, "new"),
  "command:reset": (here, event, at) => renew(here, event, at, "reset"),
  "session:auto-reset": (here, event, at) => renew(here, event, at, text(event.context.reason) ?? "auto-reset"),
  "command:stop": (here, event, at) => {
    abortRun(here, event.sessionKey, at);
    here.settle();
    here.sessions.atAnyRate(event.sessionKey).endSession(at, { status: "aborted", details: { reason: "stop" } });
  },
  "agent:bootstrap": (here, event, at) => {
    if (event.sessionKey.includes(":subagent:")) return;
    const timeline = here.sessions.at(event.sessionKey, text(event.context.sessionId));
    timeline?.ensureSession(at, { attributes: { session_key: event.sessionKey, agent: text(event.context.agentId) } });
  },
  "message:received": received,
  "message:sent": sent,
  "session:compact:before": (here, event, at) => compactionStarted(here, event.sessionKey, event.context, at),
  "session:compact:after": (here, event, at) => compactionEnded(here, event.sessionKey, event.context, at),
};

function renew(here: Observer, event: HookEvent, at: number, reason: string): void {
  here.settle();
  const entry = fields(event.context.sessionEntry);
  const nextId = text(event.context.nextSessionId) ?? text(entry.sessionId);
  const timeline = here.sessions.renew(event.sessionKey, nextId, at, figure(entry.sessionStartedAt), reason);
  timeline.startSession(at, { attributes: { session_key: event.sessionKey, agent: text(event.context.agentId), reason } });
}

function received(here: Observer, event: HookEvent, at: number): void {
  const { content, channelId, messageId } = event.context;
  const command = text(content)?.startsWith("/") ?? false;
  if (here.bus) {
    if (!command) here.inputs.set(event.sessionKey, content);
    return;
  }
  // Without the bus, a message is all that is seen of a run.
  abortRun(here, event.sessionKey, at);
  if (command) return;
  const timeline = here.sessions.atAnyRate(event.sessionKey);
  timeline.ensureSession(at, { attributes: { session_key: event.sessionKey } });
  timeline.startRun(`${text(channelId) ?? "message"}:${text(messageId) ?? at}`, at, { input: content, attributes: { channel: text(channelId) } });
}

function sent(here: Observer, event: HookEvent, at: number): void {
  const { content, success, channelId } = event.context;
  const place = here.openPlace(event.sessionKey);
  if (here.bus) {
    // The run is about to be ended; the plugin knows its answer already.
    const timeline = here.sessions.at(event.sessionKey, undefined);
    if (timeline) endCompactionRun(here, timeline, at);
    const run = timeline?.openRun() ?? timeline?.record.endedRuns?.at(-1);
    if (run !== undefined && timeline?.isOpen(run) && !here.outputs.has(run)) here.outputs.set(run, content);
    timeline?.note("message.sent", at, { run }, {
      output: content,
      details: { channel: text(channelId), success: success === true },
    });
  } else place?.timeline.endRun(place.run, at, { status: success === false ? "error" : "success", output: content });
}
