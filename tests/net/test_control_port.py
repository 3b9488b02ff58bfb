"""Who may reach a node: the control port against wrong certificates, garbage, and frames without end."""

import contextlib
import os
import shutil
import socket
import ssl
import struct
import subprocess

import pytest

from authority import Authority
from harness import BINARY, plain_environment
from nodes import Node, sees, wait_for_line
from processes import free_ports, status_figure


# BASP's header: operation, two unused bytes, flags, payload length, operation data, source, destination.
HEADER = struct.Struct(">BBBBIQQQ")
CLIENT_HANDSHAKE, DIRECT_MESSAGE = 1, 2


class Page(Node):
    """The role that needs no servers; its port is not ready, for there is no query port."""

    def __init__(self, name, join=(), **environment):
        super().__init__(name, ["ui"], join, **environment)

    def wait_ready(self, deadline=30):
        wait_for_line(self, ("has started",), 0, deadline)


@pytest.fixture(scope="module")
def guarded(authority):
    """A node whose control port speaks TLS."""
    with Page("guarded", **authority.settings("guarded")) as node:
        yield node


@pytest.fixture(scope="module")
def plain():
    with Page("plain") as node:
        yield node


def port_of(node):
    return int(node.control.rpartition(":")[2])


def answer_to(connection, data):
    """What comes back until the other side closes, or b"" for a reset."""
    connection.settimeout(10)
    with contextlib.suppress(OSError):
        connection.sendall(data)
    got = b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while chunk := connection.recv(4096):
            got += chunk
    return got


def tls_client(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(files["AGENTMON_CONTROL_CA"])
    context.load_cert_chain(files["AGENTMON_CONTROL_CERT"], files["AGENTMON_CONTROL_KEY"])
    return context


def is_refused(node, context):
    """TLS 1.3: the client learns at its first read that its certificate was not taken."""
    with socket.create_connection(("127.0.0.1", port_of(node)), 10) as raw:
        try:
            with context.wrap_socket(raw) as connection:
                return answer_to(connection, b"") == b""
        except (ssl.SSLError, ConnectionError):
            return True


def test_a_certificate_of_the_authority_is_let_in(guarded, authority):
    context = tls_client(authority.settings("somebody"))
    with socket.create_connection(("127.0.0.1", port_of(guarded)), 10) as raw, context.wrap_socket(raw) as connection:
        connection.settimeout(10)
        assert connection.recv(HEADER.size), "the node introduces itself"


def test_others_get_nothing_and_it_is_logged_once(guarded, authority, tmp_path):
    mark = len(guarded.log_text())
    stranger = Authority(tmp_path)
    foreign = stranger.settings("guarded")
    context = tls_client(foreign)
    context.load_verify_locations(authority.folder / "ca.crt")
    for _ in range(3):
        assert is_refused(guarded, context), "another authority's certificate"
    wait_for_line(guarded, ("refused a connection", "certificate"), mark)
    without = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    without.check_hostname = False
    without.load_verify_locations(authority.folder / "ca.crt")
    assert is_refused(guarded, without), "no certificate at all"
    expired = tls_client(authority.expired("late"))
    assert is_refused(guarded, expired), "an expired certificate"
    for words in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), HEADER.pack(CLIENT_HANDSHAKE, 0, 0, 0, 1 << 30, 0, 0, 0)):
        with socket.create_connection(("127.0.0.1", port_of(guarded)), 10) as connection:
            assert b"agentmon" not in answer_to(connection, words), "plain words on a TLS port"
    lines = [line for line in guarded.log_text()[mark:].splitlines() if "refused a connection" in line]
    assert len(lines) == len({line.partition("reason=")[2] for line in lines}), f"told more than once: {lines}"
    assert guarded.process.poll() is None


def test_a_client_that_says_nothing_costs_nothing_and_is_closed(guarded):
    with socket.create_connection(("127.0.0.1", port_of(guarded)), 10) as connection:
        connection.settimeout(15)
        assert connection.recv(1) == b"", "closed without a word"


@pytest.mark.parametrize("port", ["plain", "guarded"])
def test_frames_without_end_are_refused_and_memory_stays(request, authority, port):
    node = request.getfixturevalue(port)
    mark, before = len(node.log_text()), status_figure(node.process.pid, "VmRSS")
    for _ in range(8):
        with socket.create_connection(("127.0.0.1", port_of(node)), 10) as raw:
            connection = tls_client(authority.settings("somebody")).wrap_socket(raw) if port == "guarded" else raw
            with connection:
                answer_to(connection, HEADER.pack(CLIENT_HANDSHAKE, 0, 0, 0, 1 << 30, 0, 0, 0))
    wait_for_line(node, ("refused a connection", "1073741824 bytes"), mark)
    assert node.log_text()[mark:].count("1073741824 bytes") == 1
    assert status_figure(node.process.pid, "VmRSS") - before < 30 << 20
    assert node.process.poll() is None


