import { randomUUID } from "node:crypto";

import type { Envelope } from "../src/api/types";
import type { Place } from "./instance";

type Parts = Partial<Pick<Envelope, "correlation" | "attributes" | "payload">> & {
  ts?: Date;
  source?: Envelope["event"]["source"];
};

export interface Posted extends Envelope {
  schema: { name: "agentmon.event"; version: 1 };
}

export function envelope(type: string, { ts = new Date(), source, ...rest }: Parts = {}): Posted {
  return {
    schema: { name: "agentmon.event", version: 1 },
    event: {
      id: randomUUID(),
      type,
      ts: ts.toISOString(),
      source: source ?? { framework: "browser-test", client_id: "tester", host: "tester" },
    },
    ...rest,
  };
}

/** A reading of a machine. */
export function snapshot(name: string, payload: Record<string, unknown> = {}, ts = new Date()): Posted {
  return envelope("openclaw.snapshot", {
    ts,
    source: { framework: "openclaw", client_id: name, host: name },
    payload: {
      ...{ name, state: "running", cpu_percent: 12.5, memory_used_bytes: 2 ** 31, memory_total_bytes: 2 ** 33 },
      ...{ disk_used_bytes: 2e10, disk_total_bytes: 4e10, network_rx_bytes_per_second: 1000 },
      ...{ network_tx_bytes_per_second: 2000, issues: [], ...payload },
    },
  });
}

/** Sends events; fails unless all were accepted. */
export async function post(place: Place, ...events: Posted[]): Promise<void> {
  const answer = await fetch(`${place.gateway}/v1/events`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(events),
  });
  const { accepted } = (await answer.clone().json()) as { accepted?: number };
  if (answer.status !== 202 || accepted !== events.length)
    throw new Error(`The gateway answered ${answer.status}: ${await answer.text()}`);
}
