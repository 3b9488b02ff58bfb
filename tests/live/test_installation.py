"""Installations as their owners meet them: the scripts, README's commands, two side by side, what they cost at rest."""

import json
import os
import re
import resource
import signal
import subprocess

import pytest

import harness
import processes
from contract import check_answer
from events import envelope, ids_of
from harness import BINARY, PORTS, ROOT, Instance
from sockets import RawSocket
from waiting import wait_until

MIB = 1 << 20


class ByScripts(Instance):
    """An installation that start-all.sh starts and stop-all.sh stops."""

    def script(self, name, *arguments, timeout=300):
        return subprocess.run([ROOT / name, *arguments], cwd=self.folder, env=self.environment(), text=True,
                              capture_output=True, timeout=timeout)

    def start(self, ready=True):
        if self not in harness.alive:
            harness.alive.append(self)
        self.started = self.script("start-all.sh")
        assert self.started.returncode == 0, self.started.stdout + self.started.stderr
        self.pid = int((self.data / "agentmon.pid").read_text())
        self.log_path = self.data / "agentmon.log"
        return self

    def close(self):
        self.script("stop-all.sh", timeout=90)
        super().close()


@pytest.fixture(scope="module")
def two():
    with ByScripts() as one, ByScripts() as other:
        yield one, other


def test_start_prints_the_three_urls(two):
    for instance in two:
        for port in PORTS:
            assert f":{instance.ports[port]}" in instance.started.stdout
        assert processes.is_running(instance.pid)
        assert all(instance.get("/readyz", port).status_code == 200 for port in PORTS)


def test_two_installations_do_not_meet(two):
    one, other = two
    mine, theirs = envelope(), envelope()
    one.store([mine])
    other.store([theirs])
    assert one.count_stored(ids_of([theirs])) == other.count_stored(ids_of([mine])) == 0
    assert one.pid != other.pid


def test_started_twice_it_says_that_it_runs(two):
    again = two[0].script("start-all.sh", timeout=60)
    assert again.returncode == 0, again.stderr
    assert re.search(r"runs|running", again.stdout), again.stdout
    assert f":{two[0].ports['ui']}" in again.stdout
    assert int((two[0].data / "agentmon.pid").read_text()) == two[0].pid, "the same process"


def test_a_second_program_on_the_same_folder_says_why_it_cannot(two):
    done = two[0].command("up", timeout=10)
    assert done.returncode != 0
    assert re.search(r"in use|runs|taken|another", done.stderr), done.stderr
    assert processes.is_running(two[0].pid)


def test_stop_all_loses_nothing(two):
    one = two[0]
    batches = [[envelope() for _ in range(100)] for _ in range(30)]
    for batch in batches:
        one.accept(batch)
    stopped = one.script("stop-all.sh", timeout=90)  # while some are still on their way
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert not processes.is_running(one.pid)
    assert processes.processes_of(one.data) == [], "its private servers have ended, too"
    again = one.script("stop-all.sh")
    assert again.returncode == 0 and re.search(r"not run", again.stdout + again.stderr)
    one.start()
    one.wait_stored([event_id for batch in batches for event_id in ids_of(batch)], deadline=30)


def test_a_stale_process_id_does_not_keep_it_from_starting(two):
    one = two[0]
    os.kill(one.pid, signal.SIGKILL)
    wait_until(lambda: not processes.is_running(one.pid), 10, "the process has ended")
    one.start()
    one.store([envelope()])


