/** What the page's figures must be: by SQL over the events alone, as docs/event.md says what events mean. */

/** The runs of such events: when they began and for whom, how they ended, what they used and how long they took. */
export const runsOf = (events: string): string => `runs AS (
  SELECT session_id, run_id, began, framework, client_id, host, status,
         coalesce(input_end, input_spans) AS input, coalesce(output_end, output_spans) AS output,
         coalesce(cost_end, cost_spans) AS cost, coalesce(reported, extract(epoch FROM ended - started) * 1000) AS took
  FROM (
    SELECT session_id, run_id, min(ts) AS began,
           (array_agg(source_framework ORDER BY ts, event_id))[1] AS framework,
           (array_agg(client_id ORDER BY ts, event_id))[1] AS client_id,
           (array_agg(host ORDER BY ts, event_id))[1] AS host,
           min(ts) FILTER (WHERE type = 'run.start') AS started, max(ts) FILTER (WHERE type = 'run.end') AS ended,
           (array_agg(payload->>'status' ORDER BY ts DESC, event_id DESC) FILTER (WHERE type = 'run.end'))[1] AS status,
           (array_agg((payload->>'duration_ms')::numeric ORDER BY ts DESC, event_id DESC)
             FILTER (WHERE type = 'run.end'))[1] AS reported,
           ${["input_tokens", "output_tokens", "cost_usd"]
             .map((name) => {
               const figure = `(payload->'usage'->>'${name}')::numeric`;
               const short = name.split("_")[0];
               return `max(${figure}) FILTER (WHERE type = 'run.end') AS ${short}_end,
                       sum(${figure}) FILTER (WHERE type = 'span.end') AS ${short}_spans`;
             })
             .join(",\n")}
    FROM events WHERE ${events} GROUP BY session_id, run_id
  ) AS told)`;

export const isToolCall = "type = 'span.end' AND payload->>'kind' = 'tool'";
export const isError = "(type = 'error' OR type = 'span.end' AND payload->>'status' = 'error')";

export interface Figures {
  sessions: number;
  runs: number;
  failed_runs: number;
  events: number;
  tool_calls: number;
  errors: number;
  /** Null: no run told. */
  tokens: number | null;
  tokens_known: number;
  cost: number | null;
  cost_known: number;
  /** Milliseconds of all runs. */
  took: number | null;
}

/** Figures of a time, whose ends are SQL; `where` narrows the sources: columns framework, client_id, host. */
export const figuresOf = (from: string, to: string, where = "true"): string => `
  WITH ${runsOf(`(session_id, run_id) IN (SELECT session_id, run_id FROM events WHERE ts >= ${from} AND ts < ${to})`)},
       mine AS (SELECT * FROM (SELECT *, source_framework AS framework FROM events) AS e
                WHERE ts >= ${from} AND ts < ${to} AND ${where}),
       began AS (SELECT * FROM runs WHERE began >= ${from} AND began < ${to} AND ${where})
  SELECT (SELECT count(DISTINCT session_id) FROM mine) AS sessions,
         count(*) AS runs, count(*) FILTER (WHERE status = 'error') AS failed_runs,
         (SELECT count(*) FROM mine) AS events, (SELECT count(*) FROM mine WHERE ${isToolCall}) AS tool_calls,
         (SELECT count(*) FROM mine WHERE ${isError}) AS errors,
         sum(coalesce(input, 0) + coalesce(output, 0)) FILTER (WHERE input IS NOT NULL OR output IS NOT NULL) AS tokens,
         count(*) FILTER (WHERE input IS NOT NULL OR output IS NOT NULL) AS tokens_known,
         sum(cost) AS cost, count(cost) AS cost_known, sum(took) AS took
  FROM began`;

/** As the page tells a percentile: the middle of its bucket, of which there are two a doubling (within 19 %). */
export function told(milliseconds: number): number {
  if (milliseconds < 1) return 0.5;
  return 2 ** ((Math.floor(2 * Math.log2(milliseconds)) + 0.5) / 2);
}
