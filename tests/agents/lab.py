"""Real agents on loopback, with a model that does what its prompt says, and a running agentmon."""

import json
import os
import pathlib
import signal
import socket
import subprocess

import processes
from harness import BINARY, Instance, plain_environment
from waiting import wait_until

HERE = pathlib.Path(__file__).parent
AGENTS = pathlib.Path(os.environ["AGENTMON_AGENTS"]) if "AGENTMON_AGENTS" in os.environ else None

#: Takes two seconds and tells how long it really took, on a machine that may be busy.
SLEEP = "s=$(date +%s%N); sleep 2; e=$(date +%s%N); echo $(( (e-s)/1000000 )) > took"


class Lab:
    """A user with agents: a home folder, a project, the model's server, and an agentmon to report to."""

    def __init__(self, folder, model="model.mjs"):
        self.folder = pathlib.Path(folder)
        self.home = self.folder / "home"
        self.project = self.folder / "project"
        self.log = self.folder / "model"
        for each in (self.home, self.project, self.log):
            each.mkdir()
        self.children = []
        self.model_port, self.telegram_port, self.openclaw_port = processes.free_ports(3)
        self.instance = Instance()
        self.environment = {**plain_environment(), "HOME": str(self.home), "SHELL": "/bin/bash"}
        for name in [name for name in self.environment if name.startswith(("CLAUDE", "ANTHROPIC", "CODEX", "OPENAI"))]:
            del self.environment[name]

    def __enter__(self):
        self.instance.start()
        self.run("git", "init", "-q", ".")
        return self

    def __exit__(self, *_):
        for child in self.children:
            if child.poll() is None:
                child.terminate()
                child.wait(30)
        for pid in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                mine = str(self.folder).encode() in (pid / "cmdline").read_bytes()
            except OSError:
                continue
            if mine and int(pid.name) != os.getpid():
                os.kill(int(pid.name), signal.SIGKILL)
        self.instance.close()

    def run(self, *words, timeout=90, check=True):
        done = subprocess.run(words, cwd=self.project, env=self.environment, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=timeout)
        assert not check or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def start(self, *words, **environment):
        output = open(self.folder / f"child-{len(self.children)}.log", "wb")
        child = subprocess.Popen(words, cwd=self.project, env={**self.environment, **environment},
                                 stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.children.append(child)
        return child

    def start_model(self):
        self.start("node", str(HERE / "model.mjs"), str(self.model_port), str(self.log))
        wait_until(lambda: accepts(self.model_port), 20, "the model's server")

    def install(self, agent):
        done = self.run(str(BINARY), "hooks", "install", agent, "--yes", "--url", self.instance.url("gateway"), "--name", "lab")
        assert "A test event arrived" in done.stdout

    def requests(self, name):
        file = self.log / name
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    # -- what arrived ----------------------------------------------------------

    def rows(self, framework):
        return self.instance.sql("SELECT type, session_id, run_id, span_id, parent_span_id, payload FROM events "
                                 "WHERE source_framework = %s AND type <> 'hook.installed' ORDER BY ts", framework)

    def count(self, framework, kind):
        return sum(1 for row in self.rows(framework) if row[0] == kind)

    def wait_for(self, framework, kind, count, deadline=60):
        wait_until(lambda: self.count(framework, kind) >= count, deadline, f"{count} {kind} of {framework}")

    def spans(self, framework, kind):
        """(name, status, duration, parent) of the ended spans of a kind."""
        return [(row[5].get("name"), row[5].get("status"), row[5].get("duration_ms"), row[4])
                for row in self.rows(framework) if row[0] == "span.end" and row[5].get("kind") == kind]

    def tokens(self, framework):
        """What the sessions add up to, as the query port tells it."""
        sessions = self.instance.json("/v1/sessions", framework=framework, limit=100)["sessions"]
        return (sum(one["usage"]["input_tokens"] or 0 for one in sessions),
                sum(one["usage"]["output_tokens"] or 0 for one in sessions))

    def check_whole(self, framework):
        """Every run and span has begun once and ended once, and the store agrees with its events."""
        seen = {}
        for kind, *ids, _ in self.rows(framework):
            if kind in ("run.start", "run.end", "span.start", "span.end"):
                key = (kind, *ids[:3])
                seen[key] = seen.get(key, 0) + 1
        assert [key for key, times in seen.items() if times > 1] == [], "told twice"
        opened = {key[1:] for key in seen if key[0].endswith(".start")}
        ended = {key[1:] for key in seen if key[0].endswith(".end")}
        assert opened - ended == set(), "open"
        self.instance.verify()

    def took(self):
        return float((self.project / "took").read_text())


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def interrupt(child):
    child.send_signal(signal.SIGINT)
    child.wait(60)