def test_garbage_on_a_plain_port_is_refused(plain):
    mark, before = len(plain.log_text()), status_figure(plain.process.pid, "VmRSS")
    for words in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\xff" * 4096,
                  HEADER.pack(DIRECT_MESSAGE, 0, 0, 0, 1 << 30, 0, 0, 0)):
        with socket.create_connection(("127.0.0.1", port_of(plain)), 10) as connection:
            answer_to(connection, words * 3)
    wait_for_line(plain, ("refused a connection", "not what a node says"), mark)
    assert plain.log_text()[mark:].count("refused a connection") == 1
    assert status_figure(plain.process.pid, "VmRSS") - before < 30 << 20
    assert plain.process.poll() is None


def test_a_revoked_node_is_cut_off_and_a_rotated_one_goes_on(guarded, authority):
    with Page("revoked", [guarded], **authority.settings("revoked")) as node:
        mark = len(guarded.log_text())
        sees(guarded, node)
        authority.revoke("revoked")
        sees(guarded, node, "a node is away", mark, 15)
        wait_for_line(guarded, ("refused a connection", "does not count any more"), mark)
        mark = len(guarded.log_text())
        authority.rotate("revoked")
        sees(guarded, node, "a node is there", mark, 20)


def refusal_at_start(tmp_path, **settings):
    """What agentmon says when it does not start with these settings."""
    ports = free_ports(2)
    ours = {"AGENTMON_DATA_DIR": str(tmp_path / "data"), "AGENTMON_UI_ADDR": f"127.0.0.1:{ports[0]}",
            "AGENTMON_CONTROL_ADDR": f"127.0.0.1:{ports[1]}", **settings}
    done = subprocess.run([BINARY, "node", "--roles", "ui"], cwd=tmp_path, env={**plain_environment(), **ours}, text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    return done.stderr


def test_wrong_files_are_told_at_the_start(tmp_path, authority):
    good = authority.settings("starter")

    def with_file(setting, path):
        return refusal_at_start(tmp_path, **{**good, setting: str(path)})
    nothing = tmp_path / "nothing"
    junk = tmp_path / "junk"
    junk.write_text("no PEM")
    junk.chmod(0o600)
    for setting in good:
        assert f"{setting}={nothing}: there is no such file" in with_file(setting, nothing)
        assert f"{setting}={junk}" in with_file(setting, junk)
    other = authority.settings("other")["AGENTMON_CONTROL_KEY"]
    assert "is not the key of AGENTMON_CONTROL_CERT" in with_file("AGENTMON_CONTROL_KEY", other)
    loose = tmp_path / "loose.key"
    shutil.copy(good["AGENTMON_CONTROL_KEY"], loose)
    loose.chmod(0o640)
    assert "is open to others than its owner; chmod 600 it" in with_file("AGENTMON_CONTROL_KEY", loose)
    stranger = Authority(tmp_path)
    assert "does not count with AGENTMON_CONTROL_CA" in with_file("AGENTMON_CONTROL_CA", stranger.folder / "ca.crt")
    assert "has expired" in refusal_at_start(tmp_path, **authority.expired("older"))
    authority.settings("gone")
    authority.revoke("gone")
    assert "certificate revoked" in refusal_at_start(tmp_path, **authority.settings("gone"))
    assert "all three" in refusal_at_start(tmp_path, AGENTMON_CONTROL_CERT=good["AGENTMON_CONTROL_CERT"])


def test_beyond_this_machine_only_with_tls(tmp_path):
    assert "which needs TLS" in refusal_at_start(tmp_path, AGENTMON_CONTROL_ADDR=":4711")
    assert "which needs TLS" in refusal_at_start(tmp_path, AGENTMON_JOIN="192.0.2.1:4711")


def test_a_port_that_is_taken_is_told(tmp_path, plain):
    told = refusal_at_start(tmp_path, AGENTMON_CONTROL_ADDR=plain.control)
    assert "Address already in use" in told and "AGENTMON_CONTROL_ADDR" in told


def test_another_cluster_is_refused_with_a_sentence(plain):
    with Page("foreign", [plain], AGENTMON_CLUSTER="elsewhere") as node:
        sentence = "node foreign belongs to cluster elsewhere, node plain to agentmon; see AGENTMON_CLUSTER"
        wait_for_line(node, ("cannot join a node", sentence))
        wait_for_line(plain, ("refused a node", sentence))
        assert plain.log_text().count("refused a node") == 1


def test_all_learn_all_from_any_one(plain):
    with Page("first", [plain]) as first, Page("second", [plain]) as second:
        for one, other in ((first, second), (second, first), (plain, second)):
            sees(one, other)
        mark = len(first.log_text())
        assert second.stop() == 0
        sees(first, second, "a node has stopped", mark)
