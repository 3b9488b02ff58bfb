-- Where what is kept begins: events before it, and all that was summed up from them, are gone (store/retention.hpp). No
-- row: everything is kept.
CREATE TABLE retention (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  kept_from timestamptz NOT NULL
);
