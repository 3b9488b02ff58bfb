"""The page's sign-in: a cookie that no script reads, for this very site only."""

import pytest
import requests
import websocket
from websockets.exceptions import InvalidStatusCode

import contract
from access import bearer, close_code, listed, make
from harness import Instance
from sockets import Socket
from waiting import wait_until

TOKEN = "a-token-of-more-than-16"


@pytest.fixture(scope="module")
def guarded():
    with Instance(AGENTMON_QUERY_TOKEN=TOKEN) as instance:
        yield instance


@pytest.fixture(scope="module")
def key(guarded):
    made = make(guarded, "viewer", "--scope", "query")
    wait_until(lambda: guarded.get("/v1/vms", headers=bearer(made)).status_code == 200, 10, "the key counts")
    return made


def sign_in(instance, key, origin=None, **more):
    return requests.post(instance.url("ui", "/session"), json={"key": key}, timeout=10,
                         headers={"Origin": origin or instance.url("ui"), **more})


def cookie_of(answer):
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


def asks(instance, cookie):
    return requests.get(instance.url("ui", "/v1/vms"), headers=cookie, timeout=10).status_code


def test_a_key_or_the_token_signs_a_browser_in_and_out(guarded, key):
    for secret in (key, TOKEN):
        answer = sign_in(guarded, secret)
        assert contract.check_answer(answer) == {"signed_in": True}
        name, *attributes = answer.headers["Set-Cookie"].split("; ")
        assert attributes == ["Path=/", "HttpOnly", "SameSite=Strict"] and secret not in name
        cookie = cookie_of(answer)
        assert asks(guarded, cookie) == 200 and asks(guarded, {}) == 401
        told = requests.get(guarded.url("ui", "/session"), headers=cookie, timeout=10)
        assert contract.check_answer(told) == {"signed_in": True}
        with Socket(guarded.url("ui", "/v1/ws", "ws"), {**cookie, "Origin": guarded.url("ui")}) as viewer:
            assert viewer.receive()
        left = requests.delete(guarded.url("ui", "/session"), headers={**cookie, "Origin": guarded.url("ui")}, timeout=10)
        assert contract.check_answer(left) == {"signed_in": False} and "Max-Age=0" in left.headers["Set-Cookie"]
        assert asks(guarded, cookie) == 401
    behind_tls = sign_in(guarded, key, guarded.url("ui", scheme="https"))
    assert behind_tls.headers["Set-Cookie"].endswith("; Secure")


def test_no_other_site_signs_in_or_out_or_listens(guarded, key):
    cookie = cookie_of(sign_in(guarded, key))
    for origin in ("http://example.org", "null", f"http://127.0.0.1.example.org:{guarded.ports['ui']}"):
        assert sign_in(guarded, key, origin).status_code == 403
        left = requests.delete(guarded.url("ui", "/session"), headers={**cookie, "Origin": origin}, timeout=10)
        assert left.status_code == 403
        with pytest.raises(InvalidStatusCode) as refused:
            Socket(guarded.url("ui", "/v1/ws", "ws"), {**cookie, "Origin": origin})
        assert refused.value.status_code == 403
    unsaid = requests.post(guarded.url("ui", "/session"), json={"key": key}, timeout=10)
    assert unsaid.status_code == 403
    assert requests.delete(guarded.url("ui", "/session"), headers=cookie, timeout=10).status_code == 403
    assert asks(guarded, cookie) == 200


def test_a_revoked_key_ends_what_a_browser_may(guarded):
    key = make(guarded, "leaves", "--scope", "query")
    answer = wait_until(lambda: (said := sign_in(guarded, key)).ok and said, 10, "the new key counts", 0.25)
    cookie = cookie_of(answer)
    viewer = websocket.create_connection(guarded.url("ui", "/v1/ws", "ws"), timeout=20, header=cookie)
    assert guarded.command("keys", "revoke", listed(guarded)["leaves"]["key_id"]).returncode == 0
    assert close_code(viewer) == 1008
    wait_until(lambda: asks(guarded, cookie) == 401, 5, "the cookie counts no more")


def test_what_is_no_key_is_refused(guarded):
    for body in (b"", b"{}", b'{"key": 1}', b'{"key": "a b"}', b'{"key": "' + b"a" * 5000 + b'"}'):
        answer = requests.post(guarded.url("ui", "/session"), data=body, timeout=10,
                               headers={"Origin": guarded.url("ui"), "Content-Type": "application/json"})
        assert contract.check_answer(answer) and answer.status_code == 400
    made = guarded.command("keys", "create", "sends", "--scope", "ingest").stdout.strip()
    wait_until(lambda: sign_in(guarded, made).status_code == 403, 10, "a key for sending opens no page", 0.25)


def test_nobody_tries_keys_without_end(guarded, key):
    cookie = cookie_of(sign_in(guarded, key))
    for _ in range(40):
        answer = sign_in(guarded, "wrong")
        contract.check_answer(answer)
        if answer.status_code == 429:
            break
    assert answer.status_code == 429 and answer.headers["Retry-After"]
    assert sign_in(guarded, key).status_code == 429, "a right one is not looked at, either"
    assert asks(guarded, cookie) == 200, "who is signed in stays so"
    assert "wrong" not in guarded.log_text() and key not in guarded.log_text() and TOKEN not in guarded.log_text()
