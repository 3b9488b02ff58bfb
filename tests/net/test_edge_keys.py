"""Access keys on a node without PostgreSQL: it asks one that has it."""

import contextlib
import json
import time

import pytest

from events import envelope
from nodes import Node, sees
from servers import Nats, Postgres
from waiting import wait_until


@pytest.fixture(scope="module")
def nodes():
    """The one with PostgreSQL, and the one that takes events in."""
    with contextlib.ExitStack() as stack:
        servers = {"NATS_URL": stack.enter_context(Nats()).url, "DATABASE_URL": stack.enter_context(Postgres()).url}
        core = stack.enter_context(Node("core", ["processor"], **servers))
        edge = stack.enter_context(Node("edge", ["ingest"], [core]))
        sees(core, edge)
        yield core, edge


def status(node, key=None):
    return node.post([envelope()], {"Authorization": f"Bearer {key}"} if key else None).status_code


def listed(core, name):
    return next(one for one in json.loads(core.command("keys", "list", "--json").stdout) if one["name"] == name)


def test_an_edge_knows_the_keys_of_the_cluster(nodes):
    core, edge = nodes
    assert status(edge) == 202, "there is no key yet"
    key = core.command("keys", "create", "outside", "--scope", "ingest").stdout.strip()
    wait_until(lambda: status(edge) == 401, 5, "the edge wants a key")
    assert status(edge, key) == 202
    wait_until(lambda: listed(core, "outside")["accepted"] == 1, 5, "the edge tells what the key was used for")

    core.kill()
    edge.stop()
    edge.start(ready=False)
    wait_until(lambda: edge.readiness("gateway").get("status"), 20, "the edge is back")
    assert (status(edge), status(edge, key)) == (401, 202), "it knows them alone, too"

    core.start()
    sees(edge, core)
    wait_until(lambda: listed(core, "outside")["accepted"] == 2, 10, "and tells that later")
    assert core.command("keys", "revoke", listed(core, "outside")["key_id"]).returncode == 0
    begin = time.monotonic()
    wait_until(lambda: status(edge, key) == 401, 5, "it is revoked at the edge")
    print(f"revoked at the edge after {time.monotonic() - begin:.2f} s")
    assert listed(core, "outside")["rejected"] is not None
