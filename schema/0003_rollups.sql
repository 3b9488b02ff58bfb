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
