"""The Ansible tasks that deploy OpenClaw's hook, run over ssh on two machines."""

import json
import os
import pathlib
import re
import subprocess
import tempfile

from harness import ROOT, plain_environment
from machines import Sshd, program

#: Notes how it was called and, as OpenClaw does, what it was told to set; enables no hook while a file is there.
OPENCLAW = """#!/bin/sh
echo "$@" >> ~/calls
if test "$1" = hooks && test -e ~/broken; then exit 1; fi
if test "$1" = config; then echo "{\\"$3\\": $4}" > ~/.openclaw/openclaw.json; fi
"""
CALLS = ["hooks enable agentmon", "plugins install --link {home}/.openclaw/hooks/agentmon --force --accept-capabilities",
         "config set plugins.entries.agentmon.hooks.allowConversationAccess true"]


def hook_files(folder):
    """The text of every file in a hook's folder."""
    found = {}
    for where, _, names in os.walk(folder, followlinks=True):
        found |= {str((pathlib.Path(where) / name).relative_to(folder)): (pathlib.Path(where) / name).read_text()
                  for name in names}
    assert len(found) > 20
    return found


class Fleet:
    """Machines with an OpenClaw, each with a home folder of its own, and the play for them."""

    def __init__(self, folder, names):
        self.folder = folder
        self.homes = {name: folder / name for name in names}
        self.servers = {}
        self.sockets = tempfile.TemporaryDirectory()  # their names must be short
        self.variables = {"agentmon_ingest_url": "http://gateway:8080", "agentmon_ingest_token": "first-token",
                          "agentmon_hook_source": f"{ROOT}/hooks/agentmon/", "agentmon_restart": "touch restarted"}

    def __enter__(self):
        for name, home in self.homes.items():
            self.servers[name] = Sshd(home)
            (home / "bin").mkdir()
            (home / "bin/openclaw").write_text(OPENCLAW)
            (home / "bin/openclaw").chmod(0o700)
            (home / ".openclaw").mkdir()
            (home / ".openclaw/.env").write_text("OTHER=1\n")
        return self

    def __exit__(self, *_):
        for server in self.servers.values():
            server.stop()
        self.sockets.cleanup()

    def inventory(self):
        hosts = {}
        for name, server in self.servers.items():
            place = server.place()
            hosts[name] = {
                "ansible_host": place["host"], "ansible_port": place["port"], "ansible_user": place["user"],
                "ansible_ssh_private_key_file": place["key"], "ansible_python_interpreter": "/usr/bin/python3",
                "ansible_ssh_common_args": f"-o UserKnownHostsFile={place['known_hosts']}", "ansible_pipelining": True,
                "ansible_remote_tmp": str(self.homes[name] / ".ansible"), "home": str(self.homes[name])}
        return {"all": {"hosts": hosts}}

    def deploy(self):
        """What Ansible says of each machine: how many tasks changed something and how many failed."""
        (self.folder / "inventory.json").write_text(json.dumps(self.inventory()))
        play = {"hosts": "all", "vars": self.variables,
                "environment": {"HOME": "{{ home }}", "PATH": "{{ home }}/bin:/usr/bin:/bin"},
                "tasks": [{"ansible.builtin.include_tasks": str(ROOT / "hooks/ansible/openclaw.yml")}]}
        (self.folder / "play.yml").write_text(json.dumps([play]))
        environment = {**plain_environment(), "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"],
                       "ANSIBLE_SSH_CONTROL_PATH_DIR": self.sockets.name}
        done = subprocess.run([program("ansible-playbook"), "-i", "inventory.json", "play.yml"], cwd=self.folder,
                              env=environment, text=True, capture_output=True, timeout=240, stdin=subprocess.DEVNULL)
        self.said = done.stdout + done.stderr
        told = re.findall(r"^(\S+) +: .*changed=(\d+) .*unreachable=(\d+) +failed=(\d+)", done.stdout, re.MULTILINE)
        assert {one[0] for one in told} == set(self.homes), self.said
        assert all(unreachable == "0" for _, _, unreachable, _ in told), self.said
        return {name: (int(changed), int(failed)) for name, changed, _, failed in told}

    def read(self, name, file):
        return (self.homes[name] / file).read_text()

    def calls(self, name):
        file = self.homes[name] / "calls"
        return file.read_text().splitlines() if file.exists() else []


def test_what_goes_wrong_is_done_by_the_next_run_and_nothing_is_done_twice(tmp_path):
    with Fleet(tmp_path, ["claw-1", "claw-2"]) as fleet:
        broken = fleet.homes["claw-2"] / "broken"
        broken.touch()
        assert fleet.deploy() == {"claw-1": (4, 0), "claw-2": (2, 1)}, fleet.said
        assert "first-token" not in fleet.said
        assert not (fleet.homes["claw-2"] / "restarted").exists()
        broken.unlink()
        (fleet.homes["claw-2"] / "calls").unlink()
        assert fleet.deploy() == {"claw-1": (0, 0), "claw-2": (2, 0)}, fleet.said
        for name, home in fleet.homes.items():
            assert fleet.read(name, ".openclaw/.env") == (
                f"OTHER=1\nAGENTMON_INGEST_URL=http://gateway:8080\nAGENTMON_VM_NAME={name}\n"
                "AGENTMON_INGEST_TOKEN=first-token\n")
            assert (home / ".openclaw/.env").stat().st_mode & 0o777 == 0o600
            assert hook_files(home / ".openclaw/hooks/agentmon") == hook_files(ROOT / "hooks/agentmon")
            assert fleet.calls(name) == [call.format(home=home) for call in CALLS]
            (home / "restarted").unlink()
        fleet.variables["agentmon_ingest_token"] = ""
        assert fleet.deploy() == {"claw-1": (2, 0), "claw-2": (2, 0)}, fleet.said
        for name, home in fleet.homes.items():
            assert "TOKEN" not in fleet.read(name, ".openclaw/.env")
            assert (home / "restarted").exists()
            assert len(fleet.calls(name)) == len(CALLS), "nothing is enabled again"
