"""What agentmon tells of itself: /v1/system."""

from contract import check_answer
from waiting import wait_until

import events


def test_the_system_tells_of_its_node_its_actors_and_its_lag(system):
    (node,) = check_answer(system.get("/v1/system"))["nodes"]
    assert node["roles"] == ["ingest", "processor", "query", "ui", "monitor"] and node["state"] == "alive"
    actors = {actor["name"]: actor for actor in node["report"]["actors"]}
    assert actors["writer-1"]["above"] == "processor" and actors["writer-1"]["state"] == "up"
    assert actors["gateway-port"]["mailbox"] is None, "unknown is not 0"
    assert {check["name"] for check in node["report"]["checks"]} >= {"journal", "nats", "postgresql"}


def test_what_is_posted_is_counted_and_stored(system):
    def lag():
        (node,) = system.json("/v1/system")["nodes"]
        return node["report"]["lag"]

    before = lag()
    batch = [events.envelope() for _ in range(20)]
    assert system.http.post(system.url("gateway", "/v1/events"), json=batch).status_code == 202
    wait_until(lambda: lag()["stored"] >= before["stored"] + 20, 20, "all are stored")
    assert lag()["accepted"] >= before["accepted"] + 20
    wait_until(lambda: (lag()["bus"] or {}).get("messages") == 0, 20, "NATS is empty")
