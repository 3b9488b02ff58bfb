import type { Actor, SystemNode } from "../../api/types";
import { counted } from "../../words/numbers";

export type Tone = "good" | "warn" | "bad" | "dim";

export const looks: Record<string, { sign: string; tone: Tone; words: string }> = {
  up: { sign: "●", tone: "good", words: "up" },
  alive: { sign: "●", tone: "good", words: "alive" },
  restarting: { sign: "◌", tone: "warn", words: "restarting" },
  restarted: { sign: "↻", tone: "warn", words: "restarted" },
  starting: { sign: "◌", tone: "warn", words: "starting" },
  silent: { sign: "?", tone: "warn", words: "silent" },
  stuck: { sign: "✕", tone: "bad", words: "stuck" },
  given_up: { sign: "✕", tone: "bad", words: "given up" },
  away: { sign: "✕", tone: "bad", words: "away" },
  stopped: { sign: "■", tone: "dim", words: "stopped" },
};

// -- the tree ------------------------------------------------------------------------------

/** One actor, or equal ones that share their work ("writer-1", "writer-2"): told together. */
export interface Group {
  name: string;
  actors: Actor[];
  /** How many actors stand between it and its role. */
  depth: number;
  state: Actor["state"];
  /** Since when it is so. */
  since: string;
  mailbox: number | null;
  rate: number | null;
  restarts: number;
}

/** A role, or the node's own affairs, with the actors that belong to it: those below another one behind it. */
export interface Branch {
  name: string;
  groups: Group[];
}

const worst: readonly Actor["state"][] = ["given_up", "stuck", "restarting", "up"];

/** Unknown when any of them is. */
function sum(figures: readonly (number | null)[]): number | null {
  let all = 0;
  for (const each of figures) {
    if (each === null) return null;
    all += each;
  }
  return all;
}

function groupOf(name: string, actors: Actor[], depth: number): Group {
  const state = worst.find((each) => actors.some((actor) => actor.state === each)) ?? "up";
  const times = actors.filter((actor) => actor.state === state).map(({ since }) => since);
  return {
    name,
    actors,
    depth,
    state,
    since: times.toSorted().at(-1) ?? "",
    mailbox: sum(actors.map(({ mailbox }) => mailbox)),
    rate: sum(actors.map((actor) => actor.messages_per_second)),
    restarts: actors.reduce((all, { restarts }) => all + restarts, 0),
  };
}

/** What actors stand below, in the order of an event's path. */
const path = ["node", "ingest", "processor", "query", "ui", "monitor"];

/** The supervision tree. In path order: what lets events in was started last. */
export function branches(actors: readonly Actor[]): Branch[] {
  const inOrder = actors.toReversed();
  const names = new Set(actors.map(({ name }) => name));
  const below = (above: string, depth: number): Group[] => {
    const members = new Map<string, Actor[]>();
    for (const actor of inOrder) {
      if (actor.above !== above) continue;
      // What stands below an actor is one of its kind: the machine "web-1" is no half of a pair.
      const name = depth === 0 ? actor.name.replace(/-\d+$/, "") : actor.name;
      members.set(name, [actor, ...(members.get(name) ?? [])]);
    }
    return [...members].flatMap(([name, equal]) => [
      groupOf(equal.length > 1 ? name : equal[0]!.name, equal, depth),
      ...equal.flatMap((actor) => below(actor.name, depth + 1)),
    ]);
  };
  const tops = new Set(inOrder.map(({ above }) => above).filter((above) => !names.has(above)));
  return [...tops]
    .toSorted((one, other) => path.indexOf(one) - path.indexOf(other))
    .map((name) => ({ name, groups: below(name, 0) }));
}

// -- is it well? ---------------------------------------------------------------------------

/** Something that is not as it should be. */
export interface Concern {
  key: string;
  /** One of `looks`. */
  state: string;
  what: string;
  why: string;
  node: string;
  since: string | null;
}

/** An actor that was started again is worth a word for so many milliseconds. */
export const restartIsNews = 10 * 60_000;

function concernsOfActor(actor: Actor, node: string, now: number): Concern[] {
  const failure = actor.failures.at(-1) ?? null;
  const recently = failure !== null && now - Date.parse(failure.at) < restartIsNews;
  if (actor.state === "up" && !recently) return [];
  const state = actor.state === "up" ? "restarted" : actor.state;
  const why = actor.state === "stuck" ? "it handles nothing, and messages wait" : (failure?.reason ?? "");
  const since = actor.state === "up" ? (failure?.at ?? null) : actor.since;
  return [{ key: `${node} ${actor.name}`, state, what: actor.name, why, node, since }];
}

