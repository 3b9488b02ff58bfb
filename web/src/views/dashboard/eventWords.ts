import type { Envelope } from "../../api/types";
import { bytes, count, money } from "../../words/numbers";
import { preview } from "../../words/text";
import { duration } from "../../words/times";

/** What a line of the feed says of an event. All of it is text that somebody sent. */
export interface EventWords {
  sign: string;
  tone: "bad" | "warn" | "good" | "dim" | "";
  what: string;
  took: string;
  /** How many tokens, what they cost. */
  figures: string;
  detail: string;
}

type Fields = Record<string, unknown>;

const fields = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const figure = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;

export function hasFailed({ event, payload }: Envelope): boolean {
  return event.type === "error" || fields(payload)["status"] === "error";
}

export const isMachine = ({ event }: Envelope): boolean => event.type.endsWith(".snapshot");
export const waits = ({ event }: Envelope): boolean => event.type === "run.waiting" || event.type === "session.waiting";

/** What a person would say first: the error, else what came out, else what went in. */
function detailOf(payload: Fields): string {
  const error = fields(payload["error"]);
  const message = text(error["message"]) || text(error["type"]);
  return preview(message || (payload["output"] ?? payload["input"] ?? payload["message"] ?? payload["reason"]));
}

function figuresOf(payload: Fields): string {
  const usage = fields(payload["usage"]);
  const tokens = [figure(usage["input_tokens"]), figure(usage["output_tokens"])].filter((n) => n !== null);
  const cost = figure(usage["cost_usd"]);
  return [
    tokens.length === 0 ? "" : `${count(tokens.reduce((sum, n) => sum + n, 0))} tokens`,
    cost === null ? "" : money(cost),
  ]
    .filter((part) => part !== "")
    .join(" · ");
}

function ending(status: unknown): Pick<EventWords, "sign" | "tone"> {
  if (status === "success") return { sign: "✓", tone: "good" };
  if (status === "error") return { sign: "✕", tone: "bad" };
  return status === "aborted" ? { sign: "■", tone: "warn" } : { sign: "–", tone: "dim" };
}

export function eventWords(envelope: Envelope): EventWords {
  const payload = fields(envelope.payload);
  const { type } = envelope.event;
  const milliseconds = figure(payload["duration_ms"]);
  const rest = {
    took: milliseconds === null ? "" : duration(milliseconds),
    figures: figuresOf(payload),
    detail: detailOf(payload),
  };
  const spanName = preview(text(payload["name"]) || text(payload["kind"]) || "work", 60);
  const spanWhat = payload["kind"] === "model" ? `model ${spanName}` : spanName;
  if (waits(envelope)) return { sign: "?", tone: "warn", what: "waits for you", ...rest };
  if (isMachine(envelope)) return machineWords(type, payload);
  switch (type) {
    case "span.start":
      return { sign: "▸", tone: "dim", what: spanWhat, ...rest };
    case "span.end":
      return { ...ending(payload["status"]), what: spanWhat, ...rest };
    case "run.start":
      return { sign: "▶", tone: "", what: "run began", ...rest };
    case "run.end":
      return { ...ending(payload["status"]), what: "run ended", ...rest };
    case "session.start":
      return { sign: "○", tone: "dim", what: "session began", ...rest };
    case "session.end":
      return { sign: "●", tone: "dim", what: "session ended", ...rest };
    case "error":
      return {
        sign: "✕",
        tone: "bad",
        what: preview(text(fields(payload["error"])["type"]) || "error", 60),
        ...rest,
      };
    default:
      return { sign: "·", tone: "dim", what: type, ...rest, detail: rest.detail || preview(payload) };
  }
}

function machineWords(type: string, payload: Fields): EventWords {
  const issues = Array.isArray(payload["issues"]) ? payload["issues"] : [];
  const cpu = figure(payload["cpu_percent"]);
  const memory = figure(payload["memory_used_bytes"]);
  const state = text(payload["state"]);
  const bad = issues.length > 0 || (state !== "" && state !== "running");
  return {
    sign: bad ? "!" : "·",
    tone: bad ? "warn" : "dim",
    what: state ? `machine ${preview(state, 30)}` : type,
    took: "",
    figures: [cpu === null ? "" : `CPU ${Math.round(cpu)} %`, memory === null ? "" : bytes(memory)]
      .filter((part) => part !== "")
      .join(" · "),
    detail: issues.length > 0 ? preview(issues[0]) : state ? "" : preview(payload),
  };
}
