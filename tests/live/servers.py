"""A PostgreSQL and a nats-server of our own, for an agentmon that is told to use other people's servers."""

import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import processes
from waiting import wait_until

PASSWORD = "sesame-41"


class Server:
    """A child process in a folder of its own that can be stopped, frozen and started again on the same port."""

    def __init__(self, name, host):
        self.host = host
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"agentmon-test-{name}-"))
        self.folder.chmod(0o755)
        self.port = processes.free_ports(1)[0]
        self.process = None

    def _launch(self, arguments, **options):
        with open(self.folder / "output.log", "ab") as log:
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True, **options)
        try:
            wait_until(self.answers, 20, f"{arguments[0]} answers")
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{(self.folder / 'output.log').read_text()[-2000:]}") from None

    def answers(self):
        try:
            with socket.create_connection((self.host, self.port), 1):
                return True
        except OSError:
            return False

    def send_signal(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGINT):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            self.process.wait(30)

    def revive(self):
        """Starts it if it is stopped, wakes it if it is frozen."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
        else:
            self.start()

    def close(self):
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()


class Nats(Server):
    """nats-server with JetStream; its user is agentmon."""

    def __init__(self, host="127.0.0.1"):
        super().__init__("nats", host)
        self.url = f"nats://agentmon:{PASSWORD}@{host}:{self.port}"

    def start(self):
        self._launch([shutil.which("nats-server", path="/usr/sbin:/usr/bin:/usr/local/bin"), "-a", self.host, "-p",
                      str(self.port), "--user", "agentmon", "--pass", PASSWORD, "-js", "-sd", self.folder / "store"])

    def wipe(self):
        """Loses everything that it had stored; only while it is stopped."""
        shutil.rmtree(self.folder / "store", ignore_errors=True)


class Postgres(Server):
    """PostgreSQL on a TCP port, with a password; as root it runs as the user postgres, since it refuses root."""

    def __init__(self, host="127.0.0.1"):
        super().__init__("postgres", host)
        self.url = f"postgresql://agentmon:{PASSWORD}@{host}:{self.port}/agentmon"
        self._programs = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))
        self._cluster = self.folder / "cluster"
        self._user = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            self._user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            os.chown(self.folder, account.pw_uid, account.pw_gid)

    def start(self):
        if not self._cluster.exists():
            self._create()
        self._launch([self._programs / "postgres", "-D", self._cluster, "-p", str(self.port), "-c",
                      f"listen_addresses={self.host}", "-c", f"unix_socket_directories={self.folder}", "-c",
                      "shared_buffers=64MB"], cwd=self.folder, **self._user)

    def _run(self, *arguments, **options):
        subprocess.run(arguments, check=True, capture_output=True, cwd=self.folder, **self._user, **options)

    def _create(self):
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run(self._programs / "initdb", "-D", self._cluster, "-U", "agentmon", "-A", "scram-sha-256", "-E", "UTF8",
                  "--locale=C", "--pwfile", secret, "--no-sync")
        with open(self._cluster / "pg_hba.conf", "a") as access:
            access.write(f"host all all {self.host}/24 scram-sha-256\n")
        self._run(self._programs / "postgres", "--single", "-D", self._cluster, "template1",
                  input=b"CREATE DATABASE agentmon\n")

    def answers(self):
        probe = [self._programs / "pg_isready", "-q", "-h", self.host, "-p", str(self.port)]
        return subprocess.run(probe, check=False).returncode == 0


class NatsWire:
    """The NATS protocol over a socket, as another producer would speak it: just enough to publish and be heard."""

    def __init__(self, port, password):
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._file = self._socket.makefile("rb")
        assert self._file.readline().startswith(b"INFO ")
        self._send("CONNECT", json.dumps({"verbose": False, "pedantic": False, "user": "agentmon", "pass": password}))
        self.flush()

    def _send(self, *words):
        self._socket.sendall(" ".join(words).encode() + b"\r\n")

    def flush(self):
        """Until the server has taken everything that we sent; fails when it complains."""
        self._send("PING")
        for line in iter(self._file.readline, b""):
            assert not line.startswith(b"-ERR"), line
            if line.startswith(b"PONG"):
                return
            if line.startswith(b"PING"):
                self._send("PONG")
        raise AssertionError("nats-server closed the connection")

    def publish(self, body, subject="agentmon.events.v1"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._socket.sendall(f"PUB {subject} {len(data)}\r\n".encode() + data + b"\r\n")
        self.flush()

    def ask(self, subject, body=None):
        """What answers to the subject, as JSON."""
        data = json.dumps(body) if body else ""
        self._send("SUB answer 1")
        self._send("UNSUB 1 1")
        self._send(f"PUB {subject} answer {len(data)}\r\n{data}")
        for line in iter(self._file.readline, b""):
            if line.startswith(b"MSG "):
                return json.loads(self._file.read(int(line.split()[-1])))
        raise AssertionError("nats-server closed the connection")

    def stream_state(self, stream="AGENTMON"):
        """What JetStream says of the stream: messages, first_seq, last_seq."""
        return self.ask(f"$JS.API.STREAM.INFO.{stream}")["state"]

    def close(self):
        self._file.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def has_no_secret(text):
    """True unless a text for people gives the password away."""
    return not re.search(re.escape(PASSWORD), text)
