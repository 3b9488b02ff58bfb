import type { paths } from "../../api/schema";
import { agentKey } from "./lanes.svelte";

type Answer = paths["/v1/stats/agents"]["get"]["responses"]["200"]["content"]["application/json"];

/** What an agent did in one step of the time that is shown. */
export interface Step {
  /** When it begins, in milliseconds since 1970. */
  at: number;
  calls: number;
  errors: number;
}

/** Tool calls and errors of all agents, step by step. */
export interface Activity {
  /** In milliseconds. */
  step: number;
  /** The most calls that any agent made in a step: all lanes have the same scale. */
  most: number;
  /** By agentKey. */
  steps: ReadonlyMap<string, readonly Step[]>;
}

export function activityOf(answer: Answer | null): Activity {
  const agents = answer?.agents ?? [];
  return {
    step: (answer?.step_seconds ?? 0) * 1_000,
    most: agents.reduce((most, { points }) => points.reduce((m, { tool_calls }) => Math.max(m, tool_calls), most), 0),
    steps: new Map(
      agents.map((agent) => [
        agentKey(agent),
        agent.points.map(({ ts, tool_calls, errors }) => ({ at: Date.parse(ts), calls: tool_calls, errors })),
      ]),
    ),
  };
}

/** The bar of so many calls in a strip so high: few are seen beside many. In pixels. */
export function barHeight(calls: number, most: number, strip: number): number {
  return calls === 0 ? 0 : Math.max(2, Math.round(Math.sqrt(calls / Math.max(1, most)) * strip));
}
