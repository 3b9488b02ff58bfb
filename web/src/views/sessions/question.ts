import { type Answer, api, ask } from "../../api/ask";
import type { Page } from "./list.svelte";
import type { Query } from "./query";

const pageSize = 500;

/** A page of the sessions that a query is after. */
export function askPage(
  query: Query,
  bounds: { from: Date; to: Date | null },
  cursor: string | null,
  signal: AbortSignal,
): Promise<Answer<Page>> {
  const asked = {
    from: bounds.from.toISOString(),
    ...(bounds.to ? { to: bounds.to.toISOString() } : {}),
    ...(query.framework !== null ? { framework: query.framework } : {}),
    ...(query.agent !== null ? { client_id: query.agent } : {}),
    ...(query.host !== null ? { host: query.host } : {}),
    ...(query.status.length > 0 ? { status: query.status } : {}),
    ...(query.words ? { q: query.words } : {}),
    ...(query.order !== "newest" ? { order: query.order } : {}),
    ...(cursor !== null ? { cursor } : {}),
    limit: pageSize,
  };
  return ask(api.GET("/v1/sessions", { params: { query: asked }, signal }));
}
