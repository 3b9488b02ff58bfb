import type { Usage } from "../agentmon/emitter/envelope.ts";
import { type Fields, fields, figure, text } from "../agentmon/emitter/read.ts";
import { firstLine, type Line, readLines } from "../command/transcript.ts";

/* What Codex writes into a thread's rollout file (0.116.0 and 0.169.0). */

/** The thread that spawned this one, if it is a sub-agent's. */
export function parentOf(path: unknown): string | undefined {
  const about = fields(firstLine(path)?.payload);
  return text(fields(fields(fields(about.source).subagent).thread_spawn).parent_thread_id);
}

/** The newest turn at a time (milliseconds since 1970). */
export function turnAt(path: unknown, at: number): string | undefined {
  const begun = readLines(path, 0).filter((line) => Date.parse(text(line.timestamp) ?? "") <= at);
  return begun.map(turnStarted).filter(Boolean).at(-1);
}

/** A call of a tool as the rollout tells it. */
export interface Call {
  id: string;
  name: string;
  startedAt: number;
  endedAt: number | undefined;
  input: unknown;
  output: string | undefined;
  exitCode: number | undefined;
  /** Of the program that it ran, in milliseconds. */
  duration: number | undefined;
}

/** What a rollout tells of one turn. */
export interface Turn {
  usage: Usage | undefined;
  /** Of the thread until then. */
  threadUsage: Usage | undefined;
  contextWindow: number | undefined;
  calls: Call[];
  /** The model or its provider failed. */
  failure: string | undefined;
  aborted: boolean;
}

/** Everything of one turn; of the whole thread when `turn` is undefined. */
export function readTurn(path: unknown, turn: string | undefined): Turn {
  const read: Turn = { usage: undefined, threadUsage: undefined, contextWindow: undefined, calls: [], failure: undefined, aborted: false };
  let before: Fields = {};
  let total: Fields = {};
  let after: Fields | undefined;
  let record: Fields | undefined;
  let current: string | undefined;
  for (const line of readLines(path, 0)) {
    const started = turnStarted(line);
    if (started) {
      if (started === turn && current !== turn) before = total;
      current = started;
    }
    const payload = fields(line.payload);
    if (payload.type === "token_count" && payload.info) {
      total = fields(fields(payload.info).total_token_usage);
      read.contextWindow = figure(fields(payload.info).model_context_window);
    }
    if (turn !== undefined && current !== turn) continue;
    if (payload.type === "token_count" && payload.info) after = total;
    if (line.type === "token_usage_record") record = fields(turn === undefined ? payload.thread_token_usage : payload.turn_token_usage);
    readEvent(read, line, payload);
  }
  read.threadUsage = usageOf(after ?? total);
  read.usage = usageOf(record ?? (after ? minus(after, before) : {}));
  return read;
}

function readEvent(read: Turn, line: Line, payload: Fields): void {
  const at = Date.parse(text(line.timestamp) ?? "");
  switch (payload.type) {
    case "function_call":
    case "custom_tool_call":
      read.calls.push({
        id: text(payload.call_id) ?? "",
        name: text(payload.name) ?? "",
        startedAt: at,
        endedAt: undefined,
        input: payload.arguments ?? payload.input,
        output: undefined,
        exitCode: undefined,
        duration: undefined,
      });
      break;
    case "function_call_output":
    case "custom_tool_call_output": {
      const call = read.calls.find((each) => each.id === payload.call_id);
      if (!call) break;
      call.endedAt = at;
      call.output = typeof payload.output === "string" ? payload.output : JSON.stringify(payload.output);
      call.exitCode ??= exitCodeIn(call.output);
      call.duration ??= wallTimeIn(call.output);
      break;
    }
    case "item_completed": {
      const item = fields(payload.item);
      const call = read.calls.find((each) => each.id === item.id);
      if (!call || item.type !== "CommandExecution") break;
      call.exitCode = figure(item.exit_code);
      call.duration = milliseconds(fields(item.duration));
      break;
    }
    case "error":
    case "stream_error":
      read.failure = text(payload.message) ?? "the model's provider failed";
      break;
    case "turn_aborted":
      read.aborted = true;
      break;
  }
}

/** Shells say it in the text for the model only. */
export function exitCodeIn(output: string | undefined): number | undefined {
  const [, code] = /^(?:Process exited with code|Exit code:) (-?\d+)$/m.exec(output?.slice(0, 2000) ?? "") ?? [];
  return code === undefined ? undefined : Number(code);
}

function wallTimeIn(output: string): number | undefined {
  const [, seconds] = /^Wall time: ([\d.]+) seconds$/m.exec(output.slice(0, 2000)) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

function milliseconds({ secs, nanos }: Fields): number | undefined {
  const whole = figure(secs);
  return whole === undefined ? undefined : whole * 1000 + (figure(nanos) ?? 0) / 1e6;
}

function turnStarted(line: Line): string | undefined {
  const payload = fields(line.payload);
  return line.type === "turn_context" || payload.type === "task_started" ? text(payload.turn_id) : undefined;
}

function minus(total: Fields, before: Fields): Fields {
  return Object.fromEntries(Object.entries(total).map(([key, value]) => [key, (figure(value) ?? 0) - (figure(before[key]) ?? 0)]));
}

function usageOf(counted: Fields): Usage | undefined {
  if (figure(counted.total_tokens) === undefined) return undefined;
  return {
    input_tokens: figure(counted.input_tokens),
    output_tokens: figure(counted.output_tokens),
    cache_read_tokens: figure(counted.cached_input_tokens),
    cache_write_tokens: figure(counted.cache_write_input_tokens),
    reasoning_tokens: figure(counted.reasoning_output_tokens),
  };
}
