import { wellFormed } from "./emitter/clean.ts";
import { eventId, type Source, timeText } from "./emitter/envelope.ts";
import { limits } from "./emitter/limits.ts";

export interface Ids {
  session_id?: string | undefined;
  run_id?: string | undefined;
  span_id?: string | undefined;
  parent_span_id?: string | undefined;
  trace_id?: string | undefined;
}

export type Fields = Readonly<Record<string, unknown>>;

export interface Event {
  type: string;
  /** Milliseconds since 1970, with fractions. */
  at: number;
  ids: Ids;
  payload: Fields;
  attributes: Fields;
}

export class TooLarge extends Error {}

const figures = {
  input_tokens: null,
  output_tokens: null,
  cache_read_tokens: null,
  cache_write_tokens: null,
  reasoning_tokens: null,
  cost_usd: null,
  model: null,
};

/** The envelope. Throws TooLarge, and what JSON.stringify throws when something is no JSON. */
export function encode(event: Event, source: Source & { host: string }): string {
  const payload = complete(event.payload, source.capture);
  const whole = {
    schema: { name: "agentmon.event", version: 1 },
    event: {
      id: eventId(event.at),
      type: event.type,
      ts: timeText(event.at),
      source: { framework: source.framework, client_id: source.name, host: source.host },
    },
    correlation: event.ids,
    attributes: event.attributes,
    payload,
  };
  const text = json(whole);
  if (Buffer.byteLength(text) <= limits.eventBytes) return text;
  shorten(payload);
  const shorter = json(whole);
  if (Buffer.byteLength(shorter) > limits.eventBytes) throw new TooLarge(`an event of type ${event.type} is too large`);
  return shorter;
}

function complete(told: Fields, capture: boolean): Record<string, unknown> {
  const payload = { ...told };
  if (isObject(payload.usage)) payload.usage = { ...figures, ...payload.usage };
  if (capture) return payload;
  delete payload.input;
  delete payload.output;
  if (isObject(payload.error)) payload.error = { ...payload.error, message: undefined };
  return payload;
}

function shorten(payload: Record<string, unknown>): void {
  for (const key of ["input", "output"]) {
    const value = payload[key];
    if (typeof value === "string") {
      const head = Array.from(value.slice(0, 2 * limits.textCharacters)).slice(0, limits.textCharacters).join("");
      if (head === value) continue;
      payload[key] = head;
    } else if (typeof value === "object" && value !== null) payload[key] = null;
    else continue;
    payload[`${key}_truncated`] = true;
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === "string" && !isPlain(each) ? wellFormed(each) : each));
}

function isPlain(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /^[\u0001-\ud7ff]*$/.test(text);
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
