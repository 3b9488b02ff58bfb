"""The hooks of Claude Code, Codex and OpenClaw: their installer, and what they bring to a real gateway."""

import contextlib
import json
import os
import pathlib
import pty
import re
import resource
import signal
import socket
import subprocess
import uuid

import pytest

import processes
from harness import BINARY, ROOT, SECRETS, Instance, plain_environment
from waiting import wait_until


class Machine:
    """A user's home folder on a machine with agents, and the hooks in it."""

    def __init__(self, folder, gateway, query):
        self.home = pathlib.Path(folder)
        self.name = f"vm-{uuid.uuid4().hex[:8]}"
        self.gateway = gateway
        self.query = query

    def environment(self, path=None):
        environment = {**plain_environment(), "HOME": str(self.home), "PATH": path or os.environ["PATH"]}
        for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "OPENCLAW_STATE_DIR"):
            environment.pop(name, None)
        return environment

    def hooks(self, *arguments, path=None):
        return subprocess.run([BINARY, "hooks", *arguments], cwd=self.home, env=self.environment(path), text=True,
                              capture_output=True, timeout=60, stdin=subprocess.DEVNULL)

    def hooks_on_terminal(self, keys, *arguments):
        """The same on a terminal, where a human types when it asks: (status as of wait, what the terminal showed)."""
        process, terminal = pty.fork()
        if process == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # whatever runs the tests may ignore it
            os.chdir(self.home)
            os.execve(BINARY, [BINARY, "hooks", *arguments], self.environment())
        shown = b""
        with contextlib.suppress(OSError):  # the program has ended
            while piece := os.read(terminal, 4096):
                shown += piece
                if piece.endswith(b"[y/N] "):
                    os.write(terminal, keys)
        os.close(terminal)
        return os.waitpid(process, 0)[1], shown.decode()

    def install(self, agent, **options):
        return self.hooks("install", agent, "--yes", "--url", self.gateway, "--name", self.name, **options)

    def call(self, agent, said, **options):
        """Calls a hook as the agent does: through a shell, with a JSON object on standard input."""
        report = self.home / {"claude-code": ".claude", "codex": ".codex"}[agent] / "agentmon/report"
        return subprocess.run(["/bin/sh", "-c", str(report)], input=json.dumps(said), text=True, capture_output=True,
                              cwd=self.home, timeout=60, **options)

    def read(self, name):
        return (self.home / name).read_text()

    def write(self, name, text):
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture
def machine(tmp_path, system):
    here = Machine(tmp_path, system.url("gateway"), system.url("query"))
    yield here
    kill_all(tmp_path)


