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


def sleeping(seconds):
    """A command that takes so long and tells how long it really took, on a machine that may be busy."""
    return f"s=$(date +%s%N); sleep {seconds}; e=$(date +%s%N); echo $(( (e-s)/1000000 )) > took"


#: Codex goes on without a command after five seconds.
SLEEP = sleeping(4)


class Lab:
    """A user with agents: a home folder, a project, the model's server, and an agentmon to report to."""

    def __init__(self, folder, **settings):
        self.folder = pathlib.Path(folder)
        self.home = self.folder / "home"
        self.project = self.folder / "project"
        self.log = self.folder / "model"
        for each in (self.home, self.project, self.log):
            each.mkdir()
        self.children = []
        self.model_port, self.telegram_port, self.openclaw_port = processes.free_ports(3)
        self.instance = Instance(**settings)
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

    def run(self, *words, timeout=240, check=True):
        done = subprocess.run(words, cwd=self.project, env=self.environment, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=timeout)
        told = f"{words}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        assert not check or done.returncode == 0, told
        return done

    def start(self, *words, **environment):
        log = self.folder / f"child-{len(self.children)}.log"
        with open(log, "wb") as output:
            child = subprocess.Popen(words, cwd=self.project, env={**self.environment, **environment},
                                     stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        child.log = log
        self.children.append(child)
        return child

    def start_model(self):
        self.start("node", str(HERE / "model.mjs"), str(self.model_port), str(self.log))
        wait_until(lambda: accepts(self.model_port), 20, "the model's server")

    def install(self, agent, url=None):
        token = self.instance.settings.get("AGENTMON_INGEST_TOKEN")
        done = self.run(str(BINARY), "hooks", "install", agent, "--yes", "--url", url or self.instance.url("gateway"),
                        "--name", "lab", *(["--token", token] if token else []))
        assert "A test event arrived" in done.stdout

    def requests(self, name):
        file = self.log / name
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def tokens_of_model(self, but=()):
        """Input and output that the model's server told, but for some of its answers."""
        answers = [one for one in self.requests("answers.jsonl") if one["id"] not in but]
        return sum(one["input"] for one in answers), sum(one["output"] for one in answers)

    # -- what arrived ----------------------------------------------------------

    def rows(self, framework):
        return self.instance.sql("SELECT type, session_id, run_id, span_id, parent_span_id, payload FROM events "
                                 "WHERE source_framework = %s AND type <> 'hook.installed' ORDER BY ts", framework)

    def count(self, framework, kind):
        return sum(1 for row in self.rows(framework) if row[0] == kind)

    def wait_for(self, framework, kind, count, deadline=60):
        wait_until(lambda: self.count(framework, kind) >= count, deadline, f"{count} {kind} of {framework}")

    def runs(self, framework):
        """All runs with their spans as the query port tells them, the earliest first."""
        sessions = self.instance.json("/v1/sessions", framework=framework, limit=100)["sessions"]
        runs = [run for one in sessions for run in self.instance.json(f"/v1/sessions/{one['session_id']}")["runs"]]
        return [self.instance.json(f"/v1/runs/{run['run_id']}", session_id=run["session_id"])
                for run in sorted(runs, key=lambda run: run["first_ts"])]

    def spans(self, framework, kind):
        return sorted((span for run in self.runs(framework) for span in run["spans"] if span["kind"] == kind),
                      key=lambda span: span["started_at"] or span["ended_at"])

    def tokens(self, framework):
        """What the sessions add up to, as the query port tells it."""
        sessions = self.instance.json("/v1/sessions", framework=framework, limit=100)["sessions"]
        return tuple(sum(one["usage"][kind] or 0 for one in sessions) for kind in ("input_tokens", "output_tokens"))

    def check_whole(self, framework):
        """Every run and span has begun once and ended once and is nested in one that is there, and the store agrees
        with its events."""
        seen = {}
        for kind, *ids, _ in self.rows(framework):
            if kind in ("run.start", "run.end", "span.start", "span.end"):
                key = (kind, *ids[:3])
                seen[key] = seen.get(key, 0) + 1
        assert [key for key, times in seen.items() if times > 1] == [], "told twice"
        opened = {key[1:] for key in seen if key[0].endswith(".start")}
        ended = {key[1:] for key in seen if key[0].endswith(".end")}
        assert opened - ended == set(), "open"
        for run in self.runs(framework):
            assert run["status"] in ("success", "error", "aborted"), run
            spans = {span["span_id"] for span in run["spans"]}
            assert len(spans) == len(run["spans"])
            for span in run["spans"]:
                assert span["status"] in ("success", "error", "aborted"), span
                assert span["parent_span_id"] is None or span["parent_span_id"] in spans, span
        self.instance.verify()

    def everything_stored(self):
        """All rows of all tables, as one text."""
        tables = self.instance.sql("SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
                                   "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
        return "\n".join(row[0] for (table,) in tables for row in self.instance.sql(f"SELECT t::text FROM {table} t"))

    def check_duration_of_sleep(self, span):
        """Within 10 % its span is as long as the command; on a machine that is full, the agent itself takes longer."""
        took = float((self.project / "took").read_text())
        print(f"\nthe command {took:.0f} ms, its span {span['duration_ms']:.0f}")
        assert took / 1.1 <= span["duration_ms"] <= took * 1.1


def outline(spans):
    return [(span["name"], span["status"]) for span in spans]


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def interrupt(child):
    child.send_signal(signal.SIGINT)
    child.wait(60)
