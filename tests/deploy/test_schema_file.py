"""deploy/k8s/postgres.sql is what the migrations make."""

import re
import subprocess

from harness import Instance, ROOT
from servers import Nats, Postgres

FILE = ROOT / "deploy/k8s/postgres.sql"


def dump(url):
    """The schema, and which steps were applied; without the partitions, which are made day by day."""
    done = subprocess.run(["pg_dump", "--schema-only", "--no-owner", "--exclude-table=events_*", url], text=True,
                          capture_output=True, timeout=60, check=True)
    steps = subprocess.run(["psql", "-XAt", url, "-c", "SELECT version, name, checksum FROM schema_migrations ORDER BY 1"],
                           text=True, capture_output=True, timeout=60, check=True)
    # Newer releases of pg_dump put a random word there.
    return re.sub(r"^\\(un)?restrict .*\n", "", done.stdout, flags=re.MULTILINE) + steps.stdout


def test_it_is_made_from_the_migrations():
    made = subprocess.run([ROOT / "scripts/postgres_sql.py"], text=True, capture_output=True, timeout=30, check=True)
    assert made.stdout == FILE.read_text(), f"scripts/postgres_sql.py > {FILE.relative_to(ROOT)}"


def test_a_database_made_with_it_is_a_migrated_one():
    with Postgres() as server, Nats() as nats:
        other = server.url.rsplit("/", 1)[0] + "/loaded"
        subprocess.run(["psql", "-X", "-q", server.url, "-c", "CREATE DATABASE loaded"], check=True, timeout=30)
        subprocess.run(["psql", "-X", "-q", "-f", FILE, other], check=True, timeout=60, stdout=subprocess.DEVNULL)
        with Instance(DATABASE_URL=server.url, NATS_URL=nats.url):
            pass
        assert dump(other) == dump(server.url)
        with Instance(DATABASE_URL=other, NATS_URL=nats.url) as instance:
            assert re.search(r"ok\s+schema", instance.command("doctor").stdout)
