"""What every port does beside its main job: health, metrics, methods, the page, tokens."""

import gzip
import json
import re

import pytest
from websockets.exceptions import InvalidStatusCode

import events
from contract import check_answer
from harness import PORTS, Instance
from sockets import RawSocket, Socket
from waiting import wait_until

SAMPLE = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_]\w*="(\\.|[^"\\])*",?)*\})? (\S+)( -?\d+)?$')
COMMENT = re.compile(r"^# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]*( .*)?$")


@pytest.mark.parametrize("port", PORTS)
def test_health_and_readiness(system, port):
    assert check_answer(system.get("/healthz", port)) == {"status": "ok"}
    readiness = check_answer(system.get("/readyz", port))
    assert readiness["status"] == "ready"
    assert readiness["checks"], "each dependency is told"
    assert all(check["state"] == "up" and check["since"] for check in readiness["checks"])


def test_readiness_by_role(system):
    roles = system.readiness("gateway")["roles"]
    assert roles == [{"role": role, "state": "ready"} for role in ("ingest", "processor", "query", "ui", "monitor")]
    assert system.get("/readyz", "gateway", role="processor").status_code == 200
    unknown = system.get("/readyz", "gateway", role="gardener")
    assert unknown.status_code == 404 and check_answer(unknown)["error"]["code"] == "not_found"


def test_the_gateway_tells_of_all_its_dependencies(system):
    names = {check["name"] for check in system.readiness("gateway")["checks"]}
    assert {"journal", "nats", "postgresql"} <= names


@pytest.mark.parametrize("port", PORTS)
def test_metrics_are_prometheus_text(system, port):
    answer = system.get("/metrics", port)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain")
    lines = [line for line in answer.text.splitlines() if line]
    for line in lines:
        if line.startswith("#"):
            assert COMMENT.match(line), line
        else:
            matched = SAMPLE.match(line)
            assert matched, line
            float(matched[4])
    families = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert any(name.startswith("agentmon_") for name in families)
    assert len(families) == sum(line.startswith("# TYPE") for line in lines), "each family is told once"


def test_metrics_count_events(system):
    def accepted():
        figures = [line.split()[-1] for line in system.get("/metrics", "gateway").text.splitlines()
                   if re.match(r"agentmon_events_accepted", line)]
        return sum(float(figure) for figure in figures)
    before = accepted()
    system.accept([events.envelope() for _ in range(7)])
    assert accepted() >= before + 7


@pytest.mark.parametrize("count", [
    "agentmon_http_seconds_count", "agentmon_journal_wait_seconds_count", "agentmon_bus_ack_seconds_count",
    'agentmon_requests_total{port="gateway"}',
])
def test_metrics_of_the_hops_and_of_the_port(system, count):
    def figure():
        lines = system.get("/metrics", "gateway").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(count + " "))
    before = figure()
    system.accept([events.envelope()])
    wait_until(lambda: figure() > before, 10, f"{count} rises")


@pytest.mark.parametrize("port, path, allowed", [
    ("gateway", "/v1/events", {"POST", "OPTIONS"}),
    ("query", "/v1/events", {"GET", "HEAD", "OPTIONS"}),
    ("query", "/v1/stats/summary", {"GET", "HEAD", "OPTIONS"}),
    ("gateway", "/healthz", {"GET", "HEAD", "OPTIONS"}),
])
def test_methods(system, port, path, allowed):
    def methods(answer):
        return {word.strip() for word in answer.headers["Allow"].split(",")}
    options = system.http.options(system.url(port, path), timeout=10)
    assert options.status_code in (200, 204) and methods(options) == allowed
    wrong = system.http.request("DELETE", system.url(port, path), timeout=10)
    assert wrong.status_code == 405 and methods(wrong) == allowed
    assert wrong.json()["error"]["code"]


@pytest.mark.parametrize("port, path", [("query", "/v1/sessions"), ("ui", "/"), ("ui", "/v1/sessions"),
                                        ("gateway", "/readyz")])
def test_head_is_get_without_a_body(system, port, path):
    get = system.get(path, port, headers={"Accept-Encoding": "identity"})
    head = system.http.head(system.url(port, path), headers={"Accept-Encoding": "identity"}, timeout=10)
    assert head.status_code == get.status_code == 200
    assert head.content == b"" and head.headers["Content-Length"] == get.headers["Content-Length"]
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize("port, path", [("gateway", "/v1/nothing"), ("query", "/v2/events"), ("query", "/v1/events/x"),
                                        ("ui", "/v1/nothing"), ("gateway", "/v1/sessions")])
def test_unknown_paths(system, port, path):
    answer = system.get(path, port)
    assert answer.status_code == 404 and answer.json()["error"]["message"]


