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
