"""Makes the programs that the clients of subprojects/agentmon-sdk are tried with: the example of each README, the
flood, 10,000 events from 50 threads or tasks, and the example that leaves closing to the end of the program (not in Go).
Each function gives these commands."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile

import pytest

from harness import ROOT

SDK = ROOT / "subprojects" / "agentmon-sdk"


def example(language, fence):
    """The program in a README: its first block of that language."""
    readme = (SDK / language / "README.md").read_text()
    return re.search(rf"^```{fence}\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)[1]


def unclosed(program):
    """Without the line that closes the emitter."""
    return re.sub(r"^.*\bemitter\.close\(\).*\n", "", program, flags=re.MULTILINE)


def run(*command, folder, **environment):
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, text=True, capture_output=True,
                          timeout=600)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def need(*programs):
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")


def python(folder):
    program = folder / "example.py"
    program.write_text(example("python", "python"))
    (folder / "unclosed.py").write_text(unclosed(program.read_text()))
    path = ["env", f"PYTHONPATH={SDK / 'python'}", sys.executable]
    return [*path, program], [*path, SDK / "python/tests/flood.py"], [*path, folder / "unclosed.py"]


def go(folder):
    need("go")
    (folder / "main.go").write_text(example("go", "go"))
    (folder / "go.mod").write_text(
        f"module example\n\ngo 1.19\n\nrequire agentmon v0.0.0\n\nreplace agentmon => {SDK / 'go'}\n")
    run("go", "build", "-buildvcs=false", "-o", folder / "example", ".", folder=folder, GOPROXY="off")
    run("go", "build", "-buildvcs=false", "-o", folder / "flood", "./tests/flood", folder=SDK / "go", GOPROXY="off")
    return [folder / "example"], [folder / "flood"], None


def typescript(folder):
    need("node", "esbuild")
    source = folder / "example.ts"
    source.write_text(example("typescript", "ts"))
    (folder / "unclosed.ts").write_text(unclosed(source.read_text()))
    for program in (source, folder / "unclosed.ts", SDK / "typescript/tests/flood.ts"):
        run("esbuild", program, "--bundle", "--platform=node", "--target=node18", "--format=esm", f"--outdir={folder}",
            f"--alias:agentmon={SDK / 'typescript/agentmon.ts'}", "--out-extension:.js=.mjs", "--log-level=warning",
            folder=folder)
    return ["node", folder / "example.mjs"], ["node", folder / "flood.mjs"], ["node", folder / "unclosed.mjs"]


CONSUMER = """project('consumer', 'cpp', default_options: ['cpp_std=c++20'])
sdk = dependency('agentmon-sdk')
foreach name : ['example', 'flood', 'unclosed']
  executable(name, name + '.cpp', dependencies: sdk)
endforeach
"""


def cpp(folder):
    """By a project that knows the SDK as a wrap only, made as the README says."""
    need("meson", "ninja", "c++")
    packages = folder / "subprojects" / "packagefiles"
    packages.mkdir(parents=True)
    with tarfile.open(packages / "agentmon-sdk.tar.gz", "w:gz") as archive:
        archive.add(SDK, "agentmon-sdk")
    digest = hashlib.sha256((packages / "agentmon-sdk.tar.gz").read_bytes()).hexdigest()
    wrap = example("cpp", "ini").replace("what sha256sum says", digest)
    (folder / "subprojects" / "agentmon-sdk.wrap").write_text(wrap)
    (folder / "meson.build").write_text(CONSUMER)
    (folder / "example.cpp").write_text(example("cpp", "cpp"))
    (folder / "unclosed.cpp").write_text(unclosed(example("cpp", "cpp")))
    shutil.copy(SDK / "cpp/tests/flood.cpp", folder)
    run("meson", "setup", "build", "--wrap-mode=nodownload", folder=folder)
    run("ninja", "-C", "build", "example", "flood", "unclosed", folder=folder)
    return [folder / "build/example"], [folder / "build/flood"], [folder / "build/unclosed"]


MAKERS = {"python": python, "go": go, "typescript": typescript, "cpp": cpp}
