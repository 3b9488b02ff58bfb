#!/usr/bin/python3
"""Measures the monitor: 200 machines, played by one sshd and libvirt's test driver, read every 10 s.

    python3 tests/bench/monitor.py [--machines 200] [--interval 10] [--seconds 60]

What runs inside the machines is an answer that was made before, so that they do not cost what is measured. The monitor
is a process of its own, with a gateway's port for its /metrics; what it sends is stored by another agentmon. Exits with
1 when not every machine was read every interval, or one of the limits below is broken."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "live"))

from harness import BINARY, ROOT, Instance, plain_environment  # noqa: E402
from machines import Sshd  # noqa: E402
from processes import free_ports, is_running  # noqa: E402
from waiting import wait_until  # noqa: E402

MOST_CORE, MOST_MEMORY, MOST_LATE = 10, 60, 1.0  # % of one core, MB, s at p99


def node_xml(names):
    """A host of libvirt's test driver with these domains."""
    domain = ("<domain type='test'><name>{0}</name><memory unit='MiB'>2048</memory><vcpu>2</vcpu><os><type>hvm</type>"
              "</os><devices><disk type='file' device='disk'><source file='/none.img'/><target dev='vda'/></disk>"
              "<interface type='network'><source network='default'/><target dev='vnet{1}'/></interface>"
              "<memballoon model='virtio'/></devices></domain>")
    network = ("<network><name>default</name><bridge name='virbr9'/>"
               "<ip address='192.168.99.1' netmask='255.255.255.0'/></network>")
    return "<node>" + "".join(domain.format(name, i) for i, name in enumerate(names)) + network + "</node>"


def family(pid):
    """The process and all below it."""
    stat = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(errors="replace")
        except OSError:
            continue
        stat[int(path.parent.name)] = int(text[text.rindex(")") + 2:].split()[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in stat.items() if parent == each]
    return found


def cost(pid):
    """(seconds of processor time, MB of memory) of the monitor with its helpers."""
    ticks = memory = 0
    for each in family(pid):
        try:
            text = pathlib.Path(f"/proc/{each}/stat").read_text()
            fields = text[text.rindex(")") + 2:].split()
            ticks += int(fields[11]) + int(fields[12])
            status = pathlib.Path(f"/proc/{each}/smaps_rollup").read_text()
            memory += int(re.search(r"^Pss:\s+(\d+)", status, re.M)[1])
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK"), memory / 1024


def histogram(text, name):
    """[(upper bound, how many up to it)] of a histogram on /metrics."""
    found = re.findall(rf'^{name}_bucket{{le="([^"]+)"}} (\d+)', text, re.M)
    return [(float(bound.replace("+Inf", "inf")), int(count)) for bound, count in found]


def at_most(before, after, part):
    """The bound below which that part of what came between lies."""
    grown = [(bound, count - earlier) for (bound, count), (_, earlier) in zip(after, before)]
    return next(bound for bound, count in grown if count >= part * grown[-1][1])


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("--machines", type=int, default=200)
    asked.add_argument("--interval", type=int, default=10)
    asked.add_argument("--seconds", type=int, default=60)
    asked = asked.parse_args()
    names = [f"vm-{i:03}" for i in range(asked.machines)]
    with tempfile.TemporaryDirectory(prefix="agentmon-bench-") as folder, Instance() as store:
        folder = pathlib.Path(folder)
        answer = subprocess.run(["sh", ROOT / "monitor" / "probe.sh"], capture_output=True, check=True).stdout
        (folder / "answer").write_bytes(answer)
        with Sshd(folder / "sshd", command=f"cat {folder / 'answer'}", listen="0.0.0.0") as sshd:
            (folder / "node.xml").write_text(node_xml(names))
            (folder / "registry.json").write_text(json.dumps({"instances": [
                {"name": name, "libvirt": {"uri": f"test://{folder / 'node.xml'}", "domain": name},
                 "ssh": sshd.place(f"127.0.1.{i + 1}")} for i, name in enumerate(names)]}))
            return measure(asked, names, folder, store)


def measure(asked, names, folder, store):
    port, nats = free_ports(1)[0], store.nats_address()
    settings = {
        "AGENTMON_DATA_DIR": str(folder / "data"), "AGENTMON_ADDR": f"127.0.0.1:{port}",
        "NATS_URL": f"nats://agentmon:{nats[1]}@127.0.0.1:{nats[0]}", "DATABASE_URL": "host=/nowhere dbname=unused",
        "OPENCLAW_REGISTRY": str(folder / "registry.json"), "POLL_INTERVAL": f"{asked.interval}s",
        "AGENTMON_CONTROL_ADDR": "none"}
    with open(folder / "log", "wb") as log:
        monitor = subprocess.Popen([BINARY, "node", "--roles", "ingest,monitor"], cwd=folder, stdout=log, stderr=log,
                                   env={**plain_environment(), **settings})
    try:
        metrics = lambda: store.http.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text  # noqa: E731
        seen = "SELECT count(DISTINCT vm) FROM vm_samples WHERE memory_used_bytes IS NOT NULL"
        wait_until(lambda: store.sql(seen)[0][0] == len(names), 60, "every machine was read from inside", poll=0.5)
        time.sleep(asked.interval)
        before, begin, (cpu, _) = metrics(), time.time(), cost(monitor.pid)
        time.sleep(asked.seconds)
        after, end, (cpu_after, memory) = metrics(), time.time(), cost(monitor.pid)
        time.sleep(3)
        assert is_running(monitor.pid)
    finally:
        monitor.terminate()
        monitor.wait(30)
    return report(asked, names, store, (before, after), (begin, end), 100 * (cpu_after - cpu) / (end - begin), memory)


def report(asked, names, store, metrics, time_span, core, memory):
    counts = dict(store.sql(
        "SELECT vm, count(*) FROM vm_samples WHERE ts >= to_timestamp(%s) AND ts < to_timestamp(%s)"
        " AND memory_used_bytes IS NOT NULL AND cpu_percent IS NOT NULL GROUP BY vm", *time_span))
    least = int((time_span[1] - time_span[0]) / asked.interval)
    missed = [name for name in names if counts.get(name, 0) < least]
    late = [histogram(text, "agentmon_vm_poll_late_seconds") for text in metrics]
    took = [histogram(text, "agentmon_vm_poll_seconds") for text in metrics]
    late_99, took_99 = at_most(*late, 0.99), at_most(*took, 0.99)
    print(f"machines {len(names)}, interval {asked.interval} s, measured for {time_span[1] - time_span[0]:.0f} s")
    print(f"readings {sum(counts.values())}; machines with fewer than {least}: {len(missed)} {missed[:5]}")
    print(f"processor {core:.1f} % of one core (at most {MOST_CORE})")
    print(f"memory {memory:.0f} MB (at most {MOST_MEMORY})")
    print(f"late p99 <= {late_99} s (at most {MOST_LATE}), a reading takes p99 <= {took_99} s")
    good = not missed and core < MOST_CORE and memory < MOST_MEMORY and late_99 <= MOST_LATE
    print("good" if good else "NOT good")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
