"""Access keys: who gets in, what each was used for, and what happens when one is revoked or PostgreSQL is away."""

import datetime
import os
import stat
import time

import pytest
import requests
import websocket
from websockets.exceptions import InvalidStatusCode

import contract
import events
from access import bearer, close_code, listed, make
from harness import Instance
from servers import Nats, Postgres
from sockets import Socket
from waiting import wait_until

SOON = 2  # seconds until every node that reaches PostgreSQL knows what `agentmon keys` did


@pytest.fixture(scope="module")
def guarded():
    with Instance() as instance:
        yield instance


def post_status(instance, key=None, **source):
    event = events.envelope(source={"framework": "openclaw", **source} if source else None)
    return instance.post([event], bearer(key) if key else None).status_code


def ask_status(instance, key=None):
    return instance.get("/v1/sessions", headers=bearer(key) if key else None).status_code


def test_keys_close_the_door_they_are_for(guarded):
    assert post_status(guarded) == 202 and ask_status(guarded) == 200, "without any key all doors are open"
    sending = make(guarded, "sends", "--scope", "ingest")
    wait_until(lambda: post_status(guarded) == 401, 10, "the gateway lets nobody in without a key")
    assert post_status(guarded, sending) == 202
    assert ask_status(guarded) == 200, "a key for sending closes no other door"
    asking = make(guarded, "asks", "--scope", "query")
    wait_until(lambda: ask_status(guarded) == 401, 10, "the query port lets nobody in without a key")
    assert ask_status(guarded, asking) == 200
    assert ask_status(guarded, sending) == 403 and post_status(guarded, asking) == 403
    assert post_status(guarded, sending[:-1] + ("0" if sending[-1] != "0" else "1")) == 401, "one digit is wrong"
    both = make(guarded, "does all", "--scope", "admin")
    wait_until(lambda: ask_status(guarded, both) == 200, 10, "the new key counts")
    assert post_status(guarded, both) == 202
    for port in ("gateway", "query", "ui"):
        assert guarded.get("/healthz", port).status_code == 200
        contract.check_answer(guarded.get("/readyz", port))
    contract.check_answer(guarded.get("/v1/access", headers=bearer(asking)))
    wait_until(lambda: (listed(guarded)["sends"]["accepted"], listed(guarded)["sends"]["rejected"]) == (1, 1), 10,
               "the uses of a key are told")
    assert f'agentmon_key_requests_total{{key="{listed(guarded)["asks"]["key_id"]}",name="asks",outcome="rejected"}} 1' \
        in guarded.get("/metrics").text
    digests = guarded.sql("SELECT name, encode(digest, 'hex') FROM access_keys")
    kept = [digest for _, digest in digests] + [(guarded.data / "access-keys.json").read_text(), guarded.log_text(),
                                                guarded.get("/metrics").text, guarded.get("/metrics", "gateway").text,
                                                guarded.command("keys", "list").stdout]
    for key in (sending, asking, both):
        assert all(key.split("_")[2] not in text for text in kept), "a key is nowhere kept or told"
    assert "agentmon_strangers_total 0" not in guarded.get("/metrics", "gateway").text, "the wrong ones are counted"


def test_a_key_is_not_taken_from_an_address(guarded):
    """Addresses end in the logs of proxies."""
    key = make(guarded, "in an address", "--scope", "query")
    wait_until(lambda: ask_status(guarded, key) == 200, 10, "the new key counts")
    with pytest.raises(InvalidStatusCode) as refused:
        Socket(guarded.url("query", f"/v1/ws?token={key}", "ws"))
    assert refused.value.status_code == 401
    with Socket(guarded.url("query", "/v1/ws", "ws"), bearer(key)) as viewer:
        assert viewer.receive()


def test_a_key_for_one_source_brings_no_other(guarded):
    key = make(guarded, "only zap", "--scope", "ingest", "--client-id", "zap")
    wait_until(lambda: post_status(guarded, key, client_id="zap") == 202, 10, "the new key counts")
    batch = [events.envelope(source={"framework": "openclaw", **more}) for more in
             ({"client_id": "zap"}, {"client_id": "zip"}, {}, {"client_id": "zap"})]
    answer = guarded.post(batch, bearer(key))
    assert answer.status_code == 202 and answer.json()["accepted"] == 2
    assert [(one["index"], one["field"]) for one in answer.json()["rejected"]] == [
        (1, "event.source.client_id"), (2, "event.source.client_id")]
    assert guarded.post(batch[1:2], bearer(key)).status_code == 400
    guarded.wait_stored(events.ids_of([batch[0], batch[3]]))
    assert guarded.count_stored(events.ids_of(batch)) == 2


