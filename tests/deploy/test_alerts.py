"""deploy/alerts.yaml: Prometheus takes it, and it asks for nothing that agentmon does not tell."""

import re
import shutil
import subprocess

import pytest
import yaml

from harness import ROOT

RULES = ROOT / "deploy/alerts.yaml"


def test_prometheus_takes_it():
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    done = subprocess.run(["promtool", "check", "rules", RULES], text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_metrics_exist(system):
    told = system.get("/metrics", "gateway").text
    groups = yaml.safe_load(RULES.read_text())["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        for name in re.findall(r"\bagentmon_\w+", rule["expr"]):
            assert re.search(rf"^{name}(\{{| )", told, re.MULTILINE), f"{rule['alert']}: {name}"
