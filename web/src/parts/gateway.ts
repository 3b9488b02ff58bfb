import { ask, api } from "../api/ask";
import type { components } from "../api/schema";

export type Gateway = components["schemas"]["Gateway"];

/** The address of the gateway as a shell on the user's machine reaches it, and whether it is known. */
export function addressOf(gateway: Gateway | null, pageHost: string): { url: string; known: boolean } {
  if (gateway?.port == null) return { url: "http://GATEWAY:8080", known: false };
  const host = gateway.host ?? pageHost;
  const bracketed = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return { url: `http://${bracketed}:${gateway.port}`, known: true };
}

/** A shell command that sends one event with a new id and the present time. `event` is our own JSON, never a user's;
 * in it stand $ID and $NOW. */
export function commandFor(gateway: Gateway | null, pageHost: string, event: string): string {
  const { url } = addressOf(gateway, pageHost);
  const key = gateway?.needs_token ? ` \\\n  -H 'Authorization: Bearer KEY'` : "";
  const body = event
    .replaceAll("$ID", "'$(cat /proc/sys/kernel/random/uuid)'")
    .replaceAll("$NOW", "'$(date -u +%FT%TZ)'");
  return `curl -fsS ${url}/v1/events \\\n  -H 'Content-Type: application/json'${key} \\\n  -d '${body}'`;
}

/** Asked once: it seldom changes while agentmon runs. */
export const gateway: Promise<Gateway | null> = ask(api.GET("/gateway.json")).then((answer) =>
  answer.ok ? answer.value : null,
);