def test_a_producer_with_a_key_for_one_source_brings_no_other(guarded):
    key = make(guarded, "only zap, at length", "--scope", "ingest", "--client-id", "zap")
    wait_until(lambda: post_status(guarded, key, client_id="zap") == 202, 10, "the new key counts")
    with Socket(guarded.url("gateway", "/v1/ws", "ws"), bearer(key)) as producer:
        answer = producer.ask([events.envelope(), events.envelope(source={"framework": "openclaw", "client_id": "zip"})])
    assert answer["accepted"] == 1 and [one["index"] for one in answer["rejected"]] == [1]


@pytest.mark.parametrize("scope, port, status", [("query", "query", ask_status), ("ingest", "gateway", post_status)])
def test_a_revoked_key_is_out_and_so_is_its_websocket(guarded, scope, port, status):
    key = make(guarded, f"leaves the {port}", "--scope", scope)
    stays = make(guarded, f"stays at the {port}", "--scope", scope)
    wait_until(lambda: (status(guarded, key), status(guarded, stays)) in ((200, 200), (202, 202)), 10, "they count")
    sockets = [websocket.create_connection(guarded.url(port, "/v1/ws", "ws"), timeout=20, header=bearer(one))
               for one in (key, stays)]
    assert guarded.command("keys", "revoke", listed(guarded)[f"leaves the {port}"]["key_id"]).returncode == 0
    begin = time.monotonic()
    wait_until(lambda: status(guarded, key) == 401, 5, "the key is out")
    until_http = time.monotonic() - begin
    assert close_code(sockets[0]) == 1008
    until_socket = time.monotonic() - begin
    print(f"{port}: revoked after {until_http:.2f} s by HTTP, {until_socket:.2f} s at the WebSocket")
    assert max(until_http, until_socket) < SOON
    sockets[1].ping()
    assert sockets[1].connected and status(guarded, stays) in (200, 202), "another key's is left alone"
    for socket in sockets:
        socket.close()
    assert guarded.command("keys", "revoke", "000000000000").returncode == 1


def test_a_websocket_from_before_the_first_key_is_closed():
    with Instance() as instance:
        viewer = websocket.create_connection(instance.url("query", "/v1/ws", "ws"), timeout=20)
        make(instance, "first", "--scope", "query")
        assert close_code(viewer) == 1008


def test_a_key_expires_by_itself(guarded):
    soon = events.now() + datetime.timedelta(seconds=6)
    key = make(guarded, "short", "--scope", "query", "--expires", events.moment(soon))
    wait_until(lambda: ask_status(guarded, key) == 200, 5, "the new key counts")
    wait_until(lambda: ask_status(guarded, key) == 401, 15, "its time is over")
    assert guarded.command("keys", "create", "past", "--scope", "query", "--expires", "2001-01-01T00:00:00Z"
                           ).returncode == 64


def test_a_wrong_command_makes_no_key(guarded):
    before = len(listed(guarded))
    for words in ((), ("create",), ("create", "a"), ("create", "a", "--scope", "write"), ("create", "", "--scope", "query"),
                  ("create", "a\nb", "--scope", "query"), ("create", "a", "--scope", "query", "--client-id", "zap"),
                  ("create", "a", "--scope", "admin", "--client-id", "zap"), ("create", "a", "--scope", "query",
                                                                              "--expires", "soon"), ("revoke",)):
        done = guarded.command("keys", *words)
        assert done.returncode == 64 and done.stderr, words
    assert len(listed(guarded)) == before


@pytest.fixture(scope="module")
def servers():
    with Nats() as nats, Postgres() as postgres:
        yield {"NATS_URL": nats.url, "DATABASE_URL": postgres.url}, postgres


