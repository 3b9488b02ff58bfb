"""The real Claude Code and Codex report what they did."""

import json

import pytest

from lab import AGENTS, HERE, SLEEP, Lab, interrupt, outline

pytestmark = pytest.mark.skipif(AGENTS is None, reason="the agents are not installed: ./test-all.sh --agents")


def test_claude_code(tmp_path):
    with Lab(tmp_path) as lab:
        lab.start_model()
        lab.environment |= {
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{lab.model_port}", "ANTHROPIC_API_KEY": "mock-key",
            "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
        lab.install("claude-code")
        claude = str(AGENTS / "claude-code/node_modules/@anthropic-ai/claude-code-linux-x64/claude")
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


@pytest.mark.parametrize("version", ["0.116.0", "0.169.0"])
def test_codex(tmp_path, version):
    old = version == "0.116.0"
    with Lab(tmp_path) as lab:
        lab.start_model()
        (lab.home / ".codex").mkdir()
        (lab.home / ".codex/config.toml").write_text(
            CODEX_CONFIG.format(port=lab.model_port, feature="codex_hooks" if old else "hooks"))
        lab.install("codex")
        vendor = AGENTS / f"codex-{version}/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl"
        trust = [] if old else ["--dangerously-bypass-hook-trust"]
        codex = [str(vendor / ("codex" if old else "bin") / "codex"), "exec", *trust]
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