def processes_with(text):
    """The processes that name this folder on their command line."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (folder / "cmdline").read_bytes() and int(folder.name) != os.getpid():
                found.append(int(folder.name))
        except OSError:
            pass
    return found


def kill_all(text):
    """Ends them, and waits until they are gone with all that they hold."""
    for pid in processes_with(str(text)):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not processes_with(str(text)), 30, "the reports' processes are gone")


def claude_turn(session, run, secret="nothing"):
    """What Claude Code says in one turn with two tool calls, of which one fails."""
    base = {"session_id": session, "prompt_id": run, "cwd": "/work", "transcript_path": "/nowhere/t.jsonl"}
    tool = {"tool_name": "Bash", "tool_input": {"command": secret, "env": {"MY_TOKEN": secret}}}
    return [
        {**base, "hook_event_name": "SessionStart", "source": "startup"},
        {**base, "hook_event_name": "UserPromptSubmit", "prompt": f"say {secret}"},
        {**base, **tool, "hook_event_name": "PreToolUse", "tool_use_id": "one"},
        {**base, **tool, "hook_event_name": "PostToolUse", "tool_use_id": "one", "tool_response": {"stdout": secret},
         "duration_ms": 75},
        {**base, **tool, "hook_event_name": "PreToolUse", "tool_use_id": "two"},
        {**base, **tool, "hook_event_name": "PostToolUseFailure", "tool_use_id": "two", "error": f"Exit code 3 {secret}",
         "duration_ms": 289},
        {**base, "hook_event_name": "Stop", "last_assistant_message": f"done {secret}"},
        {**base, "hook_event_name": "SessionEnd", "reason": "other"},
    ]


TYPES = ["session.start", "run.start", "span.start", "span.end", "span.start", "span.end", "run.end", "session.end"]


def stored(system, session):
    return system.sql("SELECT type, payload::text FROM events WHERE session_id = %s ORDER BY ts", session)


def spool_is_empty(folder):
    return not list((folder / "spool").glob("*.jsonl")) and not list((folder / "inbox").glob("[0-9]*"))


# -- the installer -------------------------------------------------------------------


def test_claude_code_is_installed_behind_what_is_there_and_removed_again(machine, system):
    mine = {"model": "opus", "hooks": {"Stop": [{"matcher": "", "hooks": [{"type": "command", "command": "mine"}]}]}}
    machine.write(".claude/settings.json", json.dumps(mine))
    done = machine.install("claude-code")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "A test event arrived" in done.stdout
    settings = json.loads(machine.read(".claude/settings.json"))
    assert settings["model"] == "opus"
    assert [group["hooks"][0]["command"] for group in settings["hooks"]["Stop"]] == [
        "mine", str(machine.home / ".claude/agentmon/report")]
    assert json.loads(machine.read(".claude/settings.json.before-agentmon")) == mine

    before = machine.read(".claude/settings.json")
    again = machine.install("claude-code")
    assert again.returncode == 0 and "in place already" in again.stdout
    assert machine.read(".claude/settings.json") == before

    status = wait_until(lambda: (lambda s: s if "hook.installed" in s.stdout else None)(
        machine.hooks("status", "claude-code", "--query", machine.query)), 15, "the test event is stored")
    assert status.returncode == 0 and "last event: hook.installed at 20" in status.stdout

    assert machine.hooks("remove", "claude-code", "--yes").returncode == 0
    assert json.loads(machine.read(".claude/settings.json")) == mine
    assert not (machine.home / ".claude/agentmon").exists()


def test_settings_that_are_no_file_are_told_and_nothing_is_changed(machine):
    (machine.home / ".claude/settings.json").mkdir(parents=True)
    done = machine.install("claude-code")
    assert done.returncode == 1
    assert "settings.json cannot be read; is it a file" in done.stderr
    assert [one.name for one in (machine.home / ".claude").iterdir()] == ["settings.json"]


def test_codex_gets_its_hooks_and_notify_and_no_trust(machine):
    machine.write(".codex/config.toml", 'model = "x"\n\n[features]\nhooks = true\n')
    machine.write(".codex/hooks.json", '{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"mine"}]}]}}')
    done = machine.install("codex")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "trust" in done.stdout
    config = machine.read(".codex/config.toml")
    assert config.startswith("notify = [") and config.endswith('model = "x"\n\n[features]\nhooks = true\n')
    assert "trust" not in config
    hooks = json.loads(machine.read(".codex/hooks.json"))
    assert hooks["hooks"]["Stop"].pop(0)["hooks"][0]["command"] == "mine"
    sample = (ROOT / "hooks/codex/hooks.json").read_text().replace("/home/USER", str(machine.home))
    assert hooks == json.loads(sample), "what the documentation shows"
    assert machine.hooks("remove", "codex", "--yes").returncode == 0
    assert machine.read(".codex/config.toml") == 'model = "x"\n\n[features]\nhooks = true\n'


def test_a_notify_program_of_the_user_stays(machine):
    machine.write(".codex/config.toml", 'notify = ["mine"]\n')
    done = machine.install("codex")
    assert machine.read(".codex/config.toml") == 'notify = ["mine"]\n'
    assert "which stays" in done.stdout


def test_openclaw_gets_the_folder_and_its_variables(machine):
    machine.write(".openclaw/.env", "OTHER=1\nAGENTMON_VM_NAME=old\n")
    path = f"{pathlib.Path('/usr/bin')}:{pathlib.Path('/bin')}"
    done = machine.install("openclaw", path=path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.read(".openclaw/.env") == (
        f"OTHER=1\nAGENTMON_VM_NAME={machine.name}\nAGENTMON_INGEST_URL={machine.gateway}\n")
    for name in ("HOOK.md", "handler.ts", "plugin.ts", "openclaw.plugin.json", "emitter/spool.ts"):
        assert machine.read(f".openclaw/hooks/agentmon/{name}") == (ROOT / "hooks/agentmon" / name).read_text()
    assert "openclaw hooks enable agentmon" in done.stdout
    machine.hooks("remove", "openclaw", "--yes", path=path)
    assert machine.read(".openclaw/.env") == "OTHER=1\n"
    assert not (machine.home / ".openclaw/hooks/agentmon").exists()


def test_openclaw_is_enabled_by_the_next_try_when_the_first_went_wrong(machine):
    machine.write("bin/openclaw", f"#!/bin/sh\necho \"$@\" >> {machine.home}/calls\ntest -e {machine.home}/.openclaw/openclaw.json\n")
    (machine.home / "bin/openclaw").chmod(0o700)
    path = f"{machine.home}/bin:/usr/bin:/bin"
    wrong = machine.install("openclaw", path=path)
    assert wrong.returncode == 1 and "do this again" in wrong.stderr
    machine.write(".openclaw/openclaw.json", "{}")
    again = machine.install("openclaw", path=path)
    assert again.returncode == 0, again.stderr
    assert "not enabled" in machine.hooks("status", "openclaw", "--query", machine.query).stdout
    machine.write(".openclaw/openclaw.json", json.dumps(
        {"hooks": {"internal": {"enabled": True, "entries": {"agentmon": {"enabled": True}}}}}))
    done = machine.install("openclaw", path=path)
    assert "in place already" in done.stdout
    assert machine.read("calls") == "hooks enable agentmon\n" * 2


def test_nothing_changes_without_consent_or_when_a_file_is_broken(machine):
    refused = machine.hooks("install", "claude-code", "--url", machine.gateway)
    assert refused.returncode == 1 and "--yes" in refused.stderr
    assert not (machine.home / ".claude").exists()
    machine.write(".claude/settings.json", "{ broken")
    broken = machine.install("claude-code")
    assert broken.returncode == 1 and "settings.json cannot be changed" in broken.stderr
    assert machine.read(".claude/settings.json") == "{ broken"
    assert machine.hooks("install", "emacs", "--yes").returncode == 64


@pytest.mark.parametrize("keys", [b"n\n", b"\n", b"\x04", b"\x03"], ids=["no", "nothing", "the end of input", "Ctrl-C"])
def test_whoever_does_not_say_yes_on_the_terminal_gets_no_change(machine, keys):
    machine.write(".claude/settings.json", "{}")
    status, shown = machine.hooks_on_terminal(keys, "install", "claude-code", "--url", machine.gateway)
    assert status == (signal.SIGINT if keys == b"\x03" else 1 << 8)
    assert "settings.json" in shown and ("Nothing was changed" in shown or keys == b"\x03")
    assert [str(file.relative_to(machine.home)) for file in machine.home.rglob("*") if file.is_file()] == [
        ".claude/settings.json"]
    assert machine.read(".claude/settings.json") == "{}"


def test_yes_on_the_terminal_installs_and_removes(machine):
    status, shown = machine.hooks_on_terminal(b"y\n", "install", "claude-code", "--url", machine.gateway, "--name",
                                              machine.name)
    assert status == 0 and "A test event arrived" in shown
    assert (machine.home / ".claude/agentmon/report").exists()
    assert machine.hooks_on_terminal(b"n\n", "remove", "claude-code")[0] == 1 << 8
    assert (machine.home / ".claude/agentmon/report").exists()
    assert machine.hooks_on_terminal(b"Y\n", "remove", "claude-code")[0] == 0
    assert not (machine.home / ".claude/agentmon").exists()


def test_a_gateway_that_is_away_is_told_and_the_hooks_stay(machine):
    machine.gateway = "http://127.0.0.1:1"
    done = machine.install("claude-code")
    assert done.returncode == 2 and "did not arrive" in done.stderr
    assert (machine.home / ".claude/agentmon/report").exists()


# -- what they report ------------------------------------------------------------------


def test_a_session_arrives_whole(machine, system):
    assert machine.install("claude-code").returncode == 0
    session = str(uuid.uuid4())
    for said in claude_turn(session, "run-1"):
        called = machine.call("claude-code", said)
        assert (called.returncode, called.stdout, called.stderr) == (0, "", "")
    rows = wait_until(lambda: (lambda r: r if len(r) == len(TYPES) else None)(stored(system, session)), 30, "8 events")
    assert [row[0] for row in rows] == TYPES
    run = system.json(f"/v1/sessions/{session}")["runs"][0]
    assert run["status"] == "success"
    spans = system.json("/v1/runs/run-1", session_id=session)["spans"]
    assert [(span["name"], span["status"], span["duration_ms"]) for span in spans] == [
        ("Bash", "success", 75), ("Bash", "error", 289)]


def test_one_process_reads_for_all_calls_and_another_follows_a_killed_one(machine, system):
    assert machine.install("claude-code").returncode == 0
    reader = str(machine.home / ".claude/agentmon/report.mjs")
    session = str(uuid.uuid4())
    calls = claude_turn(session, "run-1")
    for said in calls[:4]:
        machine.call("claude-code", said)
    assert len(processes_with(reader)) == 1
    kill_all(reader)
    for said in calls[4:]:
        machine.call("claude-code", said)
    assert len(processes_with(reader)) == 1
    rows = wait_until(lambda: (lambda r: r if len(r) == len(TYPES) else None)(stored(system, session)), 30, "8 events")
    assert [row[0] for row in rows] == TYPES


def test_a_call_that_the_reader_left_behind_is_read_by_the_next(machine, system):
    assert machine.install("claude-code").returncode == 0
    session = str(uuid.uuid4())
    machine.write(".claude/agentmon/inbox/1795000000000000-1", json.dumps(claude_turn(session, "run-1")[0]))
    report = machine.home / ".claude/agentmon/report"
    called = subprocess.run([report, "--read"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert (called.returncode, called.stdout, called.stderr) == (0, b"", b"")
    wait_until(lambda: len(stored(system, session)) == 1, 30, "its event")


def test_no_secret_reaches_the_store(machine, system):
    assert len(SECRETS) > 10
    for agent in ("claude-code", "codex"):
        assert machine.install(agent).returncode == 0
    session = str(uuid.uuid4())
    texts = ["\n".join([f"API_KEY={one}", f"curl -H 'Authorization: Bearer {one}' https://u:{one}@host/?token={one}",
                        json.dumps({"password": one}), f"--secret {one}"]) for one in SECRETS]
    calls = claude_turn(session, "run-1", "\n".join(texts))
    for said in calls:
        machine.call("claude-code", said)
    codex_session = str(uuid.uuid4())
    for said in claude_turn(codex_session, "run-1", "\n".join(texts)):
        machine.call("codex", {**said, "turn_id": "turn-1"})
    wait_until(lambda: len(stored(system, session)) >= len(TYPES), 30, "the session of Claude Code")
    wait_until(lambda: any(row[0] == "session.end" for row in stored(system, codex_session)), 30, "the session of Codex")
    everything = json.dumps(system.sql("SELECT payload::text, attributes::text FROM events WHERE session_id IN (%s, %s)",
                                       session, codex_session))
    assert "[redacted]" in everything
    assert [one for one in SECRETS if one in everything] == []


def test_a_gateway_that_was_away_gets_everything_once_and_in_order(tmp_path):
    with Instance() as instance:
        machine = Machine(tmp_path, instance.url("gateway"), instance.url("query"))
        assert machine.install("claude-code").returncode == 0
        instance.stop()
        session = str(uuid.uuid4())
        for said in claude_turn(session, "run-1"):
            assert machine.call("claude-code", said).returncode == 0
        log = machine.home / ".claude/agentmon/agentmon.log"
        wait_until(lambda: log.exists() and "its events wait here" in log.read_text(), 15, "the log says so")
        wait_until(lambda: len(list((machine.home / ".claude/agentmon/spool").glob("*.jsonl"))) == len(TYPES), 15,
                   "all events in the spool")
        assert len(log.read_text().splitlines()) == 1
        instance.start()
        rows = wait_until(lambda: (lambda r: r if len(r) >= len(TYPES) else None)(stored(instance, session)), 60,
                          "the events that waited")
        assert [row[0] for row in rows] == TYPES
        wait_until(lambda: spool_is_empty(machine.home / ".claude/agentmon"), 15, "an empty spool")
        instance.verify()


def test_nobody_waits_for_a_gateway_that_does_not_answer(machine):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        machine.install("claude-code")
        machine.write(".claude/agentmon/agentmon.env", f"AGENTMON_INGEST_URL=http://127.0.0.1:{silent.getsockname()[1]}\n")
        for said in claude_turn(str(uuid.uuid4()), "run-1"):
            assert machine.call("claude-code", said).returncode == 0
        connection, _ = silent.accept()  # The report goes on, its agent has gone on long ago.
        assert connection.recv(16).startswith(b"POST /v1/events")
        connection.close()


def test_a_full_disk_costs_one_line_and_no_turn(machine):
    machine.install("claude-code")

    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    called = machine.call("claude-code", claude_turn("s", "r")[0], preexec_fn=full)
    assert called.returncode == 0 and called.stdout == ""
    assert re.fullmatch(r"agentmon: .*cannot be written.*\n", called.stderr)


def test_wrong_settings_and_missing_node_cost_no_turn(machine):
    machine.install("claude-code")
    folder = machine.home / ".claude/agentmon"
    machine.write(".claude/agentmon/agentmon.env", "AGENTMON_INGEST_URL=nonsense\n")
    assert machine.call("claude-code", claude_turn("s", "r")[0]).returncode == 0
    wait_until(lambda: (folder / "agentmon.log").exists() and '"nonsense" is none' in machine.read(
        ".claude/agentmon/agentmon.log"), 15, "the log says so")
    wait_until(lambda: spool_is_empty(folder), 15, "what was said is not kept")
    (folder / "node").unlink()
    called = subprocess.run([folder / "report"], input="{}", text=True, capture_output=True, env={"PATH": "/nowhere"})
    assert called.returncode == 0 and "Node is not found" in called.stderr
    assert not list((folder / "inbox").glob("[0-9]*")), "nobody would read it"


def test_a_wrong_token_is_told_and_nothing_is_lost(tmp_path):
    with Instance(AGENTMON_INGEST_TOKEN="right-token-of-the-gateway") as instance:
        machine = Machine(tmp_path, instance.url("gateway"), instance.url("query"))
        assert machine.hooks("install", "claude-code", "--yes", "--url", machine.gateway, "--token", "wrong").returncode == 2
        session = str(uuid.uuid4())
        for said in claude_turn(session, "run-1"):
            machine.call("claude-code", said)
        log = machine.home / ".claude/agentmon/agentmon.log"
        wait_until(lambda: log.exists() and "AGENTMON_INGEST_TOKEN" in log.read_text(), 15, "the log says so")
        kill_all(tmp_path)  # as if the machine had been restarted
        done = machine.hooks("install", "claude-code", "--yes", "--url", machine.gateway, "--token",
                             "right-token-of-the-gateway")
        assert done.returncode == 0, done.stderr
        machine.call("claude-code", {"session_id": session, "hook_event_name": "Setup"})
        wait_until(lambda: len(stored(instance, session)) >= len(TYPES), 30, "the events that waited")
        kill_all(tmp_path)