def test_the_page(system):
    answer = system.get("/", "ui", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy and "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Encoding"] == "gzip"
    linked = re.findall(r'(?:src|href)="([^"#:]+)"', answer.text)
    assert linked, "the page loads its script and style from files"
    for name in linked:
        part = system.get("/" + name.lstrip("./"), "ui")
        assert part.status_code == 200 and "text/html" not in part.headers["Content-Type"], name


def test_the_page_learns_where_the_gateway_is(system):
    told = check_answer(system.get("/gateway.json", "ui"))
    assert told == {"host": "127.0.0.1", "port": system.ports["gateway"], "needs_token": False}


def test_the_page_is_revalidated(system):
    first = system.get("/", "ui")
    again = system.get("/", "ui", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.content == b""


def test_the_page_answers_for_its_own_paths(system):
    """A link into the page is the page; a file that is not there is not."""
    page = system.get("/", "ui")
    assert system.get("/sessions/abc", "ui").text == page.text
    assert system.get("/no-such.js", "ui").status_code == 404
    with RawSocket(system.ports["ui"]) as raw:
        raw.send(b"GET /../../etc/passwd HTTP/1.1\r\nHost: test\r\n\r\n")
        status, _, body = raw.answer()
    assert status in (400, 404) or body.decode() == page.text


def test_the_page_port_forwards_queries(system):
    direct, proxied = (system.get("/v1/stats/timeseries", port, window="7d") for port in ("query", "ui"))
    assert proxied.status_code == 200 and direct.json()["window"] == proxied.json()["window"]
    assert system.get("/v1/sessions/none", "ui").status_code == 404
    assert system.get("/v1/events", "ui", limit="0").status_code == 400


def test_answers_are_compressed_on_request(system):
    url = system.url("query", "/v1/stats/timeseries?window=24h")
    plain = system.http.get(url, headers={"Accept-Encoding": "identity"}, timeout=10)
    assert "Content-Encoding" not in plain.headers and len(plain.content) > 1024
    packed = system.http.get(url, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.raw.read()).startswith(b"{")


def test_keep_alive_and_pipelining(system):
    with RawSocket(system.ports["query"]) as raw:
        raw.send(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n" * 50)
        assert [raw.answer()[0] for _ in range(50)] == [200] * 50
        raw.send(b"GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        assert raw.answer()[0] == 200
        assert raw.ended()


def test_expect_continue(system):
    one = events.envelope()
    with RawSocket(system.ports["gateway"]) as raw:
        body = json.dumps([one]).encode()
        raw.send(b"POST /v1/events HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: "
                 + str(len(body)).encode() + b"\r\n\r\n")
        assert raw.answer()[0] == 100
        raw.send(body)
        assert raw.answer()[0] == 202
    system.wait_stored(events.ids_of([one]))


class TestTokens:
    INGEST, QUERY = "ingest-secret", "query-secret"

    @pytest.fixture(scope="class")
    def guarded(self):
        with Instance(AGENTMON_INGEST_TOKEN=self.INGEST, AGENTMON_QUERY_TOKEN=self.QUERY) as instance:
            yield instance
            for secret in (self.INGEST, self.QUERY):
                assert secret not in instance.log_text()

    def test_posting_needs_its_token(self, guarded):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {self.QUERY}"}):
            answer = guarded.post([events.envelope()], headers)
            assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.json()["error"]["code"] == "unauthorized"
        good = guarded.post([events.envelope()], {"Authorization": f"Bearer {self.INGEST}"})
        assert good.status_code == 202

    @pytest.mark.parametrize("port", ["query", "ui"])
    def test_asking_needs_its_token(self, guarded, port):
        assert guarded.get("/v1/events", port).status_code == 401
        assert guarded.get("/v1/events", port, token=self.QUERY).status_code == 401, "in the address only for WebSocket"
        answer = guarded.get("/v1/events", port, headers={"Authorization": f"Bearer {self.QUERY}"})
        assert answer.status_code == 200

    @pytest.mark.parametrize("port, token", [("gateway", INGEST), ("query", QUERY), ("ui", QUERY)])
    def test_websockets_take_the_token_in_the_address(self, guarded, port, token):
        with pytest.raises(InvalidStatusCode) as refused:
            Socket(guarded.url(port, "/v1/ws", "ws"))
        assert refused.value.status_code == 401
        with Socket(guarded.url(port, f"/v1/ws?token={token}", "ws")):
            pass
        with Socket(guarded.url(port, "/v1/ws", "ws"), {"Authorization": f"Bearer {token}"}):
            pass

    @pytest.mark.parametrize("port", PORTS)
    def test_health_needs_no_token(self, guarded, port):
        assert guarded.get("/healthz", port).status_code == 200
        assert guarded.get("/readyz", port).status_code == 200

    def test_the_page_itself_needs_no_token(self, guarded):
        assert guarded.get("/", "ui").status_code == 200
