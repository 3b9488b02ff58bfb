"""Starts the real agentmon with a data folder and ports of its own, and asks it what it did."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import psycopg2
import requests

import processes
from waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("AGENTMON_BUILD", "build")
BINARY = BUILD / "agentmon"
PORTS = ("gateway", "query", "ui")
#: Made-up secrets, each in the shape of a real one.
SECRETS = list(json.loads((ROOT / "tests/secrets.json").read_text())["planted"].values())

#: Instances that live now; a failing test shows their logs (reporting.py).
alive = []


def plain_environment():
    """Ours without what agentmon would read, and without proxies: the tests speak to loopback only."""
    ours = ("AGENTMON_", "DATABASE_URL", "NATS_", "OPENCLAW_", "POLL_INTERVAL", "PG", "http_proxy", "https_proxy")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


class Instance:
    """One installation: `agentmon up` and, when no URLs are given, its private servers. Use it in a with statement."""

    arguments = ("up",)
    ready_ports = PORTS

    def __init__(self, **environment):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="agentmon-test-"))
        self.data = self.folder / "data"
        self.log_path = self.folder / "output.log"
        self.ports = dict(zip((*PORTS, "control"), processes.free_ports(4)))
        self.settings = {
            "AGENTMON_DATA_DIR": str(self.data),
            "AGENTMON_ADDR": f"127.0.0.1:{self.ports['gateway']}",
            "AGENTMON_QUERY_ADDR": f"127.0.0.1:{self.ports['query']}",
            "AGENTMON_UI_ADDR": f"127.0.0.1:{self.ports['ui']}",
            "AGENTMON_CONTROL_ADDR": f"127.0.0.1:{self.ports['control']}",
            "AGENTMON_QUERY_BASE": f"http://127.0.0.1:{self.ports['query']}",
            "OPENCLAW_REGISTRY": str(self.folder / "no-instances.json"),
            **environment,
        }
        self.process = None
        self.posted = set()  # ids of all that attack.py has sent here
        self.http = requests.Session()
        self.http.trust_env = False
        self._database = None

    # -- life ------------------------------------------------------------------

    def start(self, ready=True):
        assert BINARY.exists(), f"{BINARY} is missing; build it (ninja -C {BUILD}) or set AGENTMON_BUILD"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, *self.arguments], cwd=self.folder, env=self.environment(), stdout=log, stderr=log,
                stdin=subprocess.DEVNULL)
        if self not in alive:
            alive.append(self)
        if ready:
            self.wait_ready()
        return self

    def environment(self):
        return {**plain_environment(), **self.settings}

    def wait_ready(self, deadline=30):
        """Until all three ports say that they and everything that they need are up."""
        def all_ready():
            assert self.process.poll() is None, f"agentmon ended with status {self.process.returncode} while starting"
            return all(self.readiness(port).get("status") == "ready" for port in self.ready_ports)
        wait_until(all_ready, deadline, "all ports ready")

    def stop(self, deadline=60):
        """The ordered stop; gives the exit status."""
        if self._database:
            self._database.close()  # the private PostgreSQL stops, too
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(deadline)

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends whatever still runs and takes the folder away."""
        self.http.close()
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        if self._database:
            self._database.close()
        if self.data.exists():
            processes.kill_all_of(self.data)
        if self in alive:
            alive.remove(self)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_text(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    # -- its private servers ---------------------------------------------------

    def nats_pid(self):
        return processes.child(self.process.pid, "nats-server")

    def postgres_pid(self):
        return processes.child(self.process.pid, "postgres")

    def nats_address(self):
        """(port, password) of the private nats-server, whose user is agentmon."""
        folder = self.data / "nats"
        return int((folder / "port").read_text()), (folder / "password").read_text().strip()

    # -- asking ----------------------------------------------------------------

    def url(self, port, path="", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.ports[port]}{path}"

    def get(self, path, port="query", **parameters):
        headers = parameters.pop("headers", None)
        return self.http.get(self.url(port, path), params=parameters, headers=headers, timeout=30)

    def json(self, path, port="query", **parameters):
        """The answer's JSON; fails unless the status is 200."""
        answer = self.get(path, port, **parameters)
        assert answer.status_code == 200, f"{answer.url} answered {answer.status_code}: {answer.text:.500}"
        return answer.json()

    def readiness(self, port="gateway"):
        """The body of /readyz, or {} while nobody answers."""
        try:
            return self.get("/readyz", port).json()
        except (requests.ConnectionError, requests.Timeout, ValueError):
            return {}

    def check(self, name, port="gateway"):
        """One dependency's entry in /readyz, or {} when it is not told."""
        return next((one for one in self.readiness(port).get("checks", []) if one["name"] == name), {})

    def post(self, events, headers=None):
        """Posts events (a list, one envelope, or bytes that are sent as they are)."""
        body = events if isinstance(events, bytes) else json.dumps(events).encode()
        return self.http.post(self.url("gateway", "/v1/events"), data=body, timeout=60,
                              headers={"Content-Type": "application/json", **(headers or {})})

    def accept(self, events):
        """Posts events that must all be accepted."""
        answer = self.post(events)
        expected = {"accepted": len(events), "rejected": []}
        assert (answer.status_code, answer.json()) == (202, expected), f"{answer.status_code}: {answer.text:.500}"

    def store(self, events, deadline=15):
        """Posts events and waits until all are stored."""
        self.accept(events)
        self.wait_stored([one["event"]["id"] for one in events], deadline)

    # -- its database ----------------------------------------------------------

    def sql(self, query, *parameters):
        """The rows of a query, asked of PostgreSQL directly."""
        if self._database is None or self._database.closed:
            url = self.settings.get("DATABASE_URL")
            self._database = psycopg2.connect(url) if url else psycopg2.connect(
                host=str(self.data / "postgres" / "run"), port=5432, user="agentmon", dbname="agentmon")
            self._database.autocommit = True
        try:
            with self._database.cursor() as cursor:
                cursor.execute(query, parameters)
                return cursor.fetchall()
        except psycopg2.DatabaseError as failure:
            # A backend that was killed is told as an error of no special kind, and without PostgreSQL's code.
            if failure.pgcode is not None and not isinstance(failure, psycopg2.OperationalError):
                raise
            self._database.close()
            raise psycopg2.OperationalError(str(failure)) from failure

    def stored_ids(self):
        """The id of every stored event, as often as it is stored."""
        return [row[0] for row in self.sql("SELECT event_id::text FROM events")]

    def count_stored(self, ids):
        return self.sql("SELECT count(*) FROM events WHERE event_id = ANY (%s::uuid[])", list(ids))[0][0]

    def wait_stored(self, ids, deadline=15):
        ids = list(ids)

        def all_there():
            try:
                return self.count_stored(ids) >= len(ids)
            except psycopg2.OperationalError:
                return False
        wait_until(all_there, deadline, f"{len(ids)} events stored")
        assert self.count_stored(ids) == len(ids), "an event is stored more than once"

    # -- its commands ----------------------------------------------------------

    def command(self, *arguments, timeout=120, **options):
        """Runs `agentmon ARGUMENTS` with this installation's settings."""
        return subprocess.run([BINARY, *arguments], cwd=self.folder, env=self.environment(), text=True,
                              capture_output=True, timeout=timeout, **options)

    def verify(self):
        """What is folded equals what the events say, by agentmon's own second computation."""
        done = self.command("doctor", "--verify")
        assert done.returncode == 0, f"doctor --verify found:\n{done.stdout}\n{done.stderr}"
        return done.stdout
