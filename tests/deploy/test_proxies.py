"""TLS before agentmon: deploy/nginx.conf and deploy/Caddyfile at work, with a certificate of our own and free ports."""

import asyncio
import json
import os
import re
import shutil
import ssl
import subprocess

import pytest
import websockets

import processes
from events import envelope, ids_of
from harness import ROOT, plain_environment
from waiting import wait_until

PAGE, EVENTS = "agentmon.example.org", "events.agentmon.example.org"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "1", "-subj", f"/CN={PAGE}", "-addext", f"subjectAltName=DNS:{PAGE},DNS:{EVENTS}",
                    "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"], check=True, timeout=60,
                   capture_output=True)
    folder.chmod(0o755)
    return folder


def backends(text, system):
    return text.replace("127.0.0.1:8080", f"127.0.0.1:{system.ports['gateway']}").replace(
        "127.0.0.1:8082", f"127.0.0.1:{system.ports['ui']}")


def nginx(folder, certificate, system, port):
    sample = backends((ROOT / "deploy/nginx.conf").read_text(), system)
    sample = re.sub(r"^ *listen \[::\].*\n", "", sample, flags=re.MULTILINE).replace("listen 443", f"listen 127.0.0.1:{port}")
    (folder / "agentmon.conf").write_text(sample.replace("/etc/ssl/agentmon", str(certificate)))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; include {folder}/agentmon.conf; }}\n")
    return ["nginx", "-p", folder, "-c", folder / "nginx.conf"]


def caddy(folder, certificate, system, port):
    sample = backends((ROOT / "deploy/Caddyfile").read_text(), system)
    tls = f"\ttls {certificate}/fullchain.pem {certificate}/privkey.pem\n"
    sample = re.sub(r"^(\S+\.example\.org) \{\n", lambda found: f"https://{found[1]}:{port} {{\n{tls}", sample,
                    flags=re.MULTILINE)
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + sample)
    return ["caddy", "run", "--config", folder / "Caddyfile", "--adapter", "caddyfile"]


@pytest.fixture(scope="module", params=[nginx, caddy], ids=lambda made: made.__name__)
def proxy(request, tmp_path_factory, certificate, system):
    """The port of a proxy that runs with its sample."""
    path = os.environ["PATH"] + ":/usr/sbin"
    if not shutil.which(request.param.__name__, path=path):
        pytest.skip(f"{request.param.__name__} is not installed")
    folder = tmp_path_factory.mktemp(request.param.__name__)
    (port,) = processes.free_ports(1)
    command = request.param(folder, certificate, system, port)
    with open(folder / "output.log", "wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, env={
            **plain_environment(), "PATH": path, "HOME": str(folder), "XDG_DATA_HOME": str(folder)})
    try:
        def answers():
            assert running.poll() is None, (folder / "output.log").read_text()
            return curl(port, certificate, PAGE, "/healthz")[0] == 200
        wait_until(answers, 20, "the proxy answers")
        yield port
    finally:
        running.terminate()
        running.wait(20)


def curl(port, certificate, name, path, *arguments, body=None):
    """(status, body) of a request to that name, whose certificate must be the right one."""
    done = subprocess.run(["curl", "-s", "--noproxy", "*", "--resolve", f"{name}:{port}:127.0.0.1", "--cacert",
                           certificate / "fullchain.pem", "-w", "\n%{http_code}", *arguments,
                           *(["--data-binary", "@-"] if body is not None else []), f"https://{name}:{port}{path}"],
                          input=body, text=True, capture_output=True, timeout=30)
    text, _, status = done.stdout.rpartition("\n")
    return int(status or 0), text


def socket(port, certificate, name, path):
    context = ssl.create_default_context(cafile=str(certificate / "fullchain.pem"))
    return websockets.connect(f"wss://{name}:{port}{path}", host="127.0.0.1", port=port, ssl=context,
                              server_hostname=name, open_timeout=10)


def test_a_post_comes_through(proxy, certificate, system):
    batch = [envelope() for _ in range(3)]
    status, answer = curl(proxy, certificate, EVENTS, "/v1/events", "-H", "Content-Type: application/json",
                          body=json.dumps(batch))
    assert (status, json.loads(answer)) == (202, {"accepted": 3, "rejected": []})
    system.wait_stored(ids_of(batch))


def test_the_page_and_its_questions_come_through(proxy, certificate):
    status, page = curl(proxy, certificate, PAGE, "/")
    assert status == 200 and "<html" in page
    status, events = curl(proxy, certificate, PAGE, "/v1/events?limit=1")
    assert status == 200 and "events" in json.loads(events)


def test_events_go_in_and_are_seen_by_websocket(proxy, certificate):
    sent = envelope()

    async def follow():
        async with socket(proxy, certificate, PAGE, "/v1/ws") as viewer:
            assert "hello" in json.loads(await viewer.recv())
            async with socket(proxy, certificate, EVENTS, "/v1/ws") as producer:
                await producer.send(json.dumps(sent))
                assert json.loads(await producer.recv())["accepted"] == 1
            while True:
                frame = json.loads(await viewer.recv())
                if sent["event"]["id"] in [one["event"]["id"] for one in frame.get("events", [])]:
                    return
    asyncio.run(asyncio.wait_for(follow(), 20))


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_figures_stay_inside(proxy, certificate, path):
    assert [curl(proxy, certificate, name, path)[0] for name in (PAGE, EVENTS)] == [404, 404]
