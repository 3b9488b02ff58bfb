"""The real Claude Code and Codex report what they did."""

import json
import subprocess

import pytest

from lab import AGENTS, HERE, SLEEP, Lab, interrupt, outline
from terminal import Terminal
from waiting import wait_until

pytestmark = pytest.mark.skipif(AGENTS is None, reason="the agents are not installed: ./test-all.sh --agents")


def install_claude(lab):
    """The program, with a model's server and the hooks."""
    lab.start_model()
    lab.environment |= {
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{lab.model_port}", "ANTHROPIC_API_KEY": "mock-key",
        "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    lab.install("claude-code")
    return str(AGENTS / "claude-code/node_modules/@anthropic-ai/claude-code-linux-x64/claude")


def test_claude_code(tmp_path):
    with Lab(tmp_path) as lab:
        claude = install_claude(lab)
        options = ["-p", "--allowedTools", "Bash,Agent,Task", "--"]
        lab.run(claude, *options, f"RUN[{SLEEP}]")
        for prompt in ("RUN[exit 3]", "SPAWN[do the sub thing]", "/compact"):
            lab.run(claude, "-c", *options, prompt)
        (tmp_path / "mcp.json").write_text(json.dumps(
            {"mcpServers": {"lab": {"command": "node", "args": [str(HERE / "asking_server.mjs")]}}}))
        lab.run(claude, "-c", "-p", "--mcp-config", str(tmp_path / "mcp.json"), "--allowedTools", "mcp__lab__ask", "--",
                "CALL[mcp__lab__ask]")
        lab.wait_for("claude-code", "session.end", 5)
        begun = lab.count("claude-code", "run.start")
        slow = lab.start(claude, "-c", *options, "SLOW[60000] please")
        lab.wait_for("claude-code", "run.start", begun + 1)
        interrupt(slow)
        lab.wait_for("claude-code", "session.end", 6)

        tools = lab.spans("claude-code", "tool")
        assert outline(tools) == [("Bash", "success"), ("Bash", "error"), ("Agent", "success"),
                                  ("mcp__lab__ask", "success")]
        lab.check_duration_of_sleep(tools[0])
        (agent,) = lab.spans("claude-code", "subagent")
        assert (agent["name"], agent["status"]) == ("general-purpose", "success")
        assert agent["parent_span_id"] == tools[2]["span_id"], "the sub-agent is nested in the call that started it"
        kinds = [row[0] for row in lab.rows("claude-code")]
        assert kinds.index("claude_code.elicitation") < kinds.index("claude_code.elicitation_result")
        assert outline(lab.spans("claude-code", "compaction")) == [("compaction", "success")]
        statuses = [row[5]["status"] for row in lab.rows("claude-code") if row[0] == "run.end"]
        assert statuses.count("aborted") == 1 and statuses[-1] == "aborted"
        # The requests that summarise for a compaction are in no transcript.
        summaries = [one["id"] for one in lab.requests("messages.jsonl")
                     if "CRITICAL: Respond with TEXT ONLY" in json.dumps(one["body"]["messages"][-2:])]
        assert lab.tokens("claude-code") == lab.tokens_of_model(but=summaries)
        lab.check_whole("claude-code")


def test_claude_code_tells_of_a_directory_that_is_added(tmp_path):
    with Lab(tmp_path) as lab:
        claude = install_claude(lab)
        (lab.project / "more").mkdir()
        add = {"subtype": "register_repo_root", "directory": str(lab.project / "more")}
        # As programs use it: a line of JSON for each thing they want.
        with subprocess.Popen([claude, "-p", "--verbose", "--input-format", "stream-json", "--output-format", "stream-json"],
                              cwd=lab.project, env=lab.environment, stdin=subprocess.PIPE,
                              stdout=open(tmp_path / "said", "wb"), stderr=subprocess.STDOUT) as agent:
            agent.stdin.write(json.dumps({"type": "control_request", "request_id": "1", "request": add}).encode() + b"\n")
            agent.stdin.flush()
            lab.wait_for("claude-code", "claude_code.directory_added", 1)
        lab.wait_for("claude-code", "session.end", 1)
        (told,) = [row[5] for row in lab.rows("claude-code") if row[0] == "claude_code.directory_added"]
        assert told == {"source": "register_repo_root", "input": {"directory": str(lab.project / "more")}}
        lab.check_whole("claude-code")


def test_a_teammate_of_claude_code(tmp_path):
    with Lab(tmp_path) as lab:
        claude = install_claude(lab)
        lab.environment["CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS"] = "1"
        project = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
        (lab.home / ".claude.json").write_text(json.dumps({
            "hasCompletedOnboarding": True, "theme": "dark", "projects": {str(lab.project): project},
            "customApiKeyResponses": {"approved": ["mock-key"], "rejected": []}}))
        # Without a terminal there are no teammates.
        with Terminal([claude, "--permission-mode", "default", "--allowedTools", "Agent"], lab.project,
                      lab.environment) as terminal:
            terminal.wait_for("manual mode")
            terminal.type("MATE[greet]")
            terminal.wait_for("MATE[greet]")
            terminal.type("\r")
            # The mate is done, and Claude says something about that, under the id of the run that has ended.
            lab.wait_for("claude-code", "claude_code.teammate_idle", 1, deadline=120)
            lab.wait_for("claude-code", "run.end", 2)
        lab.wait_for("claude-code", "session.end", 1)

        (told,) = [row[5] for row in lab.rows("claude-code") if row[0] == "claude_code.teammate_idle"]
        assert told["teammate_name"] == "mate"
        (call,) = lab.spans("claude-code", "tool")
        (agent,) = lab.spans("claude-code", "subagent")
        assert (agent["name"], agent["status"], agent["parent_span_id"]) == ("mate", "success", call["span_id"])
        first, second = lab.runs("claude-code")
        assert first["duration_ms"] > 0
        assert (second["started_at"], second["duration_ms"]) == (None, None), "nobody told when it began"
        assert lab.tokens("claude-code") == lab.tokens_of_model()
        lab.check_whole("claude-code")


CODEX_CONFIG = """
model = "mock-model"
model_provider = "mock"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false

[model_providers.mock]
name = "mock"
base_url = "http://127.0.0.1:{port}/v1"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0

[features]
{feature} = true

[analytics]
enabled = false
"""


def install_codex(lab, version):
    """The program, with a model's server and the hooks."""
    old = version == "0.116.0"
    lab.start_model()
    (lab.home / ".codex").mkdir()
    (lab.home / ".codex/config.toml").write_text(
        CODEX_CONFIG.format(port=lab.model_port, feature="codex_hooks" if old else "hooks"))
    lab.install("codex")
    vendor = AGENTS / f"codex-{version}/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl"
    return str(vendor / ("codex" if old else "bin") / "codex")


def test_codex_runs_the_hooks_when_its_own_dialogue_has_trusted_them(tmp_path):
    with Lab(tmp_path) as lab:
        codex = install_codex(lab, "0.169.0")
        config = lab.home / ".codex/config.toml"
        config.write_text(config.read_text() + f'\n[projects."{lab.project}"]\ntrust_level = "trusted"\n')
        lab.run(codex, "exec", "--json", "RUN[echo before]")
        lab.wait_for("codex", "run.end", 1)
        assert {row[0] for row in lab.rows("codex")} == {"session.start", "run.end"}, "notify, which needs no trust"
        (run,) = lab.runs("codex")
        assert (run["status"], run["started_at"], run["duration_ms"]) == ("success", None, None)
        assert "trusted_hash" not in config.read_text()
        with Terminal([codex, "--no-daemon"], lab.project, lab.environment) as terminal:
            choice = "2. Trust all and continue"
            terminal.wait_for(choice)
            # One down, again when that came before the dialogue takes keys.
            wait_until(lambda: terminal.shown().count(choice) > 1 or terminal.type("\x1b[B"), 60,
                       "the choice is shown as chosen", poll=5)
            terminal.type("\r")
            wait_until(lambda: config.read_text().count("trusted_hash") == 12, 60, "Codex has noted what was trusted")
        lab.run(codex, "exec", "--json", "RUN[echo after]")
        lab.wait_for("codex", "session.end", 1)
        assert outline(lab.spans("codex", "tool")) == [("Bash", "success")]
        lab.check_whole("codex")


@pytest.mark.parametrize("version", ["0.116.0", "0.169.0"])
def test_codex(tmp_path, version):
    old = version == "0.116.0"
    with Lab(tmp_path) as lab:
        program = install_codex(lab, version)
        codex = [program, "exec", *([] if old else ["--dangerously-bypass-hook-trust"])]
        lab.run(*codex, "--json", f"RUN[{SLEEP}]")
        lab.wait_for("codex", "run.end", 1)
        session = next(row[1] for row in lab.rows("codex"))
        resume = [*codex, "resume", session, "--json"]
        for prompt in ("RUN[exit 3]", "SPAWN[do the sub thing]"):
            lab.run(*resume, prompt)
        lab.wait_for("codex", "run.end", 3)
        slow = lab.start(*resume, "SLOW[60000] please")
        lab.wait_for("codex", "run.start", 4)
        interrupt(slow)
        lab.run(*resume, "BIG RUN[echo big]")
        lab.wait_for("codex", "run.end", 5)

        tools = [tool for tool in lab.spans("codex", "tool") if tool["name"] in ("Bash", "exec_command")]
        assert [tool["status"] for tool in tools] == ["success", "error", "success"]
        lab.check_duration_of_sleep(tools[0])
        (agent,) = lab.spans("codex", "subagent")
        assert agent["status"] == "success"
        if not old:
            assert agent["parent_span_id"] is not None, "the sub-agent is nested in the call that started it"
            assert outline(lab.spans("codex", "compaction")) == [("compaction", "success")]
        statuses = [row[5]["status"] for row in lab.rows("codex") if row[0] == "run.end"]
        assert sorted(statuses) == ["aborted", "success", "success", "success", "success"]
        sessions = lab.instance.json("/v1/sessions", framework="codex", limit=100)["sessions"]
        assert len(sessions) == 1
        assert lab.tokens("codex") == lab.tokens_of_model()
        lab.check_whole("codex")
