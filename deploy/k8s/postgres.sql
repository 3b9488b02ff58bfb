-- Made by scripts/postgres_sql.py from schema/*.sql: change those, then run it again.
\set ON_ERROR_STOP on
BEGIN;

CREATE TABLE schema_migrations (
  version    bigint PRIMARY KEY,
  name       text NOT NULL,
  checksum   bigint NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- 0001_events.sql

-- Every event, in one partition a UTC day (events_20260313), which the writer makes when the day's first event comes.
-- Days that are far away (a client's clock jumped) share events_default.
CREATE TABLE events (
  event_id         uuid NOT NULL,
  ts               timestamptz NOT NULL,
  type             text COLLATE "C" NOT NULL,
  session_id       text COLLATE "C",
  run_id           text COLLATE "C",
  trace_id         text COLLATE "C",
  span_id          text COLLATE "C",
  parent_span_id   text COLLATE "C",
  source_framework text COLLATE "C" NOT NULL,
  client_id        text COLLATE "C",
  host             text COLLATE "C",
  attributes       jsonb NOT NULL,
  payload          jsonb NOT NULL
) PARTITION BY RANGE (ts);

-- lz4 where this PostgreSQL was built with it: a third of the time of pglz at the same size.
DO $$
BEGIN
  ALTER TABLE events ALTER COLUMN attributes SET COMPRESSION lz4;
  ALTER TABLE events ALTER COLUMN payload SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
  NULL;
END $$;

-- No plan asks what stands in them, and looking at a sample of them is most of what an ANALYZE costs. (Likewise in each
-- partition.)
ALTER TABLE events ALTER COLUMN attributes SET STATISTICS 0, ALTER COLUMN payload SET STATISTICS 0;

-- Pages of the feed, newest first.
CREATE INDEX events_ts ON events (ts, event_id);
-- Pages of one type. The types that make up most of the events are dense enough to be met on the way along events_ts, and
-- would pay for this with every row; the rest is a tenth.
CREATE INDEX events_type ON events (type, ts, event_id)
  WHERE type NOT IN ('span.start', 'span.end', 'metric.snapshot', 'openclaw.snapshot');
-- A session's feed; a run's events by its session and its first and last time.
CREATE INDEX events_session ON events (session_id, ts) WHERE session_id IS NOT NULL;

-- Each partition has its own unique index on event_id: an event is known by its id within its UTC day.
CREATE TABLE events_default (LIKE events INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION);
CREATE UNIQUE INDEX events_default_id ON events_default (event_id);
ALTER TABLE events_default ALTER COLUMN attributes SET STATISTICS 0, ALTER COLUMN payload SET STATISTICS 0;
ALTER TABLE events ATTACH PARTITION events_default DEFAULT;

INSERT INTO schema_migrations (version, name, checksum) VALUES (1, '0001_events', 6436707116049312609);

-- 0002_states.sql

-- Sessions and runs as the events so far tell them. The columns are the fields of session_state and run_state
-- (protocol/fold.hpp), so that folding goes on from the row; status is derived from them, for filters.
-- What changes with every transaction is in no index and the pages keep room, so that updates stay on their page (HOT).
-- Sessions of a page began together and go on together: it has room for one new version of each.
CREATE TABLE sessions (
  session_id                text COLLATE "C" PRIMARY KEY,
  first_ts                  timestamptz NOT NULL,
  first_id                  uuid NOT NULL,
  framework                 text COLLATE "C" NOT NULL,
  client_id                 text COLLATE "C" NOT NULL,
  host                      text COLLATE "C" NOT NULL,
  last_ts                   timestamptz NOT NULL,
  started_at                timestamptz,
  restarted_at              timestamptz,
  ended_ts                  timestamptz,
  ended_id                  uuid,
  outcome                   text COLLATE "C" NOT NULL,
  events                    bigint NOT NULL,
  spans                     bigint NOT NULL,
  tool_calls                bigint NOT NULL,
  errors                    bigint NOT NULL,
  runs                      bigint NOT NULL,
  failed_runs               bigint NOT NULL,
  runs_input_tokens         bigint,
  runs_output_tokens        bigint,
  runs_cache_read_tokens    bigint,
  runs_cache_write_tokens   bigint,
  runs_reasoning_tokens     bigint,
  runs_cost_nano_usd        bigint,
  runs_with_usage           bigint NOT NULL,
  end_input_tokens          bigint,
  end_output_tokens         bigint,
  end_cache_read_tokens     bigint,
  end_cache_write_tokens    bigint,
  end_reasoning_tokens      bigint,
  end_cost_nano_usd         bigint,
  title                     text COLLATE "C" NOT NULL,
  title_from_ts             timestamptz,
  title_from_id             uuid,
  waiting_ts                timestamptz,
  status                    text COLLATE "C" NOT NULL
) WITH (fillfactor = 45);

CREATE INDEX sessions_first ON sessions (first_ts, session_id);
CREATE INDEX sessions_framework ON sessions (framework, first_ts, session_id);
CREATE INDEX sessions_host ON sessions (host, first_ts, session_id);
CREATE INDEX sessions_client ON sessions (client_id, first_ts, session_id);
CREATE INDEX sessions_status ON sessions (status, first_ts, session_id);

CREATE TABLE runs (
  session_id                text COLLATE "C" NOT NULL,
  run_id                    text COLLATE "C" NOT NULL,
  first_ts                  timestamptz NOT NULL,
  first_id                  uuid NOT NULL,
  framework                 text COLLATE "C" NOT NULL,
  client_id                 text COLLATE "C" NOT NULL,
  host                      text COLLATE "C" NOT NULL,
  last_ts                   timestamptz NOT NULL,
  started_at                timestamptz,
  ended_ts                  timestamptz,
  ended_id                  uuid,
  outcome                   text COLLATE "C" NOT NULL,
  reported_duration_us      bigint,
  events                    bigint NOT NULL,
  spans                     bigint NOT NULL,
  tool_calls                bigint NOT NULL,
  errors                    bigint NOT NULL,
  spans_input_tokens        bigint,
  spans_output_tokens       bigint,
  spans_cache_read_tokens   bigint,
  spans_cache_write_tokens  bigint,
  spans_reasoning_tokens    bigint,
  spans_cost_nano_usd       bigint,
  end_input_tokens          bigint,
  end_output_tokens         bigint,
  end_cache_read_tokens     bigint,
  end_cache_write_tokens    bigint,
  end_reasoning_tokens      bigint,
  end_cost_nano_usd         bigint,
  model                     text COLLATE "C" NOT NULL,
  model_from_ts             timestamptz,
  model_from_id             uuid,
  title                     text COLLATE "C" NOT NULL,
  title_from_ts             timestamptz,
  title_from_id             uuid,
  waiting_ts                timestamptz,
  status                    text COLLATE "C" NOT NULL,
  PRIMARY KEY (run_id, session_id)
) WITH (fillfactor = 70);

CREATE INDEX runs_session ON runs (session_id, first_ts, run_id);
-- Lists of runs, each status or agent along its own part.
CREATE INDEX runs_status ON runs (status, first_ts, run_id, session_id);
CREATE INDEX runs_agent ON runs (framework, client_id, host, first_ts, run_id, session_id);

-- Which sessions had events on which UTC day, by the framework of the events, and since when on that day.
CREATE TABLE session_days (
  day        date NOT NULL,
  session_id text COLLATE "C" NOT NULL,
  framework  text COLLATE "C" NOT NULL,
  first_ts   timestamptz NOT NULL,
  PRIMARY KEY (day, session_id, framework)
);

INSERT INTO schema_migrations (version, name, checksum) VALUES (2, '0002_states', 1982631475501547845);

-- 0003_rollups.sql

-- Sums over the events, in steps of `resolution` seconds (60, 900, 7200, 86400) that begin at `bucket`. Rows only ever
-- add up, so that any writer may add to them at any time.

-- Events by the time they happened.
CREATE TABLE event_counts (
  resolution integer NOT NULL,
  bucket     timestamptz NOT NULL,
  framework  text COLLATE "C" NOT NULL,
  host       text COLLATE "C" NOT NULL,
  type       text COLLATE "C" NOT NULL,
  events     bigint NOT NULL,
  errors     bigint NOT NULL,
  PRIMARY KEY (resolution, bucket, framework, host, type)
) WITH (fillfactor = 70);

-- What each agent (framework, client_id and host) did: events, errors and tool calls by the time they happened; runs by
-- the time of their first event, for the agent that sent it. The _known columns count the runs that told the figure: a
-- sum that nobody told is unknown, not 0.
CREATE TABLE agent_counts (
  resolution                integer NOT NULL,
  bucket                    timestamptz NOT NULL,
  framework                 text COLLATE "C" NOT NULL,
  client_id                 text COLLATE "C" NOT NULL,
  host                      text COLLATE "C" NOT NULL,
  events                    bigint NOT NULL,
  errors                    bigint NOT NULL,
  tool_calls                bigint NOT NULL,
  runs                      bigint NOT NULL,
  ended                     bigint NOT NULL,
  failed                    bigint NOT NULL,
  aborted                   bigint NOT NULL,
  usage_known               bigint NOT NULL,
  busy_us                   bigint NOT NULL,
  busy_known                bigint NOT NULL,
  input_tokens              bigint NOT NULL,
  input_tokens_known        bigint NOT NULL,
  output_tokens             bigint NOT NULL,
  output_tokens_known       bigint NOT NULL,
  cache_read_tokens         bigint NOT NULL,
  cache_read_tokens_known   bigint NOT NULL,
  cache_write_tokens        bigint NOT NULL,
  cache_write_tokens_known  bigint NOT NULL,
  reasoning_tokens          bigint NOT NULL,
  reasoning_tokens_known    bigint NOT NULL,
  cost_nano_usd             bigint NOT NULL,
  cost_nano_usd_known       bigint NOT NULL,
  PRIMARY KEY (resolution, bucket, framework, client_id, host)
) WITH (fillfactor = 70);

-- The runs by how long they took; slot is the bucket of duration_histogram (protocol/histogram.hpp).
CREATE TABLE run_durations (
  resolution integer NOT NULL,
  bucket     timestamptz NOT NULL,
  framework  text COLLATE "C" NOT NULL,
  slot       integer NOT NULL,
  runs       bigint NOT NULL,
  PRIMARY KEY (resolution, bucket, framework, slot)
) WITH (fillfactor = 70);

-- Tool calls by the time they ended and how long they took; slot -1: the call did not say.
CREATE TABLE tool_counts (
  resolution integer NOT NULL,
  bucket     timestamptz NOT NULL,
  framework  text COLLATE "C" NOT NULL,
  name       text COLLATE "C" NOT NULL,
  slot       integer NOT NULL,
  calls      bigint NOT NULL,
  errors     bigint NOT NULL,
  PRIMARY KEY (resolution, bucket, framework, name, slot)
) WITH (fillfactor = 70);

INSERT INTO schema_migrations (version, name, checksum) VALUES (3, '0003_rollups', -2931041781510840349);

-- 0004_machines.sql

-- Virtual machines as their latest snapshot (the latest by ts, then event_id) shows them.
CREATE TABLE vms (
  name           text COLLATE "C" PRIMARY KEY,
  event_id       uuid NOT NULL,
  ts             timestamptz NOT NULL,
  state          text COLLATE "C" NOT NULL,
  verdict        text COLLATE "C",     -- healthy, unknown, degraded, down; NULL when the snapshot says none of these
  in_state_since timestamptz NOT NULL, -- as the snapshots show it
  told_since     timestamptz,          -- as the latest snapshot itself tells, which counts more
  issues         jsonb NOT NULL,
  payload        jsonb NOT NULL
) WITH (fillfactor = 70);

-- The figures of snapshots; what a snapshot does not tell is NULL. The marks are kept beside them, so that a chart need
-- not look at every sample: changed_from, the state of the sample before when it was another; verdict_from, the same of
-- its verdict when both have one; restarted, when uptime_seconds is less than in the sample before that tells it.
-- Old samples are thinned (store/thinning.hpp); one with a mark stays.
CREATE TABLE vm_samples (
  vm                          text COLLATE "C" NOT NULL,
  ts                          timestamptz NOT NULL,
  event_id                    uuid NOT NULL,
  state                       text COLLATE "C" NOT NULL,
  verdict                     text COLLATE "C",
  cpu_percent                 double precision,
  memory_used_bytes           double precision,
  memory_total_bytes          double precision,
  disk_used_bytes             double precision,
  disk_total_bytes            double precision,
  network_rx_bytes_per_second double precision,
  network_tx_bytes_per_second double precision,
  disk_read_bytes_per_second  double precision,
  disk_write_bytes_per_second double precision,
  load1                       double precision,
  uptime_seconds              double precision,
  changed_from                text COLLATE "C",
  verdict_from                text COLLATE "C",
  restarted                   boolean NOT NULL DEFAULT false,
  PRIMARY KEY (vm, ts, event_id)
);

CREATE INDEX vm_samples_marks ON vm_samples (ts, vm, event_id)
  WHERE changed_from IS NOT NULL OR verdict_from IS NOT NULL OR restarted;

INSERT INTO schema_migrations (version, name, checksum) VALUES (4, '0004_machines', -4639401450719936497);

-- 0005_dead_letters.sql

-- What came by the bus and could not be stored, with the reason. The same bytes with the same reason are kept once.
CREATE TABLE dead_letters (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  received_at     timestamptz NOT NULL DEFAULT now(),
  stream_sequence bigint,
  reason          text NOT NULL,
  field           text NOT NULL,
  body            bytea NOT NULL,
  event_id        uuid
);

CREATE UNIQUE INDEX dead_letters_once ON dead_letters (md5(body), md5(reason), md5(field));

INSERT INTO schema_migrations (version, name, checksum) VALUES (5, '0005_dead_letters', -1099422385729545775);

-- 0006_search.sql

-- The words of an event: every string in its payload and attributes.
CREATE FUNCTION event_words(payload jsonb, attributes jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT string_agg(word #>> '{}', ' ')
  FROM (SELECT jsonb_path_query(payload, 'strict $.** ? (@.type() == "string")')
        UNION ALL
        SELECT jsonb_path_query(attributes, 'strict $.** ? (@.type() == "string")')) AS words (word)
$$;

-- What /v1/events?q= searches: the words of each run (run_id '': of what happened in the session outside of its runs).
-- Beside them the document holds marks that nobody can type: the types, frameworks and hosts of the events, and the day of
-- the latest, so that the index also knows which runs of a day may answer a search with filters; and the names of the
-- session, its clients, hosts and frameworks, for a search of sessions.
-- Written behind the events; events_indexed tells how far it got.
CREATE TABLE run_documents (
  session_id     text COLLATE "C" NOT NULL,
  run_id         text COLLATE "C" NOT NULL,
  first_ts       timestamptz NOT NULL,
  last_ts        timestamptz NOT NULL,
  events_indexed bigint NOT NULL,
  document       tsvector NOT NULL,
  PRIMARY KEY (session_id, run_id)
);

CREATE INDEX run_documents_words ON run_documents USING gin (document);
CREATE INDEX run_documents_last ON run_documents (last_ts, session_id, run_id);
-- Runs that were under way at some moment, where a page ended.
CREATE INDEX run_documents_span ON run_documents USING gist (tstzrange(first_ts, last_ts, '[]'));

INSERT INTO schema_migrations (version, name, checksum) VALUES (6, '0006_search', -2114586235954482496);

-- 0007_session_counts.sql

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

INSERT INTO schema_migrations (version, name, checksum) VALUES (7, '0007_session_counts', 8679352829378910015);

-- 0008_machine_leases.sql

-- Which monitor looks after which machine. A row says that a monitor knows the machine, and until when it alone may look
-- at it. Of those that ask, the same one is preferred every time, so that machines are spread and find back.
CREATE TABLE machine_leases (
  vm      text NOT NULL,
  monitor text NOT NULL,
  asked   timestamptz NOT NULL,
  until   timestamptz,
  PRIMARY KEY (vm, monitor)
);

INSERT INTO schema_migrations (version, name, checksum) VALUES (8, '0008_machine_leases', -8927665500529198432);

-- 0009_access_keys.sql

-- Access keys. Of the key itself only its SHA-256 is kept: it holds 256 random bits, so there is nothing to guess.
-- A key that is revoked or has expired stays, because what it guarded stays guarded.
CREATE TABLE access_keys (
  key_id       text COLLATE "C" PRIMARY KEY,
  name         text COLLATE "C" NOT NULL,
  digest       bytea NOT NULL,
  may_ingest   boolean NOT NULL,
  may_query    boolean NOT NULL,
  is_admin     boolean NOT NULL,
  client_id    text COLLATE "C", -- only events of this source; NULL: of any
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  -- Requests let in with it, and refused or cut with it, as the nodes have told so far; NULL: none has told.
  accepted     bigint,
  rejected     bigint,
  last_used_at timestamptz
);

INSERT INTO schema_migrations (version, name, checksum) VALUES (9, '0009_access_keys', 1654674959805016995);

-- 0010_retention.sql

-- Where what is kept begins: events before it, and all that was summed up from them, are gone (store/retention.hpp). No
-- row: everything is kept.
CREATE TABLE retention (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  kept_from timestamptz NOT NULL
);

INSERT INTO schema_migrations (version, name, checksum) VALUES (10, '0010_retention', 7101784800999507603);

COMMIT;
