"""openclaw-registry.schema.json and `agentmon vms check` must agree on every file, and say what is wrong where."""

import copy
import json
import re
import subprocess

import pytest

from contract import schema_errors
from harness import BINARY, ROOT, plain_environment

WHOLE = {
    "name": "zap",
    "libvirt": {"uri": "qemu:///system", "domain": "zap"},
    "ssh": {"host": "192.168.122.10", "port": 22, "user": "openclaw", "key": "~/.ssh/id", "known_hosts": "/etc/hosts"},
    "gateway": {"port": 18789, "unit": "openclaw-gateway.service"},
    "poll_interval": "30s",
    "labels": {"owner": "ops"},
    "thresholds": {"disk_percent": 95, "gateway_not_listening_seconds": 180},
}


def check(folder, text):
    """(exit status, all that `agentmon vms check` says)."""
    path = folder / "registry.json"
    path.write_bytes(text if isinstance(text, bytes) else json.dumps(text).encode())
    done = subprocess.run([BINARY, "vms", "check", path], cwd=folder, env={**plain_environment(), "HOME": "/home/me"},
                          capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


def changed(path, value):
    """The whole entry with one place changed; ... takes it away."""
    entry = copy.deepcopy(WHOLE)
    *above, key = path.split(".")
    place = entry
    for name in above:
        place = place[name]
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return entry


ODD = [None, True, -1, 1.5, "", "x", "x" * 128, "x" * 129, "a\tb", [], {}]
PLACES = ["name", "libvirt", "libvirt.uri", "libvirt.domain", "ssh", "ssh.host", "ssh.port", "ssh.user", "ssh.key",
          "ssh.known_hosts", "gateway", "gateway.port", "gateway.unit", "poll_interval", "labels", "labels.owner",
          "thresholds", "thresholds.disk_percent"]
ENTRIES = {
    "libvirt.uri": ["qemu+ssh://me@host/system?keyfile=/" + "k" * 200, "x" * 1024, "x" * 1025, "a b", "qemu://h\u00f6st/"],
    "ssh.port": [0, 1, 65535, 65536],
    "ssh.key": ["/a", "~/a", "~", "a/b", "./a", "~me/a", "${HOME}/a"],
    "ssh.known_hosts": ["/a", "a"],
    "poll_interval": ["1s", "999ms", "1000ms", "1h", "60m", "61m", "2h", "3601s", "0s", "30", "30 s", "30s\n", "1d"],
    "thresholds.disk_percent": [0, 1e9, 1.1e9, "90"],
    "unknown": ["kept"],
}
CASES = [(path, value) for path in PLACES for value in [..., *ODD]]
CASES += [(path, value) for path, values in ENTRIES.items() for value in values]


@pytest.mark.parametrize("path", sorted({path for path, _ in CASES}))
def test_schema_and_program_agree(path, tmp_path):
    for place, value in CASES:
        if place != path:
            continue
        entry = changed(place, value)
        wrong = schema_errors("openclaw-registry.schema.json", {"instances": [entry]})
        status, said = check(tmp_path, {"instances": [entry]})
        assert (status == 0) == (not wrong), f"{place}={value!r}: the schema says {wrong}, the program {said}"


@pytest.mark.parametrize("document", [[], {}, {"instances": {}}, {"instances": [1]}, {"instances": []}, "text", None])
def test_the_document_itself(document, tmp_path):
    wrong = schema_errors("openclaw-registry.schema.json", document)
    assert (check(tmp_path, document)[0] == 0) == (not wrong)


def test_all_faults_are_told_at_once_with_entry_and_field(tmp_path):
    status, said = check(tmp_path, {"instances": [
        WHOLE, {**WHOLE, "ssh": {"port": 99999}}, {"name": "calm", "thresholds": {"disk": 3}, "poll_interval": "2h"}]})
    assert status == 1
    for words in ("instances[1] (zap).name: is the name of instances[0], too", "instances[1] (zap).ssh.host: is missing",
                  "instances[1] (zap).ssh.port: must be", "instances[2] (calm).thresholds.disk: there is no such",
                  "instances[2] (calm).poll_interval: must be"):
        assert words in said


def test_unknown_keys_are_told_and_left_alone(tmp_path):
    status, said = check(tmp_path, {"instances": [{**WHOLE, "ssh": {**WHOLE["ssh"], "prot": 22}}], "more": 1})
    assert status == 0
    assert "instances[0] (zap).ssh.prot: means nothing here" in said
    assert "more: means nothing here" in said


def test_what_is_no_json_is_told_with_its_line(tmp_path):
    status, said = check(tmp_path, b'{\n "instances": [\n  {"name" 1}\n]}')
    assert status == 1 and "line 3 is no JSON" in said
    assert check(tmp_path, b"\xff")[0] == 1


def test_the_example_of_the_schema_is_right(tmp_path):
    schema = json.loads((ROOT / "schema" / "openclaw-registry.schema.json").read_text())
    for example in schema["examples"]:
        assert check(tmp_path, example)[0] == 0


def test_the_documented_rules_are_those_of_the_program(tmp_path):
    documented = re.findall(r"^\| `(\w+)` \| (\d+) s \| (\w+) \|", (ROOT / "docs" / "machines.md").read_text(), re.M)
    coded = re.findall(r'rule\{"(\w+)",\s*[\d.]+,\s*[^,]+,\s*(\d+)s,\s*verdict::(\w+),',
                       (ROOT / "monitor" / "rules.cpp").read_text())
    assert documented == coded
    thresholds = {f"{name}_seconds": 1 for name, _, _ in documented}
    assert check(tmp_path, {"instances": [{"name": "zap", "thresholds": thresholds}]})[0] == 0
