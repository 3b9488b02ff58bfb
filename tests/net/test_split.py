"""One agentmon on three hosts: events come in on A, which has no bus; NATS, PostgreSQL and the processor are on B; C shows.
Times are printed (pytest -s)."""

import hashlib
import json
import re
import time

import psycopg2
import pytest
import requests

from contract import check_answer
from events import Story, envelope, ids_of
from nodes import Node, sees
from sockets import Viewer
from three_hosts import Site
from waiting import LONG, wait_until

CUT = 30 if LONG else 4  # seconds without B


@pytest.fixture(scope="module")
def site(authority):
    with Site(authority) as made:
        yield made
        made.processor.verify()


def test_an_event_posted_on_one_host_is_seen_on_another(site):
    story = Story()
    with site.hosts[2].entered():
        feed = Viewer(site.viewer.url("ui", "/v1/ws", "ws"))
    with feed:
        feed.hello()
        begin = time.monotonic()
        site.edge.accept(story.events)
        feed.wait_for_events(ids_of(story.events))
        print(f"\nposted on A, shown on C after {(time.monotonic() - begin) * 1000:.0f} ms")
        # Nobody but B's aggregator knows the session, and only C has viewers.
        feed.wait_for(lambda frames: any(session["session_id"] == story.session_id for frame in frames
                                         for session in frame.get("sessions", [])), "the session on C")
    site.wait_stored(story.events)
    assert site.viewer.json(f"/v1/sessions/{story.session_id}", port="ui")["session_id"] == story.session_id
    assert not (site.edge.data / "nats").exists() and not (site.viewer.data / "postgres").exists(), "private servers"


def told_of(site):
    """What C tells of all nodes, by name."""
    return {node["name"]: node for node in check_answer(site.viewer.get("/v1/system"))["nodes"]}


def test_a_node_tells_of_all_of_them(site):
    nodes = told_of(site)
    assert {name: node["state"] for name, node in nodes.items()} == {"a": "alive", "b": "alive", "c": "alive"}
    actors = {name: {actor["name"] for actor in node["report"]["actors"]} for name, node in nodes.items()}
    assert {"gateway-port", "forwarder", "fleet", "lease-uplink", "membership"} <= actors["a"]
    assert {"writer-1", "puller", "relay", "leases", "intake", "control"} <= actors["b"]
    assert {"reader-1", "broadcaster", "operations"} <= actors["c"]
    assert nodes["a"]["report"]["lag"]["journal_events"] is not None and nodes["c"]["report"]["lag"]["journal_events"] is None
    assert nodes["b"]["report"]["lag"]["accepted"] == 0, "what A took in counts there alone"
    assert 0 < nodes["b"]["report"]["lag"]["taken_over"] <= nodes["a"]["report"]["lag"]["accepted"]
    assert nodes["a"]["report"]["lag"]["bus"] is None and nodes["b"]["report"]["lag"]["bus"] is not None


def post_while(site, until):
    """One event after the other into A; gives those that were accepted."""
    accepted = []
    while time.monotonic() < until:
        one = envelope("custom.tick")
        answer = site.edge.post([one])
        assert answer.status_code in (202, 503), answer.text
        if answer.status_code == 202:
            accepted.append(one)
    return accepted


def test_while_the_servers_host_is_cut_off_nothing_is_lost_or_doubled(site):
    site.hosts[1].cut()
    posted = post_while(site, time.monotonic() + CUT)
    assert posted, "A takes events although B is away"
    site.hosts[1].heal()
    begin = time.monotonic()
    site.viewer.new_connections()

    def all_there():
        try:
            return site.viewer.count_stored(ids_of(posted)) == len(posted)
        except psycopg2.OperationalError:
            return False
    wait_until(all_there, 60, "what A took meanwhile is stored")
    print(f"\nB cut off for {CUT} s: {len(posted)} events stored {time.monotonic() - begin:.1f} s after it was back")
    site.wait_stored(posted)
    site.processor.verify()


@pytest.mark.parametrize("name", ["edge", "processor", "viewer"])
def test_a_node_that_is_killed_is_noticed_and_comes_back(site, name):
    node = getattr(site, name)
    others = [one for one in (site.edge, site.processor, site.viewer) if one is not node]
    marks = {one: len(one.log_text()) for one in others}
    begin = time.monotonic()
    node.kill()
    for one in others:
        sees(one, node, "a node is away", marks[one], 10)
    noticed = time.monotonic() - begin
    if name != "viewer":
        assert (told_of(site)[node.name]["state"], told_of(site)[node.name]["report"]) == ("away", None)
    posted = [envelope("custom.tick")]
    if name != "edge":
        site.edge.accept(posted)
    marks = {one: len(one.log_text()) for one in others}
    node.start(ready=False)
    begin = time.monotonic()
    for one in others:
        sees(one, node, "a node is there", marks[one], 15)
    print(f"\nkill -9 of {node.name}: noticed after {noticed:.1f} s, its return {time.monotonic() - begin:.1f} s after "
          "its start")
    node.wait_ready()
    if name == "edge":
        site.edge.accept(posted)
    site.wait_stored(posted)


