"""The monitor over real virtual machines: emulated guests of an ordinary user's libvirtd, and what happens to them."""

import json
import os
import signal
import subprocess

import pytest

import guest
from events import now
from harness import BINARY, plain_environment
from hypervisor import Hypervisor
from test_machines import Fleet, healthy
from waiting import wait_until

INTERVAL = 3


@pytest.fixture(scope="module")
def hypervisor(tmp_path_factory):
    """Two machines that run: zap and kiwi."""
    folder = tmp_path_factory.mktemp("guests")
    for above in (folder, *list(folder.parents)[:2]):
        above.chmod(0o755)  # an ordinary user's libvirtd must get there
    try:
        one = Hypervisor(folder)
    except guest.Unavailable as reason:
        pytest.skip(str(reason))
    with one:
        one.boot("zap", "kiwi")
        yield one


def test_discover_proposes_what_libvirt_knows(hypervisor, tmp_path):
    def vms(*words):
        return subprocess.run([BINARY, "vms", *words], env=plain_environment(), capture_output=True, text=True,
                              timeout=60, check=False)
    told = vms("discover", "--uri", hypervisor.uri, "--user", "claw")
    assert told.returncode == 0, told.stderr
    entries = {entry["name"]: entry for entry in json.loads(told.stdout)["instances"]}
    assert sorted(entries) == ["kiwi", "zap"]
    assert entries["zap"]["libvirt"] == {"uri": hypervisor.uri, "domain": "zap"}
    assert entries["zap"]["ssh"]["host"] == "10.0.2.15"  # only its agent tells: QEMU's own network has no leases
    assert entries["zap"]["ssh"]["user"] == "claw"
    assert "ssh-keyscan" in told.stderr
    registry = tmp_path / "registry.json"
    registry.write_text(told.stdout)
    checked = vms("check", registry)
    assert checked.returncode == 0, checked.stderr


class Watched(Fleet):
    """A fleet whose snapshots are looked at one by one."""

    def since(self, moment, name):
        """(time, payload) of each snapshot after that moment, in order."""
        return self.instance.sql("SELECT ts, payload FROM events WHERE type = 'openclaw.snapshot' AND host = %s "
                                 "AND ts > %s ORDER BY ts", name, moment)

    def sees(self, moment, name, what, test):
        """Waits for the snapshot that shows what happened at that moment: it is the next one, or the one after, when
        the next one had been begun."""
        def index():
            seen = [test(payload) for _, payload in self.since(moment, name)]
            return [seen.index(True)] if True in seen else None
        assert wait_until(index, 40, what)[0] <= 1, f"{what}: seen late"


def has(key, value):
    return lambda payload: payload[key] == value


def test_what_happens_to_machines_is_seen_within_an_interval(hypervisor, tmp_path):
    entries = [hypervisor.entry(name, poll_interval=f"{INTERVAL}s") for name in ("zap", "kiwi")]
    with Watched(tmp_path, *entries) as fleet:
        for name in ("zap", "kiwi"):
            vm = fleet.wait(f"{name} is healthy", healthy, name, 60)
        told = vm["snapshot"]
        assert vm["state"] == "running" and told["gateway"]["up"] is True and told["agent_version"] == "2026.1.0"
        assert 0 <= told["cpu_percent"] <= 100 and 0 < told["memory_used_bytes"] < told["memory_total_bytes"]

        hypervisor.virsh("suspend", "kiwi")
        hypervisor.inside("zap", guest.KILL_GATEWAY)
        moment = now()
        fleet.sees(moment, "zap", "the end of the gateway", lambda payload: payload["gateway"]["up"] is False)
        fleet.sees(moment, "kiwi", "the pause", has("state", "paused"))
        assert fleet.vm("zap")["verdict"] == "down" and fleet.vm("kiwi")["verdict"] == "down"

        hypervisor.inside("zap", guest.START_GATEWAY)
        hypervisor.virsh("resume", "kiwi")
        for name in ("zap", "kiwi"):
            fleet.wait(f"{name} is healthy again", healthy, name, 60)

        check_frozen(hypervisor, fleet)

        moment = now()
        os.kill(hypervisor.qemu("zap"), signal.SIGKILL)
        fleet.sees(moment, "zap", "the end of its QEMU", has("state", "crashed"))
        assert fleet.vm("kiwi")["verdict"] == "healthy"


def check_frozen(hypervisor, fleet):
    """A QEMU that stands still is told as hung, and the other machine is read as if nothing were."""
    moment = now()
    os.kill(hypervisor.qemu("zap"), signal.SIGSTOP)
    try:
        fleet.sees(moment, "zap", "that its QEMU stands still", has("state", "hung"))
        wait_until(lambda: len(fleet.since(moment, "kiwi")) >= 4, 40, "kiwi is read")
        readings = [ts for ts, payload in fleet.since(moment, "kiwi") if payload["cpu_percent"] is not None]
        gaps = [(after - before).total_seconds() for before, after in zip([moment, *readings], readings)]
        assert max(gaps) < 2 * INTERVAL, gaps
    finally:
        os.kill(hypervisor.qemu("zap"), signal.SIGCONT)
    fleet.wait("zap runs again", lambda vm: vm["state"] == "running")
