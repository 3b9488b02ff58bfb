import type { Observer, Place } from "./observer.ts";

/** The beginning of a tool call as one of the sources tells it. */
export interface ToolStart {
  call: string | undefined;
  name: string | undefined;
  at: number;
  input?: unknown;
  trace?: string | undefined;
}

export interface ToolEnd extends ToolStart {
  source: "bus" | "plugin";
  duration?: number | undefined;
  error?: { type: string; message: string | undefined } | undefined;
  output?: unknown;
}

/* OpenClaw calls some tools through a wrapper: "tool_call" as call_1 runs "sessions_spawn" as
 * "tool_search_code:call_1:sessions_spawn:1", and both are told. That is one span: the wrapper's call with the name of
 * the real tool. */

const wrappedCall = /^tool_search_code:(.+):([^:]+):\d+$/;

export function startTool(here: Observer, place: Place, tool: ToolStart): void {
  if (!tool.call) return;
  const inner = wrappedCall.exec(tool.call);
  if (inner) {
    here.wrapped.set(inner[1] ?? "", inner[2] ?? "");
    return;
  }
  place.timeline.startSpan(place.run, tool.call, tool.at, { kind: "tool", name: tool.name, parent: place.parent, trace: tool.trace, input: tool.input });
}

/** With the plugin, its end counts, which has the result; the bus may be heard first. What only the bus tells then ends
 * with its run. */
export function endTool(here: Observer, place: Place, tool: ToolEnd): void {
  if (!tool.call || wrappedCall.test(tool.call)) return;
  if (tool.source === "bus" && here.plugin) return;
  const name = here.wrapped.take(tool.call) ?? tool.name;
  if (name === "sessions_spawn") here.spawns.set(place.run, tool.call);
  place.timeline.endSpan(place.run, tool.call, tool.at, {
    status: tool.error ? "error" : "success",
    kind: "tool",
    name,
    parent: place.parent,
    duration: tool.duration,
    error: tool.error,
    input: tool.input,
    output: tool.output,
    trace: tool.trace,
  });
}