def readme_commands():
    """The sh blocks of README.md, in order, without the test run that this is a part of."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert blocks, "README.md has its commands in sh blocks"
    return [block for block in blocks if "test-all.sh" not in block]


def test_readme_commands_run_as_they_stand(tmp_path):
    instance = ByScripts()
    instance.log_path = instance.data / "agentmon.log"
    ports = {"8080": instance.ports["gateway"], "8081": instance.ports["query"], "8082": instance.ports["ui"]}
    environment = {**instance.environment(), "NO_PROXY": "localhost,127.0.0.1", "no_proxy": "localhost,127.0.0.1",
                   "CLAUDE_CONFIG_DIR": str(tmp_path)}  # not the developer's own
    try:
        for block in readme_commands():
            here = re.sub(r":(808[012])\b", lambda found: f":{ports[found[1]]}", block)
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", here], cwd=ROOT, env=environment, text=True,
                                  capture_output=True, timeout=300)
            assert done.returncode == 0, f"{here}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    finally:
        instance.close()


def count_waiting(instance):
    text = instance.get("/metrics", "gateway").text
    return float(re.search(r"^agentmon_journal_events_waiting (\S+)", text, re.MULTILINE)[1])


class TestDemo:
    @pytest.fixture(scope="class")
    def week(self):
        with Instance() as instance:
            done = instance.command("demo", "--fast", "--seed", "1", timeout=180)
            assert done.returncode == 0, done.stdout + done.stderr
            assert f":{instance.ports['ui']}" in done.stdout + done.stderr, "it says where to look"
            wait_until(lambda: count_waiting(instance) == 0, 60, "all events of the week stored")
            yield instance

    def test_it_fills_a_week(self, week):
        count, early, machines = week.sql(
            "SELECT count(*), min(ts) < now() - interval '6 days', (SELECT count(*) FROM vms) FROM events")[0]
        assert count > 20_000 and early and machines == 3
        assert week.sql("SELECT count(*) FROM dead_letters") == [(0,)]
        points = check_answer(week.get("/v1/stats/timeseries", window="7d"))["points"]
        assert sum(point["events"] > 0 for point in points) > len(points) // 2
        for path in ("/v1/sessions", "/v1/events", "/v1/vms", "/v1/stats/summary", "/v1/stats/tools"):
            check_answer(week.get(path))

    def test_the_sums_agree_with_the_events(self, week):
        week.verify()

    def test_at_rest_again_it_gives_its_memory_back(self, week):
        memory = lambda: processes.status_figure(week.process.pid, "VmRSS")  # noqa: E731
        wait_until(lambda: memory() < 80 * MIB, 10, f"from {memory() / MIB:.0f} MiB to below 80 MiB")


def test_doctor_finds_a_planted_difference(two):
    one = two[1]
    one.store([envelope("run.start", correlation={"session_id": "planted", "run_id": "planted"})])
    one.sql("UPDATE runs SET events = events + 1 WHERE run_id = 'planted' RETURNING 1")
    done = one.command("doctor", "--verify")
    assert done.returncode == 1 and "planted" in done.stdout + done.stderr
    one.sql("UPDATE runs SET events = events - 1 WHERE run_id = 'planted' RETURNING 1")
    one.verify()


def test_emit_sends_lines_from_standard_input(two):
    batch = [envelope() for _ in range(20)]
    done = two[1].command("emit", input="\n".join(map(json.dumps, batch)) + "\n")
    assert done.returncode == 0, done.stderr
    two[1].wait_stored(ids_of(batch))
    done = two[1].command("emit", input=json.dumps(envelope()) + "\n{}\n")
    assert done.returncode == 1 and "2" in done.stderr + done.stdout, "the line of the bad one is told"


@pytest.mark.parametrize("name, value, allowed", [
    ("AGENTMON_ADDR", "8080x", "PORT"), ("AGENTMON_ROLES", "ingest,cook", "processor"),
    ("POLL_INTERVAL", "soon", "30s"), ("AGENTMON_JOURNAL_BYTES", "1", "128MiB"), ("AGENTMON_COLOUR", "red", ""),
    ("NATS_URL", "http://x", "nats://"),
])
def test_wrong_settings_are_named_at_start(tmp_path, name, value, allowed):
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AGENTMON_DATA_DIR": str(tmp_path), name: value}
    done = subprocess.run([BINARY, "up"], cwd=tmp_path, env=environment, text=True, capture_output=True, timeout=10)
    assert done.returncode != 0
    assert name in done.stderr and (value in done.stderr or not allowed) and allowed in done.stderr, done.stderr


def test_config_prints_what_is_in_force(two):
    told = two[0].command("config").stdout.splitlines()
    lines = dict(line.split("  # ")[0].split("=", 1) for line in told if "=" in line)
    assert lines["AGENTMON_DATA_DIR"] == str(two[0].data)
    assert lines["AGENTMON_ADDR"] == f"127.0.0.1:{two[0].ports['gateway']}"


class TestCost:
    CONNECTIONS = 5000

    @pytest.fixture(scope="class")
    def quiet(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self.CONNECTIONS + 500
        if hard != resource.RLIM_INFINITY and hard < wanted:
            pytest.skip(f"this user may open {hard} files only; {wanted} are needed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        with Instance() as instance:
            instance.store([envelope()])
            yield instance
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def figures(self, instance):
        pid = instance.process.pid
        return processes.status_figure(pid, "VmRSS"), processes.status_figure(pid, "Threads")

    def test_at_rest(self, quiet):
        memory, _ = self.figures(quiet)
        assert memory < 80 * MIB, f"{memory / MIB:.0f} MiB"

    def test_idle_connections_cost_memory_only(self, quiet):
        memory, threads = self.figures(quiet)
        connections = []
        try:
            for number in range(self.CONNECTIONS):
                raw = RawSocket(quiet.ports["gateway" if number % 2 else "query"])
                connections.append(raw)
                raw.send(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
            for raw in connections:
                assert raw.answer()[0] == 200
            more_memory, more_threads = self.figures(quiet)
            quiet.store([envelope()])
            assert more_threads == threads
            assert more_memory - memory < 100 * MIB, f"{(more_memory - memory) / MIB:.0f} MiB more"
        finally:
            for raw in connections:
                raw.close()