/** The worst first. A node that was stopped in order is no concern. */
export function concernsOf(nodes: readonly SystemNode[], now: number): Concern[] {
  const concerns = nodes.flatMap(({ name: node, state, report, heard }): Concern[] => {
    if (state === "stopped") return [];
    if (state === "away")
      return [{ key: node, state, what: node, why: "other nodes do not reach it", node, since: heard }];
    if (report === null)
      return [{ key: node, state: "silent", what: node, why: "it does not say how it is", node, since: heard }];
    return [
      ...report.checks
        .filter((check) => check.state !== "up")
        .map(({ name, state: how, message, since }) => ({
          key: `${node} check ${name}`,
          state: how,
          what: name,
          why: message,
          node,
          since,
        })),
      ...report.actors.flatMap((actor) => concernsOfActor(actor, node, now)),
    ];
  });
  const weight = ({ state }: Concern): number => (looks[state]?.tone === "bad" ? 0 : 1);
  return concerns.toSorted((a, b) => weight(a) - weight(b));
}

/** How much there is of it, in a sentence. */
export function systemWords(nodes: readonly SystemNode[]): string {
  const alive = nodes.filter(({ state }) => state === "alive").length;
  const actors = nodes.flatMap(({ report }) => report?.actors ?? []);
  const up = actors.filter(({ state }) => state === "up").length;
  const of = (n: number, all: number, one: string): string =>
    n === all ? counted(all, one) : `${n} of ${counted(all, one)}`;
  return `${of(alive, nodes.length, "node")} alive, ${of(up, actors.length, "actor")} at work`;
}

/** A failure or complaint of one actor. */
export interface Failure {
  key: string;
  at: string;
  node: string;
  actor: string;
  reason: string;
  ended: boolean;
}

/** Of all nodes, the newest first. */
export function failuresOf(nodes: readonly SystemNode[]): Failure[] {
  const all = new Map<string, Failure>();
  for (const { name: node, report } of nodes)
    for (const { name: actor, failures, last_error: said } of report?.actors ?? []) {
      for (const { at, reason } of failures)
        all.set(`${node} ${at} ${actor}`, { key: `${node} ${at} ${actor}`, at, node, actor, reason, ended: true });
      if (said === null || failures.some(({ at }) => at === said.at)) continue;
      // The members of a pool share what was complained of.
      const key = `${node} ${said.at} ${said.reason}`;
      const name = all.has(key) ? actor.replace(/-\d+$/, "") : actor;
      all.set(key, { key, at: said.at, node, actor: name, reason: said.reason, ended: false });
    }
  return [...all.values()].toSorted((a, b) => (a.at < b.at ? 1 : -1));
}

// -- what is on its way --------------------------------------------------------------------

/** All nodes together; null is unknown: no node has it, or none tells. */
export interface Flow {
  accepted: number | null;
  journalEvents: number | null;
  journalBytes: number | null;
  bus: { messages: number; bytes: number } | null;
  processingBytes: number | null;
  stored: number | null;
  viewers: number | null;
  /** Seconds until what waits is stored, at the pace of now. */
  behind: number | null;
}

export function flowOf(nodes: readonly SystemNode[]): Flow {
  const lags = nodes.flatMap(({ report }) => (report ? [report.lag] : []));
  const total = (figures: readonly (number | null)[]): number | null => {
    const known = figures.filter((each) => each !== null);
    return known.length === 0 ? null : known.reduce((all, each) => all + each, 0);
  };
  const stored = total(lags.map((lag) => lag.stored_per_second));
  const waiting = total(lags.map((lag) => lag.journal_events));
  // Every processor sees the same stream: the latest look counts.
  const buses = lags.flatMap(({ bus }) => (bus ? [bus] : [])).toSorted((a, b) => (a.at < b.at ? 1 : -1));
  return {
    accepted: total(lags.map((lag) => lag.accepted_per_second)),
    journalEvents: waiting,
    journalBytes: total(lags.map((lag) => lag.journal_bytes)),
    bus: buses[0] ?? null,
    processingBytes: total(lags.map((lag) => lag.processing_bytes)),
    stored,
    viewers: total(lags.map(({ viewers }) => viewers)),
    behind: waiting === null ? null : waiting === 0 ? 0 : stored ? waiting / stored : null,
  };
}
