"""deploy/compose.yaml, the Dockerfile and deploy/k8s: all that can be seen without a container engine or a cluster."""

import base64
import os
import re
import shutil
import subprocess

import pytest
import yaml

from harness import BINARY, ROOT, plain_environment

DEPLOY = ROOT / "deploy"
K8S = DEPLOY / "k8s"
#: By the original's names: the role and the port of each; 8083 is for /healthz, /readyz and /metrics only.
SERVICES = {"ingest": ("ingest", 8080), "query": ("query", 8081), "ui": ("ui", 8082), "processor": ("processor", 8083),
            "openclaw-monitor": ("monitor", 8083)}
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
USER = 10001


def accepted_settings(environment):
    """What `agentmon config` says is in force; it refuses a variable or a value that it does not know."""
    done = subprocess.run([BINARY, "config"], env={**plain_environment(), "HOME": "/", **environment}, cwd="/", text=True,
                          capture_output=True, timeout=10)
    assert done.returncode == 0, done.stderr
    return dict(line.split("  # ")[0].split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def image_environment():
    """What the Dockerfile sets."""
    words = re.search(r"^ENV (.*)$", DOCKERFILE, re.MULTILINE)[1].split()
    return dict(word.split("=", 1) for word in words)


# -- the image -------------------------------------------------------------------------------------------------------

def test_the_image_copies_and_runs_what_exists():
    for source in re.findall(r"^COPY (?!--)(\S+) ", DOCKERFILE, re.MULTILINE):
        assert (ROOT / source).exists(), source
    for script in re.findall(r"^RUN (scripts/\S+|deploy/\S+)", DOCKERFILE, re.MULTILINE):
        assert os.access(ROOT / script, os.X_OK), script
    assert (DEPLOY / "Dockerfile.dockerignore").exists()
    accepted_settings(image_environment())


def test_the_image_is_not_roots_and_has_a_health_check():
    stages = DOCKERFILE.split("\nFROM ")
    assert len(stages) == 3, "one that builds, one that is kept"
    assert re.search(rf"^USER {USER}:{USER}$", stages[2], re.MULTILINE) and f"--uid {USER}" in stages[2]
    assert re.search(r'HEALTHCHECK .*CMD \["agentmon", "doctor"\]', stages[2])


# -- compose ---------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def compose():
    """compose.yaml with its variables filled in, as Compose itself understands it."""
    program = shutil.which("docker-compose")
    if not program:
        pytest.skip("docker-compose is not installed")
    done = subprocess.run([program, "-p", "agentmon", "-f", DEPLOY / "compose.yaml", "config"], env=plain_environment(),
                          text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def test_compose_has_the_services_with_their_ports(compose):
    assert set(compose["services"]) == {*SERVICES, "nats", "postgres"}
    published = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert published == {name: [f"127.0.0.1:{port}:{port}/tcp"] if port != 8083 else []
                         for name, (_, port) in SERVICES.items()} | {"nats": [], "postgres": []}


@pytest.mark.parametrize("name", SERVICES)
def test_compose_settings_are_known(compose, name):
    service = compose["services"][name]
    settings = accepted_settings({**image_environment(), **service["environment"]})
    role, port = SERVICES[name]
    assert settings["AGENTMON_ROLES"] == role
    assert settings["NATS_URL"].endswith("@nats:4222") and "@postgres:5432/" in settings["DATABASE_URL"]
    assert name != "ui" or settings["AGENTMON_QUERY_BASE"] == f"http://query:{SERVICES['query'][1]}"
    assert os.path.samefile(service["build"]["context"], ROOT)
    assert (ROOT / service["build"]["dockerfile"]).exists()
    assert set(service["depends_on"]) == {"nats", "postgres"}


def test_compose_keeps_what_was_accepted(compose):
    volumes = {name: [volume.split(":")[0] for volume in service.get("volumes", [])]
               for name, service in compose["services"].items()}
    for name, volume in {"ingest": "ingest", "openclaw-monitor": "monitor", "nats": "nats", "postgres": "postgres"}.items():
        assert volume in volumes[name] and volume in compose["volumes"]
    assert (DEPLOY / "openclaw").is_dir(), "what openclaw-monitor mounts unless told otherwise"


def test_make_up_uses_it():
    done = subprocess.run(["make", "--dry-run", "up", "ENGINE=docker"], cwd=ROOT, text=True, capture_output=True, timeout=10)
    file = re.search(r"^docker compose -p agentmon -f (\S+) up .*--wait$", done.stdout, re.MULTILINE)
    assert file and (ROOT / file[1]).exists(), done.stdout + done.stderr


# -- kubernetes ------------------------------------------------------------------------------------------------------

def documents(name):
    return [one for one in yaml.safe_load_all((K8S / name).read_text()) if one]


def merged(base, more):
    """As kustomize merges: maps by key, lists of things with names by name, anything else is replaced."""
    if isinstance(base, dict) and isinstance(more, dict):
        return base | {key: merged(base[key], value) if key in base else value for key, value in more.items()}
    if isinstance(base, list) and isinstance(more, list) and all(isinstance(one, dict) for one in base + more):
        ours = {one["name"]: one for one in base}
        return list((ours | {one["name"]: merged(ours.get(one["name"], {}), one) for one in more}).values())
    return more


@pytest.fixture(scope="module")
def cluster():
    """All objects by kind and name, with the patch of the common parts in them."""
    kustomization, = documents("kustomization.yaml")
    (patch,) = kustomization["patches"]
    (common,) = documents(patch["path"])
    key, value = patch["target"]["labelSelector"].split("=")
    found = {}
    for name in kustomization["resources"]:
        for one in documents(name):
            if one["metadata"].get("labels", {}).get(key) == value:
                one["spec"] = merged(one["spec"], common["spec"])
            found[one["kind"], one["metadata"]["name"]] = one
    return found


def workloads(cluster):
    return {name: one for (kind, name), one in cluster.items() if kind in ("Deployment", "StatefulSet")}


def test_every_service_leads_to_a_port_of_its_pods(cluster):
    services = {name: one for (kind, name), one in cluster.items() if kind == "Service"}
    pods = {name: one["spec"]["template"] for name, one in workloads(cluster).items()}
    assert set(pods) == {*SERVICES, "nats", "postgres"}
    for name, service in services.items():
        labels = pods[name]["metadata"]["labels"]
        assert service["spec"]["selector"].items() <= labels.items()
        (container,) = pods[name]["spec"]["containers"]
        for port in service["spec"].get("ports", []):
            assert {"name": port["name"], "containerPort": port["port"]} in container["ports"]
    for name, one in workloads(cluster).items():
        assert one["spec"]["selector"]["matchLabels"].items() <= pods[name]["metadata"]["labels"].items()
        assert one["kind"] == "Deployment" or one["spec"]["serviceName"] in services


@pytest.mark.parametrize("name", [*SERVICES, "nats", "postgres"])
def test_a_pod_has_what_it_refers_to_and_is_not_root(cluster, name):
    one = workloads(cluster)[name]["spec"]
    pod = one["template"]["spec"]
    (container,) = pod["containers"]
    volumes = {each["name"]: each for each in pod.get("volumes", [])}
    volumes |= {each["metadata"]["name"]: each for each in one.get("volumeClaimTemplates", [])}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    ports = {port["name"] for port in container.get("ports", [])}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        if "httpGet" in container.get(probe, {}):
            assert container[probe]["httpGet"]["port"] in ports


@pytest.mark.parametrize("name", SERVICES)
def test_what_the_pods_are_told_is_known(cluster, name):
    role, port = SERVICES[name]
    pod = workloads(cluster)[name]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    secrets = dict(line.split("=", 1) for line in (K8S / "secrets.env.example").read_text().split())
    own = {each["name"]: each["value"] for each in container.get("env", [])}
    accepted_settings({**image_environment(), **secrets, **own})
    assert pod["enableServiceLinks"] is False, "their variables would be unknown settings"
    assert container["args"][:3] == ["node", "--roles", role]
    done = subprocess.run([BINARY, "config", *container["args"][1:]], env={**plain_environment(), "HOME": "/"}, cwd="/",
                          text=True, capture_output=True, timeout=10)
    assert done.returncode == 0, done.stderr
    assert [container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")] == [
        "/healthz", "/healthz", "/readyz"]
    assert container["ports"] == [{"name": "http", "containerPort": port}]
    assert pod["securityContext"]["runAsUser"] == USER


def test_kustomize_takes_it(tmp_path):
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    shutil.copytree(K8S, tmp_path / "k8s")
    shutil.copy(K8S / "secrets.env.example", tmp_path / "k8s/secrets.env")
    done = subprocess.run(["kubectl", "kustomize", tmp_path / "k8s"], text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    made = [one for one in yaml.safe_load_all(done.stdout) if one]
    (secret,) = [one for one in made if one["kind"] == "Secret"]
    assert base64.b64decode(secret["data"]["DATABASE_URL"]).startswith(b"postgresql://")
    (schema,) = [one for one in made if one["kind"] == "ConfigMap"]
    assert schema["data"]["postgres.sql"] == (K8S / "postgres.sql").read_text()
    images = {container["image"] for one in made if one["kind"] in ("Deployment", "StatefulSet")
              for container in one["spec"]["template"]["spec"]["containers"]}
    version = re.search(r"version: '(.*)'", (ROOT / "meson.build").read_text())[1]
    assert f"agentmon:{version}" in images