def test_a_frozen_node_is_noticed_and_healed(site):
    node, others = site.viewer, [site.edge, site.processor]
    marks = {one: len(one.log_text()) for one in others}
    begin = time.monotonic()
    node.freeze()
    try:
        for one in others:
            sees(one, node, "a node is away", marks[one], 10)
        noticed = time.monotonic() - begin
        posted = Story().events
        site.edge.accept(posted)
    finally:
        marks = {one: len(one.log_text()) for one in others}
        node.wake()
    begin = time.monotonic()
    for one in others:
        sees(one, node, "a node is there", marks[one], 10)
    print(f"\nSIGSTOP of {node.name}: noticed after {noticed:.1f} s, its return after {time.monotonic() - begin:.1f} s")
    site.wait_stored(posted)


def transactions_of(node):
    try:
        text = node.get("/metrics", node.ready_ports[0]).text
    except requests.ConnectionError:
        return 0
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("agentmon_transactions_total "))


def test_two_processors_share_the_work_and_one_takes_over(site):
    second = site.node("b2", ["processor"], [site.viewer], site.hosts[2], **site.servers)
    before = {one: transactions_of(one) for one in (site.processor, second)}
    posted = []

    def both_work():
        batch = [envelope("custom.load", payload={"text": "x" * 2000}) for _ in range(200)]
        site.edge.accept(batch)
        posted.extend(batch)
        return all(transactions_of(one) > count for one, count in before.items())
    wait_until(both_work, 60, "both processors store")
    second.kill()
    more = [envelope("custom.load") for _ in range(200)]
    site.edge.accept(more)
    begin = time.monotonic()
    site.wait_stored(posted + more, 60)
    print(f"\none of two processors killed: all {len(posted) + len(more)} events stored "
          f"{time.monotonic() - begin:.1f} s later")
    site.processor.verify()


def watched_by(node):
    """The machines that it looks at now, as its metrics tell."""
    try:
        text = node.get("/metrics", node.ready_ports[0]).text
    except requests.RequestException:
        return set()
    return set(re.findall(r'^agentmon_vm_verdict{[^}]*vm="([^"]+)"', text, re.MULTILINE))


def test_each_machine_is_watched_by_one_monitor(site):
    machines = {f"vm{number}" for number in range(8)}
    registry = json.dumps({"instances": [
        {"name": name, "ssh": {"host": "127.0.0.1", "port": 9, "user": "nobody", "key": "/nowhere"},
         "poll_interval": "1s"} for name in sorted(machines)]})
    (site.edge.folder / "no-instances.json").write_text(registry)
    wait_until(lambda: watched_by(site.edge) == machines, 30, "a alone watches all")
    second = Node("d", ["monitor"], [site.processor], site.hosts[2],
                  **site.settings_of("d"))
    (second.folder / "no-instances.json").write_text(registry)
    site.add(second)

    def preferred(machine):
        return max(("a", "d"), key=lambda monitor: hashlib.md5(f"{machine} {monitor}".encode()).hexdigest())
    expected = {name: {one for one in machines if preferred(one) == name} for name in ("a", "d")}
    assert all(expected.values()), "both have something to do"

    def shared():
        of_a, of_d = watched_by(site.edge), watched_by(second)
        assert not of_a & of_d, f"watched twice: {of_a & of_d}"
        return (of_a, of_d) == (expected["a"], expected["d"])
    wait_until(shared, 40, "the machines are shared")
    second.kill()
    begin = time.monotonic()
    wait_until(lambda: watched_by(site.edge) == machines, 40, "a watches all again")
    print(f"\nkill -9 of a monitor: its machines are watched by the other one after {time.monotonic() - begin:.1f} s")
    second.start()
    begin = time.monotonic()
    wait_until(shared, 40, "the machines are shared again")
    print(f"its machines found back after {time.monotonic() - begin:.1f} s")
    site.hosts[0].cut()
    try:
        wait_until(lambda: not watched_by(site.edge), 25, "a, cut off, stops before its leases end")
        wait_until(lambda: watched_by(second) == machines, 30, "d watches all")
    finally:
        site.hosts[0].heal()
    wait_until(shared, 40, "the machines are shared once more")
