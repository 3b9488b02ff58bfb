import { api, ask } from "../../api/ask";
import { type Resource, resource } from "../../api/resource.svelte";
import type { RunOutline, SpanDetail } from "./model/types";

/** One span whole: asked for when it is looked at, because outlines hold the beginnings of texts only. For the top of a
 * component. `version`: when it changes, the span is asked for again. */
export function spanOf(run: () => RunOutline, span: () => string, version: () => string): Resource<SpanDetail> {
  const known = $derived({ run_id: run().run_id, session_id: run().session_id });
  const key = $derived(`${known.session_id} ${known.run_id} ${span()} ${version()}`);
  let subject = "";
  const detail: Resource<SpanDetail> = resource((signal) => {
    void key;
    const path = { run_id: known.run_id, span_id: span() };
    const now = JSON.stringify(path);
    if (now !== subject && subject !== "") detail.value = null;
    subject = now;
    return ask(
      api.GET("/v1/runs/{run_id}/spans/{span_id}", {
        params: { path, query: { session_id: known.session_id } },
        signal,
      }),
    );
  });
  return detail;
}
