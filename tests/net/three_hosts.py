"""One agentmon on three hosts: A takes events in, B has the servers and the processor, C shows."""

import contextlib

from events import ids_of
from network import Network
from nodes import Node
from servers import Nats, Postgres


class Site:
    """The three hosts and what runs on them."""

    def __init__(self, authority):
        self._stack = contextlib.ExitStack()
        self._authority = authority

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _build(self):
        self.hosts = self._stack.enter_context(Network(3)).hosts
        a, b, c = self.hosts
        with b.entered():
            nats = self._stack.enter_context(Nats(b.address))
            postgres = self._stack.enter_context(Postgres(b.address))
        self.servers = {"NATS_URL": nats.url, "DATABASE_URL": postgres.url}
        self.processor = self.node("b", ["processor"], host=b, **self.servers)
        self.viewer = self.node("c", ["query", "ui"], [self.processor], c, **self.servers)
        self.edge = self.node("a", ["ingest", "monitor"], [self.processor, self.viewer], a)

    def settings_of(self, name):
        return self._authority.settings(name)

    def add(self, node):
        self._stack.callback(node.close)
        return node.start()

    def node(self, name, roles, join=(), host=None, **environment):
        return self.add(Node(name, roles, join, host, **self.settings_of(name), **environment))

    def wait_stored(self, events, deadline=20):
        self.viewer.wait_stored(ids_of(events), deadline)
