"""debian/: what can be said of the package without building it. tests/package builds, installs and upgrades it."""

import re
import subprocess

from harness import ROOT

CONTROL = (ROOT / "debian/control").read_text()
#: Of what set-up.sh installs, not for building.
ONLY_TO_RUN = {"ccache", "nats-server", "postgresql", "curl", "ca-certificates", "procps"}


def test_it_is_built_with_what_the_set_up_installs():
    done = subprocess.run([ROOT / "scripts/set-up.sh", "--list"], text=True, capture_output=True, timeout=30, check=True)
    installed = set(done.stdout.split())
    field = re.search(r"^Build-Depends: debhelper-compat \(= 13\),\n((?: .*\n)+)", CONTROL, re.MULTILINE)[1]
    needed = {each.strip() for each in field.split(",")}
    assert needed == installed - ONLY_TO_RUN | {"nodejs"}


def test_its_version_is_the_programs():
    version = re.search(r"version: '(.*)'", (ROOT / "meson.build").read_text())[1]
    assert re.match(rf"agentmon \({re.escape(version)}\)", (ROOT / "debian/changelog").read_text())


def test_the_settings_it_changes_exist():
    example = (ROOT / ".env.example").read_text()
    for line in re.findall(r"s\|\^#(\w+)=", (ROOT / "debian/rules").read_text()):
        assert f"\n#{line}=" in example, line
