import { createHash, randomBytes } from "node:crypto";

import { clean, cleanText, type Json, label } from "./clean.ts";
import { limits } from "./limits.ts";

export interface Correlation {
  session?: string | undefined;
  run?: string | undefined;
  span?: string | undefined;
  parent?: string | undefined;
  trace?: string | undefined;
}

export interface Usage {
  input_tokens?: number | undefined;
  output_tokens?: number | undefined;
  cache_read_tokens?: number | undefined;
  cache_write_tokens?: number | undefined;
  reasoning_tokens?: number | undefined;
  cost_usd?: number | undefined;
  model?: string | undefined;
}

export type Status = "success" | "error" | "aborted";

/** What happened, in the hook's words. `input`, `output` and `error.message` are content: cut, redacted, and left out
 * when capture is off. `details` are figures and short words; they are redacted, too. */
export interface Happening {
  type: string;
  /** Milliseconds since 1970, with fractions. */
  at: number;
  correlation?: Correlation | undefined;
  attributes?: Record<string, unknown> | undefined;
  status?: Status | undefined;
  duration?: number | undefined;
  kind?: string | undefined;
  name?: string | undefined;
  error?: { type?: string | undefined; message?: string | undefined } | undefined;
  usage?: Usage | undefined;
  input?: unknown;
  output?: unknown;
  details?: Record<string, unknown> | undefined;
  /** The same seed and time give the same event id, so that what is told twice is stored once. */
  seed?: string | undefined;
}

export interface Source {
  framework: string;
  /** Of the installation and its machine, as the registry of machines calls it. */
  name: string;
  /** May texts of users, models and tools leave the machine? */
  capture: boolean;
}

/** The event as JSON text of one line. */
export function envelope(happening: Happening, source: Source): string {
  const payload = payloadOf(happening, source.capture);
  const whole = {
    schema: { name: "agentmon.event", version: 1 },
    event: {
      id: eventId(happening.at, happening.seed),
      type: happening.type,
      ts: timeText(happening.at),
      source: { framework: source.framework, client_id: label(source.name), host: label(source.name) },
    },
    correlation: correlationOf(happening.correlation ?? {}),
    attributes: clean(happening.attributes ?? {}, 4096).value,
    payload,
  };
  const text = JSON.stringify(whole);
  if (Buffer.byteLength(text) <= limits.eventBytes) return text;
  // Few characters can be many bytes: an escaped control character takes six.
  for (const key of ["input", "output", "details"]) {
    if (payload[key] === undefined) continue;
    delete payload[key];
    payload[`${key}_truncated`] = true;
  }
  return JSON.stringify(whole);
}

/** An id of 1 to 128 printable characters; a longer one is replaced by its hash. */
export function correlationId(id: string | undefined): string | undefined {
  if (!id) return undefined;
  return /^[\x20-\x7e]{1,128}$/.test(id) ? id : createHash("sha256").update(id).digest("hex").slice(0, 32);
}

/** RFC 3339 in UTC, to the microsecond. */
export function timeText(at: number): string {
  const micros = Math.max(0, Math.round(at * 1000));
  const text = new Date(Math.floor(micros / 1000)).toISOString();
  return `${text.slice(0, -1)}${String(micros % 1000).padStart(3, "0")}Z`;
}

/** A UUIDv7: the time, then bits of the seed's hash or of chance. */
export function eventId(at: number, seed?: string): string {
  const bits = seed === undefined ? randomBytes(10) : createHash("sha256").update(seed).digest().subarray(0, 10);
  const hex = Math.max(0, Math.floor(at)).toString(16).padStart(12, "0").slice(-12) + bits.toString("hex");
  const variant = ((bits[2] ?? 0) & 0x3f) | 0x80;
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `7${hex.slice(13, 16)}`,
    variant.toString(16) + hex.slice(18, 20),
    hex.slice(20, 32),
  ].join("-");
}

function correlationOf(of: Correlation): Record<string, string | undefined> {
  return {
    session_id: correlationId(of.session),
    run_id: correlationId(of.run),
    span_id: correlationId(of.span),
    parent_span_id: correlationId(of.parent),
    trace_id: correlationId(of.trace),
  };
}

function payloadOf(happening: Happening, capture: boolean): Record<string, Json | undefined> {
  const payload: Record<string, Json | undefined> = {
    status: happening.status,
    duration_ms: count(happening.duration),
    kind: happening.kind,
    name: label(happening.name),
    error: happening.error && errorOf(happening.error, capture),
    usage: happening.usage && usageOf(happening.usage),
  };
  for (const key of ["input", "output"] as const) {
    if (!capture || happening[key] === undefined || happening[key] === null) continue;
    const done = clean(happening[key]);
    payload[key] = done.value;
    if (done.truncated) payload[`${key}_truncated`] = true;
  }
  if (happening.details) Object.assign(payload, clean(happening.details, 8192).value);
  return payload;
}

function errorOf(error: { type?: string | undefined; message?: string | undefined }, capture: boolean): Json {
  const told: { [key: string]: Json } = {};
  if (error.type) told.type = cleanText(error.type, 64).value;
  if (capture && error.message) told.message = cleanText(error.message, 4096).value;
  return told;
}

function usageOf(usage: Usage): Json {
  const told: { [key: string]: Json } = {};
  for (const [key, value] of Object.entries(usage)) {
    if (typeof value === "number" && count(value) !== undefined) told[key] = value;
  }
  const model = label(usage.model);
  if (model) told.model = model;
  return told;
}

/** A figure that can be right: finite and not negative. */
function count(value: number | undefined): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
