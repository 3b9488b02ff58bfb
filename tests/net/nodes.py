"""Nodes of one cluster, each a process with its own folder, on this machine's loopback or on a host of its own."""

import contextlib
import signal
import time

import requests

from harness import Instance
from waiting import wait_until

PORT_OF_ROLE = {"ingest": "gateway", "query": "query", "ui": "ui"}


class Node(Instance):
    """`agentmon node --roles ...`; with `host`, there."""

    def __init__(self, name, roles, join=(), host=None, **environment):
        super().__init__(**environment)
        self.name, self.host = name, host
        if host:
            self.settings["AGENTMON_CONTROL_ADDR"] = f"{host.address}:{self.ports['control']}"
        self.settings.update(AGENTMON_NODE=name, AGENTMON_JOIN=",".join(one.control for one in join) or "none")
        self.arguments = ("node", "--roles", ",".join(roles))
        self.ready_ports = tuple(PORT_OF_ROLE[role] for role in roles if role in PORT_OF_ROLE)
        if not self.ready_ports:
            self.settings["AGENTMON_METRICS_ADDR"] = f"127.0.0.1:{self.ports['ui']}"
            self.ready_ports = ("ui",)

    @property
    def control(self):
        return self.settings["AGENTMON_CONTROL_ADDR"]

    def there(self):
        return self.host.entered() if self.host else contextlib.nullcontext()

    def start(self, ready=True):
        with self.there():
            return super().start(ready)

    def get(self, path, port="query", **parameters):
        with self.there():
            return super().get(path, port, **parameters)

    def post(self, events, headers=None):
        with self.there():
            return super().post(events, headers)

    def sql(self, query, *parameters):
        with self.there():
            return super().sql(query, *parameters)

    def command(self, *arguments, **options):
        with self.there():
            return super().command(*arguments, **options)

    def verify(self):
        """What is folded equals what the events say; doctor misses the ports that other nodes have."""
        done = self.command("doctor", "--verify")
        problems = [line for line in done.stdout.splitlines()
                    if line.startswith("problem") and "nobody answers at http" not in line]
        assert "compared" in done.stdout and not problems, f"doctor --verify found:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def wake(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process and self.process.poll() is None:
            self.wake()
        super().close()

    def new_connections(self):
        """Forgets connections of a network that was cut meanwhile."""
        self.http.close()
        self.http = requests.Session()
        self.http.trust_env = False


def wait_for_line(node, words, since=0, deadline=15):
    """Until the node's log has a line with all of these words behind the offset `since`; gives the seconds waited."""
    begin = time.monotonic()

    def told():
        return any(all(word in line for word in words) for line in node.log_text()[since:].splitlines())
    wait_until(told, deadline, f"node {node.name} tells {' '.join(words)}")
    return time.monotonic() - begin


def sees(node, other, what="a node is there", since=0, deadline=15):
    return wait_for_line(node, (what, f"name={other.name}"), since, deadline)
