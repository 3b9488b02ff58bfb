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