def test_keys_count_while_postgresql_is_away_and_after_a_start_without_it(servers):
    urls, postgres = servers
    with Instance(**urls) as instance:
        key = make(instance, "edge", "--scope", "ingest")
        wait_until(lambda: post_status(instance) == 401, 10, "the gateway wants a key")
        assert stat.S_IMODE(os.stat(instance.data / "access-keys.json").st_mode) == 0o600
        postgres.stop()
        try:
            assert post_status(instance) == 401 and post_status(instance, key) == 202
            instance.stop()
            instance.start(ready=False)
            wait_until(lambda: instance.readiness("gateway").get("status") == "degraded", 20, "the gateway works")
            assert post_status(instance) == 401 and post_status(instance, key) == 202
        finally:
            postgres.revive()
        wait_until(lambda: (listed(instance)["edge"]["accepted"] or 0) >= 1, 20, "it is told when PostgreSQL is back")


def test_a_node_that_sees_nothing_takes_the_keys_of_a_file(guarded):
    key = make(guarded, "brought", "--scope", "ingest")
    exported = guarded.command("keys", "export").stdout
    edge = Instance(NATS_URL="nats://127.0.0.1:1", AGENTMON_ROLES="ingest", AGENTMON_CONTROL_ADDR="none")
    try:
        edge.start(ready=False)
        wait_until(lambda: edge.readiness("gateway").get("status") == "degraded", 20, "the gateway works")
        assert post_status(edge) == 202
        (edge.data / "access-keys.json").write_text(exported)
        wait_until(lambda: post_status(edge) == 401, 10, "the file that was brought counts")
        assert post_status(edge, key) == 202
    finally:
        edge.close()


def test_nobody_is_let_in_from_outside_before_the_keys_are_known():
    """A first start while PostgreSQL is away: there may be keys."""
    with Nats() as nats:
        instance = Instance(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", NATS_URL=nats.url,
                            AGENTMON_ROLES="ingest", AGENTMON_INGEST_TOKEN="a-token-of-more-than-16")
        instance.settings["AGENTMON_ADDR"] = f":{instance.ports['gateway']}"
        try:
            instance.start(ready=False)
            wait_until(lambda: instance.readiness("gateway").get("status"), 20, "the gateway works")
            maybe = "agentmon_" + "0" * 12 + "_" + "0" * 64
            assert instance.post([events.envelope()], bearer(maybe)).headers["Retry-After"]
            assert [post_status(instance, one) for one in (maybe, None, "a-token-of-more-than-16")] == [503, 401, 202]
            instance.stop()
            del instance.settings["AGENTMON_INGEST_TOKEN"]
            instance.start(ready=False)
            wait_until(lambda: instance.readiness("gateway").get("status"), 20, "the gateway works")
            assert [post_status(instance, one) for one in (maybe, None)] == [503, 503]
            wait_until(lambda: [one["message"][:19] for one in instance.readiness("gateway")["warnings"]]
                       == ["lets nobody in until"[:19]], 10, "/readyz tells why")
        finally:
            instance.close()


def test_a_token_counts_beside_the_keys():
    with Instance(AGENTMON_INGEST_TOKEN="open-sesame") as instance:
        assert post_status(instance) == 401 and post_status(instance, "open-sesame") == 202
        key = make(instance, "sends", "--scope", "ingest")
        wait_until(lambda: post_status(instance, key) == 202, 10, "the new key counts")
        assert post_status(instance, "open-sesame") == 202


def test_a_port_that_is_open_to_everybody_is_told():
    with Instance() as instance:
        assert instance.readiness("gateway")["warnings"] == []
        instance.stop()
        instance.settings["AGENTMON_ADDR"] = f":{instance.ports['gateway']}"
        (instance.data / "access-keys.json").unlink()
        instance.start()
        assert post_status(instance) == 202, "who is ready takes events, at the first start, too"
        wait_until(lambda: [one["name"] for one in instance.readiness("gateway")["warnings"]] == ["gateway"], 10,
                   "/readyz tells that the gateway is open")
        assert "is open to everybody" in instance.log_text()
        make(instance, "sends", "--scope", "ingest")
        wait_until(lambda: instance.readiness("gateway")["warnings"] == [], 10, "it is closed")
        answer = requests.post(instance.url("gateway", "/v1/events"), json=[events.envelope()], timeout=10)
        assert answer.status_code == 401
