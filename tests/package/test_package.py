"""The Debian package on a bare Debian 12 with systemd: installed, upgraded under load, removed, purged."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest

from events import envelope, ids_of
from harness import ROOT
from machine import Machine
from waiting import wait_until

HERE = pathlib.Path(__file__).parent
UNIT = "agentmon.service"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The package (AGENTMON_PACKAGE names one that is built already), and one that is newer."""
    package = os.environ.get("AGENTMON_PACKAGE")
    if not package:
        built = subprocess.run([ROOT / "deploy/build-package.sh"], text=True, stdout=subprocess.PIPE, timeout=7200, check=True)
        package = ROOT / built.stdout.splitlines()[-1]
    folder = tmp_path_factory.mktemp("newer")
    subprocess.run(["dpkg-deb", "-R", package, folder / "content"], check=True)
    control = folder / "content/DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*", r"\g<0>+newer", control.read_text(), flags=re.MULTILINE))
    newer = folder / "newer.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder / "content", newer], check=True, stdout=subprocess.DEVNULL)
    return package, newer


@pytest.fixture(scope="module")
def machine(packages):
    with Machine() as made:
        made.make()
        for package, name in zip(packages, ("first.deb", "newer.deb")):
            shutil.copy(package, made.root / "var" / name)
        # What apt would fetch is there already: the machine that starts has no network.
        made.chroot("apt-get", "install", "-y", "-q", "--download-only", "/var/first.deb")
        made.boot()
        yield made


def ask(machine, path, port=8081):
    done = machine.run("curl", "-sf", "--noproxy", "*", "--max-time", "5", f"http://127.0.0.1:{port}{path}", check=False,
                       network_only=True)
    return done.stdout


def is_ready(machine):
    return all('"status":"ready"' in ask(machine, "/readyz", port) for port in (8080, 8081, 8082))


def stored(machine):
    """The ids of all stored events."""
    return machine.run("runuser", "-u", "agentmon", "--", "psql", "-XAt", "-h", "/var/lib/agentmon/postgres/run", "-U",
                       "agentmon", "agentmon", "-c", "SELECT event_id FROM events").stdout.split()


def post(machine, events):
    done = machine.run("curl", "-s", "--noproxy", "*", "-d", json.dumps(events), "http://127.0.0.1:8080/v1/events",
                       network_only=True)
    assert json.loads(done.stdout) == {"accepted": len(events), "rejected": []}
    wait_until(lambda: set(ids_of(events)) <= set(stored(machine)), 30, "the events are stored", poll=0.2)


def show(machine, name):
    return machine.run("systemctl", "show", "-P", name, UNIT).stdout.strip()


def test_lintian_finds_no_error(packages):
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", packages[0]], text=True, capture_output=True,
                          timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_from_install_to_a_healthy_page_in_three_minutes(machine, record_property):
    began = time.monotonic()
    machine.run("apt-get", "install", "-y", "-q", "/var/first.deb")
    installed = time.monotonic() - began
    wait_until(lambda: is_ready(machine), 120, "all ports are ready", poll=0.2)
    took = time.monotonic() - began
    print(f"installed after {installed:.0f} s, healthy after {took:.0f} s")
    record_property("install_to_healthy_seconds", round(took))
    assert took < 180
    assert "<html" in ask(machine, "/", 8082)


def test_it_runs_as_its_user_in_the_hardened_unit(machine):
    pid = show(machine, "MainPID")
    status = machine.run("cat", f"/proc/{pid}/status").stdout
    user = machine.run("id", "-u", "agentmon").stdout.strip()
    assert re.search(rf"^Uid:\t{user}\t", status, re.MULTILINE) and user != "0"
    assert re.search(r"^CapBnd:\t0+$", status, re.MULTILINE) and re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\t2$", status, re.MULTILINE)
    assert machine.run("stat", "-c", "%U %a", "/var/lib/agentmon").stdout.split() == ["agentmon", "700"]
    assert machine.run("stat", "-c", "%U %G %a", "/etc/agentmon/agentmon.env").stdout.split() == ["root", "agentmon", "640"]
    assert machine.run("systemctl", "is-enabled", UNIT).stdout.strip() == "enabled"
    post(machine, [envelope()])
    doctor = machine.run("sh", "-c", "cd /etc/agentmon && exec runuser -u agentmon agentmon doctor", check=False)
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr


