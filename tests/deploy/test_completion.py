"""deploy/completion/agentmon: what bash proposes."""

import shlex
import subprocess

import pytest

from harness import BINARY, ROOT

FILE = ROOT / "deploy/completion/agentmon"


def proposed(line):
    """For a command line whose last word is begun."""
    words = line.split(" ")
    script = (f"source {shlex.quote(str(FILE))}; COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}\n"
              f'_agentmon {shlex.quote(str(BINARY))} {shlex.quote(words[-1])}; printf "%s\\n" "${{COMPREPLY[@]}}"')
    done = subprocess.run(["bash", "-c", script], text=True, capture_output=True, timeout=20)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("line, words", [
    ("agentmon ke", ["keys"]), ("agentmon help ex", ["export"]), ("agentmon keys ", ["create", "list", "revoke", "export"]),
    ("agentmon hooks st", ["status"]), ("agentmon keys create laptop --sc", ["--scope"]), ("agentmon up --query-ad", ["--query-addr"]),
    ("agentmon export ", []), ("agentmon nonsense --jso", [])])
def test_it_proposes_what_help_lists(line, words):
    assert proposed(line) == words


def test_every_command_is_proposed():
    assert {"up", "node", "shell", "backup", "version", "help"} <= set(proposed("agentmon "))
