import type { Envelope, Session, Vm } from "../api/types";

/** A frame of /v1/ws (LiveFrame in schema/openapi.yaml). */
export type Frame =
  | { kind: "hello"; seq: number }
  | { kind: "events"; seq: number; events: Envelope[] }
  | { kind: "sessions"; seq: number; sessions: Session[] }
  | { kind: "vms"; seq: number; vms: Vm[] }
  | { kind: "gap"; missed: number | null };

/** What the server sent, or null when this page does not know that frame. */
export function parseFrame(text: string): Frame | null {
  const frame = JSON.parse(text) as Record<string, unknown>;
  if ("gap" in frame) return { kind: "gap", missed: typeof frame["gap"] === "number" ? frame["gap"] : null };
  const seq = frame["seq"];
  if (typeof seq !== "number") return null;
  if ("hello" in frame) return { kind: "hello", seq };
  if (Array.isArray(frame["events"])) return { kind: "events", seq, events: frame["events"] as Envelope[] };
  if (Array.isArray(frame["sessions"])) return { kind: "sessions", seq, sessions: frame["sessions"] as Session[] };
  if (Array.isArray(frame["vms"])) return { kind: "vms", seq, vms: frame["vms"] as Vm[] };
  return null;
}
