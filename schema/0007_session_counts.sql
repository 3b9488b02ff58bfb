-- How many sessions went on in a time is a difference of two sums over its buckets and all later ones: those whose latest
-- event is not before it, without those that began behind it. first_ts and last_ts are of the bucket's events that belong
-- to a session; NULL when there are none.
ALTER TABLE agent_counts
  ADD COLUMN sessions_begun bigint NOT NULL DEFAULT 0,
  ADD COLUMN sessions_latest bigint NOT NULL DEFAULT 0,
  ADD COLUMN first_ts timestamptz,
  ADD COLUMN last_ts timestamptz;

-- Reading all events takes longer than a statement of a reader may.
SET LOCAL statement_timeout = 0;

CREATE TEMPORARY TABLE minutes ON COMMIT DROP AS
SELECT date_trunc('minute', ts) AS minute, framework, client_id, host, sum(begun) AS begun, sum(latest) AS latest,
       min(ts) FILTER (WHERE is_event) AS first_ts, max(ts) FILTER (WHERE is_event) AS last_ts
FROM (SELECT first_ts AS ts, framework, client_id, host, 1 AS begun, 0 AS latest, false AS is_event FROM sessions
      UNION ALL
      SELECT last_ts, framework, client_id, host, 0, 1, false FROM sessions
      UNION ALL
      SELECT ts, source_framework, COALESCE(client_id, ''), COALESCE(host, ''), 0, 0, true FROM events
      WHERE session_id IS NOT NULL) AS moments
GROUP BY 1, 2, 3, 4;

INSERT INTO agent_counts AS present
SELECT resolution, to_timestamp(floor(extract(epoch FROM minute) / resolution) * resolution), framework, client_id, host,
       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, sum(begun), sum(latest), min(first_ts), max(last_ts)
FROM minutes, unnest(ARRAY[60, 900, 7200, 86400]) AS resolution
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (resolution, bucket, framework, client_id, host) DO UPDATE
SET sessions_begun = EXCLUDED.sessions_begun, sessions_latest = EXCLUDED.sessions_latest,
    first_ts = EXCLUDED.first_ts, last_ts = EXCLUDED.last_ts;

-- Which sessions had events on which UTC day: nothing else of it is asked any more.
CREATE TABLE days_of_sessions (
  day        date NOT NULL,
  session_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (day, session_id)
);
INSERT INTO days_of_sessions SELECT DISTINCT day, session_id FROM session_days;
DROP TABLE session_days;
ALTER TABLE days_of_sessions RENAME TO session_days;
ALTER INDEX days_of_sessions_pkey RENAME TO session_days_pkey;
