import type { Run, Session } from "../../api/types";
import { count, counted } from "../../words/numbers";
import { duration } from "../../words/times";
import { tones, type Watched } from "../machines/machine";

/** Failures and silences count as news for so long; whoever waits for an answer waits until it comes. */
export const failureIsNews = 3_600_000;
export const silenceIsNews = 24 * 3_600_000;

export type Tone = "bad" | "warn";

/** One thing that is not well, with where to look. */
export interface Concern {
  key: string;
  kind: "waiting" | "failed" | "stale" | "machine";
  tone: Tone;
  what: string;
  /** On whose behalf: the agent. */
  who: string;
  since: string;
  path: string;
  params: Record<string, string>;
}

/** Part of the sentence on top. */
export interface Clause {
  text: string;
  tone: Tone;
  path: string;
  params: Record<string, string>;
}

export interface Known {
  /** Those that wait, and those that are stale. */
  sessions: readonly Session[];
  /** Runs with status error, of the last day. */
  failedRuns: readonly Run[];
  machines: readonly Watched[];
  now: number;
}

const who = ({ client_id, host, framework }: Pick<Session, "client_id" | "host" | "framework">): string =>
  client_id ?? host ?? framework;
const pathOf = (sessionId: string): string => `/sessions/${encodeURIComponent(sessionId)}`;

/** What is wrong with a machine, in words. */
export function troubleOf({ machine, condition }: Watched, now: number): string {
  if (condition === "silent")
    return `has not been read for ${duration(wholeMinutes(now - Date.parse(machine.readAt)))}`;
  const [issue, ...others] = machine.issues;
  if (issue !== undefined)
    return `has an issue: ${issue}${others.length > 0 ? ` and ${count(others.length)} more` : ""}`;
  return condition === "failing" && machine.state !== "crashed"
    ? "runs, but its gateway is down"
    : `is ${machine.state}`;
}

const wholeMinutes = (milliseconds: number): number => Math.floor(milliseconds / 60_000) * 60_000;

/** All that is not well: who waits for the user first, then what failed, what is down, what went silent. */
export function concernsOf({ sessions, failedRuns, machines, now }: Known): Concern[] {
  const waiting = sessions.filter((session) => session.status === "waiting");
  const stale = sessions.filter(
    (session) => session.status === "stale" && now - Date.parse(session.last_ts) < silenceIsNews,
  );
  const failed = failedRuns.filter(
    (run) => run.status === "error" && now - Date.parse(run.ended_at ?? run.last_ts) < failureIsNews,
  );
  return [
    ...waiting.map((session) =>
      ofSession(session, "waiting", session.title ?? session.session_id, session.waiting_since),
    ),
    ...failed.map((run): Concern => ({
      key: `failed ${run.session_id} ${run.run_id}`,
      kind: "failed",
      tone: "bad",
      what: run.title ?? run.run_id,
      who: who(run),
      since: run.ended_at ?? run.last_ts,
      path: pathOf(run.session_id),
      params: { run: run.run_id },
    })),
    ...machines.flatMap((watched) => ofMachine(watched, now)),
    ...stale.map((session) => ofSession(session, "stale", session.title ?? session.session_id, session.last_ts)),
  ];
}

function ofSession(session: Session, kind: "waiting" | "stale", what: string, since: string | null): Concern {
  return {
    key: `${kind} ${session.session_id}`,
    kind,
    tone: "warn",
    what,
    who: who(session),
    since: since ?? session.last_ts,
    path: pathOf(session.session_id),
    params: {},
  };
}

function ofMachine(watched: Watched, now: number): Concern[] {
  const { machine, condition } = watched;
  const tone = tones[condition];
  if (tone !== "bad" && tone !== "warn") return [];
  const isOfState = condition === "unclear" || machine.state === "crashed";
  return [
    {
      key: `machine ${machine.name}`,
      kind: "machine",
      tone,
      what: `${machine.name} ${troubleOf(watched, now)}`,
      who: machine.name,
      since: isOfState ? machine.since : machine.readAt,
      path: "/openclaw",
      params: {},
    },
  ];
}

/** The sentence: each kind of concern once, one by its own link, several by the list that shows them. */
export function clausesOf(concerns: readonly Concern[]): Clause[] {
  const of = (kind: Concern["kind"]): Concern[] => concerns.filter((concern) => concern.kind === kind);
  const clause = (
    list: readonly Concern[],
    one: (concern: Concern) => string,
    several: string,
    status?: string,
  ): Clause[] => {
    const first = list[0];
    if (!first) return [];
    if (list.length === 1) return [{ text: one(first), tone: first.tone, path: first.path, params: first.params }];
    const tone = list.some((concern) => concern.tone === "bad") ? "bad" : "warn";
    return status
      ? [{ text: several, tone, path: "/sessions", params: { status, range: "7d" } }]
      : [{ text: several, tone, path: first.path, params: first.params }];
  };
  const waiting = of("waiting");
  const failed = of("failed");
  const machines = of("machine");
  const stale = of("stale");
  return [
    ...clause(waiting, () => "1 session waits for you", `${count(waiting.length)} sessions wait for you`, "waiting"),
    ...clause(failed, () => "1 run failed in the last hour", `${count(failed.length)} runs failed in the last hour`),
    ...clause(machines, (one) => `machine ${one.what}`, `${count(machines.length)} machines need a look`),
    ...clause(stale, () => "1 session went silent", `${count(stale.length)} sessions went silent`, "stale"),
  ];
}

/** What is well, when all is: "4 sessions are active, no run failed in the last hour, 3 machines run, 1 is off". */
export function wellWords(activeSessions: number, machines: readonly Watched[]): string {
  const running = machines.filter(({ condition }) => condition === "running").length;
  const off = machines.length - running;
  return [
    activeSessions === 0
      ? "no session is active"
      : `${counted(activeSessions, "session")} ${are(activeSessions)} active`,
    "no run failed in the last hour",
    ...(running > 0 ? [`${counted(running, "machine")} ${running === 1 ? "runs" : "run"}`] : []),
    ...(off > 0 ? [`${running > 0 ? count(off) : counted(off, "machine")} ${are(off)} off`] : []),
  ].join(", ");
}

const are = (n: number): string => (n === 1 ? "is" : "are");
