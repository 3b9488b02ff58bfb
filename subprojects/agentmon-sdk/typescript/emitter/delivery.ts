import { limits } from "./limits.ts";
import { reason } from "./log.ts";

export interface Gateway {
  /** http://host:8080, with or without /v1/events. */
  url: string;
  token?: string | undefined;
}

/** What came of a request. */
export type Answer =
  /** The gateway has the events on its disk, except those it rejected for good. */
  | { kind: "stored"; rejected: string[] }
  /** It has none of them; they may be sent again after a while. */
  | { kind: "later"; pauseMs?: number; why: string }
  /** It will not take this request, ever. */
  | { kind: "unfit"; why: string };

export function eventsUrl(url: string): string {
  const base = url.trim().replace(/\/+$/, "");
  return base.endsWith("/v1/events") ? base : `${base}/v1/events`;
}

/** Sends events (JSON texts). Never throws; takes at most limits.postMs. */
export async function post(gateway: Gateway, events: readonly string[]): Promise<Answer> {
  try {
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (gateway.token) headers.authorization = `Bearer ${gateway.token}`;
    const response = await fetch(eventsUrl(gateway.url), {
      method: "POST",
      headers,
      body: `[${events.join(",")}]`,
      signal: AbortSignal.timeout(limits.postMs),
      redirect: "error",
    });
    const text = await response.text();
    return answerOf(response.status, response.headers.get("retry-after"), text, gateway);
  } catch (error) {
    return { kind: "later", why: `the gateway ${gateway.url} cannot be reached (${reason(error)}); its events wait here` };
  }
}

function answerOf(status: number, retryAfter: string | null, text: string, gateway: Gateway): Answer {
  if (status === 202) return stored(text, gateway);
  const said = `the gateway ${gateway.url} answered ${status}`;
  if (status === 401 || status === 403)
    return {
      kind: "later",
      pauseMs: limits.refusedPauseMs,
      why: `${said}: it wants another token; set AGENTMON_INGEST_TOKEN to the gateway's. The events wait here`,
    };
  if (status === 400 || status === 413 || status === 422) return { kind: "unfit", why: `${said}: ${text.slice(0, 300)}` };
  if (status === 429 || status >= 500) {
    const pauseMs = retryAfterMs(retryAfter);
    return { kind: "later", ...(pauseMs === undefined ? {} : { pauseMs }), why: `${said}; the events wait here` };
  }
  return {
    kind: "later",
    pauseMs: limits.refusedPauseMs,
    why: `${said}: is AGENTMON_INGEST_URL an agentmon gateway? The events wait here`,
  };
}

/** Some other server may answer 202, too: only agentmon's answer means that the events are stored. */
function stored(text: string, gateway: Gateway): Answer {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === "object" && answer !== null && "accepted" in answer) {
      const rejected = "rejected" in answer && Array.isArray(answer.rejected) ? answer.rejected : [];
      return { kind: "stored", rejected: rejected.map((each) => JSON.stringify(each)) };
    }
  } catch {
    // Said below.
  }
  return {
    kind: "later",
    pauseMs: limits.refusedPauseMs,
    why: `${gateway.url} does not answer as agentmon does: is AGENTMON_INGEST_URL right? The events wait here`,
  };
}

/** Seconds, or a date. */
function retryAfterMs(header: string | null): number | undefined {
  if (!header) return undefined;
  const pause = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(pause) ? undefined : Math.min(Math.max(pause, 0), limits.longestRetryAfterMs);
}
