import type { Agent } from "../../api/types";

/** From this long without an event on, work that is under way is said to be stuck. In milliseconds. */
export const stuckAfter = 600_000;

export const states = ["waiting", "stuck", "active", "idle"] as const;

/** What an agent does now. */
export interface AgentState {
  state: (typeof states)[number];
  /** Since when it does, waits, is silent or idle. */
  since: string;
  title: string | null;
  session_id: string | null;
}

/** `silent`: its sessions that are stale, begun but not ended and long without an event. */
export function stateOf(agent: Agent, silent: readonly Silent[], now: number): AgentState {
  const { current } = agent;
  if (current) {
    const { title, session_id } = current;
    if (current.status === "waiting") return { state: "waiting", since: current.since, title, session_id };
    const isSilent = now - Date.parse(current.last_ts) >= stuckAfter;
    if (isSilent) return { state: "stuck", since: current.last_ts, title, session_id };
    return { state: "active", since: current.since, title, session_id };
  }
  // Who did something since is not stuck; that session is told beside.
  const latest = silent.find((session) => Date.parse(session.last_ts) >= Date.parse(agent.last_ts));
  if (latest) return { state: "stuck", since: latest.last_ts, title: latest.title, session_id: latest.session_id };
  return { state: "idle", since: agent.last_ts, title: null, session_id: null };
}

export interface Silent {
  session_id: string;
  title: string | null;
  last_ts: string;
}

/** Those who wait first, then the stuck ones, then who works; by name, so that lanes do not jump about while agents
 * work, but of idle ones the one that was active last first. */
export function compareStates(a: { agent: Agent; now: AgentState }, b: { agent: Agent; now: AgentState }): number {
  const rank = states.indexOf(a.now.state) - states.indexOf(b.now.state);
  if (rank !== 0) return rank;
  if (a.now.state === "idle" && a.now.since !== b.now.since) return a.now.since < b.now.since ? 1 : -1;
  return a.agent.name.localeCompare(b.agent.name) || a.agent.framework.localeCompare(b.agent.framework);
}
