"""One process with all roles against five with one each, on this machine: events stored a second.
python3 tests/bench/split.py [EVENTS]"""

import contextlib
import json
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/live"), str(ROOT / "tests/net")]

from events import envelope  # noqa: E402
from nodes import Node  # noqa: E402
from servers import Nats, Postgres  # noqa: E402
from waiting import wait_until  # noqa: E402

BATCH = 500
ROLES = ("processor", "query", "ui", "ingest", "monitor")


def stored_per_second(split, events):
    with contextlib.ExitStack() as stack:
        servers = {"NATS_URL": stack.enter_context(Nats()).url, "DATABASE_URL": stack.enter_context(Postgres()).url}
        nodes = {}
        for roles in ([role] for role in ROLES) if split else [ROLES]:
            query = {"AGENTMON_QUERY_BASE": nodes["query"].url("query", "")} if roles == ["ui"] else {}
            node = Node(roles[0], roles, list(nodes.values())[:1], **servers, **query)
            stack.callback(node.close)
            nodes.update(dict.fromkeys(roles, node.start()))
        batches = [json.dumps([envelope("custom.load", payload={"text": "x" * 600}) for _ in range(BATCH)]).encode()
                   for _ in range(events // BATCH)]
        begin = time.monotonic()
        for batch in batches:
            assert nodes["ingest"].post(batch).status_code == 202
        wait_until(lambda: nodes["query"].sql("SELECT count(*) FROM events")[0][0] == len(batches) * BATCH, 600,
                   "all are stored", poll=0.1)
        return len(batches) * BATCH / (time.monotonic() - begin)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rates = {split: stored_per_second(split, count) for split in (False, True)}
    print(f"one process {rates[False]:.0f} events/s, five processes {rates[True]:.0f} events/s: "
          f"{rates[True] / rates[False]:.2f}")
