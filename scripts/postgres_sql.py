#!/usr/bin/python3
"""Prints the whole schema as one file for psql, from the migrations in schema/: postgres_sql.py > deploy/k8s/postgres.sql

A database that was made with it is the same as one that agentmon migrated, and agentmon takes it as such.
"""

import pathlib

SCHEMA = pathlib.Path(__file__).resolve().parents[1] / "schema"


def checksum(text):
    """As store/migrate.cpp computes it: FNV-1a of 64 bits, as a signed number."""
    total = 14695981039346656037
    for byte in text:
        total = (total ^ byte) * 1099511628211 % (1 << 64)
    return total - (1 << 64) if total >= 1 << 63 else total


def whole():
    parts = ["""-- Made by scripts/postgres_sql.py from schema/*.sql: change those, then run it again.
\\set ON_ERROR_STOP on
BEGIN;

CREATE TABLE schema_migrations (
  version    bigint PRIMARY KEY,
  name       text NOT NULL,
  checksum   bigint NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
"""]
    for path in sorted(SCHEMA.glob("[0-9]*.sql")):
        step = path.read_bytes()
        parts.append(f"-- {path.name}\n\n{step.decode()}\nINSERT INTO schema_migrations (version, name, checksum) "
                     f"VALUES ({int(path.name[:4])}, '{path.stem}', {checksum(step)});\n")
    parts.append("COMMIT;\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(whole(), end="")
