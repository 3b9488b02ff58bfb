"""The systemd units: systemd takes them, and they are as closed as the docs say."""

import re
import shutil
import subprocess

import pytest

from harness import BINARY, ROOT, plain_environment

UNITS = ROOT / "deploy/systemd"
ALL = ["agentmon.service", *(f"agentmon@{role}.service" for role in ("ingest", "processor", "query", "ui", "monitor"))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A root folder with the units as the package installs them (debian/agentmon.install), and a program."""
    root = tmp_path_factory.mktemp("root")
    for line in (ROOT / "debian/agentmon.install").read_text().splitlines():
        source, target = line.split()
        if "systemd" in target:
            (root / target).mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, root / target)
    return root / "lib/systemd/system"


def test_systemd_takes_them(folder):
    for unit in folder.glob("*.service"):
        unit.write_text(unit.read_text().replace("/usr/bin/agentmon", str(BINARY)))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *ALL], text=True, capture_output=True, timeout=60,
                          env={**plain_environment(), "SYSTEMD_UNIT_PATH": f"{folder}:"})
    # What it has to say of the machine's own units is not ours.
    said = [line for line in done.stderr.splitlines() if "agentmon" in line or str(folder) in line]
    assert not said, "\n".join(said)


@pytest.mark.parametrize("unit", ALL)
def test_they_are_as_closed_as_the_docs_say(folder, unit):
    promised = float(re.search(r"`systemd-analyze security`.*?\b(\d\.\d)\b", (ROOT / "docs/security.md").read_text(),
                               re.DOTALL)[1])
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", f"--root={folder.parents[2]}",
                           unit], text=True, capture_output=True, timeout=60)
    score = float(re.search(r"Overall exposure level for .*?: (\d+\.\d+)", done.stdout + done.stderr)[1])
    assert score <= promised, done.stdout[-3000:]


@pytest.mark.parametrize("unit", ["agentmon.service", "agentmon@.service"])
def test_the_program_knows_what_they_tell_it(unit):
    text = (UNITS / unit).read_text().replace("%i", "ingest").replace("%H", "host")
    _, *flags = re.search(r"^ExecStart=/usr/bin/agentmon (.*)$", text, re.MULTILINE)[1].split()
    told = dict(word.split("=", 1) for line in re.findall(r"^Environment=(.*)$", text, re.MULTILINE)
                for word in line.split())
    done = subprocess.run([BINARY, "config", *flags], env={**plain_environment(), "HOME": "/", **told}, cwd="/",
                          text=True, capture_output=True, timeout=10)
    assert done.returncode == 0, done.stderr
