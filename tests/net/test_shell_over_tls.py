"""The operator's shell on one host, attached over TLS to a node on another one."""

import json
import re
import subprocess

import pytest

from authority import Authority
from events import Story
from harness import BINARY, plain_environment
from three_hosts import Site
from waiting import wait_until

OK, PROBLEM, UNREACHABLE, USAGE = 0, 1, 2, 64


@pytest.fixture(scope="module")
def site(authority):
    with Site(authority) as made:
        yield made


@pytest.fixture(scope="module")
def story(site):
    made = Story()
    site.edge.accept(made.events)
    site.wait_stored(made.events)
    return made


def shell(site, to, commands, files):
    """From host A; that host's own node has no part in it."""
    with site.hosts[0].entered():
        return subprocess.run([BINARY, "shell", to, "-c", commands], cwd=site.edge.folder, text=True, timeout=60,
                              env={**plain_environment(), **files, "AGENTMON_CONTROL_ADDR": "none"}, capture_output=True)


def shown(site, to, commands):
    done = shell(site, to.control, commands, site.settings_of("operator"))
    assert done.returncode == OK, f"{commands} ended with {done.returncode}: {done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_command_reaches_the_node_that_can_do_it(site, story):
    commands = {
        "nodes": r"^c +alive +query,ui ",
        "tree": r"^a  alive(.|\n)*^b  alive(.|\n)*^c  alive|^b  alive(.|\n)*^a  alive",
        "tree a": r"└─ monitor|├─ monitor",
        "ps": r"^a +gate +ingest +up ",
        "why a/gate": r"^a/gate: up for",
        "restart c/reader-1": "reader-1 on c is started anew",
        "restart thinner": "thinner on b is started anew",
        "sessions": rf"^{story.session_id} ",
        f"session {story.session_id}": rf"^{story.run_ids[0]} ",
        f"run {story.run_ids[1]}": rf"^span-{story.tag}-",
        "vms": "^MACHINE",
        "lag": r"^b +[0-9.]+ +",
        "log debug a/journal": "on a, journal logs at level debug",
        "log info c/": "c logs at level info",
        "config c": r"^AGENTMON_NODE +c ",
        "verify": "all is as the events say",
    }
    for line, shows in commands.items():
        said = shown(site, site.processor, line)
        assert re.search(shows, said, re.MULTILINE), f"{line} shows\n{said}"
        json.loads(shown(site, site.processor, line + " --json"))
    assert {node["name"] for node in json.loads(shown(site, site.viewer, "nodes --json"))["nodes"]} == {"a", "b", "c"}


def test_a_node_stays_while_its_membership_is_started_anew(site):
    assert "membership on c is started anew" in shown(site, site.processor, "restart c/membership")
    wait_until(lambda: re.search(r"^c +membership .* 1 ", shown(site, site.processor, "ps c"), re.MULTILINE), 10, "it is up")
    assert re.search(r"^c +alive ", shown(site, site.processor, "nodes"), re.MULTILINE)


def test_what_cannot_be_done_is_told(site):
    for line, status, says in (("poll zap", PROBLEM, "no node that is reached watches a machine \"zap\""),
                               ("verify a", PROBLEM, "a has no PostgreSQL"),
                               ("restart log-port", PROBLEM, "there is no actor log-port"),
                               ("drain query", USAGE, "c has other roles, too (query,ui)")):
        done = shell(site, site.processor.control, line, site.settings_of("operator"))
        assert done.returncode == status and says in done.stderr, f"{line}: {done.returncode}: {done.stderr}"
    assert "b,c" in shell(site, site.edge.control, "restart operations", site.settings_of("operator")).stderr


def test_who_is_not_of_this_ca_is_refused_with_a_sentence(site, tmp_path, authority):
    stranger = Authority(tmp_path)
    expired = authority.expired("late")
    for files, status, says in ((stranger.settings("operator"), UNREACHABLE, "same CA"),
                                ({}, USAGE, "needs TLS"),
                                (expired, USAGE, "expired")):
        done = shell(site, site.processor.control, "nodes", files)
        assert done.returncode == status and says in done.stderr, f"{done.returncode}: {done.stderr}"
        assert done.stdout == "" and len(done.stderr.splitlines()) == 1


def test_drain_of_a_role_stops_those_that_have_it_alone(site, story):
    second = site.node("b2", ["processor"], [site.viewer], site.hosts[2], **site.servers)
    said = shown(site, site.processor, "drain processor")
    assert said.index("b2 has stopped") < said.index("b has stopped"), "the one that is attached comes last"
    for node in (second, site.processor):
        assert node.process.wait(30) == 0
    wait_until(lambda: re.search(r"^b +stopped ", shown(site, site.viewer, "nodes"), re.MULTILINE), 10, "it is known")
    more = Story()
    site.edge.accept(more.events)
    site.processor.start()
    site.wait_stored(more.events)
