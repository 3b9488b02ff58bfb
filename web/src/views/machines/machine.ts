import type { Vm } from "../../api/types";
import { preview } from "../../words/text";

/** How a machine is, the worst first: this is the order of the cards. */
export const conditions = ["failing", "silent", "unclear", "running", "off"] as const;
export type Condition = (typeof conditions)[number];

/** How each is shown, beside its sign and words. */
export const tones: Record<Condition, "bad" | "warn" | "good" | "dim"> = {
  failing: "bad",
  silent: "warn",
  unclear: "warn",
  running: "good",
  off: "dim",
};

/** A machine, and how it is now. */
export interface Watched {
  machine: Machine;
  condition: Condition;
  /** Its readings stopped: what it said may be over. */
  silent: boolean;
}

/** What is known of a machine; null is unknown. */
export interface Machine {
  name: string;
  state: string;
  /** What the sender makes of it; null: it does not say. */
  verdict: Vm["verdict"];
  since: string;
  readAt: string;
  issues: string[];
  gateway: { up: boolean | null; version: string | null };
  uptimeSeconds: number | null;
  cpuPercent: number | null;
  load: number | null;
  memoryUsed: number | null;
  memoryTotal: number | null;
  diskUsed: number | null;
  diskTotal: number | null;
  received: number | null;
  sent: number | null;
  /** Why a figure is unknown, by its key in the snapshot. */
  reasons: Record<string, string>;
}

/** A machine of which nothing was heard for so long is silent, unless its readings are further apart than that by
 * themselves: then for three times their distance. */
export const silentAfter = 120_000;
const intervalsUntilSilent = 3;
const longestIssue = 300;

/** Off by somebody's will: nothing is wrong with them. */
const offStates = ["paused", "shutoff", "shut off", "pmsuspended", "suspended", "shutdown"];

/** Reads a snapshot, which is what a sender says: every figure may be missing or of another type, and is unknown then. */
export function machineOf({ name, state, verdict, since, ts, issues, snapshot }: Vm): Machine {
  const told = snapshot as Record<string, unknown>;
  const gateway = isRecord(told["gateway"]) ? told["gateway"] : {};
  return {
    name,
    state: preview(state, 40),
    verdict,
    since,
    readAt: ts,
    issues: issues.map(issueWords).filter((words) => words !== ""),
    gateway: {
      up: typeof gateway["up"] === "boolean" ? gateway["up"] : null,
      version: text(gateway["version"]) ?? text(told["agent_version"]),
    },
    uptimeSeconds: figure(told["uptime_seconds"]),
    cpuPercent: figure(told["cpu_percent"]),
    load: figure(told["load1"]),
    memoryUsed: figure(told["memory_used_bytes"]),
    memoryTotal: figure(told["memory_total_bytes"]),
    diskUsed: figure(told["disk_used_bytes"]),
    diskTotal: figure(told["disk_total_bytes"]),
    received: figure(told["network_rx_bytes_per_second"]),
    sent: figure(told["network_tx_bytes_per_second"]),
    reasons: reasonsOf(told["unknown"]),
  };
}

function reasonsOf(unknown: unknown): Record<string, string> {
  const all = isRecord(unknown) ? Object.entries(unknown) : [];
  return Object.fromEntries(all.flatMap(([key, why]) => (typeof why === "string" ? [[key, preview(why, 300)]] : [])));
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? preview(value, 60) : null);
const figure = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;

function issueWords(issue: unknown): string {
  if (isRecord(issue))
    for (const key of ["message", "text", "name"]) if (issue[key]) return preview(issue[key], longestIssue);
  return preview(issue, longestIssue);
}

/** Has it been silent for too long at `now`? `interval`: between its readings in milliseconds; null: not known. */
export function isSilent(readAt: string, now: number, interval: number | null): boolean {
  return now - Date.parse(readAt) > Math.max(silentAfter, intervalsUntilSilent * (interval ?? 0));
}

export const isOff = (machine: Machine): boolean => offStates.includes(machine.state.toLowerCase());

/** The sender's verdict counts when there is one; but what is off is off, and who is silent may be anything by now. */
export function conditionOf(machine: Machine, silent: boolean): Condition {
  const off = isOff(machine);
  const { verdict } = machine;
  if (verdict === null ? failsByItsWords(machine) : verdict === "degraded" || (verdict === "down" && !off))
    return "failing";
  if (silent) return "silent";
  if (off) return "off";
  return verdict === "healthy" || (verdict === null && machine.state === "running") ? "running" : "unclear";
}

function failsByItsWords(machine: Machine): boolean {
  if (machine.issues.length > 0 || machine.state === "crashed") return true;
  return machine.gateway.up === false && !isOff(machine);
}

/** The usual distance of readings, from times in order: the median of the last distances. */
export function intervalOf(times: readonly number[]): number | null {
  const distances = times
    .slice(1)
    .map((at, index) => at - (times[index] ?? at))
    .slice(-9)
    .sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? null;
}

/** Null when either is unknown, or there is none of it. */
export function share(used: number | null, total: number | null): number | null {
  return used === null || total === null || total === 0 ? null : used / total;
}
