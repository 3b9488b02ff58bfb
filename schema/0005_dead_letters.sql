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
