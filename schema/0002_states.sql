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
