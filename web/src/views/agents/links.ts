import { link } from "../../address/range.svelte";
import type { Agent } from "../../api/types";

/** The sessions of an agent in the time that is shown. */
export function sessionsOf(
  { framework, client_id, host }: Pick<Agent, "framework" | "client_id" | "host">,
  more: Record<string, string> = {},
): string {
  return link("/sessions", { framework, client_id, host, ...more });
}
