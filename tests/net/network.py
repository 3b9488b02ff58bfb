"""Hosts as network namespaces on one bridge, which lives in a namespace of its own: nothing here leaves them."""

import contextlib
import ctypes
import os
import subprocess

import pytest


CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def _move_to(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Host:
    """One machine: its name, its address, and the way into its network."""

    def __init__(self, network, number):
        self.address = f"10.77.0.{number}"
        self.port_of_switch = f"p{number}"
        self.namespace = f"{network.prefix}-h{number}"
        self._network = network

    @contextlib.contextmanager
    def entered(self):
        """Sockets, processes and threads that are made in here belong to this host; its own thread only."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.namespace}", os.O_RDONLY)
        try:
            _move_to(there)
            try:
                yield self
            finally:
                _move_to(home)
        finally:
            os.close(home)
            os.close(there)

    def cut(self):
        """Pulls the cable at the switch; the host itself goes on."""
        _ip("-n", self._network.switch, "link", "set", self.port_of_switch, "down")

    def heal(self):
        _ip("-n", self._network.switch, "link", "set", self.port_of_switch, "up")


class Network:
    def __init__(self, hosts):
        if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode != 0:
            pytest.skip("network namespaces are not permitted here (they are for root)")
        self.prefix = f"agm{os.getpid()}"
        self.switch = f"{self.prefix}-sw"
        self.hosts = [Host(self, number) for number in range(1, hosts + 1)]
        self._made = []

    def _make(self, namespace):
        _ip("netns", "add", namespace)
        self._made.append(namespace)
        _ip("-n", namespace, "link", "set", "lo", "up")

    def __enter__(self):
        try:
            self._make(self.switch)
            _ip("-n", self.switch, "link", "add", "br0", "type", "bridge")
            _ip("-n", self.switch, "link", "set", "br0", "up")
            for host in self.hosts:
                self._make(host.namespace)
                _ip("-n", self.switch, "link", "add", host.port_of_switch, "type", "veth", "peer", "name", "eth0", "netns",
                    host.namespace)
                _ip("-n", self.switch, "link", "set", host.port_of_switch, "master", "br0", "up")
                _ip("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", "eth0")
                _ip("-n", host.namespace, "link", "set", "eth0", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for namespace in self._made:
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)
