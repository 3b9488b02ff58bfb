#!/usr/bin/python3
"""Checks C++ sources one by one, two at a time: check_sources.py headers|tidy

headers: every header compiles alone (ccache remembers those that did).
tidy:    clang-tidy finds nothing in any source of the product; one that passed, in whatever clone, is looked at again only
         after it, a header of ours that it includes, or .clang-tidy has changed (marks in ~/.cache/agentmon-tidy).
Exit status 1 when something was found. Run from the project's root after a build.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path.cwd()
BUILD = ROOT / "build"
JOBS = 2


def compile_commands():
    """Our own sources (those below the root, outside the build folder) with the command that compiles each."""
    commands = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        source = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        if source.is_relative_to(ROOT) and not source.is_relative_to(BUILD) and source.suffix == ".cpp":
            commands[source] = entry
    return commands


def run_all(jobs):
    """Runs [(name, command, on_success)]; prints what a failing one says; True when all are fine."""
    fine = True

    def run(job):
        return job, subprocess.run(job[1], cwd=BUILD, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run, job) for job in jobs]):
            (name, _, on_success), result = done.result()
            if result.returncode == 0:
                on_success()
            else:
                fine = False
                print(f"{name}:\n{result.stdout}", flush=True)
    return fine


def flags_only(command):
    """A compiler's command without its source, its outputs and their dependency files."""
    words = shlex.split(command)
    flags = []
    while words:
        word = words.pop(0)
        if word in ("-o", "-c", "-MQ", "-MF"):
            words.pop(0)
        elif word != "-MD":
            flags.append(word)
    return flags


def check_headers(commands):
    folder = BUILD / "headers"
    folder.mkdir(exist_ok=True)
    jobs = []
    for header in sorted({header for source in commands for header in source.parent.glob("*.hpp")}):
        neighbour = next(source for source in commands if source.parent == header.parent)
        name = header.relative_to(ROOT)
        alone = folder / (str(name).replace("/", "-") + ".cpp")
        text = f'#include "{header}"\n'
        if not alone.exists() or alone.read_text() != text:
            alone.write_text(text)
        command = flags_only(commands[neighbour]["command"]) + ["-O0", "-c", str(alone), "-o", f"{alone}.o"]
        jobs.append((name, command, lambda: None))
    print(f"{len(jobs)} headers", flush=True)
    return run_all(jobs)


def own_dependencies():
    """What ninja knows each object was made from: {object: [our files]}."""
    listing = subprocess.run(["ninja", "-C", str(BUILD), "-t", "deps"], capture_output=True, text=True, check=True).stdout
    dependencies = {}
    files = []
    for line in listing.splitlines():
        if line.startswith("    "):
            path = (BUILD / line.strip()).resolve()
            if path.is_relative_to(ROOT) and path.is_file():
                files.append(path)
        elif ": #deps" in line:
            files = dependencies.setdefault(line.split(": #deps")[0], [])
    return dependencies


def check_tidy(commands):
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "agentmon-tidy"
    folder.mkdir(parents=True, exist_ok=True)
    dependencies = own_dependencies()
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True, check=True).stdout
    general = hashlib.sha256((version + (ROOT / ".clang-tidy").read_text()).encode())
    jobs = []
    for source, entry in sorted(commands.items()):
        if source.is_relative_to(ROOT / "tests"):
            continue
        stamp = general.copy()
        stamp.update(" ".join(flags_only(entry["command"])).encode())
        for path in sorted({source, *dependencies.get(entry["output"], [])}):
            stamp.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
        mark = folder / stamp.hexdigest()
        if mark.exists():
            continue
        command = ["clang-tidy", "-p", str(BUILD), "--quiet", "--extra-arg=-Wno-unknown-warning-option", str(source)]
        jobs.append((source.relative_to(ROOT), command, mark.touch))
    print(f"{len(jobs)} sources have changed", flush=True)
    return run_all(jobs)


def main():
    check = {"headers": check_headers, "tidy": check_tidy}[sys.argv[1]]
    sys.exit(0 if check(compile_commands()) else 1)


if __name__ == "__main__":
    main()