def test_an_upgrade_under_load_loses_nothing(machine, record_property):
    machine.run("sh", "-c", "echo AGENTMON_NODE=mine >> /etc/agentmon/agentmon.env")
    before, version = len(stored(machine)), machine.run("dpkg-query", "-W", "-f=${Version}", "agentmon").stdout
    first = show(machine, "MainPID")
    enter = ["nsenter", "--target", str(machine._init), "--net", "--"]
    client = subprocess.Popen([*enter, sys.executable, HERE / "client.py"], text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, env={"PYTHONPATH": str(ROOT / "tests/live"), "PATH": "/usr/bin:/bin"})
    wait_until(lambda: len(stored(machine)) > before + 200, 30, "the load has begun", poll=0.2)
    machine.run("dpkg", "-i", "/var/newer.deb")
    assert show(machine, "MainPID") != first, "it was started anew"
    assert machine.run("dpkg-query", "-W", "-f=${Version}", "agentmon").stdout == version + "+newer"
    wait_until(lambda: is_ready(machine), 60, "all ports are ready", poll=0.2)
    after = len(stored(machine))
    wait_until(lambda: len(stored(machine)) > after + 200, 30, "the load goes on", poll=0.2)
    told = json.loads(client.communicate("\n", timeout=150)[0])
    print(f"{len(told['ids'])} events; the longest wait of a client was {told['longest']:.1f} s")
    record_property("longest_wait_seconds", round(told["longest"], 1))
    wait_until(lambda: len(stored(machine)) == before + len(told["ids"]), 60, "each accepted event is stored once", poll=0.5)
    assert set(told["ids"]) <= set(stored(machine))
    assert "AGENTMON_NODE=mine" in machine.run("cat", "/etc/agentmon/agentmon.env").stdout


def processes_of_service(machine):
    return machine.run("find", "/proc", "-maxdepth", "1", "-user", "agentmon", check=False).stdout.split()


def test_it_stops_in_order_and_goes_on(machine):
    before = sorted(stored(machine))
    machine.run("systemctl", "stop", UNIT)
    assert show(machine, "Result") == "success"
    assert processes_of_service(machine) == [], "its private servers have ended, too"
    machine.run("systemctl", "start", UNIT)
    wait_until(lambda: is_ready(machine), 60, "all ports are ready", poll=0.2)
    assert sorted(stored(machine)) == before


def test_each_role_can_be_a_service(machine):
    """With the PostgreSQL and the nats-server of Debian's packages."""
    settings = machine.root / "etc/agentmon/agentmon.env"
    own = settings.read_text()
    roles = [f"agentmon@{role}" for role in ("ingest", "processor", "query", "ui", "monitor")]
    machine.run("systemctl", "stop", UNIT, "nats-server")
    machine.run("systemd-run", "--unit=jetstream", "nats-server", "-a", "127.0.0.1", "-js", "-sd", "/var/lib/jetstream")
    machine.run("runuser", "-u", "postgres", "--", "createuser", "agentmon")
    machine.run("runuser", "-u", "postgres", "--", "createdb", "-O", "agentmon", "agentmon")
    try:
        settings.write_text(own + "DATABASE_URL=postgresql:///agentmon?host=/run/postgresql\n"
                                  "NATS_URL=nats://127.0.0.1:4222\n")
        machine.run("systemctl", "start", *roles)
        wait_until(lambda: is_ready(machine), 60, "all ports are ready", poll=0.2)
        event = envelope()
        machine.run("curl", "-sf", "--noproxy", "*", "-d", json.dumps(event), "http://127.0.0.1:8080/v1/events",
                    network_only=True)
        wait_until(lambda: event["event"]["id"] in ask(machine, "/v1/events", 8082), 30, "the event is seen", poll=0.2)
        assert (machine.root / "var/lib/agentmon/ingest/journal").is_dir()
    finally:
        machine.run("systemctl", "stop", *roles, "jetstream")
        settings.write_text(own)
        machine.run("systemctl", "start", UNIT)
    wait_until(lambda: is_ready(machine), 60, "all ports are ready", poll=0.2)


def test_removing_keeps_the_data_and_purging_does_not(machine):
    kept = sorted(stored(machine))
    machine.run("apt-get", "remove", "-y", "-q", "agentmon")
    assert processes_of_service(machine) == []
    assert machine.run("test", "-d", "/var/lib/agentmon/postgres", "-a", "-e", "/etc/agentmon/agentmon.env")
    machine.run("dpkg", "-i", "/var/newer.deb")
    wait_until(lambda: is_ready(machine), 60, "all ports are ready", poll=0.2)
    assert sorted(stored(machine)) == kept
    machine.run("apt-get", "purge", "-y", "-q", "agentmon")
    left = machine.run("find", "/", "-xdev", "-path", "/var/lib/dpkg", "-prune", "-o", "-name", "agentmon*", "-print")
    assert not left.stdout.split(), "nothing of it is left"
