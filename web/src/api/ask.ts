import createClient from "openapi-fetch";

import { access } from "./access.svelte";
import type { paths } from "./schema";

/** Why there is no answer, in a sentence that a user can act on. */
export interface Problem {
  /** The HTTP status; null when no answer came at all. */
  status: number | null;
  message: string;
}

export type Answer<T> = { ok: true; value: T } | { ok: false; problem: Problem };

/** The query API, typed by schema/openapi.yaml, at the address that served the page. */
export const api = createClient<paths>({
  baseUrl: location.origin,
  // Several values of one parameter are separated by commas; a parameter given twice is refused.
  querySerializer: { array: { style: "form", explode: false } },
});

/** Turns what openapi-fetch gives into a value: ask(api.GET("/v1/vms", { signal })). Never throws; an aborted question
 * is a problem with status 0. */
export async function ask<T>(question: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<Answer<T>> {
  try {
    const { data, error, response } = await question;
    if (data !== undefined) return { ok: true, value: data };
    return { ok: false, problem: { status: response.status, message: messageOf(error, response.status) } };
  } catch (failure) {
    if (failure instanceof DOMException && failure.name === "AbortError")
      return { ok: false, problem: { status: 0, message: "The question was taken back." } };
    return { ok: false, problem: { status: null, message: "agentmon does not answer. Is it running?" } };
  }
}

function messageOf(error: unknown, status: number): string {
  if (status === 401) {
    access.needed = true;
    return "This agentmon needs an access key.";
  }
  if (typeof error === "object" && error !== null && "error" in error) {
    const inner = error.error;
    if (typeof inner === "object" && inner !== null && "message" in inner && typeof inner.message === "string")
      return inner.message.replace(/^[a-z]/, (first) => (status >= 500 ? first.toUpperCase() : first));
  }
  return `agentmon answered with status ${status}.`;
}
